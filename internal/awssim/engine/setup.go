package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/portico-iac/portico/internal/awssim/iampolicy"
)

// Setup is what exists before any program has run.
type Setup struct {
	Home     Identity
	Accounts []Account
	// Existing is created in this order when a state directory first meets it,
	// by the same rules that programs are held to.
	Existing []Existing
	// Quotas replaces default limits by the names that AWS gives them.
	Quotas map[string]int
	// Facts are what services ask for with fact, one value of each type.
	Facts []any
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

	// ServiceControlPolicies are the organization's for the account, beside
	// FullAWSAccess. Default: none.
	ServiceControlPolicies []json.RawMessage `json:",omitempty"`
}

// Role can be assumed by whom it trusts.
type Role struct {
	Name string // with path: "portico" or "team/portico"

	// Trusts lists principals: ARNs, account IDs for everybody in an account,
	// or "*".
	Trusts []string

	// ExternalID is what the trust policy asks of who assumes the role (the condition
	// sts:ExternalId). Empty: it asks for none, and takes any.
	ExternalID string `json:",omitempty"`

	// MaxSession is the longest session, in seconds (MaxSessionDuration). 0: 3600.
	MaxSession int `json:",omitempty"`

	// Policies are the role's identity-based policies: each API call of who assumed
	// it is checked against them, on the resources that AWS checks. Nil limits
	// nothing.
	Policies []json.RawMessage `json:",omitempty"`
}

// Existing is a resource that was there before: its type and inputs as a
// Pulumi program would state them.
type Existing struct {
	Account, Region, Type string
	ID                    string // chosen by the fixture's author
	Properties            Object
}

// Simulator is a set of simulated AWS accounts. Its methods may be called
// from several goroutines.
type Simulator struct {
	mu      sync.Mutex // held for the whole of an operation: AWS is one
	Catalog *Catalog
	Setup   Setup
	store   *store
	facts   map[reflect.Type]any
	faults  []*fault
	calls   []Call

	authorizations []Authorized
	controls       map[string]*iampolicy.Policy // see controlsOf

	hook    func(Call)
	offered map[string]string // see OfferZones

	concurrency concurrency
}

// New begins with a setup and keeps what happens in memory.
func New(c *Catalog, setup Setup) (*Simulator, error) {
	return begin(c, setup, newStore())
}

