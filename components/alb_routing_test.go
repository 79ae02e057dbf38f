package components

import (
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const (
	ruleToken       = "aws:lb/listenerRule:ListenerRule"
	attachmentToken = "aws:lb/targetGroupAttachment:TargetGroupAttachment"
)

// albRouting runs a routing of those hosts, with a proxy behind the load balancer.
func albRouting(t *testing.T, toAPIGateway, toProxy []string) *monitor {
	t.Helper()
	return (&monitor{}).deploy(t, func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		endpoint, err := NewExecuteAPIEndpoint(ctx, "p-alb", &ExecuteAPIEndpointArgs{
			Region: "us-east-1", VPCID: pulumi.String("vpc-1"), SubnetIDs: inputs("subnet-1", "subnet-2"),
			Addresses: []string{"10.0.0.17", "10.0.32.17"}, Tags: tags,
		}, opts)
		if err != nil {
			return err
		}
		args := &ALBRoutingArgs{
			VPCID: pulumi.String("vpc-1"), Endpoint: endpoint, HostsToAPIGateway: toAPIGateway, HostsToProxy: toProxy,
			LongestTimeout: 29 * time.Second, Tags: tags,
		}
		if args.LoadBalancer, err = NewLoadBalancer(ctx, "p-lb", balancerArgs(), opts); err != nil {
			return err
		}
		args.Proxy = &Service{}
		if err := register(ctx, "Service", "proxy", args.Proxy, nil); err != nil {
			return err
		}
		if _, err := newPrerequisite(ctx, "tasks", pulumi.Parent(args.Proxy)); err != nil {
			return err
		}
		_, err = NewALBRouting(ctx, "p-api", args, opts)
		return err
	})
}

func TestHostsAreForwardedToTheEndpointsAddresses(t *testing.T) {
	m := albRouting(t, []string{"a.example.com", "b.example.com"}, []string{"c.example.com"})
	group := m.named(t, targetGroupToken, "p-api")
	require.Equal(t, []any{"ip", 443.0, "HTTPS", 39.0},
		[]any{group.Inputs["targetType"], group.Inputs["port"], group.Inputs["protocol"], group.Inputs["deregistrationDelay"]})
	require.Equal(t, "200,403", group.Inputs["healthCheck"].(map[string]any)["matcher"], "API Gateway answers the check's Host with 403")

	attachments := m.of(attachmentToken)
	require.Len(t, attachments, 2)
	require.Equal(t, []any{"10.0.0.17", "10.0.32.17"}, []any{attachments[0].Inputs["targetId"], attachments[1].Inputs["targetId"]})

	groups := map[string]any{}
	for _, rule := range m.of(ruleToken) {
		require.Equal(t, arnOf(listenerToken, "p-lb-https"), rule.Inputs["listenerArn"])
		host := rule.Inputs["conditions"].([]any)[0].(map[string]any)["hostHeader"].(map[string]any)["values"].([]any)
		require.Len(t, host, 1)
		groups[host[0].(string)] = rule.Inputs["actions"].([]any)[0].(map[string]any)["targetGroupArn"]
		for _, target := range attachments {
			requireOrder(t, target, rule)
		}
	}
	toAPI, toProxy := arnOf(targetGroupToken, "p-api"), arnOf(targetGroupToken, "p-lb")
	require.Equal(t, map[string]any{"a.example.com": toAPI, "b.example.com": toAPI, "c.example.com": toProxy}, groups)
	requireOrder(t, m.named(t, prerequisiteToken, "tasks"), m.named(t, ruleToken, "p-api-c.example.com"))
}

func TestAPlaceholderHasTheTargetsHealthCheckedUntilThereIsAHost(t *testing.T) {
	rule := albRouting(t, nil, nil).only(t, ruleToken)
	require.Equal(t, []any{map[string]any{"hostHeader": map[string]any{"values": []any{"portico.invalid"}}}}, rule.Inputs["conditions"])
	require.Equal(t, arnOf(targetGroupToken, "p-api"), rule.Inputs["actions"].([]any)[0].(map[string]any)["targetGroupArn"])
}

func TestARoutingSaysEachArgumentThatItLacks(t *testing.T) {
	m := &monitor{}
	err := m.run(func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		_, err := NewALBRouting(ctx, "p", &ALBRoutingArgs{HostsToProxy: []string{"a.example.com"}}, opts)
		return err
	})
	requireArguments(t, m, err, "LoadBalancer", "VPCID", "Endpoint", "Proxy")

	m = &monitor{}
	err = m.run(func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		_, err := NewALBRouting(ctx, "p", &ALBRoutingArgs{
			LoadBalancer: &LoadBalancer{}, VPCID: pulumi.String("vpc-1"), Endpoint: &ExecuteAPIEndpoint{}, Proxy: &Service{}, HostsToProxy: []string{"a.example.com"},
		}, opts)
		return err
	})
	requireArguments(t, m, err, "HostsToProxy")
}
