package awssim_test

import (
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ram"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/awssim/iampolicy"
)

const privateAuthority = "arn:aws:acm-pca:us-east-1:" + providerAccount + ":certificate-authority/a"

// frontDoors is a program of two accounts: an API of one is called by a REGIONAL
// domain, through a load balancer of the other, and by a PRIVATE domain.
type frontDoors struct {
	shared, owner pulumi.ResourceOrInvokeOption
	policy        string // of the PRIVATE domain
	stage         string // that the program reads
}

// runner keeps the first error of a program of many resources.
type runner struct {
	*pulumi.Context
	err error
}

func run[T any, A any](r *runner, create func(*pulumi.Context, string, A, ...pulumi.ResourceOption) (T, error), name string, args A, in pulumi.ResourceOrInvokeOption) T {
	var made T
	if r.err == nil {
		made, r.err = create(r.Context, name, args, in)
	}
	return made
}

func (f frontDoors) program(ctx *pulumi.Context) error {
	r := &runner{Context: ctx}
	if f.shared, r.err = as(ctx, sharedAccount); r.err == nil {
		f.owner, r.err = as(ctx, providerAccount)
	}
	if r.err != nil {
		return r.err
	}
	network, subnets := f.network(r)
	if r.err != nil {
		return r.err
	}
	f.stageRead(r)
	domain, share := f.domains(r)
	if r.err != nil {
		return r.err
	}
	f.balancer(r, network, subnets)
	if r.err != nil {
		return r.err
	}
	endpoint := f.endpoint(r, "native", network, subnets, nil)
	if r.err != nil {
		return r.err
	}
	_, err := apigateway.NewDomainNameAccessAssociation(ctx, "association", &apigateway.DomainNameAccessAssociationArgs{
		AccessAssociationSource: endpoint.ID(), AccessAssociationSourceType: pulumi.String("VPCE"), DomainNameArn: domain.Arn,
	}, f.shared, pulumi.DependsOn([]pulumi.Resource{share}))
	if err != nil {
		return err
	}
	zone := run(r, route53.NewZone, "zone", &route53.ZoneArgs{Name: pulumi.String("example.com"), Vpcs: route53.ZoneVpcArray{route53.ZoneVpcArgs{VpcId: network.ID()}}}, f.shared)
	if r.err != nil {
		return r.err
	}
	entry := endpoint.DnsEntries.Index(pulumi.Int(0))
	run(r, route53.NewRecord, "alias", &route53.RecordArgs{
		ZoneId: zone.ZoneId, Name: pulumi.String("native.example.com"), Type: pulumi.String("A"), Aliases: route53.RecordAliasArray{
			route53.RecordAliasArgs{Name: entry.DnsName().Elem(), ZoneId: entry.HostedZoneId().Elem(), EvaluateTargetHealth: pulumi.Bool(true)}},
	}, f.shared)
	return r.err
}

func (f frontDoors) stageRead(r *runner) {
	if r.err == nil {
		_, r.err = apigateway.GetStage(r.Context, "stage", pulumi.ID("orders1234/"+f.stage), nil, f.owner)
	}
}

func (f frontDoors) network(r *runner) (*ec2.Vpc, pulumi.StringArray) {
	network := run(r, ec2.NewVpc, "net", &ec2.VpcArgs{CidrBlock: pulumi.String("10.0.0.0/16"), EnableDnsHostnames: pulumi.Bool(true)}, f.shared)
	var subnets pulumi.StringArray
	for i, zone := range []string{"a", "b"} {
		if r.err != nil {
			return nil, nil
		}
		subnet := run(r, ec2.NewSubnet, "subnet-"+zone, &ec2.SubnetArgs{
			VpcId: network.ID(), CidrBlock: pulumi.Sprintf("10.0.%d.0/24", i), AvailabilityZone: pulumi.String("us-east-1" + zone)}, f.shared)
		if r.err == nil {
			subnets = append(subnets, subnet.ID())
		}
	}
	return network, subnets
}

