package components

import (
	"fmt"
	"slices"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// placeholderHost is a name that no client asks for: RFC 2606 reserves .invalid.
const placeholderHost = "portico.invalid"

// ALBRoutingArgs describes which hosts an Application Load Balancer forwards to
// API Gateway without the proxy.
type ALBRoutingArgs struct {
	// LoadBalancer is the Application Load Balancer. Required.
	LoadBalancer *LoadBalancer
	// VPCID is the load balancer's VPC. Required.
	VPCID pulumi.StringInput
	// Endpoint is the execute-api endpoint that answers. Required.
	Endpoint *ExecuteAPIEndpoint
	// HostsToAPIGateway are the custom domains that are forwarded to the endpoint.
	// Default: none. AWS allows 100 rules a load balancer, and a host of 128
	// characters.
	HostsToAPIGateway []string
	// HostsToProxy are custom domains that are forwarded to the proxy, which the
	// load balancer forwards all hosts without a rule to. A host that moves from
	// API Gateway to the proxy needs its rule until its DNS answers have expired.
	// Default: none.
	HostsToProxy []string
	// Proxy is the proxy's service, which the rules of HostsToProxy depend on.
	// Required with HostsToProxy.
	Proxy *Service
	// LongestTimeout is the longest that a request may take, in whole seconds. An
	// endpoint's address that goes away has 10 s more than that to finish.
	// Default: 0. 0 to 3,590.
	LongestTimeout time.Duration
	// Tags are those of the target group and of the rules.
	Tags Tags
}

func (a *ALBRoutingArgs) check(name string) error {
	m := arguments{component: "ALBRouting", name: name}
	checkBalancerName(&m, name)
	m.given(a.LoadBalancer != nil, "LoadBalancer")
	m.given(a.VPCID != nil, "VPCID")
	m.given(a.Endpoint != nil, "Endpoint")
	toProxy := len(a.HostsToProxy) > 0
	m.require(!toProxy || a.Proxy != nil, "Proxy", "not set", "set it where there are HostsToProxy")
	m.require(!toProxy || a.LoadBalancer == nil || a.LoadBalancer.TargetGroupARN != nil, "HostsToProxy",
		"the load balancer has no target group of the proxy", "name hosts only where LoadBalancer has the proxy behind it")
	return m.err()
}

// ALBRouting forwards hosts from an Application Load Balancer to API Gateway.
type ALBRouting struct {
	pulumi.ResourceState
	children

	// TargetGroupARN is the target group of the endpoint's addresses.
	TargetGroupARN pulumi.StringOutput `pulumi:"targetGroupArn"`
	// Rules are the hosts' listener rules, for dependencies.
	Rules []pulumi.Resource
}

// NewALBRouting creates the target group of the endpoint's addresses and a
// listener rule for each host. The target group has the component's name, which
// is held to [MaxLoadBalancerName].
//
// The API's account has a REGIONAL custom domain for each host: API Gateway
// tells the APIs apart by the Host header, which the load balancer preserves.
// Health checks have another Host, which API Gateway answers with 403. That proves
// as well as 200 that the endpoint takes connections.
func NewALBRouting(ctx *pulumi.Context, name string, args *ALBRoutingArgs, opts ...pulumi.ResourceOption) (*ALBRouting, error) {
	if err := args.check(name); err != nil {
		return nil, err
	}
	routing := &ALBRouting{}
	if err := register(ctx, "ALBRouting", name, routing, opts); err != nil {
		return nil, err
	}
	group, err := lb.NewTargetGroup(ctx, name, &lb.TargetGroupArgs{
		TargetType:      pulumi.String("ip"),
		Port:            pulumi.Int(443),
		Protocol:        pulumi.String("HTTPS"),
		ProtocolVersion: pulumi.String("HTTP1"),
		VpcId:           args.VPCID.ToStringOutput().ToStringPtrOutput(),
		// An address that goes away finishes the requests that it has.
		DeregistrationDelay: pulumi.Int(seconds(args.LongestTimeout + timeoutMargin)),
		HealthCheck: lb.TargetGroupHealthCheckArgs{
			Enabled:            pulumi.Bool(true),
			Protocol:           pulumi.String("HTTPS"),
			Port:               pulumi.String("traffic-port"),
			Path:               pulumi.String("/"),
			Matcher:            pulumi.String("200,403"),
			Interval:           pulumi.Int(10),
			Timeout:            pulumi.Int(5),
			HealthyThreshold:   pulumi.Int(2),
			UnhealthyThreshold: pulumi.Int(2),
		},
		Tags: args.Tags.named(name),
	}, pulumi.Parent(routing))
	if err != nil {
		return nil, fmt.Errorf("create target group of the endpoint: %w", err)
	}
	routing.TargetGroupARN = group.Arn
	targets, err := routing.attach(ctx, name, args)
	if err != nil {
		return nil, err
	}
	if err := routing.addRules(ctx, name, args, targets); err != nil {
		return nil, err
	}
	if err := complete(ctx, "ALBRouting", name, routing, pulumi.Map{"targetGroupArn": routing.TargetGroupARN}); err != nil {
		return nil, err
	}
	return routing, nil
}

// attach registers the endpoint's addresses with the target group. The registrations'
// names stay with their addresses: were two of them to change places, each would be
// registered anew, and then taken out by its earlier name.
func (r *ALBRouting) attach(ctx *pulumi.Context, name string, args *ALBRoutingArgs) ([]pulumi.Resource, error) {
	var targets []pulumi.Resource
	for _, address := range args.Endpoint.named {
		target, err := lb.NewTargetGroupAttachment(ctx, name+"-"+address.name, &lb.TargetGroupAttachmentArgs{
			TargetGroupArn: r.TargetGroupARN,
			TargetId:       address.value,
			Port:           pulumi.Int(443),
		}, pulumi.Parent(r), pulumi.DependsOn(args.Endpoint.Resources()))
		if err != nil {
			return nil, fmt.Errorf("register address %s of the endpoint: %w", address.name, err)
		}
		targets = append(targets, target)
	}
	return targets, nil
}

// addRules creates the hosts' rules. A rule depends on the targets, so that it
// never forwards to none. Hosts are disjoint, so that the rules' order means
// nothing, and AWS gives each the next free priority.
//
// A load balancer checks the health of a target group only where a rule names it.
// For the first host to find healthy targets, a rule with a placeholder host
// exists until there is one.
func (r *ALBRouting) addRules(ctx *pulumi.Context, name string, args *ALBRoutingArgs, targets []pulumi.Resource) error {
	hosts := args.HostsToAPIGateway
	if len(hosts) == 0 {
		hosts = []string{placeholderHost}
	}
	for _, host := range hosts {
		if err := r.addRule(ctx, name, args, host, r.TargetGroupARN, targets); err != nil {
			return err
		}
	}
	for _, host := range args.HostsToProxy {
		dependencies := slices.Concat(targets, args.Proxy.Resources())
		if err := r.addRule(ctx, name, args, host, args.LoadBalancer.TargetGroupARN, dependencies); err != nil {
			return err
		}
	}
	return nil
}

// addRule forwards a host to a target group.
func (r *ALBRouting) addRule(ctx *pulumi.Context, name string, args *ALBRoutingArgs, host string, groupARN pulumi.StringInput, dependencies []pulumi.Resource) error {
	rule, err := lb.NewListenerRule(ctx, name+"-"+host, &lb.ListenerRuleArgs{
		ListenerArn: args.LoadBalancer.ListenerARN,
		Conditions: lb.ListenerRuleConditionArray{lb.ListenerRuleConditionArgs{
			HostHeader: lb.ListenerRuleConditionHostHeaderArgs{Values: pulumi.ToStringArray([]string{host})},
		}},
		Actions: lb.ListenerRuleActionArray{lb.ListenerRuleActionArgs{
			Type:           pulumi.String("forward"),
			TargetGroupArn: groupARN.ToStringOutput().ToStringPtrOutput(),
		}},
		Tags: args.Tags.named(host),
	}, pulumi.Parent(r), pulumi.DependsOn(dependencies))
	if err != nil {
		return fmt.Errorf("create listener rule of %s: %w", host, err)
	}
	r.Rules = append(r.Rules, rule)
	return nil
}
