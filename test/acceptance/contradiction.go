package acceptance

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

// Contradiction is what the simulated accounts answer otherwise than a record.
type Contradiction struct {
	// What is a question's ID, or a step's name.
	What                string
	Recorded, Simulated string
}

func (c Contradiction) String() string {
	return fmt.Sprintf("%s: recorded is %q, and the simulated accounts answer %q", c.What, c.Recorded, c.Simulated)
}

// none is in the place of an answer that there is not.
const none = "no answer"

// Contradictions compares a record with one of the simulated accounts, which ran the
// same mapping: every answer, and whether each step succeeded. What belongs to one
// run, as IDs and names, is compared by the variable that had it.
func (r *Record) Contradictions(simulated *Record) []Contradiction {
	var found []Contradiction
	compare := func(what, recorded, answered string) {
		if recorded != answered {
			found = append(found, Contradiction{what, recorded, answered})
		}
	}
	ours, theirs := r.forms(), simulated.forms()
	for _, id := range slices.Sorted(maps.Keys(ours)) {
		compare(id, ours[id], cmp.Or(theirs[id], none))
	}
	for _, step := range r.Steps {
		i := slices.IndexFunc(simulated.Steps, func(s Step) bool { return s.Name == step.Name })
		switch {
		case i < 0:
			compare(step.Name, outcome(step), none)
		default:
			compare(step.Name, outcome(step), outcome(simulated.Steps[i]))
		}
	}
	return found
}

func outcome(s Step) string {
	if s.Error != "" {
		return "failed"
	}
	return "done"
}

var certificateName = regexp.MustCompile(`DNS:[^\s,]+`)

// forms is the record's answers in the form that is compared, by question: with
// variables for values, and the names of certificates once each and in order.
func (r *Record) forms() map[string]string {
	names := slices.SortedFunc(maps.Keys(r.Variables), func(a, b string) int { // the longest value first, since one may hold another
		return cmp.Or(cmp.Compare(len(r.Variables[b]), len(r.Variables[a])), strings.Compare(a, b))
	})
	forms := map[string]string{}
	for _, a := range r.Answers {
		form := strings.TrimSpace(a.Answer)
		for _, name := range names {
			if r.Variables[name] != "" {
				form = strings.ReplaceAll(form, r.Variables[name], "$"+name)
			}
		}
		if certified := certificateName.FindAllString(form, -1); certified != nil {
			slices.Sort(certified)
			form = strings.Join(slices.Compact(certified), " ")
		}
		forms[a.ID] = form
	}
	return forms
}

// ReadRecord reads a file that Write wrote.
func ReadRecord(path string) (*Record, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the record: %w", err)
	}
	r := &Record{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("read the record %s: %w", path, err)
	}
	if r.Version != Version {
		return nil, fmt.Errorf("read the record %s: its form is version %d, and this is version %d: make the record anew", path, r.Version, Version)
	}
	return r, nil
}
