package automation

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCausesOfWhatNoPreviewCanTell(t *testing.T) {
	const denied = "operation error EC2: CreateVpcEndpoint, https response error StatusCode: 403, api error UnauthorizedOperation: User: arn:aws:sts::111111111111:assumed-role/portico/x is not authorized to perform: ec2:CreateVpcEndpoint on resource: arn:aws:ec2:us-east-1:111111111111:vpc-endpoint/* "
	for problem, want := range map[string]string{
		denied + "with an explicit deny in a service control policy":                                                                                                     "a service control policy of the organization denies ec2:CreateVpcEndpoint in this account",
		denied + "because no service control policy allows the action":                                                                                                   "no service control policy of the organization allows ec2:CreateVpcEndpoint",
		denied + "with an explicit deny in a resource control policy":                                                                                                    "a resource control policy of the organization denies ec2:CreateVpcEndpoint",
		denied + "because no permissions boundary allows the action":                                                                                                     "the permissions boundary of the deploying role does not allow ec2:CreateVpcEndpoint",
		denied + "with an explicit deny in a permissions boundary":                                                                                                       "the permissions boundary of the deploying role does not allow ec2:CreateVpcEndpoint",
		denied + "because no identity-based policy allows\nthe action":                                                                                                   "the deploying role may not do ec2:CreateVpcEndpoint: compare its policies with docs/iam",
		"unexpected state 'FAILED', wanted target 'ISSUED'. last error: CAA_ERROR":                                                                                       `add the record 0 issue "amazon.com"`,
		"waiting for ACM Certificate (arn:aws:acm:x) to be issued: timeout while waiting for state to become 'ISSUED'":                                                   "name the zone that answers by ROUTE53_PUBLIC_DOMAIN of the row",
		"api error ConflictingDomainExists: The VPC vpc-1 has already been associated":                                                                                   "name it in portico:dns.existing",
		"InvalidChangeBatch: [Tried to create resource record set [name='_bb2f5a333faf8de84b434c2f123e20c8.internal.example.com.', type='CNAME'] but it already exists]": "write portico:certificates.sharedRecords: true in each of these environments",
		"InvalidChangeBatch: [Tried to create resource record set [name='orders.internal.example.com.', type='A'] but it already exists]":                                "hand it to the stack with pulumi import",
		"InvalidChangeBatch: [The request contains an invalid set of changes]":                                                                                           "",
		"api error VpcLimitExceeded: The maximum number of VPCs has been reached.":                                                                                       "",
	} {
		if want == "" {
			require.Empty(t, causeOf(problem))
			continue
		}
		require.Contains(t, causeOf(problem), want)
	}
}
