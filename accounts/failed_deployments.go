package accounts

import (
	"context"
	"fmt"
	"slices"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/portico-iac/portico/components"
)

// tookBack are the states of a deployment that ECS takes back, or has.
var tookBack = []types.ServiceDeploymentStatus{
	types.ServiceDeploymentStatusRollbackRequested, types.ServiceDeploymentStatusRollbackInProgress,
	types.ServiceDeploymentStatusRollbackSuccessful, types.ServiceDeploymentStatusRollbackFailed,
}

// alarmsOfDeployment says which alarms have ended the latest deployment of a service, and
// what they are about. ECS's events don't name them:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeploymentAlarms.html.
func alarmsOfDeployment(ctx context.Context, client *ecs.Client, cluster, service string) ([]string, error) {
	listed, err := client.ListServiceDeployments(ctx, &ecs.ListServiceDeploymentsInput{Cluster: &cluster, Service: &service})
	if err != nil {
		return nil, fmt.Errorf("list the deployments of ECS service %s: %w", service, err)
	}
	if len(listed.ServiceDeployments) == 0 {
		return nil, nil
	}
	latest := slices.MaxFunc(listed.ServiceDeployments, func(a, b types.ServiceDeploymentBrief) int {
		return awssdk.ToTime(a.CreatedAt).Compare(awssdk.ToTime(b.CreatedAt))
	})
	if !slices.Contains(tookBack, latest.Status) {
		return nil, nil
	}
	described, err := client.DescribeServiceDeployments(ctx, &ecs.DescribeServiceDeploymentsInput{
		ServiceDeploymentArns: []string{awssdk.ToString(latest.ServiceDeploymentArn)},
	})
	if err != nil {
		return nil, fmt.Errorf("describe the latest deployment of ECS service %s: %w", service, err)
	}
	var found []string
	for _, deployment := range described.ServiceDeployments {
		if deployment.Alarms == nil {
			continue
		}
		for _, name := range deployment.Alarms.TriggeredAlarmNames {
			found = append(found, fmt.Sprintf("alarm %s: ECS has ended the deployment", aboutAlarm(name)))
		}
	}
	return found, nil
}

// aboutAlarm is an alarm's name, and what it says of itself.
func aboutAlarm(name string) string {
	meaning := strings.TrimSuffix(components.MeaningOfDeploymentAlarm(name), ".")
	if meaning == "" {
		return name
	}
	return name + ": " + meaning
}
