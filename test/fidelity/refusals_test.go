package fidelity

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/awssim/ec2"
	"github.com/portico-iac/portico/internal/awssim/engine"
)

// refusalsOf is what the models say against inputs: nil, if AWS takes them.
func (m *models) refusalsOf(t *testing.T, kind string, inputs, outputs awssim.Object, id string) []string {
	made, params, err := callsFor(kind, inputs, outputs, id)
	if err != nil {
		return []string{err.Error()}
	}
	var all []string
	for i, tr := range made {
		api, shape := m.input(t, tr.operation)
		_, refused := api.refusals(shape, map[string]any(params[i]), tr.operation)
		all = append(all, refused...)
	}
	return all
}

// TestEverySimulatedTypeIsTranslated holds the table of calls to the simulator's
// types and to the properties that it has rules for.
func TestEverySimulatedTypeIsTranslated(t *testing.T) {
	s, err := awssim.New(&awssim.Setup{Home: awssim.Identity{Account: sharedAccount}})
	require.NoError(t, err)
	for token, kind := range s.Catalog.Types {
		if strings.HasSuffix(token, ":NetworkInterface") {
			continue // no program creates one
		}
		if _, excused := untranslated[token]; excused {
			require.NotContains(t, translations, token)
			continue
		}
		require.Contains(t, translations, token, "no API call creates it")
		var mapped []string
		for _, tr := range translations[token] {
			for input := range tr.members {
				path := anyIndex.ReplaceAllString(strings.TrimSuffix(input, "!"), "[]")
				mapped = append(mapped, prefixes(path)...)
			}
		}
		for path := range kind.Properties {
			top, _, _ := strings.Cut(strings.TrimSuffix(path, "[]"), ".")
			if _, isInput := kind.Schema().Inputs[strings.TrimSuffix(top, "[]")]; isInput && !slices.Contains(mapped, path) {
				require.Contains(t, ofProvider, path, "%s has a rule for %s, which no call has", token, path)
			}
		}
	}
}

var anyIndex = regexp.MustCompile(`\[\d+\]`)

// prefixes are a path and those that lead to it, with and without the last [].
func prefixes(path string) []string {
	var all []string
	for i := range path {
		if path[i] == '.' {
			all = append(all, path[:i])
		}
	}
	all = append(all, path)
	for _, p := range all {
		all = append(all, strings.TrimSuffix(p, "[]"))
	}
	return all
}

// TestTheModelsTakeEveryCallOfARun translates what the runs created into API
// calls and holds each to AWS's models.
func TestTheModelsTakeEveryCallOfARun(t *testing.T) {
	oracle := loadModels(t)
	for _, name := range judged() {
		for _, c := range runOf(t, name).created {
			require.Empty(t, oracle.refusalsOf(t, c.Type, c.Inputs.Clone(), c.Outputs, c.ID), "%s: %s", name, c.URN)
		}
	}
}

// TestTheSimulatorTakesNothingThatTheModelsRefuse changes one input at a time of
// what the runs created. What the models refuse the simulator has to refuse too.
func TestTheSimulatorTakesNothingThatTheModelsRefuse(t *testing.T) {
	oracle := loadModels(t)
	tried, refused, taken := 0, map[string]bool{}, map[string]bool{}
	seen := map[string]bool{}
	for _, name := range judged() {
		r := runOf(t, name)
		for _, c := range r.created {
			if translations[c.Type] == nil {
				continue
			}
			var attempt func(awssim.Object) error
			for _, change := range changesOf(c.Inputs.Clone()) {
				key := c.Type + " " + change.String()
				if seen[key] {
					continue
				}
				seen[key] = true
				changed := c.Inputs.Clone()
				change.apply(changed)
				asSent := r.accounts.Completed(c.Type, c.URN, changed)
				reasons := oracle.refusalsOf(t, c.Type, asSent, c.Outputs, c.ID)
				if len(reasons) == 0 {
					continue
				}
				if attempt == nil {
					attempt = anew(t, r, c)
				}
				tried++
				if err := attempt(changed); err == nil {
					taken[fmt.Sprintf("%s: %s: %s", c.Type, change, reasons[0])] = true
				}
			}
			if attempt != nil {
				refused[c.Type] = true
			}
		}
	}
	t.Logf("%d inputs of %d types that AWS's models refuse", tried, len(refused))
	require.Empty(t, slices.Sorted(maps.Keys(taken)))
	require.Greater(t, tried, 1000)
}

// anew creates a resource of a run anew, with other inputs, in copies of the
// accounts from which it was taken. With its own inputs it has to succeed.
func anew(t *testing.T, r *run, c created) func(awssim.Object) error {
	t.Helper()
	session := func(s *engine.Simulator) engine.Session { return s.Root(c.Account, region) }
	without := r.accounts.Fork()
	all := without.Resources(engine.Filter{Account: c.Account, Type: c.Type})
	i := slices.IndexFunc(all, func(r engine.Resource) bool { return r.ID == c.ID })
	if i >= 0 && session(without).Delete(&all[i]) != nil {
		// It is in use, which is no matter to who creates another.
		require.NoError(t, session(without).Edit("take out", "", func(op *engine.Op) error {
			op.Remove(op.Find(c.Type, c.ID))
			ec2.DetachAll(op, c.ID)
			return nil
		}))
	}
	attempt := func(inputs awssim.Object) error {
		given := inputs.Clone()
		delete(given, engine.DefaultsKey)
		_, err := session(without.Fork()).Create(c.Type, c.URN, given)
		return err
	}
	require.NoError(t, attempt(c.Inputs), "%s can't be created anew, so that nothing is shown by its refusals", c.URN)
	return attempt
}
