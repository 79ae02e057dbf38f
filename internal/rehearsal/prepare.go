package rehearsal

import (
	"cmp"
	"context"
	"errors"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/mapping"
)

// Prepared is an environment on simulated accounts whose stacks the caller runs.
// Nothing is probed.
type Prepared struct {
	// Environment is the stacks. Its waits pass in the accounts' own time.
	Environment *automation.Environment
	Accounts    *awssim.Simulator
	// Dir holds the Pulumi state, below pulumi/, and the project.
	Dir string

	rehearsal *rehearsal
	close     []func() error
}

// Prepare lays an environment's projects out and serves its simulated accounts
// until Close. Serve of the options is not called.
func Prepare(ctx context.Context, o Options) (*Prepared, error) {
	r, release, err := open(o)
	if err != nil {
		return nil, err
	}
	environment, stop, err := r.serve(ctx)
	if err != nil {
		return nil, errors.Join(err, release())
	}
	return &Prepared{Environment: environment, Accounts: r.simulator, Dir: r.dir, rehearsal: r, close: []func() error{stop, release}}, nil
}

// Close ends the serving and closes the accounts.
func (p *Prepared) Close() error {
	var problems []error
	for _, end := range p.close {
		problems = append(problems, end())
	}
	return errors.Join(problems...)
}

// InitialSetup is what exists before a mapping's first deployment, for callers
// that add to it: the accounts, the roles that the mapping names, the public
// zones that its certificates need, and the owners' APIs.
func InitialSetup(m *mapping.Mapping, shared mapping.AccountID) (*awssim.Setup, error) {
	return initialState{mapping: m, shared: cmp.Or(shared, sharedAccount), region: regionOf(m)}.setup()
}
