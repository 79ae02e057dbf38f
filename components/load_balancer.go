package components

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The load balancer's types.
const (
	ApplicationLoadBalancer = "ALB"
	NetworkLoadBalancer     = "NLB"
)

// DefaultSSLPolicy admits TLS 1.3 and TLS 1.2 with forward secrecy. It has to be
// named: where it isn't, AWS falls back to ELBSecurityPolicy-2016-08, which
// admits TLS 1.0.
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

// LoadBalancerArgs describes an internal load balancer and its listener.
type LoadBalancerArgs struct {
	// Suffix tells the installation's load balancers apart; the first has none.
	Suffix string
	// Type is ApplicationLoadBalancer or NetworkLoadBalancer.
	Type string
	// Proxy says that the proxy's tasks answer whatever no rule of the listener
	// leads elsewhere; without them the load balancer itself answers 404, which
	// only an Application Load Balancer can.
	Proxy     bool
	VPCID     pulumi.StringInput
	SubnetIDs []pulumi.StringInput
	// After has to stand before the load balancer takes addresses in the
	// subnets: Endpoints.Fixed.
	After           []pulumi.Resource
	SecurityGroupID pulumi.StringInput
	// CertificateARNs are issued certificates; the first is the default.
	CertificateARNs []pulumi.StringInput
	// CertificateNames name the certificates, for resource names.
	CertificateNames []string
	// LongestTimeout is the longest that any row lets a request take.
	LongestTimeout     time.Duration
	SSLPolicy          string
	DeletionProtection bool
	Tags               Tags
}

// LoadBalancer is an internal load balancer, its listener on port 443 and the
// target group of the proxy's tasks.
type LoadBalancer struct {
	pulumi.ResourceState

	DNSName      pulumi.StringOutput `pulumi:"dnsName"`
	HostedZoneID pulumi.StringOutput `pulumi:"hostedZoneId"`
	ListenerARN  pulumi.StringOutput `pulumi:"listenerArn"`
	// TargetGroupARN is that of the proxy's tasks; nil without them.
	TargetGroupARN pulumi.StringInput `pulumi:"targetGroupArn"`
}

// NewLoadBalancer creates the load balancer.
func NewLoadBalancer(ctx *pulumi.Context, name string, args *LoadBalancerArgs, opts ...pulumi.ResourceOption) (*LoadBalancer, error) {
	balancer := &LoadBalancer{}
	component := balancerName(name, args.Suffix)
	if err := ctx.RegisterComponentResource("portico:index:LoadBalancer", component, balancer, opts...); err != nil {
		return nil, fmt.Errorf("register load balancer %q: %w", component, err)
	}
	elb, err := balancer.create(ctx, name, args)
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
	if err := balancer.createListener(ctx, component, args, elb, otherwise); err != nil {
		return nil, err
	}
	outputs["listenerArn"] = balancer.ListenerARN
	if err := ctx.RegisterResourceOutputs(balancer, outputs); err != nil {
		return nil, fmt.Errorf("register outputs of load balancer %q: %w", component, err)
	}
	return balancer, nil
}

// balancerName is the name of what belongs to a load balancer and has no limit
// on its length.
func balancerName(name, suffix string) string {
	if suffix == "" {
		return name
	}
	return name + "-" + suffix
}

// ShortSuffix ends the name of a load balancer or target group, which is short
// in AWS: "-lb", "-lb2", "-alb".
func ShortSuffix(role, suffix string) string {
	if strings.HasPrefix(suffix, "alb") {
		return "-" + suffix
	}
	return "-" + role + suffix
}

// notFound answers for hosts that no rule names, in the proxy's words.
var notFound = lb.ListenerDefaultActionArgs{
	Type: pulumi.String("fixed-response"),
	FixedResponse: lb.ListenerDefaultActionFixedResponseArgs{
		ContentType: pulumi.String("application/json"),
		MessageBody: pulumi.String(`{"message":"No API is mapped to this host and path"}`),
		StatusCode:  pulumi.String("404"),
	},
}

func (b *LoadBalancer) create(ctx *pulumi.Context, name string, args *LoadBalancerArgs) (*lb.LoadBalancer, error) {
	balancerArgs := &lb.LoadBalancerArgs{
		Internal: pulumi.Bool(true),
		Subnets:  stringArray(args.SubnetIDs),
		// A Network Load Balancer that is made without a security group can
		// never have one.
		SecurityGroups:           pulumi.StringArray{args.SecurityGroupID},
		EnableDeletionProtection: pulumi.Bool(args.DeletionProtection),
		Tags:                     args.Tags.named(balancerName(name, args.Suffix)),
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
		// balancer would take them away silently.
		balancerArgs.DropInvalidHeaderFields = pulumi.Bool(false)
		// The proxy routes by Host, which must arrive as the client sent it.
		balancerArgs.PreserveHostHeader = pulumi.Bool(true)
	}
	elb, err := lb.NewLoadBalancer(ctx, name+ShortSuffix("lb", args.Suffix), balancerArgs, pulumi.Parent(b), pulumi.DependsOn(args.After))
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
		DeregistrationDelay: pulumi.Int(seconds(args.LongestTimeout + timeoutMargin)),
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
		Tags: args.Tags.named(balancerName(name, args.Suffix)),
	}
	if args.Type == NetworkLoadBalancer {
		groupArgs.Protocol = pulumi.String("TLS")
		// The tasks' security group admits the load balancer's alone, so
		// clients' addresses must not reach it as sources.
		groupArgs.PreserveClientIp = pulumi.String("false")
	} else {
		groupArgs.ProtocolVersion = pulumi.String("HTTP1")
	}
	group, err := lb.NewTargetGroup(ctx, name+ShortSuffix("tg", args.Suffix), groupArgs, pulumi.Parent(b))
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
		CertificateArn:  args.CertificateARNs[0].ToStringOutput().ToStringPtrOutput(),
		DefaultActions:  lb.ListenerDefaultActionArray{otherwise},
		Tags:            args.Tags.named(name + "-https"),
	}, pulumi.Parent(b))
	if err != nil {
		return fmt.Errorf("create listener: %w", err)
	}
	b.ListenerARN = listener.Arn
	for i := 1; i < len(args.CertificateARNs); i++ {
		_, err := lb.NewListenerCertificate(ctx, name+"-"+args.CertificateNames[i], &lb.ListenerCertificateArgs{
			ListenerArn:    listener.Arn,
			CertificateArn: args.CertificateARNs[i],
		}, pulumi.Parent(b))
		if err != nil {
			return fmt.Errorf("add certificate %s to the listener: %w", args.CertificateNames[i], err)
		}
	}
	return nil
}

// seconds is d in whole seconds.
func seconds(d time.Duration) int { return int(d / time.Second) }

func text(n int) pulumi.String { return pulumi.String(strconv.Itoa(n)) }