// Open goes on with what a directory holds, and keeps every change
// there. What of the setup it has not met before is added; what it has met is
// left as the programs made it.
func Open(c *Catalog, dir string, setup Setup) (*Simulator, error) {
	s, err := openStore(dir)
	if err != nil {
		return nil, err
	}
	simulator, err := begin(c, setup, s)
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

func begin(c *Catalog, setup Setup, st *store) (*Simulator, error) {
	s := &Simulator{Catalog: c, Setup: setup, store: st, facts: map[reflect.Type]any{}, offered: map[string]string{}}
	for _, fact := range setup.Facts {
		s.facts[reflect.TypeOf(fact)] = fact
	}
	problems := []error{setup.check(c)}
	for _, e := range setup.Existing {
		problems = append(problems, s.layOutAs(e))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return s, nil
}

// Add lets accounts, their roles and what their owners made come to those that are
// there. What has been met before is left as the programs made it.
func (s *Simulator) Add(accounts []Account, existing []Existing) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Setup.Accounts = joinAccounts(s.Setup.Accounts, accounts)
	s.Setup.Existing = append(slices.Clip(s.Setup.Existing), existing...)
	problems := []error{s.Setup.check(s.Catalog)}
	for _, e := range existing {
		problems = append(problems, s.layOutAs(e))
	}
	return errors.Join(problems...)
}

// joinAccounts are the accounts of two lists, each with the roles of both: of roles
// with one name the later one.
func joinAccounts(before, more []Account) []Account {
	joined := slices.Clone(before)
	for _, account := range more {
		i := slices.IndexFunc(joined, func(a Account) bool { return a.ID == account.ID })
		if i < 0 {
			joined = append(joined, account)
			continue
		}
		kept := slices.DeleteFunc(slices.Clone(joined[i].Roles), func(r Role) bool {
			return slices.ContainsFunc(account.Roles, func(other Role) bool { return other.Name == r.Name })
		})
		account.Roles = append(kept, account.Roles...)
		joined[i] = account
	}
	return joined
}

// Fact is what the setup, or setFact since, says of a service; the zero value
// when nothing was said. The simulator is locked.
func Fact[T any](s *Simulator) T {
	fact, _ := s.facts[reflect.TypeFor[T]()].(T)
	return fact
}

// SetFact replaces what services know of a kind of fact, within an operation.
func SetFact[T any](op *Op, fact T) { op.Simulator.facts[reflect.TypeFor[T]()] = fact }

// ChangeFact replaces what services know of a kind of fact.
func ChangeFact[T any](s *Simulator, change func(T) T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.facts[reflect.TypeFor[T]()] = change(Fact[T](s))
}

var accountID = regexp.MustCompile(`^[0-9]{12}$`)

// check reports account IDs that are none and quotas that nothing asks for.
func (w *Setup) check(c *Catalog) error {
	var problems []error
	ids := []string{w.Home.Account}
	for _, account := range w.Accounts {
		ids = append(ids, account.ID)
		if _, err := parsePolicies(account.ServiceControlPolicies); err != nil {
			problems = append(problems, fmt.Errorf("simulate accounts: account %s: service control policies: %w", account.ID, err))
		}
		for _, role := range account.Roles {
			if _, err := parsePolicies(role.Policies); err != nil {
				problems = append(problems, fmt.Errorf("simulate accounts: account %s: role %s: %w", account.ID, role.Name, err))
			}
		}
	}
	for _, e := range w.Existing {
		ids = append(ids, e.Account)
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if !accountID.MatchString(id) {
			problems = append(problems, fmt.Errorf("simulate accounts: account ID %q has not 12 digits", id))
		}
	}
	known := c.quotaNames()
	for _, name := range slices.Sorted(maps.Keys(w.Quotas)) {
		if !slices.Contains(known, name) {
			problems = append(problems, fmt.Errorf("simulate accounts: no quota %q is simulated; there are %s", name, strings.Join(known, "; ")))
		}
	}
	return errors.Join(problems...)
}

// layOutAs is layOut with an error that names the resource.
func (s *Simulator) layOutAs(e Existing) error {
	if err := s.layOut(e); err != nil {
		return fmt.Errorf("lay out %s %s in account %s: %w", e.Type, e.ID, e.Account, err)
	}
	return nil
}

// layOut creates a resource that was there before the first program, once.
func (s *Simulator) layOut(e Existing) error {
	key := e.Account + "/" + e.Region + "/" + e.Type + "/" + e.ID
	if s.store.seeded[key] {
		return nil
	}
	spec, ok := s.Catalog.Types[e.Type]
	if !ok {
		return fmt.Errorf("no such type; simulated are %s", namesOf(s.Catalog.Types))
	}
	owner := Session{Simulator: s, Account: e.Account, Region: e.Region, Caller: "arn:aws:iam::" + e.Account + ":root", Owner: true}
	inputs := s.withDefaults(spec, CloneValue(map[string]any(e.Properties)).(map[string]any))
	if problems := spec.problems(inputs); len(problems) > 0 {
		return joinProblems(problems)
	}
	op := owner.op(spec, key)
	op.begins("creating", spec.Create)
	op.ID, op.change.Seeded = e.ID, []string{key}
	_, err := op.createResource(inputs)
	return err
}

func joinProblems(problems []Problem) error {
	var all []error
	for _, p := range problems {
		all = append(all, fmt.Errorf("%s: %s", p.Property, p.Reason))
	}
	return errors.Join(all...)
}

// Look runs f on the accounts as they are, on behalf of their owner, who no
// rule of IAM or quotas limits. No operation runs meanwhile; what f stages is
// dropped.
func (s *Simulator) Look(account, region string, f func(op *Op)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&Op{Session: Session{Simulator: s, Account: account, Region: region, Owner: true}})
}

