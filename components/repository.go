package components

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecr"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/internal/aws"
)

// keptImages is how many images the repository keeps: enough to go back to any
// recent deployment.
const keptImages = 50

// RepositoryArgs describes the ECR repository of the proxy's image.
type RepositoryArgs struct {
	// KeyARN is the ARN of the key of AWS KMS that encrypts the images. Another one
	// replaces the repository, with what is in it. Default: keys of Amazon S3.
	KeyARN string
	// Tags are the repository's.
	Tags Tags
}

// Repository is the ECR repository of the proxy's image. Its tags are mutable,
// images are scanned when they are pushed, and it keeps the last 50. To delete it
// deletes the images in it.
//
// Tasks run an image by its digest, which nothing can put another image under. Its
// tag names the build context, and the same context built again is another image:
// layers keep the files' times and the base image's own layers. Immutable tags
// would refuse it when a mapping goes back to an earlier one, or is deployed from
// another machine.
type Repository struct {
	pulumi.ResourceState
	children

	// URL is what images' references begin with, without a scheme.
	URL pulumi.StringOutput `pulumi:"url"`
	// ARN is the repository's ARN.
	ARN pulumi.StringOutput `pulumi:"arn"`
	// RegistryID is the registry's, which is an account's number.
	RegistryID pulumi.StringOutput `pulumi:"registryId"`
}

// NewRepository creates the repository.
func NewRepository(ctx *pulumi.Context, name string, args *RepositoryArgs, opts ...pulumi.ResourceOption) (*Repository, error) {
	repository := &Repository{}
	if err := register(ctx, "Repository", name, repository, opts); err != nil {
		return nil, err
	}
	described := &ecr.RepositoryArgs{
		ImageTagMutability: pulumi.String("MUTABLE"),
		ImageScanningConfiguration: ecr.RepositoryImageScanningConfigurationArgs{
			ScanOnPush: pulumi.Bool(true),
		},
		// The Docker provider leaves pushed images behind, and ECR deletes no
		// repository with images in it otherwise.
		ForceDelete: pulumi.Bool(true),
		Tags:        args.Tags.named(name),
	}
	if args.KeyARN != "" {
		described.EncryptionConfigurations = ecr.RepositoryEncryptionConfigurationArray{ecr.RepositoryEncryptionConfigurationArgs{
			EncryptionType: pulumi.String("KMS"), KmsKey: pulumi.String(args.KeyARN),
		}}
	}
	registry, err := ecr.NewRepository(ctx, name, described, pulumi.Parent(repository))
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
	if err := complete(ctx, "Repository", name, repository, outputs); err != nil {
		return nil, err
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

// ECRRepositoryARN is the ARN of the ECR repository that an image's reference
// names; empty when the image lies in another registry.
func ECRRepositoryARN(reference string) string {
	image, err := aws.ParseImage(reference)
	if err != nil {
		return ""
	}
	repository, private := image.ECR()
	if !private {
		return ""
	}
	return repository.ARN().String()
}
