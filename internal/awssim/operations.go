package awssim

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// begins names the operation in errors: a verb, and the API action that has
// the effect.
func (c *call) begins(verb string, actions []string) {
	c.operation = verb + " " + c.spec.title
	if len(actions) > 0 {
		c.action = actions[0]
	}
}

// requests makes the API calls that an operation stands for.
func (c *call) requests(verb string, actions []string) error {
	c.begins(verb, actions)
	for _, action := range actions {
		if err := c.request(action); err != nil {
			return err
		}
	}
	return nil
}

// createFor brings a resource into being for a program. With an unfinished
// error there is a resource too.
func (c *call) createFor(inputs Object) (*Resource, error) {
	actions := c.spec.create
	if c.spec.createAs != nil {
		if others := c.spec.createAs(inputs); others != nil {
			actions = others
		}
	}
	if err := c.requests("creating", actions); err != nil {
		return nil, err
	}
	return c.createResource(inputs)
}

// createResource makes the resource without the API calls.
func (c *call) createResource(inputs Object) (*Resource, error) {
	c.inputs, c.outputs, c.hidden = inputs, inputs.Clone(), Object{}
	delete(c.outputs, "__defaults")
	if err := c.checkReferences(); err != nil {
		return nil, err
	}
	if err := c.checkUnique(); err != nil {
		return nil, err
	}
	if err := c.checkQuota(); err != nil {
		return nil, err
	}
	c.name()
	if standing := c.find(c.token, c.id); standing != nil && (c.spec.upserts == nil || !c.spec.upserts(inputs)) {
		return nil, c.refuse(c.conflictCode(), "%s %q already exists", c.spec.title, c.id)
	}
	c.setTags()
	return c.settle(c.spec.onCreate)
}

// settle holds what is asked for to the type's own rules, which may be nil, and
// keeps what comes of it.
func (c *call) settle(rules func(*call) error) (*Resource, error) {
	var short error
	if rules != nil {
		short = rules(c)
	}
	var stands unfinished
	if short != nil && !errors.As(short, &stands) {
		return nil, short
	}
	r, err := c.resource()
	if err != nil {
		return nil, err
	}
	c.put(*r)
	if err := c.commit(); err != nil {
		return nil, err
	}
	return r, short
}

func (c *call) conflictCode() string {
	if c.spec.conflict != "" {
		return c.spec.conflict
	}
	return "AlreadyExists"
}

// name gives the resource its ID and ARN. An ID that is set already, as for
// what was there before, is kept.
func (c *call) name() {
	if c.spec.identify != nil {
		c.spec.identify(c)
	}
	given := c.id
	if c.id == "" && !strings.Contains(c.spec.id, "{arn}") {
		c.id = c.fill(c.spec.id)
	}
	if c.arn == "" {
		c.arn = c.fill(c.spec.arn)
	}
	if given == "" && strings.Contains(c.spec.id, "{arn}") {
		c.id = c.fill(c.spec.id)
	}
	if _, ok := c.spec.schema().outputs["arn"]; ok {
		c.outputs["arn"] = c.arn
	}
}

func (c *call) setTags() {
	if _, ok := c.spec.schema().outputs["tagsAll"]; !ok {
		return
	}
	all := Object{}
	maps.Copy(all, c.defaultTags)
	maps.Copy(all, c.outputs.Object("tags"))
	c.outputs["tagsAll"] = map[string]any(all)
}

// resource is what the call has made, held to the SDK's output names.
func (c *call) resource() (*Resource, error) {
	outputs := c.spec.schema().outputs
	for name := range c.outputs {
		if _, ok := outputs[name]; !ok {
			return nil, fmt.Errorf("simulated type %s sets output %q, which the SDK's resource does not have", c.token, name)
		}
	}
	r := &Resource{c.account, c.scopeOf(c.token).region, c.token, c.id, c.arn, c.outputs.Clone(), nil}
	if len(c.hidden) > 0 {
		r.Hidden = c.hidden
	}
	return r, nil
}

// updateFor changes a resource in place.
func (c *call) updateFor(id string, inputs Object) (*Resource, error) {
	if err := c.requests("updating", c.spec.update); err != nil {
		return nil, err
	}
	before := c.find(c.token, id)
	if before == nil {
		return nil, c.fail("%s (%s) not found", c.spec.title, id)
	}
	c.before, c.id, c.arn, c.inputs = before, id, before.ARN, inputs
	c.outputs, c.hidden = overlay(before.Properties, inputs, c.spec), before.Hidden.Clone()
	if err := c.checkReferences(); err != nil {
		return nil, err
	}
	if err := c.checkUnique(); err != nil {
		return nil, err
	}
	c.setTags()
	return c.settle(c.spec.onUpdate)
}

// overlay is the old outputs with the new inputs; an input that is gone is
// gone from the outputs unless AWS computes it.
func overlay(old, inputs Object, spec *typeSpec) Object {
	outputs := old.Clone()
	for name := range spec.schema().inputs {
		if v, ok := inputs[name]; ok {
			outputs[name] = cloneValue(v)
		} else if !slices.Contains(spec.computedInputs(), name) {
			delete(outputs, name)
		}
	}
	return outputs
}

