package components

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const (
	apiPolicyToken  = "aws:apigateway/restApiPolicy:RestApiPolicy"
	deploymentToken = "aws:apigateway/deployment:Deployment"
)

// privateAPI is an API of that endpoint type and policy.
func privateAPI(endpointType, policy string) *monitor {
	return &monitor{states: map[string]map[string]any{"abcde12345": {
		"endpointConfiguration": map[string]any{"types": endpointType}, "policy": policy,
	}}}
}

func privateAPIProgram(args *PrivateAPIArgs) func(*pulumi.Context, pulumi.ResourceOption) error {
	return func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		other, err := newPrerequisite(ctx, "other")
		if err != nil {
			return err
		}
		args.APIID, args.DeploymentsDependOn = "abcde12345", []pulumi.Resource{other}
		_, err = NewPrivateAPI(ctx, "api", args, opts)
		return err
	}
}

func TestStagesAreDeployedOneByOneAfterThePolicyAndStayWhenTheyAreForgotten(t *testing.T) {
	m := privateAPI("PRIVATE", "old").deploy(t, privateAPIProgram(&PrivateAPIArgs{
		Policy: func(existing string, _ map[string]string) (string, error) { return existing + " and new", nil },
		Stages: []string{"dev", "prod"},
	}))
	policy := m.only(t, apiPolicyToken)
	require.Equal(t, map[string]any{"restApiId": "abcde12345", "policy": "old and new"}, policy.Inputs)
	require.True(t, policy.RetainOnDelete, "the owner's statements are in it")
	require.NotContains(t, policy.Dependencies, m.named(t, prerequisiteToken, "other").URN, "policies needn't wait for deployments")

	dev, prod := m.named(t, deploymentToken, "api-dev"), m.named(t, deploymentToken, "api-prod")
	digest := sha256.Sum256([]byte("old and new"))
	for _, deployment := range []registered{dev, prod} {
		require.True(t, deployment.RetainOnDelete, "to delete it would delete the owner's stage")
		require.Equal(t, map[string]any{"policy": hex.EncodeToString(digest[:])}, deployment.Inputs["triggers"])
		requireOrder(t, policy, deployment)
		requireOrder(t, m.named(t, prerequisiteToken, "other"), deployment)
	}
	requireOrder(t, dev, prod)
	require.Equal(t, []any{"dev", "prod"}, []any{dev.Inputs["stageName"], prod.Inputs["stageName"]})
}

func TestTheDigestTellsWhetherStagesAreDeployedAnew(t *testing.T) {
	m := privateAPI("PRIVATE", "old").deploy(t, privateAPIProgram(&PrivateAPIArgs{
		Policy: func(existing string, _ map[string]string) (string, error) { return existing + " and others'", nil },
		Digest: func(policy string) string { return "ours in " + policy },
		Stages: []string{"dev"},
	}))
	deployment := m.only(t, deploymentToken)
	require.Equal(t, map[string]any{"policy": "ours in old and others'"}, deployment.Inputs["triggers"])
	require.Equal(t, "Portico: resource policy sha256:ours in old and others'", deployment.Inputs["description"])
}

func TestThePolicyIsMadeTwiceWhereDomainsARNsAreToCome(t *testing.T) {
	var given []map[string]string
	args := &PrivateAPIArgs{
		Policy: func(_ string, arns map[string]string) (string, error) {
			given = append(given, arns)
			return arns["a.example.com"], nil
		},
		DomainARNs:        pulumi.StringMap{"a.example.com": pulumi.String("arn:known")},
		PreviewDomainARNs: map[string]string{"a.example.com": "arn:any"},
	}
	m := privateAPI("PRIVATE", "").deploy(t, privateAPIProgram(args))
	require.Equal(t, []map[string]string{{"a.example.com": "arn:any"}, {"a.example.com": "arn:known"}}, given)
	require.Equal(t, "arn:known", m.only(t, apiPolicyToken).Inputs["policy"])
	require.Empty(t, m.of(deploymentToken))
}

func TestAPolicysErrorComesInAPreview(t *testing.T) {
	refused := errors.New("the owner denies it")
	m := privateAPI("PRIVATE", "")
	m.preview = true
	err := m.run(privateAPIProgram(&PrivateAPIArgs{
		Policy:     func(string, map[string]string) (string, error) { return "", refused },
		DomainARNs: pulumi.StringMap{"a.example.com": pulumi.String("arn:known")},
	}))
	require.ErrorIs(t, err, refused)
}

func TestAnAPIThatIsntPrivateDoesntServe(t *testing.T) {
	err := privateAPI("REGIONAL", "").run(privateAPIProgram(&PrivateAPIArgs{
		Policy: func(string, map[string]string) (string, error) { return "", nil },
	}))
	requireExisting(t, err, "REST API", "abcde12345")
	require.ErrorContains(t, err, "its endpoint type is REGIONAL: only private APIs")
}

func TestAPrivateAPISaysEachArgumentThatItLacks(t *testing.T) {
	m := &monitor{}
	err := m.run(func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		_, err := NewPrivateAPI(ctx, "api", &PrivateAPIArgs{}, opts)
		return err
	})
	requireArguments(t, m, err, "APIID", "Policy")
}

func TestStagesThatExistAreReadForTheirCanaryReleases(t *testing.T) {
	m := privateAPI("PRIVATE", "")
	m.states["abcde12345/dev"] = map[string]any{"canarySettings": map[string]any{"deploymentId": "c4n4ry", "percentTraffic": 12.5}}
	m.deploy(t, privateAPIProgram(&PrivateAPIArgs{
		Policy: func(string, map[string]string) (string, error) { return "{}", nil },
		Stages: []string{"dev", "new"}, ExistingStages: []string{"dev"},
	}))
	read := m.only(t, "aws:apigateway/stage:Stage")
	require.True(t, read.Read)
	require.Equal(t, "api-dev", read.Name)

	percent := 12.5
	require.Equal(t, "stage dev has a canary release (deployment c4n4ry for 12.5 % of its requests): when the resource policy changes, a deployment gives the stage all that is saved of the API, and may end the canary release: promote or delete it first, or set portico:redeploy: false",
		canaryNotice("dev", &apigateway.StageCanarySettings{DeploymentId: "c4n4ry", PercentTraffic: &percent}))
}
