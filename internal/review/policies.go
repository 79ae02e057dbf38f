package review

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/portico-iac/portico/internal/apipolicy"
	"github.com/portico-iac/portico/internal/resourcepolicy"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// policy is Portico's part of an API's resource policy.
type policy struct {
	api     topology.API
	account mapping.AccountID
	// stack is nil where no stack of the environment takes the API.
	stack *Stack
	// document is canonical JSON; empty where Portico has nothing to say.
	document []byte
	size     int
	max      int
}

// PolicyChange is an API whose resource policy changes.
type PolicyChange struct {
	// Account is UnknownAccount where neither row nor stack names it.
	Account mapping.AccountID
	API     mapping.APIID
	Region  string
	// Before and After are Portico's statements as canonical JSON, written as
	// if the API's owner had none; empty: Portico has none.
	Before, After         []byte
	BeforeSize, AfterSize int
	MaxSize               int
	// Stages are those whose deployment puts the change into effect, sorted.
	Stages []mapping.Stage
	// Owners are the OWNERs of the API's rows, sorted: free text.
	Owners []string
	// Stack is nil where the environment has no stack that takes the API.
	Stack *Stack
}

// derivePolicies writes the policy of every API. The errors are joined: one
// for each API whose rows don't fit.
func (s side) derivePolicies(endpoints map[mapping.FrontDoor]string) (map[apiKey]policy, error) {
	policies := map[apiKey]policy{}
	var errs []error
	for _, api := range s.topology.APIs {
		p := policy{api: api}
		p.account, p.stack = s.takes(api)
		request := apipolicy.Request(api, p.account, nil, apipolicy.AnyDomainARN(api, p.account))
		request.VPCEndpointID, request.ALBEndpointID = endpoints[mapping.FrontDoorNGINX], endpoints[mapping.FrontDoorALB]
		request.NativeEndpointIDs = []string{endpoints[mapping.FrontDoorNative]}
		if p.stack != nil {
			request.App, request.Environment = p.stack.App, p.stack.Environment
			request.Form, request.MaxSize = p.stack.DenyForm, p.stack.MaxPolicySize
			request.AdditionalVPCEndpointIDs = p.stack.AdditionalVPCEndpointIDs
			request.NativeEndpointIDs = append(request.NativeEndpointIDs, p.stack.NativeEndpointIDs...)
		}
		result, err := resourcepolicy.Merge(request)
		if err != nil {
			errs = append(errs, fmt.Errorf("make the resource policy of REST API %s: %w", api.ID, err))
			continue
		}
		p.document, p.size, p.max = result.Policy, result.Size, result.MaxSize
		policies[apiKey{api.Region, api.ID}] = p
	}
	return policies, errors.Join(errs...)
}

// takes finds the account that owns an API and the stack that sets its policy.
func (s side) takes(api topology.API) (mapping.AccountID, *Stack) {
	for i := range s.Stacks {
		stack := &s.Stacks[i]
		account := s.number(stack.Account)
		switch {
		case api.Account != "" && account == api.Account:
			return account, stack
		case api.Account == "" && account != "" && slices.Contains(stack.APIs, api.ID):
			return account, stack
		}
	}
	if api.Account == "" {
		return UnknownAccount, nil
	}
	return api.Account, nil
}

// number is the account that a stack's setting means: a name of ACCOUNTS, or
// the number itself.
func (s side) number(account string) mapping.AccountID {
	for _, entry := range s.Mapping.Accounts {
		if entry.Name == account {
			return entry.ID
		}
	}
	return mapping.AccountID(account)
}

// comparePolicies lists the APIs of either revision whose policy differs, by
// account and ID. An API that head doesn't name keeps its policy, which is a
// warning.
func comparePolicies(base, head side) []PolicyChange {
	var changes []PolicyChange
	for _, key := range slices.SortedFunc(maps.Keys(head.policies), compareKeys) {
		before, after := base.policies[key], head.policies[key]
		same := string(before.document) == string(after.document)
		if same && (before.account == after.account || len(after.document) == 0) {
			continue
		}
		changes = append(changes, PolicyChange{
			Account: after.account, API: after.api.ID, Region: after.api.Region,
			Before: before.document, After: after.document,
			BeforeSize: before.size, AfterSize: after.size, MaxSize: after.max,
			Stages: stagesOf(before.api.Rows, after.api.Rows),
			Owners: ownersOf(before.api.Rows, after.api.Rows),
			Stack:  after.stack,
		})
	}
	slices.SortStableFunc(changes, func(a, b PolicyChange) int { return cmp.Compare(a.Account, b.Account) })
	return changes
}

// stagesOf are the stages that the API's rows lead to or led to: what was taken
// out of a policy stays in effect until its stage is deployed.
func stagesOf(before, after []mapping.Row) []mapping.Stage {
	var stages []mapping.Stage
	for _, row := range slices.Concat(before, after) {
		stages = append(stages, row.API.Stage)
	}
	slices.Sort(stages)
	return slices.Compact(stages)
}

func ownersOf(before, after []mapping.Row) []string {
	var owners []string
	for _, row := range slices.Concat(before, after) {
		if row.Owner != "" {
			owners = append(owners, row.Owner)
		}
	}
	slices.Sort(owners)
	return slices.Compact(owners)
}
