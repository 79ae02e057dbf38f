package accounts

import (
	"errors"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// ProviderQuestionsIn is a program that changes nothing: it asks a provider account
// what an update of its stack would meet, and its error has all of it. Run as a
// preview, it needs no outputs of the shared stack, so that it asks before that one
// is brought up. With them it asks too whether the APIs' policies admit the rows.
func ProviderQuestionsIn(dir string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		stack, err := newProviderStack(ctx, dir)
		if err != nil {
			return err
		}
		values, found, err := readStackOutputs(ctx, stack.config.Shared.Stack)
		if err != nil || !found {
			values = nil // the stack's own program reports it
		}
		shared, err := outputs.DecodeShared(values)
		if err != nil || len(shared.Endpoints) == 0 {
			shared = &outputs.Shared{}
		}
		if err := stack.derive(shared); err != nil {
			return err
		}
		if err := stack.useAccount(); err != nil {
			return err
		}
		if err := stack.addFormerAPIs(); err != nil {
			return findings(err)
		}
		_, err = stack.ask()
		return findings(err, stack.checkAPIs())
	}
}

// ask asks the account what is in the way of the update, before anything is
// registered. The result are the stages that are published.
func (s *providerStack) ask() (map[mapping.APIID]publication, error) {
	published, missing := s.publishedStages()
	return published, errors.Join(missing, s.checkPublicZones())
}

// checkAPIs reads the APIs that exist and makes their policies, so that their
// mistakes are reported beside others.
func (s *providerStack) checkAPIs() error {
	var wrong []error
	for _, api := range s.apis {
		if s.absent[api.ID] || len(s.shared.Endpoints) == 0 || !s.admits(api) {
			continue
		}
		args := &components.PrivateAPIArgs{APIID: string(api.ID), Policy: s.policyOf(api), PreviewDomainARNs: s.placeholders(api)}
		wrong = append(wrong, components.CheckPrivateAPI(s.ctx, "asked-"+string(api.ID), args, pulumi.Provider(s.awsProvider)))
	}
	return errors.Join(wrong...)
}

// checkPublicZones reports the public zones that can't validate the certificates of
// custom domains that are to be issued.
func (s *providerStack) checkPublicZones() error {
	if s.config.Certificates.Source != settings.SourceDNS || len(s.domains) == 0 {
		return nil
	}
	_, requests, err := s.domainCertificates()
	if err != nil {
		return err
	}
	finder, err := s.findPublicZones()
	if err != nil {
		return err
	}
	var names []string
	zones := map[string]string{}
	for _, source := range requests {
		request, _ := source.(components.CertificateRequest)
		for _, name := range request.Names {
			names = append(names, name)
			zones[name] = request.PublicZones[name]
		}
	}
	return finder.Check(names, zones)
}

// derive takes the shared stack's outputs, and derives from them which custom
// domains the account has to have.
func (s *providerStack) derive(shared *outputs.Shared) error {
	s.shared, s.migration = shared, migration.New(s.wanted(), shared, nil)
	domains, err := topology.Domains(s.rows, s.allAPIs, s.migration.Reported())
	if err != nil {
		return err
	}
	s.domains = topology.DomainsOf(domains, s.account.ID, apiIDs(s.config.APIs))
	return topology.CheckDomainQuotas(s.rows, s.domains, s.config.DomainQuotas())
}

// findings joins what a preview has found, each once, sorted; nil: nothing.
func findings(found ...error) error {
	var all existingErrors
	for _, err := range found {
		if err != nil {
			all = append(all, eachWithSetting(err)...)
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.SortStableFunc(all, func(a, b error) int { return settings.CompareReported(a.Error(), b.Error()) })
	return slices.CompactFunc(all, func(a, b error) bool { return a.Error() == b.Error() })
}
