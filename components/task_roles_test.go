package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

func taskRoles(t *testing.T, repositoryARN pulumi.StringInput) *monitor {
	t.Helper()
	return (&monitor{}).deploy(t, func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		_, err := NewTaskRoles(ctx, "portico", &TaskRolesArgs{RepositoryARN: repositoryARN, LogRetentionDays: 14, Path: "/team/portico/", Tags: tags}, opts)
		return err
	})
}

func TestTheExecutionRolePullsOneRepositoryAndWritesOneLogGroup(t *testing.T) {
	m := taskRoles(t, pulumi.String("arn:aws:ecr:us-east-1:111111111111:repository/portico"))
	policy := m.only(t, "aws:iam/rolePolicy:RolePolicy").Inputs
	require.Equal(t, "portico-execution", policy["role"])
	require.JSONEq(t, `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": ["`+arnOf("aws:cloudwatch/logGroup:LogGroup", "portico-logs")+`:*"]},
		{"Effect": "Allow", "Action": ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
			"Resource": ["arn:aws:ecr:us-east-1:111111111111:repository/portico"]},
		{"Effect": "Allow", "Action": ["ecr:GetAuthorizationToken"], "Resource": ["*"]}
	]}`, policy["policy"].(string))
	require.Equal(t, 14.0, m.only(t, "aws:cloudwatch/logGroup:LogGroup").Inputs["retentionInDays"])
	for _, role := range m.of("aws:iam/role:Role") {
		require.JSONEq(t, `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": ["sts:AssumeRole"]}]}`,
			role.Inputs["assumeRolePolicy"].(string))
		require.Equal(t, "/team/portico/", role.Inputs["path"])
	}
}

func TestARegistryThatNeedsNoRightsGetsNone(t *testing.T) {
	m := taskRoles(t, nil)
	require.JSONEq(t, `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": ["`+arnOf("aws:cloudwatch/logGroup:LogGroup", "portico-logs")+`:*"]}
	]}`, m.only(t, "aws:iam/rolePolicy:RolePolicy").Inputs["policy"].(string))
}
