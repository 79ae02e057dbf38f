package topology

import (
	"errors"
	"fmt"
	"strings"

	"github.com/portico-iac/portico/mapping"
)

// The limits of an account for which AWS raised none; Limits has their sources.
const (
	defaultNamesPerCertificate = 10
	defaultCertificates        = 26
	defaultLoadBalancers       = 5
	defaultRules               = 100
	defaultHostedZones         = 500
	defaultRecordsPerZone      = 9998
	defaultPrivateDomains      = 50
	defaultAssociations        = 100
	defaultRegionalDomains     = 120
)

// noLimit is more than any account has, and little enough to be multiplied.
const noLimit = 1 << 30

// MaxNamesPerCertificate is as far as AWS raises ACM's quota of domain names
// per certificate (ACM user guide, quotas).
const MaxNamesPerCertificate = 100

// MaxLoadBalancers is how many load balancers the proxy can be behind, since an
// ECS service has at most five target groups (Amazon ECS developer guide,
// registering multiple target groups with a service), each of them behind one.
const MaxLoadBalancers = 5

// Limits are the AWS quotas that a topology has to stay within; zero fields
// stand for the values that an account has before anything was raised.
type Limits struct {
	// NamesPerCertificate is ACM's quota of domain names per certificate; 10,
	// at most MaxNamesPerCertificate.
	NamesPerCertificate int
	// Certificates is how many certificates a load balancer takes, its
	// default one included; 26 (Elastic Load Balancing quotas: 25, not
	// counting the default certificate).
	Certificates int
	// LoadBalancers is how many load balancers may be used where one doesn't
	// take all certificates: in front of the proxy, and for alb where it has its
	// own; 5, at most MaxLoadBalancers.
	LoadBalancers int
	// StandingNames are the names of the certificates that load balancers have at
	// present, by LoadBalancer.Name; they stay where they are. Others go where
	// there is room.
	StandingNames map[string][]mapping.Host
	// RulesPerLoadBalancer is how many listener rules an Application Load
	// Balancer takes, of which each alb host needs one, and one is to spare for
	// changes; 100 (Elastic Load Balancing quotas: the default rule isn't
	// counted).
	RulesPerLoadBalancer int
	// HostedZones is Route 53's quota of hosted zones per account; 500.
	HostedZones int
	// RecordsPerZone is Route 53's quota of records per hosted zone, less the
	// zone's own NS and SOA; 9,998.
	RecordsPerZone int
	// PrivateDomains and RegionalDomains are API Gateway's quotas of custom
	// domains per account and region, of native hosts and of alb hosts; 50 and
	// 120 (API Gateway developer guide, quotas: private custom domain names,
	// and public ones).
	PrivateDomains, RegionalDomains int
	// Associations is API Gateway's quota of domain name access associations
	// per account and region, of which the shared account has one for each
	// native host; 100.
	Associations int
	// Supplied are the names of each certificate that needs not be issued,
	// since it is imported or exists. They have their places on the load
	// balancers, and hosts that they cover need no other.
	Supplied [][]mapping.Host
	// SharedALB says that alb hosts are served by the load balancers of the
	// proxy, which are Application Load Balancers then.
	SharedALB bool
	// HostRecords asks for one alias record per host instead of one wildcard
	// per zone.
	HostRecords bool
	// HostZones asks for one zone per host, of the host's own name, instead of
	// one per parent domain, so that the parent's other names stay public. A
	// wildcard host has its parent for a zone all the same.
	HostZones bool
	// ExistingZones are private hosted zones that are there already. They take
	// the records of their own name and of all below it, and count in no quota
	// of zones.
	ExistingZones []mapping.Zone
}

