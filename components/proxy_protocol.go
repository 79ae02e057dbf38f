package components

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ProxyProtocol says whether a Network Load Balancer tells the proxy's tasks its
// clients' addresses, by a header of the proxy protocol, version 2. The addresses
// themselves are not preserved: the tasks' security group admits the load balancer
// alone.
type ProxyProtocol int

const (
	// ProxyProtocolOn has one target group, of ProxyProtocolPort.
	ProxyProtocolOn ProxyProtocol = iota
	// ProxyProtocolOff has one target group, of ProxyPort. Tasks take the load
	// balancer for their client.
	ProxyProtocolOff
	// ProxyProtocolTurningOn leads from ProxyProtocolOff to ProxyProtocolOn without
	// a failed request: the service is registered with the target groups of both
	// ports, and the listener turns to the one of ProxyProtocolPort when the
	// service's tasks are healthy there. [LoadBalancer.ListenAfter] creates it.
	ProxyProtocolTurningOn
	// ProxyProtocolTurningOff leads back in the same way.
	ProxyProtocolTurningOff
)

// Turns reports whether the listener turns from one target group to the other.
func (p ProxyProtocol) Turns() bool {
	return p == ProxyProtocolTurningOn || p == ProxyProtocolTurningOff
}

// on reports whether the listener forwards to ProxyProtocolPort, in the end.
func (p ProxyProtocol) on() bool { return p == ProxyProtocolOn || p == ProxyProtocolTurningOn }

// Target is a target group that a service's tasks are registered with.
type Target struct {
	// TargetGroupARN is the target group's ARN. Required.
	TargetGroupARN pulumi.StringInput
	// Port is the container's port, which is the target group's. Required:
	// ProxyPort or ProxyProtocolPort.
	Port int
	// RequestCount names the count of the target group's requests, as target tracking
	// has it: app/NAME/ID/targetgroup/NAME/ID. Nil: a Network Load Balancer's, whose
	// requests AWS doesn't count.
	RequestCount pulumi.StringInput
}

// requestCount is the resource label of a target group behind a load balancer, which is
// made of the ends of their ARNs.
// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PredefinedMetricSpecification.html
func requestCount(elb *lb.LoadBalancer, group *lb.TargetGroup) pulumi.StringInput {
	return pulumi.All(elb.Arn, group.Arn).ApplyT(func(arns []any) string {
		_, balancer, _ := strings.Cut(arns[0].(string), ":loadbalancer/")
		_, targets, _ := strings.Cut(arns[1].(string), ":targetgroup/")
		return balancer + "/targetgroup/" + targets
	}).(pulumi.StringOutput)
}

func (a *LoadBalancerArgs) turns() bool {
	return a.Type == NetworkLoadBalancer && a.ProxyProtocol.Turns()
}

// createTargetGroups creates the target groups of the proxy's tasks, and returns the
// ARN of the one that the listener forwards to. The name that a target group had
// before there was another stays its own, since a new name would replace it.
func (b *LoadBalancer) createTargetGroups(ctx *pulumi.Context, name string, args *LoadBalancerArgs, elb *lb.LoadBalancer) (arn pulumi.StringInput, err error) {
	on := args.Type == NetworkLoadBalancer && args.ProxyProtocol.on()
	for _, group := range []struct {
		name  string
		port  int
		leads bool // whether the listener forwards to it
	}{
		{name, ProxyPort, !on},
		{name + "p", ProxyProtocolPort, on},
	} {
		if !group.leads && !args.turns() {
			continue
		}
		created, err := b.createTargetGroup(ctx, group.name, group.port, args)
		if err != nil {
			return nil, err
		}
		target := Target{TargetGroupARN: created.Arn, Port: group.port}
		if args.Type == ApplicationLoadBalancer {
			target.RequestCount = requestCount(elb, created)
		}
		b.Targets = append(b.Targets, target)
		if group.leads {
			arn = created.Arn
		}
	}
	return arn, nil
}

// createOwnListeners has each target group a listener on its own port while the
// listener on port 443 turns from one to the other: ECS takes only target groups that
// a listener forwards to, and their targets' health is checked only then. The load
// balancer's security group admits no client to these ports.
func (b *LoadBalancer) createOwnListeners(ctx *pulumi.Context, name string, args *LoadBalancerArgs, elb *lb.LoadBalancer) error {
	for _, target := range b.Targets {
		_, err := b.listenOn(ctx, fmt.Sprintf("%s-%d", name, target.Port), target.Port, args, elb, forward(target.TargetGroupARN))
		if err != nil {
			return err
		}
	}
	return nil
}

// ListenAfter creates the listener on port 443 of a load balancer whose proxy protocol
// is being turned on or off. A listener that exists turns to the other target group
// after the service's deployment, and stays as it is if ECS rolled that back.
func (b *LoadBalancer) ListenAfter(service *Service) error {
	if b.listen == nil {
		return errors.New("listen after the service: the load balancer's listener exists: call ListenAfter only with ProxyProtocolTurningOn or ProxyProtocolTurningOff")
	}
	return b.listen(service)
}

// afterDeployment is a value that is known when the service's deployment has come up,
// and that fails with its [RollbackError].
func (s *Service) afterDeployment(value pulumi.StringInput) pulumi.StringOutput {
	return pulumi.All(value, s.TaskDefinitionARN).ApplyT(func(values []any) string { return values[0].(string) }).(pulumi.StringOutput)
}

func (b *LoadBalancer) createTargetGroup(ctx *pulumi.Context, name string, port int, args *LoadBalancerArgs) (*lb.TargetGroup, error) {
	groupArgs := &lb.TargetGroupArgs{
		TargetType: pulumi.String("ip"),
		Port:       pulumi.Int(port),
		Protocol:   pulumi.String("HTTPS"),
		VpcId:      args.VPCID.ToStringOutput().ToStringPtrOutput(),
		// A task that is being replaced finishes the requests it has.
		DeregistrationDelay: pulumi.Int(seconds(max(args.LongestTimeout, args.LongestAnswer) + timeoutMargin)),
		HealthCheck: lb.TargetGroupHealthCheckArgs{
			Enabled:  pulumi.Bool(true),
			Protocol: pulumi.String("HTTPS"),
			// A Network Load Balancer sends its header of the proxy protocol
			// with health checks too, whatever their port.
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
		groupArgs.ProxyProtocolV2 = pulumi.Bool(port == ProxyProtocolPort)
	} else {
		groupArgs.ProtocolVersion = pulumi.String("HTTP1")
	}
	group, err := lb.NewTargetGroup(ctx, name, groupArgs, pulumi.Parent(b))
	if err != nil {
		return nil, fmt.Errorf("create target group: %w", err)
	}
	return group, nil
}
