package automation

import (
	"encoding/json"
	"errors"
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
// stack's program: in the backend's files, or else in its engine, since an engine or a CLI
// for each stack would take as long as to run them. A stack that doesn't exist, or can't
// be read, has none.
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
		r.last.readBeside(ctx, r)
		return program(ctx)
	}
	return s
}

// readsAtOnce is how many states are read at a time.
const readsAtOnce = 8

func (l *lastRuns) readBeside(ctx *pulumi.Context, r *run) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.of = map[string]*lastRun{}
	found := make([]*lastRun, len(r.Providers))
	var group errgroup.Group
	group.SetLimit(readsAtOnce)
	for i, s := range r.Providers {
		group.Go(func() error {
			var err error
			if found[i], err = r.lastRunInFile(s); errors.Is(err, errAskCLI) {
				found[i], _ = readLastRun(ctx, s) // what can't be read is run
			}
			return nil
		})
	}
	_ = group.Wait() // always nil
	for i, s := range r.Providers {
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
func readLastRun(ctx *pulumi.Context, s Stack) (*lastRun, error) {
	project, err := settings.Project{Files: settings.Dir(s.Dir)}.Name()
	if err != nil || project == "" {
		return nil, err // the stack's own run reports it
	}
	args := struct {
		StackName string `pulumi:"stackName"`
	}{strings.Join([]string{ctx.Organization(), project, s.Name}, "/")}
	var found struct {
		Outputs map[string]any `pulumi:"outputs"`
	}
	// The raw form takes stacks that have secrets among their outputs.
	if _, err := ctx.InvokePackageRaw("pulumi:pulumi:readStackResourceOutputs", &args, &found, ""); err != nil {
		return nil, fmt.Errorf("read the resources of stack %s: %w", args.StackName, err)
	}
	last := &lastRun{resources: len(found.Outputs)}
	for _, v := range found.Outputs {
		resource, _ := v.(map[string]any)
		values, _ := resource["outputs"].(map[string]any)
		last.note(resource["type"], values)
	}
	return last.decoded()
}

// lastRunInFile is readLastRun of a backend of files; see stateFile for its errors. What
// is secret the engine reads.
func (r *run) lastRunInFile(s Stack) (*lastRun, error) {
	exported, err := r.stateFile(s)
	if err != nil {
		return nil, err
	}
	var state struct {
		Resources []struct {
			Type    string
			Delete  bool
			Outputs json.RawMessage
		}
	}
	if json.Unmarshal(exported.Deployment, &state) != nil {
		return nil, errAskCLI
	}
	last := new(lastRun)
	for _, resource := range state.Resources {
		if resource.Delete {
			continue
		}
		last.resources++
		if resource.Type != stackType && resource.Type != runType {
			continue
		}
		var values map[string]any
		if len(resource.Outputs) > 0 && json.Unmarshal(resource.Outputs, &values) != nil || !plainValue(values) {
			return nil, errAskCLI
		}
		last.note(resource.Type, values)
	}
	return last.decoded()
}

// decoded is the last run with its outputs' types.
func (l *lastRun) decoded() (*lastRun, error) {
	var err error
	if l.reported, err = outputs.DecodeProvider(l.values); err != nil {
		return nil, err
	}
	return l, nil
}

// note takes from a resource's outputs what tells of the last run.
func (l *lastRun) note(kind any, values map[string]any) {
	switch kind {
	case stackType:
		l.values = values
	case runType:
		l.began, _ = values["digest"].(string)
	}
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
