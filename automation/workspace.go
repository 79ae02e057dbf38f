package automation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Around an update, the Automation API runs the Pulumi CLI to select the stack,
// to read its outputs twice, with secrets and without, and to read its history.
// Each start of the CLI takes 0.2 to 0.5 s of processor time, a third of what a
// small stack's update takes. So an openStack is not selected, its outputs come
// from the update's events, and its history is not read.

// openStack is a stack that exists, with its state when it was opened.
type openStack struct {
	*auto.Stack
	state *deployment // nil before a preview
	cli   auto.Workspace
}

// open opens the stack in its project's directory, so that its own settings file
// is the one that counts, and creates it where the operation does.
func (r *run) open(ctx context.Context, s Stack) (*openStack, error) {
	workspace, err := r.workspace(ctx, s)
	if err != nil {
		return nil, err
	}
	stack, err := r.existing(ctx, s, workspace)
	if !errors.Is(err, errNoStack) || !r.op.creates {
		return stack, err
	}
	r.opening.Lock()
	defer r.opening.Unlock()
	created, err := auto.NewStack(ctx, s.Name, thrifty{workspace})
	if err != nil {
		return nil, err
	}
	state, err := readDeployment(json.RawMessage("{}"))
	return &openStack{&created, state, workspace}, err
}

// existing opens a stack that exists; the error is errNoStack if it doesn't. A
// preview needs no state, and selecting a stack is the cheaper question.
func (r *run) existing(ctx context.Context, s Stack, workspace auto.Workspace) (*openStack, error) {
	if r.op.verb == preview.verb {
		r.opening.Lock()
		defer r.opening.Unlock()
		if err := workspace.SelectStack(ctx, s.Name); err != nil {
			return nil, orNoStack(err)
		}
	}
	stack, err := auto.SelectStack(ctx, s.Name, thrifty{workspace})
	if err != nil {
		return nil, err
	}
	opened := &openStack{&stack, nil, workspace}
	if r.op.verb != preview.verb {
		opened.state, err = readState(ctx, &stack)
	}
	return opened, orNoStack(err)
}

// orNoStack is errNoStack where an error says that the stack does not exist.
func orNoStack(err error) error {
	for e := err; e != nil; e = errors.Unwrap(e) {
		if auto.IsSelectStack404Error(e) {
			return errNoStack
		}
	}
	return err
}

// workspace opens a stack's project with its program.
func (r *run) workspace(ctx context.Context, s Stack) (auto.Workspace, error) {
	opts := []auto.LocalWorkspaceOption{
		auto.WorkDir(s.Dir), auto.Program(s.Program), auto.Pulumi(thriftyCommand{r.command}),
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

// thrifty is a workspace that does without what nobody reads.
type thrifty struct{ auto.Workspace }

// SelectStack does nothing: every command names its stack, and the first one
// shows whether the stack exists.
func (thrifty) SelectStack(context.Context, string) error { return nil }

// StackOutputs is nothing: see outputsAfter.
func (thrifty) StackOutputs(context.Context, string) (auto.OutputMap, error) {
	return auto.OutputMap{}, nil
}

// thriftyCommand is a CLI that does without what is read by none of Portico.
type thriftyCommand struct{ auto.PulumiCommand }

// Run answers for the history, which is read after each update and used by none,
// and exports states with their secrets encrypted: what is written back needs them
// as they are, and to decrypt them the CLI derives a key, in 0.15 s.
func (c thriftyCommand) Run(
	ctx context.Context, workdir string, stdin io.Reader,
	stdout, stderr []io.Writer, env []string, args ...string,
) (string, string, int, error) {
	if len(args) > 1 && args[0] == "stack" {
		switch args[1] {
		case "history":
			return "[]", "", 0, nil
		case "export":
			args = slices.DeleteFunc(slices.Clone(args), func(arg string) bool { return arg == "--show-secrets" })
		}
	}
	return c.PulumiCommand.Run(ctx, workdir, stdin, stdout, stderr, env, args...)
}
