package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Op is one operation on behalf of a caller. It reads the simulated accounts
// as they are and stages changes, which commit lays down together.
type Op struct {
	Session
	spec      *Type // nil for functions
	Token     string
	Operation string // "creating EC2 VPC", for errors
	Action    string // the API action that has the effect

	origin string // the URN, or whatever else tells resources apart, for IDs
	serial int

	// Timeout is how long the program lets the provider wait; 0: as long as the
	// provider does by itself.
	Timeout time.Duration

	ID, ARN string
	Inputs  Object // checked, known
	Outputs Object // inputs and outputs: becomes the resource's properties
	Hidden  Object
	Before  *Resource // in updates, reads and deletes
	Ignored []string  // properties whose changes the program ignores
	change  change
	made    []Call
	lost    bool

	creating bool // the operation makes the resource
}

func (s Session) op(spec *Type, origin string) *Op {
	return &Op{Session: s, spec: spec, Token: spec.Token, origin: origin}
}

// awsError is a refusal as the real provider words it.
type awsError struct{ operation, service, action, code, message string }

func (e *awsError) Error() string {
	return fmt.Sprintf("%s: operation error %s: %s, api error %s: %s", e.operation, e.service, e.action, e.code, e.message)
}

// Refuse is the error of the API call that has the operation's effect.
func (op *Op) Refuse(code, format string, args ...any) error {
	service, action, _ := strings.Cut(op.Action, ":")
	return &awsError{op.Operation, service, action, code, fmt.Sprintf(format, args...)}
}

// Fail is an error of the provider's own.
func (op *Op) Fail(format string, args ...any) error {
	return fmt.Errorf(op.Operation+": "+format, args...)
}

// Unfinished is an error of a resource that exists nevertheless: its ID goes
// to Pulumi's state, and the next update goes on from there.
type Unfinished struct{ error } //nolint:errname // it names the state of the resource, as Pulumi does

// LeaveUnfinished is an error that leaves the resource in Pulumi's state.
func LeaveUnfinished(err error) error { return Unfinished{err} }

func (u Unfinished) Unwrap() error { return u.error }

// scopeOf is where the caller's resources of a type are.
func (op *Op) scopeOf(token string) scope {
	sc := scope{op.Account, op.Region, token}
	if spec := op.Simulator.Catalog.Types[token]; spec != nil && spec.Global {
		sc.region = ""
	}
	return sc
}

// Find is the caller's resource of that ID, or nil. Resources of other
// accounts and regions are not to be seen.
func (op *Op) Find(token, id string) *Resource {
	return op.Simulator.store.resources[op.scopeOf(token)][id]
}

// FindBy is the caller's first resource with that property value, or nil.
func (op *Op) FindBy(token, property, value string) *Resource {
	if property == "" || property == "id" {
		return op.Find(token, value)
	}
	var first *Resource
	for _, r := range op.Simulator.store.resources[op.scopeOf(token)] {
		if r.Properties.Text(property) == value && (first == nil || r.ID < first.ID) {
			first = r
		}
	}
	return first
}

// See is the resource of that ID that the caller sees: its own, or one that
// another account shares with it, or nil.
func (op *Op) See(token, id string) *Resource {
	if own := op.Find(token, id); own != nil {
		return own
	}
	all := op.shared(token)
	if i := slices.IndexFunc(all, func(r *Resource) bool { return r.ID == id }); i >= 0 {
		return all[i]
	}
	return nil
}

// Seen is the resources of a type that the caller sees, sorted by ID.
func (op *Op) Seen(token string) []*Resource {
	all := slices.Concat(op.All(token), op.shared(token))
	slices.SortFunc(all, func(a, b *Resource) int { return strings.Compare(a.ID, b.ID) })
	return all
}

func (op *Op) shared(token string) []*Resource {
	spec := op.Simulator.Catalog.Types[token]
	if spec == nil || spec.Shared == nil {
		return nil
	}
	return spec.Shared(op)
}

// All is the caller's resources of a type, sorted by ID.
func (op *Op) All(token string) []*Resource { return op.Simulator.store.in(op.scopeOf(token)) }

