package rehearsal

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/rehearsal/edits"
)

// TestNoEditOfAMappingCostsARequest brings mappings up that were drawn, and edits of them,
// while clients call, and holds each answer to the three rules of docs/design/changes.md.
//
// PORTICO_EDITS is how many edits, PORTICO_SEED the first seed; each seed is a mapping
// with editsPerMapping edits, one after another.
func TestNoEditOfAMappingCostsARequest(t *testing.T) {
	count := 5
	if slow() {
		count = 60
	}
	drawEdits(t, numberOr(t, "PORTICO_EDITS", count), 4, false)
}

// TestNoEditByTheEngineCostsARequest is the same with the real engine, driven by
// `portico up`'s own driver. PORTICO_ENGINE_EDITS is how many edits.
func TestNoEditByTheEngineCostsARequest(t *testing.T) {
	slowly(t)
	drawEdits(t, numberOr(t, "PORTICO_ENGINE_EDITS", 5), 4, true)
}

func drawEdits(t *testing.T, count, seed int, engine bool) {
	s := &editTally{refused: map[string]int{}}
	deadline, limited := t.Deadline()
	for seed = numberOr(t, "PORTICO_SEED", seed); s.edits < count; seed++ {
		if limited && time.Until(deadline) < longestChain {
			t.Logf("the time is up before seed %d", seed)
			break
		}
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { s.chain(t, seed, min(editsPerMapping, count-s.edits), engine) })
	}
	t.Log(s)
}

// editsPerMapping is how many edits follow one another in an environment.
const editsPerMapping = 5

// longestChain is how long these take at most on a busy machine.
const longestChain = 3 * time.Minute

func numberOr(t *testing.T, variable string, or int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return or
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, variable)
	return n
}

// editTally counts what was tried. Steps are the edits that refusals name.
type editTally struct {
	edits, steps, interrupted, requests, violations int
	// refused are the edits that the programs refuse before anything changes, by reason.
	refused map[string]int
}

func (s *editTally) String() string {
	var reasons []string
	refusals := 0
	for reason, n := range s.refused {
		refusals += n
		reasons = append(reasons, fmt.Sprintf("\n  %d refused: %s", n, reason))
	}
	slices.Sort(reasons)
	return fmt.Sprintf("%d edits (%d interrupted), of which %d were refused beforehand and made in %d steps; %d requests, %d edits with violations%s",
		s.edits, s.interrupted, refusals, s.steps, s.requests, s.violations, strings.Join(reasons, ""))
}

// chain brings a drawn mapping up, and edit after edit of it. An edit that costs a request
// is made smaller and kept.
func (s *editTally) chain(t *testing.T, seed, count int, engine bool) {
	e := newEdited(t, seed, engine)
	before := drawnStates.Example(seed)
	require.NoError(t, e.up(before, interruption{}), "bring up\n%s", before)
	e.begin()
	if o := e.hold(before); len(o.violations) > 0 {
		t.Fatalf("seed %d: the mapping alone costs requests:\n%s%s", seed, before, strings.Join(o.violations, "\n"))
	}
	for i := range count {
		edit := drawnEdit{before, editsOf(before).Example(seed*100 + i)}
		stop := drawnInterruptions.Example(seed*100 + i)
		s.edits++
		if !s.bring(t, e, edit, stop, fmt.Sprintf("seed %d, edit %d of %d", seed, i+1, count)) {
			if os.Getenv("PORTICO_SHRINK") != "" {
				keepShrunk(t, seed, edit, stop)
			}
			return // the environment may be of neither mapping
		}
		before = edit.After
	}
}

// bring brings an edit up. One that is refused is brought up by the steps that the
// refusal names, each of which is an edit of its own. It reports whether no request was
// lost.
func (s *editTally) bring(t *testing.T, e *edited, edit drawnEdit, stop interruption, which string) bool {
	o := e.edit(edit, stop)
	s.requests += o.requests
	if o.interrupted {
		s.interrupted++
	}
	if len(o.violations) > 0 {
		s.violations++
		t.Errorf("%s:\n%s", which, describeEdit(edit, o))
		return false
	}
	if o.refused == "" {
		return true
	}
	s.refused[refusalOf(o.refused)]++
	steps := stepsOf(edit, o.refused)
	if len(steps) < 2 {
		t.Errorf("%s: the refusal names no steps: %s\n%s", which, o.refused, describeEdit(edit, o))
		return false
	}
	before := edit.Before
	for i, step := range steps {
		s.steps++
		if !s.bring(t, e, drawnEdit{before, step}, interruption{}, fmt.Sprintf("%s, step %d of %d", which, i+1, len(steps))) {
			return false
		}
		before = step
	}
	return true
}

// outcome is what came of an edit.
type outcome struct {
	requests   int
	violations []string
	// refused is why the programs refused the edit.
	refused string
	// interrupted says that the update was, and another one followed.
	interrupted bool
}

func describeEdit(edit drawnEdit, o outcome) string {
	const most = 8
	lines := o.violations[:min(most, len(o.violations))]
	return fmt.Sprintf("before: %vafter: %v%d violations:\n%s", edit.Before, edit.After, len(o.violations), strings.Join(lines, "\n"))
}

// hold demands that a state which is up holds.
func (e *edited) hold(state drawnState) outcome {
	rows := parse(e.t, documentOf(state.Rows)).Rows
	e.load.judge(edits.Edit{Before: rows, After: rows}, edits.Ended)
	e.load.doing("settled")
	e.load.callAll()
	o := outcome{}
	o.violations, o.requests = e.load.found()
	return o
}

// edit brings an edit up and judges the answers. An edit that is refused is taken back.
// An update that is interrupted is followed by another one at once.
func (e *edited) edit(change drawnEdit, stop interruption) outcome {
	e.t.Helper()
	edit := edits.Edit{Before: parse(e.t, documentOf(change.Before.Rows)).Rows, After: parse(e.t, documentOf(change.After.Rows)).Rows}
	e.load.judge(edit, edits.During)
	err := e.up(change.After, stop)
	interrupted := errors.Is(err, errInterrupted)
	if interrupted {
		e.accounts.Heal()
		err = e.up(change.After, interruption{})
	}
	o := outcome{interrupted: interrupted}
	ended := change.After
	if refusalOf(messageOf(err)) != "" {
		o.refused = messageOf(err)
		e.load.judge(edits.Edit{Before: edit.After, After: edit.Before}, edits.During)
		e.removeNewStacks()
		ended, err = change.Before, e.up(change.Before, interruption{})
	}
	if err != nil {
		e.load.fail(fmt.Errorf("the update fails: %w", err))
	} else {
		e.load.doing("when the last changes come into effect")
		// A new host of native is answered when its association has been provisioned.
		require.NoError(e.t, e.sleep(e.t.Context(), max(automation.DefaultSettle, provisioning(e.accounts, "us-east-1"))))
	}
	o.violations, o.requests = e.load.found()
	if err == nil {
		held := e.hold(ended)
		o.violations, o.requests = append(o.violations, held.violations...), o.requests+held.requests
	}
	return o
}

func messageOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
