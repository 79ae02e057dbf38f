package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const repositoryToken = "aws:ecr/repository:Repository"

func TestARepositoryKeepsItsLastImagesAndGoesWithThem(t *testing.T) {
	m := (&monitor{}).deploy(t, func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		_, err := NewRepository(ctx, "p", &RepositoryArgs{Tags: tags}, opts)
		return err
	})
	repository := m.only(t, repositoryToken).Inputs
	require.Equal(t, []any{"MUTABLE", true, map[string]any{"scanOnPush": true}},
		[]any{repository["imageTagMutability"], repository["forceDelete"], repository["imageScanningConfiguration"]})
	policy := m.only(t, "aws:ecr/lifecyclePolicy:LifecyclePolicy").Inputs
	require.Equal(t, "p", policy["repository"])
	require.JSONEq(t, `{"rules": [{"rulePriority": 1, "description": "keep the last 50 images", "action": {"type": "expire"},
		"selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 50}}]}`, policy["policy"].(string))
}

func TestECRRepositoryARN(t *testing.T) {
	digest := "@sha256:0000000000000000000000000000000000000000000000000000000000000000"
	for reference, want := range map[string]string{
		"111111111111.dkr.ecr.us-east-1.amazonaws.com/proxy:1":             "arn:aws:ecr:us-east-1:111111111111:repository/proxy",
		"111111111111.dkr.ecr.eu-west-1.amazonaws.com/team/proxy" + digest: "arn:aws:ecr:eu-west-1:111111111111:repository/team/proxy",
		"111111111111.dkr.ecr.us-east-1.amazonaws.com/proxy:1" + digest:    "arn:aws:ecr:us-east-1:111111111111:repository/proxy",
		"111111111111.dkr.ecr.cn-north-1.amazonaws.com.cn/proxy:1":         "arn:aws-cn:ecr:cn-north-1:111111111111:repository/proxy",
		"111111111111.dkr.ecr.eusc-de-east-1.amazonaws.eu/proxy:1":         "arn:aws-eusc:ecr:eusc-de-east-1:111111111111:repository/proxy",
		"registry.example.com:5000/proxy:1":                                "",
		"public.ecr.aws/nginx/nginx-unprivileged:1.30":                     "",
		"111111111111.dkr.ecr.us-east-1.amazonaws.com.example.com/evil:1":  "",
	} {
		require.Equal(t, want, ECRRepositoryARN(reference), reference)
	}
}
