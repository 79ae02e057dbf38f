package settings

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/aws"
	"github.com/portico-iac/portico/internal/resourcepolicy"
	"github.com/portico-iac/portico/internal/topology"
)

const (
	// maxSecurityGroupRules is as far as AWS raises the quota: the rules of a
	// group times the groups of a network interface may not exceed 1,000.
	maxSecurityGroupRules = 1000
	// maxTasks is ECS's quota of tasks per service.
	maxTasks = 5000
)

// Quotas are the shared account's AWS quotas, as AWS has raised them, or less
// where other uses need their share.
type Quotas struct {
	// CertificatesPerLoadBalancer is Elastic Load Balancing's quota of
	// certificates per load balancer, not counting the default certificate. At
	// least 1. Default: 25.
	CertificatesPerLoadBalancer int `config:"certificatesPerLoadBalancer"`
	// NamesPerCertificate is ACM's quota of names in a certificate, 1 to 100.
	// Default: 10.
	NamesPerCertificate int `config:"namesPerCertificate"`
	// HostedZones is Route 53's quota of hosted zones per account. At least 1.
	// Default: 500.
	HostedZones int `config:"hostedZones"`
	// RecordsPerZone is Route 53's quota of records in a hosted zone, of which
	// NS and SOA are the zone's own. At least 3. Default: 10000.
	RecordsPerZone int `config:"recordsPerZone"`
	// VPCsPerZone is Route 53's quota of VPCs with which a private hosted zone
	// is associated. At least 1. Default: 300.
	VPCsPerZone int `config:"vpcsPerZone"`
	// VPCAuthorizationsPerZone is Route 53's quota of authorizations for VPCs of
	// other accounts in a hosted zone. At least 1. Default: 1000.
	VPCAuthorizationsPerZone int `config:"vpcAuthorizationsPerZone"`
	// SecurityGroupRules is VPC's quota of inbound rules per security group, 1
	// to 1000. Each range that may call the load balancer needs one. Default:
	// 60.
	SecurityGroupRules int `config:"securityGroupRules"`
	// TargetsPerLoadBalancer is Elastic Load Balancing's quota of targets, which
	// bounds task.max. At least 1. Default: 1000, or 500 for an NLB.
	TargetsPerLoadBalancer int `config:"targetsPerLoadBalancer"`
	// LoadBalancers is how many load balancers may be used where one does not
	// take all certificates, 1 to 5: an ECS service has at most five target
	// groups. Default: 5.
	LoadBalancers int `config:"loadBalancers"`
	// RulesPerLoadBalancer is Elastic Load Balancing's quota of listener rules of
	// an Application Load Balancer, not counting default rules. Each host of alb
	// needs one, and one is reserved for changes. At least 1. Default: 100.
	RulesPerLoadBalancer int `config:"rulesPerLoadBalancer"`
	// Associations is API Gateway's quota of access associations of private
	// custom domains. Each host of native needs one. At least 1. Default: 100.
	Associations int `config:"associations"`
}

func defaultQuotas() Quotas {
	derived := topology.DefaultQuotas()
	return Quotas{
		CertificatesPerLoadBalancer: derived.CertificatesPerLoadBalancer,
		NamesPerCertificate:         derived.NamesPerCertificate,
		HostedZones:                 derived.HostedZones,
		RecordsPerZone:              derived.RecordsPerZone,
		VPCsPerZone:                 aws.QuotaVPCsPerZone,
		VPCAuthorizationsPerZone:    aws.QuotaVPCAuthorizationsPerZone,
		SecurityGroupRules:          aws.QuotaSecurityGroupRules,
		LoadBalancers:               derived.LoadBalancers,
		RulesPerLoadBalancer:        derived.RulesPerLoadBalancer,
		Associations:                derived.Associations,
	}
}

const raisedQuota = "write your account's quota, or as much of it as Portico may use"

