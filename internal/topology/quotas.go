package topology

import (
	"errors"
	"fmt"

	"github.com/portico-iac/portico/internal/aws"
)

const (
	// MaxNamesPerCertificate is as far as AWS raises ACM's quota of domain names
	// per certificate (ACM user guide, quotas).
	MaxNamesPerCertificate = 100
	// MaxLoadBalancers is how many load balancers the proxy can be behind, since
	// an ECS service has at most five target groups (Amazon ECS developer guide,
	// registering multiple target groups with a service), each of them behind
	// one.
	MaxLoadBalancers = 5
	// OwnRecordsPerZone are a hosted zone's own records, NS and SOA, which count
	// in the quota of records.
	OwnRecordsPerZone = 2
	// maxQuota is more than any account has, and little enough for products of
	// three quotas.
	maxQuota = 1 << 30
)

// Quotas are quotas of AWS, as AWS counts them: those of the shared account, and
// of the accounts that own APIs. A field that is 0 has the value of
// DefaultQuotas. math.MaxInt means that there is no quota.
type Quotas struct {
	// NamesPerCertificate is ACM's quota of domain names per certificate.
	// Default: 10. 1 to MaxNamesPerCertificate.
	NamesPerCertificate int
	// CertificatesPerLoadBalancer is Elastic Load Balancing's quota of
	// certificates per load balancer, not counting the default certificate.
	// Default: 25. At least 1.
	CertificatesPerLoadBalancer int
	// LoadBalancers is how many load balancers may be used where one doesn't
	// take all certificates: in front of the proxy, and as many for alb where it
	// has load balancers of its own. Default: 5. 1 to MaxLoadBalancers.
	LoadBalancers int
	// RulesPerLoadBalancer is Elastic Load Balancing's quota of listener rules
	// per Application Load Balancer, not counting default rules. Each host of
	// alb needs one, and one is reserved for changes. Default: 100. At least 1.
	RulesPerLoadBalancer int
	// HostedZones is Route 53's quota of hosted zones per account. Default:
	// 500. At least 1.
	HostedZones int
	// RecordsPerZone is Route 53's quota of records per hosted zone, the zone's
	// OwnRecordsPerZone included. Default: 10,000. At least 3.
	RecordsPerZone int
	// PrivateDomains is API Gateway's quota of private custom domain names per
	// account and region, which the hosts of native need. Default: 50. At least
	// 1.
	PrivateDomains int
	// RegionalDomains is API Gateway's quota of public custom domain names per
	// account and region, which the hosts of alb need. Default: 120. At least 1.
	RegionalDomains int
	// Associations is API Gateway's quota of domain name access associations per
	// account and region, of which the shared account has one for each host of
	// native. Default: 100. At least 1.
	Associations int
}

// DefaultQuotas are the quotas of an account for which AWS has raised none, and
// the most load balancers.
func DefaultQuotas() Quotas {
	return Quotas{
		NamesPerCertificate:         aws.QuotaNamesPerCertificate,
		CertificatesPerLoadBalancer: aws.QuotaCertificatesPerLoadBalancer,
		LoadBalancers:               MaxLoadBalancers,
		RulesPerLoadBalancer:        aws.QuotaRulesPerLoadBalancer,
		HostedZones:                 aws.QuotaHostedZones,
		RecordsPerZone:              aws.QuotaRecordsPerZone,
		PrivateDomains:              aws.QuotaPrivateDomains,
		RegionalDomains:             aws.QuotaRegionalDomains,
		Associations:                aws.QuotaAssociations,
	}
}

// checked are the quotas with their defaults filled in. The error joins one
// error for each quota that no account can have.
func (q Quotas) checked() (Quotas, error) {
	var problems []error
	byDefault := DefaultQuotas()
	set := func(field *int, name string, byDefault, least int) {
		switch {
		case *field == 0:
			*field = byDefault
		case *field < least:
			problems = append(problems, fmt.Errorf("read quotas: %s is %d: give %d or more, or 0 for the default of %d", name, *field, least, byDefault))
		}
		*field = min(*field, maxQuota)
	}
	set(&q.NamesPerCertificate, "NamesPerCertificate", byDefault.NamesPerCertificate, 1)
	set(&q.CertificatesPerLoadBalancer, "CertificatesPerLoadBalancer", byDefault.CertificatesPerLoadBalancer, 1)
	set(&q.LoadBalancers, "LoadBalancers", byDefault.LoadBalancers, 1)
	set(&q.RulesPerLoadBalancer, "RulesPerLoadBalancer", byDefault.RulesPerLoadBalancer, 1)
	set(&q.HostedZones, "HostedZones", byDefault.HostedZones, 1)
	set(&q.RecordsPerZone, "RecordsPerZone", byDefault.RecordsPerZone, OwnRecordsPerZone+1)
	set(&q.PrivateDomains, "PrivateDomains", byDefault.PrivateDomains, 1)
	set(&q.RegionalDomains, "RegionalDomains", byDefault.RegionalDomains, 1)
	set(&q.Associations, "Associations", byDefault.Associations, 1)
	if q.LoadBalancers > MaxLoadBalancers {
		problems = append(problems, fmt.Errorf("read quotas: LoadBalancers is %d: an ECS service takes at most %d", q.LoadBalancers, MaxLoadBalancers))
	}
	if q.NamesPerCertificate > MaxNamesPerCertificate {
		problems = append(problems, fmt.Errorf("read quotas: NamesPerCertificate is %d: ACM allows at most %d", q.NamesPerCertificate, MaxNamesPerCertificate))
	}
	return q, errors.Join(problems...)
}

// certificates is how many certificates a load balancer takes, its default
// certificate included.
func (q Quotas) certificates() int { return q.CertificatesPerLoadBalancer + 1 }

// records is how many records a zone takes beside its own.
func (q Quotas) records() int { return q.RecordsPerZone - OwnRecordsPerZone }

// checked are the options with their defaults filled in.
func (o Options) checked() (Options, error) {
	quotas, err := o.Quotas.checked()
	o.Quotas = quotas
	return o, err
}
