// Package outputs holds what the stacks of an environment report to one
// another: the types of both stacks' outputs, their names, how they are written
// as plain values and read back, and the contract's version. It knows nothing
// of Pulumi: a stack's outputs are a map of what JSON has.
package outputs

import (
	"slices"

	"github.com/portico-iac/portico/mapping"
)

// Contract is the version of the outputs that this program writes and reads. A
// version may gain outputs; it never loses one, and never changes the meaning of
// one.
const Contract = 2

// Shared are the outputs of the shared-services account's stack.
type Shared struct {
	// Contract is the version of the outputs.
	Contract  int               `json:"contract"`
	Region    string            `json:"region,omitempty"`
	AccountID mapping.AccountID `json:"accountId,omitempty"`
	VPCID     string            `json:"vpcId,omitempty"`
	// NamePrefix is what the names of the stack's resources begin with. The next
	// run says so where they would change.
	NamePrefix string `json:"namePrefix,omitempty"`
	// VPCEndpointID is the ID of the proxy's execute-api endpoint. Without a
	// proxy it is that of alb, or else that of native.
	VPCEndpointID      string `json:"vpcEndpointId,omitempty"`
	VPCEndpointDNSName string `json:"vpcEndpointDnsName,omitempty"`
	// LoadBalancerDNSName is the DNS name of the first load balancer; empty
	// where every host has the front door native.
	LoadBalancerDNSName string `json:"loadBalancerDnsName,omitempty"`
	// LoadBalancers describe each load balancer where there are several; nil
	// where there is one, or none.
	LoadBalancers []LoadBalancer `json:"loadBalancers,omitempty"`
	// Cluster and Service are the names of the ECS cluster and of the service that
	// runs the proxy, once a deployment has come up; empty without a proxy.
	Cluster string `json:"ecsCluster,omitempty"`
	Service string `json:"ecsService,omitempty"`
	// LogGroup is the name of the proxy's log group in CloudWatch Logs; empty
	// without a proxy.
	LogGroup string `json:"logGroup,omitempty"`
	// MappingDigest differs between mappings of different meaning.
	MappingDigest string `json:"mappingDigest,omitempty"`
	// Hosts are the hosts that have a DNS name, sorted.
	Hosts []mapping.Host `json:"hosts"`
	// Endpoints are the IDs of the execute-api endpoints that exist, by the
	// front door that each one serves. Where a stack reports none, it has
	// VPCEndpointID for nginx.
	Endpoints map[mapping.FrontDoor]string `json:"endpoints,omitempty"`
	// FrontDoors has an entry for each host that nginx doesn't serve alone, or
	// that is to leave nginx.
	FrontDoors map[mapping.Host]HostState `json:"frontDoors,omitempty"`
	// Zones are the private hosted zones that the stack has created, sorted. Hosts stay
	// in their zones.
	Zones []mapping.Zone `json:"zones,omitempty"`
	// DefaultNames are the names of the default certificate of each load balancer's
	// listener, by LoadBalancer.Name, where it was issued for it. They stay together.
	DefaultNames map[string][]mapping.Host `json:"defaultNames,omitempty"`
	// Direct are the rows of the hosts that alb and native serve.
	Direct *Served `json:"direct,omitempty"`
	// AssociationCommands are the commands to run in the accounts of VPCs that
	// are to be associated with the private hosted zones, where Portico has no
	// role there.
	AssociationCommands []string `json:"associationCommands,omitempty"`
	// ResolverInboundAddresses are the addresses of the inbound endpoint of Route 53
	// Resolver, sorted as texts; nil without one.
	ResolverInboundAddresses []string `json:"resolverInboundAddresses,omitempty"`
	// ImportedCertificatesExpire are the times (RFC 3339) at which imported
	// certificates expire, by first name and kind of key. AWS doesn't renew
	// imported certificates.
	ImportedCertificatesExpire map[string]string `json:"importedCertificatesExpire,omitempty"`
	// Network is what the stack uses of the VPC; nil where a stack reports none.
	Network *Network `json:"network,omitempty"`
	// Repository is the repository of the proxy's image; nil where the stack has
	// created none.
	Repository *Repository `json:"repository,omitempty"`
	// LoadBalancing says which load balancers serve the front doors nginx and alb.
	LoadBalancing LoadBalancing `json:"loadBalancing,omitzero"`
	// WidePolicies says that policies of endpoints let requests through to APIs to which
	// no row leads any more: the next run takes them out.
	WidePolicies bool `json:"widePolicies,omitempty"`
	// Served is what the proxy serves; nil where a stack reports none, of which
	// nothing is known then.
	Served *Served `json:"served,omitempty"`
	// BaseImage is what the proxy's image is built on; nil where none is built.
	BaseImage *BaseImage `json:"baseImage,omitempty"`
}

