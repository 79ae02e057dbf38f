package components

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The types of load balancers.
const (
	// ApplicationLoadBalancer terminates TLS and forwards by host.
	ApplicationLoadBalancer = "ALB"
	// NetworkLoadBalancer terminates TLS and forwards connections.
	NetworkLoadBalancer = "NLB"
)

// DefaultSSLPolicy allows TLS 1.3, and TLS 1.2 with forward secrecy. AWS's own
// default for a listener that names no policy is ELBSecurityPolicy-2016-08, which
// allows TLS 1.0.
const DefaultSSLPolicy = "ELBSecurityPolicy-TLS13-1-2-2021-06"

// timeoutMargin is how much longer the load balancer waits than the longest
// request may take, so that it is the proxy that answers 504, not the load
// balancer that hangs up.
const timeoutMargin = 10 * time.Second

// minIdleTimeout is the Application Load Balancer's default. Idle client
// connections shorter than that cost handshakes and gain nothing. The longest
// timeout and its margin stay below the proxy's keep-alive of 360 s, or the load
// balancer would reuse connections that the proxy is closing.
const minIdleTimeout = 60 * time.Second

// MaxLoadBalancerName is how long the name of a LoadBalancer or ALBRouting may be,
// in characters. AWS allows 32 for the names of load balancers and target groups
// (Elastic Load Balancing API reference, CreateLoadBalancer and
// CreateTargetGroup), of which Pulumi's random suffix takes 8.
const MaxLoadBalancerName = 32 - 8

// LoadBalancerArgs describes an internal load balancer and its listener.
type LoadBalancerArgs struct {
	// Type is ApplicationLoadBalancer or NetworkLoadBalancer. Required.
	Type string
	// Proxy forwards whatever no rule of the listener forwards to a target group
	// of the proxy's tasks. Default: false, and an Application Load Balancer
	// answers 404 itself. A Network Load Balancer can't: it needs the proxy.
	Proxy bool
	// VPCID is the load balancer's VPC. Required.
	VPCID pulumi.StringInput
	// SubnetIDs are the load balancer's subnets, one of each zone. Required: 2 or
	// more for an Application Load Balancer.
	SubnetIDs []pulumi.StringInput
	// SecurityGroupID is the load balancer's security group. Required.
	SecurityGroupID pulumi.StringInput
	// Certificates are the listener's; the first is its default. Required: 1 or
	// more. AWS allows 25 beside the default.
	Certificates []Certificate
	// LongestTimeout is the longest that a request may take, in whole seconds. The
	// load balancer waits 10 s longer for an answer, and 60 s at least. Default: 0.
	// 0 to 3,590.
	LongestTimeout time.Duration
	// LongestAnswer is the longest that an answer may last, in whole seconds. A
	// task that is replaced finishes its answers within 10 s more than that.
	// Default: LongestTimeout. 0 to 3,590.
	LongestAnswer time.Duration
	// SSLPolicy is the listener's TLS security policy. Default: DefaultSSLPolicy.
	SSLPolicy string
	// DeletionProtection has AWS refuse to delete the load balancer. Default: false.
	DeletionProtection bool
	// Tags are those of the load balancer, target group and listener.
	Tags Tags
}

func (a *LoadBalancerArgs) check(name string) error {
	m := arguments{component: "LoadBalancer", name: name}
	checkBalancerName(&m, name)
	m.require(a.Type == ApplicationLoadBalancer || a.Type == NetworkLoadBalancer, "Type",
		fmt.Sprintf("%q is not a type of load balancer", a.Type), "write "+ApplicationLoadBalancer+" or "+NetworkLoadBalancer)
	m.require(a.Proxy || a.Type != NetworkLoadBalancer, "Proxy", "a Network Load Balancer without it has nothing to forward to",
		"set it, or write Type "+ApplicationLoadBalancer)
	m.given(a.VPCID != nil, "VPCID")
	m.given(len(a.SubnetIDs) > 0, "SubnetIDs")
	m.given(a.SecurityGroupID != nil, "SecurityGroupID")
	m.require(len(a.Certificates) > 0, "Certificates", "an HTTPS listener needs a default certificate", "give at least one")
	return m.err()
}

