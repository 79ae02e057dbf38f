package accounts

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/apipolicy"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

func apiIDs(ids []string) []mapping.APIID {
	all := make([]mapping.APIID, len(ids))
	for i, id := range ids {
		all[i] = mapping.APIID(id)
	}
	return all
}

// checkAPIs reports everything that is wrong with the stack's APIs and can be
// known without asking AWS.
func checkAPIs(config *settings.Provider, account mapping.AccountID, apis []topology.API, rows *mapping.Mapping, own *outputs.Provider) error {
	if len(apis) == 0 && own.Contract == 0 {
		return fmt.Errorf("find the APIs of account %s: %s has no row with it as ACCOUNT, and portico:apis lists no row's API: name the account in the rows, or list the APIs",
			account, rows.Source)
	}
	var wrong []error
	for _, id := range config.APIs {
		listed := func(api topology.API) bool { return string(api.ID) == id }
		if _, former := own.Stages[mapping.APIID(id)]; !former && !slices.ContainsFunc(apis, listed) {
			wrong = append(wrong, fmt.Errorf("use REST API %s (portico:apis): no row of %s leads to it, or its rows name another account: take it out of the list, or keep a row with RETIRED: true until its policy is cleared",
				id, rows.Source))
		}
	}
	for _, api := range apis {
		if api.Region != config.AWS.Region {
			wrong = append(wrong, fmt.Errorf("use REST API %s: it is in %s, and this stack's region is %s: correct PRIVATE_API_URL of %s, or use a stack of that region",
				api.ID, api.Region, config.AWS.Region, describeRows(api.Rows)))
		}
	}
	return errors.Join(wrong...)
}

func describeRows(rows []mapping.Row) string {
	const most = 5
	var names []string
	for i, row := range rows {
		if i == most {
			names = append(names, fmt.Sprintf("and %d more", len(rows)-most))
			break
		}
		if row.Index == formerIndex {
			names = append(names, "rows that are gone")
			continue
		}
		names = append(names, apipolicy.Source(row))
	}
	return strings.Join(names, ", ")
}

// privateAPIs sets the APIs' policies and deploys their stages, one after
// another. It skips an API if no front door of its rows has an endpoint: nothing
// can be granted yet.
// A preview goes on after a mistake, and reports those of all APIs.
func (s *providerStack) privateAPIs(published map[mapping.APIID]publication) error {
	var last pulumi.Resource
	var wrong []error
	for _, api := range s.apis {
		if !s.admits(api) {
			continue
		}
		args := &components.PrivateAPIArgs{
			APIID: string(api.ID), Policy: s.policyOf(api), Digest: s.policyDigest, Stages: published[api.ID].stages, ExistingStages: published[api.ID].existing, AwaitPolicy: s.ctx.DryRun(),
		}
		if last != nil {
			args.DeploymentsDependOn = []pulumi.Resource{last}
		}
		args.DomainARNs, args.PreviewDomainARNs = s.domainARNs(api), s.placeholders(api)
		private, err := components.NewPrivateAPI(s.ctx, "api-"+string(api.ID), args, s.providers)
		if err != nil && args.AwaitPolicy {
			wrong = append(wrong, err)
			continue
		}
		if err != nil {
			return err
		}
		s.created.apis[api.ID] = private
		if private.LastDeployment != nil {
			last = private.LastDeployment
		}
	}
	return findings(wrong...)
}

// admits reports whether a front door of the API's rows has an endpoint, or all rows
// are retired: else there is no policy to make yet.
func (s *providerStack) admits(api topology.API) bool {
	request := s.policyRequest(api)
	return len(request.Grants)+len(request.ServedGrants)+len(request.ALBGrants)+len(request.NativeGrants) > 0 || !slices.ContainsFunc(api.Rows, unretired)
}

func unretired(row mapping.Row) bool { return !row.Retired }
