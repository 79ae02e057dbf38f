package components

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// DashboardMetrics names the metrics of the proxy's log: see [LogMetrics]. All but
// Sampled are required.
type DashboardMetrics struct {
	// Namespace is the metrics' namespace.
	Namespace string
	// Requests counts requests.
	Requests string
	// ProxyClientErrors and ProxyServerErrors count the proxy's own answers of 400 to 499
	// and of 500 or more, APIClientErrors and APIServerErrors those of the APIs.
	ProxyClientErrors, ProxyServerErrors, APIClientErrors, APIServerErrors string
	// Latency is the seconds of requests.
	Latency string
	// LogGroupName is the log that the metrics are made of.
	LogGroupName pulumi.StringInput
	// Sampled says that lines of the log have a field weight, how many requests each
	// stands for. Default: false.
	Sampled bool
}

// hostFigures are what a query of the log shows of a host. Of a sampled log the slowest
// request is known, which always has a line, and no percentile beside the others.
func (m *DashboardMetrics) hostFigures() string {
	if m.Sampled {
		return "sum(weight) as requests, sum(status >= 500) as errors, max(seconds) as slowest"
	}
	return "count(*) as requests, sum(status >= 500) as errors, pct(seconds, 99) as p99"
}

// DashboardArgs describes the dashboard of the proxy.
type DashboardArgs struct {
	// Metrics are those of the proxy's log. Required.
	Metrics DashboardMetrics
	// Service is the proxy's service. Required.
	Service *Service
	// Balancers are the load balancers that lead to the proxy, by the ends of their names.
	// Required: 1 to 5.
	Balancers map[string]*LoadBalancer
	// BalancerType is that of the load balancers. Required: ApplicationLoadBalancer or
	// NetworkLoadBalancer.
	BalancerType string
	// EndpointID is the ID of the execute-api endpoint. Required.
	EndpointID pulumi.StringInput
	// Region is the AWS region's code. Required.
	Region string
	// VPCID is the endpoint's VPC. Required.
	VPCID pulumi.StringInput
}

func (a *DashboardArgs) check(name string) error {
	m := arguments{component: "Dashboard", name: name}
	for member, value := range map[string]string{
		"Namespace": a.Metrics.Namespace, "Requests": a.Metrics.Requests, "ProxyClientErrors": a.Metrics.ProxyClientErrors, "ProxyServerErrors": a.Metrics.ProxyServerErrors,
		"APIClientErrors": a.Metrics.APIClientErrors, "APIServerErrors": a.Metrics.APIServerErrors, "Latency": a.Metrics.Latency,
	} {
		m.given(value != "", "Metrics."+member)
	}
	m.given(a.Metrics.LogGroupName != nil, "Metrics.LogGroupName")
	m.given(a.Service != nil, "Service")
	m.balancers(a.Balancers, a.BalancerType, "of a service")
	m.given(a.EndpointID != nil, "EndpointID")
	m.given(a.Region != "", "Region")
	m.given(a.VPCID != nil, "VPCID")
	return m.err()
}

// Dashboard is a dashboard of CloudWatch's about the proxy. It belongs to the account and
// not to a region, and has no tags.
type Dashboard struct {
	pulumi.ResourceState
	children

	// DashboardName is the dashboard's name.
	DashboardName pulumi.StringOutput
}

// NewDashboard creates the dashboard, named by the component's name and the region.
func NewDashboard(ctx *pulumi.Context, name string, args *DashboardArgs, opts ...pulumi.ResourceOption) (*Dashboard, error) {
	if err := args.check(name); err != nil {
		return nil, err
	}
	d := &Dashboard{}
	if err := register(ctx, "Dashboard", name, d, opts); err != nil {
		return nil, err
	}
	board, err := cloudwatch.NewDashboard(ctx, name+"-dashboard", &cloudwatch.DashboardArgs{
		DashboardName: pulumi.String(name + "-" + args.Region),
		DashboardBody: pulumi.JSONMarshal(pulumi.Map{"widgets": args.widgets(name)}),
	}, pulumi.Parent(d))
	if err != nil {
		return nil, fmt.Errorf("create the dashboard: %w", err)
	}
	d.DashboardName = board.DashboardName
	if err := complete(ctx, "Dashboard", name, d, pulumi.Map{"dashboardName": d.DashboardName}); err != nil {
		return nil, err
	}
	return d, nil
}

// The sizes of widgets: two rows of three on the grid's 24 columns, below a text and above
// the hosts.
const (
	columnWidth = 8
	rowHeight   = 6
	textHeight  = 2
)

// line is a metric as a widget shows it.
type line struct {
	namespace, name, statistic, label string
	dimensions                        pulumi.StringMap
}

