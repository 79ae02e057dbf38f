package accounts

import (
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/internal/outputs"
)

// A checkpoint that can't be read is read this often, with a pause in between:
// the backend takes milliseconds to write one.
const (
	checkpointReads = 40
	checkpointPause = 50 * time.Millisecond
)

// readStackOutputs reads the outputs that a stack had after its last successful
// run. False: there is no such stack.
//
// It is the engine's own function behind StackReference. A StackReference is a
// resource: the update would fail if the stack doesn't exist yet, or is this
// very stack. A stack's last outputs outlast updates that fail; the engine keeps
// them.
//
// A backend of files writes a stack's checkpoint in place, that of this very
// update beside its program. A checkpoint that is read half-written is read
// again.
func readStackOutputs(ctx *pulumi.Context, name string) (map[string]any, bool, error) {
	var found struct {
		Outputs map[string]any `pulumi:"outputs"`
	}
	args := struct {
		Name string `pulumi:"name"`
	}{name}
	// The raw form takes stacks that have secrets among their outputs.
	var err error
	for range checkpointReads {
		_, err = ctx.InvokePackageRaw("pulumi:pulumi:readStackOutputs", &args, &found, "")
		if err == nil || !strings.Contains(err.Error(), "failed to load checkpoint") {
			break
		}
		select {
		case <-ctx.Context().Done():
			return nil, false, fmt.Errorf("read the outputs of stack %s: %w", name, ctx.Context().Err())
		case <-time.After(checkpointPause):
		}
	}
	if err != nil {
		// The engine has no other sign for it, whatever the backend.
		if strings.Contains(err.Error(), fmt.Sprintf("unknown stack %q", name)) {
			return nil, false, nil
		}
		return nil, false, fmt.Errorf("read the outputs of stack %s: %w", name, err)
	}
	return found.Outputs, true, nil
}

// exportPlain exports the outputs that the program knows by itself: the fields of
// an outputs.Shared or outputs.Provider that are set.
func exportPlain(ctx *pulumi.Context, known any) error {
	encoded, err := outputs.Encode(known)
	if err != nil {
		return err
	}
	values, _ := encoded.(map[string]any)
	for name, value := range values {
		if value != nil {
			ctx.Export(name, pulumi.Any(value))
		}
	}
	return nil
}
