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
	// none) and the ARNs of its PRIVATE custom domains, by host. It is called in
	// a preview too, so what it refuses is refused before anything changes.
	Policy func(existing string, domainARNs map[string]string) (string, error)
	// DomainARNs are those of the PRIVATE custom domains; nil: the API has none.
	DomainARNs pulumi.StringMap
	// AnyDomainARNs stand in for DomainARNs while these aren't known, for what
	// Policy refuses; its result is not used then.
	AnyDomainARNs map[string]string
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
	// Policy is the resource policy itself, and Deployments those of the stages,
	// for what has to wait for them.
	Policy      *apigateway.RestApiPolicy
	Deployments map[string]*apigateway.Deployment
	// Last is the last deployment, or After where there are none.
	Last pulumi.Resource
}

// NewPrivateAPI reads the API, sets its resource policy and redeploys its
// stages. What it makes is retained on delete: to delete the policy would leave
// the API without its owner's statements too, and to delete the deployment
// would delete the owner's stage.
func NewPrivateAPI(ctx *pulumi.Context, name string, args *PrivateAPIArgs, opts ...pulumi.ResourceOption) (*PrivateAPI, error) {
	api := &PrivateAPI{Last: args.After, Deployments: map[string]*apigateway.Deployment{}}
	if err := ctx.RegisterComponentResource("portico:index:PrivateAPI", name, api, opts...); err != nil {
		return nil, fmt.Errorf("register private API %q: %w", name, err)
	}
	// apigateway.LookupRestApi finds by name only, and names aren't unique.
	existing, err := apigateway.GetRestApi(ctx, name, pulumi.ID(args.APIID), nil, pulumi.Parent(api))
	if err != nil {
		return nil, fmt.Errorf("read REST API %s: %w", args.APIID, err)
	}
	policy := args.policyOf(existing)
	api.Policy, err = apigateway.NewRestApiPolicy(ctx, name, &apigateway.RestApiPolicyArgs{
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
		if err := api.deploy(ctx, name+"-"+stage, stage, existing); err != nil {
			return nil, err
		}
	}
	if err := ctx.RegisterResourceOutputs(api, pulumi.Map{"policyDigest": api.PolicyDigest}); err != nil {
		return nil, fmt.Errorf("register outputs of private API %q: %w", name, err)
	}
	return api, nil
}

// policyOf is the policy to set. Where it has to wait for the ARNs of custom
// domains that are to be made, it is made once without them, to hear what it
// refuses while nothing has changed.
func (a *PrivateAPIArgs) policyOf(existing *apigateway.RestApi) pulumi.StringOutput {
	refused := pulumi.All(existing.EndpointConfiguration, existing.Policy).ApplyT(func(values []any) (string, error) {
		if kind := values[0].(apigateway.RestApiEndpointConfiguration).Types; kind != "PRIVATE" {
			return "", fmt.Errorf("use REST API %s: its endpoint type is %s: only private APIs are reached through a VPC endpoint", a.APIID, kind)
		}
		return a.Policy(values[1].(string), a.AnyDomainARNs)
	}).(pulumi.StringOutput)
	if len(a.DomainARNs) == 0 {
		return refused
	}
	return pulumi.All(refused, existing.Policy, a.DomainARNs.ToStringMapOutput()).ApplyT(func(values []any) (string, error) {
		return a.Policy(values[1].(string), values[2].(map[string]string))
	}).(pulumi.StringOutput)
}

// deploy points a stage at a new deployment whenever the policy has changed. A
// replacement has to be created before the old deployment goes (Pulumi's
// default): the stage has then moved on.
func (a *PrivateAPI) deploy(ctx *pulumi.Context, name, stage string, existing *apigateway.RestApi) error {
	after := []pulumi.Resource{a.Policy}
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
	a.Last, a.Deployments[stage] = deployment, deployment
	return nil
}
