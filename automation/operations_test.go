package automation

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// The tests of this file run the real engine. The programs register components
// only, which need no plugin.

type component struct{ pulumi.ResourceState }

// components is a program of so many components.
func components(n int) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		for i := range n {
			err := ctx.RegisterComponentResource("portico:test:Component", fmt.Sprintf("part-%d", i), &component{})
			if err != nil {
				return err
			}
		}
		ctx.Export("parts", pulumi.Int(n))
		return nil
	}
}

// broken is a program that fails.
func broken(why string) pulumi.RunFunc {
	return func(*pulumi.Context) error { return errors.New(why) }
}

// deployable is an environment with two provider accounts on a backend of its
// own.
func deployable(t *testing.T) *Environment {
	t.Helper()
	root := projects(t, map[string]string{
		"Pulumi.dev.yaml":                            "",
		"accounts/provider/Pulumi.dev-orders.yaml":   account2,
		"accounts/provider/Pulumi.dev-payments.yaml": "",
	})
	env, err := Discover(root, "dev", Programs{
		Shared:   func(string) pulumi.RunFunc { return components(3) },
		Provider: func(string) pulumi.RunFunc { return components(1) },
	})
	require.NoError(t, err)
	env.Command, err = FindCommand("../bin")
	require.NoError(t, err)
	env.Env = map[string]string{
		"PULUMI_BACKEND_URL":       "file://" + t.TempDir(),
		"PULUMI_HOME":              t.TempDir(),
		"PULUMI_CONFIG_PASSPHRASE": "test",
	}
	return env
}

func names(r *Report) []string {
	var names []string
	for _, s := range r.Stacks {
		names = append(names, s.Name)
	}
	return names
}

func changes(r *Report) map[string]Changes {
	m := map[string]Changes{}
	for _, s := range r.Stacks {
		m[s.Name] = s.Changes
	}
	return m
}

func TestLifeOfAnEnvironment(t *testing.T) {
	env := deployable(t)
	var mu sync.Mutex
	var ended []string
	env.Progress = func(e Event) {
		require.True(t, mu.TryLock(), "progress is called from two goroutines at a time")
		defer mu.Unlock()
		if e.Kind == Finished || e.Kind == Skipped {
			ended = append(ended, e.Stack)
		}
	}
	ctx := t.Context()

	t.Run("a preview of what was never deployed holds the provider stacks back", func(t *testing.T) {
		report, err := env.Preview(ctx)
		require.NoError(t, err)
		require.Equal(t, []string{"dev", "dev-orders", "dev-payments"}, names(report))
		require.Equal(t, Changes{Create: 4}, report.Stacks[0].Changes)
		require.Contains(t, report.Stacks[1].Skipped, "never deployed")
	})
	t.Run("up runs the shared stack first", func(t *testing.T) {
		ended = nil
		report, err := env.Up(ctx)
		require.NoError(t, err)
		require.Equal(t, "dev", ended[0])
		// The stack itself is a resource too.
		want := map[string]Changes{"dev": {Create: 4}, "dev-orders": {Create: 2}, "dev-payments": {Create: 2}}
		require.Empty(t, cmp.Diff(want, changes(report)))
		require.Equal(t, 4, report.Stacks[0].Resources)
		require.Equal(t, "222222222222", report.Stacks[1].Account)
		require.EqualValues(t, 3, report.Stacks[0].Outputs["parts"].Value)
	})
	t.Run("a second up changes nothing", func(t *testing.T) {
		report, err := env.Up(ctx)
		require.NoError(t, err)
		want := map[string]Changes{"dev": {Same: 4}, "dev-orders": {Same: 2}, "dev-payments": {Same: 2}}
		require.Empty(t, cmp.Diff(want, changes(report)))
	})
	t.Run("a preview counts what up would do", func(t *testing.T) {
		env := *env
		env.Shared.Program = components(2)
		report, err := env.Preview(ctx)
		require.NoError(t, err)
		require.Equal(t, Changes{Same: 3, Delete: 1}, report.Stacks[0].Changes)
		require.Equal(t, Changes{Same: 2}, report.Stacks[2].Changes)
	})
	t.Run("refresh reads every stack", func(t *testing.T) {
		report, err := env.Refresh(ctx)
		require.NoError(t, err)
		require.Equal(t, []string{"dev", "dev-orders", "dev-payments"}, names(report))
	})
	t.Run("destroy runs the shared stack last", func(t *testing.T) {
		ended = nil
		report, err := env.Destroy(ctx)
		require.NoError(t, err)
		require.Equal(t, "dev", ended[2])
		require.Equal(t, Changes{Delete: 4}, report.Stacks[2].Changes)
		require.Zero(t, report.Stacks[2].Resources)
	})
	t.Run("the settings files keep their config", func(t *testing.T) {
		data, err := os.ReadFile(filepath.Join(env.Providers[0].Dir, "Pulumi.dev-orders.yaml"))
		require.NoError(t, err)
		require.Contains(t, string(data), "222222222222")
	})
}

