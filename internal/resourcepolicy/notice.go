package resourcepolicy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// consumerConflicts reports which statements of the owner's let consumers'
// endpoints in that are held to custom domains: what such a consumer calls past
// them is denied.
func (d document) consumerConflicts(consumers []string) []string {
	var notices []string
	for i, s := range d.statements {
		if s["Effect"] != "Allow" {
			continue
		}
		operators, _ := s["Condition"].(map[string]any)
		keys, _ := operators["StringEquals"].(map[string]any)
		for key, value := range keys {
			if !strings.EqualFold(key, sourceVPCE) {
				continue
			}
			for _, id := range texts(value) {
				if slices.Contains(consumers, id) {
					notices = append(notices, fmt.Sprintf(
						"%s of the owner's policy lets %s in, which is held to custom domains as an endpoint of front door native: list it among the additional VPC endpoints too if it is to keep the rest",
						statementName(i, s), id))
				}
			}
		}
	}
	return notices
}

// statementName is what messages call a statement.
func statementName(index int, s map[string]any) string {
	if sid, _ := s["Sid"].(string); sid != "" {
		return fmt.Sprintf("Statement[%d] (Sid %q)", index, sid)
	}
	return fmt.Sprintf("Statement[%d]", index)
}

// notices report what the merge did with statements whose Sids begin as
// Portico's do.
func (p division) notices(r *Request) []string {
	var notices []string
	for _, i := range p.lookalikes {
		notices = append(notices, fmt.Sprintf(
			"%s of the owner's policy is kept as the owner's: its Sid begins as Portico's do, but Portico didn't write it", statementName(i, p.owner.statements[i])))
	}
	notices = append(notices, p.replacedEndpoints(r.ownEndpoints())...)
	if unnamed := endpointsIn(p.others[""]); len(unnamed) > 0 {
		notices = append(notices, fmt.Sprintf(
			"statements of Portico's for %s that name no environment are kept, since they are for none of the endpoints %s: if the environment that wrote them is gone, take them out of the policy",
			strings.Join(unnamed, ", "), strings.Join(r.ownEndpoints(), ", ")))
	}
	for _, tag := range slices.Sorted(maps.Keys(p.others)) {
		for _, s := range p.others[tag] {
			id, _ := parseSid(s.Sid)
			both := slices.DeleteFunc(slices.Clone(s.endpoints()), func(endpoint string) bool { return !slices.Contains(r.consumers(), endpoint) })
			if id.kind == allowEndpointsKind && len(both) > 0 {
				notices = append(notices, fmt.Sprintf(
					"%s is an additional VPC endpoint of another environment (Sid %q) and an endpoint of front door native here: it is held to this environment's custom domains",
					strings.Join(both, ", "), s.Sid))
			}
		}
	}
	return notices
}

// replacedEndpoints reports statements of the environment's that were written for other
// endpoints than these: such as these have replaced, or those of another
// environment of the same name, which loses its access. All of an environment's
// statements in a policy come from one merge; so where one of these endpoints is
// among theirs, the others were this environment's too.
func (p division) replacedEndpoints(endpoints []string) []string {
	former := endpointsIn(p.ours)
	if len(former) == 0 || meets(former, endpoints) {
		return nil
	}
	whose := "that endpoint is another environment's, its"
	if len(former) > 1 {
		whose = "those endpoints are another environment's, their"
	}
	return []string{fmt.Sprintf(
		"statements of Portico's for %s are replaced by those for %s: if %s requests get 403 from now on, so give each environment a name or an API of its own",
		strings.Join(former, ", "), strings.Join(endpoints, ", "), whose)}
}

// endpointsIn are the endpoints that are held to rows by some statements,
// sorted.
func endpointsIn(statements []statement) []string {
	var ids []string
	for _, s := range statements {
		if id, _ := parseSid(s.Sid); slices.Contains([]string{denyHostsKind, albDenyKind, denyDomainsKind}, id.kind) {
			ids = append(ids, s.endpoints()...)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// texts are the strings of a string or a list.
func texts(value any) []string {
	if text, ok := value.(string); ok {
		return []string{text}
	}
	list, _ := value.([]any)
	var all []string
	for _, item := range list {
		if text, ok := item.(string); ok {
			all = append(all, text)
		}
	}
	return all
}
