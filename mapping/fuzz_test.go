package mapping_test

import (
	"regexp"
	"slices"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/mapping"
)

var lineBreak = regexp.MustCompile(`\r\n|\r|\n`)

// FuzzParse: whatever the bytes, Parse ends soon and without a panic. Refused,
// it says where in the file and what to write; accepted, every value matches
// its grammar and the canonical form means the same.
func FuzzParse(f *testing.F) {
	for _, c := range readCorpus(f) {
		f.Add(c.input)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		start := time.Now()
		m, err := mapping.Parse("mapping.yaml", data)
		require.Less(t, time.Since(start), 5*time.Second)
		if err != nil {
			var mistakes mapping.Errors
			require.ErrorAs(t, err, &mistakes)
			checkMistakes(t, mistakes, data)
			return
		}
		require.NoError(t, checkGrammars(m))
		again, err := mapping.Parse("canonical.json", m.Canonical())
		require.NoError(t, err)
		require.Equal(t, m.Digest, again.Digest)
	})
}

// checkMistakes holds mistakes to their form: sorted, each once, inside the
// file, on one line, with a message and a fix.
func checkMistakes(t *testing.T, mistakes mapping.Errors, data []byte) {
	require.NotEmpty(t, mistakes)
	lines := lineBreak.Split(string(data), -1)
	for i, m := range mistakes {
		require.NotEmpty(t, m.Message)
		require.NotEmpty(t, m.Fix)
		require.NotRegexp(t, `[\x00-\x1f\x7f]`, m.Error())
		require.True(t, m.Line >= 1 && m.Line <= len(lines), "line %d of %d: %v", m.Line, len(lines), m)
		require.True(t, m.Column >= 1 && m.Column <= utf8.RuneCountInString(lines[m.Line-1])+1, "column of %v", m)
		if i > 0 {
			before := mistakes[i-1]
			require.NotEqual(t, *before, *m)
			require.LessOrEqual(t, slices.Compare([]int{before.Line, before.Column}, []int{m.Line, m.Column}), 0)
		}
	}
}

func TestMistakesOfTheCorpusHaveTheirForm(t *testing.T) {
	for name, c := range readCorpus(t) {
		t.Run(name, func(t *testing.T) {
			var mistakes mapping.Errors
			if _, err := mapping.Parse("mapping.yaml", c.input); err != nil {
				require.ErrorAs(t, err, &mistakes)
				checkMistakes(t, mistakes, c.input)
			}
		})
	}
}
