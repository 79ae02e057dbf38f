package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

func TestLogMetricsAreMadeByFilters(t *testing.T) {
	m := (&monitor{}).deploy(t, func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		_, err := NewLogMetrics(ctx, "portico", &LogMetricsArgs{LogGroupName: pulumi.String("portico-logs"), Namespace: "Portico/portico-dev", Metrics: []LogMetric{
			{Name: "Requests", Pattern: "{ $.status = * }", Value: "1", Unit: "Count"},
			{Name: "Requests", Filter: "Requests-weighed", Pattern: "{ $.weight = * }", Value: "$.weight", Unit: "Count"},
			{Name: "Latency", Pattern: "{ $.seconds = * }", Value: "$.seconds", Unit: "Seconds"},
		}}, opts)
		return err
	})
	filters := map[string]map[string]any{}
	for _, r := range m.of("aws:cloudwatch/logMetricFilter:LogMetricFilter") {
		require.Equal(t, "portico-logs", r.Inputs["logGroupName"])
		filters[r.Name] = r.Inputs["metricTransformation"].(map[string]any)
	}
	require.Equal(t, map[string]map[string]any{
		"portico-Requests":         {"namespace": "Portico/portico-dev", "name": "Requests", "value": "1", "unit": "Count", "defaultValue": "0"},
		"portico-Requests-weighed": {"namespace": "Portico/portico-dev", "name": "Requests", "value": "$.weight", "unit": "Count", "defaultValue": "0"},
		"portico-Latency":          {"namespace": "Portico/portico-dev", "name": "Latency", "value": "$.seconds", "unit": "Seconds"},
	}, filters)
}

func TestLogMetricsNeedNamesOfTheirOwn(t *testing.T) {
	same := LogMetric{Name: "Requests", Pattern: "{ $.status = * }", Value: "1", Unit: "Count"}
	for _, test := range []struct {
		args LogMetricsArgs
		want []string
	}{
		{LogMetricsArgs{}, []string{"LogGroupName", "Namespace", "Metrics"}},
		{LogMetricsArgs{LogGroupName: pulumi.String("g"), Namespace: "n", Metrics: []LogMetric{same, same}}, []string{`"Requests" names another filter`}},
		{LogMetricsArgs{LogGroupName: pulumi.String("g"), Namespace: "n", Metrics: make([]LogMetric, 101)}, []string{"101 exceed the 100"}},
	} {
		err := (&monitor{}).run(func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
			_, err := NewLogMetrics(ctx, "portico", &test.args, opts)
			return err
		})
		for _, want := range test.want {
			require.ErrorContains(t, err, want)
		}
	}
}
