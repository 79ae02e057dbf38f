package components

import (
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const (
	balancerToken    = "aws:lb/loadBalancer:LoadBalancer"
	targetGroupToken = "aws:lb/targetGroup:TargetGroup"
	listenerToken    = "aws:lb/listener:Listener"
)

// balancerArgs are those of a load balancer with the proxy behind it.
func balancerArgs() *LoadBalancerArgs {
	return &LoadBalancerArgs{
		Type: ApplicationLoadBalancer, Proxy: true, VPCID: pulumi.String("vpc-1"), SubnetIDs: inputs("subnet-1", "subnet-2"),
		SecurityGroupID: pulumi.String("sg-lb"), Certificates: []Certificate{
			{Name: "one", ARN: pulumi.String("arn:cert-1")}, {Name: "two", ARN: pulumi.String("arn:cert-2")}, {Name: "three", ARN: pulumi.String("arn:cert-3")},
		},
		LongestTimeout: 120 * time.Second, Tags: tags,
	}
}

func balancer(t *testing.T, change func(*LoadBalancerArgs)) *monitor {
	t.Helper()
	return (&monitor{}).deploy(t, func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		endpoint, err := newPrerequisite(ctx, "endpoint")
		if err != nil {
			return err
		}
		args := balancerArgs()
		if change != nil {
			change(args)
		}
		_, err = NewLoadBalancer(ctx, "portico-lb", args, opts, pulumi.DependsOn([]pulumi.Resource{endpoint}))
		return err
	})
}

func TestAnApplicationLoadBalancerPassesRequestsOnAsTheyAre(t *testing.T) {
	m := balancer(t, nil)
	elb := m.only(t, balancerToken)
	require.Equal(t, "application", elb.Inputs["loadBalancerType"])
	require.Equal(t, true, elb.Inputs["internal"])
	require.Equal(t, true, elb.Inputs["preserveHostHeader"], "signatures cover Host")
	require.Equal(t, false, elb.Inputs["dropInvalidHeaderFields"], "header names with dots belong to the API")
	require.EqualValues(t, 130, elb.Inputs["idleTimeout"], "the longest timeout and 10 s")
	requireOrder(t, m.named(t, prerequisiteToken, "endpoint"), elb)

	group := m.only(t, targetGroupToken)
	require.Equal(t, []any{"ip", 8443.0, "HTTPS", "HTTP1", 130.0},
		[]any{group.Inputs["targetType"], group.Inputs["port"], group.Inputs["protocol"], group.Inputs["protocolVersion"], group.Inputs["deregistrationDelay"]})
	require.Equal(t, "/healthz", group.Inputs["healthCheck"].(map[string]any)["path"])

	listener := m.only(t, listenerToken)
	require.Equal(t, []any{443.0, "HTTPS", DefaultSSLPolicy, "arn:cert-1"},
		[]any{listener.Inputs["port"], listener.Inputs["protocol"], listener.Inputs["sslPolicy"], listener.Inputs["certificateArn"]})
	require.Equal(t, []any{map[string]any{"type": "forward", "targetGroupArn": arnOf(targetGroupToken, "portico-lb")}}, listener.Inputs["defaultActions"])
	var further []any
	for _, certificate := range m.of("aws:lb/listenerCertificate:ListenerCertificate") {
		require.Equal(t, arnOf(listenerToken, "portico-lb-https"), certificate.Inputs["listenerArn"])
		further = append(further, certificate.Inputs["certificateArn"])
	}
	require.ElementsMatch(t, []any{"arn:cert-2", "arn:cert-3"}, further, "each once, the default by the listener alone")
}

func TestShortRequestsLeaveAWSsIdleTimeout(t *testing.T) {
	m := balancer(t, func(a *LoadBalancerArgs) { a.LongestTimeout = 30 * time.Second })
	require.EqualValues(t, 60, m.only(t, balancerToken).Inputs["idleTimeout"])
}

