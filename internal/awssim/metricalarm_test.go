package awssim

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

func TestAlarmsAreHeldToWhatCloudWatchTakes(t *testing.T) {
	metric := func() engine.Object {
		return engine.Object{"namespace": "AWS/ECS", "metricName": "CPUUtilization", "dimensions": map[string]any{"ClusterName": "c"}, "period": 60.0, "statistic": "Average",
			"comparisonOperator": "GreaterThanThreshold", "threshold": 80.0, "evaluationPeriods": 3.0, "datapointsToAlarm": 2.0}
	}
	query := func(id, expression string, returns bool) map[string]any {
		if expression != "" {
			return map[string]any{"id": id, "expression": expression, "returnData": returns}
		}
		return map[string]any{"id": id, "returnData": returns, "metric": map[string]any{"namespace": "Portico", "metricName": "M" + id, "period": 60.0, "stat": "Sum"}}
	}
	math := func(queries ...any) engine.Object {
		return engine.Object{"metricQueries": queries, "comparisonOperator": "GreaterThanThreshold", "threshold": 5.0, "evaluationPeriods": 3.0}
	}
	with := func(o engine.Object, name string, value any) engine.Object {
		if o[name] = value; value == nil {
			delete(o, name)
		}
		return o
	}
	many := []any{query("e", "1 + 1", true)}
	for i := range 11 {
		many = append(many, query("m"+string(rune('a'+i)), "", false))
	}
	of5 := query("b", "", false)
	of5["metric"].(map[string]any)["period"] = 300.0
	both := query("b", "a + 1", false)
	both["metric"] = query("x", "", false)["metric"]
	for sentence, test := range map[string]struct {
		inputs engine.Object
		want   string // empty: it is taken
	}{
		"one metric":                              {metric(), ""},
		"a percentile":                            {with(with(metric(), "statistic", nil), "extendedStatistic", "p99"), ""},
		"an expression":                           {math(query("a", "", false), query("b", "", false), query("e", "IF(a > 5, a / b, 0)", true)), ""},
		"an unknown operator":                     {with(metric(), "comparisonOperator", "Above"), "is not one of"},
		"an unknown statistic":                    {with(metric(), "statistic", "Median"), "is not one of"},
		"no statistic":                            {with(metric(), "statistic", nil), "one of it and extendedStatistic"},
		"an unknown way to treat missing data":    {with(metric(), "treatMissingData", "skip"), "is not one of"},
		"more data points than periods":           {with(metric(), "datapointsToAlarm", 4.0), "above evaluationPeriods"},
		"a period of 45 seconds":                  {with(metric(), "period", 45.0), "neither 10, 20 or 30"},
		"more than a day":                         {with(metric(), "evaluationPeriods", 1441.0), "CloudWatch takes 86400"},
		"no threshold":                            {with(metric(), "threshold", nil), "exactly one of"},
		"neither a metric nor queries":            {with(metric(), "metricName", nil), "exactly one of"},
		"no namespace":                            {with(metric(), "namespace", nil), "is required with a metric"},
		"a namespace that begins with a colon":    {with(metric(), "namespace", ":a"), "begin with a colon"},
		"a dimension without value":               {with(metric(), "dimensions", map[string]any{"ClusterName": ""}), "value of 0"},
		"six actions":                             {with(metric(), "alarmActions", engine.List("arn:aws:sns:us-east-1:111111111111:a", "arn:aws:sns:us-east-1:111111111111:b", "arn:aws:sns:us-east-1:111111111111:c", "arn:aws:sns:us-east-1:111111111111:d", "arn:aws:sns:us-east-1:111111111111:e", "arn:aws:sns:us-east-1:111111111111:f")), "AWS takes 0 to 5"},
		"an action that is no ARN":                {with(metric(), "alarmActions", engine.List("ops@example.com")), "an ARN"},
		"a long description":                      {with(metric(), "alarmDescription", strings.Repeat("x", 1025)), "1025 characters"},
		"queries beside a metric":                 {with(metric(), "metricQueries", []any{query("a", "", true)}), "exactly one of"},
		"no query that returns data":              {math(query("a", "", false)), "0 queries return data"},
		"two queries that return data":            {math(query("a", "", true), query("b", "", true)), "2 queries return data"},
		"two queries of one ID":                   {math(query("a", "", true), query("a", "1 + 1", false)), "two queries have the ID a"},
		"an ID that begins with a capital":        {math(query("A", "", true)), "lower-case letter"},
		"an expression of a query that isn't one": {math(query("a", "", false), query("e", "a / c", true)), "reads c, which no query is"},
		"an expression that ends early":           {math(query("a", "", false), query("e", "a /", true)), "no expression of metric math"},
		"eleven metrics":                          {math(many...), "has 11 metrics"},
		"metrics of two periods":                  {math(query("a", "", true), of5), "periods of 60 and 300"},
		"a query with both":                       {math(query("a", "", true), both), "exactly one of"},
	} {
		t.Run(sentence, func(t *testing.T) {
			l := newLab(t, &Setup{})
			_, err := l.create(view.MetricAlarmType, "alarm", test.inputs)
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.want)
		})
	}
}
