package engine

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Audit holds what services declare to the SDK's structs and to each other, so
// that a rule about a misspelt property can't pass for a rule. It returns what
// is wrong, sorted.
func (c *Catalog) Audit() []string {
	var wrong []string
	for token, t := range c.Types {
		for _, mistake := range t.audit(c) {
			wrong = append(wrong, token+": "+mistake)
		}
	}
	for token, f := range c.Functions {
		if f.Args == nil || len(InputFields(f.Result)) == 0 {
			wrong = append(wrong, token+": has no arguments or no result")
		}
		for _, action := range f.Actions {
			if c.authorization[action] == nil {
				wrong = append(wrong, token+": nothing says what IAM checks "+action+" against")
			}
		}
	}
	for action, forwarded := range c.forwards {
		if c.authorization[action] == nil {
			wrong = append(wrong, action+": is forwarded, and not simulated")
		}
		for _, other := range forwarded {
			if !actionName.MatchString(other) || c.authorization[other] == nil {
				wrong = append(wrong, action+": nothing says what IAM checks "+other+" against")
			}
		}
	}
	slices.Sort(wrong)
	return wrong
}

var actionName = regexp.MustCompile(`^[a-z0-9-]+:[A-Z][A-Za-z0-9]+( [a-z]+)?$`)

func (t *Type) audit(c *Catalog) []string {
	var wrong []string
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	schema := t.Schema()
	for path, rules := range t.Properties {
		if !leads(schema.Inputs, path) && !(len(rules) > 0 && leads(schema.Outputs, path)) && !slices.Contains(t.byProvider, path) {
			complain("the SDK has no property %s", path)
		}
	}
	whole := slices.Concat(t.forceNew, t.sets, t.kept, t.documents, t.Unique, slices.Collect(maps.Keys(t.defaults)))
	for _, name := range whole {
		if _, ok := schema.Inputs[name]; !ok {
			complain("the SDK's inputs have no %s", name)
		}
	}
	for name, value := range t.defaults {
		for _, problem := range kindProblems(schema.Inputs[name], value, name) {
			complain("the default of %s: %s", problem.Property, problem.Reason)
		}
	}
	if t.autoname != "" && t.autonameMax <= 0 {
		complain("names have no greatest length")
	}
	for _, ref := range t.refs {
		target := c.Types[ref.To]
		switch {
		case target == nil:
			complain("%s refers to %s, which is not simulated", ref.at, ref.To)
		case ref.Code == "":
			complain("the reference at %s has no error code", ref.at)
		case ref.Key != "":
			if _, ok := target.Schema().Outputs[ref.Key]; !ok {
				complain("%s refers by %s, which %s does not have", ref.at, ref.Key, ref.To)
			}
		}
		if ref.SameVPCAs != "" && (ref.VPCCode == "" || !slices.ContainsFunc(t.refs, func(r Refers) bool { return r.at == ref.SameVPCAs })) {
			complain("the reference at %s is held to the VPC of %s, which is no reference, or without error code", ref.at, ref.SameVPCAs)
		}
	}
	if t.Title == "" || strings.HasPrefix(t.Token, "aws:") && len(t.Read) == 0 {
		complain("has no title, or no action that reads it")
	}
	for _, action := range slices.Concat(t.Create, t.Read, t.Update, t.Delete) {
		if !actionName.MatchString(action) {
			complain("%q is not an action", action)
		}
		if strings.HasPrefix(t.Token, "aws:") && c.authorization[action] == nil {
			complain("nothing says what IAM checks %s against", action)
		}
	}
	for action, properties := range t.When {
		if !slices.Contains(t.Update, action) {
			complain("When has %s, which no update makes", action)
		}
		for _, name := range properties {
			if _, ok := schema.Inputs[name]; !ok {
				complain("When has %s, which the SDK's inputs have not", name)
			}
		}
	}
	for action := range t.Only {
		if t.When[action] == nil {
			complain("Only has %s, which When has not", action)
		}
	}
	if t.hasOwnCode() && len(t.Behaviours) == 0 {
		complain("has code of its own, and does not say what that does and what it rests on")
	}
	for _, b := range t.Behaviours {
		if b.What == "" || b.Source == "" && b.Basis != Assumed {
			complain("behaviour %q has no source", b.What)
		}
	}
	return wrong
}

// leads reports whether a path such as "vpcs[].vpcId" leads through the fields.
func leads(fields map[string]reflect.Type, path string) bool {
	for step := range strings.SplitSeq(path, ".") {
		name, isList := strings.CutSuffix(step, "[]")
		t, ok := fields[name]
		if !ok {
			return false
		}
		for t.Kind() == reflect.Pointer || (isList && t.Kind() == reflect.Slice) {
			isList = isList && t.Kind() != reflect.Slice
			t = t.Elem()
		}
		fields = nil
		if t.Kind() == reflect.Struct {
			fields = FieldsOf(t)
		}
	}
	return true
}
