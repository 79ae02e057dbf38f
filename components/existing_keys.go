package components

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// CheckKeys asks AWS KMS about keys, each of which is to encrypt what its purpose says,
// by their ARNs. Whether a key's policy lets a service use it isn't asked. It registers
// no resource.
func CheckKeys(ctx *pulumi.Context, purposes map[string]string, awsProvider pulumi.ProviderResource) *Findings {
	found := new(Findings)
	for _, arn := range slices.Sorted(maps.Keys(purposes)) {
		key, err := kms.LookupKey(ctx, &kms.LookupKeyArgs{KeyId: arn}, pulumi.Provider(awsProvider))
		problem, fix := "", "name a key that is enabled, of the key spec SYMMETRIC_DEFAULT"
		switch {
		case err != nil && strings.Contains(err.Error(), "NotFoundException"):
			problem = "AWS KMS has no such key in the region"
		case err != nil:
			found.NotAsked = append(found.NotAsked, NotAsked{"kms:DescribeKey", fmt.Sprintf("whether key %s can encrypt %s", arn, purposes[arn]), err})
		case !key.Enabled:
			problem, fix = "it is not enabled ("+key.KeyState+")", "enable it, or name another"
		case key.KeySpec != "SYMMETRIC_DEFAULT":
			// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
			problem = "it is of the key spec " + key.KeySpec + ", and CloudWatch Logs and ECR take symmetric keys"
		}
		if problem != "" {
			found.Errors = append(found.Errors, &ExistingResourceError{Kind: "KMS key", ID: arn, Purpose: purposes[arn], Problem: problem, Fix: fix})
		}
	}
	return found
}
