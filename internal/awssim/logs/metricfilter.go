package logs

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/filterpattern"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// Units are those of CloudWatch's metrics.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
var Units = []string{
	"Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes",
	"Bits", "Kilobits", "Megabits", "Gigabits", "Terabits", "Percent", "Count",
	"Bytes/Second", "Kilobytes/Second", "Megabytes/Second", "Gigabytes/Second", "Terabytes/Second",
	"Bits/Second", "Kilobits/Second", "Megabits/Second", "Gigabits/Second", "Terabits/Second", "Count/Second", "None",
}

// metricFilter has at most three dimensions, and no default value beside them.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_MetricTransformation.html
func metricFilter() *engine.Type {
	const transformation = "metricTransformation"
	metricName := engine.Pattern(`[^:*$]{1,255}`, "1 to 255 characters without :, * and $")
	return &engine.Type{
		Token: view.MetricFilterType, Title: "CloudWatch Logs Metric Filter", Args: cloudwatch.LogMetricFilterArgs{}, State: cloudwatch.LogMetricFilter{},
		ID:      "{name}",
		Upserts: engine.Always,
		Properties: engine.Properties{
			"logGroupName":                   {engine.ForceNew, engine.Refers{To: view.LogGroupType, Key: "name", Code: "ResourceNotFoundException", Holds: engine.Cascades}},
			"name":                           {engine.Autonamed(512), engine.ForceNew, engine.Pattern(`[^:*]{1,512}`, "1 to 512 characters without : and *")},
			"pattern":                        {engine.Required, engine.Parsed(filterpattern.Parse)},
			transformation:                   {engine.Required},
			transformation + ".name":         {metricName},
			transformation + ".namespace":    {metricName},
			transformation + ".value":        {engine.Length(1, 100), engine.Parsed(parseValue)},
			transformation + ".defaultValue": {engine.Parsed(parseNumber), engine.ConflictsWith("dimensions")},
			transformation + ".dimensions":   {engine.Value(dimensions)},
			transformation + ".unit":         {engine.Otherwise("None"), engine.OneOf(Units...)},
		},

		Quota:  engine.Quota{Name: "Metric filters per log group", Limit: 100, Per: "logGroupName", Code: "LimitExceededException"},
		Create: []string{"logs:PutMetricFilter", "logs:DescribeMetricFilters"},
		Read:   []string{"logs:DescribeMetricFilters"},
		Update: []string{"logs:PutMetricFilter"},
		Delete: []string{"logs:DeleteMetricFilter"},
	}
}

// dimensions are read from fields of the event.
func dimensions(v any) string {
	all := engine.AsObject(v)
	if len(all) > 3 {
		return fmt.Sprintf("has %d dimensions; CloudWatch Logs takes 3", len(all))
	}
	for _, name := range all.SortedNames() {
		if _, err := filterpattern.ParseSelector(all.Text(name)); err != nil {
			return fmt.Sprintf("dimension %s: %v", name, err)
		}
	}
	return ""
}

func parseNumber(text string) (float64, error) {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no number", text)
	}
	return n, nil
}

// metricValue is what an event adds to a metric: a number, or what a selector leads to.
type metricValue struct {
	number   float64
	selector filterpattern.Selector
}

func parseValue(text string) (metricValue, error) {
	if strings.HasPrefix(text, "$") {
		selector, err := filterpattern.ParseSelector(text)
		return metricValue{selector: selector}, err
	}
	n, err := parseNumber(text)
	if err != nil {
		return metricValue{}, fmt.Errorf("%q is neither a number nor a selector", text)
	}
	return metricValue{number: n}, nil
}

// Event is a line of a log.
type Event struct {
	Time    time.Time
	Message string
}

// Datum is a value of a metric.
type Datum struct {
	Namespace, Name string
	Dimensions      map[string]string
	Time            time.Time
	Value           float64
	Unit            string
}

// Extract are the values of metrics that the filters of a log group make of events. An
// event that doesn't match adds the default value, where a filter has one; one whose
// value is no number adds nothing.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html
func Extract(filters []view.MetricFilter, events []Event) ([]Datum, error) {
	parsed := make([]func(Event, map[string]any) (Datum, bool), len(filters))
	var wrong []error
	for i, filter := range filters {
		var err error
		if parsed[i], err = extractor(filter.Pattern, filter.Transformation); err != nil {
			wrong = append(wrong, fmt.Errorf("read metric filter %s: %w", filter.ID, err))
		}
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	var data []Datum
	for _, event := range events {
		fields := filterpattern.Event(event.Message)
		for _, extract := range parsed {
			if datum, some := extract(event, fields); some {
				data = append(data, datum)
			}
		}
	}
	return data, nil
}

func extractor(text string, t view.MetricTransformation) (func(Event, map[string]any) (Datum, bool), error) {
	pattern, err := filterpattern.Parse(text)
	if err != nil {
		return nil, err
	}
	value, err := parseValue(t.Value)
	if err != nil {
		return nil, err
	}
	selectors := map[string]filterpattern.Selector{}
	for name, selector := range t.Dimensions {
		if selectors[name], err = filterpattern.ParseSelector(selector); err != nil {
			return nil, err
		}
	}
	byDefault, err := parseNumber(t.DefaultValue)
	hasDefault := err == nil
	return func(event Event, fields map[string]any) (Datum, bool) {
		datum := Datum{Namespace: t.Namespace, Name: t.Name, Time: event.Time, Value: byDefault, Unit: t.Unit}
		if !pattern.Matches(fields) {
			return datum, hasDefault
		}
		if datum.Value = value.number; value.selector != nil {
			n, isNumber := value.selector.Number(fields)
			if !isNumber {
				return datum, false
			}
			datum.Value = n
		}
		for name, selector := range selectors {
			field, _ := selector.In(fields)
			if datum.Dimensions == nil {
				datum.Dimensions = map[string]string{}
			}
			datum.Dimensions[name] = fmt.Sprint(field)
		}
		return datum, true
	}, nil
}

// FiltersOf are the metric filters of a log group.
func FiltersOf(accounts view.Reader, account, region, group string) []view.MetricFilter {
	all := view.All[view.MetricFilter](accounts, engine.Filter{Account: account, Region: region})
	return slices.DeleteFunc(all, func(f view.MetricFilter) bool { return f.LogGroupName != group })
}
