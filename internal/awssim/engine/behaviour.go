package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Basis is what a simulated behaviour rests on.
type Basis string

const (
	// Recorded is an answer of AWS's that others published: an acceptance test
	// of the provider's, or a report.
	Recorded Basis = "recorded"
	// Modelled is what AWS's service models or the SDK's structs state in a form
	// that a test compares.
	Modelled Basis = "modelled"
	// Documented is what a page of AWS's, or the provider's source, says.
	Documented Basis = "documented"
	// Assumed is what no source says.
	Assumed Basis = "assumed"
)

// Behaviour is something that a simulated type does as AWS and the provider do.
type Behaviour struct {
	What   string
	Basis  Basis
	Source string
}

// The sources of what properties declare.
const (
	sdkSource      = "structs of the Pulumi AWS SDK v6"
	providerSource = "schema and source of terraform-provider-aws v5.100"
)

// Fidelity is all behaviours of the type: those that its properties declare, and
// Behaviours.
func (t *Type) Fidelity() []Behaviour {
	call := ""
	if len(t.Create) > 0 {
		call = t.Create[0] // the one that has the effect
	}
	models := "AWS's service models of the calls, see test/fidelity"
	var all []Behaviour
	add := func(what string, names []string, basis Basis, source string) {
		if names = slices.Compact(slices.Sorted(slices.Values(names))); len(names) > 0 {
			all = append(all, Behaviour{what + ": " + strings.Join(names, ", "), basis, source})
		}
	}
	all = append(all, Behaviour{"has the names and kinds of its inputs and outputs", Modelled, sdkSource})
	var ruled []string
	for _, rule := range t.inputRules {
		ruled = append(ruled, rule.path)
	}
	ruled = slices.AppendSeq(ruled, maps.Keys(t.values))
	add("refuses some values", ruled, Modelled, models)
	add("is replaced by a change", t.forceNew, Documented, providerSource)
	var sometimes []string
	for _, when := range t.forceNewWhen {
		sometimes = append(sometimes, when.property)
	}
	add("is replaced by some changes", sometimes, Documented, providerSource)
	add("takes lists in any order", t.sets, Documented, providerSource)
	add("keeps what is no longer stated", t.kept, Documented, providerSource)
	add("has defaults of the provider's", slices.Collect(maps.Keys(t.defaults)), Documented, providerSource)
	var computed, back, references []string
	for _, o := range t.computed {
		computed = append(computed, o.property)
	}
	for _, shown := range t.readBack {
		back = append(back, shown.property)
	}
	for _, ref := range t.refs {
		references = append(references, fmt.Sprintf("%s (%s)", ref.at, ref.Code))
	}
	add("has values of AWS's choice", computed, Documented, "API reference of "+call)
	add("shows in another form than it was given", back, Documented, "see below")
	add("refuses references that lead nowhere, with the error code", references, Documented, "API reference of "+call)
	if len(t.Unique) > 0 {
		add("refuses a second one ("+t.Conflict+") with the same", t.Unique, Documented, "API reference of "+call)
	}
	if t.Quota.Name != "" && t.Quota.Limit > 0 {
		all = append(all, Behaviour{fmt.Sprintf("holds the quota %q: %d", t.Quota.Name, t.Quota.Limit), Documented, "Service Quotas"})
	}
	if len(t.Read) > 0 {
		all = append(all, Behaviour{"makes the provider's calls, for each of which IAM is asked", Documented, providerSource})
	}
	return append(all, t.Behaviours...)
}

// hasOwnCode reports whether the type does what its properties don't declare.
func (t *Type) hasOwnCode() bool {
	return t.OnCreate != nil || t.OnUpdate != nil || t.OnDelete != nil || t.OnRead != nil || t.Check != nil || t.Look != nil ||
		len(t.readBack) > 0 || len(t.equalWhen) > 0 || len(t.against) > 0
}
