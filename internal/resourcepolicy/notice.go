package resourcepolicy

import (
	"fmt"
	"slices"
	"strings"
)

// blocks tells which statements of the owner's deny every request through the
// endpoint: those that deny whatever doesn't come from endpoints of a list
// without ours. They stay, since they are the owner's; the rows can't work
// until the owner adds the endpoint.
func (d document) blocks(endpoint string) []string {
	var notices []string
	for i, s := range d.statements {
		if s["Effect"] != "Deny" {
			continue
		}
		known, ok := onlyEndpoints(s["Condition"])
		if !ok || slices.Contains(known, endpoint) {
			continue
		}
		name := fmt.Sprintf("Statement[%d]", i)
		if sid, _ := s["Sid"].(string); sid != "" {
			name += fmt.Sprintf(" (Sid %q)", sid)
		}
		notices = append(notices, fmt.Sprintf(
			"%s of the owner's policy denies what doesn't come from %s: requests through %s get 403 until the owner adds it there",
			name, strings.Join(known, ", "), endpoint))
	}
	return notices
}

// displaced tells of statements of Portico's that were written for another
// endpoint: one that ours has replaced, or that of another environment, which
// loses its access.
func (d document) displaced(endpoint string) []string {
	for _, s := range d.statements {
		if s["Sid"] != denyHostsSid {
			continue
		}
		operators, _ := s["Condition"].(map[string]any)
		keys, _ := operators["StringEquals"].(map[string]any)
		for _, other := range texts(keys["aws:SourceVpce"]) {
			if other != endpoint {
				return []string{fmt.Sprintf(
					"statements of Portico's for %s are replaced by those for %s: if that endpoint is another environment's, its requests get 403 from now on, so give each environment an API of its own",
					other, endpoint)}
			}
		}
	}
	return nil
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
		if strings.EqualFold(key, "aws:SourceVpce") {
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
