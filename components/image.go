package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecr"
	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ImageArgs describes an image to build and push.
type ImageArgs struct {
	// ContextDir is the build context, with its Dockerfile at the top; relative
	// paths begin at the project's directory. Required.
	ContextDir string
	// Tag names the image. Required. It has to change when the context or the
	// architecture does: the image is built and pushed again when its name changes.
	Tag string
	// Architecture is the CPU architecture to build for. Required: ARM64 or X86_64.
	Architecture string
	// Repository is where the image is pushed. Required.
	Repository *Repository
}

func (a *ImageArgs) check(name string) error {
	m := arguments{component: "Image", name: name}
	m.given(a.ContextDir != "", "ContextDir")
	m.given(a.Tag != "", "Tag")
	m.require(platforms[a.Architecture] != "", "Architecture", fmt.Sprintf("%q is not an architecture of Fargate", a.Architecture), "write ARM64 or X86_64")
	m.given(a.Repository != nil, "Repository")
	return m.err()
}

// Image is the proxy's image in its repository.
type Image struct {
	pulumi.ResourceState
	children

	// Reference names the image by its digest.
	Reference pulumi.StringOutput `pulumi:"reference"`
}

// NewImage builds the image and pushes it. It takes two providers, AWS's and
// Docker's, and needs a Docker daemon, even for a preview.
func NewImage(ctx *pulumi.Context, name string, args *ImageArgs, opts ...pulumi.ResourceOption) (*Image, error) {
	if err := args.check(name); err != nil {
		return nil, err
	}
	image := &Image{}
	if err := register(ctx, "Image", name, image, opts); err != nil {
		return nil, err
	}
	token := ecr.GetAuthorizationTokenOutput(ctx, ecr.GetAuthorizationTokenOutputArgs{
		RegistryId: args.Repository.RegistryID.ToStringPtrOutput(),
	}, pulumi.Parent(image))
	built, err := docker.NewImage(ctx, name, &docker.ImageArgs{
		ImageName: pulumi.Sprintf("%s:%s", args.Repository.URL, args.Tag),
		Build: docker.DockerBuildArgs{
			Context:        pulumi.String(args.ContextDir),
			Dockerfile:     pulumi.String(args.ContextDir + "/Dockerfile"),
			Platform:       pulumi.String(platforms[args.Architecture]),
			BuilderVersion: docker.BuilderVersionBuilderBuildKit,
			// A fixed date leaves the build's own time out of the image's
			// configuration. Its layers keep the files' times.
			Args: pulumi.StringMap{"SOURCE_DATE_EPOCH": pulumi.String("0")},
		},
		Registry: docker.RegistryArgs{
			Server:   args.Repository.URL.ToStringPtrOutput(),
			Username: token.UserName().ToStringPtrOutput(),
			Password: pulumi.ToSecret(token.Password()).(pulumi.StringOutput).ToStringPtrOutput(),
		},
	}, pulumi.Parent(image))
	if err != nil {
		return nil, fmt.Errorf("build image %s: %w", args.Tag, err)
	}
	image.Reference = built.RepoDigest
	if err := complete(ctx, "Image", name, image, pulumi.Map{"reference": image.Reference}); err != nil {
		return nil, err
	}
	return image, nil
}

// platforms are Docker's names for Fargate's CPU architectures.
var platforms = map[string]string{"ARM64": "linux/arm64", "X86_64": "linux/amd64"}
