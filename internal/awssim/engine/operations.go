package engine

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// createFor brings a resource into being for a program. With an unfinished
// error there is a resource too.
func (op *Op) createFor(inputs Object) (*Resource, error) {
	actions := op.spec.Create
	if op.spec.CreateAs != nil {
		if others := op.spec.CreateAs(inputs); others != nil {
			actions = others
		}
	}
	if err := op.spec.checkKnown(inputs); err != nil {
		return nil, err
	}
	op.Inputs, op.creating = inputs, true
	if err := op.requests("creating", actions); err != nil {
		return nil, err
	}
	if err := op.makeServiceLinkedRole(); err != nil {
		return nil, err
	}
	return op.createResource(inputs)
}

// createResource makes the resource without the API calls.
func (op *Op) createResource(inputs Object) (*Resource, error) {
	op.Inputs, op.Outputs, op.Hidden = inputs, inputs.Clone(), Object{}
	delete(op.Outputs, "__defaults")
	if err := passes(op.checkReferences, op.checkAgainst, op.checkUnique, op.checkQuota); err != nil {
		return nil, err
	}
	op.name()
	if existing := op.Find(op.Token, op.ID); existing != nil && (!op.spec.Upserts.holds(inputs)) {
		return nil, op.Refuse(op.conflictCode(), "%s %q already exists", op.spec.Title, op.ID)
	}
	op.setTags()
	op.compute(true)
	return op.settle(op.spec.OnCreate)
}

