package lifecycle

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/mapping"
)

const (
	networkAccount = "444444444444"
	networkVPC     = "vpc-0444444444444444a"
	dnsProfile     = "rp-0123456789abcdef"
)

// TestWhatOptionsCreateWithoutAnAnswerIsAdopted loses the answers of creates of what
// AWS lets be created once, or lets be created twice: a private custom domain with its
// mapping, association and share, which has to be accepted, a zone's associations with
// another account's VPC, and its entry in a Route 53 Profile. Each create of each
// resource loses its first answer, and up is run again with nothing in between.
func TestWhatOptionsCreateWithoutAnAnswerIsAdopted(t *testing.T) {
	slowly(t)
	t.Parallel()
	setup := movingSetup()
	setup.Accounts[1].OutsideOrganization = true
	setup.Accounts = append(setup.Accounts, awssim.Account{ID: networkAccount, Roles: []awssim.Role{{Name: "portico", Trusts: []string{sharedAccount}}}})
	setup.Existing = append(setup.Existing, awssim.Existing{
		Account: networkAccount, Region: region, Type: "aws:ec2/vpc:Vpc", ID: networkVPC, Properties: awssim.Object{"cidrBlock": "10.44.0.0/16"},
	})
	setup.DNSProfiles = []awssim.DNSProfile{{Account: sharedAccount, Region: region, ID: dnsProfile}}
	files := movingProject(mapping.FrontDoorNative)
	files["Pulumi.dev.yaml"] += `  portico:native: {acceptShares: ["` + ordersAccount + `"]}
  portico:dns: {associations: [{vpcId: ` + networkVPC + `, roleArn: "arn:aws:iam::` + networkAccount + `:role/portico"}], profileId: ` + dnsProfile + `}
`
	files["accounts/provider/Pulumi.dev-orders.yaml"] += "  portico:native: {allowExternalPrincipals: true}\n"
	e := newEnvironment(t, files, setup)
	e.env.Settle = 0
	before := e.things()
	for _, action := range []string{
		"apigateway:POST", "ram:CreateResourceShare", "ram:AssociateResourceShare", "ram:AcceptResourceShareInvitation",
		"route53:CreateVPCAssociationAuthorization", "route53:AssociateVPCWithHostedZone", "route53profiles:AssociateResourceToProfile",
	} {
		e.Inject(awssim.Fault{Action: action, Kind: awssim.LostResponse, Each: true})
	}
	e.until((*automation.Environment).Up)
	require.Empty(t, e.disagreements(before), e.log)
	require.Len(t, e.ProfileEntries(dnsProfile), 1)
	require.Len(t, e.domain(string(movingHost)).AssociatedEndpoints, 1)
	e.requireNoChanges()

	_, err := e.env.Destroy(t.Context())
	require.NoError(t, err, "%s", e.log)
	require.Empty(t, e.disagreements(before), e.log)
}

// TestWhatIsObservedWithoutAnAnswerIsAdopted loses the answers of creates of what
// records and measures: flow logs, the load balancer's logs in a bucket of their own,
// metric filters and alarms.
func TestWhatIsObservedWithoutAnAnswerIsAdopted(t *testing.T) {
	slowly(t)
	t.Parallel()
	files := smallProject()
	files["Pulumi.dev.yaml"] += `  portico:loadBalancer: {accessLogs: {create: true}, connectionLogs: {create: true}}
  portico:alarms: {topicArn: "arn:aws:sns:` + region + `:` + sharedAccount + `:on-call"}
  portico:dns: {resolverInbound: {allowedCidrs: [10.100.0.0/16]}}
`
	e := newEnvironment(t, files, ordersSetup())
	before := e.things()
	for _, action := range []string{
		"ec2:CreateFlowLogs", "s3:CreateBucket", "s3:PutBucketPolicy", "s3:PutBucketPublicAccessBlock", "s3:PutLifecycleConfiguration",
		"route53resolver:CreateResolverEndpoint", "logs:PutMetricFilter", "cloudwatch:PutMetricAlarm",
	} {
		e.Inject(awssim.Fault{Action: action, Kind: awssim.LostResponse, Each: true})
	}
	e.until((*automation.Environment).Up)
	require.Empty(t, e.disagreements(before), e.log)
	e.requireNoChanges()

	_, err := e.env.Destroy(t.Context())
	require.NoError(t, err, "%s", e.log)
	require.Empty(t, e.disagreements(before), e.log)
}
