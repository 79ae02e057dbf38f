package awssim

import (
	"net/netip"

	"github.com/portico-iac/portico/internal/awssim/acm"
	"github.com/portico-iac/portico/internal/awssim/apigateway"
	"github.com/portico-iac/portico/internal/awssim/cloudwatch"
	"github.com/portico-iac/portico/internal/awssim/docker"
	"github.com/portico-iac/portico/internal/awssim/ec2"
	"github.com/portico-iac/portico/internal/awssim/ecr"
	"github.com/portico-iac/portico/internal/awssim/ecs"
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/kms"
	"github.com/portico-iac/portico/internal/awssim/ram"
	"github.com/portico-iac/portico/internal/awssim/reachability"
	"github.com/portico-iac/portico/internal/awssim/route53"
	"github.com/portico-iac/portico/internal/awssim/route53resolver"
)

// Simulator is a set of simulated AWS accounts. Its methods may be called from
// several goroutines.
type Simulator struct{ *engine.Simulator }

// What the engine knows, under this package's name.
type (
	Object     = engine.Object
	Resource   = engine.Resource
	Filter     = engine.Filter
	Identity   = engine.Identity
	Account    = engine.Account
	Role       = engine.Role
	Existing   = engine.Existing
	Call       = engine.Call
	Authorized = engine.Authorized
	Checked    = engine.Checked
	Fault      = engine.Fault
	FaultKind  = engine.FaultKind
	Server     = engine.Server
)

// The kinds of faults.
const (
	Throttling   = engine.Throttling
	Denial       = engine.Denial
	Timeout      = engine.Timeout
	LostResponse = engine.LostResponse
)

// What services know, under this package's name.
type (
	HostedZone           = route53.HostedZone
	DNSProfile           = route53.DNSProfile
	Key                  = kms.Key
	CertificateAuthority = acm.CertificateAuthority
	PublicImage          = ecr.PublicImage
	ContainerImage       = ecr.ContainerImage
	ImageFile            = ecr.ImageFile
	RESTAPI              = apigateway.RESTAPI
	Method               = apigateway.Method
	DeployedAPI          = apigateway.DeployedAPI
	Invocation           = apigateway.Invocation
	Owner                = apigateway.Owner
	Releases             = apigateway.Releases
	CustomDomain         = apigateway.CustomDomain
	BasePathMapping      = apigateway.BasePathMapping
	Arrival              = apigateway.Arrival
	Delivery             = apigateway.Delivery
	RunningService       = ecs.RunningService
	RunningContainer     = ecs.RunningContainer
	TaskInterface        = ecs.TaskInterface
	Deployment           = ecs.Deployment
	DeploymentWatcher    = ecs.Watcher
	Network              = reachability.Network
	Endpoint             = reachability.Endpoint
	TargetHealth         = reachability.TargetHealth
)

// RESTAPIs is the REST APIs of all accounts in a region, by ID.
func (s *Simulator) RESTAPIs(region string) map[string]DeployedAPI {
	return apigateway.RESTAPIs(s.Simulator, region)
}

// OwnerOf is the owner of the API with that ID in a region.
func (s *Simulator) OwnerOf(region, apiID string) (*Owner, error) {
	return apigateway.OwnerOf(s.Simulator, region, apiID)
}

// SavedPolicies is the resource policies of REST APIs, by their IDs, as the caller reads
// them whom the settings of an AWS provider make. IAM is asked. An API that doesn't exist
// is left out.
func (s *Simulator) SavedPolicies(providerSettings Object, apis []string) (map[string]string, error) {
	caller, err := s.Session(providerSettings)
	if err != nil {
		return nil, err
	}
	return apigateway.SavedPolicies(caller, apis)
}

// Domains is the custom domain names of all accounts in a region, sorted by
// account, name and ID.
func (s *Simulator) Domains(region string) []CustomDomain {
	return apigateway.Domains(s.Simulator, region)
}

