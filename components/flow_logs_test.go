package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

func TestFlowLogsRecordAllTrafficOfAVPCByARoleOfTheirOwn(t *testing.T) {
	m := (&monitor{}).deploy(t, func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		_, err := NewFlowLogs(ctx, "portico", &FlowLogsArgs{
			VPCID: pulumi.String("vpc-1"), AccountID: "111111111111", LogRetentionDays: 14, Path: "/team/portico/",
			PermissionsBoundary: "arn:aws:iam::111111111111:policy/boundary", Tags: tags,
		}, opts)
		return err
	})
	group := arnOf("aws:cloudwatch/logGroup:LogGroup", "portico-flows")
	require.Equal(t, 14.0, m.only(t, "aws:cloudwatch/logGroup:LogGroup").Inputs["retentionInDays"])
	log := m.only(t, "aws:ec2/flowLog:FlowLog")
	require.Equal(t, []any{"vpc-1", "ALL", group, arnOf("aws:iam/role:Role", "portico-flows")},
		[]any{log.Inputs["vpcId"], log.Inputs["trafficType"], log.Inputs["logDestination"], log.Inputs["iamRoleArn"]})
	policy := m.only(t, "aws:iam/rolePolicy:RolePolicy")
	require.Contains(t, log.Dependencies, policy.URN, "the role may write before the flow log delivers")
	require.JSONEq(t, `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
		"Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], "Resource": ["`+group+`", "`+group+`:*"]}]}`,
		policy.Inputs["policy"].(string))
	role := m.only(t, "aws:iam/role:Role").Inputs
	require.JSONEq(t, `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
		"Action": ["sts:AssumeRole"], "Condition": {"StringEquals": {"aws:SourceAccount": "111111111111"}}}]}`, role["assumeRolePolicy"].(string))
	require.Equal(t, []any{"/team/portico/", "arn:aws:iam::111111111111:policy/boundary"}, []any{role["path"], role["permissionsBoundary"]})
}
