package awssim

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/logs"
	"github.com/portico-iac/portico/internal/awssim/view"
)

func TestMetricFiltersAreHeldToWhatCloudWatchLogsTakes(t *testing.T) {
	transformation := func(changes engine.Object) engine.Object {
		whole := engine.Object{"namespace": "Portico/dev", "name": "Requests", "value": "1", "unit": "Count"}
		maps.Copy(whole, changes)
		return engine.Object{"metricTransformation": map[string]any(whole)}
	}
	for sentence, test := range map[string]struct {
		changes engine.Object
		want    string
	}{
		"of a missing log group":              {engine.Object{"logGroupName": "/nowhere"}, "ResourceNotFoundException"},
		"with a pattern of text":              {engine.Object{"pattern": "ERROR"}, "no JSON pattern"},
		"with a pattern that ends early":      {engine.Object{"pattern": "{ $.status >= }"}, "no value"},
		"without a pattern":                   {engine.Object{"pattern": nil}, "required"},
		"with a colon in the namespace":       {transformation(engine.Object{"namespace": "a:b"}), "without :"},
		"with a value that is text":           {transformation(engine.Object{"value": "one"}), "neither a number nor a selector"},
		"with a default that is text":         {transformation(engine.Object{"defaultValue": "zero"}), "is no number"},
		"with a default beside dimensions":    {transformation(engine.Object{"defaultValue": "0", "dimensions": map[string]any{"Host": "$.host"}}), "conflicts with dimensions"},
		"with four dimensions":                {transformation(engine.Object{"dimensions": map[string]any{"a": "$.a", "b": "$.b", "c": "$.c", "d": "$.d"}}), "takes 3"},
		"with a dimension that is no field":   {transformation(engine.Object{"dimensions": map[string]any{"Host": "host"}}), "no selector"},
		"with a unit that CloudWatch has not": {transformation(engine.Object{"unit": "Requests"}), "is not one of"},
	} {
		t.Run(sentence, func(t *testing.T) {
			l := newLab(t, &Setup{})
			l.must(view.LogGroupType, "/proxy", engine.Object{})
			inputs := engine.Object{"logGroupName": "/proxy", "pattern": "{ $.status = * }"}
			maps.Copy(inputs, transformation(nil))
			l.must(view.MetricFilterType, "fine", inputs)
			for name, value := range test.changes {
				if inputs[name] = value; value == nil {
					delete(inputs, name)
				}
			}
			_, err := l.create(view.MetricFilterType, "refused", inputs)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestALogGroupTakesItsMetricFiltersAlong(t *testing.T) {
	l := newLab(t, &Setup{})
	group := l.must(view.LogGroupType, "/proxy", engine.Object{})
	l.must(view.MetricFilterType, "requests", engine.Object{"logGroupName": "/proxy", "pattern": "{ $.status = * }",
		"metricTransformation": map[string]any{"namespace": "Portico", "name": "Requests", "value": "1"}})
	require.Len(t, logs.FiltersOf(l, testAccount, testRegion, "/proxy"), 1)
	require.NoError(t, l.delete(group))
	require.Empty(t, logs.FiltersOf(l, testAccount, testRegion, "/proxy"))
}

// A filter makes a value of each event that matches, and its default value of each
// other; a value that is no number makes none.
func TestFiltersExtractMetrics(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	events := []logs.Event{
		{Time: now, Message: `{"status":503,"seconds":0.25,"host":"a.example.com"}`},
		{Time: now, Message: `{"status":200,"seconds":"fast","host":"b.example.com"}`},
		{Time: now, Message: "2026/11/28 [error] no JSON"},
	}
	filter := func(pattern string, t view.MetricTransformation) []view.MetricFilter {
		t.Namespace, t.Name, t.Unit = "Portico", "M", "None"
		return []view.MetricFilter{{Pattern: pattern, Transformation: t}}
	}
	for sentence, test := range map[string]struct {
		filters []view.MetricFilter
		want    []float64
	}{
		"a count":                  {filter("{ $.status >= 500 }", view.MetricTransformation{Value: "1"}), []float64{1}},
		"a count with a default":   {filter("{ $.status >= 500 }", view.MetricTransformation{Value: "1", DefaultValue: "0"}), []float64{1, 0, 0}},
		"a field":                  {filter("{ $.seconds = * }", view.MetricTransformation{Value: "$.seconds"}), []float64{0.25}},
		"a field that isn't there": {filter("{ $.status = * }", view.MetricTransformation{Value: "$.bytes"}), nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			data, err := logs.Extract(test.filters, events)
			require.NoError(t, err)
			var values []float64
			for _, datum := range data {
				require.Equal(t, now, datum.Time)
				values = append(values, datum.Value)
			}
			require.Equal(t, test.want, values)
		})
	}
	data, err := logs.Extract(filter("{ $.status = * }", view.MetricTransformation{Value: "1", Dimensions: map[string]string{"Host": "$.host"}}), events)
	require.NoError(t, err)
	require.Len(t, data, 2)
	require.Equal(t, map[string]string{"Host": "b.example.com"}, data[1].Dimensions)
	_, err = logs.Extract(filter("ERROR", view.MetricTransformation{Value: "1"}), events)
	require.ErrorContains(t, err, "no JSON pattern")
}
