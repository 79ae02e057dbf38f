package automation

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/resourcepolicy"
)

// digested is an environment whose provider stacks have digests and policies.
type digested struct {
	*Environment
	t *testing.T

	mu sync.Mutex
	// wants are the digests of the stacks' next updates, and broken the stacks whose
	// programs fail after they have begun.
	wants  map[string]string
	broken map[string]bool
	// policies are those of each stack's only API; a stack without an entry can't be
	// asked for it.
	policies map[string]string
	ran      []string
	notes    []string
}

const savedPolicy = `{"Version":"2012-10-17","Statement":[{"Sid":"Ours","Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:us-east-1:222222222222:a1b2c3d4e5/*"}]}`

func newDigested(t *testing.T) *digested {
	t.Helper()
	d := &digested{Environment: created(t), t: t, wants: map[string]string{}, broken: map[string]bool{}, policies: map[string]string{}}
	d.Shared.Program = func(ctx *pulumi.Context) error {
		ctx.Export("contract", pulumi.Int(Contract))
		ctx.Export("region", pulumi.String("us-east-1"))
		ctx.Export("endpoints", pulumi.StringMap{"nginx": pulumi.String("vpce-1")})
		return nil
	}
	for i := range d.Providers {
		s := &d.Providers[i]
		d.wants[s.Name], d.policies[s.Name] = "first", savedPolicy
		s.Program = d.program(s.Name)
		s.SavedPolicies = func(_ context.Context, apis []string) (map[string]string, error) {
			require.Equal(t, []string{"a1b2c3d4e5"}, apis)
			policy, known := d.policies[s.Name]
			if !known {
				return nil, errors.New("access denied")
			}
			return map[string]string{"a1b2c3d4e5": policy}, nil
		}
	}
	d.Digests = func(stacks []string, shared map[string]any, last map[string]map[string]any) map[string]string {
		require.NotEmpty(t, shared["region"])
		for _, name := range stacks {
			require.Contains(t, last, name)
		}
		return maps.Clone(d.wants)
	}
	d.Progress = func(e Event) {
		if e.Kind == Note {
			d.notes = append(d.notes, e.Stack+": "+e.Text)
		}
	}
	return d
}

type runComponent struct{ pulumi.ResourceState }

func (d *digested) program(stack string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.ran = append(d.ran, stack)
		run := &runComponent{}
		if err := ctx.RegisterComponentResource("portico:index:Run", "run", run); err != nil {
			return err
		}
		if err := ctx.RegisterResourceOutputs(run, pulumi.Map{"digest": pulumi.String(d.wants[stack])}); err != nil {
			return err
		}
		if d.broken[stack] {
			return errors.New("broken")
		}
		ctx.Export("contract", pulumi.Int(Contract))
		ctx.Export("accountId", pulumi.String("222222222222"))
		ctx.Export("digest", pulumi.String(d.wants[stack]))
		ctx.Export("policies", pulumi.StringMap{"a1b2c3d4e5": pulumi.String(resourcepolicy.Recorded(resourcepolicy.Digest([]byte(savedPolicy), "portico", "dev"), "portico", "dev"))})
		return nil
	}
}

// runs runs an operation and returns the provider stacks whose programs it ran, and
// those that it says are unchanged.
func (d *digested) runs(operation func(context.Context) (*Report, error)) (ran, left []string) {
	d.t.Helper()
	d.ran, d.notes = nil, nil
	report, err := operation(d.t.Context())
	if len(d.broken) == 0 {
		require.NoError(d.t, err)
	}
	for _, s := range report.Stacks {
		if s.Unchanged {
			left = append(left, s.Name)
		}
	}
	slices.Sort(d.ran)
	return slices.Compact(d.ran), left
}

