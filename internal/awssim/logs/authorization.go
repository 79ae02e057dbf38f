package logs

import "github.com/portico-iac/portico/internal/awssim/engine"

// authorization is what CloudWatch Logs' actions are checked against.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
func authorization() engine.Authorization {
	a := engine.Authorization{
		"logs:CreateLogGroup":    engine.Created,
		"logs:TagResource":       engine.Tagged(""),
		"logs:DescribeLogGroups": engine.NoResource,
	}
	a.Each(engine.Self, "logs:AssociateKmsKey", "logs:DisassociateKmsKey", "logs:DeleteLogGroup", "logs:DeleteRetentionPolicy", "logs:ListTagsForResource", "logs:PutRetentionPolicy", "logs:UntagResource")
	a.Each(engine.At("arn:{partition}:logs:{region}:{account}:log-group:{logGroupName}"), "logs:DeleteMetricFilter", "logs:DescribeMetricFilters", "logs:PutMetricFilter")
	return a
}
