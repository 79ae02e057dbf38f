package rehearsal

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/rehearsal/edits"
	"github.com/portico-iac/portico/mapping"
)

// repointingEdit has rows get another stage, another API of their account and an API of
// another account, verbs, base paths, and others come and go.
func repointingEdit() drawnEdit {
	const nginx = mapping.FrontDoorNGINX
	return drawnEdit{
		Before: drawnState{Rows: []drawnRow{
			{Host: "a.x.example.com", API: "aaaaaaaaaa", Stage: "dev", FrontDoor: nginx},
			{Host: "b.x.example.com", API: "bbbbbbbbbb", Stage: "dev", Verbs: "GET,POST", FrontDoor: nginx},
			{Host: "c.y.example.com", API: "cccccccccc", Stage: "dev", FrontDoor: nginx},
		}},
		After: drawnState{Rows: []drawnRow{
			{Host: "a.x.example.com", API: "aaaaaaaaaa", Stage: "prod", FrontDoor: nginx},
			{Host: "a.x.example.com", Base: "/v1", API: "eeeeeeeeee", Stage: "dev", FrontDoor: nginx},
			{Host: "b.x.example.com", API: "aaaaaaaaaa", Stage: "dev", Verbs: "GET", FrontDoor: nginx},
			{Host: "d.y.example.com", API: "bbbbbbbbbb", Stage: "dev", FrontDoor: nginx},
		}},
	}
}

// orders are those in which the stacks of repointingEdit may run, by their places: 0 is the
// shared stack.
var orders = [][]int{{0, 1, 2}, {1, 2, 0}, {0, 2, 1}, {1, 0, 2}, {2, 0, 1}, {2, 1, 0}}

// TestEachStepOfPlainPulumiLosesNoRequest brings an edit up stack by stack, without the
// driver: each update says what to run next, and when. An account's stack that runs before
// the shared one loses no request either. The slow variant takes every order.
func TestEachStepOfPlainPulumiLosesNoRequest(t *testing.T) {
	for i, order := range orders {
		t.Run(fmt.Sprint(order), func(t *testing.T) {
			if i > 0 {
				slowly(t)
			}
			plainEdit(t, order, false)
		})
	}
}

// TestEachStepOfPlainPulumiByTheEngineLosesNoRequest is the same by the real engine, in two
// orders.
func TestEachStepOfPlainPulumiByTheEngineLosesNoRequest(t *testing.T) {
	slowly(t)
	for _, order := range orders[:2] {
		t.Run(fmt.Sprint(order), func(t *testing.T) { plainEdit(t, order, true) })
	}
}

// plainEdit brings the edit up by updates of the stacks in an order.
func plainEdit(t *testing.T, order []int, engine bool) {
	t.Helper()
	edit := repointingEdit()
	e := newEdited(t, 5, engine)
	require.NoError(t, e.up(edit.Before, interruption{}))
	e.begin()
	require.Empty(t, e.hold(edit.Before).violations)
	e.load.judge(edits.Edit{Before: parse(t, documentOf(edit.Before.Rows)).Rows, After: parse(t, documentOf(edit.After.Rows)).Rows}, edits.During)
	environment := e.write(edit.After)
	known := append([]automation.Stack{environment.Shared}, environment.Providers...)
	require.Len(t, known, len(order))
	var stacks []automation.Stack
	for _, i := range order {
		stacks = append(stacks, known[i])
	}
	e.runPlainly(stacks, environment.Shared.Name)
	violations, requests := e.load.found()
	require.Empty(t, violations)
	require.NoError(t, e.sleep(t.Context(), automation.DefaultSettle))
	require.Empty(t, e.hold(edit.After).violations)
	t.Logf("%d requests", requests)
}

// runPlainly runs the stacks in turn, and waits where one says so, until none says that
// another is to be run.
func (e *edited) runPlainly(stacks []automation.Stack, shared string) {
	e.t.Helper()
	const mostRounds, pause = 5, "90 seconds later or more"
	for range mostRounds {
		next := false
		for _, stack := range stacks {
			project := providerProject
			if stack.Name == shared {
				project = sharedProject
			}
			e.load.doing(stack.Name + " by itself")
			said := e.plainly(project, stack)
			e.load.callAllowed()
			if strings.Contains(said, pause) {
				e.load.doing("wait after " + stack.Name)
				require.NoError(e.t, e.sleep(e.t.Context(), automation.DefaultSettle))
			}
			next = next || strings.Contains(strings.ReplaceAll(said, "`", ""), "pulumi up on")
		}
		if !next {
			return
		}
	}
	e.t.Fatalf("after %d updates of each stack one still says what to run next", mostRounds)
}

// plainly runs one stack, as `pulumi up` does, and returns what it says.
func (e *edited) plainly(project string, stack automation.Stack) string {
	e.t.Helper()
	if e.env == nil {
		m := e.programs.run(e.t, project, stack.Name, stack.Dir, stack.Program)
		m.deleteUnseen(e.t)
		return strings.Join(m.said, "\n")
	}
	ctx := e.t.Context()
	workspace, err := auto.NewLocalWorkspace(ctx, auto.WorkDir(stack.Dir), auto.Program(stack.Program), auto.Pulumi(cli(e.t)), auto.EnvVars(e.env))
	require.NoError(e.t, err)
	opened, err := auto.UpsertStack(ctx, stack.Name, workspace)
	require.NoError(e.t, err)
	var said bytes.Buffer
	_, err = opened.Up(ctx, optup.ProgressStreams(&said))
	require.NoError(e.t, err, said.String())
	return said.String()
}