func TestOnlyStacksThatHaveChangedAreRun(t *testing.T) {
	d := newDigested(t)
	_, err := d.Up(t.Context())
	require.NoError(t, err)
	requireRuns := func(t *testing.T, operation func(context.Context) (*Report, error), want ...string) {
		t.Helper()
		ran, left := d.runs(operation)
		require.Equal(t, want, ran)
		others := []string{"dev-orders", "dev-payments"}
		others = slices.DeleteFunc(others, func(name string) bool { return slices.Contains(want, name) })
		require.ElementsMatch(t, others, left)
	}

	t.Run("nothing has changed", func(t *testing.T) { requireRuns(t, d.Up) })
	t.Run("the digest has changed", func(t *testing.T) {
		d.wants["dev-orders"] = "second"
		requireRuns(t, d.Preview, "dev-orders")
		requireRuns(t, d.Up, "dev-orders")
		requireRuns(t, d.Preview)
	})
	t.Run("all are run on request", func(t *testing.T) {
		d.All = true
		requireRuns(t, d.Up, "dev-orders", "dev-payments")
		d.All = false
	})
	t.Run("a policy was rewritten", func(t *testing.T) {
		d.policies["dev-payments"] = `{"Version":"2012-10-17","Statement":[]}`
		requireRuns(t, d.Preview, "dev-payments")
		require.Equal(t, []string{"dev-payments: REST API a1b2c3d4e5: what its owner and this environment have in its resource policy isn't what the last update saved (the owner, or another environment's update at the same time, has written it): an update writes Portico's statements again"}, d.notes)
		d.policies["dev-payments"] = savedPolicy
	})
	t.Run("a policy can't be read", func(t *testing.T) {
		delete(d.policies, "dev-payments")
		requireRuns(t, d.Up, "dev-payments")
		require.Equal(t, []string{"dev-payments: whether policies have changed is not known: access denied"}, d.notes)
		d.policies["dev-payments"] = savedPolicy
	})
	t.Run("the last run has failed", func(t *testing.T) {
		first := d.wants["dev-orders"]
		d.wants["dev-orders"], d.broken["dev-orders"] = "failed", true
		_, err := d.Up(t.Context())
		require.Error(t, err)
		d.wants["dev-orders"] = first
		delete(d.broken, "dev-orders")
		requireRuns(t, d.Up, "dev-orders")
	})
	t.Run("a run by plain Pulumi has failed, and what it was for was taken back", func(t *testing.T) {
		d.wants["dev-orders"], d.broken["dev-orders"] = "third", true
		plain, err := auto.SelectStackLocalSource(t.Context(), "dev-orders", d.Providers[0].Dir, auto.Program(d.Providers[0].Program), auto.Pulumi(d.Command), auto.EnvVars(d.Env))
		require.NoError(t, err)
		_, err = plain.Up(t.Context())
		require.Error(t, err)
		d.wants["dev-orders"] = "second"
		delete(d.broken, "dev-orders")
		requireRuns(t, d.Up, "dev-orders")
	})
	t.Run("the last runs are read alike in the backend's files and by the engine", func(t *testing.T) {
		program := d.Shared.Program
		var byEngine, inFiles []*lastRun
		d.Shared.Program = func(ctx *pulumi.Context) error {
			r, err := d.prepare(up)
			for _, s := range d.Providers {
				asked, wrong := readLastRun(ctx, s)
				read, mistaken := r.lastRunInFile(s)
				byEngine, inFiles = append(byEngine, asked), append(inFiles, read)
				err = errors.Join(err, wrong, mistaken)
			}
			return errors.Join(err, program(ctx))
		}
		requireRuns(t, d.Up)
		require.Equal(t, byEngine, inFiles)
		require.Equal(t, "second", inFiles[0].began)
		d.Shared.Program = program
	})
	t.Run("after a refresh", func(t *testing.T) {
		_, err := d.Refresh(t.Context())
		require.NoError(t, err)
		requireRuns(t, d.Up, "dev-orders", "dev-payments")
	})
	t.Run("a destroy has begun, and has deleted nothing", func(t *testing.T) {
		r, err := d.prepare(destroy)
		require.NoError(t, err)
		stack, err := r.open(t.Context(), d.Providers[0])
		require.NoError(t, err)
		require.NoError(t, r.reconcileFirst(t.Context(), stack, d.Providers[0], &watch{send: func(Event) {}}))
		requireRuns(t, d.Up, "dev-orders")
	})
	t.Run("no key is derived from the passphrase for what is left out", func(t *testing.T) {
		salt := regexp.MustCompile(`"salt": ?"v1:[^"]*"`)
		for _, s := range d.Providers {
			path := filepath.Join(backendOf(d.Environment), ".pulumi", "stacks", "portico-provider", s.Name+".json")
			state, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Regexp(t, salt, string(state))
			broken := salt.ReplaceAll(state, []byte(`"salt":"v1:AAAAAAAAAAA=:v1:AAAAAAAAAAAAAAAA:AAAA"`))
			require.NoError(t, os.WriteFile(path, broken, 0o600))
			t.Cleanup(func() { require.NoError(t, os.WriteFile(path, state, 0o600)) })
		}
		requireRuns(t, d.Up)
	})
	t.Run("the questions of what has not changed were answered", func(t *testing.T) {
		var asked []string
		for i := range d.Providers {
			name := d.Providers[i].Name
			d.Providers[i].Questions = func(*pulumi.Context) error { asked = append(asked, name); return nil }
		}
		d.PreviewFirst = true
		d.wants["dev-payments"] = "second"
		requireRuns(t, d.Up, "dev-payments")
		require.Equal(t, []string{"dev-payments"}, asked)
	})
}

