package components

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// AlarmsArgs describes the alarms of the proxy.
type AlarmsArgs struct {
	// TopicARN is the ARN of the Amazon SNS topic that is told when an alarm begins
	// and when it ends. It is in the alarms' region. Required.
	TopicARN string
	// Metrics are those of the proxy's log. Required: Namespace and Requests.
	Metrics ProxyMetrics
	// LogPercent is how many percent of the requests have a line in the log, at least.
	// Default: 100.
	LogPercent int
	// Service is the proxy's service. Required.
	Service *Service
	// MinTasks is the least number of tasks of the service. Required: 1 or more.
	MinTasks int
	// MaxTasks is the greatest number of tasks of the service. Required: MinTasks or
	// more.
	MaxTasks int
	// CPUPercent is the CPU use at which the service scales out, in percent. Required:
	// 1 to 100.
	CPUPercent int
	// MemoryPercent is the memory use at which the service scales out, in percent.
	// Required: 1 to 100.
	MemoryPercent int
	// Balancers are the load balancers that lead to the proxy, by the ends of the
	// alarms' names. Required: 1 to 5.
	Balancers map[string]*LoadBalancer
	// BalancerType is that of the load balancers. Required: ApplicationLoadBalancer or
	// NetworkLoadBalancer.
	BalancerType string
	// Certificates are those of the load balancers, by the ends of the alarms' names.
	// Default: none.
	Certificates map[string]pulumi.StringInput
	// EndpointID is the ID of the execute-api endpoint. Required.
	EndpointID pulumi.StringInput
	// Region is the AWS region's code. Required.
	Region string
	// VPCID is the endpoint's VPC. Required.
	VPCID pulumi.StringInput
	// Tags are those of the alarms.
	Tags Tags
}

func (a *AlarmsArgs) check(name string) error {
	m := arguments{component: "Alarms", name: name}
	m.given(a.TopicARN != "", "TopicARN")
	m.given(a.Metrics.Namespace != "", "Metrics.Namespace")
	m.given(a.Metrics.Requests != "", "Metrics.Requests")
	m.require(a.LogPercent >= 0 && a.LogPercent <= 100, "LogPercent", fmt.Sprintf("%d is no percentage", a.LogPercent), "write 1 to 100")
	m.given(a.Service != nil, "Service")
	m.require(a.MinTasks >= 1, "MinTasks", fmt.Sprintf("%d is no number of tasks", a.MinTasks), "write 1 or more")
	m.require(a.MaxTasks >= a.MinTasks, "MaxTasks", fmt.Sprintf("%d is less than MinTasks, %d", a.MaxTasks, a.MinTasks), "write MinTasks or more")
	m.require(a.CPUPercent >= 1 && a.CPUPercent <= 100, "CPUPercent", fmt.Sprintf("%d is no percentage", a.CPUPercent), "write 1 to 100")
	m.require(a.MemoryPercent >= 1 && a.MemoryPercent <= 100, "MemoryPercent", fmt.Sprintf("%d is no percentage", a.MemoryPercent), "write 1 to 100")
	m.balancers(a.Balancers, a.BalancerType, "that alarms can read")
	m.given(a.EndpointID != nil, "EndpointID")
	m.given(a.Region != "", "Region")
	m.given(a.VPCID != nil, "VPCID")
	return m.err()
}

// MaxAlarmedBalancers is how many load balancers the alarms of a proxy take. A service
// has no more target groups ([MaxTargetGroups]).
const MaxAlarmedBalancers = MaxTargetGroups

// balancers demands 1 to MaxAlarmedBalancers load balancers of a known type; limit says
// whose number that is.
func (a *arguments) balancers(balancers map[string]*LoadBalancer, balancerType, limit string) {
	a.given(len(balancers) > 0, "Balancers")
	a.require(len(balancers) <= MaxAlarmedBalancers, "Balancers", fmt.Sprintf("%d exceed the %d %s", len(balancers), MaxAlarmedBalancers, limit), "use fewer load balancers")
	a.require(balancerNamespaces[balancerType] != "", "BalancerType", fmt.Sprintf("%q is unknown", balancerType), "write ALB or NLB")
}