// Having is the caller's resources of a type whose property has a value, sorted by
// ID.
func (op *Op) Having(token, property, value string) []*Resource {
	return having(op.All(token), property, value)
}

// HavingEverywhere is Having in all accounts and regions.
func (op *Op) HavingEverywhere(token, property, value string) []*Resource {
	return having(op.Everywhere(token), property, value)
}

func having(all []*Resource, property, value string) []*Resource {
	return slices.DeleteFunc(all, func(r *Resource) bool { return r.Properties.Text(property) != value })
}

// Everywhere is the resources of a type in all accounts and regions, for
// services that look beyond the caller's, as public DNS does.
func (op *Op) Everywhere(token string) []*Resource {
	var found []*Resource
	for sc, resources := range op.Simulator.store.resources {
		if sc.token == token {
			for _, r := range resources {
				found = append(found, r)
			}
		}
	}
	slices.SortFunc(found, compareResources)
	return found
}

// Elsewhere is the resource of that ID in the call's region of any account, for
// IDs that no two accounts may share, or nil.
func (op *Op) Elsewhere(token, id string) *Resource {
	for sc, resources := range op.Simulator.store.resources {
		if sc.token == token && sc.region == op.scopeOf(token).region && resources[id] != nil {
			return resources[id]
		}
	}
	return nil
}

// InAccount is all of the caller's resources, of every type, in its region and
// of global services.
func (op *Op) InAccount() []*Resource {
	var found []*Resource
	for sc, resources := range op.Simulator.store.resources {
		if sc.account == op.Account && (sc.region == op.Region || sc.region == "") {
			found = slices.AppendSeq(found, maps.Values(resources))
		}
	}
	slices.SortFunc(found, compareResources)
	return found
}

// Staging is the resources that the operation has staged so far.
func (op *Op) Staging() []*Resource { return op.change.Put }

// Removing reports whether the operation has staged a resource's removal.
func (op *Op) Removing(r *Resource) bool { return slices.Contains(op.change.Remove, r) }

// In is the same call made in another account and region, for what a service
// does there on the caller's behalf.
func (op *Op) In(account, region string) *Op {
	other := *op
	other.Account, other.Region = account, region
	return &other
}

// Put stages a resource of any type, new or changed. Change a clone: what find
// and all return is the store's.
func (op *Op) Put(r Resource) { op.change.Put = append(op.change.Put, &r) }

// Remove stages the removal of a resource.
func (op *Op) Remove(r *Resource) { op.change.Remove = append(op.change.Remove, r) }

func (op *Op) commit() error {
	if err := op.Simulator.store.commit(&op.change); err != nil {
		return err
	}
	return op.answered()
}

// Meanwhile lays down what the operation has done so far, and lets others use the
// simulator while f runs: the provider waits for what AWS makes of it. What the
// operation read before may be out of date afterwards.
func (op *Op) Meanwhile(f func()) error {
	if err := op.Simulator.store.commit(&op.change); err != nil {
		return err
	}
	op.change = change{}
	op.Simulator.mu.Unlock()
	defer op.Simulator.mu.Lock()
	f()
	return nil
}

// answered is the error of an operation whose answer a fault took away.
func (op *Op) answered() error {
	if op.lost {
		return op.Fail("read response: connection reset by peer")
	}
	return nil
}

// Number is the next number of a name, from 1, which no other operation gets.
func (op *Op) Number(name string) int {
	n := op.Simulator.store.births[name] + 1
	if op.change.Births == nil {
		op.change.Births = map[string]int{}
	}
	op.change.Births[name] = n
	return n
}

// Staged is the resource as the operation is about to leave it.
func (op *Op) Staged() *Resource {
	return &Resource{op.Account, op.scopeOf(op.Token).region, op.Token, op.ID, op.ARN, op.Outputs, op.Hidden}
}

// EverywhereWith is the resources of a type with one of them as an operation is
// about to leave it.
func (op *Op) EverywhereWith(token string, pending *Resource) []*Resource {
	all := op.Everywhere(token)
	if pending == nil || pending.Type != token {
		return all
	}
	all = slices.DeleteFunc(all, func(r *Resource) bool { return r.scope() == pending.scope() && r.ID == pending.ID })
	return append(all, pending)
}
