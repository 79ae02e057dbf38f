package settings

import (
	"strings"

	"github.com/portico-iac/portico/internal/resourcepolicy"
	"github.com/portico-iac/portico/internal/topology"
)

// Provider are the settings of the stack of an account that owns APIs.
// Source.Provider reads them, CompleteProvider completes those that are made in
// code.
type Provider struct {
	// Mapping is the path of the mapping file or directory, relative to the
	// project's directory. Required, unless a program is given its mapping.
	Mapping string `config:"mapping"`
	// App gives the account's custom domains, certificates and resource share
	// their names and tags.
	App ProviderApp `config:"app"`
	// Tags are further tags of every resource that has tags, beside app,
	// environment, managed-by and Name. At most 46. A role has one that differs from
	// these four in capitals alone, such as Environment, in its place: IAM takes both
	// for one tag. Default: none.
	Tags map[string]string `config:"tags"`
	// AWS is the account and the region in which the stack works.
	AWS AWS `config:"aws"`
	// AllowedRoleARNs are the roles that ROLE_ARN in the mapping's ACCOUNTS may
	// name for this stack: ARNs in full up to the account, with * for any
	// characters of the role's path and name, such as
	// arn:aws:iam::222222222222:role/portico-*. An author of the mapping could
	// otherwise choose the role that the deployment assumes. Default: none.
	AllowedRoleARNs []string `config:"allowedRoleArns"`
	// Shared is the stack of the shared-services account.
	Shared SharedStack `config:"shared"`
	// APIs are the IDs of the account's APIs whose rows name no ACCOUNT.
	// Default: none.
	APIs []string `config:"apis"`
	// Redeploy deploys a stage when the resource policy of its API changes,
	// which publishes everything else that the API's owner has saved. If it is
	// false, the output redeployCommands has the commands for the owner.
	// Required, since it has no default.
	Redeploy *bool `config:"redeploy"`
	// CreateStages has a deployment create a stage that the API does not have,
	// with what the owner has saved. Otherwise such a stage is an error at
	// preview, unless only retired rows lead to it. Default: false.
	CreateStages bool `config:"createStages"`
	// AdditionalVPCEndpointIDs are VPC endpoints beside Portico's that may call
	// the APIs. Default: none.
	AdditionalVPCEndpointIDs []string `config:"additionalVpcEndpointIds"`
	// Certificates are those of the account's custom domains. Each parent
	// domain has one certificate, for its wildcard.
	Certificates Certificates `config:"certificates"`
	// Native is for rows with FRONT_DOOR: native.
	Native Consumers `config:"native"`
	// Policy is the form of the APIs' resource policies.
	Policy Policy `config:"policy"`
	// Quotas are the account's AWS quotas.
	Quotas ProviderQuotas `config:"quotas"`
}

// ProviderApp names what a provider account's stack makes.
type ProviderApp struct {
	// Name begins the names of resources, and is their tag "app". Default:
	// portico.
	Name string `config:"name"`
	// Environment is the second part of the names, and the tag "environment".
	// Default: the shared stack's name.
	Environment string `config:"environment"`
}

// App are the names as a shared stack has them.
func (a ProviderApp) App() App { return App(a) }

// SharedStack names the stack of the shared-services account.
type SharedStack struct {
	// Stack is its full name, organization/project/stack. In a self-managed
	// backend the organization is the word organization:
	// organization/portico/dev. Required.
	Stack string `config:"stack"`
}

// Consumers are clients of private custom domains in other accounts.
type Consumers struct {
	// VPCEndpointIDs are execute-api endpoints of consumers that may call the
	// private custom domains, beside the shared stack's. Default: none.
	VPCEndpointIDs []string `config:"vpcEndpointIds"`
	// Principals are the numbers of the accounts that may associate such
	// endpoints, beside the shared account. Default: none.
	Principals []string `config:"principals"`
	// AllowExternalPrincipals admits accounts outside the organization. They
	// have 12 hours to accept the share. Default: false.
	AllowExternalPrincipals bool `config:"allowExternalPrincipals"`
}

// The forms in which policies deny what rows don't name.
const (
	DenyNotResource = "notResource"
	DenyVerbs       = "verbs"
)

// Policy is the form of the APIs' resource policies.
type Policy struct {
	// DenyForm is how policies deny what rows don't name: notResource, or verbs,
	// which works without NotResource. Default: notResource.
	DenyForm string `config:"denyForm"`
	// MaxSize is the same as quotas.resourcePolicySize. Default: 8192.
	MaxSize int `config:"maxSize"`
}

// ProviderQuotas are the AWS quotas of an account that owns APIs, as AWS has
// raised them, or less where other uses need their share.
type ProviderQuotas struct {
	// ResourcePolicySize is API Gateway's quota of characters in a resource
	// policy, 8192 or more. Default: 8192.
	ResourcePolicySize int `config:"resourcePolicySize"`
	// PrivateDomains is API Gateway's quota of private custom domain names per
	// account and region. Each host of native needs one. Default: 50.
	PrivateDomains int `config:"privateDomains"`
	// RegionalDomains is API Gateway's quota of public custom domain names per
	// account and region. Each host of alb needs one. Default: 120.
	RegionalDomains int `config:"regionalDomains"`
}

// DefaultProvider are the settings of a stack that sets none, as DefaultShared.
func DefaultProvider() *Provider {
	certificates := defaultCertificates()
	certificates.NamesPerCertificate = 0
	return &Provider{
		App:          ProviderApp{Name: defaultApp},
		Certificates: certificates,
		Policy:       Policy{DenyForm: DenyNotResource, MaxSize: resourcepolicy.DefaultMaxSize},
		Quotas: ProviderQuotas{
			ResourcePolicySize: resourcepolicy.DefaultMaxSize,
			PrivateDomains:     topology.DefaultQuotas().PrivateDomains,
			RegionalDomains:    topology.DefaultQuotas().RegionalDomains,
		},
	}
}

// complete fills in the defaults that depend on other settings. given are the
// keys that have a value.
func (c *Provider) complete(given map[string]bool) {
	if c.App.Name == "" {
		c.App.Name = defaultApp
	}
	if c.App.Environment == "" {
		c.App.Environment = c.Shared.Stack[strings.LastIndexByte(c.Shared.Stack, '/')+1:]
	}
	if given["policy.maxSize"] && !given["quotas.resourcePolicySize"] {
		c.Quotas.ResourcePolicySize = c.Policy.MaxSize
	}
	c.Certificates.complete()
}