// BaseImage is what the proxy's image is built on. The next run builds on the same.
type BaseImage struct {
	// Reference is the base as the settings name it, or as the program does by
	// default.
	Reference string `json:"reference"`
	// Digest is what the reference's tag led to when it was last looked up; empty where
	// it never was, or where the reference has a digest itself.
	Digest string `json:"digest,omitempty"`
	// Since is when the stack began to build on this image, in RFC 3339.
	Since string `json:"since"`
	// Refresh is the portico:image.refresh of the last look-up.
	Refresh string `json:"refresh,omitempty"`
}

// Network is what a shared stack uses of its VPC. The next run compares the settings
// with it: load balancers don't follow to another VPC, and subnets stay in their
// zones.
type Network struct {
	// CIDR is the range of the VPC that the stack has created; empty where the
	// VPC existed before.
	CIDR string `json:"cidr,omitempty"`
	// Zones are the Availability Zones of the subnets that the stack has created,
	// in their order; nil where the VPC existed before.
	Zones []string `json:"zones,omitempty"`
	// SubnetIDs are the private subnets, in their order.
	SubnetIDs []string `json:"subnetIds"`
	// ChosenAddresses is the number of subnets, from the first, in which endpoints
	// have addresses that Portico has chosen; in further ones AWS has.
	ChosenAddresses int `json:"chosenAddresses,omitempty"`
}

// Repository is the ECR repository that a shared stack has created. The next run compares
// the settings with it: a repository's encryption stays.
type Repository struct {
	// KMSKeyARN is the ARN of the key of AWS KMS that encrypts the images; empty where
	// keys of Amazon S3 do.
	KMSKeyARN string `json:"kmsKeyArn"`
}

// LoadBalancing says which load balancers serve the front doors. The next run compares
// the settings with it: hosts don't change their load balancer while they are served.
type LoadBalancing struct {
	// Type is the type of the proxy's load balancers, ALB or NLB; empty without a
	// proxy.
	Type string `json:"type,omitempty"`
	// ALB is shared where the hosts of alb are on the proxy's load balancers, or
	// own; empty without such hosts.
	ALB string `json:"alb,omitempty"`
	// ProxyProtocol says how far proxy protocol is on for the proxy's Network Load
	// Balancers, by their names; nil without any, and where an earlier version of
	// the program has deployed them.
	ProxyProtocol []ProxyProtocol `json:"proxyProtocol,omitempty"`
}

// ProxyProtocol says how far proxy protocol is on for a Network Load Balancer.
type ProxyProtocol struct {
	// LoadBalancer is the load balancer's Name.
	LoadBalancer string             `json:"loadBalancer"`
	State        ProxyProtocolState `json:"state"`
}

// ProxyProtocolState says how far proxy protocol is on.
type ProxyProtocolState string

const (
	// ProxyProtocolOff is that the tasks take the load balancer for their client.
	ProxyProtocolOff ProxyProtocolState = "off"
	// ProxyProtocolTurningOn is that the listener leads to the tasks' port for it,
	// and that the former target group exists still.
	ProxyProtocolTurningOn ProxyProtocolState = "turningOn"
	// ProxyProtocolOn is that the former target group is gone, or never was.
	ProxyProtocolOn ProxyProtocolState = "on"
	// ProxyProtocolTurningOff is that the listener leads to the tasks' port without
	// it, and that the former target group exists still.
	ProxyProtocolTurningOff ProxyProtocolState = "turningOff"
)

