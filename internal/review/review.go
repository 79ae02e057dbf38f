// Package review is what a change of an environment's files means: which hosts,
// verbs, policies, certificates and zones come and go, which settings and accounts
// differ, which limits it comes near to, and which account has to redeploy. It needs neither AWS nor an engine:
// the two revisions' mappings and settings decide.
//
// Compare makes a Review, and Markdown writes it as a pull request's comment.
package review

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/portico-iac/portico/internal/cost"
	"github.com/portico-iac/portico/internal/resourcepolicy"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// State is an environment as a revision describes it.
type State struct {
	// Revision names the revision for readers: a commit, a branch.
	Revision string
	// Mapping is nil where the revision has none that can be read.
	Mapping *mapping.Mapping
	// Absent says why Mapping is nil, as the end of a sentence that begins
	// with the revision: "has no examples/mapping.dev.yaml".
	Absent string
	// Stacks are the provider accounts' stacks.
	Stacks []Stack
	// Settings are the files of the projects and their stacks.
	Settings []SettingsFile
	// Files are the digests of all files that were read at the revision, by
	// path; MappingFiles are those that have the rows.
	Files map[string][32]byte
	// Links are the files that paths of Files mean by symbolic links.
	Links        map[string]string
	MappingFiles []string
	// ReadsProviders reports whether the shared stack's settings name them, as they
	// must if a row has another front door than nginx.
	ReadsProviders bool
	Options        topology.Options
	// SuppliedOnly says that no certificate is issued: Options.Supplied have to
	// cover every host.
	SuppliedOnly bool
	// Size is what the environment's fixed cost depends on beside its topology.
	Size cost.Settings
}

// Stack is a provider account's stack, as far as it decides about policies.
type Stack struct {
	Name string
	// App and Environment are in the names of the policies' statements.
	App, Environment string
	// Account is 12 digits, or a name of the mapping's ACCOUNTS.
	Account string
	// RoleARN is the settings' own role; empty: that of ACCOUNTS counts.
	RoleARN string
	// APIs are the APIs of rows without an account that the stack takes.
	APIs     []mapping.APIID
	Redeploy Redeploy

	AdditionalVPCEndpointIDs []string
	// NativeEndpointIDs are consumers' endpoints of front door native.
	NativeEndpointIDs []string
	DenyForm          resourcepolicy.DenyForm
	// MaxPolicySize is the quota of a policy's characters; 0 for the default.
	MaxPolicySize int
	// Supplied are the certificates for custom domains that need
	// not be issued, and SuppliedOnly that no others are.
	Supplied     []topology.Certificate
	SuppliedOnly bool
}

// Redeploy is who deploys the stages whose policy changed.
type Redeploy string

// The settings of portico:redeploy, which has no default.
const (
	RedeployUnset     Redeploy = ""
	RedeployAutomatic Redeploy = "automatic"
	RedeployByHand    Redeploy = "by hand"
)

// The values that stand in for those that only a deployed environment has. They
// are as long as real ones, so that a policy's size comes out right.
const (
	UnknownVPCEndpointID = "vpce-00000000000000000"
	UnknownAccount       = mapping.AccountID("000000000000")
)

// Review is what a change means.
type Review struct {
	Environment string
	Base, Head  State
	// Endpoints are the endpoints that the policies name, by front door.
	Endpoints map[mapping.FrontDoor]string
	// Topology is derived from Head.
	Topology *topology.Topology

	HostsAdded, HostsRemoved []mapping.Host
	// HostsRepointed have a row that leads somewhere else than before.
	HostsRepointed []mapping.Host
	// Moves are the hosts that change their front door.
	Moves        []Move
	Rows         []RowChange
	Accounts     []AccountChange
	Settings     []SettingsChange
	Files        []FileChange
	Policies     []PolicyChange
	Certificates CertificateChanges
	Zones        []ZoneChange
	Limits       []Limit
	Warnings     []Warning
	// Proxy is what becomes of the proxy.
	Proxy ProxyChange
	Cost  CostChange
}

// ProxyChange is what becomes of the proxy.
type ProxyChange string

const (
	// ProxyStays says that its image is the same.
	ProxyStays ProxyChange = ""
	// ProxyChanges says that its routes differ: a new image is built and the
	// service's tasks are replaced.
	ProxyChanges ProxyChange = "changes"
	// ProxyComes says that it has its first route.
	ProxyComes ProxyChange = "comes"
	// ProxyGoes says that it has lost its last one.
	ProxyGoes ProxyChange = "goes"
)

