// Package rehearsaltest serves simulated accounts to tests that run the Pulumi
// CLI, or a program that embeds Portico, in processes of their own.
package rehearsaltest

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/portico-iac/portico/internal/rehearsal"
)

// Simulate serves simulated accounts until the test ends. It returns when they
// answer and the file of the variables is written.
func Simulate(t testing.TB, o rehearsal.SimulateOptions) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	announced, out := io.Pipe()
	o.Out = out
	ended := make(chan error, 1)
	go func() {
		err := rehearsal.Simulate(ctx, o)
		_ = out.CloseWithError(err) // never fails
		ended <- err
	}()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("simulate accounts: %v", err)
			}
		case <-time.After(time.Minute):
			t.Error("the simulation didn't end")
		}
	})
	// The variables are printed when everything is up.
	if _, err := announced.Read(make([]byte, 1<<16)); err != nil {
		t.Fatalf("wait for the simulated accounts: %v", err)
	}
}
