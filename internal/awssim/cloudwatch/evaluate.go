package cloudwatch

import (
	"fmt"
	"time"

	"github.com/portico-iac/portico/internal/awssim/metricmath"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// State is an alarm's, by CloudWatch's name for it.
type State string

// The states of an alarm.
const (
	OK               State = "OK"
	Alarm            State = "ALARM"
	InsufficientData State = "INSUFFICIENT_DATA"
)

// Change is an alarm's change to another state.
type Change struct {
	Time  time.Time
	State State
}

// further is how many periods before its own an alarm asks for when it is evaluated.
// AWS's example has five for an alarm of three; the number is not documented otherwise.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
const further = 2

// History is an alarm's changes of state from one time to another, before which it is OK.
// It is evaluated once a minute, over periods that end then (the default, a sliding
// window: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation-window.html),
// and with periods of an hour or more once an hour. CloudWatch's own delays are not
// simulated. The error says what of the alarm is not.
func History(alarm view.MetricAlarm, metrics *Metrics, from, to time.Time) ([]Change, error) {
	watched, err := watch(alarm, metrics)
	if err != nil {
		return nil, fmt.Errorf("evaluate alarm %s: %w", alarm.Name, err)
	}
	step := time.Minute
	if watched.period >= time.Hour {
		step = time.Hour
	}
	state := OK
	var changes []Change
	for at := from.Truncate(time.Minute).Add(step); !at.After(to); at = at.Add(step) {
		if next := watched.state(at, state); next != state {
			state = next
			changes = append(changes, Change{at, next})
		}
	}
	return changes, nil
}

// watched is an alarm that is evaluated.
type watched struct {
	view.MetricAlarm
	period   time.Duration
	breaches func(value float64) bool
	// value is what the alarm is about in a period.
	value func(from, to time.Time) (float64, bool)
}

func watch(alarm view.MetricAlarm, metrics *Metrics) (*watched, error) {
	w := &watched{MetricAlarm: alarm, period: time.Duration(alarm.Period) * time.Second}
	w.DatapointsToAlarm = orElse(w.DatapointsToAlarm, w.EvaluationPeriods)
	var err error
	if w.breaches, err = comparison(alarm); err != nil {
		return nil, err
	}
	if len(alarm.Queries) == 0 {
		w.value = valueOf(metrics, seriesOf(alarm.Namespace, alarm.MetricName, alarm.Dimensions), alarm.Statistic)
		return w, nil
	}
	return w, w.calculate(metrics)
}

func orElse(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

func comparison(alarm view.MetricAlarm) (func(float64) bool, error) {
	limit := alarm.Threshold
	switch alarm.ComparisonOperator {
	case "GreaterThanThreshold":
		return func(value float64) bool { return value > limit }, nil
	case "GreaterThanOrEqualToThreshold":
		return func(value float64) bool { return value >= limit }, nil
	case "LessThanThreshold":
		return func(value float64) bool { return value < limit }, nil
	case "LessThanOrEqualToThreshold":
		return func(value float64) bool { return value <= limit }, nil
	}
	return nil, fmt.Errorf("comparison %s is not simulated", alarm.ComparisonOperator)
}

func valueOf(metrics *Metrics, series, statistic string) func(from, to time.Time) (float64, bool) {
	return func(from, to time.Time) (float64, bool) { return metrics.within(series, from, to).statistic(statistic) }
}

// calculate has the alarm be about the query that returns data.
func (w *watched) calculate(metrics *Metrics) error {
	values := map[string]func(from, to time.Time) (float64, bool){}
	var expression *metricmath.Expression
	result := ""
	for _, query := range w.Queries {
		if query.ReturnData {
			result = query.ID
		}
		if query.Metric == nil {
			if expression != nil {
				return fmt.Errorf("two expressions are not simulated")
			}
			parsed, err := metricmath.Parse(query.Expression)
			if err != nil {
				return err
			}
			expression = parsed
			continue
		}
		m := query.Metric
		w.period = time.Duration(m.Period) * time.Second
		values[query.ID] = valueOf(metrics, seriesOf(m.Namespace, m.MetricName, m.Dimensions), m.Statistic)
	}
	if values[result] != nil {
		w.value = values[result]
		return nil
	}
	if expression == nil {
		return fmt.Errorf("no query returns data")
	}
	w.value = func(from, to time.Time) (float64, bool) {
		now := map[string]float64{}
		for id, value := range values {
			if v, exists := value(from, to); exists {
				now[id] = v
			}
		}
		return expression.At(now)
	}
	return nil
}

// state evaluates the alarm. Values that exist count first, those of periods further
// back too; only what is still missing then is filled in.
func (w *watched) state(at time.Time, before State) State {
	existing, breaching := 0, 0
	for back := range w.EvaluationPeriods + further {
		if existing == w.EvaluationPeriods {
			break
		}
		to := at.Add(-time.Duration(back) * w.period)
		value, exists := w.value(to.Add(-w.period), to)
		if !exists {
			continue
		}
		existing++
		if w.breaches(value) {
			breaching++
		}
	}
	return w.decide(existing, breaching, before)
}

// decide is the tables of AWS's page on missing data.
func (w *watched) decide(existing, breaching int, before State) State {
	missing := w.EvaluationPeriods - existing
	switch {
	case breaching >= w.DatapointsToAlarm, w.TreatMissingData == "breaching" && breaching+missing >= w.DatapointsToAlarm:
		return Alarm
	case missing == 0, w.TreatMissingData == "breaching", w.TreatMissingData == "notBreaching", breaching < existing:
		return OK
	case w.TreatMissingData == "ignore":
		return before
	case existing == 0:
		return InsufficientData
	default: // all that exists is breaching
		return Alarm
	}
}