func TestOneAccountsFailureDoesNotStopTheOthers(t *testing.T) {
	env := deployable(t)
	env.Providers[0].Program = broken("the API a1b2c3d4e5 does not exist")

	report, err := env.Up(t.Context())
	var failure *OperationError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, Changes{Create: 2}, report.Stacks[2].Changes, "the other account")
	require.ErrorContains(t, report.Stacks[1].Err, "the API a1b2c3d4e5 does not exist")
	require.ErrorContains(t, err, "dev-orders (account 222222222222)")
	require.Equal(t, []string{"pulumi -C accounts/provider up -s dev-orders"}, failure.Again)

	t.Run("what failed can be run again", func(t *testing.T) {
		env.Providers[0].Program = components(1)
		_, err := env.Up(t.Context())
		require.NoError(t, err)
	})
}

func TestProviderStacksRunSideBySideWithinABound(t *testing.T) {
	env := deployable(t)
	env.Shared.Program = components(0)
	var running, most atomic.Int32
	both := make(chan struct{})
	program := func(together int32) pulumi.RunFunc {
		return func(*pulumi.Context) error {
			n := running.Add(1)
			defer running.Add(-1)
			for seen := most.Load(); n > seen && !most.CompareAndSwap(seen, n); seen = most.Load() {
			}
			if n == together {
				close(both)
			}
			if together > 1 {
				<-both
			}
			return nil
		}
	}
	for i := range env.Providers {
		env.Providers[i].Program = program(2)
	}
	_, err := env.Up(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 2, most.Load(), "by default they run side by side")

	most.Store(0)
	env.Parallel = 1
	for i := range env.Providers {
		env.Providers[i].Program = program(0)
	}
	_, err = env.Up(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, most.Load())
}

func TestProvidersWaitForTheSharedStack(t *testing.T) {
	env := deployable(t)
	env.AgainFlags = []string{"--refresh-image"}
	env.Shared.Program = broken("no such mapping file")

	report, err := env.Up(t.Context())
	var failure *OperationError
	require.ErrorAs(t, err, &failure)
	require.ErrorContains(t, err, "no such mapping file")
	require.Equal(t, []string{"portico up --env dev --refresh-image"}, failure.Again)
	for _, s := range report.Stacks[1:] {
		require.Contains(t, s.Skipped, "up dev failed")
	}
}

// TestAPreviewAfterAHalfFirstUpdateHoldsTheProviderStacksBack: the shared stack has
// resources then, and none of the outputs that they read.
func TestAPreviewAfterAHalfFirstUpdateHoldsTheProviderStacksBack(t *testing.T) {
	env := deployable(t)
	env.Shared.Program = func(ctx *pulumi.Context) error {
		if err := ctx.RegisterComponentResource("portico:test:Component", "part-0", &component{}); err != nil {
			return err
		}
		return errors.New("the quota is reached")
	}
	_, err := env.Up(t.Context())
	require.ErrorContains(t, err, "the quota is reached")
	env.Shared.Program = components(3)
	report, err := env.Preview(t.Context())
	require.NoError(t, err)
	require.Positive(t, report.Stacks[0].Changes.Same)
	for _, s := range report.Stacks[1:] {
		require.Equal(t, "dev was never deployed to its end, and this stack reads its outputs", s.Skipped)
	}
}

func TestDestroyingWhatDoesNotExistIsNoFailure(t *testing.T) {
	env := deployable(t)
	report, err := env.Destroy(t.Context())
	require.NoError(t, err)
	for _, s := range report.Stacks {
		require.Contains(t, s.Skipped, "does not exist")
	}
}

