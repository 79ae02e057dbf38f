package components

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// RunArgs describes what a run of a program is for.
type RunArgs struct {
	// Digest is the same for runs that deploy the same. Required.
	Digest string
}

// Run notes in a stack's state what the run that began last is for. The stack's own
// outputs say what the last run was for that came to its end: where both differ, a run
// failed or was interrupted.
type Run struct {
	pulumi.ResourceState
	children

	// Digest is that of the arguments.
	Digest pulumi.StringOutput `pulumi:"digest"`
}

// NewRun notes a run. The program calls it before it registers what the run may change.
func NewRun(ctx *pulumi.Context, name string, args *RunArgs, opts ...pulumi.ResourceOption) (*Run, error) {
	m := arguments{component: "Run", name: name}
	m.given(args.Digest != "", "Digest")
	if err := m.err(); err != nil {
		return nil, err
	}
	run := &Run{}
	if err := register(ctx, "Run", name, run, opts); err != nil {
		return nil, err
	}
	run.Digest = pulumi.String(args.Digest).ToStringOutput()
	return run, complete(ctx, "Run", name, run, pulumi.Map{"digest": run.Digest})
}
