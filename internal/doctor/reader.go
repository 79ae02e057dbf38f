package doctor

import (
	"context"
	"fmt"
	"net/netip"
	"time"
)

// Reader reads one account in one region by AWS's read-only calls. What doesn't
// exist is nil or an empty list, not an error.
type Reader interface {
	// VPC has the address ranges of a VPC.
	VPC(ctx context.Context, id string) (*VPC, error)
	// Zones are the private hosted zones that answer a VPC, of whatever account.
	Zones(ctx context.Context, vpcID string) ([]Zone, error)
	// ZonesNamed are the account's own private hosted zones of a name.
	ZonesNamed(ctx context.Context, name string) ([]Zone, error)
	// Records are a zone's A, AAAA and CNAME records of a name, which may begin with
	// "*.".
	Records(ctx context.Context, zoneID, name string) ([]Record, error)
	// Certificate is a certificate of ACM.
	Certificate(ctx context.Context, arn string) (*Certificate, error)
	// LoadBalancers are the account's load balancers.
	LoadBalancers(ctx context.Context) ([]LoadBalancer, error)
	// Listeners are a load balancer's, with all their certificates.
	Listeners(ctx context.Context, loadBalancerARN string) ([]Listener, error)
	// Rules are a listener's, by priority, without the default one.
	Rules(ctx context.Context, listenerARN string) ([]Rule, error)
	// BalancerQuotas are the account's quotas of load balancers by AWS's names, such as
	// rules-per-application-load-balancer.
	BalancerQuotas(ctx context.Context) (map[string]int, error)
	// TargetGroup is a target group.
	TargetGroup(ctx context.Context, arn string) (*TargetGroup, error)
	// Targets are a target group's targets and their health.
	Targets(ctx context.Context, targetGroupARN string) ([]Target, error)
	// Service is an ECS service.
	Service(ctx context.Context, cluster, name string) (*Service, error)
	// Containers are those of a task definition.
	Containers(ctx context.Context, taskDefinitionARN string) ([]Container, error)
	// SecurityGroups are security groups by ID; those that don't exist are missing.
	SecurityGroups(ctx context.Context, ids []string) (map[string]SecurityGroup, error)
	// Endpoint is a VPC endpoint.
	Endpoint(ctx context.Context, id string) (*Endpoint, error)
	// RESTAPI is a REST API.
	RESTAPI(ctx context.Context, id string) (*RESTAPI, error)
	// RESTAPIs are the account's REST APIs.
	RESTAPIs(ctx context.Context) ([]RESTAPI, error)
	// Stages are a REST API's.
	Stages(ctx context.Context, apiID string) ([]Stage, error)
	// Deployments are a REST API's, those that no stage points at too.
	Deployments(ctx context.Context, apiID string) ([]Deployment, error)
	// Domain is a custom domain name with its base path mappings; id is the
	// identifier of a PRIVATE one, empty for others.
	Domain(ctx context.Context, name, id string) (*Domain, error)
	// AccessAssociations are the account's endpoints that may call PRIVATE domains.
	AccessAssociations(ctx context.Context) ([]AccessAssociation, error)
}

// Accounts has the readers of accounts, by account number. The error says why there
// is none: the account isn't in the environment's settings.
type Accounts func(account string) (Reader, error)

// DeniedError reports a call that the role may not make.
type DeniedError struct {
	// Action is the IAM action, such as ecs:DescribeServices.
	Action string
	// Account is the 12-digit number.
	Account string
	// Err is AWS's answer; nil: none.
	Err error
}

// Error names the action and the account.
func (e *DeniedError) Error() string {
	return fmt.Sprintf("the role in account %s may not do %s: add the statements of docs/iam to it", e.Account, e.Action)
}

// Unwrap is AWS's answer.
func (e *DeniedError) Unwrap() error { return e.Err }

// VPC is a virtual private cloud.
type VPC struct {
	ID    string
	CIDRs []netip.Prefix
}

// Zone is a hosted zone.
type Zone struct {
	ID string
	// Name is in lower case, without a trailing dot.
	Name string
	// Account is the owner; empty: it is not known.
	Account string
}

