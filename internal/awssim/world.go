package awssim

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// World is what stands before any program has run.
type World struct {
	// Home is who calls without assuming a role: the identity of the
	// credentials that the engine would find in its environment.
	Home Identity

	Accounts []Account

	// Existing is laid out in this order when a state directory first meets
	// it, by the same rules that programs are held to.
	Existing []Existing `json:",omitempty"`

	// HostedZones are the public zones that answer for domain names.
	HostedZones []HostedZone `json:",omitempty"`

	// RESTAPIs are what owners run in their accounts.
	RESTAPIs []RESTAPI `json:",omitempty"`

	// CertificateAuthorities are the private ones; Portico makes none.
	CertificateAuthorities []CertificateAuthority `json:",omitempty"`

	// DNSProfiles are Route 53 Profiles.
	DNSProfiles []DNSProfile `json:",omitempty"`

	// EmailApprovals are the domains whose mailboxes' owner approves requests
	// for certificates.
	EmailApprovals []string `json:",omitempty"`

	// Images are what registries hold that nobody here pushed to.
	Images []PublicImage `json:",omitempty"`

	// Quotas replaces default limits by the names that AWS gives them, for
	// example "Certificates per load balancer". Zero or less leaves AWS's
	// default.
	Quotas map[string]int `json:",omitempty"`
}

// Identity is a caller of AWS.
type Identity struct {
	Account   string // 12 digits
	Principal string // ARN of a user or role of that account
}

// Account is an AWS account that is known to exist.
type Account struct {
	ID    string // 12 digits
	Alias string `json:",omitempty"`
	Roles []Role `json:",omitempty"`

	// OutsideOrganization takes the account out of the one organization that
	// all others are members of: what is shared with it, or by it, has to be
	// accepted.
	OutsideOrganization bool `json:",omitempty"`
}

// Role can be assumed by whom it trusts.
type Role struct {
	Name string // with path: "portico" or "team/portico"

	// Trusts lists principals: ARNs, account IDs for everybody in an account,
	// or "*".
	Trusts []string

	// Allows limits what the role may do to API actions such as
	// "ec2:CreateVpc" or "ec2:Describe*"; nil allows everything.
	Allows []string `json:",omitempty"`
}

// Existing is a resource that was there before: its type and inputs as a
// Pulumi program would state them.
type Existing struct {
	Account, Region, Type string
	ID                    string // chosen by whoever describes the world
	Properties            Object
}

// HostedZone is a public hosted zone to which its domain is delegated.
type HostedZone struct {
	Account string // 12 digits
	ID      string // "Z0123456789ABCDEFGHIJ"
	Name    string // without trailing dot
}

// Simulator is a set of simulated AWS accounts. Its methods may be called
// from several goroutines.
type Simulator struct {
	mu      sync.Mutex // held for the whole of an operation: AWS is one
	catalog *catalog
	world   *World
	store   *store
	faults  []*fault
	calls   []Call
	hook    func(Call)

	buildDir string // where relative build contexts begin; empty: here

	concurrency concurrency
}

// New begins with a world and keeps what happens in memory.
func New(world *World) (*Simulator, error) { return begin(world, newStore()) }

// Open goes on with what a directory holds, and keeps every change there. What
// of the world it has not met before is added; what it has met is left as the
// programs made it.
func Open(dir string, world *World) (*Simulator, error) {
	s, err := openStore(dir)
	if err != nil {
		return nil, err
	}
	simulator, err := begin(world, s)
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return simulator, nil
}

// Close ends the journal. Servers are closed by their own Close.
func (s *Simulator) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store.close()
}

func begin(world *World, st *store) (*Simulator, error) {
	s := &Simulator{catalog: simulated(), world: world, store: st}
	problems := []error{world.check()}
	for _, e := range world.existing() {
		if err := s.layOut(e); err != nil {
			problems = append(problems, fmt.Errorf("lay out %s %s in account %s: %w", e.Type, e.ID, e.Account, err))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return s, nil
}

var accountID = regexp.MustCompile(`^[0-9]{12}$`)

// check reports account IDs that are none and quotas that nothing asks for.
func (w *World) check() error {
	var problems []error
	ids := []string{w.Home.Account}
	for _, account := range w.Accounts {
		ids = append(ids, account.ID)
	}
	for _, e := range w.existing() {
		ids = append(ids, e.Account)
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if !accountID.MatchString(id) {
			problems = append(problems, fmt.Errorf("describe the world: account ID %q has not 12 digits", id))
		}
	}
	known := quotaNames()
	for _, name := range slices.Sorted(maps.Keys(w.Quotas)) {
		if !slices.Contains(known, name) {
			problems = append(problems, fmt.Errorf("describe the world: no quota %q is simulated; there are %s", name, strings.Join(known, "; ")))
		}
	}
	return errors.Join(problems...)
}

// quotaNames is the names of all quotas: the types' own, and those of rules
// that no type states.
func quotaNames() []string {
	names := []string{
		certificatesQuota, certificateNamesQuota, policyQuota, vpcsPerZoneQuota, publicDomainsQuota, privateDomainsQuota,
		rulesQuota, targetGroupsQuota, targetsPerGroupQuota, targetsPerBalancerQuota,
	}
	for _, spec := range simulated().types {
		if spec.quota.name != "" {
			names = append(names, spec.quota.name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// existing is all of the world that stands as resources, in the order in which
// it can be laid out.
func (w *World) existing() []Existing {
	var all []Existing
	for _, zone := range w.HostedZones {
		all = append(all, zone.existing())
	}
	for _, api := range w.RESTAPIs {
		all = append(all, api.existing()...)
	}
	return append(all, w.Existing...)
}

// layOut creates a resource that was there before Portico, once.
func (s *Simulator) layOut(e Existing) error {
	key := e.Account + "/" + e.Region + "/" + e.Type + "/" + e.ID
	if s.store.seeded[key] {
		return nil
	}
	spec, ok := s.catalog.types[e.Type]
	if !ok {
		return fmt.Errorf("no such type; simulated are %s", namesOf(s.catalog.types))
	}
	owner := session{simulator: s, account: e.Account, region: e.Region, caller: "arn:aws:iam::" + e.Account + ":root", owner: true}
	inputs := s.withDefaults(spec, cloneValue(map[string]any(e.Properties)).(map[string]any))
	if problems := spec.problems(inputs); len(problems) > 0 {
		return joinProblems(problems)
	}
	c := owner.call(spec, key)
	c.begins("creating", spec.create)
	c.id, c.change.Seeded = e.ID, []string{key}
	_, err := c.createResource(inputs)
	return err
}

func joinProblems(problems []problem) error {
	var all []error
	for _, p := range problems {
		all = append(all, fmt.Errorf("%s: %s", p.property, p.reason))
	}
	return errors.Join(all...)
}
