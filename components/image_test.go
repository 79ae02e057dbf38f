package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

func imageProgram(args *ImageArgs) func(*pulumi.Context, pulumi.ResourceOption) error {
	return func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		repository, err := NewRepository(ctx, "p", &RepositoryArgs{Tags: tags}, opts)
		if err != nil {
			return err
		}
		args.Repository = repository
		image, err := NewImage(ctx, "p", args, opts)
		if err != nil {
			return err
		}
		ctx.Export("reference", image.Reference)
		return nil
	}
}

func TestAnImageIsBuiltForItsArchitectureAndTheSameEverywhere(t *testing.T) {
	for architecture, platform := range map[string]string{"ARM64": "linux/arm64", "X86_64": "linux/amd64"} {
		m := (&monitor{}).deploy(t, imageProgram(&ImageArgs{ContextDir: "context", Tag: "v1", Architecture: architecture}))
		image := m.only(t, "docker:index/image:Image").Inputs
		require.Equal(t, "registry/p:v1", image["imageName"])
		build := image["build"].(map[string]any)
		require.Equal(t, []any{"context", "context/Dockerfile", platform}, []any{build["context"], build["dockerfile"], build["platform"]})
		require.Equal(t, map[string]any{"SOURCE_DATE_EPOCH": "0"}, build["args"])
		require.Equal(t, "AWS", image["registry"].(map[string]any)["username"])
	}
}

func TestAnImageSaysEachArgumentThatItLacks(t *testing.T) {
	m := &monitor{}
	err := m.run(func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		_, err := NewImage(ctx, "p", &ImageArgs{Architecture: "arm64"}, opts)
		return err
	})
	requireArguments(t, m, err, "ContextDir", "Tag", "Architecture", "Repository")
}