func TestALockHeldBySomebodyElseIsNamed(t *testing.T) {
	env := deployable(t)
	ctx := t.Context()
	holding := make(chan struct{})
	release := make(chan struct{})
	env.Providers = nil
	slow := *env
	slow.Shared.Program = func(*pulumi.Context) error {
		close(holding)
		<-release
		return nil
	}
	done := make(chan error, 1)
	go func() {
		_, err := slow.Up(ctx)
		done <- err
	}()
	select {
	case <-holding:
	case err := <-done:
		t.Fatalf("the first run ended before its program did: %v", err)
	}

	_, err := env.Up(ctx)
	close(release)
	require.NoError(t, <-done)
	require.ErrorIs(t, err, ErrLocked)
	require.ErrorContains(t, err, "another run holds the stack's lock, created by ")
	require.ErrorContains(t, err, "pulumi -C "+env.Shared.Dir+" cancel -s dev")
}

func TestCancellingLeavesAStateThatTheNextUpGoesOnFrom(t *testing.T) {
	env := deployable(t)
	env.Providers = nil
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	whole := env.Shared.Program
	env.Shared.Program = func(c *pulumi.Context) error {
		if err := whole(c); err != nil {
			return err
		}
		cancel()
		<-c.Context().Done()
		return c.Context().Err()
	}
	_, err := env.Up(ctx)
	require.ErrorIs(t, err, context.Canceled)

	env.Shared.Program = whole
	report, err := env.Up(t.Context())
	require.NoError(t, err)
	require.Equal(t, 4, report.Stacks[0].Resources)
}

func TestFindCommand(t *testing.T) {
	executable := func(t *testing.T, script string) string {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "pulumi"), []byte("#!/bin/sh\n"+script), 0o755))
		return dir
	}
	t.Run("none", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		_, err := FindCommand()
		require.ErrorContains(t, err, "no `pulumi` on PATH")
		require.ErrorContains(t, err, "make setup")
	})
	t.Run("too old, and none beside it", func(t *testing.T) {
		old := executable(t, "echo v3.100.0")
		t.Setenv("PATH", old)
		_, err := FindCommand()
		require.ErrorContains(t, err, "3.100.0")
		require.ErrorContains(t, err, "make setup")
	})
	t.Run("too old, but a good one in the given directory", func(t *testing.T) {
		t.Setenv("PATH", executable(t, "echo v3.100.0")+string(os.PathListSeparator)+"/bin:/usr/bin")
		c, err := FindCommand(executable(t, "echo v3.999.1"))
		require.NoError(t, err)
		require.Equal(t, "3.999.1", c.Version().String())
	})
	t.Run("the oldest that works, and newer ones than the SDK", func(t *testing.T) {
		t.Setenv("PATH", "/bin:/usr/bin")
		for _, version := range []string{"3.181.0", "3.182.0-alpha.1", "3.999.0"} {
			c, err := FindCommand(executable(t, "echo v"+version))
			require.NoError(t, err)
			require.Equal(t, version, c.Version().String())
		}
	})
	t.Run("two that are unfit", func(t *testing.T) {
		t.Setenv("PATH", executable(t, "echo v3.180.9"))
		other := executable(t, "echo v4.0.0")
		_, err := FindCommand(other)
		require.EqualError(t, err, "use the Pulumi CLI at "+filepath.Join(os.Getenv("PATH"), "pulumi")+": it is version 3.180.9, and 3.181.0 or a newer one of version 3 is needed\n"+
			"use the Pulumi CLI at "+filepath.Join(other, "pulumi")+": it is version 4.0.0, and 3.181.0 or a newer one of version 3 is needed: "+
			"install Pulumi 3.181.0 or newer (https://www.pulumi.com/docs/install), or run `make setup` in Portico's repository, which builds it into bin/")
	})
	t.Run("one that says nothing sensible", func(t *testing.T) {
		t.Setenv("PATH", executable(t, "echo hello"))
		_, err := FindCommand()
		require.ErrorContains(t, err, `it answered "hello"`)
	})
}