func TestTheLongestAnswerDelaysDeregistrationAlone(t *testing.T) {
	m := balancer(t, func(a *LoadBalancerArgs) { a.LongestTimeout, a.LongestAnswer = 300*time.Second, 15*time.Minute })
	require.Equal(t, 310.0, m.only(t, balancerToken).Inputs["idleTimeout"])
	require.Equal(t, 910.0, m.only(t, targetGroupToken).Inputs["deregistrationDelay"])
}

func TestANetworkLoadBalancerSharesItsZonesAndHidesClients(t *testing.T) {
	m := balancer(t, func(a *LoadBalancerArgs) { a.Type = NetworkLoadBalancer })
	elb := m.only(t, balancerToken)
	require.Equal(t, []any{"network", true, []any{"sg-lb"}},
		[]any{elb.Inputs["loadBalancerType"], elb.Inputs["enableCrossZoneLoadBalancing"], elb.Inputs["securityGroups"]})
	require.NotContains(t, elb.Inputs, "idleTimeout")
	group := m.only(t, targetGroupToken)
	require.Equal(t, []any{"TLS", "false", true, 8444.0, "traffic-port"}, []any{group.Inputs["protocol"], group.Inputs["preserveClientIp"],
		group.Inputs["proxyProtocolV2"], group.Inputs["port"], group.Inputs["healthCheck"].(map[string]any)["port"]})
	require.NotContains(t, group.Inputs, "protocolVersion")
	listener := m.only(t, listenerToken)
	require.Equal(t, "TLS", listener.Inputs["protocol"])
	require.Equal(t, forwardsTo("portico-lbp"), listener.Inputs["defaultActions"])
}

func forwardsTo(group string) []any {
	return []any{map[string]any{"type": "forward", "targetGroupArn": arnOf(targetGroupToken, group)}}
}

// TestProxyProtocolTurnsOnAfterTheService holds the order in which a load balancer
// that led to port 8443 comes to lead to port 8444.
func TestProxyProtocolTurnsOnAfterTheService(t *testing.T) {
	turning := func(a *LoadBalancerArgs) { a.Type, a.ProxyProtocol = NetworkLoadBalancer, ProxyProtocolTurningOn }
	m := (&monitor{}).deploy(t, serviceBehind(turning, nil))
	service := m.only(t, ecsServiceToken)
	require.ElementsMatch(t, []any{
		map[string]any{"targetGroupArn": arnOf(targetGroupToken, "portico-lb"), "containerName": "nginx", "containerPort": 8443.0},
		map[string]any{"targetGroupArn": arnOf(targetGroupToken, "portico-lbp"), "containerName": "nginx", "containerPort": 8444.0},
	}, service.Inputs["loadBalancers"])
	for name, group := range map[string]string{"portico-lb-8443": "portico-lb", "portico-lb-8444": "portico-lbp"} {
		own := m.named(t, listenerToken, name)
		require.Equal(t, forwardsTo(group), own.Inputs["defaultActions"])
		requireOrder(t, own, service)
	}
	require.Equal(t, false, m.named(t, targetGroupToken, "portico-lb").Inputs["proxyProtocolV2"])
	require.Equal(t, true, m.named(t, targetGroupToken, "portico-lbp").Inputs["proxyProtocolV2"])

	listener := m.named(t, listenerToken, "portico-lb-https")
	require.Equal(t, forwardsTo("portico-lbp"), listener.Inputs["defaultActions"])
	requireOrder(t, service, listener)
	require.NotContains(t, service.Dependencies, listener.URN)
	requireOrder(t, listener, m.named(t, "aws:lb/listenerCertificate:ListenerCertificate", "portico-lb-two"))

	before := (&monitor{}).deploy(t, serviceBehind(func(a *LoadBalancerArgs) { a.Type, a.ProxyProtocol = NetworkLoadBalancer, ProxyProtocolOff }, nil))
	after := (&monitor{}).deploy(t, serviceBehind(func(a *LoadBalancerArgs) { a.Type = NetworkLoadBalancer }, nil))
	require.Equal(t, before.only(t, listenerToken).URN, listener.URN, "the listener is turned, not replaced")
	require.Equal(t, after.only(t, listenerToken).URN, listener.URN)
	require.Equal(t, before.only(t, targetGroupToken).URN, m.named(t, targetGroupToken, "portico-lb").URN)
	require.Equal(t, after.only(t, targetGroupToken).URN, m.named(t, targetGroupToken, "portico-lbp").URN)
	require.Equal(t, after.only(t, taskDefinitionToken).Inputs, m.only(t, taskDefinitionToken).Inputs)
}

