package components

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecr"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// keptImages is how many images the repository keeps: enough to go back to any
// recent deployment.
const keptImages = 50

// RepositoryArgs describes the ECR repository of the proxy's image.
type RepositoryArgs struct {
	// Tags are the repository's.
	Tags Tags
}

// Repository is the ECR repository of the proxy's image. Its tags are immutable,
// images are scanned when they are pushed, and it keeps the last 50. To delete it
// deletes the images in it.
type Repository struct {
	pulumi.ResourceState

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
	registry, err := ecr.NewRepository(ctx, name, &ecr.RepositoryArgs{
		ImageTagMutability: pulumi.String("IMMUTABLE"),
		ImageScanningConfiguration: ecr.RepositoryImageScanningConfigurationArgs{
			ScanOnPush: pulumi.Bool(true),
		},
		// The Docker provider leaves pushed images behind, and ECR deletes no
		// repository with images in it otherwise.
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

var privateRegistry = regexp.MustCompile(`^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?/([a-z0-9._/-]+?)(:[^/@]+)?(@.+)?$`)

// ECRRepositoryARN is the ARN of the ECR repository that an image's reference
// names; empty when the image lies in another registry.
func ECRRepositoryARN(partition, reference string) string {
	match := privateRegistry.FindStringSubmatch(reference)
	if match == nil {
		return ""
	}
	return strings.Join([]string{"arn", partition, "ecr", match[2], match[1], "repository/" + match[4]}, ":")
}
