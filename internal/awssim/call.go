package awssim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// call is one operation on behalf of a caller. It reads the simulated accounts
// as they are and stages changes, which commit lays down together.
type call struct {
	session
	spec      *typeSpec // nil for functions
	token     string
	operation string // "creating EC2 VPC", for errors
	action    string // the API action that has the effect

	origin string // the URN, or whatever else tells resources apart, for IDs
	serial int

	id, arn string
	inputs  Object // checked, known
	outputs Object // inputs and outputs: becomes the resource's properties
	hidden  Object
	before  *Resource // in updates, reads and deletes
	change  change
	made    []Call
	lost    bool
}

func (s session) call(spec *typeSpec, origin string) *call {
	return &call{session: s, spec: spec, token: spec.token, origin: origin}
}

// awsError is a refusal as the real provider words it.
type awsError struct{ operation, service, action, code, message string }

func (e *awsError) Error() string {
	return fmt.Sprintf("%s: operation error %s: %s, api error %s: %s", e.operation, e.service, e.action, e.code, e.message)
}

// refuse is the error of the API call that has the operation's effect.
func (c *call) refuse(code, format string, args ...any) error {
	service, action, _ := strings.Cut(c.action, ":")
	return &awsError{c.operation, service, action, code, fmt.Sprintf(format, args...)}
}

// fail is an error of the provider's own.
func (c *call) fail(format string, args ...any) error {
	return fmt.Errorf(c.operation+": "+format, args...)
}

// unfinished is an error of a resource that stands nevertheless: its ID goes
// to Pulumi's state, and the next update goes on from there.
type unfinished struct{ error }

func (u unfinished) Unwrap() error { return u.error }

// scopeOf is where the caller's resources of a type stand.
func (c *call) scopeOf(token string) scope {
	sc := scope{c.account, c.region, token}
	if spec := c.simulator.catalog.types[token]; spec != nil && spec.global {
		sc.region = ""
	}
	return sc
}

// find is the caller's resource of that ID, or nil. Resources of other
// accounts and regions are not to be seen.
func (c *call) find(token, id string) *Resource {
	return c.simulator.store.resources[c.scopeOf(token)][id]
}

// findBy is the caller's first resource with that property value, or nil.
func (c *call) findBy(token, property, value string) *Resource {
	if property == "" || property == "id" {
		return c.find(token, value)
	}
	var first *Resource
	for _, r := range c.simulator.store.resources[c.scopeOf(token)] {
		if r.Properties.Text(property) == value && (first == nil || r.ID < first.ID) {
			first = r
		}
	}
	return first
}

// all is the caller's resources of a type, sorted by ID.
func (c *call) all(token string) []*Resource { return c.simulator.store.in(c.scopeOf(token)) }

// everywhere is the resources of a type in all accounts and regions, for
// services that look beyond the caller's, as public DNS does.
func (c *call) everywhere(token string) []*Resource {
	var found []*Resource
	for sc, resources := range c.simulator.store.resources {
		if sc.token == token {
			for _, r := range resources {
				found = append(found, r)
			}
		}
	}
	slices.SortFunc(found, compareResources)
	return found
}

// elsewhere is the resource of that ID in the call's region of any account, for
// IDs that no two accounts may share, or nil.
func (c *call) elsewhere(token, id string) *Resource {
	for sc, resources := range c.simulator.store.resources {
		if sc.token == token && sc.region == c.scopeOf(token).region && resources[id] != nil {
			return resources[id]
		}
	}
	return nil
}

// inAccount is all of the caller's resources, of every type, in its region and
// of global services.
func (c *call) inAccount() []*Resource {
	var found []*Resource
	for sc, resources := range c.simulator.store.resources {
		if sc.account == c.account && (sc.region == c.region || sc.region == "") {
			found = slices.AppendSeq(found, maps.Values(resources))
		}
	}
	slices.SortFunc(found, compareResources)
	return found
}

// staging is the resources that the operation has staged so far.
func (c *call) staging() []*Resource { return c.change.Put }

// removing reports whether the operation has staged a resource's removal.
func (c *call) removing(r *Resource) bool { return slices.Contains(c.change.Remove, r) }

// in is the same call made in another account and region, for what a service
// does there on the caller's behalf.
func (c *call) in(account, region string) *call {
	other := *c
	other.account, other.region = account, region
	return &other
}

// put stages a resource of any type, new or changed. Change a clone: what find
// and all return is the store's.
func (c *call) put(r Resource) { c.change.Put = append(c.change.Put, &r) }

// remove stages the removal of a resource.
func (c *call) remove(r *Resource) { c.change.Remove = append(c.change.Remove, r) }

func (c *call) commit() error {
	if err := c.simulator.store.commit(&c.change); err != nil {
		return err
	}
	return c.answered()
}

// answered is the error of an operation whose answer a fault took away.
func (c *call) answered() error {
	if c.lost {
		return c.fail("read response: connection reset by peer")
	}
	return nil
}

// hash is n hexadecimal digits that belong to this resource alone. They follow
// from the account, the origin and how often it has been created, so the same
// program run twice from the same beginning sees the same IDs.
func (c *call) hash(n int) string {
	if c.serial == 0 {
		c.serial = c.number(c.origin)
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{c.account, c.scopeOf(c.token).region, c.token, c.origin, strconv.Itoa(c.serial)}, "|")))
	return "0" + hex.EncodeToString(sum[:])[:n-1]
}

// number is the next number of a name, from 1, which no other operation gets.
func (c *call) number(name string) int {
	n := c.simulator.store.births[name] + 1
	if c.change.Births == nil {
		c.change.Births = map[string]int{}
	}
	c.change.Births[name] = n
	return n
}

// derived is n hexadecimal digits for a part of the resource, such as a
// network interface.
func (c *call) derived(part string, n int) string {
	sum := sha256.Sum256([]byte(c.hash(32) + "|" + part))
	return "0" + hex.EncodeToString(sum[:])[:n-1]
}

// staged is the resource as the operation is about to leave it.
func (c *call) staged() *Resource {
	return &Resource{c.account, c.scopeOf(c.token).region, c.token, c.id, c.arn, c.outputs, c.hidden}
}

// everywhereWith is the resources of a type with one of them as an operation is
// about to leave it.
func (c *call) everywhereWith(token string, pending *Resource) []*Resource {
	all := c.everywhere(token)
	if pending == nil || pending.Type != token {
		return all
	}
	all = slices.DeleteFunc(all, func(r *Resource) bool { return r.scope() == pending.scope() && r.ID == pending.ID })
	return append(all, pending)
}

// partOf is n hexadecimal digits that follow from the resource's ID.
func (c *call) partOf(n int) string {
	sum := sha256.Sum256([]byte(c.account + c.id))
	return hex.EncodeToString(sum[:])[:n]
}

// hostedZoneOf is the ID of the hosted zone that AWS keeps a service's names of a
// region in, the same for everybody.
func (c *call) hostedZoneOf(service string) string {
	sum := sha256.Sum256([]byte(c.region + "|" + service))
	return "Z" + strings.ToUpper(hex.EncodeToString(sum[:]))[:13]
}
