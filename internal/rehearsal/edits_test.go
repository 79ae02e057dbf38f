package rehearsal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/rehearsal/edits"
)

// TestNoEditOfAMappingCostsARequest brings mappings up that were drawn, and edits of them,
// while clients call, and holds each answer to the three rules of docs/design/changes.md.
//
// PORTICO_EDITS is how many edits, PORTICO_SEED the first seed; each seed is a mapping
// with editsPerMapping edits, one after another.
func TestNoEditOfAMappingCostsARequest(t *testing.T) {
	count, seed := 5, 4
	if slow() {
		count = 60
	}
	count, seed = numberOr(t, "PORTICO_EDITS", count), numberOr(t, "PORTICO_SEED", seed)
	s := &editTally{refused: map[string]int{}}
	for ; s.edits < count; seed++ {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { s.chain(t, seed, min(editsPerMapping, count-s.edits)) })
	}
	t.Log(s)
}

// TestEditsThatOnceCostARequest brings the edits of the corpus up, each in an environment
// of its own.
func TestEditsThatOnceCostARequest(t *testing.T) {
	names, err := filepath.Glob(filepath.Join("testdata", "edits", "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(name)
			require.NoError(t, err)
			var c corpusEdit
			require.NoError(t, yaml.Unmarshal(data, &c))
			e := newEdited(t, c.Seed, false)
			require.NoError(t, e.up(documentOf(c.Before)))
			e.begin()
			e.hold(c.Before, c.Before)
			o := e.edit(c.Before, c.After)
			require.Empty(t, o.violations, "%s\nbefore: %safter: %s", c.Why, documentOf(c.Before), documentOf(c.After))
		})
	}
}

// editsPerMapping is how many edits follow one another in an environment.
const editsPerMapping = 5

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

// editTally counts what was tried.
type editTally struct {
	edits, requests, violations int
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
	return fmt.Sprintf("%d edits (%d refused beforehand), %d requests, %d edits with violations%s", s.edits, refusals, s.requests, s.violations, strings.Join(reasons, ""))
}

// chain brings a drawn mapping up, and edit after edit of it. An edit that costs a request
// is made smaller and kept.
func (s *editTally) chain(t *testing.T, seed, count int) {
	e := newEdited(t, seed, false)
	rows := drawnMappings.Example(seed)
	require.NoError(t, e.up(documentOf(rows)), "bring up\n%s", documentOf(rows))
	e.begin()
	e.hold(rows, rows)
	for i := range count {
		before := rows
		after := editsOf(before).Example(seed*100 + i)
		outcome := e.edit(before, after)
		s.edits++
		s.requests += outcome.requests
		if outcome.refused != "" {
			s.refused[outcome.refused]++
			continue
		}
		rows = after
		if len(outcome.violations) == 0 {
			continue
		}
		s.violations++
		t.Errorf("seed %d, edit %d of %d:\n%s", seed, i+1, count, describeEdit(before, after, outcome))
		if os.Getenv("PORTICO_SHRINK") != "" {
			shrink(t, seed, before, after, outcome)
		}
		return // the environment may be of neither mapping
	}
}

// outcome is what came of an edit.
type outcome struct {
	requests   int
	violations []string
	// refused is why the programs refused the edit.
	refused string
}

func describeEdit(before, after []drawnRow, o outcome) string {
	const most = 8
	lines := o.violations[:min(most, len(o.violations))]
	return fmt.Sprintf("before: %safter: %s%d violations:\n%s", documentOf(before), documentOf(after), len(o.violations), strings.Join(lines, "\n"))
}

// hold demands that a mapping which is up holds.
func (e *edited) hold(before, after []drawnRow) {
	edit := edits.Edit{Before: parse(e.t, documentOf(before)).Rows, After: parse(e.t, documentOf(after)).Rows}
	e.load.judge(edit, edits.Ended)
	e.load.doing("settled")
	e.load.callAll()
}

