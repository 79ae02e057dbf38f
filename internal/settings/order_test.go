package settings

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReportedMistakesAreInTheOrderOfTheirFiles(t *testing.T) {
	t.Parallel()
	want := []string{
		"Pulumi.dev.yaml: portico:mapping: not set",
		"Pulumi.dev.yaml:9:3: portico:task.min: one",
		"a/mapping.yaml:9:5: APIS[1]: two",
		"mapping.yaml:21:5: APIS[2]: three",
		"mapping.yaml:21:17: APIS[2].VERBS: four",
		"mapping.yaml:21:117: APIS[2].VERBS: five",
		"mapping.yaml:120: APIS[13]: six",
		"mapping.yaml:120:5: APIS[13].VERBS[9]: seven",
		"mapping.yaml:120:5: APIS[13].VERBS[10]: eight",
		"mapping.yaml:1000:5: APIS[113]: nine",
		"use subnet subnet-9 of account 111111111111: small",
		"use subnet subnet-10 of account 111111111111: small",
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, CompareReported)
	require.Equal(t, want, got)
	for _, a := range want {
		for _, b := range want {
			require.Equal(t, CompareReported(a, b), -CompareReported(b, a), "%s\n%s", a, b)
		}
	}
}

// TestMistakesOfAllStacksAreInTheOrderOfTheirFiles has mistakes of two stacks whose
// keys sort otherwise than their lines.
func TestMistakesOfAllStacksAreInTheOrderOfTheirFiles(t *testing.T) {
	t.Parallel()
	m := newMistakes("Pulumi.dev.yaml")
	m.places["task"], m.places["apis[2]"], m.places["apis[10]"] = Position{"Pulumi.dev.yaml", 9, 3}, Position{"Pulumi.dev.yaml", 120, 5}, Position{"Pulumi.dev.yaml", 120, 5}
	for _, key := range []string{"apis[10]", "apis[2]", "task", "aws"} {
		m.add(key, "wrong", "write")
	}
	require.EqualError(t, m.err(), `Pulumi.dev.yaml: portico:aws: wrong: write
Pulumi.dev.yaml:9:3: portico:task: wrong: write
Pulumi.dev.yaml:120:5: portico:apis[2]: wrong: write
Pulumi.dev.yaml:120:5: portico:apis[10]: wrong: write`)
}
