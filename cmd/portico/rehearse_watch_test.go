package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/rehearsal"
	"github.com/portico-iac/portico/mapping"
)

func TestWatchingHasItsFlags(t *testing.T) {
	for _, args := range [][]string{
		{"--watch"},
		{"--serve", "--watch", "--pace", "0"},
		{"--serve", "--watch", "--pace", "-1"},
		{"--serve", "--watch", "--pace", "NaN"},
		{"--serve", "--watch", "--pace", "2"},
	} {
		got := portico(t, "", append([]string{"rehearse", "--mapping", "../../examples/mapping.dev.yaml"}, args...)...)
		require.Equal(t, 2, got.code, args)
		require.NotEmpty(t, got.err)
	}
}

// Each edit is one line of JSON: the report, or the mistakes as validate has them.
func TestEditsAreReported(t *testing.T) {
	var out bytes.Buffer
	c := &cli{streams: streams{out: &out}}
	o := rehearseOptions{mapping: "m.yaml", json: true, watch: true}
	report := &rehearsal.Report{
		OK: false, Stacks: []rehearsal.Stack{{Name: "dev"}}, Rows: 1, ProbedRows: 1,
		Probes: []rehearsal.Probe{{Name: "allowed verb", OK: true}, {Name: "name resolves", URL: "a.example.com", Want: "x", Got: "nothing"}},
	}
	_, mistakes := mapping.Parse("m.yaml", []byte("APIS: []\n"))
	require.Error(t, mistakes)
	require.NoError(t, c.writeRehearsed(report, o))
	require.NoError(t, c.writeEdit(nil, mistakes, o))
	require.NoError(t, c.writeEdit(report, nil, o))

	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 3)
	for i, line := range lines {
		var got struct {
			OK     *bool
			Stacks []struct{ Name string }
			Probes []struct{ Name string }
			Errors []mistake
		}
		require.NoError(t, json.Unmarshal([]byte(line), &got))
		require.False(t, *got.OK)
		require.NotNil(t, got.Stacks)
		require.NotNil(t, got.Probes)
		if i == 1 {
			require.Equal(t, []mistake{{File: "m.yaml", Line: 1, Column: 7, Path: "APIS", Message: got.Errors[0].Message, Fix: got.Errors[0].Fix}}, got.Errors)
			require.NotEmpty(t, got.Errors[0].Message)
		} else {
			require.Empty(t, got.Errors)
			require.Len(t, got.Probes, 2)
		}
	}

	out.Reset()
	o.json = false
	require.NoError(t, c.writeEdit(report, nil, o))
	require.NoError(t, c.writeEdit(nil, mistakes, o))
	require.Contains(t, out.String(), "NOT OK  name resolves")
	require.NotContains(t, out.String(), "allowed verb", "what is as it should be is only counted")
	require.Contains(t, out.String(), "1 of 2 probes ok")
	require.Contains(t, out.String(), "m.yaml:1:7: APIS: ")
	require.Contains(t, out.String(), "the former mapping stays")
}
