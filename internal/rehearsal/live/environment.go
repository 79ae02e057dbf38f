// Package live makes a described data path answer on loopback: private DNS,
// the load balancer, the proxy's tasks as real processes, and execute-api
// interface endpoints that hold requests against the deployed resource
// policies. It knows nothing about how the description came about: whatever
// fills an Environment decides what is there.
//
// Addresses keep their places in the VPC: DNS answers, targets and logs name
// the simulated addresses, and Network alone translates them to loopback.
package live

import (
	"io/fs"
	"net/netip"
	"time"
)

// Environment describes a region's data path as its accounts hold it.
type Environment struct {
	// Region and Partition are AWS's names: us-east-1, aws.
	Region    string
	Partition string
	// VPCID is the VPC of the load balancers; its resolver is Path.Resolve's.
	VPCID string
	// Zones are the private hosted zones of every account.
	Zones []Zone
	// PublicNames are names that resolve without a private hosted zone: those
	// of load balancers and endpoints. Names are fully qualified, in lower
	// case, without a trailing dot.
	PublicNames map[string][]netip.Addr
	// LoadBalancers answer the VPC's callers.
	LoadBalancers []LoadBalancer
	// Tasks run the proxy's image.
	Tasks []Task
	// Endpoints are the execute-api interface endpoints, of other VPCs too.
	Endpoints []Endpoint
	// APIs are the REST APIs of every account in the region.
	APIs []API
	// Domains are the custom domain names of every account in the region.
	Domains []Domain
	// Reach reports why a connection between two network interfaces is not
	// possible; nil: it is. It is asked for each connection.
	Reach func(from, to Interface, port uint16) error
}

// Invocation is a request that policies decide about.
type Invocation struct {
	Stage, Method string
	// Path is what follows the stage or the base path, raw, with a leading
	// slash.
	Path string
	// Context are the condition keys of the request and their values.
	Context map[string]string
	// Authorization reports whether the request carries credentials for an
	// authorizer; in a rehearsal every authorizer accepts them.
	Authorization bool
}

// Interface is a network interface of a VPC.
type Interface struct {
	// Name says in messages whose interface it is.
	Name string
	// VPCID is the VPC: addresses mean something in their VPC only, and nothing
	// leads from one to another.
	VPCID   string
	Address netip.Addr
	// SubnetID and SecurityGroupIDs decide what it can reach.
	SubnetID         string
	SecurityGroupIDs []string
}

// Zone is a private hosted zone. Names are fully qualified, in lower case,
// without a trailing dot.
type Zone struct {
	Name string
	// VPCIDs are the VPCs whose resolvers ask the zone.
	VPCIDs  []string
	Records []Record
}

// Record is a record set of a zone.
type Record struct {
	// Name may begin with "*.".
	Name string
	// Type is A, AAAA, CNAME, TXT, ….
	Type string
	// TTL is in seconds; an alias answers with 60.
	TTL uint32
	// Values are the record's, as a zone file writes them; none in an alias.
	Values []string
	// AliasTarget is the name that an alias record refers to.
	AliasTarget string
}

// LoadBalancer is an Elastic Load Balancing load balancer.
type LoadBalancer struct {
	Name string
	// Interfaces are its network interfaces, one a subnet.
	Interfaces []Interface
	// DropInvalidHeaderFields is the Application Load Balancer's attribute
	// routing.http.drop_invalid_header_fields.enabled.
	DropInvalidHeaderFields bool
	Listeners               []Listener
}

// Listener is a listener with its rules and its default action: a fixed response
// or else forward.
type Listener struct {
	Port uint16
	// Protocol is HTTPS (Application Load Balancer) or TLS (Network Load
	// Balancer).
	Protocol string
	// SSLPolicy names the security policy, which decides the oldest protocol
	// version that is accepted.
	SSLPolicy string
	// Certificates are what a client's server name chooses among; the first is
	// the default.
	Certificates []Certificate
	// Rules are tried in this order; the default action serves what none of
	// them matches.
	Rules         []Rule
	FixedResponse *FixedResponse
	TargetGroup   TargetGroup
}

// Rule is a rule of an Application Load Balancer's listener about the requests for
// hosts: a fixed response or else forward.
type Rule struct {
	// Hosts are the values of its host-header condition: compared without
	// case, * matches any characters and ? one.
	Hosts         []string
	FixedResponse *FixedResponse
	TargetGroup   TargetGroup
}

// FixedResponse is the answer of a fixed-response action.
type FixedResponse struct {
	StatusCode        int
	ContentType, Body string
}

// Certificate is an issued certificate.
type Certificate struct {
	ARN string
	// Names are the subject alternative names.
	Names []string
	// Chain and PrivateKey are PEM where the certificate was imported: its own
	// and those above it, and its key. Others, whose keys never leave ACM, are
	// replaced by generated ones.
	Chain, PrivateKey string
}