func (l Limits) withDefaults() (Limits, error) {
	var problems []error
	set := func(field *int, name string, byDefault int) {
		if *field < 0 {
			problems = append(problems, fmt.Errorf("read limits: %s is %d: give a positive number, or none for %d", name, *field, byDefault))
		}
		if *field == 0 {
			*field = byDefault
		}
		*field = min(*field, noLimit)
	}
	set(&l.NamesPerCertificate, "NamesPerCertificate", defaultNamesPerCertificate)
	set(&l.Certificates, "Certificates", defaultCertificates)
	set(&l.LoadBalancers, "LoadBalancers", defaultLoadBalancers)
	set(&l.RulesPerLoadBalancer, "RulesPerLoadBalancer", defaultRules)
	set(&l.HostedZones, "HostedZones", defaultHostedZones)
	set(&l.RecordsPerZone, "RecordsPerZone", defaultRecordsPerZone)
	set(&l.PrivateDomains, "PrivateDomains", defaultPrivateDomains)
	set(&l.RegionalDomains, "RegionalDomains", defaultRegionalDomains)
	set(&l.Associations, "Associations", defaultAssociations)
	if l.LoadBalancers > MaxLoadBalancers {
		problems = append(problems, fmt.Errorf("read limits: LoadBalancers is %d: an ECS service takes at most %d", l.LoadBalancers, MaxLoadBalancers))
	}
	if l.NamesPerCertificate > MaxNamesPerCertificate {
		problems = append(problems, fmt.Errorf("read limits: NamesPerCertificate is %d: ACM allows at most %d", l.NamesPerCertificate, MaxNamesPerCertificate))
	}
	return l, errors.Join(problems...)
}

// RowRef names a row in messages.
type RowRef struct {
	Source   string
	Position mapping.Position
	Index    int
	// URL is the row's host and base path.
	URL string
}

func refer(source string, row *mapping.Row) RowRef {
	return RowRef{Source: source, Position: row.Pos, Index: row.Index, URL: string(row.Host) + string(row.BasePath)}
}

// String is the row's place in the way compilers write it, and its URL.
func (r RowRef) String() string {
	return fmt.Sprintf("%s:%d:%d: APIS[%d] (%s)", r.Source, r.Position.Line, r.Position.Column, r.Index, r.URL)
}

// LimitError says that a mapping needs more of something than AWS allows.
type LimitError struct {
	// Limit is what there is too little of.
	Limit     string
	Need, Max int
	// Fitting is how many rows fit when they are taken from the top of the file.
	Fitting int
	// Rows are those that don't.
	Rows   []RowRef
	Remedy string
}

// maxRowsShown is how many rows a message names before it counts the rest.
const maxRowsShown = 10

// Error says what is exceeded, by how much, by which rows, and what to do.
func (e *LimitError) Error() string {
	return fmt.Sprintf("exceed limit: %s: %d needed, %d allowed: %d rows fit, these don't: %s: %s",
		e.Limit, e.Need, e.Max, e.Fitting, joinRows(e.Rows), e.Remedy)
}

// ConflictError says that rows contradict each other.
type ConflictError struct {
	Problem string
	Rows    []RowRef
	Remedy  string
}

// Error says which rows contradict each other, about what, and what to do.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("reconcile rows: %s: %s: %s", e.Problem, joinRows(e.Rows), e.Remedy)
}

func joinRows(rows []RowRef) string {
	shown := make([]string, 0, maxRowsShown+1)
	for i, row := range rows {
		if i == maxRowsShown {
			shown = append(shown, fmt.Sprintf("and %d more", len(rows)-i))
			break
		}
		shown = append(shown, row.String())
	}
	return strings.Join(shown, ", ")
}

// newLimitError fills in which rows fit: those whose thing (name, zone,
// record) is among the first of the file that fits allows.
func newLimitError[K comparable](source string, rows []*mapping.Row, e LimitError, fits func(int) bool, thing func(*mapping.Row) K) error {
	order := make(map[K]int)
	for _, row := range rows {
		k := thing(row)
		i, seen := order[k]
		if !seen {
			i = len(order)
			order[k] = i
		}
		if !fits(i) {
			e.Rows = append(e.Rows, refer(source, row))
		}
	}
	e.Fitting = len(rows) - len(e.Rows)
	return &e
}