// Alarms are CloudWatch's alarms about the proxy, beside those that its deployments
// watch ([DeploymentAlarms]): see docs/observability.md for what each of them says, and
// what to do about it.
type Alarms struct {
	pulumi.ResourceState
	children
}

// NewAlarms creates the alarms.
func NewAlarms(ctx *pulumi.Context, name string, args *AlarmsArgs, opts ...pulumi.ResourceOption) (*Alarms, error) {
	if err := args.check(name); err != nil {
		return nil, err
	}
	alarms := &Alarms{}
	if err := register(ctx, "Alarms", name, alarms, opts); err != nil {
		return nil, err
	}
	for _, a := range args.all() {
		if _, err := a.create(ctx, name, args.TopicARN, args.Tags, alarms); err != nil {
			return nil, err
		}
	}
	if err := complete(ctx, "Alarms", name, alarms, pulumi.Map{}); err != nil {
		return nil, err
	}
	return alarms, nil
}

// alarm is an alarm on the result of an expression, or on its only metric.
type alarm struct {
	name, description string
	// expression is of metric math; empty: the alarm is about its only metric.
	expression string
	metrics    map[string]metric
	// period is in seconds.
	period int
	// breaches of periods are what it takes.
	breaches, periods int
	comparison        string
	threshold         float64
	// missing is what a period without data counts as.
	missing string
}

// metric is a metric that an alarm reads.
type metric struct {
	namespace, name, statistic string
	dimensions                 pulumi.StringMap
}

// The comparisons that alarms here use, and what periods without data count as.
const (
	above    = "GreaterThanThreshold"
	atLeast  = "GreaterThanOrEqualToThreshold"
	below    = "LessThanThreshold"
	isFine   = "notBreaching"
	isBad    = "breaching"
	asBefore = "ignore"
)

const day = 86400

// all are the alarms, in the order in which a request meets what they are about.
func (a *AlarmsArgs) all() []alarm {
	var all []alarm
	for _, suffix := range slices.Sorted(maps.Keys(a.Certificates)) {
		all = append(all, alarm{
			name: "certificate-" + suffix, description: fmt.Sprintf("A certificate of the load balancer has less than %d days left: AWS has not renewed it.", CertificateDays),
			metrics: map[string]metric{"days": {"AWS/CertificateManager", "DaysToExpiry", "Minimum", pulumi.StringMap{"CertificateArn": a.Certificates[suffix]}}},
			period:  day, breaches: 1, periods: 1, comparison: below, threshold: CertificateDays, missing: asBefore,
		})
	}
	for _, suffix := range slices.Sorted(maps.Keys(a.Balancers)) {
		all = append(all, a.balancer(suffix, a.Balancers[suffix])...)
	}
	return append(append(all, a.ofService()...), a.ofProxy()...)
}

// CertificateDays is how many days a certificate has left when the alarm about it
// begins. ACM renews its certificates earlier.
const CertificateDays = 30

// balancerNamespaces are the namespaces of load balancers' metrics, by type.
var balancerNamespaces = map[string]string{ApplicationLoadBalancer: "AWS/ApplicationELB", NetworkLoadBalancer: "AWS/NetworkELB"}

// rejected are the metrics of what a load balancer rejects, and arrivals those of what
// it passes to targets, by type.
var (
	rejected = map[string]string{ApplicationLoadBalancer: "RejectedConnectionCount", NetworkLoadBalancer: "RejectedFlowCount"}
	arrivals = map[string]string{ApplicationLoadBalancer: "RequestCount", NetworkLoadBalancer: "NewFlowCount"}
)

