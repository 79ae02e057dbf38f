package lifecycle

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/awssim"
)

// denyingPolicy is an owner's policy that refuses every endpoint but the owner's.
const denyingPolicy = `{"Version":"2012-10-17","Statement":[{"Sid":"OursAlone","Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*","Condition":{"StringNotEquals":{"aws:SourceVpce":["vpce-0aaaaaaaaaaaaaaaa"]}}}]}`

// TestOneReportHasWhatAllStacksWouldMeet has a preview of an environment that was
// never deployed, an up of it, and a preview of one that is up report what the shared
// account and the APIs' account would refuse: everything at once, and nothing is made.
// Nor does a destroy delete anything that a load balancer with deletion protection is
// in the way of.
func TestOneReportHasWhatAllStacksWouldMeet(t *testing.T) {
	t.Parallel()
	const gone = `  - CUSTOM_DOMAIN_URL: gone.internal.example.com
    PRIVATE_API_URL: https://gone000001.execute-api.us-east-1.amazonaws.com/dev
    ACCOUNT: orders
`
	const zone = "  portico:certificates: {zones: [{name: example.com, id: Z0123456789ABC}]}\n"
	files, setup := smallProject(), ordersSetup()
	// A second zone of the name; below, one that no zone delegates to is created.
	setup.HostedZones = append(setup.HostedZones, awssim.HostedZone{Account: sharedAccount, ID: "Z0SECOND", Name: "example.com"})
	setup.Existing = theVPC()
	files["mapping.yaml"] = strings.Replace(smallMapping, "amazonaws.com/dev", "amazonaws.com/live", 1) + gone
	files["Pulumi.dev.yaml"] = sharedSettings + "  portico:network: {vpcId: vpc-0a1b2c3d4e5f60718, subnetIds: [subnet-0000000f, subnet-0000001b, subnet-0000002a]}\n  portico:endpoints: {logs: {lookup: true}}\n  portico:securityGroups: {endpointId: sg-00000001}\n" + zone
	setup.Existing = append(setup.Existing,
		awssim.Existing{Account: sharedAccount, Region: region, Type: "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation", ID: "vpc-cidr-assoc-00000001",
			Properties: awssim.Object{"vpcId": "vpc-0a1b2c3d4e5f60718", "cidrBlock": "100.64.0.0/16"}},
		awssim.Existing{Account: sharedAccount, Region: region, Type: "aws:ec2/subnet:Subnet", ID: "subnet-0000002a",
			Properties: awssim.Object{"vpcId": "vpc-0a1b2c3d4e5f60718", "cidrBlock": "100.64.0.0/28", "availabilityZone": region + "a"}})
	for _, existing := range setup.Existing {
		if existing.ID == "sgr-00000001" {
			existing.Properties["cidrIpv4"] = "10.7.0.0/24"
		}
	}
	project := t.TempDir()
	write(t, project, files)
	e := open(t, t.TempDir(), project, setup)
	e.env.PreviewFirst = true
	_, err := e.As(sharedAccount, region, "arn:aws:iam::"+sharedAccount+":user/network").Create("aws:route53/zone:Zone", "undelegated", awssim.Object{"name": "internal.example.com"})
	require.NoError(t, err)
	want := []string{
		"validate *.internal.example.com in public hosted zone internal.example.com (Z",
		"use endpoint vpce-00000001 of account 111111111111 for logs: its security groups, sg-00000001, admit 10.7.0.0/24 (rule sgr-00000001 of sg-00000001) to port 443, and not the proxy's tasks in subnet-0000000f (10.7.2.0/24), subnet-0000001b (10.7.3.0/24), subnet-0000002a (100.64.0.0/28)",
		"use private hosted zone Z0NETWORK of account 111111111111 for internal.example.com",
		"use security group sg-00000001 for the execute-api endpoint: its rule sgr-00000001 admits 10.7.0.0/24 to port 443, and who reaches the endpoint without the proxy",
		"use subnet subnet-0000002a of account 111111111111: 11 addresses of 100.64.0.0/28 are free, and 12 are needed",
		"use subnet subnet-0000000f of account 111111111111: it is in us-east-1f (use1-az3)",
		`APIS[0].PRIVATE_API_URL: REST API orders0001 of account 222222222222 has no stage "live"`,
		"APIS[1].PRIVATE_API_URL: account 222222222222 has no REST API gone000001 in us-east-1",
	}
	before := e.things()
	_, err = e.env.Preview(t.Context())
	e.requireFindings(err, "preview", want...)
	_, err = e.env.Up(t.Context())
	e.requireFindings(err, "up", want...)
	require.Equal(t, before, e.things(), "nothing is made")

	const settings = sharedSettings + "  portico:loadBalancer: {deletionProtection: true}\n"
	rows := smallMapping + "    ROUTE53_PUBLIC_DOMAIN: example.com\n"
	files["mapping.yaml"], files["Pulumi.dev.yaml"] = rows, settings+zone
	write(t, project, files)
	e.up()

	owner, err := e.OwnerOf(region, ordersAPI)
	require.NoError(t, err)
	require.NoError(t, owner.SavePolicy(denyingPolicy))
	write(t, project, map[string]string{
		"mapping.yaml":    rows + gone + "    ROUTE53_PUBLIC_DOMAIN: example.com\n",
		"Pulumi.dev.yaml": settings,
	})
	_, err = e.env.Preview(t.Context())
	e.requireFindings(err, "preview", "find public hosted zone example.com: the account has several of that name: name the ID of the one that", "APIS[1].PRIVATE_API_URL: account 222222222222 has no REST API gone000001")
	require.Contains(t, e.log.String(), `REST API orders0001: Statement[0] (Sid "OursAlone") of the owner's policy denies what doesn't come from vpce-0aaaaaaaaaaaaaaaa`)

	before = e.things()
	_, err = e.env.Destroy(t.Context())
	require.ErrorContains(t, err, "destroy dev (account 111111111111): nothing was deleted\n  portico-dev-lb has deletion protection: set portico:loadBalancer.deletionProtection: false")
	require.ErrorContains(t, err, "destroy dev-orders (account 222222222222): not run: another stack can't be destroyed, and nothing was deleted")
	require.Equal(t, before, e.things(), "nothing is deleted")
}