// Services is the ECS services of an account and region, by ARN.
func (s *Simulator) Services(account, region string) ([]RunningService, error) {
	return ecs.Services(s.Simulator, account, region)
}

// StoppedTasks is why ECS stopped the tasks of a service's latest deployment,
// with what its events say; empty where they run.
func (s *Simulator) StoppedTasks(serviceARN string) []string {
	return ecs.StoppedTasks(s.Simulator, serviceARN)
}

// WatchDeployments has a watcher find out what becomes of the deployments of ECS
// services; nil: all tasks stay up, and no alarm begins.
func (s *Simulator) WatchDeployments(w DeploymentWatcher) { ecs.Watch(s.Simulator, w) }

// SetAlarm has an alarm of an account and region begin or end.
func (s *Simulator) SetAlarm(account, region, name string, begun bool) error {
	return cloudwatch.SetAlarm(s.Simulator, account, region, name, begun)
}

// FlowLogErrors is why flow logs of an account and region deliver nothing, by their
// IDs; those that deliver are left out.
func (s *Simulator) FlowLogErrors(account, region string) map[string]string {
	return ec2.FlowLogErrors(s.Simulator, account, region)
}

// AskedVPC is the VPC whose resolver answers a DNS server at an address that asks an
// inbound endpoint of Route 53 Resolver at another.
func (s *Simulator) AskedVPC(account, region string, from, to netip.Addr) (string, error) {
	return route53resolver.Asked(s.Simulator, account, region, from, to)
}

// Image is the image that a reference leads to, in the registry of any account.
func (s *Simulator) Image(reference string) (ContainerImage, error) {
	return ecr.Image(s.Simulator, reference)
}

// PublishImage lets a public registry hold an image, to which its tag leads from now
// on. The images that a tag led to have their digests still.
func (s *Simulator) PublishImage(image PublicImage) { ecr.PublishImage(s.Simulator, image) }

// BuildIn says where relative paths of build contexts begin. Pulumi's engine
// starts the real provider in the project's directory; a simulator that it
// attaches to was started elsewhere.
func (s *Simulator) BuildIn(dir string) { docker.BuildIn(s.Simulator, dir) }

// ApproveEmail approves all requests for certificates that ask the mailboxes of
// a domain, now and later.
func (s *Simulator) ApproveEmail(domain string) { acm.ApproveEmail(s.Simulator, domain) }

// ProfileEntries is the IDs of a Route 53 Profile's associations with resources, by
// the resources' ARNs.
func (s *Simulator) ProfileEntries(profileID string) map[string]string {
	return route53.ProfileEntries(s.Simulator, profileID)
}

// OthersAssociations is the ARNs of an account's PRIVATE domains that other accounts'
// endpoints are associated with, by the associations' ARNs.
func (s *Simulator) OthersAssociations(account, region string) map[string]string {
	return apigateway.OthersAssociations(s.Simulator, account, region)
}

// AcceptInvitation does what `aws ram accept-resource-share-invitation` does in the
// receiving account.
func (s *Simulator) AcceptInvitation(account, region, shareARN string) error {
	return ram.AcceptInvitation(s.Simulator, account, region, shareARN)
}

// AssociateVPC does what `aws route53 associate-vpc-with-hosted-zone` does in
// the VPC's account: the zone, which may be another account's, then answers the
// VPC too, if that account has authorized it.
func (s *Simulator) AssociateVPC(account, region, vpcID, zoneID string) error {
	return route53.AssociateVPC(s.Simulator, account, region, vpcID, zoneID)
}

// Network is the network of an account and region. It sees changes that come
// after.
func (s *Simulator) Network(account, region string) *Network {
	return reachability.NetworkOf(s.Simulator, account, region)
}

// TargetHealth is the health of all targets that were registered by hand in an
// account and region, by target group, address and port.
func (s *Simulator) TargetHealth(account, region string) []TargetHealth {
	return reachability.TargetHealthOf(s.Simulator, account, region)
}
