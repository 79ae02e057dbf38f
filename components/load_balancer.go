package components

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/mapping"
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
const timeoutMargin = mapping.DrainMargin

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
	// ProxyProtocol says whether a Network Load Balancer tells the proxy's tasks its
	// clients' addresses. An Application Load Balancer does so by X-Forwarded-For.
	// Default: ProxyProtocolOn.
	ProxyProtocol ProxyProtocol
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
	// TrustStoreARN is the trust store by which an Application Load Balancer verifies
	// its clients' certificates; it refuses clients without one. Default: clients need
	// none. The AWS provider in version 6 has no mutual TLS of Network Load Balancers.
	TrustStoreARN string
	// DeletionProtection has AWS refuse to delete the load balancer. Default: false.
	DeletionProtection bool
	// ZonalShift lets Amazon Application Recovery Controller move clients away from a
	// zone. Default: false.
	ZonalShift bool
	// AccessLogs is where logs of requests go: of a Network Load Balancer, of TLS
	// connections. Default: none are written.
	AccessLogs *LogDestination
	// ConnectionLogs is where an Application Load Balancer's logs of connections go.
	// Default: none are written. A Network Load Balancer has none.
	ConnectionLogs *LogDestination
	// Tags are those of the load balancer, target group and listener.
	Tags Tags
}

// LogDestination is a place in a bucket of S3 in the load balancer's region, whose
// policy lets Elastic Load Balancing write there: [NewLogBucket] makes one.
type LogDestination struct {
	// Bucket is the bucket's name. Required.
	Bucket pulumi.StringInput
	// Prefix begins the names of the logs. Default: "", they begin with AWSLogs.
	Prefix string
}

func (a *LoadBalancerArgs) check(name string) error {
	m := arguments{component: "LoadBalancer", name: name}
	checkBalancerName(&m, name)
	if a.Type == NetworkLoadBalancer {
		m.require(len(name) < MaxLoadBalancerName, "name", fmt.Sprintf("it has %d characters", len(name)),
			fmt.Sprintf("write %d at most: a target group's name is one longer", MaxLoadBalancerName-1))
	}
	m.require(a.Type == ApplicationLoadBalancer || a.Type == NetworkLoadBalancer, "Type",
		fmt.Sprintf("%q is not a type of load balancer", a.Type), "write "+ApplicationLoadBalancer+" or "+NetworkLoadBalancer)
	m.require(a.Proxy || a.Type != NetworkLoadBalancer, "Proxy", "a Network Load Balancer without it has nothing to forward to",
		"set it, or write Type "+ApplicationLoadBalancer)
	m.require(a.ConnectionLogs == nil || a.Type != NetworkLoadBalancer, "ConnectionLogs", "a Network Load Balancer has none", "take it out")
	m.require(a.TrustStoreARN == "" || a.Type != NetworkLoadBalancer, "TrustStoreARN", "the AWS provider has no mutual TLS of Network Load Balancers", "take it out")
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
	// TargetGroupARN is the target group of the proxy's tasks that the listener
	// forwards to. Nil: the proxy isn't behind the load balancer.
	TargetGroupARN pulumi.StringInput `pulumi:"targetGroupArn"`
	// Targets are the target groups that the proxy's service is to be registered
	// with: the one of TargetGroupARN, and while proxy protocol is being turned on or
	// off the former one too.
	Targets []Target

	arn pulumi.StringOutput
	// listen creates the listener on port 443 where that has to come after the
	// service; else nil.
	listen func(*Service) error
}

// NewLoadBalancer creates the load balancer. It and its target group have the
// component's name, which is held to [MaxLoadBalancerName]. Let it depend on
// endpoints at chosen addresses in its subnets ([Endpoints.StaticEndpoints]). With
// ProxyProtocolTurningOn or ProxyProtocolTurningOff, call [LoadBalancer.ListenAfter] with the service.
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
	balancer.arn = elb.Arn
	balancer.DNSName = elb.DnsName
	balancer.HostedZoneID = elb.ZoneId
	outputs := pulumi.Map{"dnsName": balancer.DNSName, "hostedZoneId": balancer.HostedZoneID}
	otherwise := notFound
	if args.Proxy {
		arn, err := balancer.createTargetGroups(ctx, name, args, elb)
		if err != nil {
			return nil, err
		}
		balancer.TargetGroupARN = arn
		outputs["targetGroupArn"] = arn
		otherwise = forward(arn)
	}
	finish := func(otherwise lb.ListenerDefaultActionArgs, opts ...pulumi.ResourceOption) error {
		if err := balancer.createListener(ctx, name, args, elb, otherwise, opts...); err != nil {
			return err
		}
		outputs["listenerArn"] = balancer.ListenerARN
		return complete(ctx, "LoadBalancer", name, balancer, outputs)
	}
	if args.turns() {
		balancer.listen = func(service *Service) error {
			return finish(forward(service.afterDeployment(balancer.TargetGroupARN)), pulumi.DependsOn(service.Resources()))
		}
		return balancer, balancer.createOwnListeners(ctx, name, args, elb)
	}
	return balancer, finish(otherwise)
}