// requireFindings demands that an error has findings: each in one line, once.
func (e *simulatedEnvironment) requireFindings(err error, operation string, want ...string) {
	e.t.Helper()
	require.Error(e.t, err)
	require.ErrorContains(e.t, err, operation+" dev-orders (account 222222222222): ")
	for _, one := range want {
		require.Equal(e.t, 1, strings.Count(err.Error(), one), "%s in\n%v", one, err)
	}
	require.NotContains(e.t, err.Error(), "error occurred")
}

// TestAQuestionThatIsDeniedIsANotice has a role that may not ask for a stage preview
// the rest.
func TestAQuestionThatIsDeniedIsANotice(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t, smallProject(), ordersSetup())
	e.Inject(awssim.Fault{Action: "apigateway:GET", Kind: awssim.Denial})
	_, err := e.env.Preview(t.Context())
	require.NoError(t, err)
	require.Contains(t, e.log.String(), "dev-orders: not asked: whether REST API orders0001 has stage dev (apigateway:GET): ")

	for _, action := range []string{"route53:ListHostedZones", "route53:GetHostedZone"} {
		from := len(e.log.String())
		e.Inject(awssim.Fault{Action: action, Kind: awssim.Denial, Times: 3}) // the names of three domains are asked for
		_, err = e.env.Preview(t.Context())
		require.NoError(t, err, action)
		require.Contains(t, e.log.String()[from:], "dev: not asked: which public hosted zone validates *.internal.example.com (route53:ListHostedZones, route53:GetHostedZone): ", action)
	}
}

