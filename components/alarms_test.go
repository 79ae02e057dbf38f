package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// CloudWatch names a load balancer and a target group by the ends of their ARNs:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
func TestMetricsNameTheLoadBalancerByTheEndOfItsARN(t *testing.T) {
	for arn, want := range map[string]string{
		"arn:aws:elasticloadbalancing:us-east-1:111111111111:loadbalancer/app/portico-dev-lb-1a2b3c4/50dc6c495c0c9188": "app/portico-dev-lb-1a2b3c4/50dc6c495c0c9188",
		"arn:aws-cn:elasticloadbalancing:cn-north-1:111111111111:loadbalancer/net/lb/50dc6c495c0c9188":                 "net/lb/50dc6c495c0c9188",
	} {
		require.Equal(t, want, balancerDimension(arn))
	}
}

func TestAlarmsAskForWhatTheyWatch(t *testing.T) {
	err := (&monitor{}).run(func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		_, err := NewAlarms(ctx, "portico", &AlarmsArgs{MinTasks: 2, MaxTasks: 1, CPUPercent: 101, LogPercent: 101, BalancerType: "GLB"}, opts)
		return err
	})
	for _, want := range []string{
		"TopicARN", "Metrics.Namespace", "Metrics.Requests", "LogPercent: 101", "Service", "MaxTasks: 1 is less than MinTasks, 2",
		"CPUPercent: 101", "MemoryPercent: 0", "Balancers", `BalancerType: "GLB" is unknown`, "EndpointID", "Region", "VPCID",
	} {
		require.ErrorContains(t, err, want)
	}
}

func TestDeploymentAlarmsAskForWhatTheyWatch(t *testing.T) {
	err := (&monitor{}).run(func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		_, err := NewDeploymentAlarms(ctx, "portico", &DeploymentAlarmsArgs{BalancerType: "GLB"}, opts)
		return err
	})
	for _, want := range []string{"Metrics.Namespace", "Metrics.Requests", "Metrics.ServerErrors", "Balancers", `BalancerType: "GLB" is unknown`} {
		require.ErrorContains(t, err, want)
	}
}

func TestTheMeaningOfADeploymentAlarmIsFoundByItsName(t *testing.T) {
	require.Contains(t, MeaningOfDeploymentAlarm("portico-dev-proxy-5xx-0a1b2c3"), "500 or more by the proxy itself")
	require.Contains(t, MeaningOfDeploymentAlarm("portico-dev-unhealthy-targets2-0a1b2c3"), "fails the load balancer's health checks")
	require.Empty(t, MeaningOfDeploymentAlarm("portico-dev-healthy-targets-0a1b2c3"))
}

func TestADashboardAsksForWhatItShows(t *testing.T) {
	err := (&monitor{}).run(func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		_, err := NewDashboard(ctx, "portico", &DashboardArgs{BalancerType: "GLB"}, opts)
		return err
	})
	for _, want := range []string{
		"Metrics.Namespace", "Metrics.Requests", "Metrics.ProxyClientErrors", "Metrics.ProxyServerErrors", "Metrics.APIClientErrors", "Metrics.APIServerErrors",
		"Metrics.Latency", "Metrics.LogGroupName", "Service", "Balancers", `BalancerType: "GLB" is unknown`, "EndpointID", "Region", "VPCID",
	} {
		require.ErrorContains(t, err, want)
	}
}
