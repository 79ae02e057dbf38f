package components

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"

	"github.com/portico-iac/portico/internal/resourcepolicy"
)

// PrivateAPIArgs describes the resource policy and the deployments of a private
// REST API that exists.
type PrivateAPIArgs struct {
	// APIID is the API's ID. Required.
	APIID string
	// Policy returns the resource policy to set. Required. existing is the policy
	// that the API has; empty: none. domainARNs are the ARNs of the API's PRIVATE
	// custom domains, by host. Policy is called in a preview too, so that its
	// errors come before anything changes.
	Policy func(existing string, domainARNs map[string]string) (string, error)
	// Digest tells policies apart: the stages are deployed when it changes. Default:
	// the policy's SHA-256, in hexadecimal.
	Digest func(policy string) string
	// DomainARNs are the ARNs of the PRIVATE custom domains, by host. Default: the
	// API has none.
	DomainARNs pulumi.StringMap
	// PreviewDomainARNs are what Policy is given first in place of DomainARNs,
	// which aren't known before the domains exist. That result is not used, its
	// error is. Default: none.
	PreviewDomainARNs map[string]string
	// AwaitPolicy has the constructor wait for the API's answer, and return what is
	// wrong with the API and Policy's error. Nothing but the API's reading is
	// registered then, so that a preview can report several APIs. Default: false, and
	// the error ends the program.
	AwaitPolicy bool
	// Stages are the stages that are redeployed when the policy changes, which
	// publishes whatever the API's owner has saved. A stage that doesn't exist is
	// created. Default: none, and the owner has to deploy the policy.
	Stages []string
	// ExistingStages are those of Stages that exist. They are read, to warn of canary
	// releases, which a deployment may end. Default: none is read.
	ExistingStages []string
	// DeploymentsDependOn are created before the deployments: another API's, since
	// API Gateway allows an account one CreateDeployment in 5 s. Default: nothing.
	DeploymentsDependOn []pulumi.Resource
}

func (a *PrivateAPIArgs) check(name string) error {
	m := arguments{component: "PrivateAPI", name: name}
	m.given(a.APIID != "", "APIID")
	m.given(a.Policy != nil, "Policy")
	return m.err()
}

// PrivateAPI is the resource policy of a private REST API, and the deployments
// that make it effective.
type PrivateAPI struct {
	pulumi.ResourceState
	children

	// PolicyDigest is the Digest of the resource policy.
	PolicyDigest pulumi.StringOutput `pulumi:"policyDigest"`
	// Policy is the resource policy, for dependencies.
	Policy *apigateway.RestApiPolicy
	// Deployments are the deployments by stage, for dependencies.
	Deployments map[string]*apigateway.Deployment
	// LastDeployment is the one that the others come before. Nil: there is none.
	LastDeployment *apigateway.Deployment
}

// NewPrivateAPI reads the API, sets its resource policy and redeploys its
// stages. Policy and deployments stay in AWS when they are deleted: without them
// the API would lose its owner's statements, and its owner's stage. An API that
// isn't private is an [ExistingResourceError].
func NewPrivateAPI(ctx *pulumi.Context, name string, args *PrivateAPIArgs, opts ...pulumi.ResourceOption) (*PrivateAPI, error) {
	if err := args.check(name); err != nil {
		return nil, err
	}
	api := &PrivateAPI{Deployments: map[string]*apigateway.Deployment{}}
	if err := register(ctx, "PrivateAPI", name, api, opts); err != nil {
		return nil, err
	}
	// apigateway.LookupRestApi finds by name only, and names aren't unique.
	existing, err := apigateway.GetRestApi(ctx, name, pulumi.ID(args.APIID), nil, pulumi.Parent(api))
	if err != nil {
		return nil, fmt.Errorf("read REST API %s: %w", args.APIID, err)
	}
	policy := args.policyFor(existing)
	if args.AwaitPolicy {
		if err := await(ctx, policy); err != nil {
			return nil, err
		}
	}
	api.Policy, err = apigateway.NewRestApiPolicy(ctx, name, &apigateway.RestApiPolicyArgs{
		RestApiId: existing.ID(),
		Policy:    policy,
	}, pulumi.Parent(api), pulumi.RetainOnDelete(true))
	if err != nil {
		return nil, fmt.Errorf("set resource policy of REST API %s: %w", args.APIID, err)
	}
	api.PolicyDigest = policy.ApplyT(args.digest).(pulumi.StringOutput)
	for _, stage := range args.ExistingStages {
		if err := api.warnOfCanary(ctx, name+"-"+stage, stage, existing); err != nil {
			return nil, err
		}
	}
	for _, stage := range args.Stages {
		if err := api.deploy(ctx, name+"-"+stage, stage, args, existing); err != nil {
			return nil, err
		}
	}
	if err := complete(ctx, "PrivateAPI", name, api, pulumi.Map{"policyDigest": api.PolicyDigest}); err != nil {
		return nil, err
	}
	return api, nil
}