// TestAVPCThatAnotherAccountSharesIsRefusedInAPreview names a VPC of the network
// team's account, whose subnets AWS RAM shares with this one.
func TestAVPCThatAnotherAccountSharesIsRefusedInAPreview(t *testing.T) {
	t.Parallel()
	const networkAccount = "333333333333"
	files, setup := smallProject(), ordersSetup()
	files["Pulumi.dev.yaml"] = sharedSettings + "  portico:network: {vpcId: vpc-0a1b2c3d4e5f60718, subnetIds: [subnet-0000000a, subnet-0000001b]}\n"
	setup.Accounts = append(setup.Accounts, awssim.Account{ID: networkAccount})
	const share = "arn:aws:ram:" + region + ":" + networkAccount + ":resource-share/0a1b2c3d-0000-4000-8000-000000000001"
	in := func(kind, id string, properties awssim.Object) {
		setup.Existing = append(setup.Existing, awssim.Existing{Account: networkAccount, Region: region, Type: kind, ID: id, Properties: properties})
	}
	for _, existing := range theVPC()[:4] {
		in(existing.Type, existing.ID, existing.Properties)
	}
	in("aws:ram/resourceShare:ResourceShare", share, awssim.Object{"name": "network", "allowExternalPrincipals": false})
	in("aws:ram/principalAssociation:PrincipalAssociation", share+","+sharedAccount, awssim.Object{"resourceShareArn": share, "principal": sharedAccount})
	for _, subnet := range []string{"subnet-0000000a", "subnet-0000001b"} {
		arn := "arn:aws:ec2:" + region + ":" + networkAccount + ":subnet/" + subnet
		in("aws:ram/resourceAssociation:ResourceAssociation", share+","+arn, awssim.Object{"resourceShareArn": share, "resourceArn": arn})
	}
	e := newEnvironment(t, files, setup)
	_, err := e.env.Preview(t.Context())
	for _, want := range []string{
		"use VPC vpc-0a1b2c3d4e5f60718 of account 111111111111: account 333333333333 owns it and shares subnets of it with this one, which can't make in it the gateway endpoint of S3, the private hosted zone internal.example.com: run this stack in account 333333333333",
		"use subnet subnet-0000000a of account 111111111111: account 333333333333 owns it and shares it with this one: AWS creates no VPC endpoint for this account in it",
		"use subnet subnet-0000001b of account 111111111111: account 333333333333 owns it",
	} {
		require.ErrorContains(t, err, want)
	}
}

// TestPreviewCountsWhatIsThereAndLooksForThePrebuiltImage has the quota of VPCs used up and no image of
// the tag; then a role that may
// not ask.
func TestPreviewCountsWhatIsThereAndLooksForThePrebuiltImage(t *testing.T) {
	t.Parallel()
	files, setup := smallProject(), ordersSetup()
	setup.Existing = theVPC()[:1]
	setup.Quotas = map[string]int{"VPCs per Region": 1}
	const image = "111111111111.dkr.ecr.us-east-1.amazonaws.com/proxy:7"
	files["Pulumi.dev.yaml"] = sharedSettings + "  portico:image: {uri: \"" + image + "\"}\n"
	e := newEnvironment(t, files, setup)
	before := e.things()
	for _, run := range []verb{(*automation.Environment).Preview, (*automation.Environment).Up} {
		_, err := run(e.env, t.Context())
		require.ErrorContains(t, err, `create 1 VPC in us-east-1 of account 111111111111: there are 1, and the quota "VPCs per Region" allows 1: have the quota raised`)
		require.ErrorContains(t, err, "use image "+image+": account 111111111111 has no repository proxy in us-east-1: tasks could not pull it")
	}
	require.Equal(t, before, e.things(), "nothing is made")

	e.Inject(awssim.Fault{Action: "servicequotas:GetServiceQuota", Kind: awssim.Denial, Times: 9})
	e.Inject(awssim.Fault{Action: "ecr:DescribeImages", Kind: awssim.Denial, Times: 9})
	_, err := e.env.Preview(t.Context())
	require.NoError(t, err)
	require.Contains(t, e.log.String(), "dev: not asked: whether 111111111111 may have 1 VPC more (servicequotas:GetServiceQuota, servicequotas:GetAWSDefaultServiceQuota): ")
	require.Contains(t, e.log.String(), "dev: not asked: whether repository proxy of account 111111111111 has image "+image+" (ecr:DescribeImages): ")
}

