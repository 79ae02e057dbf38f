package ecr

import (
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

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
	a.Each(ofKey, "kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant")
	a.Each(engine.Self, "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart")
	a.Each(engine.Self, "ecr:DeleteRepository", "ecr:DescribeRepositories", "ecr:ListTagsForResource", "ecr:PutImageScanningConfiguration", "ecr:PutImageTagMutability", "ecr:UntagResource")
	a.Each(engine.Its("repository"), "ecr:DeleteLifecyclePolicy", "ecr:GetLifecyclePolicy", "ecr:PutLifecyclePolicy")
	return a
}

// ofKey is the key of a repository that one encrypts, which ECR uses by the caller's
// rights.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
func ofKey(op *engine.Op) []engine.Checked {
	if op.Token != view.RepositoryType || keyOf(op.Properties()) == "" {
		return nil
	}
	return []engine.Checked{{ARN: keyOf(op.Properties()), Context: map[string][]string{"kms:ViaService": {"ecr." + op.Region + "." + op.DNSSuffix()}}}}
}
