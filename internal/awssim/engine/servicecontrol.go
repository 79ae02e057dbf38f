package engine

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/portico-iac/portico/internal/awssim/iampolicy"
)

// A service control policy of the organization limits every principal of an account.
// The accounts have FullAWSAccess beside those that are given, so that their Deny
// statements alone count.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html

// SetServiceControlPolicies replaces the service control policies of an account, as
// the organization's administrators do.
func (s *Simulator) SetServiceControlPolicies(account string, documents ...json.RawMessage) error {
	if _, err := parsePolicies(documents); err != nil {
		return fmt.Errorf("service control policies of account %s: %w", account, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, a := range s.Setup.Accounts {
		if a.ID == account {
			s.Setup.Accounts[i].ServiceControlPolicies = documents
			delete(s.controls, account)
			return nil
		}
	}
	return fmt.Errorf("service control policies of account %s: there is no such account", account)
}

// controlsOf is the service control policies of an account as one; nil: none.
func (s *Simulator) controlsOf(account string) *iampolicy.Policy {
	whole, known := s.controls[account]
	if known {
		return whole
	}
	for _, a := range s.Setup.Accounts {
		if a.ID == account {
			whole, _ = parsePolicies(a.ServiceControlPolicies) // checked when it was set
		}
	}
	if s.controls == nil {
		s.controls = map[string]*iampolicy.Policy{}
	}
	s.controls[account] = whole
	return whole
}

// controlled refuses what a service control policy denies, whatever else allows it.
func (op *Op) controlled(request iampolicy.Request) error {
	policy := op.Simulator.controlsOf(op.Account)
	if policy == nil {
		return nil
	}
	request.Context = maps.Clone(request.Context)
	if request.Context == nil {
		request.Context = map[string][]string{}
	}
	request.Context["aws:RequestedRegion"], request.Context["aws:PrincipalArn"] = []string{op.Region}, []string{op.Caller}
	if iampolicy.Evaluate(*policy, request).Outcome != iampolicy.ExplicitDeny {
		return nil
	}
	return op.Refuse("AccessDenied", "User: %s is not authorized to perform: %s on resource: %s with an explicit deny in a service control policy", op.Caller, request.Action, request.Resource)
}