// Empty reports whether the change means nothing to an environment.
func (r *Review) Empty() bool {
	return len(r.Rows) == 0 && len(r.Accounts) == 0 && len(r.Settings) == 0 && len(r.Files) == 0 &&
		len(r.Policies) == 0 && len(r.Zones) == 0 && r.Certificates.empty() && len(r.Warnings) == 0 && r.Proxy == ProxyStays
}

// Request asks for a comparison.
type Request struct {
	Environment string
	Base, Head  State
	// Endpoints are the environment's execute-api endpoints by front door; those
	// of UnknownEndpoints stand in for the ones that aren't known.
	Endpoints map[mapping.FrontDoor]string
}

// Compare is what becomes of an environment when head takes base's place.
// A base that can't be derived from is taken as absent. The error is that of
// head's derivation: all its mistakes, joined.
func Compare(r Request) (*Review, error) {
	if r.Head.Mapping == nil {
		return nil, fmt.Errorf("compare environment %q: %s %s", r.Environment, r.Head.Revision, r.Head.Absent)
	}
	endpoints := maps.Clone(UnknownEndpoints)
	maps.Copy(endpoints, r.Endpoints)
	head, err := derive(r.Head, endpoints)
	if err != nil {
		return nil, err
	}
	base, err := derive(r.Base, endpoints)
	if err != nil {
		r.Base.Mapping, r.Base.Absent = nil, "has a mapping that no environment could be made of"
		if base, err = derive(r.Base, endpoints); err != nil {
			return nil, err
		}
	}
	review := &Review{
		Environment: r.Environment, Base: r.Base, Head: r.Head, Endpoints: endpoints, Topology: head.topology,
		HostsAdded:   without(head.topology.Resolvable, base.topology.Resolvable),
		HostsRemoved: without(base.topology.Resolvable, head.topology.Resolvable),
		Moves:        compareMoves(base, head),
		Rows:         compareRows(base.rows(), head.rows()),
		Accounts:     compareAccounts(base, head),
		Settings:     compareSettings(base.Settings, head.Settings),
		Policies:     comparePolicies(base, head),
		Certificates: compareCertificates(base, head),
		Zones:        compareZones(base, head),
		Proxy:        compareProxies(base, head),
		Cost:         compareCosts(base, head),
	}
	if review.Limits, err = compareLimits(base, head); err != nil {
		return nil, err
	}
	review.Files = compareFiles(review, base, head)
	review.HostsRepointed = repointed(review.Rows, review.HostsAdded)
	review.Warnings = warnings(review, base, head)
	return review, nil
}

// side is a state and what is derived from it.
type side struct {
	State
	topology *topology.Topology
	policies map[apiKey]policy
}

// apiKey names an API: its ID is unique in its region.
type apiKey struct {
	region string
	id     mapping.APIID
}

func compareKeys(a, b apiKey) int {
	return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.region, b.region))
}

func (s side) rows() []mapping.Row {
	if s.Mapping == nil {
		return nil
	}
	return s.Mapping.Rows
}

func derive(state State, endpoints map[mapping.FrontDoor]string) (side, error) {
	s := side{State: state, topology: &topology.Topology{}}
	if state.Mapping == nil {
		return s, nil
	}
	derived, err := topology.Derive(state.Mapping, state.Options)
	if err != nil {
		return s, err
	}
	s.topology = derived
	if err := errors.Join(s.checkSupplied(), s.checkDomains()); err != nil {
		return s, err
	}
	s.policies, err = s.derivePolicies(endpoints)
	return s, err
}

// compareProxies compares what the proxy's image holds.
func compareProxies(base, head side) ProxyChange {
	before, after := base.topology.Routes, head.topology.Routes
	same := slices.EqualFunc(before, after, func(a, b topology.Route) bool {
		return a.Host == b.Host && a.BasePath == b.BasePath && a.API == b.API && a.CORS == b.CORS &&
			a.Timeout == b.Timeout && a.NoRewrite == b.NoRewrite && a.Strict == b.Strict && sameMethods(a.Methods, b.Methods)
	})
	switch {
	case same:
		return ProxyStays
	case len(before) == 0 && base.Mapping != nil:
		return ProxyComes
	case len(after) == 0:
		return ProxyGoes
	default:
		return ProxyChanges
	}
}

// without are the members of a that b lacks; both are sorted.
func without[T cmp.Ordered](a, b []T) []T {
	var rest []T
	for _, v := range a {
		if _, found := slices.BinarySearch(b, v); !found {
			rest = append(rest, v)
		}
	}
	return rest
}
