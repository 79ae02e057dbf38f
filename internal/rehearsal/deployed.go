package rehearsal

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/mapping"
)

// Deployed is what a rehearsal's stacks were to deploy, and the resource policies
// that came of it.
type Deployed struct {
	Mapping *mapping.Mapping
	// Shared are the settings of the shared-services account's stack.
	Shared *settings.Shared
	// Policies are those of the mapping's APIs, by account and API.
	Policies []Policy
}

// Policy is a resource policy in the simulated accounts, before and after the stacks
// ran.
type Policy struct {
	Account mapping.AccountID
	API     mapping.APIID
	Region  string
	// Before and After are as API Gateway keeps them; empty: the API has none.
	Before, After string
	// Undeployed are the stages whose deployment is of another policy than After,
	// sorted: they still serve that one.
	Undeployed []string
	// MaxSize is the quota of the policy's characters in the settings of its account's
	// stack.
	MaxSize int
}

// policies are the resource policies of the mapping's APIs as the owners or a stack
// saved them, by API.
func (r *rehearsal) policies() map[mapping.APIID]string {
	all := r.simulator.RESTAPIs(r.initial.region)
	saved := map[mapping.APIID]string{}
	for _, row := range r.initial.mapping.Rows {
		saved[row.API.ID] = all[string(row.API.ID)].SavedPolicy
	}
	return saved
}

// whatWasDeployed describes the deployment; before are the policies that were there.
func (r *rehearsal) whatWasDeployed(before map[mapping.APIID]string) (*Deployed, error) {
	dir := filepath.Join(r.dir, "project")
	shared, err := settings.Source{Project: settings.Project{Files: settings.Dir(dir)}, Stack: r.Environment}.Shared()
	if err != nil {
		return nil, fmt.Errorf("read the settings of stack %s: %w", r.Environment, err)
	}
	d := &Deployed{Mapping: r.initial.mapping, Shared: shared}
	all := r.simulator.RESTAPIs(r.initial.region)
	for _, id := range slices.Sorted(maps.Keys(before)) {
		api := all[string(id)]
		policy := Policy{Account: mapping.AccountID(api.Account), API: id, Region: api.Region, Before: before[id], After: api.SavedPolicy, MaxSize: settings.DefaultProvider().Quotas.ResourcePolicySize}
		for _, stage := range slices.Sorted(maps.Keys(api.Stages)) {
			if api.Stages[stage].Policy != api.SavedPolicy {
				policy.Undeployed = append(policy.Undeployed, stage)
			}
		}
		d.Policies = append(d.Policies, policy)
	}
	slices.SortStableFunc(d.Policies, func(a, b Policy) int { return cmp.Compare(a.Account, b.Account) })
	return d, nil
}