// edit brings an edit up and judges the answers. An edit that is refused is taken back.
func (e *edited) edit(before, after []drawnRow) outcome {
	e.t.Helper()
	edit := edits.Edit{Before: parse(e.t, documentOf(before)).Rows, After: parse(e.t, documentOf(after)).Rows}
	e.load.judge(edit, edits.During)
	err := e.up(documentOf(after))
	if reason := refusalOf(err); reason != "" {
		e.load.judge(edits.Edit{Before: edit.After, After: edit.Before}, edits.During)
		e.removeNewStacks()
		after, err = before, e.up(documentOf(before))
		return e.outcome(after, err, reason)
	}
	return e.outcome(after, err, "")
}

func (e *edited) outcome(after []drawnRow, err error, refused string) outcome {
	if err != nil {
		e.load.fail(fmt.Errorf("the update fails: %w", err))
	} else {
		e.load.doing("when the last changes come into effect")
		require.NoError(e.t, e.sleep(e.t.Context(), automation.DefaultSettle))
		e.hold(after, after)
	}
	o := outcome{refused: refused}
	o.violations, o.requests = e.load.found()
	if len(o.violations) > 0 {
		o.refused = ""
	}
	return o
}

// refusals are the reasons for which the programs refuse an edit, which name the steps
// that lead there.
var refusals = []*regexp.Regexp{
	regexp.MustCompile(`have the host served by nginx first \(change FRONT_DOOR alone\), change the rows then, and FRONT_DOOR back at last`),
	regexp.MustCompile(`leave the host's rows in the mapping, have the host served by nginx first \(FRONT_DOOR\), and take them out then`),
	regexp.MustCompile(`have the host served by nginx first, by the same row with FRONT_DOOR: nginx`),
	regexp.MustCompile(`change FRONT_DOOR alone, and the rest once the host has left its earlier front door`),
	regexp.MustCompile(`leave ACCOUNT and PRIVATE_API_URL as they were, have the host served by nginx first, and change them then`),
}

func refusalOf(err error) string {
	if err == nil {
		return ""
	}
	for _, pattern := range refusals {
		if pattern.MatchString(err.Error()) {
			return pattern.String()
		}
	}
	return ""
}

// corpusEdit is an edit that once cost a request.
type corpusEdit struct {
	Why    string     `yaml:"why"`
	Seed   int        `yaml:"seed"`
	Before []drawnRow `yaml:"before"`
	After  []drawnRow `yaml:"after"`
}

// mostShrinking bounds the attempts to make an edit smaller.
const mostShrinking = 25

// shrink makes an edit smaller that costs a request, each time in an environment of its
// own, and writes the smallest into the corpus.
func shrink(t *testing.T, seed int, before, after []drawnRow, found outcome) {
	attempts := 0
	costs := func(before, after []drawnRow) (o outcome) {
		attempts++
		t.Run(fmt.Sprintf("smaller %d", attempts), func(t *testing.T) {
			e := newEdited(t, seed, false)
			if err := e.up(documentOf(before)); err != nil {
				return
			}
			e.begin()
			e.hold(before, before)
			o = e.edit(before, after)
		})
		return o
	}
	if o := costs(before, after); len(o.violations) == 0 {
		t.Log("the edit alone costs no request")
		return
	}
	for progress := true; progress && attempts < mostShrinking; {
		progress = false
		for _, try := range smaller(before, after) {
			if attempts >= mostShrinking {
				break
			}
			if o := costs(try[0], try[1]); len(o.violations) > 0 {
				before, after, found, progress = try[0], try[1], o, true
				break
			}
		}
	}
	t.Logf("smallest edit:\n%s", describeEdit(before, after, found))
	data, err := yaml.Marshal(corpusEdit{Why: found.violations[0], Seed: seed, Before: before, After: after})
	name := filepath.Join("testdata", "edits", fmt.Sprintf("seed-%d.yaml", seed))
	require.NoError(t, errors.Join(err, os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, data, 0o644)))
}