func forward(targetGroupARN pulumi.StringInput) lb.ListenerDefaultActionArgs {
	return lb.ListenerDefaultActionArgs{Type: pulumi.String("forward"), TargetGroupArn: targetGroupARN.ToStringOutput().ToStringPtrOutput()}
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
		// Of both types since version 5.88 of the provider:
		// https://github.com/hashicorp/terraform-provider-aws/pull/41468
		EnableZonalShift: pulumi.Bool(args.ZonalShift),
		// The provider leaves logs on where nothing is said of them.
		AccessLogs: lb.LoadBalancerAccessLogsArgs{Enabled: pulumi.Bool(false), Bucket: pulumi.String("")},
		Tags:       args.Tags.named(name),
	}
	if logs := args.AccessLogs; logs != nil {
		balancerArgs.AccessLogs = lb.LoadBalancerAccessLogsArgs{Enabled: pulumi.Bool(true), Bucket: logs.Bucket, Prefix: pulumi.String(logs.Prefix)}
	}
	if args.Type == NetworkLoadBalancer {
		balancerArgs.LoadBalancerType = pulumi.String("network")
		// Without it, a zone whose tasks are being replaced drops the
		// connections that DNS sends to it.
		balancerArgs.EnableCrossZoneLoadBalancing = pulumi.Bool(true)
	} else {
		balancerArgs.LoadBalancerType = pulumi.String("application")
		balancerArgs.ConnectionLogs = lb.LoadBalancerConnectionLogsArgs{Enabled: pulumi.Bool(false), Bucket: pulumi.String("")}
		if logs := args.ConnectionLogs; logs != nil {
			balancerArgs.ConnectionLogs = lb.LoadBalancerConnectionLogsArgs{Enabled: pulumi.Bool(true), Bucket: logs.Bucket, Prefix: pulumi.String(logs.Prefix)}
		}
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

func (b *LoadBalancer) createListener(ctx *pulumi.Context, name string, args *LoadBalancerArgs, elb *lb.LoadBalancer, otherwise lb.ListenerDefaultActionArgs, opts ...pulumi.ResourceOption) error {
	listener, err := b.listenOn(ctx, name+"-https", 443, args, elb, otherwise, opts...)
	if err != nil {
		return err
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

// listenOn creates a listener with the default certificate.
func (b *LoadBalancer) listenOn(ctx *pulumi.Context, name string, port int, args *LoadBalancerArgs, elb *lb.LoadBalancer, otherwise lb.ListenerDefaultActionArgs, opts ...pulumi.ResourceOption) (*lb.Listener, error) {
	protocol := "HTTPS"
	if args.Type == NetworkLoadBalancer {
		protocol = "TLS"
	}
	described := &lb.ListenerArgs{
		LoadBalancerArn: elb.Arn,
		Port:            pulumi.Int(port),
		Protocol:        pulumi.String(protocol),
		SslPolicy:       pulumi.String(cmp.Or(args.SSLPolicy, DefaultSSLPolicy)),
		CertificateArn:  args.Certificates[0].ARN.ToStringOutput().ToStringPtrOutput(),
		DefaultActions:  lb.ListenerDefaultActionArray{otherwise},
		Tags:            args.Tags.named(name),
	}
	if args.Type == ApplicationLoadBalancer {
		// The provider leaves mutual TLS as it is where nothing is said of it.
		described.MutualAuthentication = lb.ListenerMutualAuthenticationArgs{Mode: pulumi.String("off")}
	}
	if args.TrustStoreARN != "" {
		described.MutualAuthentication = lb.ListenerMutualAuthenticationArgs{Mode: pulumi.String("verify"), TrustStoreArn: pulumi.String(args.TrustStoreARN)}
	}
	listener, err := lb.NewListener(ctx, name, described, append(opts, pulumi.Parent(b))...)
	if err != nil {
		return nil, fmt.Errorf("create listener on port %d: %w", port, err)
	}
	return listener, nil
}

// seconds is d in whole seconds.
func seconds(d time.Duration) int { return int(d / time.Second) }

func text(n int) pulumi.String { return pulumi.String(strconv.Itoa(n)) }