// TargetGroup is a target group of IP addresses.
type TargetGroup struct {
	Name string
	// Protocol is what the targets speak: HTTPS, HTTP, TLS or TCP.
	Protocol string
	// ProxyProtocol says that a header of the proxy protocol, version 2, comes
	// first on the connections to targets, health checks among them.
	ProxyProtocol bool
	Targets       []netip.AddrPort
	HealthCheck   HealthCheck
}

// HealthCheck is a target group's health check.
type HealthCheck struct {
	// Protocol is HTTPS, HTTP or TCP.
	Protocol string
	Path     string
	// Port overrides the target's port; 0: the target's ("traffic-port").
	Port uint16
	// Matcher lists the status codes of a healthy target: "200",
	// "200,403", "200-399".
	Matcher string
}

// Task is a running task of the proxy's service.
type Task struct {
	Interface Interface
	// Ports are the container's. At the lowest the image listens as
	// PORTICO_LISTEN says, at the others as far from it as their numbers are.
	Ports []uint16
	Image Image
	// Environment is the container's, as the task definition states it.
	Environment map[string]string
	// Output is what becomes of what the container writes.
	Output Output
}

// Output is what becomes of what a container writes.
type Output string

const (
	// OutputLogged has every line reach Options.Logged.
	OutputLogged Output = ""
	// OutputLost has the log driver read what the container writes, and lose it: in mode
	// non-blocking it does while its buffer is full.
	OutputLost Output = "lost"
	// OutputUnread has nothing read what the container writes, until it is stopped. Its
	// pipe holds 4 KiB rather than Linux's 64, so that it is soon full.
	OutputUnread Output = "unread"
)

// Image is a container image: what its build laid over a base image that is
// this machine with nginx.
type Image struct {
	Files []File
	// Entrypoint and Command make up the command line.
	Entrypoint, Command []string
	Environment         map[string]string
	// StopSignal is such as SIGQUIT; empty: SIGTERM, as Docker has it.
	StopSignal string
}

// File is a file of an image.
type File struct {
	// Name is an absolute, slash-separated path.
	Name string
	Mode fs.FileMode
	Data []byte
}

// Endpoint is an execute-api interface endpoint.
type Endpoint struct {
	ID    string
	VPCID string
	// Interfaces are its network interfaces, one a subnet.
	Interfaces []Interface
	// DNSNames are the endpoint's own names, regional and zonal.
	DNSNames []string
	// Delay is how long it waits before it answers a request. Default: 0.
	Delay time.Duration
	// PrivateDNS reports whether the VPC resolves *.execute-api.{region} names
	// to the endpoint.
	PrivateDNS bool
	// Admit reports whether the endpoint policy lets a request for an API pass;
	// nil: full access.
	Admit func(api API, call Invocation) (bool, error)
	// AdmitDomain reports whether the endpoint policy lets a request for a
	// PRIVATE custom domain name pass; nil: full access.
	AdmitDomain func(domain Domain, call Invocation) (bool, error)
}

// Domain is a custom domain name.
type Domain struct {
	// Name is the host, in lower case; a REGIONAL one's may begin with "*.".
	Name string
	// ARN is what policies call the domain: arn:aws:execute-api:…:/domainnames/….
	ARN       string
	AccountID string
	// Private reports whether its endpoint type is PRIVATE; else it is REGIONAL.
	Private bool
	// Certificate is what endpoints present for a PRIVATE domain.
	Certificate Certificate
	// VPCEndpointIDs are the endpoints that have an access association with a
	// PRIVATE domain. A REGIONAL one answers at every other endpoint.
	VPCEndpointIDs []string
	Mappings       []Mapping
	// Admit reports whether a PRIVATE domain's policy lets a request pass.
	Admit func(call Invocation) (bool, error)
}

// Mapping is a base path mapping of a custom domain name.
type Mapping struct {
	// BasePath is one segment, without slashes; empty: the domain's root.
	BasePath string
	APIID    string
	// Stage may be empty: the path's next segment names it.
	Stage string
}

// API is a REST API.
type API struct {
	ID        string
	AccountID string
	// Private reports whether its endpoint type is PRIVATE.
	Private bool
	// Stages are the names of the deployed stages.
	Stages []string
	// VPCEndpointIDs are the endpoints associated with the API, which may name
	// it as {api}-{endpoint}.execute-api.
	VPCEndpointIDs []string
	// Strict says that the API's endpoint access mode is STRICT: a request's Host
	// and the server name of its connection have to be one name of the API.
	Strict bool
	// TLS13 says that the API's security policy takes TLS 1.3 alone.
	TLS13 bool
	// Admit reports whether the API invokes its method for a request, by the
	// resource policy that the stage was deployed with.
	Admit func(call Invocation) (bool, error)
	// Denials name the statements of that policy which deny a request; nil:
	// nothing is said of them.
	Denials func(call Invocation) []string
	// Fails is the status, 500 or more, with which API Gateway answers for an
	// integration that fails; 0: it works.
	Fails int
}
