package resourcepolicy

import (
	"regexp"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/aws"
)

// What the condition of a statement of Portico's can be: its operators and keys.
const (
	throughEndpoints = "StringEquals aws:SourceVpce"
	fromHosts        = "StringEquals aws:Referer, StringEquals aws:SourceVpce"
	notFromHosts     = "StringEquals aws:SourceVpce, StringNotEquals aws:Referer"
	fromDomains      = "ArnEquals execute-api:viaDomainArn, StringEquals aws:SourceVpce"
	notFromDomains   = "ArnNotEquals execute-api:viaDomainArn, StringEquals aws:SourceVpce"
	notThrough       = "StringNotEquals aws:SourceVpce"
	unconditional    = ""
)

// What the resources of a statement of Portico's can be.
var (
	anyResources   = methodsLike(func(string) bool { return true })
	wholeAPI       = methodsLike(func(methods string) bool { return methods == "*" })
	methodsOfStage = methodsLike(regexp.MustCompile(`^[A-Za-z0-9_-]+/[A-Z]+/\*$`).MatchString)
)

// grammar reports whether a value is of a form.
type grammar func(value string) bool

// methodsLike is the grammar of patterns of an API's methods: stage/METHOD/path
// satisfies the given one.
func methodsLike(methods grammar) grammar {
	return func(value string) bool {
		p, err := aws.ParseMethodPattern(value)
		return err == nil && methods(p.Methods)
	}
}

func isDomainARN(value string) bool {
	_, err := aws.ParseDomainARN(value)
	return err == nil
}

// shape is what a statement of a kind looks like.
type shape struct {
	effect     string
	conditions []string
	// resources are what Resource holds; except tells that NotResource can be in
	// its place.
	resources grammar
	except    bool
}

// shapesOf are the shapes that the statements of a kind can have.
func shapesOf(kind string) []shape {
	deny := func(conditions ...string) []shape {
		// denyForm verbs writes methods of a stage in place of NotResource.
		return []shape{{effect: "Deny", conditions: conditions, resources: methodsOfStage, except: true}}
	}
	paths := func(conditions ...string) []shape {
		return []shape{{effect: "Deny", conditions: conditions, resources: anyResources}}
	}
	whole := func(conditions ...string) []shape {
		return []shape{{effect: "Deny", conditions: conditions, resources: wholeAPI}}
	}
	allow := func(resources grammar, conditions ...string) []shape {
		return []shape{{effect: "Allow", conditions: conditions, resources: resources}}
	}
	switch kind {
	case allowKind:
		return append(allow(anyResources, fromHosts), allow(wholeAPI, throughEndpoints)...)
	case albAllowKind:
		return allow(anyResources, throughEndpoints)
	case nativeAllowKind:
		return allow(anyResources, fromDomains)
	case allowEndpointsKind:
		return allow(wholeAPI, throughEndpoints)
	case denyKind:
		return deny(throughEndpoints, fromHosts, notFromHosts)
	case nativeDenyKind:
		return deny(throughEndpoints, fromDomains, notFromDomains)
	case albDenyKind:
		return deny(throughEndpoints)
	case denyPathsKind:
		return paths(throughEndpoints, fromHosts, notFromHosts)
	case nativeDenyPaths:
		return paths(throughEndpoints, fromDomains, notFromDomains)
	case denyHostsKind:
		return whole(notFromHosts)
	case denyDomainsKind:
		return whole(notFromDomains)
	case closedEndpoints:
		return whole(throughEndpoints)
	case denyEndpointsKind:
		return whole(notThrough)
	case retiredKind:
		return whole(notThrough, unconditional)
	}
	panic("resourcepolicy: no shape of kind " + kind)
}

// written reads a canonical statement as one that a stack of Portico's could
// have written: its Sid is one, and its elements, its condition's keys and their
// values are those of the Sid's kind. ok is false for every other statement.
func written(members map[string]any) (s statement, id sid, ok bool) {
	text, _ := members["Sid"].(string)
	id, ok = parseSid(text)
	if !ok || !isEverybody(members["Principal"]) || members["Action"] != "execute-api:Invoke" {
		return s, id, false
	}
	var resources, others, conditioned bool
	s.Sid = text
	s.Effect, _ = members["Effect"].(string)
	s.Resource, resources = onlyTexts(members["Resource"])
	s.NotResource, others = onlyTexts(members["NotResource"])
	s.Condition, conditioned = plainConditions(members["Condition"])
	elements := 5 // Sid, Effect, Principal, Action, and either of the resources
	if _, has := members["Condition"]; has {
		elements++
	}
	if len(members) != elements || resources == others || !conditioned || !s.Condition.plausible() {
		return s, id, false
	}
	return s, id, slices.ContainsFunc(shapesOf(id.kind), s.fits)
}

// fits reports whether the statement has a shape.
func (s statement) fits(want shape) bool {
	return s.Effect == want.effect && slices.Contains(want.conditions, s.Condition.keys()) &&
		(s.NotResource == nil || want.except) && all(s.Resource, want.resources) && all(s.NotResource, anyResources)
}

// onlyTexts are the strings of a string or of a list of nothing else, sorted.
func onlyTexts(value any) (values []string, ok bool) {
	values = texts(value)
	slices.Sort(values)
	list, isList := value.([]any)
	return values, len(values) > 0 && (!isList || len(list) == len(values))
}

func isEverybody(principal any) bool {
	kinds, ok := principal.(map[string]any)
	return principal == "*" || ok && len(kinds) == 1 && kinds["AWS"] == "*"
}

// plainConditions reads a condition whose values are all texts.
func plainConditions(value any) (conditions, bool) {
	if value == nil {
		return nil, true
	}
	operators, ok := value.(map[string]any)
	if !ok {
		return nil, false
	}
	c := conditions{}
	for operator, value := range operators {
		keys, ok := value.(map[string]any)
		if !ok {
			return nil, false
		}
		c[operator] = map[string][]string{}
		for key, value := range keys {
			values, ok := onlyTexts(value)
			if !ok {
				return nil, false
			}
			c[operator][spelledKey(key)] = values
		}
		if len(c[operator]) != len(keys) {
			return nil, false
		}
	}
	return c, true
}

// spelledKey is a condition key as Portico writes it: AWS compares keys without
// regard to case.
func spelledKey(key string) string {
	for _, known := range []string{sourceVPCE, referer, viaDomain} {
		if strings.EqualFold(key, known) {
			return known
		}
	}
	return key
}

// keys are the operators and keys of a condition, as the constants above have
// them.
func (c conditions) keys() string {
	var all []string
	for operator, keys := range c {
		for key := range keys {
			all = append(all, operator+" "+key)
		}
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// plausible reports whether the condition's values are some that Portico writes.
func (c conditions) plausible() bool {
	grammars := map[string]grammar{sourceVPCE: isEndpointID, referer: hostGrammar.MatchString, viaDomain: isDomainARN}
	for _, keys := range c {
		for key, values := range keys {
			if grammars[key] == nil || !all(values, grammars[key]) {
				return false
			}
		}
	}
	return true
}

func all(values []string, of grammar) bool {
	return !slices.ContainsFunc(values, func(value string) bool { return !of(value) })
}

// endpoints are those through which the statement's requests come; none, if it
// is about requests through others than it names.
func (s statement) endpoints() []string { return s.Condition["StringEquals"][sourceVPCE] }
