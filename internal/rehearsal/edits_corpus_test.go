package rehearsal

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/portico-iac/portico/mapping"
)

// TestEditsThatOnceCostARequest brings the edits of the corpus up, each in an environment
// of its own. The slow variant brings up more kinds of them.
func TestEditsThatOnceCostARequest(t *testing.T) {
	names, err := filepath.Glob(filepath.Join("testdata", "edits", "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, names)
	if slow() {
		more, err := filepath.Glob(filepath.Join("testdata", "edits", "slow", "*.yaml"))
		require.NoError(t, err)
		require.NotEmpty(t, more)
		names = append(names, more...)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(name)
			require.NoError(t, err)
			var c corpusEdit
			require.NoError(t, yaml.Unmarshal(data, &c))
			e := newEdited(t, c.Seed, false)
			require.NoError(t, e.up(c.Before, interruption{}))
			e.begin()
			require.Empty(t, e.hold(c.Before).violations, "%s\n%s", c.Why, c.Before)
			s := &editTally{edits: 1, refused: map[string]int{}}
			s.bring(t, e, c.drawnEdit, c.Interrupted, c.Why)
			t.Log(s)
		})
	}
}

// TestAHostChangesItsFrontDoorAndItsTargetAtOnce has a host go from each front door to
// each other, and get another API, stage or account in the same edit. What is refused is
// brought up by the steps that the refusal names.
func TestAHostChangesItsFrontDoorAndItsTargetAtOnce(t *testing.T) {
	slowly(t)
	const nginx, alb, native = mapping.FrontDoorNGINX, mapping.FrontDoorALB, mapping.FrontDoorNative
	at := func(frontDoor mapping.FrontDoor, api, stage string) drawnState {
		return drawnState{Rows: []drawnRow{
			{Host: "b.x.example.com", API: api, Stage: stage, FrontDoor: frontDoor},
			{Host: "c.y.example.com", API: "aaaaaaaaaa", Stage: "dev", FrontDoor: nginx},
		}}
	}
	before := at(nginx, "aaaaaaaaaa", "dev")
	e := newEdited(t, 1, false)
	require.NoError(t, e.up(before, interruption{}))
	e.begin()
	require.Empty(t, e.hold(before).violations)
	s := &editTally{refused: map[string]int{}}
	for _, after := range []drawnState{
		at(alb, "eeeeeeeeee", "dev"), at(native, "eeeeeeeeee", "prod"), at(nginx, "bbbbbbbbbb", "dev"),
		at(native, "aaaaaaaaaa", "prod"), at(alb, "cccccccccc", "dev"), at(nginx, "cccccccccc", "prod"),
	} {
		s.edits++
		if !s.bring(t, e, drawnEdit{before, after}, interruption{}, fmt.Sprintf("from %s to %s", before.Rows[0].FrontDoor, after.Rows[0].FrontDoor)) {
			break
		}
		before = after
	}
	t.Log(s)
}

// corpusEdit is an edit that once cost a request, or that is as one that might.
type corpusEdit struct {
	Why         string `yaml:"why"`
	Seed        int    `yaml:"seed"`
	drawnEdit   `yaml:",inline"`
	Interrupted interruption `yaml:"interrupted,omitempty"`
}
