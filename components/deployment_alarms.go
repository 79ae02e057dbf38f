package components

import (
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ProxyMetrics names the metrics of the proxy's log that alarms read, and where they
// are: see [LogMetrics].
type ProxyMetrics struct {
	// Namespace is the metrics' namespace. Required.
	Namespace string
	// Requests is the metric that counts requests. Required.
	Requests string
	// ServerErrors is the metric that counts the proxy's own answers of 500 or more.
	// Required.
	ServerErrors string
}

// DeploymentAlarmsArgs describes the alarms that take a deployment of the proxy back.
type DeploymentAlarmsArgs struct {
	// TopicARN is the ARN of the Amazon SNS topic that is told when an alarm begins
	// and when it ends. It is in the alarms' region. Default: none is told.
	TopicARN string
	// Metrics are those of the proxy's log. Required.
	Metrics ProxyMetrics
	// Balancers are the load balancers that lead to the proxy, by the ends of the
	// alarms' names. Required: 1 to 5.
	Balancers map[string]*LoadBalancer
	// BalancerType is that of the load balancers. Required: ApplicationLoadBalancer or
	// NetworkLoadBalancer.
	BalancerType string
	// Tags are those of the alarms.
	Tags Tags
}

func (a *DeploymentAlarmsArgs) check(name string) error {
	m := arguments{component: "DeploymentAlarms", name: name}
	m.given(a.Metrics.Namespace != "", "Metrics.Namespace")
	m.given(a.Metrics.Requests != "", "Metrics.Requests")
	m.given(a.Metrics.ServerErrors != "", "Metrics.ServerErrors")
	m.balancers(a.Balancers, a.BalancerType, "that alarms can read")
	return m.err()
}

// DeploymentAlarms are the alarms by which ECS takes a deployment of the proxy back: on
// answers of 500 or more that the proxy gives by itself, which the target groups' own
// metrics don't tell from the APIs', and on tasks that fail health checks. They exist
// before the service.
type DeploymentAlarms struct {
	pulumi.ResourceState
	children

	// Names are the alarms' names in CloudWatch.
	Names []pulumi.StringInput
}

// NewDeploymentAlarms creates the alarms.
func NewDeploymentAlarms(ctx *pulumi.Context, name string, args *DeploymentAlarmsArgs, opts ...pulumi.ResourceOption) (*DeploymentAlarms, error) {
	if err := args.check(name); err != nil {
		return nil, err
	}
	alarms := &DeploymentAlarms{}
	if err := register(ctx, "DeploymentAlarms", name, alarms, opts); err != nil {
		return nil, err
	}
	for _, a := range args.all() {
		created, err := a.create(ctx, name, args.TopicARN, args.Tags, alarms)
		if err != nil {
			return nil, err
		}
		alarms.Names = append(alarms.Names, created.Name)
	}
	if err := complete(ctx, "DeploymentAlarms", name, alarms, pulumi.Map{}); err != nil {
		return nil, err
	}
	return alarms, nil
}

// What the alarms of deployments say of themselves, by the beginnings of their names.
var deploymentAlarms = map[string]string{
	proxyErrors:      "More than 5 % of the requests, and at least 5 a minute, are answered 500 or more by the proxy itself: APIs can't be reached, or exceed their timeouts.",
	unhealthyTargets: "A task of the proxy fails the load balancer's health checks.",
}

const (
	proxyErrors      = "proxy-5xx"
	unhealthyTargets = "unhealthy-targets"
)

// MeaningOfDeploymentAlarm is what an alarm of [DeploymentAlarms] says of itself, by its
// name in CloudWatch; empty: it is another alarm.
func MeaningOfDeploymentAlarm(name string) string {
	for beginning, meaning := range deploymentAlarms {
		if strings.Contains(name, "-"+beginning) {
			return meaning
		}
	}
	return ""
}

// all are the alarms.
func (a *DeploymentAlarmsArgs) all() []alarm {
	of := func(name string) metric { return metric{a.Metrics.Namespace, name, "Sum", nil} }
	all := []alarm{{
		name: proxyErrors, description: deploymentAlarms[proxyErrors],
		expression: "IF(FILL(errors, 0) >= 5, 100 * errors / requests, 0)",
		metrics:    map[string]metric{"errors": of(a.Metrics.ServerErrors), "requests": of(a.Metrics.Requests)},
		period:     60, breaches: 2, periods: 3, comparison: above, threshold: 5, missing: isFine,
	}}
	for _, suffix := range slices.Sorted(maps.Keys(a.Balancers)) {
		all = append(all, alarm{
			name: unhealthyTargets + suffix, description: deploymentAlarms[unhealthyTargets],
			metrics: map[string]metric{"unhealthy": {balancerNamespaces[a.BalancerType], "UnHealthyHostCount", "Maximum", ofTargets(a.Balancers[suffix])}},
			period:  60, breaches: 3, periods: 3, comparison: above, threshold: 0, missing: isFine,
		})
	}
	return all
}
