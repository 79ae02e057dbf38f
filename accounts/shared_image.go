package accounts

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/nginxconf"
)

// image is the reference of the proxy's image and the repository it is pulled
// from; the latter is nil outside ECR.
func (s *sharedStack) image() (reference, repositoryARN pulumi.StringInput, err error) {
	if uri := s.config.Image.URI; uri != "" {
		if arn := components.ECRRepositoryARN(uri); arn != "" {
			repositoryARN = pulumi.String(arn)
		}
		return pulumi.String(uri), repositoryARN, nil
	}
	rendered, err := nginxconf.Render(s.topology.Routes, nginxconf.Options{BaseImage: s.baseReference(), Elsewhere: s.topology.Elsewhere})
	if err != nil {
		return nil, nil, fmt.Errorf("render the proxy's configuration: %w", err)
	}
	// The engine starts the docker provider in the project's directory, also
	// when another program embeds this one. The path within it is the same on every
	// machine, so that another checkout doesn't build anew.
	contextDir := filepath.Join(".portico", s.ctx.Stack(), "image")
	if err := writeContext(rendered, filepath.Join(s.dir, contextDir)); err != nil {
		return nil, nil, fmt.Errorf("write the image's build context: %w", err)
	}
	repository, err := components.NewRepository(s.ctx, s.prefix, &components.RepositoryArgs{KeyARN: s.config.KMS.ECR, Tags: s.tags}, s.providers)
	if err != nil {
		return nil, nil, err
	}
	s.ctx.Export("repository", repository.ARN.ApplyT(func(string) any { return map[string]any{"kmsKeyArn": s.config.KMS.ECR} }))
	dockerProvider, err := s.dockerProvider()
	if err != nil {
		return nil, nil, err
	}
	image, err := components.NewImage(s.ctx, s.prefix, &components.ImageArgs{
		ContextDir:   contextDir,
		Tag:          imageTag(rendered, s.config.Task.Architecture),
		Architecture: s.config.Task.Architecture,
		Repository:   repository,
	}, s.providers, pulumi.Providers(dockerProvider))
	if err != nil {
		return nil, nil, err
	}
	return image.Reference, repository.ARN, nil
}

// tagDigits is how much of the context's digest a tag shows: 64 bits, so that
// two contexts of one installation never meet.
const tagDigits = 16

// imageTag names the image of a context for an architecture.
func imageTag(context *nginxconf.Context, architecture string) string {
	return context.Digest()[:tagDigits] + "-" + strings.ToLower(architecture)
}

// writeContext makes dir hold the context and nothing else. It leaves a directory
// that does already untouched, so that a preview doesn't disturb an update that
// runs at the same time.
func writeContext(context *nginxconf.Context, dir string) error {
	if holds(dir, context) {
		return nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("clear %s: %w", dir, err)
	}
	return context.WriteTo(dir)
}

// holds reports whether dir has exactly the context's files; false if one of them
// can't be read.
func holds(dir string, context *nginxconf.Context) bool {
	files := 0
	err := filepath.WalkDir(dir, func(_ string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files++
		}
		return err
	})
	if err != nil || files != len(context.Files) {
		return false
	}
	for _, file := range context.Files {
		path := filepath.Join(dir, file.Name)
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != file.Mode.Perm() {
			return false
		}
		data, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(data, file.Data) {
			return false
		}
	}
	return true
}