// checkBalancerName checks a name that becomes a load balancer's or a target
// group's.
func checkBalancerName(m *arguments, name string) {
	m.require(len(name) <= MaxLoadBalancerName, "name", fmt.Sprintf("it has %d characters", len(name)),
		fmt.Sprintf("write %d at most: AWS allows 32, and Pulumi adds 8", MaxLoadBalancerName))
	m.require(!strings.HasPrefix(name, "internal-"), "name", "it begins with internal-, which AWS reserves", "write another name")
}

// LoadBalancer is an internal load balancer, its listener on port 443 and the
// target group of the proxy's tasks.
type LoadBalancer struct {
	pulumi.ResourceState
	children

	// DNSName is the load balancer's DNS name.
	DNSName pulumi.StringOutput `pulumi:"dnsName"`
	// HostedZoneID is the hosted zone of DNSName, for alias records.
	HostedZoneID pulumi.StringOutput `pulumi:"hostedZoneId"`
	// ListenerARN is the ARN of the listener on port 443.
	ListenerARN pulumi.StringOutput `pulumi:"listenerArn"`
	// TargetGroupARN is the target group of the proxy's tasks. Nil: the proxy isn't
	// behind the load balancer.
	TargetGroupARN pulumi.StringInput `pulumi:"targetGroupArn"`
}

// NewLoadBalancer creates the load balancer. It and its target group have the
// component's name, which is held to [MaxLoadBalancerName]. Let it depend on
// endpoints at chosen addresses in its subnets ([Endpoints.StaticEndpoints]).
func NewLoadBalancer(ctx *pulumi.Context, name string, args *LoadBalancerArgs, opts ...pulumi.ResourceOption) (*LoadBalancer, error) {
	if err := args.check(name); err != nil {
		return nil, err
	}
	balancer := &LoadBalancer{}
	if err := register(ctx, "LoadBalancer", name, balancer, opts); err != nil {
		return nil, err
	}
	prerequisites, err := dependsOn(opts)
	if err != nil {
		return nil, err
	}
	elb, err := balancer.create(ctx, name, args, prerequisites)
	if err != nil {
		return nil, err
	}
	balancer.DNSName = elb.DnsName
	balancer.HostedZoneID = elb.ZoneId
	outputs := pulumi.Map{"dnsName": balancer.DNSName, "hostedZoneId": balancer.HostedZoneID}
	otherwise := notFound
	if args.Proxy {
		group, err := balancer.createTargetGroup(ctx, name, args)
		if err != nil {
			return nil, err
		}
		balancer.TargetGroupARN = group.Arn
		outputs["targetGroupArn"] = group.Arn
		otherwise = lb.ListenerDefaultActionArgs{Type: pulumi.String("forward"), TargetGroupArn: group.Arn}
	}
	if err := balancer.createListener(ctx, name, args, elb, otherwise); err != nil {
		return nil, err
	}
	outputs["listenerArn"] = balancer.ListenerARN
	if err := complete(ctx, "LoadBalancer", name, balancer, outputs); err != nil {
		return nil, err
	}
	return balancer, nil
}

// notFound answers for hosts that no rule names, as the proxy would.
var notFound = lb.ListenerDefaultActionArgs{
	Type: pulumi.String("fixed-response"),
	FixedResponse: lb.ListenerDefaultActionFixedResponseArgs{
		ContentType: pulumi.String("application/json"),
		MessageBody: pulumi.String(`{"message":"No API is mapped to this host and path"}`),
		StatusCode:  pulumi.String("404"),
	},
}

func (b *LoadBalancer) create(ctx *pulumi.Context, name string, args *LoadBalancerArgs, prerequisites pulumi.ResourceOption) (*lb.LoadBalancer, error) {
	balancerArgs := &lb.LoadBalancerArgs{
		Internal: pulumi.Bool(true),
		Subnets:  stringArray(args.SubnetIDs),
		// A Network Load Balancer that is made without a security group can
		// never have one.
		SecurityGroups:           pulumi.StringArray{args.SecurityGroupID},
		EnableDeletionProtection: pulumi.Bool(args.DeletionProtection),
		Tags:                     args.Tags.named(name),
	}
	if args.Type == NetworkLoadBalancer {
		balancerArgs.LoadBalancerType = pulumi.String("network")
		// Without it, a zone whose tasks are being replaced drops the
		// connections that DNS sends to it.
		balancerArgs.EnableCrossZoneLoadBalancing = pulumi.Bool(true)
	} else {
		balancerArgs.LoadBalancerType = pulumi.String("application")
		balancerArgs.IdleTimeout = pulumi.Int(seconds(max(minIdleTimeout, args.LongestTimeout+timeoutMargin)))
		// Header names with underscores and dots belong to the API; the load
		// balancer would drop such headers silently.
		balancerArgs.DropInvalidHeaderFields = pulumi.Bool(false)
		// The proxy and API Gateway route by Host, and signatures cover it: it
		// must arrive as the client sent it.
		balancerArgs.PreserveHostHeader = pulumi.Bool(true)
	}
	elb, err := lb.NewLoadBalancer(ctx, name, balancerArgs, pulumi.Parent(b), prerequisites)
	if err != nil {
		return nil, fmt.Errorf("create load balancer: %w", err)
	}
	return elb, nil
}

