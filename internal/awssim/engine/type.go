package engine

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Type states the rules of one resource type.
type Type struct {
	Token string // Pulumi's type token, "aws:ec2/vpc:Vpc"
	Title string // how the provider names it in errors, "EC2 VPC"
	Args  any    // the SDK's args struct, a schema of inputs: ec2.VpcArgs{}
	State any    // the SDK's resource struct, a schema of outputs: ec2.Vpc{}

	// Global types (IAM, Route 53) belong to an account, not to a region.
	Global bool

	// ID and ARN are templates: {partition}, {region}, {account}, {id}, {arn},
	// {suffix} (of DNS names), any property in braces, and identifiers: {ec2},
	// {uuid}, {hex16}, {alphanumeric10}, {capitals20}, {digits26}. Outputs may also be
	// {now}, and {resource}, the last part of the ARN. A type without ARN has none. Identify sets both where a template can't say it.
	ID, ARN  string
	Identify func(op *Op)

	Properties Properties

	// Check finds mistakes in inputs that no rule of a property can say. Look
	// finds, after that, what is wrong outside the inputs: in files.
	Check func(inputs Object) []Problem
	Look  func(s *Simulator, inputs Object) []Problem

	// DeleteBeforeReplace is set for types of which two can't exist at a time.
	DeleteBeforeReplace bool

	// Unique is the properties that no two resources of the account and region
	// may share, and Conflict AWS's error code for that.
	Unique   []string
	Conflict string

	Quota Quota

	// The API actions by which the provider does each operation, the one that
	// has the effect first. They are recorded, and faults are aimed at them.
	Create, Read, Update, Delete []string

	// When is the properties of which one has to change for an update to make a
	// call. Of the others, the first is made when a property changes that is not in
	// When, and tags are given and taken when they change; the rest always.
	When map[string][]string
	// Only is what has to hold of the inputs besides, for calls of When.
	Only map[string]Condition

	// ServiceLinkedRole is the service whose role AWS makes with an account's first
	// resource of the type, under the caller's rights; "": none.
	ServiceLinkedRole string

	// CreateAs are the actions by which inputs are created that aren't created
	// as others are; nil, or a nil result: Create.
	CreateAs func(inputs Object) []string

	// Refusals are what AWS refuses to create or to change by the inputs alone, where the
	// provider sends it. The first that holds counts.
	Refusals []Refusal

	// Upserts is when a create replaces what exists already.
	Upserts Condition

	// KeepWhen is when a delete leaves the resource where it is.
	KeepWhen Condition

	// OnCreate refuses what can't be and sets the outputs; inputs are outputs
	// already. OnUpdate and OnDelete likewise; nil has no rules beyond the
	// declared ones. OnRead refreshes what changes by itself.
	OnCreate, OnUpdate, OnDelete func(op *Op) error
	OnRead                       func(op *Op)
	// PreviewsAnew says that the preview of an update tells no more than that
	// of a creation: outputs may change.
	PreviewsAnew bool
	// ReadsNothing says that the provider takes the state's word.
	ReadsNothing bool
	// Shared is the resources of other accounts that the caller sees, as it sees
	// them; nil: none.
	Shared func(op *Op) []*Resource
	// Imported finds a resource by the form of its ID in which it is imported,
	// where that is another than the ID.
	Imported func(op *Op, id string) *Resource

	// Behaviours are what the type does beyond what its properties declare, with
	// what that rests on.
	Behaviours []Behaviour

	Schema func() Schema // set by the catalog
	declared
}

// declared is what a type's Properties come to.
type declared struct {
	forceNew     []string
	forceNewWhen []conditional
	defaults     Object
	sets         []string // lists whose order means nothing
	kept         []string // what AWS keeps when no program states it any more
	documents    []string // JSON documents, compared by meaning
	values       map[string][]Value
	inputRules   []inputRule
	refs         []Refers
	byProvider   []string
	readBack     []readBack
	equalWhen    map[string]func(state Object, stored, stated any) bool
	against      []against
	computed     []output

	autoname    string // the property that is filled from the Pulumi name; "": none
	autonameMax int
}

// declare gathers what the properties say, in the order of their paths.
func (t *Type) declare() {
	t.values = map[string][]Value{}
	for _, path := range slices.Sorted(maps.Keys(t.Properties)) {
		for _, rule := range t.Properties[path] {
			rule.declare(t, path)
		}
	}
	if _, ok := t.Schema().Inputs["tags"]; ok {
		t.values["tags"] = []Value{tagRules}
	}
}

