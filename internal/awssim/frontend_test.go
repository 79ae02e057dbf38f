package awssim_test

import (
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
)

// frontEnd is a program of a load balancer with a certificate and a name, in a
// VPC with an endpoint. What changes between runs is in its fields.
type frontEnd struct {
	idleTimeout int
	address     string // the endpoint's in the first subnet
	record      bool   // the certificate's validation record
}

func (f frontEnd) program(ctx *pulumi.Context) error {
	in, err := as(ctx, sharedAccount)
	if err != nil {
		return err
	}
	network, err := ec2.NewVpc(ctx, "net", &ec2.VpcArgs{
		CidrBlock: pulumi.String("10.0.0.0/16"), EnableDnsHostnames: pulumi.Bool(true), Tags: pulumi.StringMap{"app": pulumi.String("test")},
	}, in)
	if err != nil {
		return err
	}
	var subnets pulumi.StringArray
	for i, zone := range []string{"a", "b"} {
		subnet, err := ec2.NewSubnet(ctx, "subnet-"+zone, &ec2.SubnetArgs{
			VpcId: network.ID(), CidrBlock: pulumi.Sprintf("10.0.%d.0/24", i), AvailabilityZone: pulumi.String("us-east-1" + zone),
		}, in)
		if err != nil {
			return err
		}
		subnets = append(subnets, subnet.ID())
	}
	group, err := ec2.NewSecurityGroup(ctx, "lb", &ec2.SecurityGroupArgs{VpcId: network.ID()}, in)
	if err != nil {
		return err
	}
	_, err = vpc.NewSecurityGroupIngressRule(ctx, "https", &vpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId: group.ID(), IpProtocol: pulumi.String("tcp"), FromPort: pulumi.Int(443), ToPort: pulumi.Int(443), CidrIpv4: network.CidrBlock,
	}, in)
	if err != nil {
		return err
	}
	endpoint, err := ec2.NewVpcEndpoint(ctx, "execute-api", &ec2.VpcEndpointArgs{
		VpcId: network.ID(), ServiceName: pulumi.String("com.amazonaws.us-east-1.execute-api"), VpcEndpointType: pulumi.String("Interface"),
		SubnetIds: subnets, SecurityGroupIds: pulumi.StringArray{group.ID()},
		SubnetConfigurations: ec2.VpcEndpointSubnetConfigurationArray{
			ec2.VpcEndpointSubnetConfigurationArgs{SubnetId: subnets[0], Ipv4: pulumi.String(f.address)},
			ec2.VpcEndpointSubnetConfigurationArgs{SubnetId: subnets[1], Ipv4: pulumi.String("10.0.1.10")},
		},
	}, in)
	if err != nil {
		return err
	}
	ctx.Export("endpoint", endpoint.DnsEntries.Index(pulumi.Int(0)).DnsName())
	return f.balance(ctx, network, subnets, group, in)
}