// computedInputs is the inputs that AWS chooses when the program does not.
// The SDK marks them: optional among the inputs, never null among the outputs.
func (t *typeSpec) computedInputs() []string {
	var names []string
	for name, in := range t.schema().inputs {
		if out, ok := t.schema().outputs[name]; ok && !requiredKind(in) && requiredKind(out) {
			names = append(names, name)
		}
	}
	return names
}

// readFor is the resource as it is now, or nil when it is gone.
func (c *call) readFor(id string) (*Resource, error) {
	if err := c.requests("reading", c.spec.read); err != nil {
		return nil, err
	}
	if err := c.answered(); err != nil {
		return nil, err
	}
	r := c.find(c.token, id)
	if r == nil && c.spec.imported != nil {
		r = c.spec.imported(c, id)
	}
	if r == nil || c.spec.onRead == nil {
		return r, nil
	}
	c.before, c.id, c.arn = r, r.ID, r.ARN
	c.outputs, c.hidden = r.Properties.Clone(), r.Hidden.Clone()
	c.spec.onRead(c)
	return c.resource()
}

// deleteFor removes a resource. One that is gone already is no error, as with
// the real provider.
func (c *call) deleteFor(id string) error {
	if err := c.requests("deleting", c.spec.delete); err != nil {
		return err
	}
	c.before = c.find(c.token, id)
	if c.before == nil {
		return nil
	}
	c.id, c.arn, c.outputs = id, c.before.ARN, c.before.Properties
	if err := c.checkUse(); err != nil {
		return err
	}
	if c.spec.onDelete != nil {
		if err := c.spec.onDelete(c); err != nil {
			return err
		}
	}
	c.remove(c.before)
	return c.commit()
}

// checkReferences holds every declared reference to a resource that the
// caller can see.
func (c *call) checkReferences() error {
	for _, ref := range c.spec.refs {
		for _, at := range valuesAt(c.inputs, ref.at) {
			value, _ := at.value.(string)
			if value == "" || c.findBy(ref.to, ref.key, value) != nil {
				continue
			}
			return c.refuse(ref.code, "The %s '%s' does not exist in account %s%s (property %s)",
				resourceName(ref.to), value, c.account, inRegion(c.region), at.path)
		}
	}
	return nil
}

func inRegion(region string) string {
	if region == "" {
		return ""
	}
	return ", region " + region
}

// resourceName is the last part of a type token, "Vpc" of "aws:ec2/vpc:Vpc".
func resourceName(token string) string { return token[strings.LastIndexByte(token, ':')+1:] }

func (c *call) checkUnique() error {
	if len(c.spec.unique) == 0 {
		return nil
	}
	for _, other := range c.all(c.token) {
		same := other != c.before
		for _, name := range c.spec.unique {
			same = same && equalValues(other.Properties[name], c.outputs[name], false)
		}
		if same {
			return c.refuse(c.conflictCode(), "a %s with the same %s already exists: %s",
				c.spec.title, strings.Join(c.spec.unique, " and "), other.ID)
		}
	}
	return nil
}

func (c *call) checkQuota() error {
	q := c.spec.quota
	if q.limit == 0 || c.owner {
		return nil // what stood before may have had its quotas raised
	}
	standing := 0
	for _, other := range c.all(c.token) {
		if q.per == "" || equalValues(other.Properties[q.per], c.outputs[q.per], false) {
			standing++
		}
	}
	if limit := c.limit(q.name, q.limit); standing >= limit {
		return c.refuse(q.code, "%s: the quota of %d is reached", q.name, limit)
	}
	return nil
}

// limit is a quota's value in these accounts.
func (c *call) limit(name string, standard int) int {
	if own := c.simulator.setup.Quotas[name]; own > 0 {
		return own
	}
	return standard
}

// checkUse refuses a delete while something refers to the resource, and
// stages the removal of what goes with it.
func (c *call) checkUse() error {
	blocked := ""
	for _, use := range c.uses() {
		if use.hold == cascades || use.by.Hidden.Flag(belongsToVPC) {
			c.remove(use.by)
		}
	}
	for _, use := range c.uses() {
		if use.hold == blocks && !slices.Contains(c.change.Remove, use.by) {
			blocked = resourceName(use.by.Type) + " " + use.by.ID
			break
		}
	}
	if blocked == "" {
		return nil
	}
	return c.refuse(c.inUseCode(), "%s '%s' has dependencies and cannot be deleted: %s uses it", resourceName(c.token), c.id, blocked)
}

// use is one resource's reference to another.
type use struct {
	by   *Resource
	hold hold
}

// uses is the references to the resource that is about to go.
func (c *call) uses() []use {
	var found []use
	for _, spec := range c.simulator.catalog.types {
		for _, ref := range spec.refs {
			if ref.to != c.token || ref.holds == ignored {
				continue
			}
			own := c.id
			if ref.key != "" {
				own = c.before.Properties.Text(ref.key)
			}
			for _, other := range c.all(spec.token) {
				for _, at := range valuesAt(other.Properties, ref.at) {
					if at.value == own && other != c.before {
						found = append(found, use{other, ref.holds})
					}
				}
			}
		}
	}
	slices.SortFunc(found, func(a, b use) int { return compareResources(a.by, b.by) })
	return found
}

func (c *call) inUseCode() string {
	switch service, _, _ := strings.Cut(c.action, ":"); service {
	case "ec2":
		return "DependencyViolation"
	case "apigateway":
		return "BadRequestException"
	}
	return "ResourceInUse"
}
