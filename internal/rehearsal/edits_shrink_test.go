package rehearsal

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/portico-iac/portico/mapping"
)

// mostShrinking bounds the attempts to make an edit smaller.
const mostShrinking = 25

// keepShrunk makes an edit smaller that costs a request, each time in an environment of
// its own, and writes the smallest into the corpus.
func keepShrunk(t *testing.T, seed int, edit drawnEdit, stop interruption) {
	attempts := 0
	costs := func(edit drawnEdit) (o outcome) {
		attempts++
		t.Run(fmt.Sprintf("smaller %d", attempts), func(t *testing.T) {
			e := newEdited(t, seed, false)
			if err := e.up(edit.Before, interruption{}); err != nil {
				return
			}
			e.begin()
			e.hold(edit.Before)
			o = e.edit(edit, stop)
		})
		return o
	}
	found := costs(edit)
	if len(found.violations) == 0 {
		t.Log("the edit alone costs no request")
		return
	}
	edit, found = shrunk(edit, found, mostShrinking, costs)
	t.Logf("smallest edit:\n%s", describeEdit(edit, found))
	data, err := yaml.Marshal(corpusEdit{Why: found.violations[0], Seed: seed, drawnEdit: edit, Interrupted: stop})
	name := filepath.Join("testdata", "edits", fmt.Sprintf("seed-%d.yaml", seed))
	require.NoError(t, errors.Join(err, os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, data, 0o644)))
}

// shrunk is a smaller edit that costs a request, and what it cost: none of the edits that
// are a little smaller still does, or no attempt is left. The edit that it is given costs
// what was found.
func shrunk(edit drawnEdit, found outcome, attempts int, costs func(drawnEdit) outcome) (drawnEdit, outcome) {
	for progress := true; progress; {
		progress = false
		for _, try := range smaller(edit) {
			if attempts == 0 {
				return edit, found
			}
			attempts--
			if o := costs(try); len(o.violations) > 0 {
				edit, found, progress = try, o, true
				break
			}
		}
	}
	return edit, found
}

// smaller are edits that are a little smaller than one: without one of the rows or of the
// settings, or with rows that are simpler, in one state or both.
func smaller(edit drawnEdit) []drawnEdit {
	var all []drawnEdit
	before, after := edit.Before, edit.After
	try := func(b, a drawnState) {
		smaller := drawnEdit{b, a}
		if valid(b.Rows) && valid(a.Rows) && !b.equal(a) && !(b.equal(before) && a.equal(after)) {
			all = append(all, smaller)
		}
	}
	withRows := func(s drawnState, rows []drawnRow) drawnState { return drawnState{rows, s.Settings} }
	for _, row := range slices.Concat(before.Rows, after.Rows) {
		without := func(s drawnState) drawnState {
			return withRows(s, slices.DeleteFunc(slices.Clone(s.Rows), func(other drawnRow) bool { return other.Host == row.Host && other.Base == row.Base }))
		}
		try(without(before), without(after))
	}
	for i := range before.Rows {
		try(withRows(before, slices.Delete(slices.Clone(before.Rows), i, i+1)), after)
	}
	for i := range after.Rows {
		try(before, withRows(after, slices.Delete(slices.Clone(after.Rows), i, i+1)))
	}
	for _, option := range drawnOptions {
		without := func(s drawnState) drawnState {
			s = s.clone()
			delete(s.Settings, option.key)
			return s
		}
		try(without(before), without(after))
		try(before, without(after))
	}
	for _, simplify := range []func(*drawnRow){
		func(r *drawnRow) { r.Verbs = "" }, func(r *drawnRow) { r.Path = "" }, func(r *drawnRow) { r.Stage = "dev" },
		func(r *drawnRow) { r.FrontDoor = mapping.FrontDoorNGINX },
	} {
		simpler := func(s drawnState) drawnState {
			s = s.clone()
			for i := range s.Rows {
				simplify(&s.Rows[i])
			}
			return s
		}
		try(simpler(before), simpler(after))
	}
	return all
}

