package accounts

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/resourcepolicy"
	"github.com/portico-iac/portico/internal/topology"
)

// AWS's quotas as an account has them before any is raised, beside those of
// topology.DefaultQuotas.
const (
	// Route 53: VPCs per private hosted zone. Profiles have no such limit.
	defaultVPCsPerZone = 300
	// VPC: inbound rules per security group.
	defaultSecurityGroupRules = 60
	// Elastic Load Balancing: targets per Application Load Balancer; per
	// Network Load Balancer, which with cross-zone load balancing has as many
	// as it otherwise has in one zone.
	defaultTargetsPerALB = 1000
	defaultTargetsPerNLB = 500
	// Route 53: authorizations per hosted zone to associate other accounts'
	// VPCs.
	defaultVPCAuthorizations = 1000
)

const (
	// maxSecurityGroupRules is as far as AWS raises the quota: the rules of a
	// group times the groups of a network interface may not exceed 1,000.
	maxSecurityGroupRules = 1000
	// maxTasks is ECS's quota of tasks per service.
	maxTasks = 5000
)

func (c *sharedConfig) checkQuotas(m *mistakes) {
	q, byDefault := c.Quotas, topology.DefaultQuotas()
	const raised = "write your account's quota, or as much of it as Portico may use"
	for key, value := range map[string]int{
		"certificatesPerLoadBalancer": valueOr(q.CertificatesPerLoadBalancer, byDefault.CertificatesPerLoadBalancer),
		"hostedZones":                 valueOr(q.HostedZones, byDefault.HostedZones),
		"vpcsPerZone":                 valueOr(q.VPCsPerZone, defaultVPCsPerZone),
		"vpcAuthorizationsPerZone":    valueOr(q.VPCAuthorizationsPerZone, defaultVPCAuthorizations),
		"targetsPerLoadBalancer":      valueOr(q.TargetsPerLoadBalancer, defaultTargetsPerNLB),
		"rulesPerLoadBalancer":        valueOr(q.RulesPerLoadBalancer, byDefault.RulesPerLoadBalancer),
		"associations":                valueOr(q.Associations, byDefault.Associations),
	} {
		m.check(value >= 1, "quotas."+key, fmt.Sprintf("%d is out of range", value), raised)
	}
	balancers := valueOr(q.LoadBalancers, byDefault.LoadBalancers)
	m.check(balancers >= 1 && balancers <= topology.MaxLoadBalancers, "quotas.loadBalancers", fmt.Sprintf("%d is out of range", balancers),
		fmt.Sprintf("write 1 to %d: an ECS service takes no more target groups", topology.MaxLoadBalancers))
	records := valueOr(q.RecordsPerZone, byDefault.RecordsPerZone)
	m.check(records > topology.OwnRecordsPerZone, "quotas.recordsPerZone", fmt.Sprintf("%d is out of range", records),
		raised+": a zone has two records of its own")
	rules := valueOr(q.SecurityGroupRules, defaultSecurityGroupRules)
	m.check(rules >= 1 && rules <= maxSecurityGroupRules, "quotas.securityGroupRules", fmt.Sprintf("%d is out of range", rules),
		"write your account's quota, 1 to 1000 (60 unless raised)")
	for key, value := range map[string]*int{
		"certificates.namesPerCertificate": c.Certificates.NamesPerCertificate,
		"quotas.namesPerCertificate":       q.NamesPerCertificate,
	} {
		names := valueOr(value, byDefault.NamesPerCertificate)
		m.check(names >= 1 && names <= topology.MaxNamesPerCertificate, key, fmt.Sprintf("%d is out of range", names),
			"write your account's ACM quota, 1 to 100 (10 unless raised)")
	}
	m.check(q.NamesPerCertificate == nil || c.Certificates.NamesPerCertificate == nil, "certificates.namesPerCertificate",
		"the quota is given twice", "keep quotas.namesPerCertificate")
	c.checkTargets(m)
	c.checkAuthorizations(m)
	// A new VPC's range is known here; that of an existing one has to be looked
	// up first.
	if c.Network.creates() {
		if err := c.checkRules([]string{textOr(c.Network.CIDR, defaultCIDR)}); err != nil {
			m.add("loadBalancer.allowedCidrs", err.problem, err.fix)
		}
	}
}

// checkTargets holds the most tasks that autoscaling may start against what the
// load balancer takes.
func (c *sharedConfig) checkTargets(m *mistakes) {
	byDefault, balancer := defaultTargetsPerALB, "an Application Load Balancer"
	if c.LoadBalancer.Type == components.NetworkLoadBalancer {
		byDefault, balancer = defaultTargetsPerNLB, "a Network Load Balancer"
	}
	limit := valueOr(c.Quotas.TargetsPerLoadBalancer, byDefault)
	high := valueOr(c.Task.Max, max(defaultMax, valueOr(c.Task.Min, defaultMin)))
	m.check(high <= limit || high > maxTasks, "task.max", fmt.Sprintf("%d tasks exceed the %d targets of %s", high, limit, balancer),
		fmt.Sprintf("write at most %d, or have the quota raised and set quotas.targetsPerLoadBalancer", limit))
}

