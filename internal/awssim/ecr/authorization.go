package ecr

import "github.com/portico-iac/portico/internal/awssim/engine"

// authorization is what Amazon ECR's actions are checked against.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
func authorization() engine.Authorization {
	a := engine.Authorization{
		"ecr:CreateRepository":      engine.Created,
		"ecr:TagResource":           engine.Tagged(""),
		"ecr:GetAuthorizationToken": engine.NoResource,
		"ecr:DescribeImages": func(op *engine.Op) []engine.Checked {
			return []engine.Checked{{ARN: op.Fill("arn:{partition}:ecr:{region}:{account}:repository/") + op.Inputs.Text("repositoryName")}}
		},
	}
	a.Each(engine.Self, "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart")
	a.Each(engine.Self, "ecr:DeleteRepository", "ecr:DescribeRepositories", "ecr:ListTagsForResource", "ecr:PutImageScanningConfiguration", "ecr:PutImageTagMutability", "ecr:UntagResource")
	a.Each(engine.Its("repository"), "ecr:DeleteLifecyclePolicy", "ecr:GetLifecyclePolicy", "ecr:PutLifecyclePolicy")
	return a
}