// endpoint is an execute-api endpoint, at .17 of each subnet if it has a group.
func (f frontDoors) endpoint(r *runner, name string, network *ec2.Vpc, subnets pulumi.StringArray, group *ec2.SecurityGroup) *ec2.VpcEndpoint {
	args := &ec2.VpcEndpointArgs{VpcId: network.ID(), ServiceName: pulumi.String("com.amazonaws.us-east-1.execute-api"),
		VpcEndpointType: pulumi.String("Interface"), SubnetIds: subnets}
	if group != nil {
		args.SecurityGroupIds = pulumi.StringArray{group.ID()}
		args.SubnetConfigurations = ec2.VpcEndpointSubnetConfigurationArray{
			ec2.VpcEndpointSubnetConfigurationArgs{SubnetId: subnets[0], Ipv4: pulumi.String("10.0.0.17")},
			ec2.VpcEndpointSubnetConfigurationArgs{SubnetId: subnets[1], Ipv4: pulumi.String("10.0.1.17")},
		}
	}
	return run(r, ec2.NewVpcEndpoint, name, args, f.shared)
}

// domains are the owner's, with what they need; the last is what shares the
// PRIVATE one.
func (f frontDoors) domains(r *runner) (*apigateway.DomainName, pulumi.Resource) {
	certificate := run(r, acm.NewCertificate, "certificate", &acm.CertificateArgs{DomainName: pulumi.String("*.example.com"), CertificateAuthorityArn: pulumi.String(privateAuthority)}, f.owner)
	if r.err != nil {
		return nil, nil
	}
	public := run(r, apigateway.NewDomainName, "public", &apigateway.DomainNameArgs{
		DomainName: pulumi.String("alb.example.com"), RegionalCertificateArn: certificate.Arn,
		EndpointConfiguration: apigateway.DomainNameEndpointConfigurationArgs{Types: pulumi.String("REGIONAL")},
	}, f.owner)
	own := run(r, apigateway.NewDomainName, "private", &apigateway.DomainNameArgs{
		DomainName: pulumi.String("native.example.com"), CertificateArn: certificate.Arn, Policy: pulumi.String(f.policy),
		EndpointConfiguration: apigateway.DomainNameEndpointConfigurationArgs{Types: pulumi.String("PRIVATE")},
	}, f.owner)
	share := run(r, ram.NewResourceShare, "share", &ram.ResourceShareArgs{}, f.owner)
	if r.err != nil {
		return nil, nil
	}
	run(r, apigateway.NewBasePathMapping, "public", &apigateway.BasePathMappingArgs{
		DomainName: public.DomainName, RestApi: pulumi.String("orders1234"), StageName: pulumi.String("dev"), BasePath: pulumi.String("v1")}, f.owner)
	run(r, apigateway.NewBasePathMapping, "private", &apigateway.BasePathMappingArgs{
		DomainName: own.DomainName, DomainNameId: own.DomainNameId, RestApi: pulumi.String("orders1234"), StageName: pulumi.String("dev")}, f.owner)
	run(r, ram.NewResourceAssociation, "resource", &ram.ResourceAssociationArgs{ResourceShareArn: share.Arn, ResourceArn: own.Arn}, f.owner)
	principal := run(r, ram.NewPrincipalAssociation, "principal", &ram.PrincipalAssociationArgs{ResourceShareArn: share.Arn, Principal: pulumi.String(sharedAccount)}, f.owner)
	return own, principal
}