// widgets are what the dashboard shows, from above: what clients see, what the proxy is
// made of, and the hosts.
func (a *DashboardArgs) widgets(name string) pulumi.Array {
	of := func(metric, statistic, label string) line {
		return line{a.Metrics.Namespace, metric, statistic, label, nil}
	}
	service := pulumi.StringMap{"ClusterName": a.Service.Cluster, "ServiceName": a.Service.Name}
	endpoint := pulumi.StringMap{
		"Endpoint Type": pulumi.String("Interface"), "Service Name": pulumi.String(endpointService(a.Region, "execute-api")), "VPC Endpoint Id": a.EndpointID, "VPC Id": a.VPCID,
	}
	var health []line
	arrived := []line{of(a.Metrics.Requests, "Sum", "requests by the log")}
	for _, suffix := range slices.Sorted(maps.Keys(a.Balancers)) {
		balancer, namespace := a.Balancers[suffix], balancerNamespaces[a.BalancerType]
		health = append(health,
			line{namespace, "HealthyHostCount", "Minimum", "healthy" + suffix, ofTargets(balancer)},
			line{namespace, "UnHealthyHostCount", "Maximum", "unhealthy" + suffix, ofTargets(balancer)})
		arrived = append(arrived, line{namespace, arrivals[a.BalancerType], "Sum", "passed by the load balancer" + suffix, ofBalancer(balancer)})
	}
	about := fmt.Sprintf("**%s**: the proxy of the custom domains, in %s. Portico made this dashboard: `portico up` replaces what is changed here.", name, a.Region)
	return pulumi.Array{
		placed("text", 0, 0, 3*columnWidth, textHeight, pulumi.Map{"markdown": pulumi.String(about)}),
		a.graph(0, 0, "Requests a minute", of(a.Metrics.Requests, "Sum", "requests")),
		a.graph(1, 0, "Errors a minute", of(a.Metrics.ProxyServerErrors, "Sum", "proxy 5xx"), of(a.Metrics.APIServerErrors, "Sum", "API 5xx"),
			of(a.Metrics.ProxyClientErrors, "Sum", "proxy 4xx"), of(a.Metrics.APIClientErrors, "Sum", "API 4xx")),
		a.graph(2, 0, "Seconds of requests", of(a.Metrics.Latency, "p50", "p50"), of(a.Metrics.Latency, "p99", "p99")),
		a.graph(0, 1, "Tasks in the load balancer", health...),
		a.graph(1, 1, "Use of the tasks, %", line{"AWS/ECS", "CPUUtilization", "Average", "CPU", service}, line{"AWS/ECS", "MemoryUtilization", "Average", "memory", service}),
		a.graph(2, 1, "Requests by the log, and what should be in it", arrived...),
		a.graph(0, 2, "Packets that the execute-api endpoint drops", line{"AWS/PrivateLinkEndpoints", "PacketsDropped", "Sum", "dropped", endpoint}),
		placed("log", columnWidth, textHeight+2*rowHeight, 2*columnWidth, rowHeight, pulumi.Map{
			"region": pulumi.String(a.Region), "title": pulumi.String("Hosts with most requests"), "view": pulumi.String("table"),
			"query": pulumi.Sprintf("SOURCE '%s' | filter ispresent(status) | stats %s by host | sort requests desc | limit 20", a.Metrics.LogGroupName, a.Metrics.hostFigures()),
		}),
	}
}

// placed is a widget at a place of the grid.
func placed(kind string, x, y, width, height int, properties pulumi.Map) pulumi.Map {
	return pulumi.Map{
		"type": pulumi.String(kind), "x": pulumi.Int(x), "y": pulumi.Int(y), "width": pulumi.Int(width), "height": pulumi.Int(height), "properties": properties,
	}
}

// graph is a widget of metrics, in a column and a row.
func (a *DashboardArgs) graph(column, row int, title string, lines ...line) pulumi.Map {
	var metrics pulumi.Array
	for _, l := range lines {
		metric := pulumi.Array{pulumi.String(l.namespace), pulumi.String(l.name)}
		for _, dimension := range slices.Sorted(maps.Keys(l.dimensions)) {
			metric = append(metric, pulumi.String(dimension), l.dimensions[dimension])
		}
		metrics = append(metrics, append(metric, pulumi.Map{"stat": pulumi.String(l.statistic), "label": pulumi.String(l.label)}))
	}
	return placed("metric", column*columnWidth, textHeight+row*rowHeight, columnWidth, rowHeight, pulumi.Map{
		"region": pulumi.String(a.Region), "title": pulumi.String(title), "view": pulumi.String("timeSeries"), "period": pulumi.Int(60),
		"yAxis": pulumi.Map{"left": pulumi.Map{"min": pulumi.Int(0)}}, "metrics": metrics,
	})
}