// passes is the first mistake that checks find, in their order.
func passes(checks ...func() error) error {
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// settle holds what is asked for to the type's own rules, which may be nil, and
// keeps what comes of it.
func (op *Op) settle(rules func(*Op) error) (*Resource, error) {
	for _, refusal := range op.spec.Refusals {
		if refusal.When.holds(op.Inputs) {
			return nil, op.Refuse(refusal.Code, "%s", op.Fill(refusal.Message))
		}
	}
	var short error
	if rules != nil {
		short = rules(op)
	}
	var unfinished Unfinished
	if short != nil && !errors.As(short, &unfinished) {
		return nil, short
	}
	for _, shown := range op.spec.readBack {
		if sent, ok := op.Outputs[shown.property]; ok {
			op.Outputs[shown.property] = shown.form(op, sent)
		}
	}
	r, err := op.resource()
	if err != nil {
		return nil, err
	}
	op.Put(*r)
	if err := op.commit(); err != nil {
		return nil, err
	}
	return r, short
}

func (op *Op) conflictCode() string {
	if op.spec.Conflict != "" {
		return op.spec.Conflict
	}
	return "AlreadyExists"
}

// name gives the resource its ID and ARN. An ID that is set already, as for
// what was there before, is kept.
func (op *Op) name() {
	if op.spec.Identify != nil {
		op.spec.Identify(op)
	}
	byARN := op.spec.ID == "{arn}"
	if byARN && op.ID != "" {
		op.ARN = op.ID
	}
	if !byARN && op.ID == "" {
		op.ID = op.Fill(op.spec.ID)
	}
	if op.ARN == "" {
		op.ARN = op.Fill(op.spec.ARN)
	}
	if op.ID == "" {
		op.ID = op.ARN
	}
	if _, ok := op.spec.Schema().Outputs["arn"]; ok {
		op.Outputs["arn"] = op.ARN
	}
}

func (op *Op) setTags() {
	if _, ok := op.spec.Schema().Outputs["tagsAll"]; !ok {
		return
	}
	all := Object{}
	maps.Copy(all, op.defaultTags)
	maps.Copy(all, op.Outputs.Object("tags"))
	op.Outputs["tagsAll"] = map[string]any(all)
}

// resource is what the call has made, held to the SDK's output names.
func (op *Op) resource() (*Resource, error) {
	outputs := op.spec.Schema().Outputs
	for name := range op.Outputs {
		if _, ok := outputs[name]; !ok {
			return nil, fmt.Errorf("simulated type %s sets output %q, which the SDK's resource does not have", op.Token, name)
		}
	}
	r := &Resource{op.Account, op.scopeOf(op.Token).region, op.Token, op.ID, op.ARN, op.Outputs.Clone(), nil}
	if len(op.Hidden) > 0 {
		r.Hidden = op.Hidden
	}
	return r, nil
}

// updateFor changes a resource in place.
func (op *Op) updateFor(id string, inputs Object) (*Resource, error) {
	if err := op.spec.checkKnown(inputs); err != nil {
		return nil, err
	}
	before := op.Find(op.Token, id)
	op.Before, op.Inputs = before, inputs
	if err := op.requests("updating", op.spec.Update); err != nil {
		return nil, err
	}
	if before == nil {
		return nil, op.Fail("%s (%s) not found", op.spec.Title, id)
	}
	op.ID, op.ARN = id, before.ARN
	op.Outputs, op.Hidden = overlay(before.Properties, inputs, op.spec), before.Hidden.Clone()
	if err := passes(op.checkReferences, op.checkAgainst, op.checkUnique); err != nil {
		return nil, err
	}
	op.setTags()
	op.compute(false)
	return op.settle(op.spec.OnUpdate)
}

// overlay is the old outputs with the new inputs; an input that is gone is
// gone from the outputs unless AWS computes it.
func overlay(old, inputs Object, spec *Type) Object {
	outputs := old.Clone()
	for name := range spec.Schema().Inputs {
		if v, ok := inputs[name]; ok {
			outputs[name] = CloneValue(v)
		} else if !slices.Contains(spec.computedInputs(), name) {
			delete(outputs, name)
		}
	}
	return outputs
}

// computedInputs is the inputs that AWS chooses when the program does not.
// The SDK marks them: optional among the inputs, never null among the outputs; it
// marks no lists.
func (t *Type) computedInputs() []string {
	names := slices.Clone(t.kept)
	for name, in := range t.Schema().Inputs {
		if out, ok := t.Schema().Outputs[name]; ok && !requiredKind(in) && requiredKind(out) {
			names = append(names, name)
		}
	}
	return names
}

// readFor is the resource as it is now, or nil when it is gone.
func (op *Op) readFor(id string) (*Resource, error) {
	r := op.Find(op.Token, id)
	if r == nil && op.spec.Imported != nil {
		r = op.spec.Imported(op, id)
	}
	op.Before = r
	if err := op.requests("reading", op.spec.Read); err != nil {
		return nil, err
	}
	if err := op.answered(); err != nil {
		return nil, err
	}
	if r == nil || op.spec.OnRead == nil {
		return r, nil
	}
	op.ID, op.ARN = r.ID, r.ARN
	op.Outputs, op.Hidden = r.Properties.Clone(), r.Hidden.Clone()
	op.spec.OnRead(op)
	return op.resource()
}

// deleteFor removes a resource. One that is gone already is no error, as with
// the real provider.
func (op *Op) deleteFor(id string) error {
	op.Before = op.Find(op.Token, id)
	if err := op.requests("deleting", op.spec.Delete); err != nil {
		return err
	}
	if op.Before == nil {
		return nil
	}
	op.ID, op.ARN, op.Outputs = id, op.Before.ARN, op.Before.Properties
	if err := op.checkUse(); err != nil {
		return err
	}
	if op.spec.OnDelete != nil {
		if err := op.spec.OnDelete(op); err != nil {
			return err
		}
	}
	if !op.spec.KeepWhen.holds(op.Outputs) {
		op.Remove(op.Before)
	}
	return op.commit()
}

func inRegion(region string) string {
	if region == "" {
		return ""
	}
	return ", region " + region
}

// resourceName is the last part of a type token, "Vpc" of "aws:ec2/vpc:Vpc".
func resourceName(token string) string { return token[strings.LastIndexByte(token, ':')+1:] }

func (op *Op) checkUnique() error {
	if len(op.spec.Unique) == 0 {
		return nil
	}
	for _, other := range op.All(op.Token) {
		same := other != op.Before
		for _, name := range op.spec.Unique {
			same = same && EqualValues(other.Properties[name], op.Outputs[name], false)
		}
		if same {
			return op.Refuse(op.conflictCode(), "a %s with the same %s already exists: %s",
				op.spec.Title, strings.Join(op.spec.Unique, " and "), other.ID)
		}
	}
	return nil
}

func (op *Op) checkQuota() error {
	q := op.spec.Quota
	if q.Limit == 0 || op.Owner {
		return nil // an account of the initial state may have had its quotas raised
	}
	count := 0
	for _, other := range op.All(op.Token) {
		if q.Per == "" || EqualValues(other.Properties[q.Per], op.Outputs[q.Per], false) {
			count++
		}
	}
	if limit := op.Limit(q.Name, q.Limit); count >= limit {
		return op.Refuse(q.Code, "%s: the quota of %d is reached", q.Name, limit)
	}
	return nil
}

// Limit is a quota's value in these accounts.
func (op *Op) Limit(name string, standard int) int {
	if own := op.Simulator.Setup.Quotas[name]; own > 0 {
		return own
	}
	return standard
}

// checkUse refuses a delete while something refers to the resource, and
// stages the removal of what goes with it.
func (op *Op) checkUse() error {
	blocked := ""
	for _, use := range op.uses() {
		if use.hold == Cascades || use.by.Hidden.Flag(MadeByAWS) {
			op.Remove(use.by)
		}
	}
	for _, use := range op.uses() {
		if use.hold == Blocks && !slices.Contains(op.change.Remove, use.by) {
			blocked = resourceName(use.by.Type) + " " + use.by.ID
			break
		}
	}
	if blocked == "" {
		return nil
	}
	return op.Refuse(op.inUseCode(), "%s '%s' has dependencies and cannot be deleted: %s uses it", resourceName(op.Token), op.ID, blocked)
}

func (op *Op) inUseCode() string {
	switch service, _, _ := strings.Cut(op.Action, ":"); service {
	case "ec2":
		return "DependencyViolation"
	case "apigateway":
		return "BadRequestException"
	}
	return "ResourceInUse"
}
