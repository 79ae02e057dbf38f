package components

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// TaskRolesArgs describes the roles of the proxy's tasks, and their log group.
type TaskRolesArgs struct {
	// RepositoryARN is the ECR repository that the image is pulled from. Default:
	// the image is in a registry that needs no rights.
	RepositoryARN pulumi.StringInput
	// LogRetentionDays is how long the log group keeps what the proxy writes, in
	// days. Default: 0, for ever. CloudWatch Logs takes 1, 3, 5, 7, 14, 30, 60,
	// 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288
	// and 3653.
	LogRetentionDays int
	// LogKeyARN is the ARN of the key of AWS KMS that encrypts the log group. Its policy
	// has to let CloudWatch Logs use it. Default: a key of AWS's own.
	LogKeyARN string
	// Path is the IAM path of the roles, by which policies tell environments apart:
	// a name that begins with another environment's would match that one's pattern.
	// Default: "/". It begins and ends with a slash, and has 1 to 512 characters.
	Path string
	// PermissionsBoundary is the ARN of a managed policy that bounds what the roles
	// may do at most. Default: none.
	PermissionsBoundary string
	// Tags are those of the roles and of the log group.
	Tags Tags
}

// TaskRoles are what a [Service] runs its tasks with: the task execution role, by
// which the Fargate agent pulls the image and writes the logs, the task role,
// which has no rights at all, and the log group.
//
// They are a component of their own because IAM takes some seconds to make a new
// role known. ECS refuses a task definition that is registered earlier with
// AccessDenied on iam:PassRole, and the AWS provider doesn't try again
// (terraform-aws-modules/terraform-aws-ecs issue 415). Create them without
// dependencies, and the Service with a dependency on something that takes
// minutes, such as its load balancer.
type TaskRoles struct {
	pulumi.ResourceState
	children

	// ExecutionRoleARN is the ARN of the task execution role.
	ExecutionRoleARN pulumi.StringOutput `pulumi:"executionRoleArn"`
	// TaskRoleARN is the ARN of the task role.
	TaskRoleARN pulumi.StringOutput `pulumi:"taskRoleArn"`
	// LogGroupName is the name of the log group in CloudWatch Logs.
	LogGroupName pulumi.StringOutput `pulumi:"logGroupName"`
}

// NewTaskRoles creates the roles and the log group.
func NewTaskRoles(ctx *pulumi.Context, name string, args *TaskRolesArgs, opts ...pulumi.ResourceOption) (*TaskRoles, error) {
	roles := &TaskRoles{}
	if err := register(ctx, "TaskRoles", name, roles, opts); err != nil {
		return nil, err
	}
	logs, err := logGroup{retentionDays: args.LogRetentionDays, keyARN: args.LogKeyARN, tags: args.Tags}.create(ctx, name+"-logs", roles)
	if err != nil {
		return nil, err
	}
	described := serviceRole{service: "ecs-tasks.amazonaws.com", path: args.Path, permissionsBoundary: args.PermissionsBoundary, tags: args.Tags}
	execution, err := described.create(ctx, name+"-execution", roles)
	if err != nil {
		return nil, err
	}
	repository := args.RepositoryARN
	if repository == nil {
		repository = pulumi.String("")
	}
	_, err = iam.NewRolePolicy(ctx, name+"-execution", &iam.RolePolicyArgs{
		Role: execution.Name,
		Policy: pulumi.All(logs.Arn, repository).ApplyT(func(arns []any) (string, error) {
			return executionPolicy(arns[0].(string), arns[1].(string))
		}).(pulumi.StringOutput),
	}, pulumi.Parent(roles))
	if err != nil {
		return nil, fmt.Errorf("create policy of the task execution role: %w", err)
	}
	task, err := described.create(ctx, name+"-task", roles)
	if err != nil {
		return nil, err
	}
	roles.ExecutionRoleARN, roles.TaskRoleARN, roles.LogGroupName = execution.Arn, task.Arn, logs.Name
	outputs := pulumi.Map{"executionRoleArn": roles.ExecutionRoleARN, "taskRoleArn": roles.TaskRoleARN, "logGroupName": roles.LogGroupName}
	if err := complete(ctx, "TaskRoles", name, roles, outputs); err != nil {
		return nil, err
	}
	return roles, nil
}

// executionPolicy lets the Fargate agent write to the log group and, where the
// image is in an ECR repository, pull from it.
func executionPolicy(logGroupARN, repositoryARN string) (string, error) {
	document := policyDocument{Version: policyVersion, Statement: []policyStatement{{
		Effect:   "Allow",
		Action:   []string{"logs:CreateLogStream", "logs:PutLogEvents"},
		Resource: []string{logGroupARN + ":*"},
	}}}
	if repositoryARN != "" {
		document.Statement = append(document.Statement,
			policyStatement{
				Effect: "Allow",
				Action: []string{
					"ecr:BatchCheckLayerAvailability",
					"ecr:BatchGetImage",
					"ecr:GetDownloadUrlForLayer",
				},
				Resource: []string{repositoryARN},
			},
			policyStatement{
				Effect: "Allow",
				Action: []string{"ecr:GetAuthorizationToken"},
				// GetAuthorizationToken takes no resource: the token is the registry's.
				Resource: []string{"*"},
			})
	}
	text, err := json.Marshal(document)
	if err != nil {
		return "", fmt.Errorf("write policy of the task execution role: %w", err)
	}
	return string(text), nil
}