// TestTheListenerStaysWhereTheServiceWasRolledBack fails the deployment that is to
// make the new target group's targets healthy.
func TestTheListenerStaysWhereTheServiceWasRolledBack(t *testing.T) {
	m := &monitor{answers: map[string]func(map[string]any) (map[string]any, error){
		"aws:ecs/getService:getService": func(map[string]any) (map[string]any, error) {
			return map[string]any{"taskDefinition": "arn:aws:ecs:us-east-1:111111111111:task-definition/portico:1"}, nil
		},
	}}
	err := m.run(serviceBehind(func(a *LoadBalancerArgs) { a.Type, a.ProxyProtocol = NetworkLoadBalancer, ProxyProtocolTurningOn }, nil))
	var rollback *RollbackError
	require.ErrorAs(t, err, &rollback)
	require.ElementsMatch(t, []string{"portico-lb-8443", "portico-lb-8444"}, m.names(listenerToken))
}

func TestOnlyAListenerThatWaitsComesAfterTheService(t *testing.T) {
	err := (&monitor{}).run(func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		balancer, err := NewLoadBalancer(ctx, "portico-lb", balancerArgs(), opts)
		if err != nil {
			return err
		}
		return balancer.ListenAfter(nil)
	})
	require.ErrorContains(t, err, "call ListenAfter only with ProxyProtocolTurningOn or ProxyProtocolTurningOff")
}

func TestWithoutAProxyTheLoadBalancerAnswers404(t *testing.T) {
	m := balancer(t, func(a *LoadBalancerArgs) {
		a.Proxy, a.DeletionProtection, a.SSLPolicy = false, true, "ELBSecurityPolicy-TLS13-1-3-2021-06"
	})
	require.Empty(t, m.of(targetGroupToken))
	require.Equal(t, true, m.only(t, balancerToken).Inputs["enableDeletionProtection"])
	listener := m.only(t, listenerToken)
	require.Equal(t, "ELBSecurityPolicy-TLS13-1-3-2021-06", listener.Inputs["sslPolicy"])
	action := listener.Inputs["defaultActions"].([]any)[0].(map[string]any)
	require.Equal(t, []any{"fixed-response", "404"}, []any{action["type"], action["fixedResponse"].(map[string]any)["statusCode"]})
}

func TestALoadBalancerThatAWSWouldRefuse(t *testing.T) {
	refused := func(name string, change func(*LoadBalancerArgs), arguments ...string) {
		m := &monitor{}
		err := m.run(func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
			args := balancerArgs()
			change(args)
			_, err := NewLoadBalancer(ctx, name, args, opts)
			return err
		})
		requireArguments(t, m, err, arguments...)
	}
	refused("portico-lb", func(a *LoadBalancerArgs) { a.Certificates = nil }, "Certificates")
	refused("portico-lb", func(a *LoadBalancerArgs) { *a = LoadBalancerArgs{} }, "Type", "VPCID", "SubnetIDs", "SecurityGroupID", "Certificates")
	refused("portico-lb", func(a *LoadBalancerArgs) { a.Type, a.Proxy = NetworkLoadBalancer, false }, "Proxy")
	refused(strings.Repeat("x", MaxLoadBalancerName+1), func(*LoadBalancerArgs) {}, "name")
	refused(strings.Repeat("x", MaxLoadBalancerName), func(a *LoadBalancerArgs) { a.Type = NetworkLoadBalancer }, "name")
	refused("internal-lb", func(*LoadBalancerArgs) {}, "name")
	require.NoError(t, (&monitor{}).run(func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		_, err := NewLoadBalancer(ctx, strings.Repeat("x", MaxLoadBalancerName), balancerArgs(), opts)
		return err
	}))
}