func (c *Shared) checkQuotas(m *mistakes) {
	q := c.Quotas
	for key, value := range map[string]int{
		"certificatesPerLoadBalancer": q.CertificatesPerLoadBalancer,
		"hostedZones":                 q.HostedZones,
		"vpcsPerZone":                 q.VPCsPerZone,
		"vpcAuthorizationsPerZone":    q.VPCAuthorizationsPerZone,
		"targetsPerLoadBalancer":      q.TargetsPerLoadBalancer,
		"rulesPerLoadBalancer":        q.RulesPerLoadBalancer,
		"associations":                q.Associations,
	} {
		m.check(value >= 1, "quotas."+key, fmt.Sprintf("%d is out of range", value), raisedQuota)
	}
	m.check(q.LoadBalancers >= 1 && q.LoadBalancers <= topology.MaxLoadBalancers, "quotas.loadBalancers", fmt.Sprintf("%d is out of range", q.LoadBalancers),
		fmt.Sprintf("write 1 to %d: an ECS service takes no more target groups", topology.MaxLoadBalancers))
	m.check(q.RecordsPerZone > topology.OwnRecordsPerZone, "quotas.recordsPerZone", fmt.Sprintf("%d is out of range", q.RecordsPerZone),
		raisedQuota+": a zone has two records of its own")
	m.check(q.SecurityGroupRules >= 1 && q.SecurityGroupRules <= maxSecurityGroupRules, "quotas.securityGroupRules", fmt.Sprintf("%d is out of range", q.SecurityGroupRules),
		fmt.Sprintf("write your account's quota, 1 to %d (%d unless raised)", maxSecurityGroupRules, aws.QuotaSecurityGroupRules))
	for key, names := range map[string]int{
		"certificates.namesPerCertificate": c.Certificates.NamesPerCertificate,
		"quotas.namesPerCertificate":       q.NamesPerCertificate,
	} {
		outOfRange := names < 1 || names > topology.MaxNamesPerCertificate
		m.check(!outOfRange || !m.given[key], key, fmt.Sprintf("%d is out of range", names),
			fmt.Sprintf("write your account's ACM quota, 1 to %d (%d unless raised)", topology.MaxNamesPerCertificate, aws.QuotaNamesPerCertificate))
	}
	m.check(!m.given["quotas.namesPerCertificate"] || !m.given["certificates.namesPerCertificate"], "certificates.namesPerCertificate",
		"the quota is given twice", "keep quotas.namesPerCertificate")
	c.checkTargets(m)
	c.checkAuthorizations(m)
	// A new VPC's range is known here; that of an existing one has to be looked
	// up first.
	if c.Network.Creates() {
		if problem, fix := c.exceededRules([]string{c.Network.CIDR}); problem != "" {
			m.add("loadBalancer.allowedCidrs", problem, fix)
		}
	}
}

// checkTargets holds the most tasks that scaling may start against what the
// load balancer takes.
func (c *Shared) checkTargets(m *mistakes) {
	balancer := "an Application Load Balancer"
	if c.LoadBalancer.Type == NetworkLoadBalancer {
		balancer = "a Network Load Balancer"
	}
	limit := c.Quotas.TargetsPerLoadBalancer
	m.check(c.Task.Max <= limit || c.Task.Max > maxTasks, "task.max", fmt.Sprintf("%d tasks exceed the %d targets of %s", c.Task.Max, limit, balancer),
		fmt.Sprintf("write at most %d, or have the quota raised and set quotas.targetsPerLoadBalancer", limit))
}

// checkAuthorizations counts the VPCs of other accounts, each of which every zone
// has to authorize.
func (c *Shared) checkAuthorizations(m *mistakes) {
	limit := c.Quotas.VPCAuthorizationsPerZone
	others := 0
	for _, association := range c.DNS.Associations {
		if association.RoleARN != "" || association.AccountID != "" {
			others++
		}
	}
	m.check(others <= limit, "dns.associations", fmt.Sprintf("%d VPCs of other accounts exceed the %d that a private hosted zone can authorize", others, limit),
		"share the zones through a Route 53 Profile (dns.profileId), or have the quota raised and set quotas.vpcAuthorizationsPerZone")
}

// exceededRules holds the load balancer's security group, which has one inbound
// rule for each range, against the quota. Without a problem the rules fit, or
// the group exists already.
func (c *Shared) exceededRules(vpcCIDRs []string) (problem, fix string) {
	if c.SecurityGroups.LoadBalancerID != "" {
		return "", ""
	}
	limit := c.Quotas.SecurityGroupRules
	ranges := slices.Concat(vpcCIDRs, c.LoadBalancer.AllowedCIDRs)
	slices.Sort(ranges)
	needed := len(slices.Compact(ranges))
	if needed <= limit {
		return "", ""
	}
	return fmt.Sprintf("%d inbound rules needed, one for each range and %d for the VPC's own, %d allowed", needed, len(vpcCIDRs), limit),
		fmt.Sprintf("join ranges until %d are left, or have the quota of inbound rules per security group raised and set quotas.securityGroupRules", max(0, limit-len(vpcCIDRs)))
}

// CheckIngressRules reports that the load balancer's security group would need
// more inbound rules than the quota allows, for the ranges of an existing VPC.
func (c *Shared) CheckIngressRules(vpcCIDRs []string) error {
	problem, fix := c.exceededRules(vpcCIDRs)
	if problem == "" {
		return nil
	}
	return errors.New(strings.Join([]string{"exceed limit: " + Namespace + ":loadBalancer.allowedCidrs", problem, fix}, ": "))
}

func (c *Provider) checkQuotas(m *mistakes) {
	for key, size := range map[string]int{
		"policy.maxSize":            c.Policy.MaxSize,
		"quotas.resourcePolicySize": c.Quotas.ResourcePolicySize,
	} {
		m.check(size >= resourcepolicy.DefaultMaxSize || !m.given[key], key, fmt.Sprintf("%d is below AWS's default", size),
			fmt.Sprintf("write the account's quota in characters (%d unless raised)", resourcepolicy.DefaultMaxSize))
	}
	for key, value := range map[string]int{
		"privateDomains":  c.Quotas.PrivateDomains,
		"regionalDomains": c.Quotas.RegionalDomains,
	} {
		m.check(value >= 1, "quotas."+key, fmt.Sprintf("%d is out of range", value), raisedQuota)
	}
	m.check(!m.given["policy.maxSize"] || !m.given["quotas.resourcePolicySize"], "policy.maxSize",
		"the quota is given twice", "keep quotas.resourcePolicySize")
}