// checkAuthorizations counts the VPCs of other accounts, each of which every zone
// has to let in.
func (c *sharedConfig) checkAuthorizations(m *mistakes) {
	limit := valueOr(c.Quotas.VPCAuthorizationsPerZone, defaultVPCAuthorizations)
	others := 0
	for _, association := range c.DNS.Associations {
		if association.RoleARN != "" || association.AccountID != "" {
			others++
		}
	}
	m.check(others <= limit, "dns.associations", fmt.Sprintf("%d VPCs of other accounts exceed the %d that a private hosted zone can authorize", others, limit),
		"share the zones through a Route 53 Profile (dns.profileId), or have the quota raised and set quotas.vpcAuthorizationsPerZone")
}

// ruleLimit says that a security group would need more inbound rules than it
// may have.
type ruleLimit struct{ problem, fix string }

// checkRules holds the load balancer's security group, which has one inbound
// rule for each range, against the quota; nil: they fit, or the group is
// somebody else's.
func (c *sharedConfig) checkRules(vpcCIDRs []string) *ruleLimit {
	if c.SecurityGroups.LoadBalancerID != "" {
		return nil
	}
	limit := valueOr(c.Quotas.SecurityGroupRules, defaultSecurityGroupRules)
	ranges := components.AdmittedCIDRs(vpcCIDRs, c.LoadBalancer.AllowedCIDRs)
	if len(ranges) <= limit {
		return nil
	}
	fitting := max(0, limit-len(vpcCIDRs))
	return &ruleLimit{
		problem: fmt.Sprintf("%d inbound rules needed, one for each range and %d for the VPC's own, %d allowed", len(ranges), len(vpcCIDRs), limit),
		fix:     fmt.Sprintf("join ranges until %d are left, or have the quota of inbound rules per security group raised and set quotas.securityGroupRules", fitting),
	}
}

// checkExistingVPCRules is checkRules for ranges that had to be looked up.
func (c *sharedConfig) checkExistingVPCRules(vpcCIDRs []string) error {
	limit := c.checkRules(vpcCIDRs)
	if limit == nil {
		return nil
	}
	return errors.New(strings.Join([]string{"exceed limit: " + namespace + "loadBalancer.allowedCidrs", limit.problem, limit.fix}, ": "))
}

// topology are the options of the stack's topology, without what exists.
func (c *sharedConfig) topology() topology.Options {
	q := c.Quotas
	return topology.Options{
		Quotas: topology.Quotas{
			NamesPerCertificate:         valueOr(q.NamesPerCertificate, valueOr(c.Certificates.NamesPerCertificate, 0)),
			CertificatesPerLoadBalancer: valueOr(q.CertificatesPerLoadBalancer, 0),
			LoadBalancers:               valueOr(q.LoadBalancers, 0),
			RulesPerLoadBalancer:        valueOr(q.RulesPerLoadBalancer, 0),
			HostedZones:                 valueOr(q.HostedZones, 0),
			RecordsPerZone:              valueOr(q.RecordsPerZone, 0),
			Associations:                valueOr(q.Associations, 0),
			// The custom domains count in the provider accounts' quotas, which
			// their stacks know.
			PrivateDomains:  math.MaxInt,
			RegionalDomains: math.MaxInt,
		},
		DNS: topology.DNS{
			HostRecords:   c.DNS.Records == "host",
			HostZones:     c.DNS.Scope == scopeHost,
			ExistingZones: c.DNS.existingNames(),
		},
		Supplied:  c.supplied.certificates(),
		SharedALB: c.sharesLoadBalancer(),
	}
}

// domainQuotas are the account's quotas of custom domains.
func (c *providerConfig) domainQuotas() topology.Quotas {
	return topology.Quotas{
		PrivateDomains:  valueOr(c.Quotas.PrivateDomains, 0),
		RegionalDomains: valueOr(c.Quotas.RegionalDomains, 0),
	}
}

func (c *providerConfig) checkQuotas(m *mistakes) {
	byDefault := topology.DefaultQuotas()
	for key, value := range map[string]*int{
		"policy.maxSize":            c.Policy.MaxSize,
		"quotas.resourcePolicySize": c.Quotas.ResourcePolicySize,
	} {
		size := valueOr(value, resourcepolicy.DefaultMaxSize)
		m.check(size >= resourcepolicy.DefaultMaxSize, key, fmt.Sprintf("%d is below AWS's default", size),
			"write the account's quota in characters (8192 unless raised)")
	}
	for key, value := range map[string]int{
		"privateDomains":  valueOr(c.Quotas.PrivateDomains, byDefault.PrivateDomains),
		"regionalDomains": valueOr(c.Quotas.RegionalDomains, byDefault.RegionalDomains),
	} {
		m.check(value >= 1, "quotas."+key, fmt.Sprintf("%d is out of range", value), "write your account's quota, or as much of it as Portico may use")
	}
	m.check(c.Policy.MaxSize == nil || c.Quotas.ResourcePolicySize == nil, "policy.maxSize",
		"the quota is given twice", "keep quotas.resourcePolicySize")
}

// policySize is the quota for resource policies in characters; 0 stands for
// AWS's default.
func (c *providerConfig) policySize() int {
	return valueOr(c.Quotas.ResourcePolicySize, valueOr(c.Policy.MaxSize, 0))
}