// CheckPrivateAPI reads the API and makes its resource policy, as NewPrivateAPI
// does, and registers neither policy nor deployments.
func CheckPrivateAPI(ctx *pulumi.Context, name string, args *PrivateAPIArgs, opts ...pulumi.ResourceOption) error {
	if err := args.check(name); err != nil {
		return err
	}
	existing, err := apigateway.GetRestApi(ctx, name, pulumi.ID(args.APIID), nil, opts...)
	if err != nil {
		return fmt.Errorf("read REST API %s: %w", args.APIID, err)
	}
	return await(ctx, args.policyFor(existing))
}

// await waits for an output, and is its error.
func await(ctx *pulumi.Context, output pulumi.Output) error {
	_, err := internals.UnsafeAwaitOutput(ctx.Context(), output)
	return err
}

// policyFor is the policy to set. Where it has to wait for the ARNs of custom
// domains that don't exist yet, args.Policy is called once before, for its error.
func (a *PrivateAPIArgs) policyFor(existing *apigateway.RestApi) pulumi.StringOutput {
	checked := pulumi.All(existing.EndpointConfiguration, existing.Policy).ApplyT(func(values []any) (string, error) {
		if kind := values[0].(apigateway.RestApiEndpointConfiguration).Types; kind != "PRIVATE" {
			return "", &ExistingResourceError{Kind: "REST API", ID: a.APIID,
				Problem: fmt.Sprintf("its endpoint type is %s", kind), Fix: "only private APIs are reached through a VPC endpoint"}
		}
		return a.Policy(values[1].(string), a.PreviewDomainARNs)
	}).(pulumi.StringOutput)
	if len(a.DomainARNs) == 0 {
		return checked
	}
	return pulumi.All(checked, existing.Policy, a.DomainARNs.ToStringMapOutput()).ApplyT(func(values []any) (string, error) {
		return a.Policy(values[1].(string), values[2].(map[string]string))
	}).(pulumi.StringOutput)
}

func (a *PrivateAPIArgs) digest(policy string) string {
	if a.Digest != nil {
		return a.Digest(policy)
	}
	return resourcepolicy.Digest([]byte(policy), "", "")
}

// deploy points a stage at a new deployment whenever the policy has changed. The
// engine creates a replacement before it deletes the old deployment, which it
// must: a deployment that its stage still points at takes the stage with it.
func (a *PrivateAPI) deploy(ctx *pulumi.Context, name, stage string, args *PrivateAPIArgs, existing *apigateway.RestApi) error {
	dependencies := append(slices.Clone(args.DeploymentsDependOn), a.Policy)
	if a.LastDeployment != nil {
		dependencies = append(dependencies, a.LastDeployment)
	}
	deployment, err := apigateway.NewDeployment(ctx, name, &apigateway.DeploymentArgs{
		RestApi:     existing.ID(),
		StageName:   pulumi.String(stage),
		Description: a.PolicyDigest.ApplyT(resourcepolicy.DeploymentDescription).(pulumi.StringOutput),
		Triggers:    pulumi.StringMap{"policy": a.PolicyDigest},
	}, pulumi.Parent(a), pulumi.DependsOn(dependencies), pulumi.RetainOnDelete(true))
	if err != nil {
		return fmt.Errorf("deploy %s (stage %s): %w", name, stage, err)
	}
	a.LastDeployment, a.Deployments[stage] = deployment, deployment
	return nil
}
