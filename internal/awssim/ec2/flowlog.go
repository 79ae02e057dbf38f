package ec2

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/iam"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// flowLogsService is what assumes the role of a flow log.
const flowLogsService = "vpc-flow-logs.amazonaws.com"

// flowLogSpec is flow logs of a VPC to CloudWatch Logs, the only ones that are
// simulated.
func flowLogSpec() *engine.Type {
	return &engine.Type{
		Token: view.FlowLogType, Title: "EC2 Flow Log", Args: ec2.FlowLogArgs{}, State: ec2.FlowLog{},
		ID: "fl-{ec2}", ARN: "arn:{partition}:ec2:{region}:{account}:vpc-flow-log/{id}",
		Properties: engine.Properties{
			"iamRoleArn":         {engine.Required, engine.ForceNew, engine.ARNOf("iam"), engine.Refers{To: view.RoleType, Key: "arn", Code: "InvalidParameter", Holds: engine.Ignored}},
			"logDestination":     {engine.Required, engine.ForceNew, engine.ARNOf("logs"), engine.Refers{To: view.LogGroupType, Key: "arn", Code: "InvalidParameter", Holds: engine.Ignored}},
			"logDestinationType": {engine.Default("cloud-watch-logs"), engine.ForceNew, engine.OneOf("cloud-watch-logs")},
			// https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html, the default format
			"logFormat": {engine.ForceNew, engine.Otherwise("${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} " +
				"${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}")},
			"maxAggregationInterval": {engine.Default(600.0), engine.ForceNew, engine.NumberIn(60, 600)},
			"trafficType":            {engine.Required, engine.ForceNew, engine.OneOf("ACCEPT", "REJECT", "ALL")},
			"vpcId":                  {engine.Required, engine.ForceNew, engine.Refers{To: view.VPCType, Code: "InvalidVpcId.NotFound", Holds: engine.Ignored}},
		},

		// https://github.com/getmoto/moto/issues/6369 has AWS's words
		Unique: []string{"vpcId", "logDestination", "trafficType"}, Conflict: "FlowLogAlreadyExists",
		Create:   []string{"ec2:CreateFlowLogs", "iam:PassRole", "ec2:DescribeFlowLogs", "ec2:CreateTags"},
		Read:     []string{"ec2:DescribeFlowLogs"},
		Update:   []string{"ec2:CreateTags", "ec2:DeleteTags"},
		Delete:   []string{"ec2:DeleteFlowLogs"},
		OnCreate: createFlowLog,
	}
}

// createFlowLog refuses a role that the service can't assume. Whether the role may
// write is seen when records are delivered.
func createFlowLog(op *engine.Op) error {
	if role := op.Ref("iamRoleArn"); !iam.RoleTrusts(role, flowLogsService, sourceOf(op.Account, op.ARN)) {
		return op.Refuse("InvalidParameter", "Unable to assume given IAM role %s", role.ARN)
	}
	return nil
}

// sourceOf are the condition keys of a request that a service makes for a resource.
func sourceOf(account, arn string) map[string][]string {
	return map[string][]string{"aws:SourceAccount": {account}, "aws:SourceArn": {arn}}
}

// FlowLogErrors is why flow logs of an account and region deliver nothing, by their
// IDs.
func FlowLogErrors(s *engine.Simulator, account, region string) map[string]string {
	failing := map[string]string{}
	s.Look(account, region, func(op *engine.Op) {
		for _, log := range op.All(view.FlowLogType) {
			role := iam.Role(op, log.Properties.Text("iamRoleArn"))
			group := op.FindBy(view.LogGroupType, "arn", log.Properties.Text("logDestination"))
			switch {
			case group == nil:
				failing[log.ID] = "the log group does not exist"
			case role == nil || !iam.RoleTrusts(role, flowLogsService, sourceOf(account, log.ARN)):
				failing[log.ID] = "Access error: the role can't be assumed"
			case !mayWrite(op, role, group):
				failing[log.ID] = "Access error: the role may not write to " + group.ARN
			}
		}
	})
	return failing
}

// mayWrite reports whether a role may do what a flow log does in its log group.
func mayWrite(op *engine.Op, role, group *engine.Resource) bool {
	stream := group.ARN + ":log-stream:eni"
	return iam.RoleMay(op, role, "logs:DescribeLogStreams", group.ARN) && iam.RoleMay(op, role, "logs:CreateLogStream", group.ARN) &&
		iam.RoleMay(op, role, "logs:PutLogEvents", stream)
}
