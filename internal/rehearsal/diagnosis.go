package rehearsal

import (
	"context"
	"fmt"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/doctor"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/rehearsal/accountreader"
	"github.com/portico-iac/portico/internal/rehearsal/faults"
	"github.com/portico-iac/portico/mapping"
)

// diagnose breaks what is to be broken, in a copy of the accounts, and has the
// doctor look at the rows' hosts.
func (r *rehearsal) diagnose(ctx context.Context, deployed *automation.Report, report *Report, rows []mapping.Row) error {
	if !r.Doctor && r.Fault == "" {
		return nil
	}
	environment, err := r.known(deployed)
	if err != nil {
		return err
	}
	if r.Fault != "" {
		fault, err := faults.Find(r.Fault)
		if err != nil {
			return err
		}
		// What a state directory keeps stays whole.
		r.whole, r.simulator = r.simulator, &awssim.Simulator{Simulator: r.simulator.Fork()}
		if r.injected, err = fault.Inject(r.simulator, environment); err != nil {
			return err
		}
		report.Fault = fault.Name
		fmt.Fprintf(r.Progress, "fault %s, for %s: it %s\n", fault.Name, r.injected.Host, fault.Breaks)
	}
	if !r.Doctor {
		return nil
	}
	report.Doctor = []*doctor.Report{}
	d := doctor.New(*environment, accountreader.Accounts(r.simulator, r.initial.region), r.simulator.Now)
	asked := map[mapping.Host]bool{}
	for _, row := range rows {
		if row.Retired || asked[row.Host] {
			continue
		}
		asked[row.Host] = true
		if found := d.Diagnose(ctx, string(row.Host)); !found.OK || len(found.Unread) > 0 {
			report.Doctor = append(report.Doctor, found)
		}
	}
	return nil
}

// known is what the doctor knows of the environment: the mapping and what the stacks
// report.
func (r *rehearsal) known(deployed *automation.Report) (*doctor.Environment, error) {
	environment := &doctor.Environment{
		Name: r.Environment, Mapping: r.initial.mapping,
		Owners: map[mapping.APIID]mapping.AccountID{}, Providers: map[mapping.AccountID]*outputs.Provider{},
	}
	for _, row := range r.initial.mapping.Rows {
		environment.Owners[row.API.ID] = r.initial.accountOf(row)
	}
	for _, result := range deployed.Stacks {
		if result.Name == r.Environment {
			shared, err := automation.ReadSharedOutputs(result.Outputs)
			if err != nil {
				return nil, err
			}
			environment.Shared = shared
			continue
		}
		provider, err := automation.ReadProviderOutputs(result.Outputs)
		if err != nil {
			return nil, err
		}
		environment.Providers[provider.AccountID] = provider
	}
	if environment.Shared == nil {
		return nil, fmt.Errorf("find what stack %s reports: it was not run", r.Environment)
	}
	return environment, nil
}

// diagnosed reports whether the doctor has found a cause.
func (r *Report) diagnosed() bool {
	for _, found := range r.Doctor {
		if !found.OK {
			return true
		}
	}
	return false
}
