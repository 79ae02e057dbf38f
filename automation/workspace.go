package automation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/portico-iac/portico/internal/thrifty"
)

// openStack is a stack that exists. It is not selected, and outputsAfter reads its
// outputs: see package thrifty.
type openStack struct {
	*auto.Stack
	// state is as it was when the stack was opened; nil for a preview.
	state *deployment
	cli   auto.Workspace
}

// open opens the stack in its project's directory, so that its own settings file
// is the one that counts, and creates it where the operation does. A preview learns
// only when it runs that there is no stack.
func (r *run) open(ctx context.Context, s Stack) (*openStack, error) {
	workspace, err := r.workspace(ctx, s)
	if err != nil {
		return nil, err
	}
	stack, err := r.existing(ctx, s, workspace)
	if errors.Is(err, errNoStack) && r.op.creates {
		return r.create(ctx, s, workspace)
	}
	return stack, err
}

// existing opens a stack that exists; the error is errNoStack if it doesn't.
func (r *run) existing(ctx context.Context, s Stack, workspace auto.Workspace) (*openStack, error) {
	stack, err := auto.SelectStack(ctx, s.Name, thrifty.Workspace{Workspace: workspace})
	if err != nil {
		return nil, err
	}
	opened := &openStack{&stack, nil, workspace}
	if r.op.verb != preview.verb {
		opened.state, err = r.state(ctx, s, &stack)
	}
	return opened, orNoStack(err)
}

// state reads a stack's state; the error is errNoStack if it doesn't exist.
func (r *run) state(ctx context.Context, s Stack, stack *auto.Stack) (*deployment, error) {
	exported, err := r.stateFile(s)
	switch {
	case errors.Is(err, errAskCLI):
		return readState(ctx, stack)
	case err != nil:
		return nil, err
	}
	return stateOf(exported)
}

func (r *run) create(ctx context.Context, s Stack, workspace auto.Workspace) (*openStack, error) {
	r.opening.Lock()
	defer r.opening.Unlock()
	stack, err := auto.NewStack(ctx, s.Name, thrifty.Workspace{Workspace: workspace})
	if err != nil {
		return nil, err
	}
	state, err := readDeployment(json.RawMessage("{}"))
	return &openStack{&stack, state, workspace}, err
}

// orNoStack is errNoStack where an error says that the stack does not exist.
func orNoStack(err error) error {
	if wraps(err, auto.IsSelectStack404Error) {
		return errNoStack
	}
	return err
}

// workspace opens a stack's project with its program.
func (r *run) workspace(ctx context.Context, s Stack) (auto.Workspace, error) {
	opts := []auto.LocalWorkspaceOption{
		auto.WorkDir(s.Dir), auto.Program(s.Program), auto.Pulumi(thrifty.Command{PulumiCommand: r.command}),
	}
	if r.Env != nil {
		opts = append(opts, auto.EnvVars(r.Env))
	}
	workspace, err := auto.NewLocalWorkspace(ctx, opts...)
	if err != nil {
		return nil, fmt.Errorf("open the project in %s: %w", s.Dir, err)
	}
	return workspace, nil
}

// outputsAfter are the stack's outputs after an update that succeeded, by the
// update's events; those that are secret only the CLI gives.
func (s *openStack) outputsAfter(ctx context.Context, w *watch) (auto.OutputMap, error) {
	if w.outputs == nil {
		return s.cli.StackOutputs(ctx, s.Name())
	}
	outputs := auto.OutputMap{}
	for name, value := range w.outputs {
		if !plainValue(value) {
			return s.cli.StackOutputs(ctx, s.Name())
		}
		outputs[name] = auto.OutputValue{Value: value}
	}
	return outputs, nil
}

// plainValue reports whether an event has a value as the CLI prints it: it holds
// no secret, which events hide, and nothing that isn't JSON, such as an asset.
func plainValue(value any) bool {
	switch v := value.(type) {
	case map[string]any:
		if _, signed := v[resource.SigKey]; signed {
			return false
		}
		for _, member := range v {
			if !plainValue(member) {
				return false
			}
		}
	case []any:
		return !slices.ContainsFunc(v, func(element any) bool { return !plainValue(element) })
	case string:
		return !strings.Contains(v, "[secret]")
	}
	return true
}

// lastOutputs are what other stacks read of a stack whose run has failed: the
// outputs of its last successful run. Nil where they can't be read.
func (s *openStack) lastOutputs(ctx context.Context) map[string]any {
	last, err := s.cli.StackOutputs(ctx, s.Name())
	if err != nil || len(last) == 0 {
		return nil
	}
	return valuesOf(last)
}
