package ecs

import (
	"strings"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// authorization is what Amazon ECS's actions are checked against, and iam:PassRole
// where a task definition names roles.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
func authorization() engine.Authorization {
	a := engine.Authorization{
		"ecs:TagResource": engine.Tagged("ecs:CreateAction"),
		"iam:PassRole":    engine.WithKey("iam:PassedToService", engine.Constant("ecs-tasks.amazonaws.com"), passedRoles),
	}
	a.Each(engine.Created, "ecs:CreateCluster", "ecs:CreateService", "ecs:RegisterTaskDefinition")
	a.Each(engine.Self, "ecs:DeleteCluster", "ecs:DeleteService", "ecs:DescribeClusters", "ecs:UntagResource", "ecs:UpdateCluster", "ecs:UpdateService")
	a.Each(engine.NoResource, "ecs:DeregisterTaskDefinition", "ecs:DescribeTaskDefinition")
	a["ecs:DescribeServices"] = engine.SelfOr(view.ECSServiceType, func(op *engine.Op) []engine.Checked {
		cluster, service := ClusterName(op.Inputs.Text("clusterArn")), op.Inputs.Text("serviceName")
		return []engine.Checked{{ARN: op.Fill("arn:{partition}:ecs:{region}:{account}:service/") + cluster + "/" + service}}
	})
	return a
}

// passedRoles are the roles of a task definition, or of the one that a service
// runs.
func passedRoles(op *engine.Op) []engine.Checked {
	definition := op.Inputs
	if op.Token == view.ECSServiceType {
		found := op.FindBy(view.TaskDefinitionType, "arn", op.Inputs.Text("taskDefinition"))
		if found == nil {
			return nil
		}
		definition = found.Properties
	}
	var on []engine.Checked
	for _, property := range []string{"executionRoleArn", "taskRoleArn"} {
		if arn := definition.Text(property); strings.HasPrefix(arn, "arn:") {
			on = append(on, engine.Checked{ARN: arn, Context: map[string][]string{}})
		}
	}
	return on
}