// LoadBalancer is one of several load balancers.
type LoadBalancer struct {
	// Name is part of the names of the load balancer's resources; empty for
	// the first.
	Name    string `json:"name"`
	DNSName string `json:"dnsName"`
	// CertificateNames are the names of the certificates that were issued for
	// it.
	CertificateNames []mapping.Host `json:"certificateNames"`
}

// HostState is the state of a host between front doors, after a run of the
// shared stack. The zero value is a host that has no DNS name yet.
type HostState struct {
	// Current is the front door that the host's DNS name leads to; empty: the
	// host has no name yet.
	Current mapping.FrontDoor `json:"current,omitempty"`
	// Target is the front door that the host's rows want; empty where it is
	// Current.
	Target mapping.FrontDoor `json:"target,omitempty"`
	// Retains are other front doors that still serve the host, or that are
	// connected before its name moves.
	Retains []mapping.FrontDoor `json:"retains,omitempty"`
	// Pending is what the host waits for; empty where it waits for nothing.
	Pending Pending `json:"pending,omitempty"`
	// Rows are the addresses of the host's rows, sorted: all of them have to
	// be provisioned before the name moves to Target. Nil where Target is
	// empty.
	Rows []string `json:"rows,omitempty"`
}

// Pending is what a host waits for before its next step.
type Pending string

const (
	// PendingProvider says that the provider account has not provisioned the
	// host's rows for the target front door yet.
	PendingProvider Pending = "provider"
	// PendingAssociation says that the host's PRIVATE custom domain has just
	// been associated with the endpoint. API Gateway provisions the association
	// within 15 minutes, and no call reports when it is done.
	PendingAssociation Pending = "association"
	// PendingClients says that the host's name has just moved. Clients may use
	// the earlier answer for as long as its time to live, which is 60 seconds.
	PendingClients Pending = "clients"
)

// Serves reports whether requests through the front door have to be answered.
func (s HostState) Serves(frontDoor mapping.FrontDoor) bool {
	return s.Current == frontDoor || slices.Contains(s.Retains, frontDoor)
}

// Wanted is the front door that the host's rows want.
func (s HostState) Wanted() mapping.FrontDoor {
	if s.Target != "" {
		return s.Target
	}
	return s.Current
}

// Settled reports whether the host is served by the one front door that it
// wants, and waits for nothing.
func (s HostState) Settled() bool { return len(s.Retains) == 0 && s.Pending == "" }

// Equal reports whether both states are the same.
func (s HostState) Equal(other HostState) bool {
	return s.Current == other.Current && s.Target == other.Target && s.Pending == other.Pending &&
		slices.Equal(s.Retains, other.Retains) && slices.Equal(s.Rows, other.Rows)
}

