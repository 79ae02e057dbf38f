package mapping_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/mapping"
)

func TestLoadSaysWhyAFileCannotBeRead(t *testing.T) {
	_, err := mapping.Load(filepath.Join(t.TempDir(), "absent.yaml"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	var mistakes mapping.Errors
	require.NotErrorAs(t, err, &mistakes)

	_, err = mapping.Load(t.TempDir())
	require.ErrorAs(t, err, &mistakes)
	require.Equal(t, "the directory has no portico.yaml", mistakes[0].Message)
}

// TestLoadRefusesMoreThan64MiB uses a sparse file of a terabyte: reading all
// of it would outlast the test.
func TestLoadRefusesMoreThan64MiB(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mapping.yaml")
	f, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, f.Truncate(1<<40))
	require.NoError(t, f.Close())
	_, err = mapping.Load(path)
	var mistakes mapping.Errors
	require.ErrorAs(t, err, &mistakes)
	require.Len(t, mistakes, 1)
	require.Equal(t, "the file is larger than 64 MiB", mistakes[0].Message)
}

func TestParseTakes64MiB(t *testing.T) {
	row := "APIS:\n- CUSTOM_DOMAIN_URL: api.private.example.com\n  PRIVATE_API_URL: https://a1.execute-api.us-east-1.amazonaws.com/dev\n"
	file := []byte(row + strings.Repeat(strings.Repeat("#", 1023)+"\n", 64<<10)[len(row):])
	require.Len(t, file, 64<<20)
	_, err := mapping.Parse("mapping.yaml", file)
	require.NoError(t, err)
	_, err = mapping.Parse("mapping.yaml", append(file, '\n'))
	require.Error(t, err)
}

// TestFilesOfCountlessValuesAreRefused: within 64 MiB there is room for more
// values than memory for their tree.
func TestFilesOfCountlessValuesAreRefused(t *testing.T) {
	for _, value := range []string{"[],", "- a\n", "a: b\n", "{},", "\"a\":1,"} {
		_, err := mapping.Parse("mapping.yaml", bytes.Repeat([]byte(value), 3_000_001))
		var mistakes mapping.Errors
		require.ErrorAs(t, err, &mistakes)
		require.Equal(t, "the file holds more than 3000000 YAML values", mistakes[0].Message)
	}
}

// TestHostileShapesEndSoon: a megabyte of what costs parsers most.
func TestHostileShapesEndSoon(t *testing.T) {
	const size = 1 << 20
	shapes := map[string]string{
		"lists in lists":           strings.Repeat("[", size),
		"maps in maps":             strings.Repeat("{", size),
		"block lists in lists":     strings.Repeat("- ", size/2),
		"keys of keys":             strings.Repeat("? ", size/2),
		"comments":                 strings.Repeat("#\n", size/2),
		"comments between items":   strings.Repeat("- a\n# c\n", size/8),
		"comments within a list":   "[" + strings.Repeat("#\n", size/2) + "]",
		"one key many times":       strings.Repeat("APIS: a\n", size/8),
		"one unknown key, often":   "{" + strings.Repeat("a: b,", size/5) + "}",
		"aliases of one anchor":    "[&a a," + strings.Repeat("*a,", size/3) + "]",
		"merge keys":               "a: &a {x: y}\nb:\n" + strings.Repeat("  <<: *a\n", size/9),
		"documents":                strings.Repeat("---\n", size/4),
		"unknown verbs":            "APIS:\n- VERBS: [" + strings.Repeat("xxx,", size/4) + "]",
		"unknown verbs in a text":  "APIS:\n- VERBS: \"" + strings.Repeat("x,", size/2) + "\"",
		"a text without an end":    "\"" + strings.Repeat("a\n", size/2),
		"a very long key":          "\"" + strings.Repeat("a", size) + "\": b",
		"a long text, many lines":  "a: " + strings.Repeat("b\n ", size/3),
		"rows that are not rows":   "APIS:\n" + strings.Repeat("- a\n", size/4),
		"an alias chain of merges": mergeChain(5_000),
		"aliased rows":             "APIS: [&r {VERBS: [" + strings.Repeat("x,", 1_000) + "]}" + strings.Repeat(",*r", 10_000) + "]",
		"unknown accounts":         unknownAccounts(5_000),
	}
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := mapping.Parse("mapping.yaml", []byte(shape))
			require.Error(t, err)
			require.Less(t, time.Since(start), 10*time.Second)
		})
	}
}

// mergeChain merges each map into the next.
func mergeChain(length int) string {
	var b bytes.Buffer
	b.WriteString("APIS:\n- &m0 {k0: v}\n")
	for i := range length {
		b.WriteString("- &m" + itoa(i+1) + " {<<: *m" + itoa(i) + ", k" + itoa(i+1) + ": v}\n")
	}
	return b.String()
}

// unknownAccounts has as many names as rows, and each row's is almost right.
func unknownAccounts(count int) string {
	var b bytes.Buffer
	b.WriteString("ACCOUNTS:\n")
	for i := range count {
		b.WriteString("  account-" + itoa(i) + ": {ID: \"" + itoa(100_000_000_000+i) + "\"}\n")
	}
	b.WriteString("APIS:\n")
	for i := range count {
		b.WriteString("- {CUSTOM_DOMAIN_URL: api" + itoa(i) + ".private.example.com, ACCOUNT: acount-" + itoa(i) +
			", PRIVATE_API_URL: \"https://a" + itoa(i) + ".execute-api.us-east-1.amazonaws.com/dev\"}\n")
	}
	return b.String()
}