// TestPreviewCountsTheLoadBalancersThatAreThere has load balancers of the account use up the
// quota of their type: preview and up name it, and the other type's is free. A stack that
// has its load balancer already needs no more.
func TestPreviewCountsTheLoadBalancersThatAreThere(t *testing.T) {
	t.Parallel()
	files, setup := smallProject(), ordersSetup()
	setup.Existing = append(theVPC(), awssim.Existing{
		Account: sharedAccount, Region: region, Type: "aws:lb/loadBalancer:LoadBalancer",
		ID: "arn:aws:elasticloadbalancing:" + region + ":" + sharedAccount + ":loadbalancer/app/website/0123456789abcdef",
		Properties: awssim.Object{"name": "website", "loadBalancerType": "application", "internal": true,
			"subnets": []any{"subnet-0000000a", "subnet-0000001b"}, "securityGroups": []any{"sg-00000001"}},
	})
	setup.Quotas = map[string]int{"Application or Network Load Balancers per Region": 1}
	e := newEnvironment(t, files, setup)
	before := e.things()
	for _, run := range []verb{(*automation.Environment).Preview, (*automation.Environment).Up} {
		e.env.PreviewFirst = true
		_, err := run(e.env, t.Context())
		require.ErrorContains(t, err, `create 1 Application Load Balancer in us-east-1 of account 111111111111: there are 1, and the quota "Application Load Balancers per Region" allows 1: have the quota raised (aws service-quotas request-service-quota-increase --service-code elasticloadbalancing --quota-code L-53DA6B97 --desired-value 2), or delete what is not used`)
	}
	require.Equal(t, before, e.things(), "nothing is made")

	files["Pulumi.dev.yaml"] = sharedSettings + "  portico:loadBalancer: {type: NLB}\n"
	write(t, e.project, files)
	e.up()
	e.requireNoChanges()
}

// readOnlyBackend is a Pulumi CLI whose backend at url takes no new stack.
type readOnlyBackend struct {
	auto.PulumiCommand
	url string
}

func (c readOnlyBackend) Run(ctx context.Context, workdir string, stdin io.Reader, stdout, stderr []io.Writer, env []string, args ...string) (string, string, int, error) {
	if len(args) > 1 && args[0] == "stack" && args[1] == "init" && slices.Contains(env, "PULUMI_BACKEND_URL="+c.url) {
		const denied = "error: could not create stack: blob (key \".pulumi/stacks/portico/dev.json\") (code=PermissionDenied): AccessDenied\n"
		return "", denied, 255, errors.New("exit status 255")
	}
	return c.PulumiCommand.Run(ctx, workdir, stdin, stdout, stderr, env, args...)
}

// TestAPreviewOfANewStackNeedsNoRightToWriteTheState previews an environment that the
// backend does not have, and then a new account of one that it has, under a role that
// only reads the state.
func TestAPreviewOfANewStackNeedsNoRightToWriteTheState(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t, smallProject(), ordersSetup())
	settings := func() string {
		var all strings.Builder
		for _, name := range []string{"Pulumi.dev.yaml", "accounts/provider/Pulumi.dev-orders.yaml"} {
			data, err := os.ReadFile(filepath.Join(e.project, filepath.FromSlash(name)))
			require.NoError(t, err)
			all.Write(data)
		}
		return all.String()
	}
	const says = "the state's backend does not have the stack, and does not let this preview create it (error: could not create stack: blob"
	readOnly := readOnlyBackend{e.engine, e.env.Env["PULUMI_BACKEND_URL"]}
	before := settings()
	e.env.Command = readOnly
	report, err := e.env.Preview(t.Context())
	require.NoError(t, err, "%s", e.log)
	require.Greater(t, report.Stacks[0].Changes.Create, 40)
	require.Contains(t, e.log.String(), "dev: "+says)
	require.Equal(t, before, settings(), "the settings files are as they were")

	e.env.Command = e.engine
	provider := e.env.Providers
	e.env.Providers = nil
	e.up()
	e.env.Command, e.env.Providers = readOnly, provider
	before = settings()
	report, err = e.env.Preview(t.Context())
	require.NoError(t, err, "%s", e.log)
	require.Contains(t, e.log.String(), "dev-orders: "+says)
	require.Positive(t, report.Stacks[1].Changes.Create, "the new account's stack is previewed with the shared stack's outputs")
	require.Equal(t, before, settings(), "the settings files are as they were")
}