// Provider are the outputs of a provider account's stack.
type Provider struct {
	// Contract is the version of the outputs.
	Contract  int               `json:"contract"`
	AccountID mapping.AccountID `json:"accountId,omitempty"`
	// RedeployCommands are the commands that the APIs' owner runs after an
	// update that changed a resource policy. Empty where the stack deploys the
	// stages itself.
	RedeployCommands []string `json:"redeployCommands"`
	// Provisioned are the addresses of the rows for which the account has
	// everything that the front door needs, by front door: the resource policy,
	// the deployment, and for alb and native the custom domain and its base
	// path mapping. For nginx it has only rows of hosts that come from another
	// front door.
	Provisioned map[mapping.FrontDoor][]string `json:"provisioned"`
	// ProvisionedFor are the IDs of the endpoints that Provisioned is about, by
	// front door.
	ProvisionedFor map[mapping.FrontDoor]string `json:"provisionedFor"`
	// Retains are the hosts whose earlier front door the resource policies
	// still admit, sorted.
	Retains []mapping.Host `json:"retains"`
	// DomainNameARNs are the ARNs of the PRIVATE custom domains, by host.
	DomainNameARNs map[mapping.Host]string `json:"domainNameArns"`
	// ResourceShareARN is the share of AWS Resource Access Manager through
	// which the shared account uses the PRIVATE custom domains; empty where
	// there is none.
	ResourceShareARN string `json:"resourceShareArn,omitempty"`
	// ResourceShareName is the share's name, by which receivers look it up; empty
	// where there is none.
	ResourceShareName string `json:"resourceShareName,omitempty"`
	// ImportedCertificatesExpire is as in Shared.
	ImportedCertificatesExpire map[string]string `json:"importedCertificatesExpire,omitempty"`
	// Admits are the numbers of the rows that wait for the account, and that the
	// deployed policies admit.
	Admits Numbers `json:"admits,omitempty"`
	// Undeployed are the addresses of awaited rows that the policies admit once the
	// APIs' owner has deployed the stages, sorted.
	Undeployed []string `json:"undeployed,omitempty"`
	// Widens are the addresses for which the policies admit what the proxy serves
	// beside what the mapping wants, sorted. They are narrowed when both are the same.
	Widens []string `json:"widens,omitempty"`
	// Stages are the stages on which statements of the stack's may be in effect, by
	// API. They are taken back when no row leads there any more.
	Stages map[mapping.APIID][]mapping.Stage `json:"stages,omitempty"`
	// TakenBack are the stages ("a1b2c3d4e5/dev") without rows whose API has lost the
	// stack's statements about them in the last run, sorted. The next run lets go of
	// them.
	TakenBack []string `json:"takenBack,omitempty"`
	// Saved are the policies of APIs whose owner deploys the stages, by API. An awaited
	// row is admitted once its stage was deployed after the policy was saved.
	Saved map[mapping.APIID]SavedPolicy `json:"saved,omitempty"`
	// Policies are the digests of the policies that the last run saved, by API, as
	// resourcepolicy.Recorded gives them.
	Policies map[mapping.APIID]string `json:"policies,omitempty"`
	// Digest is that of what the last run was for, in hexadecimal. A run with the same
	// digest changes nothing, unless the account has changed. Empty: another run may.
	Digest string `json:"digest,omitempty"`
}

// SavedPolicy is a policy that an API's owner has to deploy.
type SavedPolicy struct {
	// Digest is the policy's SHA-256, in hexadecimal.
	Digest string `json:"digest"`
	// Deployments are the IDs of the deployments that the stages had when the policy
	// had just been saved, by stage; "" where there was no such stage.
	Deployments map[mapping.Stage]string `json:"deployments"`
}

// Address is a row's key in Provider.Provisioned and HostState.Rows: its host
// and base path, "orders.example.com/v1".
func Address(row *mapping.Row) string { return row.URL() }

// ReadByProviders are the names of the outputs that decide what an update of a provider
// stack does.
func ReadByProviders() []string {
	return []string{"contract", "region", "accountId", "vpcId", "vpcEndpointId", "endpoints", "hosts", "frontDoors", "served"}
}

// ForgetRun removes what a stack's last run was for from its outputs, and reports whether
// that was there.
func ForgetRun(values map[string]any) bool {
	_, found := values["digest"]
	delete(values, "digest")
	return found
}

// reports are the outputs by which stacks rely on one another's front doors.
// The first three of them are empty where nothing is relied on.
var reports = []string{
	"frontDoors", "provisioned", "domainNameArns",
	"hosts", "provisionedFor", "retains", "resourceShareArn",
}

// Clear removes what other stacks rely on from a stack's outputs, and reports
// whether there was any. It is for a stack that is about to be destroyed: its
// outputs outlast an interrupted destroy, and the next update of another stack
// would rely on custom domains that are gone. Where no other front door than
// nginx was used, no stack reads the outputs, and they stay.
func Clear(values map[string]any) bool {
	relied := slices.ContainsFunc(reports[:3], func(name string) bool {
		entries, _ := values[name].(map[string]any)
		return len(entries) > 0
	})
	if !relied {
		return false
	}
	for _, name := range reports {
		delete(values, name)
	}
	return true
}
