package automation

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"golang.org/x/sync/errgroup"

	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/settings"
)

// lastRun is what a provider stack's state has of the stack's last run.
type lastRun struct {
	// values are the stack's outputs, and reported the same with their types.
	values   map[string]any
	reported *outputs.Provider
	// began is the digest of the last run that began. Where it isn't that of the
	// outputs, the run failed or was interrupted.
	began     string
	resources int
}

// lastRuns are those of the provider stacks, by name. They are read beside the shared
// stack's program, in its engine: an engine or a CLI for each stack would take as long as
// to run them. A stack that doesn't exist, or can't be read, has none.
type lastRuns struct {
	mu   sync.Mutex
	read bool
	of   map[string]*lastRun
}

// reading is the shared stack with a program that reads the last runs first, unless they
// are known, or nothing asks for them.
func (r *run) reading(s Stack) Stack {
	if r.last == nil || r.last.read {
		return s
	}
	program := s.Program
	s.Program = func(ctx *pulumi.Context) error {
		r.last.readBeside(ctx, r.Providers)
		return program(ctx)
	}
	return s
}

// readsAtOnce is how many states are read at a time.
const readsAtOnce = 8

func (l *lastRuns) readBeside(ctx *pulumi.Context, stacks []Stack) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.of = map[string]*lastRun{}
	projects := map[string]string{}
	found := make([]*lastRun, len(stacks))
	var group errgroup.Group
	group.SetLimit(readsAtOnce)
	for i, s := range stacks {
		project, known := projects[s.Dir]
		if !known {
			project, _ = settings.Project{Files: settings.Dir(s.Dir)}.Name() // the stack's own run reports it
			projects[s.Dir] = project
		}
		if project == "" {
			continue
		}
		name := strings.Join([]string{ctx.Organization(), project, s.Name}, "/")
		group.Go(func() error {
			found[i], _ = readLastRun(ctx, name) // what can't be read is run
			return nil
		})
	}
	_ = group.Wait() // always nil
	for i, s := range stacks {
		if found[i] != nil {
			l.of[s.Name] = found[i]
		}
	}
	l.read = true
}

// runType is the type of the component that notes what a run is for when it begins.
const runType = "portico:index:Run"

// readLastRun reads the resources of another stack. It is the engine's own function
// behind GetStackResourceOutputs of Pulumi's other SDKs.
func readLastRun(ctx *pulumi.Context, name string) (*lastRun, error) {
	args := struct {
		StackName string `pulumi:"stackName"`
	}{name}
	var found struct {
		Outputs map[string]any `pulumi:"outputs"`
	}
	// The raw form takes stacks that have secrets among their outputs.
	if _, err := ctx.InvokePackageRaw("pulumi:pulumi:readStackResourceOutputs", &args, &found, ""); err != nil {
		return nil, fmt.Errorf("read the resources of stack %s: %w", name, err)
	}
	last := &lastRun{resources: len(found.Outputs)}
	for _, v := range found.Outputs {
		resource, _ := v.(map[string]any)
		values, _ := resource["outputs"].(map[string]any)
		switch resource["type"] {
		case stackType:
			last.values = values
		case runType:
			last.began, _ = values["digest"].(string)
		}
	}
	var err error
	last.reported, err = outputs.DecodeProvider(last.values)
	return last, err
}

// outputsOf are the outputs of the stacks' last runs.
func (l *lastRuns) outputsOf() map[string]map[string]any {
	all := map[string]map[string]any{}
	for name, last := range l.of {
		all[name] = last.values
	}
	return all
}

// finished reports whether the last run that began came to its end, and was for a digest.
func (l *lastRun) finished(digest string) bool {
	return l != nil && digest != "" && l.began == digest && l.reported.Digest == digest
}

// policies are the APIs whose policies the last run saved, sorted.
func (l *lastRun) policies() []string {
	if l == nil {
		return nil
	}
	var ids []string
	for id := range l.reported.Policies {
		ids = append(ids, string(id))
	}
	slices.Sort(ids)
	return ids
}
