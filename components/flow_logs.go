package components

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// FlowLogsArgs describes the flow logs of a VPC.
type FlowLogsArgs struct {
	// VPCID is the VPC. Required.
	VPCID pulumi.StringInput
	// AccountID is the number of the VPC's account, for whose flow logs alone the
	// role may be assumed. Required.
	AccountID string
	// LogRetentionDays is how long the log group keeps the records, in days, a number
	// of those of [TaskRolesArgs.LogRetentionDays]. Default: 0, for ever.
	LogRetentionDays int
	// LogKeyARN is the key of the log group, as of [TaskRolesArgs.LogKeyARN]. Default: a
	// key of AWS's own.
	LogKeyARN string
	// Path is the IAM path of the role, as of [TaskRolesArgs.Path]. Default: "/".
	Path string
	// PermissionsBoundary is the ARN of a managed policy that bounds what the role may
	// do at most. Default: none.
	PermissionsBoundary string
	// Tags are those of the flow log, the role and the log group.
	Tags Tags
}

// FlowLogs record in CloudWatch Logs which connections a VPC accepted and rejected:
// addresses, ports, bytes and times, no contents.
//
// The role may not create log groups. With that right the last records, which AWS
// delivers some minutes late, would bring a deleted log group back.
type FlowLogs struct {
	pulumi.ResourceState
	children

	// LogGroupName is the name of the log group in CloudWatch Logs.
	LogGroupName pulumi.StringOutput `pulumi:"logGroupName"`
}

// NewFlowLogs creates the flow log, its role and its log group.
func NewFlowLogs(ctx *pulumi.Context, name string, args *FlowLogsArgs, opts ...pulumi.ResourceOption) (*FlowLogs, error) {
	m := arguments{component: "FlowLogs", name: name}
	m.given(args.VPCID != nil, "VPCID")
	m.given(args.AccountID != "", "AccountID")
	if err := m.err(); err != nil {
		return nil, err
	}
	flows := &FlowLogs{}
	if err := register(ctx, "FlowLogs", name, flows, opts); err != nil {
		return nil, err
	}
	name += "-flows"
	group, err := logGroup{retentionDays: args.LogRetentionDays, keyARN: args.LogKeyARN, tags: args.Tags}.create(ctx, name, flows)
	if err != nil {
		return nil, err
	}
	role, err := serviceRole{
		service:   "vpc-flow-logs.amazonaws.com",
		condition: map[string]map[string]string{"StringEquals": {"aws:SourceAccount": args.AccountID}},
		path:      args.Path, permissionsBoundary: args.PermissionsBoundary, tags: args.Tags,
	}.create(ctx, name, flows)
	if err != nil {
		return nil, err
	}
	policy, err := iam.NewRolePolicy(ctx, name, &iam.RolePolicyArgs{
		Role:   role.Name,
		Policy: group.Arn.ApplyT(flowLogsPolicy).(pulumi.StringOutput),
	}, pulumi.Parent(flows))
	if err != nil {
		return nil, fmt.Errorf("create policy of the flow logs' role: %w", err)
	}
	_, err = ec2.NewFlowLog(ctx, name, &ec2.FlowLogArgs{
		VpcId:          args.VPCID.ToStringOutput().ToStringPtrOutput(),
		TrafficType:    pulumi.String("ALL"),
		LogDestination: group.Arn.ToStringPtrOutput(),
		IamRoleArn:     role.Arn.ToStringPtrOutput(),
		Tags:           args.Tags.named(name),
	}, pulumi.Parent(flows), pulumi.DependsOn([]pulumi.Resource{policy}),
		// EC2 takes no second flow log with the same destination, such as one with a
		// role of another path (FlowLogAlreadyExists,
		// https://github.com/getmoto/moto/issues/6369).
		pulumi.DeleteBeforeReplace(true))
	if err != nil {
		return nil, fmt.Errorf("create flow log: %w", err)
	}
	flows.LogGroupName = group.Name
	if err := complete(ctx, "FlowLogs", name, flows, pulumi.Map{"logGroupName": flows.LogGroupName}); err != nil {
		return nil, err
	}
	return flows, nil
}

// flowLogsPolicy allows the role to write one log group
// (https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html).
func flowLogsPolicy(groupARN string) (string, error) {
	text, err := json.Marshal(policyDocument{Version: policyVersion, Statement: []policyStatement{{
		Effect:   "Allow",
		Action:   []string{"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"},
		Resource: []string{groupARN, groupARN + ":*"},
	}}})
	if err != nil {
		return "", fmt.Errorf("write policy of the flow logs' role: %w", err)
	}
	return string(text), nil
}