func (b *LoadBalancer) createTargetGroup(ctx *pulumi.Context, name string, args *LoadBalancerArgs) (*lb.TargetGroup, error) {
	groupArgs := &lb.TargetGroupArgs{
		TargetType: pulumi.String("ip"),
		Port:       pulumi.Int(ProxyPort),
		Protocol:   pulumi.String("HTTPS"),
		VpcId:      args.VPCID.ToStringOutput().ToStringPtrOutput(),
		// A task that is being replaced finishes the requests it has.
		DeregistrationDelay: pulumi.Int(seconds(max(args.LongestTimeout, args.LongestAnswer) + timeoutMargin)),
		HealthCheck: lb.TargetGroupHealthCheckArgs{
			Enabled:            pulumi.Bool(true),
			Protocol:           pulumi.String("HTTPS"),
			Port:               pulumi.String("traffic-port"),
			Path:               pulumi.String("/healthz"),
			Matcher:            pulumi.String("200"),
			Interval:           pulumi.Int(10),
			Timeout:            pulumi.Int(5),
			HealthyThreshold:   pulumi.Int(2),
			UnhealthyThreshold: pulumi.Int(2),
		},
		Tags: args.Tags.named(name),
	}
	if args.Type == NetworkLoadBalancer {
		groupArgs.Protocol = pulumi.String("TLS")
		// The tasks' security group allows the load balancer's group only, so
		// clients' addresses must not reach it as sources.
		groupArgs.PreserveClientIp = pulumi.String("false")
	} else {
		groupArgs.ProtocolVersion = pulumi.String("HTTP1")
	}
	group, err := lb.NewTargetGroup(ctx, name, groupArgs, pulumi.Parent(b))
	if err != nil {
		return nil, fmt.Errorf("create target group: %w", err)
	}
	return group, nil
}

func (b *LoadBalancer) createListener(ctx *pulumi.Context, name string, args *LoadBalancerArgs, elb *lb.LoadBalancer, otherwise lb.ListenerDefaultActionArgs) error {
	protocol := "HTTPS"
	if args.Type == NetworkLoadBalancer {
		protocol = "TLS"
	}
	policy := args.SSLPolicy
	if policy == "" {
		policy = DefaultSSLPolicy
	}
	listener, err := lb.NewListener(ctx, name+"-https", &lb.ListenerArgs{
		LoadBalancerArn: elb.Arn,
		Port:            pulumi.Int(443),
		Protocol:        pulumi.String(protocol),
		SslPolicy:       pulumi.String(policy),
		CertificateArn:  args.Certificates[0].ARN.ToStringOutput().ToStringPtrOutput(),
		DefaultActions:  lb.ListenerDefaultActionArray{otherwise},
		Tags:            args.Tags.named(name + "-https"),
	}, pulumi.Parent(b))
	if err != nil {
		return fmt.Errorf("create listener: %w", err)
	}
	b.ListenerARN = listener.Arn
	for _, certificate := range args.Certificates[1:] {
		_, err := lb.NewListenerCertificate(ctx, name+"-"+certificate.Name, &lb.ListenerCertificateArgs{
			ListenerArn:    listener.Arn,
			CertificateArn: certificate.ARN,
		}, pulumi.Parent(b))
		if err != nil {
			return fmt.Errorf("add certificate %s to the listener: %w", certificate.Name, err)
		}
	}
	return nil
}

// seconds is d in whole seconds.
func seconds(d time.Duration) int { return int(d / time.Second) }

func text(n int) pulumi.String { return pulumi.String(strconv.Itoa(n)) }