func TestLines(t *testing.T) {
	var b strings.Builder
	lines := Lines(&b)
	for _, e := range []Event{
		{Stack: "dev", Kind: Started, Text: "up"},
		{Stack: "dev", Kind: Working, Done: 3, Elapsed: 4e9},
		{Stack: "dev", Kind: Working, Done: 12, Elapsed: 5e9, Waiting: []Awaited{{"aws:ecs/service:Service", "portico-dev", 5e9}, {"aws:lb/listener:Listener", "portico-dev", 4e8}}},
		{Stack: "dev", Kind: Working, Done: 20, Elapsed: 1e10, Waiting: []Awaited{{"aws:ec2/eip:Eip", "a", 6e9}, {"aws:ec2/eip:Eip", "b", 5e9}, {"aws:ec2/eip:Eip", "c", 4e9}, {"aws:ec2/eip:Eip", "d", 3e9}, {"aws:ec2/eip:Eip", "e", 2e9}}},
		{Stack: "dev", Kind: Problem, Text: "portico-service: no steady state"},
		{Stack: "dev", Kind: Finished, Elapsed: 12340e6, Text: Changes{Create: 12, Same: 3}.String()},
	} {
		lines(e)
	}
	want := []string{
		"dev: up ...",
		"dev: 12 done after 5 s, under way: Service portico-dev for 5 s, Listener portico-dev for 0 s",
		"dev: 20 done after 10 s, under way: Eip a for 6 s, Eip b for 5 s, Eip c for 4 s and 2 more",
		"dev: portico-service: no steady state",
		"dev: 12 created, 3 unchanged (12.3 s)",
		"",
	}
	require.Empty(t, cmp.Diff(want, strings.Split(b.String(), "\n")))
}

// screen is what a terminal shows after so many bytes.
func screen(text string) []string {
	var lines []string
	for _, part := range strings.SplitAfter(text, "\n") {
		for strings.HasPrefix(part, "\x1b[1A\x1b[2K") {
			part = strings.TrimPrefix(part, "\x1b[1A\x1b[2K")
			lines = lines[:len(lines)-1]
		}
		if part != "" {
			lines = append(lines, strings.TrimSuffix(part, "\n"))
		}
	}
	return lines
}

func TestATerminalShowsTheStacksUnderWayBelowWhatHappened(t *testing.T) {
	var b strings.Builder
	live := Live(&b, 30)
	for _, e := range []Event{
		{Stack: "dev-orders", Kind: Started, Text: "up"},
		{Stack: "dev-shop", Kind: Started, Text: "up"},
		{Stack: "dev-shop", Kind: Working, Done: 1, Elapsed: 1e9},
		{Stack: "dev-orders", Kind: Working, Done: 2, Elapsed: 1e9, Waiting: []Awaited{{"aws:apigateway/deployment:Deployment", "api-0123456789-dev", 1e9}}},
		{Stack: "dev-shop", Kind: Problem, Text: "throttled"},
		{Stack: "dev-orders", Kind: Working, Done: 3, Elapsed: 2e9, Waiting: []Awaited{{"aws:apigateway/deployment:Deployment", "api-0123456789-dev", 1e9}}},
	} {
		live(e)
	}
	require.Empty(t, cmp.Diff([]string{
		"dev-orders: up ...", "dev-shop: up ...", "dev-shop: throttled",
		"dev-orders: 3 done after 2 s,", "dev-shop: 1 done after 1 s",
	}, screen(b.String())))
	live(Event{Stack: "dev-orders", Kind: Finished, Elapsed: 3e9, Text: "4 created"})
	live(Event{Stack: "dev-shop", Kind: Failed, Elapsed: 4e9, Text: "up failed"})
	require.Empty(t, cmp.Diff([]string{
		"dev-orders: up ...", "dev-shop: up ...", "dev-shop: throttled",
		"dev-orders: 4 created (3.0 s)", "dev-shop: up failed (4.0 s)",
	}, screen(b.String())))
}

// Resources of several types have one name: the listener and the service are both the
// environment's.
func TestWhatIsAwaitedHasItsType(t *testing.T) {
	w := &watch{done: map[string]bool{}}
	for _, urn := range []string{
		"urn:pulumi:dev::portico::pulumi:pulumi:Stack::portico-dev",
		"urn:pulumi:dev::portico::portico:index:ReverseProxy$aws:lb/listener:Listener::portico-dev",
		"urn:pulumi:dev::portico::portico:index:ReverseProxy$aws:ecs/service:Service::portico-dev",
	} {
		w.read(apitype.EngineEvent{ResourcePreEvent: &apitype.ResourcePreEvent{Metadata: apitype.StepEventMetadata{URN: urn}}})
	}
	var types []string
	for _, awaited := range w.waiting() {
		require.Equal(t, "portico-dev", awaited.Name)
		types = append(types, awaited.Type)
	}
	require.Equal(t, []string{"aws:lb/listener:Listener", "aws:ecs/service:Service"}, types)
}
