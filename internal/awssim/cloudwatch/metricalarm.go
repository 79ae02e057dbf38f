package cloudwatch

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/logs"
	"github.com/portico-iac/portico/internal/awssim/metricmath"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// Service is CloudWatch's alarms and dashboards.
func Service() engine.Service {
	return engine.Service{Authorization: authorization(), Types: []*engine.Type{dashboard(), metricAlarm()}}
}

var (
	statistics = []string{"SampleCount", "Average", "Sum", "Minimum", "Maximum"}
	// extendedStatistic is the provider's own expression.
	extendedStatistic = `((p|tm|wm|tc|ts)((\d{1,2}(\.\d{1,2})?)|100)|IQM|(TM|WM|PR|TC|TS)\((\d+(\.\d+)?%?)?:(\d+(\.\d+)?%?)?\))`
	byQueries         = engine.Given("metricQueries")
)

// metricAlarm is about one metric or about the result of queries.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
func metricAlarm() *engine.Type {
	return &engine.Type{
		Token: view.MetricAlarmType, Title: "CloudWatch Metric Alarm", Args: cloudwatch.MetricAlarmArgs{}, State: cloudwatch.MetricAlarm{},
		ID: "{name}", ARN: "arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}",
		Upserts: engine.Always,
		Properties: engine.Properties{
			"actionsEnabled":            {engine.Default(true)},
			"alarmActions":              {engine.Set, engine.Items(0, 5)},
			"alarmActions[]":            {action},
			"alarmDescription":          {engine.Length(0, 1024)},
			"comparisonOperator":        {engine.Required, engine.OneOf(comparisons...)},
			"datapointsToAlarm":         {engine.Between(1, math.MaxInt32), atMostPeriods},
			"dimensions":                {engine.ConflictsWhen(byQueries), engine.Value(dimensions)},
			"evaluationPeriods":         {engine.Required, engine.Between(1, math.MaxInt32)},
			"extendedStatistic":         {engine.ConflictsWith("statistic", "metricQueries"), engine.Pattern(extendedStatistic, "a percentile or trimmed statistic")},
			"insufficientDataActions":   {engine.Set, engine.Items(0, 5)},
			"insufficientDataActions[]": {action},
			"metricName":                {engine.ExactlyOneOf("metricQueries"), engine.Length(1, 255)},
			"metricQueries":             {engine.Set, engine.Items(0, 20)},
			"metricQueries[].id":        {engine.Required, engine.Pattern(`[a-z][A-Za-z0-9_]{0,254}`, "a lower-case letter, and letters, digits and _")},
			"metricQueries[].expression": {
				engine.ExactlyOneOf("metric"), engine.Length(1, 1024), engine.Parsed(metricmath.Parse),
			},
			"metricQueries[].label":             {engine.Length(0, 2048)},
			"metricQueries[].metric.dimensions": {engine.Value(dimensions)},
			"metricQueries[].metric.metricName": {engine.Length(1, 255)},
			"metricQueries[].metric.namespace":  {namespace},
			"metricQueries[].metric.period":     {period},
			"metricQueries[].metric.stat":       {engine.Pattern(strings.Join(statistics, "|")+"|"+extendedStatistic, "a statistic of CloudWatch's")},
			"metricQueries[].metric.unit":       {engine.OneOf(logs.Units...)},
			"metricQueries[].period":            {period},
			"name":                              {engine.Autonamed(255), engine.ForceNew, engine.Pattern(`[ -~]{1,255}`, "1 to 255 characters of ASCII")},
			"namespace":                         {engine.ConflictsWhen(byQueries), namespace},
			"okActions":                         {engine.Set, engine.Items(0, 5)},
			"okActions[]":                       {action},
			"period":                            {engine.ConflictsWhen(byQueries), period},
			"statistic":                         {engine.ConflictsWhen(byQueries), engine.OneOf(statistics...)},
			"threshold":                         {engine.ExactlyOneOf("thresholdMetricId")},
			"thresholdMetricId":                 {engine.Length(1, 255)},
			"treatMissingData":                  {engine.Default("missing"), engine.OneOf("breaching", "notBreaching", "ignore", "missing")},
			"unit":                              {engine.ConflictsWhen(byQueries), engine.OneOf(logs.Units...)},
		},
		Check: checkAlarm,

		Quota:  engine.Quota{Name: "Alarms", Limit: 5000, Code: "LimitExceeded"},
		Create: []string{"cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms", "cloudwatch:TagResource"},
		Read:   []string{"cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource"},
		Update: []string{"cloudwatch:PutMetricAlarm", "cloudwatch:TagResource", "cloudwatch:UntagResource"},
		Delete: []string{"cloudwatch:DeleteAlarms"},
	}
}