func TestARewrittenPolicyIsTakenIntoTheState(t *testing.T) {
	state, err := readDeployment([]byte(`{"resources":[
		{"type":"pulumi:pulumi:Stack","urn":"stack","outputs":{"digest":"first","contract":2}},
		{"type":"aws:apigateway/restApiPolicy:RestApiPolicy","urn":"a","inputs":{"restApiId":"a","policy":"ours"},"outputs":{"restApiId":"a","policy":"ours"}},
		{"type":"aws:apigateway/restApiPolicy:RestApiPolicy","urn":"b","inputs":{"restApiId":"b","policy":"ours"},"outputs":{"restApiId":"b","policy":"ours"}},
		{"type":"aws:apigateway/deployment:Deployment","urn":"da","inputs":{"restApi":"a","triggers":{"policy":"x"}},"outputs":{"restApi":"a","triggers":{"policy":"x"}}},
		{"type":"aws:apigateway/deployment:Deployment","urn":"db","inputs":{"restApi":"b","triggers":{"policy":"x"}},"outputs":{"restApi":"b","triggers":{"policy":"x"}}}]}`))
	require.NoError(t, err)
	require.True(t, state.forgetRun())
	state.readmit(map[string]string{"a": ""})
	data, err := json.Marshal(state.whole["resources"])
	require.NoError(t, err)
	require.JSONEq(t, `[
		{"type":"pulumi:pulumi:Stack","urn":"stack","outputs":{"contract":2}},
		{"type":"aws:apigateway/restApiPolicy:RestApiPolicy","urn":"a","inputs":{"restApiId":"a","policy":""},"outputs":{"restApiId":"a","policy":""}},
		{"type":"aws:apigateway/restApiPolicy:RestApiPolicy","urn":"b","inputs":{"restApiId":"b","policy":"ours"},"outputs":{"restApiId":"b","policy":"ours"}},
		{"type":"aws:apigateway/deployment:Deployment","urn":"da","inputs":{"restApi":"a","triggers":{"policy":""}},"outputs":{"restApi":"a","triggers":{"policy":""}}},
		{"type":"aws:apigateway/deployment:Deployment","urn":"db","inputs":{"restApi":"b","triggers":{"policy":"x"}},"outputs":{"restApi":"b","triggers":{"policy":"x"}}}]`, string(data))
	require.False(t, state.forgetRun(), "it is forgotten already")
}
