package awssim_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecr"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
)

// taskProgram builds an image and registers a task definition that runs it.
func taskProgram(buildContext string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		in, err := as(ctx, sharedAccount)
		if err != nil {
			return err
		}
		repository, err := ecr.NewRepository(ctx, "proxy", &ecr.RepositoryArgs{ImageTagMutability: pulumi.String("MUTABLE"), ForceDelete: pulumi.Bool(true)}, in)
		if err != nil {
			return err
		}
		image, err := pushImage(ctx, buildContext, repository, in)
		if err != nil {
			return err
		}
		logs, err := cloudwatch.NewLogGroup(ctx, "proxy", &cloudwatch.LogGroupArgs{RetentionInDays: pulumi.Int(7)}, in)
		if err != nil {
			return err
		}
		role, err := iam.NewRole(ctx, "execution", &iam.RoleArgs{AssumeRolePolicy: pulumi.String(
			`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}}`)}, in)
		if err != nil {
			return err
		}
		containers := pulumi.All(image.RepoDigest, logs.Name).ApplyT(func(values []any) (string, error) {
			data, err := json.Marshal([]any{map[string]any{"name": "nginx", "image": values[0], "logConfiguration": map[string]any{
				"logDriver": "awslogs", "options": map[string]any{
					"awslogs-group": values[1], "awslogs-region": "us-east-1", "awslogs-stream-prefix": "nginx",
				}}}})
			return string(data), err
		}).(pulumi.StringOutput)
		definition, err := ecs.NewTaskDefinition(ctx, "proxy", &ecs.TaskDefinitionArgs{
			Family: pulumi.String("proxy"), NetworkMode: pulumi.String("awsvpc"), RequiresCompatibilities: pulumi.ToStringArray([]string{"FARGATE"}),
			Cpu: pulumi.String("256"), Memory: pulumi.String("512"), ExecutionRoleArn: role.Arn, ContainerDefinitions: containers,
		}, in)
		if err != nil {
			return err
		}
		ctx.Export("revision", definition.Revision)
		return nil
	}
}

func pushImage(ctx *pulumi.Context, buildContext string, repository *ecr.Repository, in pulumi.ResourceOrInvokeOption) (*docker.Image, error) {
	daemon, err := docker.NewProvider(ctx, "docker", &docker.ProviderArgs{})
	if err != nil {
		return nil, err
	}
	token := ecr.GetAuthorizationTokenOutput(ctx, ecr.GetAuthorizationTokenOutputArgs{RegistryId: repository.RegistryId}, in)
	return docker.NewImage(ctx, "proxy", &docker.ImageArgs{
		ImageName: pulumi.Sprintf("%s:latest", repository.RepositoryUrl),
		Build:     docker.DockerBuildArgs{Context: pulumi.String(buildContext), Platform: pulumi.String("linux/amd64")},
		Registry:  docker.RegistryArgs{Server: repository.RepositoryUrl, Username: token.UserName(), Password: pulumi.ToSecret(token.Password()).(pulumi.StringOutput)},
	}, pulumi.Provider(daemon))
}

func TestOnlyAChangedBuildContextBuildsAgain(t *testing.T) {
	e := newEngine(t, testSetup())
	buildContext := t.TempDir()
	write := func(text string) {
		require.NoError(t, os.WriteFile(filepath.Join(buildContext, "Dockerfile"), []byte(text), 0o644))
	}
	write("FROM nginx:1.30\nUSER 101\n")
	program := taskProgram(buildContext)
	e.preview(program)
	require.Empty(t, e.Resources(awssim.Filter{}), "a preview builds nothing")
	e.mustUp(program)
	again := e.mustUp(program)
	require.Equal(t, map[string]int{"same": 8}, again)

	write("FROM nginx:1.30\nUSER 102\n")
	changed := e.mustUp(program)
	require.Equal(t, map[string]int{"same": 6, "update": 1, "replace": 1}, changed)
	require.EqualValues(t, 2, e.outputs()["revision"].Value)
	definition := e.only("aws:ecs/taskDefinition:TaskDefinition")
	var containers []struct{ Image string }
	require.NoError(t, json.Unmarshal([]byte(definition.Properties.Text("containerDefinitions")), &containers))
	image, err := e.Image(containers[0].Image)
	require.NoError(t, err)
	require.Equal(t, "102", image.User)

	e.refresh()
	said, err := e.destroy()
	require.NoError(t, err, said)
	require.Empty(t, e.Resources(awssim.Filter{}))
}

func TestOwnersStageOutlivesARetainedDeployment(t *testing.T) {
	policy := func(endpoint string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke",` +
			`"Resource":["execute-api:/*"],"Condition":{"StringEquals":{"aws:SourceVpce":"` + endpoint + `"}}}]}`
	}
	setup := testSetup()
	setup.RESTAPIs = []awssim.RESTAPI{{Account: providerAccount, Region: "us-east-1", ID: "orders1234", Name: "orders",
		Policy: json.RawMessage(policy("vpce-owner")), Stages: []string{"dev"}}}
	e := newEngine(t, setup)
	program := func(ctx *pulumi.Context) error {
		in, err := as(ctx, providerAccount)
		if err != nil {
			return err
		}
		api, err := apigateway.GetRestApi(ctx, "orders", pulumi.ID("orders1234"), nil, in)
		if err != nil {
			return err
		}
		ctx.Export("policy", api.Policy)
		ctx.Export("type", api.EndpointConfiguration.Types())
		written, err := apigateway.NewRestApiPolicy(ctx, "orders", &apigateway.RestApiPolicyArgs{
			RestApiId: api.ID(), Policy: pulumi.String(policy("vpce-portico")),
		}, in, pulumi.RetainOnDelete(true))
		if err != nil {
			return err
		}
		_, err = apigateway.NewDeployment(ctx, "orders", &apigateway.DeploymentArgs{
			RestApi: api.ID(), StageName: pulumi.String("dev"), Triggers: pulumi.StringMap{"policy": written.Policy},
		}, in, pulumi.RetainOnDelete(true))
		return err
	}
	e.mustUp(program)
	outputs := e.outputs()
	require.Contains(t, outputs["policy"].Value, "arn:aws:execute-api:us-east-1:222222222222:orders1234/*")
	require.Equal(t, "PRIVATE", outputs["type"].Value)
	require.Contains(t, e.RESTAPIs("us-east-1")["orders1234"].Stages["dev"].Policy, "vpce-portico")

	again := e.mustUp(program)
	require.Zero(t, again["update"])
	said, err := e.destroy()
	require.NoError(t, err, said)
	require.Equal(t, []string{"dev"}, e.RESTAPIs("us-east-1")["orders1234"].StageNames())
}
