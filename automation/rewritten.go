package automation

import (
	"context"

	"github.com/portico-iac/portico/internal/outputs"
)

// The engine compares a resource with its state. A policy that the API's owner, or a tool
// of the owner's, has saved since is in no state, so that an update would leave it as it
// is: what the program asks for hasn't changed. A refresh would read the policy, and not
// deploy the stages: their deployments name the policy's digest, which is as before.

// readmit puts the policies that APIs have into a stack's state, as if the stack had
// saved them, and takes it that no stage was deployed with Portico's: the update then
// saves that policy and deploys the stages again. An interrupted update is gone on with,
// since the state says what is left to do.
func (r *run) readmit(ctx context.Context, stack *openStack, s Stack, w *watch) error {
	if len(s.rewritten) == 0 {
		return nil
	}
	state, err := readState(ctx, stack.Stack) // what was reconciled is in it
	if err != nil {
		return err
	}
	state.forgetRun()
	state.readmit(s.rewritten)
	for _, notice := range s.notices() {
		w.note(notice)
	}
	return state.write(ctx, stack.Stack)
}

func (d *deployment) readmit(policies map[string]string) {
	for _, v := range d.resources() {
		r, _ := v.(map[string]any)
		inputs, _ := r["inputs"].(map[string]any)
		values, _ := r["outputs"].(map[string]any)
		for _, properties := range []map[string]any{inputs, values} {
			switch r["type"] {
			case apiPolicyType:
				id, _ := properties["restApiId"].(string)
				if policy, rewritten := policies[id]; rewritten {
					properties["policy"] = policy
				}
			case deploymentType:
				id, _ := properties["restApi"].(string)
				triggers, _ := properties["triggers"].(map[string]any)
				if _, rewritten := policies[id]; rewritten && triggers != nil {
					triggers["policy"] = ""
				}
			}
		}
	}
}

// forgetRun takes out of a stack's outputs what its last run was for, so that the next
// Up runs it, and reports whether that was there.
func (d *deployment) forgetRun() bool { return outputs.ForgetRun(d.outputs()) }

// forgetFailed has the next Up run a stack whose run has failed.
func (r *run) forgetFailed(ctx context.Context, stack *openStack, w *watch) {
	if _, found := stack.state.outputs()["digest"]; !found {
		return
	}
	state, err := readState(ctx, stack.Stack)
	if err == nil && state.forgetRun() {
		err = state.write(ctx, stack.Stack)
	}
	if err != nil {
		w.note("the stack's outputs still have what the last successful run was for: run portico up --all next: " + err.Error())
	}
}
