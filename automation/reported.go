package automation

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// reading opens stacks and their states, and changes neither.
var reading = operation{verb: "read"}

// Outputs are what stacks of the environment reported after their last update, by the
// stack's name. A stack that doesn't exist is missing. No stack is run.
func (e *Environment) Outputs(ctx context.Context, stacks ...Stack) (map[string]map[string]any, error) {
	r, err := e.prepare(reading)
	if err != nil {
		return nil, err
	}
	found := make([]map[string]any, len(stacks))
	var group errgroup.Group
	group.SetLimit(DefaultParallel)
	for i, s := range stacks {
		group.Go(func() error {
			stack, err := r.open(ctx, s)
			if errors.Is(err, errNoStack) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("read the outputs of stack %s: %s", s.Name, printed(err))
			}
			found[i] = stack.state.outputs()
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	outputs := map[string]map[string]any{}
	for i, s := range stacks {
		if found[i] != nil {
			outputs[s.Name] = found[i]
		}
	}
	return outputs, nil
}
