package fidelity

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/awssim/engine"
)

var update = flag.Bool("update", false, "write docs/fidelity.md anew")

const page = "../../docs/fidelity.md"

// TestThePageListsWhatTheSimulatorRestsOn holds docs/fidelity.md to what the
// simulated types declare.
func TestThePageListsWhatTheSimulatorRestsOn(t *testing.T) {
	want := fidelityPage(t)
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(want), 0o644))
	}
	have, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, want, string(have), "go test ./test/fidelity -run Page -update writes it anew")
}

const preamble = `# What the simulated accounts rest on

This page lists what each simulated type does, and how that is known. Read it to judge what a rehearsal shows.
It is generated: ` + "`go test ./test/fidelity -run Page -update`" + ` writes it.

No run on AWS has been made. A behaviour is

- *recorded*, if others published an answer of AWS's: an acceptance test of the AWS provider's, or a report;
- *modelled*, if a test compares it with the SDK's structs, or with AWS's service models (botocore's) by the calls of whole
  deployments;
- *documented*, if a page of AWS's or the provider's source says it;
- *assumed*, if no source says it. [Acceptance](../test/acceptance/README.md) is how accounts of your own answer.

`

func fidelityPage(t *testing.T) string {
	t.Helper()
	s, err := awssim.New(&awssim.Setup{Home: awssim.Identity{Account: sharedAccount}})
	require.NoError(t, err)
	counts := map[engine.Basis]int{}
	var tables strings.Builder
	list := func(title, text string, behaviours []engine.Behaviour) {
		fmt.Fprintf(&tables, "\n## %s\n\n%s\n\n| behaviour | basis | source |\n|---|---|---|\n", title, text)
		for _, b := range behaviours {
			counts[b.Basis]++
			fmt.Fprintf(&tables, "| %s | %s | %s |\n", cell(b.What), b.Basis, cell(b.Source))
		}
	}
	list("All types", "What accounts and the provider do with resources of every type.", awssim.CommonBehaviours)
	for _, token := range slices.Sorted(maps.Keys(s.Catalog.Types)) {
		kind := s.Catalog.Types[token]
		list(kind.Title, "`"+token+"`", kind.Fidelity())
	}
	return fmt.Sprintf("%sBehaviours: %d recorded, %d modelled, %d documented, %d assumed.\n%s", preamble,
		counts[engine.Recorded], counts[engine.Modelled], counts[engine.Documented], counts[engine.Assumed], tables.String())
}

// cell is a text in a table of Markdown.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", `\<`, "*", `\*`).Replace(text)
}
