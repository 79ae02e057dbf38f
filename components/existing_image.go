package components

import (
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecr"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/internal/aws"
)

// ExistingImageArgs describes an image that was built before, of a private repository of
// Amazon ECR.
type ExistingImageArgs struct {
	// Image is the image. Required.
	Image aws.Image
	// Provider is an AWS provider in the repository's region. Required.
	Provider pulumi.ProviderResource
}

// CheckExistingImage asks Amazon ECR whether it has the image, and since when. Images of other
// registries are not asked for: they are pulled without the account. It registers no
// resource.
func CheckExistingImage(ctx *pulumi.Context, args *ExistingImageArgs) *Findings {
	found := new(Findings)
	repository, private := args.Image.ECR()
	if !private {
		return found
	}
	lookup := &ecr.GetImageArgs{RepositoryName: repository.Name, RegistryId: &repository.AccountID}
	switch tag := args.Image.Tag; {
	case args.Image.Digest != "":
		lookup.ImageDigest = &args.Image.Digest // a tag beside it counts for nothing
	case tag != "":
		lookup.ImageTag = &tag
	default:
		lookup.ImageTag = pulumi.StringRef("latest")
	}
	answer, err := ecr.GetImage(ctx, lookup, pulumi.Provider(args.Provider))
	problem, fix := "", "push it, or name one that is there"
	switch {
	case err == nil:
		found.Image = &FoundImage{Digest: answer.ImageDigest}
		if answer.ImagePushedAt > 0 {
			found.Image.Pushed = time.Unix(int64(answer.ImagePushedAt), 0)
		}
		return found
	case strings.Contains(err.Error(), "RepositoryNotFoundException"):
		problem = fmt.Sprintf("account %s has no repository %s in %s: tasks could not pull it", repository.AccountID, repository.Name, repository.Region)
	case strings.Contains(err.Error(), "ImageNotFoundException"):
		problem = fmt.Sprintf("repository %s of account %s in %s does not have it: tasks could not pull it", repository.Name, repository.AccountID, repository.Region)
	default:
		found.NotAsked = append(found.NotAsked, NotAsked{"ecr:DescribeImages", fmt.Sprintf("whether repository %s of account %s has image %s", repository.Name, repository.AccountID, args.Image), err})
		return found
	}
	found.Errors = append(found.Errors, &ExistingResourceError{Kind: "image", ID: args.Image.String(), Problem: problem, Fix: fix})
	return found
}
