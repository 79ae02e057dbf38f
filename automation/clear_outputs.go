package automation

import "github.com/portico-iac/portico/internal/outputs"

// clearOutputs removes what other stacks rely on from the outputs of a stack that
// is about to be destroyed, and reports whether there was any.
func (d *deployment) clearOutputs() bool { return outputs.Clear(d.outputs()) }
