package upgrade

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/test/environments"
)

func slow() bool { return os.Getenv("PORTICO_SLOW") == "1" }

// judged reports whether an environment of a release is previewed: all with
// PORTICO_SLOW, and otherwise the one with the most types and options.
func judged(environment string) bool { return slow() || environment == environments.OptionRich }

// TestAnUpgradeReplacesAndDeletesNothing previews each stack of the releases'
// environments with the program as it is.
func TestAnUpgradeReplacesAndDeletesNothing(t *testing.T) {
	met := map[string]bool{}
	for _, path := range fixtures(t) {
		t.Run(nameOf(path), func(t *testing.T) {
			if !judged(environmentOf(path)) {
				t.Skip("previews a further environment: set PORTICO_SLOW=1, or run make test-slow")
			}
			f := read(t, path)
			p := prepare(t, f.options(t))
			for _, stack := range stacksOf(p.Environment) {
				steps := preview(t, p, stack)
				require.NotEmpty(t, steps, stack.Name)
				for _, problem := range problems(steps, exceptionsFrom(f.Release), met) {
					t.Errorf("%s of %s: %s", stack.Name, f.Release, problem)
				}
			}
		})
	}
	if slow() {
		for _, e := range exceptions {
			require.True(t, met[e.resource], "%s: no upgrade replaces or deletes it: take it out of exceptions", e.resource)
		}
	}
}

// TestAnUpgradeComesToRest brings the releases' environments up with the program as it
// is, after a refresh, and holds the next preview to have nothing to do.
func TestAnUpgradeComesToRest(t *testing.T) {
	if !slow() {
		t.Skip("brings environments up: set PORTICO_SLOW=1, or run make test-slow")
	}
	for _, path := range fixtures(t) {
		t.Run(nameOf(path), func(t *testing.T) {
			p := prepare(t, read(t, path).options(t))
			_, err := p.Environment.Refresh(t.Context())
			require.NoError(t, err)
			_, err = p.Environment.Up(t.Context())
			require.NoError(t, err)
			again, err := p.Environment.Preview(t.Context())
			require.NoError(t, err)
			require.Empty(t, again.Ahead)
			for _, stack := range again.Stacks {
				require.Equal(t, automation.Changes{Same: stack.Changes.Same}, stack.Changes, stack.Name)
			}
		})
	}
}

// releaseOf is the release that a fixture's file is of, by its directory, and nameOf
// both its release and its environment.
func releaseOf(path string) string { return filepath.Base(filepath.Dir(path)) }
func nameOf(path string) string    { return releaseOf(path) + "/" + environmentOf(path) }

// newest is the file of an environment of the last release that has it.
func newest(t *testing.T, environment string) string {
	t.Helper()
	last := ""
	for _, path := range fixtures(t) {
		if environmentOf(path) == environment && (last == "" || versionOf(releaseOf(path)).GT(versionOf(releaseOf(last)))) {
			last = path
		}
	}
	require.NotEmpty(t, last, environment)
	return last
}

// environmentOf is the environment that a fixture's file is of, by its name.
func environmentOf(path string) string {
	return strings.TrimSuffix(filepath.Base(path), ".json.gz")
}

// stacksOf are all stacks of an environment.
func stacksOf(e *automation.Environment) []automation.Stack {
	return slices.Concat([]automation.Stack{e.Shared}, e.Providers)
}
