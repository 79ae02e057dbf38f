package settings

// The alias records of private hosted zones, and what the zones are of.
const (
	RecordsWildcard = "wildcard"
	RecordsHost     = "host"
	ScopeParent     = "parent"
	ScopeHost       = "host"
)

// DNS is the private hosted zones and their records.
type DNS struct {
	// Records is wildcard, one alias record for each zone, or host, one for each
	// custom domain. Default: wildcard.
	Records string `config:"records"`
	// Scope is parent, one zone for each parent domain, or host, one for each
	// custom domain, so that the parent's other names stay public. Default:
	// parent.
	Scope string `config:"scope"`
	// Existing are private hosted zones to use instead of creating them.
	// Default: none.
	Existing []ExistingZone `config:"existing"`
	// Associations are other VPCs that resolve the custom domains. Default:
	// none.
	Associations []Association `config:"associations"`
	// ProfileID is a Route 53 Profile, rp-..., through which the zones are
	// shared. Default: none.
	ProfileID string `config:"profileId"`
	// ResolverInbound is an inbound endpoint of Route 53 Resolver in the VPC, to which DNS
	// servers outside forward queries. AWS takes USD 0.125 an hour for each of its
	// addresses and USD 0.40 for a million queries (us-east-1).
	ResolverInbound ResolverInbound `config:"resolverInbound"`
}

// ResolverInbound is an inbound endpoint of Route 53 Resolver.
type ResolverInbound struct {
	// AllowedCIDRs are IPv4 ranges of the DNS servers that may ask. They get an answer
	// for every name that the VPC resolves. Default: none, and there is no endpoint.
	AllowedCIDRs []string `config:"allowedCidrs"`
	// Addresses are the endpoint's IPv4 addresses, 2 to 6, each in another of the
	// subnets that the environment uses. They stay when an environment is made anew.
	// Default: AWS chooses one in each of the first two subnets.
	Addresses []string `config:"addresses"`
}

// ExistingZone is a private hosted zone that exists already.
type ExistingZone struct {
	// Name is the zone's name, in lower case. Required.
	Name string `config:"name"`
	// ID is the zone's ID, Z... Required.
	ID string `config:"id"`
	// Associate associates the zone with an existing VPC. With a VPC that the
	// stack creates this is always done. Default: false.
	Associate bool `config:"associate"`
	// RoleARN is a role of the zone's account. Default: the zone is in the
	// stack's account.
	RoleARN string `config:"roleArn"`
}

// Association is another VPC that resolves the custom domains.
type Association struct {
	// VPCID is the VPC's ID, vpc-... Required.
	VPCID string `config:"vpcId"`
	// Region is the VPC's region. Default: the stack's.
	Region string `config:"region"`
	// RoleARN is a role of the VPC's account. Default: the VPC is in the stack's
	// account.
	RoleARN string `config:"roleArn"`
	// AccountID is the number of the VPC's account where that offers no role.
	// The stack authorizes the association, and the output associationCommands
	// has the commands for that account. Default: none.
	AccountID string `config:"accountId"`
}
