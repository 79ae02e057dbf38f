package accounts

import (
	"cmp"
	"fmt"

	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/mapping"
)

// keys are the keys of AWS KMS that the stack uses, with what each of them encrypts.
func (s *sharedStack) keys() map[string]string {
	keys := map[string]string{}
	use := func(arn, purpose string) {
		if arn != "" && keys[arn] != "" {
			purpose = keys[arn] + " and " + purpose
		}
		if arn != "" {
			keys[arn] = purpose
		}
	}
	if s.deploys(mapping.FrontDoorNGINX) || s.config.Network.RecordsFlows() {
		use(s.config.KMS.Logs, "the log groups")
	}
	if s.deploys(mapping.FrontDoorNGINX) {
		use(s.config.KMS.ECR, "the image's repository")
	}
	return keys
}

// checkRepository reports another key for the repository that the stack has created.
// ECR encrypts a repository when it is created: another key replaces it, and the images
// of former deployments go with it, to which ECS rolls back.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
func (r *reports) checkRepository(config *settings.Shared) error {
	had := r.own.Repository
	if had == nil || config.Image.URI != "" || had.KMSKeyARN == config.KMS.ECR {
		return nil
	}
	was := "take it out again"
	if had.KMSKeyARN != "" {
		was = "write " + had.KMSKeyARN + " again"
	}
	return fmt.Errorf(`portico:kms.ecr: %s is not %s, with which the repository of the proxy's image was created: ECR changes no repository's encryption, and another repository would not have the images of former deployments: %s; docs/operations.md, "Encrypt by keys of your own", has the steps to another`,
		cmp.Or(config.KMS.ECR, "no key"), cmp.Or(had.KMSKeyARN, "the key of AWS's own"), was)
}
