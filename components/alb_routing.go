package components

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// idleHost is a name that no client asks for: RFC 2606 keeps .invalid free.
const idleHost = "portico.invalid"

// ALBRoutingArgs describes what leads hosts from a load balancer to API Gateway
// without the proxy.
type ALBRoutingArgs struct {
	// LoadBalancer is the Application Load Balancer, and Suffix its own.
	LoadBalancer *LoadBalancer
	Suffix       string
	VPCID        pulumi.StringInput
	// Endpoint is the execute-api endpoint that answers.
	Endpoint *ExecuteAPIEndpoint
	// Hosts are the custom domains that the load balancer leads there.
	Hosts []string
	// Returning are those that it leads to the proxy from now on, which knows
	// them when Proxy stands.
	Returning []string
	Proxy     *Service
	// LongestTimeout is the longest that any row lets a request take.
	LongestTimeout time.Duration
	Tags           Tags
}

// ALBRouting leads hosts from a load balancer to API Gateway without the proxy.
type ALBRouting struct {
	pulumi.ResourceState

	// Rules are the hosts' listener rules: what stands where they do.
	Rules []pulumi.Resource
}

// NewALBRouting creates the target group of the endpoint's addresses and a
// listener rule for each host.
//
// The API's account has a REGIONAL custom domain for each host: API Gateway
// tells the APIs apart by the Host header, which the load balancer passes on. It
// asks for none of that in its health checks, so that 403 is as good an answer
// as 200: either proves that the endpoint takes connections.
func NewALBRouting(ctx *pulumi.Context, name string, args *ALBRoutingArgs, opts ...pulumi.ResourceOption) (*ALBRouting, error) {
	door := &ALBRouting{}
	component := balancerName(name, args.Suffix)
	if err := ctx.RegisterComponentResource("portico:index:ALBRouting", component, door, opts...); err != nil {
		return nil, fmt.Errorf("register front door alb %q: %w", component, err)
	}
	group, err := lb.NewTargetGroup(ctx, name+ShortSuffix("alb", args.Suffix), &lb.TargetGroupArgs{
		TargetType:      pulumi.String("ip"),
		Port:            pulumi.Int(443),
		Protocol:        pulumi.String("HTTPS"),
		ProtocolVersion: pulumi.String("HTTP1"),
		VpcId:           args.VPCID.ToStringOutput().ToStringPtrOutput(),
		// An address that goes finishes the requests it has.
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
		Tags: args.Tags.named(component + "-alb"),
	}, pulumi.Parent(door))
	if err != nil {
		return nil, fmt.Errorf("create target group of the endpoint: %w", err)
	}
	targets, err := door.attach(ctx, component, args, group)
	if err != nil {
		return nil, err
	}
	if err := door.lead(ctx, component, args, group, targets); err != nil {
		return nil, err
	}
	if err := ctx.RegisterResourceOutputs(door, pulumi.Map{}); err != nil {
		return nil, fmt.Errorf("register outputs of front door alb %q: %w", component, err)
	}
	return door, nil
}

// attach registers the endpoint's addresses.
func (d *ALBRouting) attach(ctx *pulumi.Context, name string, args *ALBRoutingArgs, group *lb.TargetGroup) ([]pulumi.Resource, error) {
	var targets []pulumi.Resource
	for i := range args.Endpoint.AddressCount {
		target, err := lb.NewTargetGroupAttachment(ctx, name+"-alb-"+strconv.Itoa(i+1), &lb.TargetGroupAttachmentArgs{
			TargetGroupArn: group.Arn,
			TargetId:       args.Endpoint.Addresses.Index(pulumi.Int(i)),
			Port:           pulumi.Int(443),
		}, pulumi.Parent(d), pulumi.DependsOn([]pulumi.Resource{args.Endpoint}))
		if err != nil {
			return nil, fmt.Errorf("register address %d of the endpoint: %w", i+1, err)
		}
		targets = append(targets, target)
	}
	return targets, nil
}

// lead creates the hosts' rules. A rule comes after the targets and goes before
// them, so that it never leads to none. Hosts are disjoint, so that the rules'
// order means nothing and AWS gives each the next priority that is free.
//
// A target group that no rule names has its health checked by nobody. For the
// first host to find healthy targets, a rule that matches nothing stands in
// until there is one.
func (d *ALBRouting) lead(ctx *pulumi.Context, name string, args *ALBRoutingArgs, group *lb.TargetGroup, targets []pulumi.Resource) error {
	hosts := args.Hosts
	if len(hosts) == 0 {
		hosts = []string{idleHost}
	}
	for _, host := range hosts {
		if err := d.rule(ctx, name, args, host, group.Arn, targets); err != nil {
			return err
		}
	}
	for _, host := range args.Returning {
		if err := d.rule(ctx, name, args, host, args.LoadBalancer.TargetGroupARN, slices.Concat(targets, []pulumi.Resource{args.Proxy})); err != nil {
			return err
		}
	}
	return nil
}

// rule leads a host to a target group.
func (d *ALBRouting) rule(ctx *pulumi.Context, name string, args *ALBRoutingArgs, host string, groupARN pulumi.StringInput, after []pulumi.Resource) error {
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
	}, pulumi.Parent(d), pulumi.DependsOn(after))
	if err != nil {
		return fmt.Errorf("create listener rule of %s: %w", host, err)
	}
	d.Rules = append(d.Rules, rule)
	return nil
}
