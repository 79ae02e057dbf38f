package main

import (
	"bytes"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/automation"
)

func TestStacksHaveALineEachAndTheirPhasesBelow(t *testing.T) {
	var b strings.Builder
	require.NoError(t, (&cli{streams: streams{out: &b}}).writeStacks(&automation.Report{
		Stacks: []automation.Result{
			{
				Name: "dev", Account: "111111111111", Resources: 42, Seconds: 12.3, Changes: automation.Changes{Create: 2, Delete: 1, Same: 40},
				Phases: []automation.Phase{
					{Changes: automation.Changes{Create: 2, Same: 40}, Seconds: 8},
					{What: "removes the earlier front door of a.example.com", Changes: automation.Changes{Delete: 1, Same: 41}, Seconds: 4.3},
				},
			},
			{Name: "dev-orders", Resources: 7, Seconds: 3, Changes: automation.Changes{Same: 7}, Phases: []automation.Phase{{Changes: automation.Changes{Same: 7}, Seconds: 3}}},
			{Name: "dev-payments", Err: errors.New("access denied")},
			{Name: "dev-shop", Skipped: "the stack does not exist"},
			{Name: "dev-team", Account: "222222222222", Resources: 9, Unchanged: true},
		},
		Ahead:    []string{"dev again: moves a.example.com"},
		Commands: []string{"aws apigateway create-deployment --rest-api-id abcde12345 --stage-name dev"},
	}))
	var words []string
	for line := range strings.Lines(b.String()) {
		words = append(words, strings.Join(strings.Fields(line), " "))
	}
	require.Empty(t, cmp.Diff([]string{
		"STACK ACCOUNT RESOURCES SECONDS OUTCOME",
		"dev 111111111111 42 12.3 2 created, 1 deleted, 40 unchanged",
		"phase 1 8.0 2 created, 40 unchanged",
		"phase 2 4.3 removes the earlier front door of a.example.com: 1 deleted, 41 unchanged",
		"dev-orders - 7 3.0 7 unchanged",
		"dev-payments - 0 0.0 failed",
		"dev-shop - 0 0.0 not run",
		"dev-team 222222222222 9 0.0 not run: nothing has changed",
		"",
		"ahead:",
		"dev again: moves a.example.com",
		"",
		"left to the APIs' owners, until then Portico's statements are in effect:",
		"aws apigateway create-deployment --rest-api-id abcde12345 --stage-name dev",
	}, words))
}

// A writer that is no terminal gets plain lines.
func TestProgressIsPlainLinesWhereThereIsNoTerminal(t *testing.T) {
	var b bytes.Buffer
	tell := progress(&b)
	for range 2 {
		tell(automation.Event{Stack: "dev", Kind: automation.Started, Text: "up"})
	}
	require.Equal(t, "dev: up ...\ndev: up ...\n", b.String())
}

func TestAnEnvironmentsFlagsAreHeldToTheirRanges(t *testing.T) {
	for _, args := range [][]string{
		{"up", "--env", "dev", "--parallel", "0"},
		{"up", "--env", "dev", "--settle", "-1s"},
		{"up", "--env", "dev", "--settle", "soon"},
		{"up", "--env", "dev", "--provision", "-1s"},
		{"destroy", "--env", "dev", "--settle", "1s"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			require.Equal(t, exitUsage, portico(t, "", args...).code)
		})
	}
}

// --refresh-image takes another program of the shared stack, and leaves the others.
func TestARefreshOfTheImageIsAnotherProgram(t *testing.T) {
	entry := func(program any) uintptr { return reflect.ValueOf(program).Pointer() }
	for refresh, want := range map[bool]any{false: accounts.SharedIn, true: accounts.SharedRefreshedIn} {
		for _, verb := range []string{"up", "preview"} {
			var o environmentOptions
			cmd := &cobra.Command{Use: verb}
			refreshImageFlag(cmd, &o)
			require.NoError(t, cmd.Flags().Set("refresh-image", strconv.FormatBool(refresh)))
			require.Equal(t, entry(want), entry(o.programs().Shared))
			require.Equal(t, entry(programs.Provider), entry(o.programs().Provider))
		}
	}
}
