package cloudwatch

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/logs"
	"github.com/portico-iac/portico/internal/awssim/view"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// TestMissingDataIsTreatedAsDocumented is the tables of AWS's page: the newest of five
// minutes is the last, X is above the threshold, 0 is not, - is missing.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
func TestMissingDataIsTreatedAsDocumented(t *testing.T) {
	const retained = State("retained")
	treatments := []string{"missing", "ignore", "breaching", "notBreaching"}
	for minutes, test := range map[string]struct {
		breaches int // of 3
		want     [4]State
	}{
		"0 - X - X": {3, [4]State{OK, OK, OK, OK}},
		"0 - - - -": {3, [4]State{OK, OK, OK, OK}},
		"- - - - -": {3, [4]State{InsufficientData, retained, Alarm, OK}},
		"0 X X - X": {3, [4]State{Alarm, Alarm, Alarm, Alarm}},
		"- - X - -": {3, [4]State{Alarm, retained, Alarm, OK}},
		"- - X - X": {2, [4]State{Alarm, Alarm, Alarm, Alarm}},
		"0 0 X 0 X": {2, [4]State{Alarm, Alarm, Alarm, Alarm}},
		"0 - X - -": {2, [4]State{OK, OK, Alarm, OK}},
		"- - - - 0": {2, [4]State{OK, OK, Alarm, OK}},
		"- - - X -": {2, [4]State{Alarm, retained, Alarm, OK}},
	} {
		metrics := new(Metrics)
		for i, minute := range strings.Fields(minutes) {
			if value := map[string]float64{"X": 10, "0": 1}[minute]; value != 0 {
				metrics.Put(logs.Datum{Namespace: "N", Name: "M", Time: noon.Add(time.Duration(i)*time.Minute + 30*time.Second), Value: value})
			}
		}
		for i, treatment := range treatments {
			w, err := watch(view.MetricAlarm{
				Namespace: "N", MetricName: "M", Statistic: "Maximum", Period: 60, EvaluationPeriods: 3, DatapointsToAlarm: test.breaches,
				ComparisonOperator: "GreaterThanThreshold", Threshold: 5, TreatMissingData: treatment,
			}, metrics)
			require.NoError(t, err)
			require.Equal(t, test.want[i], w.state(noon.Add(5*time.Minute), retained), "%s, %d of 3, %s", minutes, test.breaches, treatment)
		}
	}
}

func TestStatisticsAreThoseOfAPeriodAndOfOneMetric(t *testing.T) {
	metrics := new(Metrics)
	put := func(after time.Duration, value float64, dimensions map[string]string) {
		metrics.Put(logs.Datum{Namespace: "N", Name: "M", Time: noon.Add(after), Value: value, Dimensions: dimensions})
	}
	put(-time.Second, 100, nil)
	put(0, 2, nil)
	put(4*time.Minute+59*time.Second, 4, nil)
	put(5*time.Minute, 100, nil)
	put(time.Minute, 100, map[string]string{"A": "b"})
	whole := metrics.within(seriesOf("N", "M", nil), noon, noon.Add(5*time.Minute))
	for statistic, want := range map[string]float64{"SampleCount": 2, "Sum": 6, "Average": 3, "Minimum": 2, "Maximum": 4} {
		value, exists := whole.statistic(statistic)
		require.True(t, exists, statistic)
		require.Equal(t, want, value, statistic)
	}
	_, exists := whole.statistic("p99")
	require.False(t, exists, "not simulated")
}

// TestAnAlarmOnAnExpression begins two minutes after a share of errors does, and ends
// when it is gone.
func TestAnAlarmOnAnExpression(t *testing.T) {
	metrics := new(Metrics)
	for minute := range 20 {
		at := noon.Add(time.Duration(minute) * time.Minute)
		metrics.Put(logs.Datum{Namespace: "N", Name: "Requests", Time: at, Value: 100})
		if minute >= 5 && minute < 10 {
			metrics.Put(logs.Datum{Namespace: "N", Name: "Errors", Time: at, Value: 6})
		}
	}
	alarm := view.Of[view.MetricAlarm](described(t, `{
		"name": "errors", "comparisonOperator": "GreaterThanThreshold", "threshold": 5, "evaluationPeriods": 3, "datapointsToAlarm": 2, "treatMissingData": "notBreaching",
		"metricQueries": [
			{"id": "result", "expression": "IF(FILL(errors, 0) >= 5, 100 * errors / requests, 0)", "returnData": true},
			{"id": "errors", "metric": {"namespace": "N", "metricName": "Errors", "stat": "Sum", "period": 60}},
			{"id": "requests", "metric": {"namespace": "N", "metricName": "Requests", "stat": "Sum", "period": 60}}]}`))
	changes, err := History(alarm, metrics, noon, noon.Add(20*time.Minute))
	require.NoError(t, err)
	require.Equal(t, []Change{{noon.Add(7 * time.Minute), Alarm}, {noon.Add(12 * time.Minute), OK}}, changes)

	alarm.ComparisonOperator = "GreaterThanUpperThreshold"
	_, err = History(alarm, metrics, noon, noon.Add(time.Minute))
	require.ErrorContains(t, err, "evaluate alarm errors: comparison GreaterThanUpperThreshold is not simulated")
}

func described(t *testing.T, properties string) *engine.Resource {
	t.Helper()
	r := &engine.Resource{Type: view.MetricAlarmType}
	require.NoError(t, json.Unmarshal([]byte(properties), &r.Properties))
	return r
}
