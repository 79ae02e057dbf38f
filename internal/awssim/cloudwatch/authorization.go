package cloudwatch

import "github.com/portico-iac/portico/internal/awssim/engine"

// authorization is what CloudWatch's actions are checked against.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
func authorization() engine.Authorization {
	a := engine.Authorization{
		"cloudwatch:DescribeAlarms": engine.At("arn:{partition}:cloudwatch:{region}:{account}:alarm:*"),
		"cloudwatch:TagResource":    engine.Tagged(""),
	}
	a.Each(itself, "cloudwatch:DeleteDashboards", "cloudwatch:GetDashboard", "cloudwatch:PutDashboard")
	a.Each(itself, "cloudwatch:DeleteAlarms", "cloudwatch:ListTagsForResource", "cloudwatch:PutMetricAlarm", "cloudwatch:UntagResource")
	return a
}

// itself is the alarm or the dashboard: as it is to be, where it is being created.
func itself(op *engine.Op) []engine.Checked {
	if op.Creating() {
		return engine.Created(op)
	}
	return engine.Self(op)
}
