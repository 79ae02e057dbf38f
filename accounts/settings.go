package accounts

import (
	"cmp"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/mapping"
)

// SharedSettings are the settings of a shared-services account's stack, for
// SharedWith. A field that is zero has its default; AWS.Region and
// AWS.AccountID have none. docs/configuration.md lists all fields by the keys
// that they have in a settings file.
type SharedSettings = settings.Shared

// ProviderSettings are the settings of a provider account's stack, for
// ProviderWith. AWS.Region, AWS.AccountID, Shared.Stack and Redeploy have no
// default.
type ProviderSettings = settings.Provider

// The parts of SharedSettings and ProviderSettings.
type (
	// App names an installation.
	App = settings.App
	// ProviderApp names what a provider account's stack makes.
	ProviderApp = settings.ProviderApp
	// AWS is the account and the region in which a stack works.
	AWS = settings.AWS
	// Network is the VPC.
	Network = settings.Network
	// VPCEndpoints are existing VPC endpoints to use.
	VPCEndpoints = settings.Endpoints
	// APIEndpoint is an execute-api endpoint, existing or new.
	APIEndpoint = settings.APIEndpoint
	// VPCEndpoint is an existing VPC endpoint, by its ID or by its service.
	VPCEndpoint = settings.Endpoint
	// SecurityGroups are existing security groups to use.
	SecurityGroups = settings.SecurityGroups
	// LoadBalancer is the load balancer in front of the proxy.
	LoadBalancer = settings.LoadBalancer
	// BalancerLogs is where logs of the load balancers go.
	BalancerLogs = settings.BalancerLogs
	// KMS is about keys of AWS KMS that encrypt what the stack creates.
	KMS = settings.KMS
	// IAM is about the roles that the stack creates.
	IAM = settings.IAM
	// Image is the proxy's container image.
	Image = settings.Image
	// Task is the size and the number of the proxy's tasks.
	Task = settings.Task
	// Logs is the proxy's log.
	Logs = settings.Logs
	// Alarms are CloudWatch's alarms about the proxy.
	Alarms = settings.Alarms
	// Certificates say where certificates come from.
	Certificates = settings.Certificates
	// PublicZone is a public hosted zone of another account.
	PublicZone = settings.PublicZone
	// ImportedCertificate is a certificate to import.
	ImportedCertificate = settings.ImportedCertificate
	// ExistingCertificate is a certificate that ACM has.
	ExistingCertificate = settings.ExistingCertificate
	// DNS is the private hosted zones and their records.
	DNS = settings.DNS
	// ExistingZone is a private hosted zone to use.
	ExistingZone = settings.ExistingZone
	// Association is another VPC that resolves the custom domains.
	Association = settings.Association
	// ResolverInbound is an inbound endpoint of Route 53 Resolver.
	ResolverInbound = settings.ResolverInbound
	// ALB is for rows with FRONT_DOOR: alb.
	ALB = settings.ALB
	// Native is for rows with FRONT_DOOR: native.
	Native = settings.Native
	// Quotas are the shared account's AWS quotas.
	Quotas = settings.Quotas
	// SharedStack names the stack of the shared-services account.
	SharedStack = settings.SharedStack
	// Consumers are clients of private custom domains in other accounts.
	Consumers = settings.Consumers
	// Policy is the form of resource policies.
	Policy = settings.Policy
	// ProviderQuotas are the AWS quotas of an account that owns APIs.
	ProviderQuotas = settings.ProviderQuotas
)

// SettingsErrors are all mistakes in a stack's settings: errors.As finds them in
// the error of a stack's program.
type SettingsErrors = settings.Errors //nolint:errname // there are several

// SettingsError is one mistake in a stack's settings.
type SettingsError = settings.Error

// sourceOf is where a running program reads its settings. Relative paths begin
// at dir.
func sourceOf(ctx *pulumi.Context, dir string) settings.Source {
	return settings.Source{
		Project: settings.Project{Files: settings.Dir(dir)},
		Stack:   ctx.Stack(),
		Engine:  ctx.GetConfig,
	}
}

// filesOf is where the settings of a stack are read beside its program: its settings
// file in the project's directory dir.
func filesOf(dir, stack string) settings.Source {
	return settings.Source{Project: settings.Project{Files: settings.Dir(cmp.Or(dir, ".")), Shown: dir}, Stack: stack}
}

// tagsOf are those of an installation, by which its resources are found.
func tagsOf(app App) components.Tags {
	return components.Tags{"app": app.Name, "environment": app.Environment, "managed-by": "portico"}
}

// allTags are every resource's: the installation's and further ones.
func allTags(app App, further map[string]string) components.Tags {
	tags := tagsOf(app)
	for key, value := range further {
		if _, own := tags[key]; !own {
			tags[key] = value
		}
	}
	return tags
}

// loadMapping reads the mapping file that the settings name.
func loadMapping(dir, path string) (*mapping.Mapping, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	return mapping.Load(path)
}