// TestAnEditThatCostsARequestIsMadeSmaller plants losses, and demands the smallest edits
// that have them.
func TestAnEditThatCostsARequestIsMadeSmaller(t *testing.T) {
	large := drawnEdit{
		Before: drawnState{[]drawnRow{
			{Host: "a.x.example.com", Base: "/v1", API: "aaaaaaaaaa", Stage: "prod", Path: "/p", Verbs: "GET", FrontDoor: mapping.FrontDoorNGINX},
			{Host: "b.x.example.com", API: "aaaaaaaaaa", Stage: "dev", Verbs: "GET,POST", FrontDoor: mapping.FrontDoorALB},
			{Host: "*.y.example.com", API: "cccccccccc", Stage: "dev", FrontDoor: mapping.FrontDoorNGINX},
		}, map[string]any{"task.cpu": 256, "task.min": 3}},
		After: drawnState{[]drawnRow{
			{Host: "a.x.example.com", Base: "/v1", API: "bbbbbbbbbb", Stage: "prod", Path: "/p", Verbs: "GET", FrontDoor: mapping.FrontDoorNGINX},
			{Host: "b.x.example.com", API: "aaaaaaaaaa", Stage: "dev", FrontDoor: mapping.FrontDoorALB},
			{Host: "c.y.example.com", API: "cccccccccc", Stage: "prod", FrontDoor: mapping.FrontDoorNGINX},
		}, map[string]any{"task.cpu": 256}},
	}
	at := func(s drawnState, host string) (drawnRow, bool) {
		i := slices.IndexFunc(s.Rows, func(row drawnRow) bool { return row.Host == host })
		if i < 0 {
			return drawnRow{}, false
		}
		return s.Rows[i], true
	}
	for sentence, test := range map[string]struct {
		loses func(drawnEdit) bool
		want  drawnEdit
	}{
		"a row that gets another API": {
			func(e drawnEdit) bool {
				before, was := at(e.Before, "a.x.example.com")
				after, is := at(e.After, "a.x.example.com")
				return was && is && before.API != after.API
			},
			drawnEdit{
				drawnState{Rows: []drawnRow{{Host: "a.x.example.com", Base: "/v1", API: "aaaaaaaaaa", Stage: "dev", FrontDoor: mapping.FrontDoorNGINX}}},
				drawnState{Rows: []drawnRow{{Host: "a.x.example.com", Base: "/v1", API: "bbbbbbbbbb", Stage: "dev", FrontDoor: mapping.FrontDoorNGINX}}},
			},
		},
		"a host of alb that comes from any mapping": {
			func(e drawnEdit) bool {
				after, is := at(e.After, "b.x.example.com")
				return is && after.FrontDoor == mapping.FrontDoorALB && len(e.Before.Rows) > 0
			},
			drawnEdit{
				drawnState{Rows: []drawnRow{{Host: "b.x.example.com", API: "aaaaaaaaaa", Stage: "dev", Verbs: "GET,POST", FrontDoor: mapping.FrontDoorALB}}},
				drawnState{Rows: []drawnRow{{Host: "b.x.example.com", API: "aaaaaaaaaa", Stage: "dev", FrontDoor: mapping.FrontDoorALB}}},
			},
		},
		"a setting alone": {
			func(e drawnEdit) bool {
				return !reflect.DeepEqual(e.Before.Settings["task.min"], e.After.Settings["task.min"])
			},
			drawnEdit{
				drawnState{[]drawnRow{{Host: "*.y.example.com", API: "cccccccccc", Stage: "dev", FrontDoor: mapping.FrontDoorNGINX}}, map[string]any{"task.min": 3}},
				drawnState{Rows: []drawnRow{{Host: "c.y.example.com", API: "cccccccccc", Stage: "dev", FrontDoor: mapping.FrontDoorNGINX}}},
			},
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			tried := 0
			costs := func(e drawnEdit) outcome {
				tried++
				require.True(t, valid(e.Before.Rows) && valid(e.After.Rows), "%v", e)
				if test.loses(e) {
					return outcome{violations: []string{sentence}}
				}
				return outcome{}
			}
			smallest, found := shrunk(large, costs(large), 100, costs)
			require.True(t, smallest.Before.equal(test.want.Before) && smallest.After.equal(test.want.After), "%v\n%v", smallest.Before, smallest.After)
			require.Equal(t, []string{sentence}, found.violations)
			require.LessOrEqual(t, tried, 60, "an attempt is an environment that is brought up")

			tried = 0
			begun, _ := shrunk(large, outcome{violations: []string{sentence}}, 1, costs)
			require.Equal(t, 1, tried)
			require.True(t, test.loses(begun), "an edit that doesn't cost a request is not kept")
		})
	}
	require.Equal(t, map[string]any{"task.cpu": 256, "task.min": 3}, maps.Clone(large.Before.Settings), "the edit that is made smaller stays as it is")
}
