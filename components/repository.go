package components

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecr"
	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// keptImages is how many images the repository keeps: enough for every
// deployment that somebody may still want to go back to.
const keptImages = 50

// RepositoryArgs describes the registry repository of the proxy's image.
type RepositoryArgs struct {
	Tags Tags
}

// Repository is the ECR repository of the proxy's image.
type Repository struct {
	pulumi.ResourceState

	URL        pulumi.StringOutput `pulumi:"url"`
	ARN        pulumi.StringOutput `pulumi:"arn"`
	RegistryID pulumi.StringOutput `pulumi:"registryId"`
}

// NewRepository creates the repository. Its tags are immutable; destroying it
// deletes the images in it, which the Docker provider leaves behind.
func NewRepository(ctx *pulumi.Context, name string, args *RepositoryArgs, opts ...pulumi.ResourceOption) (*Repository, error) {
	repository := &Repository{}
	if err := ctx.RegisterComponentResource("portico:index:Repository", name, repository, opts...); err != nil {
		return nil, fmt.Errorf("register repository %q: %w", name, err)
	}
	registry, err := ecr.NewRepository(ctx, name, &ecr.RepositoryArgs{
		ImageTagMutability: pulumi.String("IMMUTABLE"),
		ImageScanningConfiguration: ecr.RepositoryImageScanningConfigurationArgs{
			ScanOnPush: pulumi.Bool(true),
		},
		ForceDelete: pulumi.Bool(true),
		Tags:        args.Tags.named(name),
	}, pulumi.Parent(repository))
	if err != nil {
		return nil, fmt.Errorf("create ECR repository: %w", err)
	}
	policy, err := json.Marshal(lifecyclePolicy())
	if err != nil {
		return nil, fmt.Errorf("write lifecycle policy: %w", err)
	}
	_, err = ecr.NewLifecyclePolicy(ctx, name, &ecr.LifecyclePolicyArgs{
		Repository: registry.Name,
		Policy:     pulumi.String(policy),
	}, pulumi.Parent(repository))
	if err != nil {
		return nil, fmt.Errorf("create lifecycle policy: %w", err)
	}
	repository.URL = registry.RepositoryUrl
	repository.ARN = registry.Arn
	repository.RegistryID = registry.RegistryId
	outputs := pulumi.Map{"url": repository.URL, "arn": repository.ARN, "registryId": repository.RegistryID}
	if err := ctx.RegisterResourceOutputs(repository, outputs); err != nil {
		return nil, fmt.Errorf("register outputs of repository %q: %w", name, err)
	}
	return repository, nil
}

func lifecyclePolicy() map[string]any {
	return map[string]any{"rules": []any{map[string]any{
		"rulePriority": 1,
		"description":  fmt.Sprintf("keep the last %d images", keptImages),
		"selection": map[string]any{
			"tagStatus":   "any",
			"countType":   "imageCountMoreThan",
			"countNumber": keptImages,
		},
		"action": map[string]any{"type": "expire"},
	}}}
}

// ImageArgs describes an image to build and push.
type ImageArgs struct {
	// ContextDir is the build context; its Dockerfile lies at the top.
	ContextDir string
	// Tag names the image. It has to change when, and only when, the context
	// or the architecture does: the repository's tags are immutable.
	Tag string
	// Architecture is ARM64 or X86_64.
	Architecture string
	Repository   *Repository
}

// Image is the proxy's image in the repository.
type Image struct {
	pulumi.ResourceState

	// Reference names the image by its digest.
	Reference pulumi.StringOutput `pulumi:"reference"`
}

// NewImage builds the image and pushes it. It needs a Docker daemon, even for a
// preview.
func NewImage(ctx *pulumi.Context, name string, args *ImageArgs, opts ...pulumi.ResourceOption) (*Image, error) {
	image := &Image{}
	if err := ctx.RegisterComponentResource("portico:index:Image", name, image, opts...); err != nil {
		return nil, fmt.Errorf("register image %q: %w", name, err)
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
			// A fixed date makes the same context the same image on every
			// machine, so that going back to an earlier mapping pushes the
			// bytes that its immutable tag already names.
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
	if err := ctx.RegisterResourceOutputs(image, pulumi.Map{"reference": image.Reference}); err != nil {
		return nil, fmt.Errorf("register outputs of image %q: %w", name, err)
	}
	return image, nil
}

// platforms are Docker's names for ECS's CPU architectures.
var platforms = map[string]string{"ARM64": "linux/arm64", "X86_64": "linux/amd64"}