// Record is a record set.
type Record struct {
	Name, Type string
	// AliasTarget is the name that an alias leads to, in lower case, without a
	// trailing dot and without "dualstack."; empty: it is no alias.
	AliasTarget string
	// Values are those of a record that is no alias.
	Values []string
}

// Certificate is a certificate of ACM.
type Certificate struct {
	ARN    string
	Names  []string
	Status string // ISSUED, EXPIRED, PENDING_VALIDATION, …
	// NotAfter is when it expires; zero: it was not issued.
	NotAfter time.Time
	// Reason is why it could not be issued or renewed; empty: none is given.
	Reason string
}

// LoadBalancer is an Application or Network Load Balancer.
type LoadBalancer struct {
	ARN, Name        string
	DNSName          string // in lower case
	Type             string // application or network
	State            string // active, provisioning, failed, …
	VPCID            string
	SecurityGroupIDs []string
}

// Listener is a load balancer's listener.
type Listener struct {
	ARN      string
	Port     int
	Protocol string
	// CertificateARNs has the default one first.
	CertificateARNs []string
	// TargetGroupARNs are those to which the default action forwards; none: it
	// answers by itself.
	TargetGroupARNs []string
}

// Rule is a listener's rule.
type Rule struct {
	ARN      string
	Priority int
	// Hosts are the patterns of the host header; none: any host.
	Hosts []string
	// Narrowed reports further conditions, which not every request meets.
	Narrowed        bool
	TargetGroupARNs []string
}

// TargetGroup is a target group.
type TargetGroup struct {
	ARN, Name, Protocol string
	Port                int
}

// Target is a registered target.
type Target struct {
	Address string
	Port    int
	// State is AWS's: healthy, unhealthy, initial, draining, unused, unavailable.
	State string
	// Reason is AWS's code and description; empty: none.
	Reason string
}

// Service is an ECS service.
type Service struct {
	ARN, Name, Status         string
	Desired, Running, Pending int
	TaskDefinitionARN         string
	// Rollout is the state of the latest deployment: COMPLETED, IN_PROGRESS, FAILED;
	// empty: unknown. RolloutReason is AWS's sentence about it.
	Rollout, RolloutReason string
	// Troubles are why ECS stopped tasks, and events about what failed.
	Troubles         []string
	SecurityGroupIDs []string
	TargetGroupARNs  []string
	ContainerPort    int
}

// Container is a container of a task definition.
type Container struct {
	Name, Image string
	Environment map[string]string
}

// SecurityGroup is a security group.
type SecurityGroup struct {
	ID    string
	Rules []SecurityRule
}

// SecurityRule lets one source or destination through.
type SecurityRule struct {
	Egress bool
	// Protocol is tcp, another one, or -1 for all.
	Protocol string
	From, To int
	// One of these is set.
	CIDR, PrefixListID, GroupID string
}

// Endpoint is a VPC endpoint.
type Endpoint struct {
	ID, ServiceName, VPCID string
	State                  string // available, pending, deleted, …, in lower case
	Policy                 string // empty: none, which denies nothing
	SecurityGroupIDs       []string
	DNSNames               []string // in lower case
	Addresses              []netip.Addr
}

// RESTAPI is a REST API.
type RESTAPI struct {
	ID, Name       string
	EndpointType   string // PRIVATE, REGIONAL, EDGE
	VPCEndpointIDs []string
	Policy         string // as saved; empty: none
	AccessMode     string // BASIC, STRICT; empty: unknown
}

// Stage is a stage of a REST API.
type Stage struct{ Name, DeploymentID string }

// Deployment is a deployment of a REST API.
type Deployment struct {
	ID, Description string
	Created         time.Time
}

// Domain is a custom domain name of API Gateway.
type Domain struct {
	Name, ID, ARN  string
	Type           string // REGIONAL, PRIVATE
	Status         string // AVAILABLE, UPDATING, PENDING, …; empty: unknown
	CertificateARN string
	Policy         string
	Mappings       []BasePathMapping
}

// BasePathMapping leads from a domain's path to a stage.
type BasePathMapping struct {
	// BasePath has no leading slash; empty: the root.
	BasePath, APIID, Stage string
}

// AccessAssociation lets an endpoint call a PRIVATE custom domain.
type AccessAssociation struct{ ARN, DomainARN, EndpointID string }
