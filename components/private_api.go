package components

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// PrivateAPIArgs describes what Portico does to a private REST API that
// somebody else owns.
type PrivateAPIArgs struct {
	APIID string
	// Policy makes the API's resource policy out of the one that it has (empty:
	// none). It is called in a preview too, so what it refuses is refused
	// before anything changes.
	Policy func(existing string) (string, error)
	// Stages are redeployed when the policy changes; none: that is left to the
	// API's owner.
	Stages []string
	// After is deployed first: AWS allows an account one deployment in 5 s.
	After pulumi.Resource
}

// PrivateAPI is the resource policy of a private REST API, and the deployments
// that make it effective.
type PrivateAPI struct {
	pulumi.ResourceState

	// PolicyDigest is the SHA-256 of the resource policy, in hexadecimal.
	PolicyDigest pulumi.StringOutput `pulumi:"policyDigest"`
	// Last is the last deployment, or After where there are none.
	Last pulumi.Resource
}

// NewPrivateAPI reads the API, sets its resource policy and redeploys its
// stages. What it makes is retained on delete: to delete the policy would leave
// the API without its owner's statements too, and to delete the deployment
// would delete the owner's stage.
func NewPrivateAPI(ctx *pulumi.Context, name string, args *PrivateAPIArgs, opts ...pulumi.ResourceOption) (*PrivateAPI, error) {
	api := &PrivateAPI{Last: args.After}
	if err := ctx.RegisterComponentResource("portico:index:PrivateAPI", name, api, opts...); err != nil {
		return nil, fmt.Errorf("register private API %q: %w", name, err)
	}
	// apigateway.LookupRestApi finds by name only, and names aren't unique.
	existing, err := apigateway.GetRestApi(ctx, name, pulumi.ID(args.APIID), nil, pulumi.Parent(api))
	if err != nil {
		return nil, fmt.Errorf("read REST API %s: %w", args.APIID, err)
	}
	policy := pulumi.All(existing.EndpointConfiguration, existing.Policy).ApplyT(func(values []any) (string, error) {
		if kind := values[0].(apigateway.RestApiEndpointConfiguration).Types; kind != "PRIVATE" {
			return "", fmt.Errorf("use REST API %s: its endpoint type is %s: only private APIs are reached through a VPC endpoint", args.APIID, kind)
		}
		return args.Policy(values[1].(string))
	}).(pulumi.StringOutput)
	attached, err := apigateway.NewRestApiPolicy(ctx, name, &apigateway.RestApiPolicyArgs{
		RestApiId: existing.ID(),
		Policy:    policy,
	}, pulumi.Parent(api), pulumi.RetainOnDelete(true))
	if err != nil {
		return nil, fmt.Errorf("set resource policy of REST API %s: %w", args.APIID, err)
	}
	api.PolicyDigest = policy.ApplyT(func(policy string) string {
		digest := sha256.Sum256([]byte(policy))
		return hex.EncodeToString(digest[:])
	}).(pulumi.StringOutput)
	for _, stage := range args.Stages {
		if err := api.deploy(ctx, name+"-"+stage, stage, existing, attached); err != nil {
			return nil, err
		}
	}
	if err := ctx.RegisterResourceOutputs(api, pulumi.Map{"policyDigest": api.PolicyDigest}); err != nil {
		return nil, fmt.Errorf("register outputs of private API %q: %w", name, err)
	}
	return api, nil
}

// deploy points a stage at a new deployment whenever the policy has changed. A
// replacement has to be created before the old deployment goes (Pulumi's
// default): the stage has then moved on.
func (a *PrivateAPI) deploy(ctx *pulumi.Context, name, stage string, existing *apigateway.RestApi, policy *apigateway.RestApiPolicy) error {
	after := []pulumi.Resource{policy}
	if a.Last != nil {
		after = append(after, a.Last)
	}
	deployment, err := apigateway.NewDeployment(ctx, name, &apigateway.DeploymentArgs{
		RestApi:     existing.ID(),
		StageName:   pulumi.String(stage),
		Description: pulumi.String("Portico: resource policy changed"),
		Triggers:    pulumi.StringMap{"policy": a.PolicyDigest},
	}, pulumi.Parent(a), pulumi.DependsOn(after), pulumi.RetainOnDelete(true))
	if err != nil {
		return fmt.Errorf("deploy %s (stage %s): %w", name, stage, err)
	}
	a.Last = deployment
	return nil
}