// Refusal is AWS's error for inputs of which a condition holds. The message is a
// template as of [Type.ID].
type Refusal struct {
	When          Condition
	Code, Message string
}

// Quota limits how many resources of a type one account and region hold,
// or, with Per, share a property's value.
type Quota struct {
	Name  string // the key of [Setup.Quotas]
	Limit int    // AWS's default; 0 is no limit
	Per   string
	Code  string
}

// Function states the rules of one data source.
type Function struct {
	Token   string // "aws:ec2/getVpc:getVpc"
	Args    any    // the SDK's args struct, ec2.LookupVpcArgs{}
	Result  any    // the SDK's result struct, ec2.LookupVpcResult{}
	Actions []string
	Run     func(op *Op) (Object, error)
}

// Schema is the names and kinds of a type's properties.
type Schema struct{ Inputs, Outputs map[string]reflect.Type }

// Problem is one mistake in a resource's inputs.
type Problem struct{ Property, Reason string }

// Service is what one AWS service's file contributes.
type Service struct {
	Types     []*Type
	Functions []*Function
	Quotas    []string // names of those that no type states

	Authorization Authorization
	Forwards      Forwards
}

// Catalog is every type and function that is simulated.
type Catalog struct {
	Types     map[string]*Type
	Functions map[string]*Function
	quotas    []string

	authorization Authorization
	forwards      Forwards
}

// quotaNames is the names of all quotas, sorted.
func (c *Catalog) quotaNames() []string {
	names := slices.Clone(c.quotas)
	for _, spec := range c.Types {
		if spec.Quota.Name != "" {
			names = append(names, spec.Quota.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// NewCatalog gathers what services declare.
func NewCatalog(services ...Service) *Catalog {
	c := &Catalog{Types: map[string]*Type{}, Functions: map[string]*Function{}, authorization: Authorization{}, forwards: Forwards{}}
	for _, s := range services {
		for action, targets := range s.Authorization {
			// Several services ask for iam:PassRole, each for its own types.
			if others := c.authorization[action]; others != nil {
				targets = All(others, targets)
			}
			c.authorization[action] = targets
		}
		maps.Copy(c.forwards, s.Forwards)
		c.quotas = append(c.quotas, s.Quotas...)
		for _, t := range s.Types {
			t.Schema = sync.OnceValue(func() Schema { return Schema{InputFields(t.Args), outputFields(t.State)} })
			t.declare()
			c.Types[t.Token] = t
		}
		for _, f := range s.Functions {
			c.Functions[f.Token] = f
		}
	}
	return c
}

// namesOf is a catalog's tokens in order, for messages.
func namesOf[T any](entries map[string]T) string {
	return strings.Join(slices.Sorted(maps.Keys(entries)), ", ")
}

var placeholder = regexp.MustCompile(`\{[A-Za-z0-9]+\}`)

// Fill replaces the placeholders of an ID or ARN template.
func (op *Op) Fill(template string) string {
	return placeholder.ReplaceAllStringFunc(template, func(field string) string {
		switch name := field[1 : len(field)-1]; name {
		case "partition":
			return op.Partition()
		case "region":
			return op.Region
		case "account":
			return op.Account
		case "id":
			return op.ID
		case "arn":
			return op.ARN
		case "suffix":
			return op.DNSSuffix()
		case "now":
			return Stamp(op.Now())
		case "resource":
			return op.ARN[strings.LastIndexByte(op.ARN, ':')+1:]
		default:
			if identifier, ok := op.identifierOf(name); ok {
				return identifier
			}
			if number, ok := op.Outputs[name].(float64); ok {
				return strconv.Itoa(int(number))
			}
			return op.Outputs.Text(name)
		}
	})
}

// ValuesAt is the values at a path such as "vpcs[].vpcId", each with its exact
// path. Absent ones are left out.
func ValuesAt(o Object, path string) []located {
	found := []located{{"", map[string]any(o)}}
	for step := range strings.SplitSeq(path, ".") {
		name, isList := strings.CutSuffix(step, "[]")
		var next []located
		for _, at := range found {
			value, ok := AsObject(at.Value)[name]
			if !ok || value == nil {
				continue
			}
			here := strings.TrimPrefix(at.Path+"."+name, ".")
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
	Path  string
	Value any
}
