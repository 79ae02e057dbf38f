package resourcepolicy

import (
	"maps"
	"slices"
	"strings"
)

// rowRequest is the requests of one row with one method through one endpoint,
// as API Gateway sees them.
type rowRequest struct {
	grant    Grant
	method   string
	endpoint string
	// arns are the patterns of what is called: the path, and what is below it.
	arns  []string
	facts facts
}

// row is what messages call the row.
func (q rowRequest) row() string {
	if q.grant.Source != "" {
		return q.grant.Source
	}
	return q.grant.Host
}

// rowRequests are those of all rows that the request has grants for.
func (w *writer) rowRequests() []rowRequest {
	var all []rowRequest
	for _, d := range w.frontDoors {
		for _, g := range d.grants {
			for _, endpoint := range d.endpoints {
				known := w.request.facts(d, g, endpoint)
				for _, method := range methods {
					if g.has(method) {
						one := Grant{Stage: g.Stage, Path: g.Path, Methods: []string{method}}
						all = append(all, rowRequest{g.Grant, method, endpoint, one.arns(w.prefix), known})
					}
				}
			}
		}
	}
	return all
}

// currentVersion is the version of the policy language that has variables.
const currentVersion = "2012-10-17"

// facts are what is known of the requests of a row through an endpoint.
//
// Which keys requests have is from
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-aws-condition-keys.html
// and https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html:
// through a VPC endpoint there is no aws:SourceIp, and anonymous requests have no
// key of a principal but its kind and account.
func (r *Request) facts(d frontDoor, g grant, endpoint string) facts {
	keys := map[string]known{
		"aws:sourcevpce":      oneOf(endpoint),
		"aws:sourcevpc":       anyValue,
		"aws:sourceip":        absentKey,
		"aws:vpcsourceip":     anyValue,
		"aws:securetransport": oneOf("true"),
		"aws:currenttime":     anyValue,
		"aws:epochtime":       anyValue,
	}
	if r.VPCID != "" && slices.Contains(r.ownEndpoints(), endpoint) {
		keys["aws:sourcevpc"] = oneOf(r.VPCID)
	}
	switch d.key {
	case referer:
		keys["aws:referer"], keys["execute-api:viadomainarn"] = oneOf(g.host), absentKey
	case viaDomain:
		keys["execute-api:viadomainarn"] = oneOf(g.host)
	}
	if !g.Signed {
		keys["aws:principaltype"] = known{values: []string{"Anonymous"}, absent: true}
		keys["aws:principalaccount"] = known{values: []string{"anonymous"}, absent: true}
		for _, key := range []string{
			"aws:principalarn", "aws:principalorgid", "aws:principalorgpaths", "aws:userid", "aws:username",
			"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths",
			"aws:tokenissuetime", "aws:multifactorauthpresent", "aws:multifactorauthage", "aws:federatedprovider", "aws:sourceidentity",
		} {
			keys[key] = absentKey
		}
	}
	return func(key string) known {
		if k, ok := keys[key]; ok {
			return k
		}
		if !g.Signed && strings.HasPrefix(key, "aws:principaltag/") {
			return absentKey
		}
		return unknownKey
	}
}

// verdict is what a Deny statement says of a row's requests.
type verdict struct {
	denies answer
	// extent is how much of the row's paths it is about.
	extent extent
	// undecided and missing are the conditions that decide: see facts.holds.
	undecided, missing []string
}

// denial evaluates a statement with the effect Deny for a row's requests.
func (q rowRequest) denial(statement map[string]any, version any) verdict {
	variables := version == currentVersion
	holds, undecided, missing := q.facts.holds(statement["Condition"], variables)
	v := verdict{denies: holds.and(q.isPrincipal(statement)).and(q.isAction(statement)), undecided: undecided, missing: missing}
	if v.denies == no {
		return v
	}
	if v.extent = q.extent(statement); v.extent == none {
		v.denies = no
	}
	if variables && v.denies == yes && strings.Contains(strings.Join(slices.Concat(texts(statement["Resource"]), texts(statement["NotResource"])), " "), "${") {
		v.denies, v.undecided = may, append(v.undecided, "its resources")
	}
	return v
}

// isPrincipal reports whether the statement is about the row's callers. One that
// names none is no policy that API Gateway stores, and counts as about
// everybody.
func (q rowRequest) isPrincipal(statement map[string]any) answer {
	name, negated := "Principal", false
	principal, ok := statement[name]
	if !ok {
		if principal, negated = statement["NotPrincipal"]; !negated {
			return yes
		}
	}
	found := no
	switch kinds, isMap := principal.(map[string]any); {
	case principal == "*", isMap && slices.Contains(texts(kinds["AWS"]), "*"):
		found = yes
	case q.grant.Signed:
		found = may
	}
	if negated {
		return found.not()
	}
	return found
}

// isAction reports whether the statement is about invoking methods.
func (q rowRequest) isAction(statement map[string]any) answer {
	invokes := func(patterns []string) bool {
		return slices.ContainsFunc(patterns, func(pattern string) bool {
			return Matches(strings.ToLower(pattern), "execute-api:invoke")
		})
	}
	if patterns, ok := statement["Action"]; ok {
		return answerOf(invokes(texts(patterns)))
	}
	if patterns, ok := statement["NotAction"]; ok {
		return answerOf(!invokes(texts(patterns)))
	}
	return yes
}

// extent is how much of the row's paths the statement's resources are.
func (q rowRequest) extent(statement map[string]any) extent {
	var found []extent
	for _, arn := range q.arns {
		var e extent
		patterns, plain := statement["Resource"]
		except, negated := statement["NotResource"]
		switch {
		case plain:
			e = widest(texts(patterns), arn)
		case negated:
			e = every - widest(texts(except), arn)
		default:
			e = every
		}
		found = append(found, e)
	}
	least, most := slices.Min(found), slices.Max(found)
	if least != most {
		return some
	}
	return least
}

func widest(patterns []string, arn string) extent {
	most := none
	for _, pattern := range patterns {
		most = max(most, extentOf(pattern, arn))
	}
	return most
}

func sortedNames(members map[string]any) []string { return slices.Sorted(maps.Keys(members)) }