// ofBalancer is the dimension of a load balancer, and ofTargets that of its target
// group too.
func ofBalancer(b *LoadBalancer) pulumi.StringMap {
	return pulumi.StringMap{"LoadBalancer": b.arn.ApplyT(balancerDimension).(pulumi.StringOutput)}
}

func ofTargets(b *LoadBalancer) pulumi.StringMap {
	dimensions := ofBalancer(b)
	dimensions["TargetGroup"] = b.TargetGroupARN.ToStringOutput().ApplyT(func(arn string) string {
		return arn[strings.LastIndexByte(arn, ':')+1:]
	}).(pulumi.StringOutput)
	return dimensions
}

// balancerDimension is what CloudWatch calls a load balancer, by its ARN:
// arn:aws:elasticloadbalancing:us-east-1:111111111111:loadbalancer/app/NAME/ID.
func balancerDimension(arn string) string {
	return strings.TrimPrefix(arn[strings.LastIndexByte(arn, ':')+1:], "loadbalancer/")
}

func (a *AlarmsArgs) balancer(suffix string, b *LoadBalancer) []alarm {
	namespace := balancerNamespaces[a.BalancerType]
	return []alarm{
		{
			name: "rejected-connections" + suffix, description: "The load balancer rejects connections: it has as many as it can have.",
			metrics: map[string]metric{"rejected": {namespace, rejected[a.BalancerType], "Sum", ofBalancer(b)}},
			period:  60, breaches: 2, periods: 3, comparison: above, threshold: 0, missing: isFine,
		},
		{
			name: "healthy-targets" + suffix, description: fmt.Sprintf("The load balancer has fewer healthy tasks of the proxy than the least number, %d.", a.MinTasks),
			metrics: map[string]metric{"healthy": {namespace, "HealthyHostCount", "Minimum", ofTargets(b)}},
			period:  60, breaches: 3, periods: 3, comparison: below, threshold: float64(a.MinTasks), missing: isBad,
		},
	}
}

// ofService are the alarms about the service's scaling: it has as many tasks as it may
// have, and would need more.
func (a *AlarmsArgs) ofService() []alarm {
	service := pulumi.StringMap{"ClusterName": a.Service.Cluster, "ServiceName": a.Service.Name}
	var all []alarm
	for _, use := range []struct {
		kind, metric string
		aim          int
	}{{"cpu", "CPUUtilization", a.CPUPercent}, {"memory", "MemoryUtilization", a.MemoryPercent}} {
		all = append(all, alarm{
			name:        "tasks-at-maximum-" + use.kind,
			description: fmt.Sprintf("The service has its greatest number of tasks, %d, and they use more %s than the %d %% that scaling aims at.", a.MaxTasks, use.kind, use.aim),
			expression:  fmt.Sprintf("IF(tasks >= %d, used, 0)", a.MaxTasks),
			metrics: map[string]metric{
				"tasks": {"ECS/ContainerInsights", "RunningTaskCount", "Maximum", service},
				"used":  {"AWS/ECS", use.metric, "Average", service},
			},
			period: 60, breaches: 10, periods: 10, comparison: above, threshold: float64(use.aim), missing: isFine,
		})
	}
	return all
}

