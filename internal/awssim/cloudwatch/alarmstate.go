package cloudwatch

import (
	"fmt"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// SetAlarm has an alarm begin or end, as the API call SetAlarmState does.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html
func SetAlarm(s *engine.Simulator, account, region, name string, begun bool) error {
	return s.Root(account, region).Edit("setting an alarm's state", "cloudwatch:SetAlarmState", func(op *engine.Op) error {
		alarm := op.Find(view.MetricAlarmType, name)
		if alarm == nil {
			return op.Refuse("ResourceNotFound", "there is no alarm %s", name)
		}
		changed := alarm.Clone()
		if changed.Hidden == nil {
			changed.Hidden = engine.Object{}
		}
		changed.Hidden["begun"] = begun
		op.Put(changed)
		return nil
	})
}

// Begun are those of the alarms that are in the state ALARM.
func Begun(op *engine.Op, names []string) []string {
	var begun []string
	for _, name := range names {
		if alarm := op.Find(view.MetricAlarmType, name); alarm != nil && alarm.Hidden.Flag("begun") {
			begun = append(begun, name)
		}
	}
	return begun
}

// Described is what an alarm says of itself: "NAME: DESCRIPTION".
func Described(op *engine.Op, name string) string {
	if alarm := op.Find(view.MetricAlarmType, name); alarm != nil {
		return fmt.Sprintf("%s: %s", name, alarm.Properties.Text("alarmDescription"))
	}
	return name
}

// LooksBack is how long an alarm's evaluation looks back: its periods, one after another.
func LooksBack(op *engine.Op, name string) (seconds int) {
	alarm := op.Find(view.MetricAlarmType, name)
	if alarm == nil {
		return 0
	}
	period := alarm.Properties.Number("period")
	for _, query := range alarm.Properties.Objects("metricQueries") {
		period = max(period, query.Object("metric").Number("period"))
	}
	return period * alarm.Properties.Number("evaluationPeriods")
}