// As is a caller of an account who assumes no role.
func (s *Simulator) As(account, region, principal string) Session {
	return Session{Simulator: s, Account: account, Region: region, Caller: principal}
}

// Root is an account's root user.
func (s *Simulator) Root(account, region string) Session {
	return s.As(account, region, "arn:aws:iam::"+account+":root")
}

// Create is what the engine has the provider do for a new resource: defaults,
// checks, and the creation. origin tells the resource from others of its type.
func (s Session) Create(token, origin string, inputs Object) (*Resource, error) {
	s.Simulator.mu.Lock()
	defer s.Simulator.mu.Unlock()
	spec, ok := s.Simulator.Catalog.Types[token]
	if !ok {
		return nil, fmt.Errorf("no such type; simulated are %s", namesOf(s.Simulator.Catalog.Types))
	}
	inputs = s.Simulator.completed(spec, origin, inputs)
	if problems := spec.problems(inputs); len(problems) > 0 {
		return nil, joinProblems(problems)
	}
	return s.op(spec, origin).createFor(inputs)
}

// Completed is inputs as the provider completes them before it calls AWS: with
// its defaults, and with a name where the program gives none.
func (s *Simulator) Completed(token, origin string, inputs Object) Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.completed(s.Catalog.Types[token], origin, inputs)
}

func (s *Simulator) completed(spec *Type, origin string, inputs Object) Object {
	inputs = s.withDefaults(spec, inputs.Clone())
	if spec.autoname != "" && inputs[spec.autoname] == nil {
		inputs[spec.autoname] = origin
	}
	return inputs
}

// Update changes a resource in place: the inputs that its state shows, with
// changes.
func (s Session) Update(r *Resource, changes Object) (*Resource, error) {
	inputs := s.Simulator.Catalog.Types[r.Type].InputsOf(r.Properties, nil)
	maps.Copy(inputs, changes)
	return s.UpdateTo(r, inputs)
}

// UpdateTo changes a resource in place, to the inputs given.
func (s Session) UpdateTo(r *Resource, inputs Object) (*Resource, error) {
	s.Simulator.mu.Lock()
	defer s.Simulator.mu.Unlock()
	spec := s.Simulator.Catalog.Types[r.Type]
	inputs = s.Simulator.withDefaults(spec, inputs.Clone())
	if spec.autoname != "" && inputs[spec.autoname] == nil {
		inputs[spec.autoname] = r.Properties[spec.autoname]
	}
	if problems := spec.problems(inputs); len(problems) > 0 {
		return nil, joinProblems(problems)
	}
	return s.op(spec, r.ID).updateFor(r.ID, inputs)
}

// Delete deletes a resource.
func (s Session) Delete(r *Resource) error {
	s.Simulator.mu.Lock()
	defer s.Simulator.mu.Unlock()
	return s.op(s.Simulator.Catalog.Types[r.Type], r.ID).deleteFor(r.ID)
}

// Read is a resource as it is now, or nil when it is gone.
func (s Session) Read(r *Resource) (*Resource, error) {
	s.Simulator.mu.Lock()
	defer s.Simulator.mu.Unlock()
	return s.op(s.Simulator.Catalog.Types[r.Type], r.ID).readFor(r.ID)
}

// Edit changes resources of any type by an API call that no type of Pulumi's
// makes.
func (s Session) Edit(operation, action string, change func(op *Op) error) error {
	s.Simulator.mu.Lock()
	defer s.Simulator.mu.Unlock()
	op := &Op{Session: s, Operation: operation, Action: action}
	if err := change(op); err != nil {
		return err
	}
	return op.commit()
}

// Invoke asks a data source.
func (s Session) Invoke(token string, args Object) (Object, error) {
	s.Simulator.mu.Lock()
	defer s.Simulator.mu.Unlock()
	spec, ok := s.Simulator.Catalog.Functions[token]
	if !ok {
		return nil, fmt.Errorf("no such function; simulated are %s", namesOf(s.Simulator.Catalog.Functions))
	}
	op := &Op{Session: s, Token: token, Inputs: args, Operation: "invoking " + token}
	return op.Invoke(spec)
}
