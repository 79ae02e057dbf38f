package resourcepolicy

import (
	"fmt"
	"slices"
	"strings"
)

// blocks tells which statements of the owner's deny every request through some
// of the endpoints: those that deny whatever doesn't come from endpoints of a
// list without them. They stay, since they are the owner's; the rows can't work
// until the owner adds the endpoints.
func (d document) blocks(endpoints []string) []string {
	var notices []string
	for i, s := range d.statements {
		if s["Effect"] != "Deny" {
			continue
		}
		known, ok := onlyEndpoints(s["Condition"])
		out := slices.DeleteFunc(slices.Clone(endpoints), func(id string) bool { return slices.Contains(known, id) })
		if !ok || len(out) == 0 {
			continue
		}
		it := "it"
		if len(out) > 1 {
			it = "them"
		}
		notices = append(notices, fmt.Sprintf(
			"%s of the owner's policy denies what doesn't come from %s: requests through %s get 403 until the owner adds %s there",
			statementName(i, s), strings.Join(known, ", "), strings.Join(out, ", "), it))
	}
	return notices
}

// curbs tells which statements of the owner's let consumers' endpoints in that
// are held to custom domains: what such a consumer calls past them is denied.
func (d document) curbs(consumers []string) []string {
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

// displaced tells of statements of Portico's that were written for other
// endpoints than these: such as these have replaced, or those of another
// environment, which loses its access. All of Portico's statements in a policy
// come from one merge; so where one of these endpoints is among theirs, the
// others were this environment's too.
func (d document) displaced(endpoints []string) []string {
	others := d.porticos()
	if len(others) == 0 || slices.ContainsFunc(others, func(id string) bool { return slices.Contains(endpoints, id) }) {
		return nil
	}
	whose := "that endpoint is another environment's, its"
	if len(others) > 1 {
		whose = "those endpoints are another environment's, their"
	}
	return []string{fmt.Sprintf(
		"statements of Portico's for %s are replaced by those for %s: if %s requests get 403 from now on, so give each environment an API of its own",
		strings.Join(others, ", "), strings.Join(endpoints, ", "), whose)}
}

// porticos are the endpoints that statements of Portico's were written for,
// sorted.
func (d document) porticos() []string {
	var ids []string
	for _, s := range d.statements {
		sid, _ := s["Sid"].(string)
		if !slices.Contains([]string{denyHostsSid, denyALBSid, denyDomainsSid}, sid) {
			continue
		}
		operators, _ := s["Condition"].(map[string]any)
		keys, _ := operators["StringEquals"].(map[string]any)
		ids = append(ids, texts(keys[sourceVPCE])...)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// onlyEndpoints are the values of a condition that is StringNotEquals on
// aws:SourceVpce and nothing else.
func onlyEndpoints(condition any) ([]string, bool) {
	operators, _ := condition.(map[string]any)
	keys, _ := operators["StringNotEquals"].(map[string]any)
	if len(operators) != 1 || len(keys) != 1 {
		return nil, false
	}
	for key, value := range keys {
		if strings.EqualFold(key, sourceVPCE) {
			return texts(value), true
		}
	}
	return nil, false
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
