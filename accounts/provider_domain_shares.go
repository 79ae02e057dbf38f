package accounts

import (
	"fmt"
	"slices"

	"github.com/portico-iac/portico/components"
)

// domainShare is the one share of the stack's PRIVATE domains: share, or a new one
// if share is nil. The result is nil if there are no principals to share with.
func (s *providerStack) domainShare(share *components.DomainShare) (*components.DomainShare, error) {
	if s.shared.AccountID == "" {
		return nil, fmt.Errorf("read output accountId of stack %s: it is nothing: bring the stack up with this version of Portico: private custom domains are shared with its account", s.config.Shared.Stack)
	}
	principals := s.principals()
	if share != nil || len(principals) == 0 {
		return share, nil
	}
	share, err := components.NewDomainShare(s.ctx, s.prefix+"-domains", &components.DomainShareArgs{
		Principals:              principals,
		AllowExternalPrincipals: s.config.Native.AllowExternalPrincipals,
		Tags:                    s.tags,
	}, s.providers)
	if err == nil {
		s.ctx.Export("resourceShareArn", share.ARN)
		s.ctx.Export("resourceShareName", share.Name)
	}
	return share, err
}

// principals are the accounts whose endpoints call the PRIVATE domains, sorted;
// the own one needs no share.
func (s *providerStack) principals() []string {
	all := append([]string{string(s.shared.AccountID)}, s.config.Native.Principals...)
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(id string) bool { return id == string(s.account.ID) })
}
