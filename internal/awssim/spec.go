package awssim

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// typeSpec states the rules of one resource type.
type typeSpec struct {
	token string // Pulumi's type token, "aws:ec2/vpc:Vpc"
	title string // how the provider names it in errors, "EC2 VPC"
	args  any    // the SDK's args struct, a schema of inputs: ec2.VpcArgs{}
	state any    // the SDK's resource struct, a schema of outputs: ec2.Vpc{}

	// global types (IAM, Route 53) stand in an account, not in a region.
	global bool

	// id and arn are templates: {partition}, {region}, {account}, {id}, {arn},
	// {hash} (17 hexadecimal digits), {hash16}, {hash32}, and any property in
	// braces. A type without ARN has none. identify replaces both where a
	// template cannot say it.
	id, arn  string
	identify func(c *call)

	// autoname is the property that the provider fills from the resource's
	// Pulumi name and seven random characters when the program does not; its
	// greatest length is that of the AWS name.
	autoname    string
	autonameMax int

	defaults  Object // what the provider fills in when the program does not
	required  []string
	immutable []string // changing one replaces the resource
	sets      []string // lists whose order means nothing
	documents []string // JSON documents, compared by meaning

	// deleteBeforeReplace is the provider's habit for types of which two
	// cannot stand at a time.
	deleteBeforeReplace bool

	rules map[string][]rule // by property path: "vpcs[].vpcId"
	check func(inputs Object) []problem
	// look finds, after that, what is wrong outside the inputs: in files.
	look func(s *Simulator, inputs Object) []problem
	refs []ref

	// unique is the properties that no two resources of the account and
	// region may share, and conflict AWS's error code for that.
	unique   []string
	conflict string

	quota quota

	// The API actions by which the provider does each operation, the one that
	// has the effect first. They are recorded, and faults are aimed at them.
	create, read, update, delete []string

	// createAs are the actions by which inputs are created that aren't created
	// as others are; nil, or a nil result: create.
	createAs func(inputs Object) []string

	// replaces names the properties whose change replaces the resource only
	// from some states; upserts tells that a create takes what stands already.
	replaces func(state, news Object) []string
	upserts  func(inputs Object) bool

	// onCreate refuses what cannot stand and sets the outputs; inputs are
	// outputs already. onUpdate and onDelete likewise; nil has no rules
	// beyond the declared ones. onRead refreshes what changes by itself.
	onCreate, onUpdate, onDelete func(c *call) error
	onRead                       func(c *call)
	// previewsAnew says that the preview of an update tells no more than that
	// of a creation: outputs that stand may change.
	previewsAnew bool
	// readsNothing says that the provider takes the state's word for what stands.
	readsNothing bool
	// imported finds a resource by the form of its ID in which it is imported,
	// where that is another than the ID.
	imported func(c *call, id string) *Resource

	schema func() typeSchema // set by the catalog
}

// ref states that a property names another resource.
type ref struct {
	at   string // the property's path
	to   string // the type token it leads to
	key  string // the target's property it equals; "" is its ID
	code string // AWS's error code when nothing is there

	// holds tells what the reference means to a delete of its target.
	holds hold
}

type hold int

const (
	blocks   hold = iota // the target cannot be deleted: DependencyViolation
	cascades             // the target takes this resource with it
	ignored              // AWS does not care
)

// quota limits how many resources of a type stand in one account and region,
// or, with per, share a property's value.
type quota struct {
	name  string // the key of [Setup.Quotas]
	limit int    // AWS's default; 0 is no limit
	per   string
	code  string
}

// functionSpec states the rules of one data source.
type functionSpec struct {
	token   string // "aws:ec2/getVpc:getVpc"
	args    any    // the SDK's args struct, ec2.LookupVpcArgs{}
	result  any    // the SDK's result struct, ec2.LookupVpcResult{}
	actions []string
	run     func(c *call) (Object, error)
}

type typeSchema struct{ inputs, outputs map[string]reflect.Type }

// problem is one mistake in a resource's inputs.
type problem struct{ property, reason string }

// service is what one AWS service's file contributes.
type service struct {
	types     []*typeSpec
	functions []*functionSpec
	quotas    []string // names of those that no type states
}

type catalog struct {
	types     map[string]*typeSpec
	functions map[string]*functionSpec
	quotas    []string
}

// quotaNames is the names of all quotas, sorted.
func (c *catalog) quotaNames() []string {
	names := slices.Clone(c.quotas)
	for _, spec := range c.types {
		if spec.quota.name != "" {
			names = append(names, spec.quota.name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func newCatalog(services ...service) *catalog {
	c := &catalog{types: map[string]*typeSpec{}, functions: map[string]*functionSpec{}}
	for _, s := range services {
		c.quotas = append(c.quotas, s.quotas...)
		for _, t := range s.types {
			t.schema = sync.OnceValue(func() typeSchema { return typeSchema{inputFields(t.args), outputFields(t.state)} })
			c.types[t.token] = t
		}
		for _, f := range s.functions {
			c.functions[f.token] = f
		}
	}
	return c
}

// namesOf is a catalog's tokens in order, for messages.
func namesOf[T any](entries map[string]T) string {
	return strings.Join(slices.Sorted(maps.Keys(entries)), ", ")
}

var placeholder = regexp.MustCompile(`\{[A-Za-z0-9]+\}`)

// fill replaces the placeholders of an ID or ARN template.
func (c *call) fill(template string) string {
	return placeholder.ReplaceAllStringFunc(template, func(field string) string {
		switch name := field[1 : len(field)-1]; name {
		case "partition":
			return c.partition()
		case "region":
			return c.region
		case "account":
			return c.account
		case "id":
			return c.id
		case "arn":
			return c.arn
		case "hash":
			return c.hash(17)
		case "hash16":
			return c.hash(16)
		case "hash32":
			return c.hash(32)
		default:
			if number, ok := c.outputs[name].(float64); ok {
				return strconv.Itoa(int(number))
			}
			return c.outputs.Text(name)
		}
	})
}

// valuesAt is the values at a path such as "vpcs[].vpcId", each with its exact
// path. Absent ones are left out.
func valuesAt(o Object, path string) []located {
	found := []located{{"", map[string]any(o)}}
	for step := range strings.SplitSeq(path, ".") {
		name, isList := strings.CutSuffix(step, "[]")
		var next []located
		for _, at := range found {
			value, ok := asObject(at.value)[name]
			if !ok || value == nil {
				continue
			}
			here := strings.TrimPrefix(at.path+"."+name, ".")
			if !isList {
				next = append(next, located{here, value})
				continue
			}
			elements, _ := value.([]any)
			for i, element := range elements {
				next = append(next, located{here + "[" + strconv.Itoa(i) + "]", element})
			}
		}
		found = next
	}
	return found
}

type located struct {
	path  string
	value any
}

// always is for types whose create replaces what stands: AWS's Put and Register
// calls know no conflict.
func always(Object) bool { return true }