var comparisons = []string{
	"GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold",
	"LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold",
}

var (
	action        = engine.Pattern(`arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12})?:.{1,900}`, "an ARN of at most 1,024 characters")
	namespace     = engine.Pattern(`[^:].{0,254}`, "1 to 255 characters that don't begin with a colon")
	atMostPeriods = engine.AtMostUnless("evaluationPeriods", engine.Condition{})
)

// period is in seconds. Those below a minute are for metrics of high resolution.
var period engine.Value = func(v any) string {
	f, _ := v.(float64)
	if n := int(f); float64(n) == f && n > 0 && (n%60 == 0 || slices.Contains([]int{10, 20, 30}, n)) {
		return ""
	}
	return fmt.Sprintf("%v is neither 10, 20 or 30 seconds nor minutes", f)
}

// dimensionText is the grammar of a dimension's name and value.
var dimensionText = regexp.MustCompile(`^ *[!-9;-~][ -~]*$`)

// dimensions are at most 30.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html
func dimensions(v any) string {
	all := engine.AsObject(v)
	if len(all) > 30 {
		return fmt.Sprintf("has %d dimensions; CloudWatch takes 30", len(all))
	}
	for _, name := range all.SortedNames() {
		if n := len(all.Text(name)); n < 1 || n > 1024 || len(name) < 1 || len(name) > 255 {
			return fmt.Sprintf("dimension %q has a name of %d and a value of %d characters; CloudWatch takes 1 to 255 and 1 to 1024", name, len(name), n)
		}
		for _, text := range []string{name, all.Text(name)} {
			if !dimensionText.MatchString(text) {
				return fmt.Sprintf("dimension %q has %q, which is blank, begins with a colon or is not of printable ASCII characters", name, text)
			}
		}
	}
	return ""
}

// checkAlarm holds an alarm to what concerns several of its properties.
func checkAlarm(inputs engine.Object) []engine.Problem {
	var wrong []engine.Problem
	complain := func(property, format string, args ...any) {
		wrong = append(wrong, engine.Problem{Property: property, Reason: fmt.Sprintf(format, args...)})
	}
	seconds := inputs.Number("period")
	queries := inputs.Objects("metricQueries")
	ids, returned, metrics := map[string]bool{}, 0, 0
	for _, query := range queries {
		if ids[query.Text("id")] {
			complain("metricQueries", "two queries have the ID %s", query.Text("id"))
		}
		ids[query.Text("id")] = true
		if query.Flag("returnData") {
			returned++
		}
		metric := query.Object("metric")
		if metric == nil {
			continue
		}
		metrics++
		if own := metric.Number("period"); seconds == 0 || own == seconds {
			seconds = own
		} else {
			complain("metricQueries", "the metrics have periods of %d and %d seconds; those of an alarm have one", seconds, own)
		}
	}
	if len(queries) > 0 && returned != 1 {
		complain("metricQueries", "%d queries return data; exactly one must", returned)
	}
	if metrics > 10 {
		complain("metricQueries", "has %d metrics; an alarm takes 10", metrics)
	}
	for _, query := range queries {
		expression, err := metricmath.Parse(query.Text("expression"))
		if err != nil {
			continue // its own rule says so
		}
		for _, id := range expression.IDs() {
			if !ids[id] {
				complain("metricQueries", "expression %s reads %s, which no query is", query.Text("id"), id)
			}
		}
	}
	// "no longer than seven days for alarms that use a period of one hour or longer"
	most := 86400
	if seconds >= 3600 {
		most = 7 * 86400
	}
	if whole := seconds * inputs.Number("evaluationPeriods"); whole > most {
		complain("evaluationPeriods", "periods of %d seconds make %d seconds; CloudWatch takes %d", seconds, whole, most)
	}
	if len(queries) == 0 && inputs.Known("metricName") && inputs.Has("metricName") {
		for _, name := range []string{"namespace", "period"} {
			if inputs.Known(name) && !inputs.Has(name) {
				complain(name, "is required with a metric")
			}
		}
		if inputs.Known("statistic") && inputs.Known("extendedStatistic") && !inputs.Has("statistic") && !inputs.Has("extendedStatistic") {
			complain("statistic", "one of it and extendedStatistic must be set for a metric")
		}
	}
	return wrong
}
