package rehearsal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

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
			require.NoError(t, e.up(c.Before, interruption{}))
			e.begin()
			require.Empty(t, e.hold(c.Before).violations, "%s\n%s", c.Why, c.Before)
			s := &editTally{refused: map[string]int{}}
			s.bring(t, e, c.drawnEdit, c.Interrupted, c.Why)
			t.Log(s)
		})
	}
}

// corpusEdit is an edit that once cost a request, or that is as one that might.
type corpusEdit struct {
	Why         string `yaml:"why"`
	Seed        int    `yaml:"seed"`
	drawnEdit   `yaml:",inline"`
	Interrupted interruption `yaml:"interrupted,omitempty"`
}