func (f frontDoors) balancer(r *runner, network *ec2.Vpc, subnets pulumi.StringArray) {
	balancers := run(r, ec2.NewSecurityGroup, "balancers", &ec2.SecurityGroupArgs{VpcId: network.ID()}, f.shared)
	endpoints := run(r, ec2.NewSecurityGroup, "endpoints", &ec2.SecurityGroupArgs{VpcId: network.ID()}, f.shared)
	if r.err != nil {
		return
	}
	run(r, vpc.NewSecurityGroupEgressRule, "out", &vpc.SecurityGroupEgressRuleArgs{SecurityGroupId: balancers.ID(), ReferencedSecurityGroupId: endpoints.ID(),
		IpProtocol: pulumi.String("tcp"), FromPort: pulumi.Int(443), ToPort: pulumi.Int(443)}, f.shared)
	run(r, vpc.NewSecurityGroupIngressRule, "in", &vpc.SecurityGroupIngressRuleArgs{SecurityGroupId: endpoints.ID(), ReferencedSecurityGroupId: balancers.ID(),
		IpProtocol: pulumi.String("tcp"), FromPort: pulumi.Int(443), ToPort: pulumi.Int(443)}, f.shared)
	f.endpoint(r, "alb", network, subnets, endpoints)
	balancer := run(r, lb.NewLoadBalancer, "alb", &lb.LoadBalancerArgs{Internal: pulumi.Bool(true), Subnets: subnets, SecurityGroups: pulumi.StringArray{balancers.ID()}}, f.shared)
	group := run(r, lb.NewTargetGroup, "apis", &lb.TargetGroupArgs{VpcId: network.ID(), Port: pulumi.Int(443), Protocol: pulumi.String("HTTPS"), TargetType: pulumi.String("ip"),
		HealthCheck: lb.TargetGroupHealthCheckArgs{Protocol: pulumi.String("HTTPS"), Matcher: pulumi.String("200,403")}}, f.shared)
	if r.err != nil {
		return
	}
	listener := run(r, lb.NewListener, "http", &lb.ListenerArgs{LoadBalancerArn: balancer.Arn, Port: pulumi.Int(80), Protocol: pulumi.String("HTTP"),
		DefaultActions: lb.ListenerDefaultActionArray{lb.ListenerDefaultActionArgs{Type: pulumi.String("fixed-response"),
			FixedResponse: lb.ListenerDefaultActionFixedResponseArgs{ContentType: pulumi.String("text/plain"), StatusCode: pulumi.String("404")}}}}, f.shared)
	for _, address := range []string{"10.0.0.17", "10.0.1.17"} {
		run(r, lb.NewTargetGroupAttachment, address, &lb.TargetGroupAttachmentArgs{TargetGroupArn: group.Arn, TargetId: pulumi.String(address)}, f.shared)
	}
	if r.err != nil {
		return
	}
	run(r, lb.NewListenerRule, "orders", &lb.ListenerRuleArgs{ListenerArn: listener.Arn,
		Conditions: lb.ListenerRuleConditionArray{lb.ListenerRuleConditionArgs{HostHeader: lb.ListenerRuleConditionHostHeaderArgs{Values: pulumi.ToStringArray([]string{"alb.example.com"})}}},
		Actions:    lb.ListenerRuleActionArray{lb.ListenerRuleActionArgs{Type: pulumi.String("forward"), TargetGroupArn: group.Arn}}}, f.shared)
}

func frontDoorsSetup() *awssim.Setup {
	setup := apiSetup()
	setup.CertificateAuthorities = []awssim.CertificateAuthority{{ARN: privateAuthority}}
	return setup
}

func TestFrontDoorsLiveTheirWholeLife(t *testing.T) {
	e := newEngine(t, frontDoorsSetup())
	wanted := frontDoors{policy: wholePolicy(), stage: "dev"}
	e.preview(wanted.program)
	e.mustUp(wanted.program)
	for _, domain := range e.Domains("us-east-1") {
		path, endpoint := "/v1/orders", "vpce-any"
		if domain.Type == "PRIVATE" {
			path, endpoint = "/orders", domain.AssociatedEndpoints[0]
		}
		delivery, err := domain.Deliver(e.RESTAPIs("us-east-1"), awssim.Arrival{VPCEndpointID: endpoint, Verb: "GET", Path: path}, iampolicy.ImplicitDeny)
		require.NoError(t, err)
		require.True(t, delivery.Admitted, delivery.Refused)
		require.Equal(t, "/orders", delivery.Path)
	}
	for _, target := range e.TargetHealth(sharedAccount, "us-east-1") {
		require.Empty(t, target.Unhealthy)
	}
	again := e.mustUp(wanted.program)
	require.Equal(t, []string{"same"}, keysOf(again), "nothing to do")
	e.refresh()
	again = e.mustUp(wanted.program)
	require.Equal(t, []string{"same"}, keysOf(again), "refreshed neither")

	wanted.policy = allowed
	require.Equal(t, 1, e.mustUp(wanted.program)["update"])
	require.Equal(t, 1, e.mustUp(wanted.program)["update"], "API Gateway keeps another text, which the provider takes for a change")

	wanted.stage = "live"
	_, said, err := e.up(wanted.program)
	require.Error(t, err)
	require.Contains(t, said, "resource 'orders1234/live' does not exist")

	said, err = e.destroy()
	require.NoError(t, err, said)
	require.Empty(t, e.Resources(awssim.Filter{Account: sharedAccount, Region: "us-east-1"}))
	require.Empty(t, e.Domains("us-east-1"))
	require.NotEmpty(t, e.RESTAPIs("us-east-1")["orders1234"].Stages, "a read stage isn't the program's to delete")
}

func keysOf(counts map[string]int) []string {
	var keys []string
	for key, n := range counts {
		if n > 0 {
			keys = append(keys, key)
		}
	}
	return keys
}