func (f frontEnd) balance(ctx *pulumi.Context, network *ec2.Vpc, subnets pulumi.StringArray, group *ec2.SecurityGroup, in pulumi.ResourceOption) error {
	balancer, err := lb.NewLoadBalancer(ctx, "alb", &lb.LoadBalancerArgs{
		Internal: pulumi.Bool(true), Subnets: subnets, SecurityGroups: pulumi.StringArray{group.ID()}, IdleTimeout: pulumi.Int(f.idleTimeout),
	}, in)
	if err != nil {
		return err
	}
	targets, err := lb.NewTargetGroup(ctx, "tasks", &lb.TargetGroupArgs{
		VpcId: network.ID(), Port: pulumi.Int(8443), Protocol: pulumi.String("HTTPS"), TargetType: pulumi.String("ip"),
		HealthCheck: lb.TargetGroupHealthCheckArgs{Path: pulumi.String("/healthz"), Protocol: pulumi.String("HTTPS")},
	}, in)
	if err != nil {
		return err
	}
	certificate, err := acm.NewCertificate(ctx, "wildcard", &acm.CertificateArgs{DomainName: pulumi.String("*.example.com"), ValidationMethod: pulumi.String("DNS")}, in)
	if err != nil {
		return err
	}
	issued := certificate.Arn
	if f.record {
		option := certificate.DomainValidationOptions.Index(pulumi.Int(0))
		record, err := route53.NewRecord(ctx, "validation", &route53.RecordArgs{
			ZoneId: pulumi.String("ZPUBLIC"), Name: option.ResourceRecordName().Elem(), Type: option.ResourceRecordType().Elem(),
			Records: pulumi.StringArray{option.ResourceRecordValue().Elem()}, Ttl: pulumi.Int(60),
		}, in)
		if err != nil {
			return err
		}
		validation, err := acm.NewCertificateValidation(ctx, "issued", &acm.CertificateValidationArgs{
			CertificateArn: certificate.Arn, ValidationRecordFqdns: pulumi.StringArray{record.Fqdn},
		}, in)
		if err != nil {
			return err
		}
		issued = validation.CertificateArn
	}
	_, err = lb.NewListener(ctx, "https", &lb.ListenerArgs{
		LoadBalancerArn: balancer.Arn, Port: pulumi.Int(443), Protocol: pulumi.String("HTTPS"), CertificateArn: issued,
		SslPolicy:      pulumi.String("ELBSecurityPolicy-TLS13-1-2-2021-06"),
		DefaultActions: lb.ListenerDefaultActionArray{lb.ListenerDefaultActionArgs{Type: pulumi.String("forward"), TargetGroupArn: targets.Arn}},
	}, in)
	if err != nil {
		return err
	}
	zone, err := route53.NewZone(ctx, "private", &route53.ZoneArgs{
		Name: pulumi.String("example.com"), Vpcs: route53.ZoneVpcArray{route53.ZoneVpcArgs{VpcId: network.ID()}},
	}, in)
	if err != nil {
		return err
	}
	_, err = route53.NewRecord(ctx, "alias", &route53.RecordArgs{
		ZoneId: zone.ZoneId, Name: pulumi.String("*.example.com"), Type: pulumi.String("A"),
		Aliases: route53.RecordAliasArray{route53.RecordAliasArgs{Name: balancer.DnsName, ZoneId: balancer.ZoneId, EvaluateTargetHealth: pulumi.Bool(true)}},
	}, in)
	return err
}

func TestFrontEndLivesItsWholeLife(t *testing.T) {
	dir := t.TempDir()
	simulator := open(t, t.TempDir(), dnsSetup())
	e := engineOn(t, simulator, dir)
	wanted := frontEnd{idleTimeout: 60, address: "10.0.0.10", record: true}
	e.preview(wanted.program)
	require.Empty(t, e.Resources(awssim.Filter{Type: vpcType}), "a preview creates nothing")
	e.mustUp(wanted.program)
	require.Regexp(t, `^vpce-0[0-9a-f]{16}-[0-9a-z]{8}\.execute-api\.us-east-1\.vpce\.amazonaws\.com$`, e.outputs()["endpoint"].Value)
	require.Equal(t, "ISSUED", e.only(certificateType).Properties.Text("status"))

	e.refresh()
	again := e.mustUp(wanted.program)
	require.Equal(t, map[string]int{"same": 16}, again, "nothing to do, refreshed or not")

	wanted.idleTimeout = 120
	changed := e.mustUp(wanted.program)
	require.Equal(t, map[string]int{"same": 15, "update": 1}, changed)
	require.Equal(t, 120, e.only(loadBalancerType).Properties.Number("idleTimeout"))

	said, err := e.destroy()
	require.NoError(t, err, said)
	require.Empty(t, e.Resources(awssim.Filter{Account: sharedAccount, Region: "us-east-1"}))
	require.Len(t, e.Resources(awssim.Filter{Type: zoneType}), 3, "the zones of the setup")
	require.Empty(t, e.Resources(awssim.Filter{Type: recordType}))
}

func TestEngineHearsOfAnUnissuedCertificateAndKeepsTheRest(t *testing.T) {
	e := newEngine(t, dnsSetup())
	_, said, err := e.up(frontEnd{idleTimeout: 60, address: "10.0.0.10"}.program)
	require.Error(t, err)
	require.Contains(t, said, "UnsupportedCertificate")
	e.mustUp(frontEnd{idleTimeout: 60, address: "10.0.0.10", record: true}.program)
}
