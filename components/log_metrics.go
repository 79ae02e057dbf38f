package components

import (
	"cmp"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// MaxLogMetrics is how many metric filters a log group may have (Amazon CloudWatch
// Logs user guide, "CloudWatch Logs quotas").
const MaxLogMetrics = 100

// LogMetric is what a filter makes of the lines of a log. Filters of one name make one
// metric together.
type LogMetric struct {
	// Name is the metric's name. Required: 1 to 255 characters without :, * and $.
	Name string
	// Filter tells the filters of a metric apart. Default: Name.
	Filter string
	// Pattern is a filter pattern of CloudWatch Logs for the lines that count.
	// Required: at most 1,024 characters.
	Pattern string
	// Value is what a line adds: a number, or a selector of a field that is one, such
	// as $.seconds. Required: at most 100 characters.
	Value string
	// Unit is a unit of CloudWatch's metrics, such as Count or Seconds. A metric with
	// the unit Count is 0 in a minute in which no line counts. Required.
	Unit string
}

func (m LogMetric) filter() string { return cmp.Or(m.Filter, m.Name) }

// LogMetricsArgs describes the metrics of a log group.
type LogMetricsArgs struct {
	// LogGroupName is the name of the log group. Required.
	LogGroupName pulumi.StringInput
	// Namespace is that of the metrics. No other log group of the account and region
	// has metrics in it. Required: 1 to 255 characters without :, * and $.
	Namespace string
	// Metrics are made of the log's lines. Required: 1 to 100, each with another filter.
	Metrics []LogMetric
}

// LogMetrics are metrics of a log group, made by metric filters. CloudWatch bills
// them as custom metrics, and nothing for the filters:
// https://aws.amazon.com/cloudwatch/pricing/.
type LogMetrics struct {
	pulumi.ResourceState
	children
}

// NewLogMetrics creates the metric filters.
func NewLogMetrics(ctx *pulumi.Context, name string, args *LogMetricsArgs, opts ...pulumi.ResourceOption) (*LogMetrics, error) {
	m := arguments{component: "LogMetrics", name: name}
	m.given(args.LogGroupName != nil, "LogGroupName")
	m.given(args.Namespace != "", "Namespace")
	m.given(len(args.Metrics) > 0, "Metrics")
	m.require(len(args.Metrics) <= MaxLogMetrics, "Metrics", fmt.Sprintf("%d exceed the %d that a log group may have", len(args.Metrics), MaxLogMetrics), "leave some out")
	named := map[string]bool{}
	for i, metric := range args.Metrics {
		m.require(!named[metric.filter()], fmt.Sprintf("Metrics[%d].Filter", i), fmt.Sprintf("%q names another filter", metric.filter()), "write another name")
		named[metric.filter()] = true
	}
	if err := m.err(); err != nil {
		return nil, err
	}
	metrics := &LogMetrics{}
	if err := register(ctx, "LogMetrics", name, metrics, opts); err != nil {
		return nil, err
	}
	for _, metric := range args.Metrics {
		transformation := cloudwatch.LogMetricFilterMetricTransformationArgs{
			Namespace: pulumi.String(args.Namespace), Name: pulumi.String(metric.Name),
			Value: pulumi.String(metric.Value), Unit: pulumi.String(metric.Unit),
		}
		if metric.Unit == "Count" {
			transformation.DefaultValue = pulumi.String("0")
		}
		_, err := cloudwatch.NewLogMetricFilter(ctx, name+"-"+metric.filter(), &cloudwatch.LogMetricFilterArgs{
			LogGroupName: args.LogGroupName, Pattern: pulumi.String(metric.Pattern), MetricTransformation: transformation,
		}, pulumi.Parent(metrics))
		if err != nil {
			return nil, fmt.Errorf("create metric filter %s: %w", metric.filter(), err)
		}
	}
	if err := complete(ctx, "LogMetrics", name, metrics, pulumi.Map{}); err != nil {
		return nil, err
	}
	return metrics, nil
}