// ofProxy are the alarms about requests and what becomes of them.
func (a *AlarmsArgs) ofProxy() []alarm {
	logged := map[string]metric{"logged": {a.Metrics.Namespace, a.Metrics.Requests, "Sum", nil}}
	var sum []string
	for i, suffix := range slices.Sorted(maps.Keys(a.Balancers)) {
		id := fmt.Sprintf("requests%d", i)
		dimensions := ofTargets(a.Balancers[suffix])
		if a.BalancerType == NetworkLoadBalancer { // whose flows have no target group
			delete(dimensions, "TargetGroup")
		}
		logged[id] = metric{balancerNamespaces[a.BalancerType], arrivals[a.BalancerType], "Sum", dimensions}
		sum = append(sum, "FILL("+id+", 0)")
	}
	requests := strings.Join(sum, " + ")
	return []alarm{
		{
			name: "endpoint-errors", description: "The execute-api endpoint drops packets: it or API Gateway is unhealthy.",
			metrics: map[string]metric{"dropped": {"AWS/PrivateLinkEndpoints", "PacketsDropped", "Sum", pulumi.StringMap{
				"Endpoint Type": pulumi.String("Interface"), "Service Name": pulumi.String(endpointService(a.Region, "execute-api")), "VPC Endpoint Id": a.EndpointID, "VPC Id": a.VPCID,
			}}},
			period: 300, breaches: 3, periods: 3, comparison: above, threshold: 0, missing: isFine,
		},
		{
			name: "log-delivery", description: "The log accounts for less than half of the requests that the load balancer passes: lines are lost, or don't arrive.",
			expression: fmt.Sprintf("IF(%s >= %d, FILL(logged, 0) / (%s), 1)", requests, a.fewestLogged(), requests),
			metrics:    logged,
			period:     300, breaches: 3, periods: 3, comparison: below, threshold: 0.5, missing: isFine,
		},
	}
}

// fewestLogged is how many requests are at least 100 lines of the log on average. Fewer
// lines would vary by more than half from the number of requests.
func (a *AlarmsArgs) fewestLogged() int { return 100 * 100 / cmp.Or(a.LogPercent, 100) }

// create creates the alarm, which tells a topic when it begins and ends; empty: no one.
func (a alarm) create(ctx *pulumi.Context, name, topicARN string, tags Tags, parent pulumi.Resource) (*cloudwatch.MetricAlarm, error) {
	described := &cloudwatch.MetricAlarmArgs{
		AlarmDescription:   pulumi.String(a.description),
		ComparisonOperator: pulumi.String(a.comparison), Threshold: pulumi.Float64(a.threshold),
		EvaluationPeriods: pulumi.Int(a.periods), DatapointsToAlarm: pulumi.Int(a.breaches), TreatMissingData: pulumi.String(a.missing),
		Tags: tags.named(name + "-" + a.name),
	}
	if topicARN != "" {
		topic := pulumi.Array{pulumi.String(topicARN)}
		described.AlarmActions, described.OkActions = topic, topic
	}
	if a.expression == "" {
		for _, m := range a.metrics {
			described.Namespace, described.MetricName, described.Statistic = pulumi.String(m.namespace), pulumi.String(m.name), pulumi.String(m.statistic)
			described.Dimensions, described.Period = m.dimensions, pulumi.Int(a.period)
		}
	} else {
		described.MetricQueries = a.queries()
	}
	created, err := cloudwatch.NewMetricAlarm(ctx, name+"-"+a.name, described, pulumi.Parent(parent))
	if err != nil {
		return nil, fmt.Errorf("create alarm %s: %w", a.name, err)
	}
	return created, nil
}

// queries are the alarm's metrics, and its expression, whose result it is about.
func (a alarm) queries() cloudwatch.MetricAlarmMetricQueryArray {
	queries := cloudwatch.MetricAlarmMetricQueryArray{cloudwatch.MetricAlarmMetricQueryArgs{
		Id: pulumi.String("result"), Expression: pulumi.String(a.expression), Label: pulumi.String(a.name), ReturnData: pulumi.Bool(true),
	}}
	for _, id := range slices.Sorted(maps.Keys(a.metrics)) {
		m := a.metrics[id]
		queries = append(queries, cloudwatch.MetricAlarmMetricQueryArgs{
			Id: pulumi.String(id), ReturnData: pulumi.Bool(false),
			Metric: cloudwatch.MetricAlarmMetricQueryMetricArgs{
				Namespace: pulumi.String(m.namespace), MetricName: pulumi.String(m.name), Stat: pulumi.String(m.statistic), Period: pulumi.Int(a.period), Dimensions: m.dimensions,
			},
		})
	}
	return queries
}
