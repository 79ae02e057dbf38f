package accounts

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/apipolicy"
	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/resourcepolicy"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// Provider is the program of a provider account's stack. Relative paths of its
// configuration begin at the working directory, which is the project's under
// `pulumi up`.
func Provider(ctx *pulumi.Context) error { return ProviderIn("")(ctx) }

// ProviderIn is Provider for programs that run elsewhere: relative paths begin
// at dir, where the stack's settings file is looked for too.
func ProviderIn(dir string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		config, err := sourceOf(ctx, dir).Provider()
		if err != nil {
			return err
		}
		rows, err := loadMapping(dir, config.Mapping)
		if err != nil {
			return err
		}
		return deployProvider(ctx, config, rows)
	}
}

// ProviderWith is Provider for settings and a mapping that are made in code, as
// SharedWith.
func ProviderWith(made ProviderSettings, rows *mapping.Mapping) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		config, err := settings.CompleteProvider(made, ctx.Stack(), "")
		if err != nil {
			return err
		}
		return withSetting(deployProvider(ctx, config, rows))
	}
}

func deployProvider(ctx *pulumi.Context, config *settings.Provider, rows *mapping.Mapping) error {
	if err := topology.Check(rows); err != nil {
		return err
	}
	account, err := resolveAccount(config.AWS, rows)
	if err != nil {
		return err
	}
	allAPIs := topology.APIs(rows)
	apis := topology.APIsOf(allAPIs, account.ID, apiIDs(config.APIs))
	if err := errors.Join(checkAPIs(config, account.ID, apis, rows), checkExistingAccounts(config.Certificates, account.ID)); err != nil {
		return err
	}
	stack := &providerStack{
		ctx: ctx, config: config, account: account, rows: rows, allAPIs: allAPIs, apis: apis,
		prefix: config.App.App().Prefix(), tags: tagsOf(config.App.App()),
	}
	stack.made.domains = map[domainKey]*customDomain{}
	stack.made.apis = map[mapping.APIID]*components.PrivateAPI{}
	return stack.deploy()
}

// resolveAccount finds the account that a stack's aws.accountId names, by
// number or by a name of the mapping's ACCOUNTS, and the role to assume in it.
func resolveAccount(config settings.AWS, rows *mapping.Mapping) (mapping.Account, error) {
	account := mapping.Account{ID: mapping.AccountID(config.AccountID)}
	known := config.NamesAccount()
	for _, entry := range rows.Accounts {
		if entry.Name == config.AccountID || entry.ID == account.ID {
			account, known = entry, true
			break
		}
	}
	if !known {
		return account, fmt.Errorf("find account %q (portico:aws.accountId): %s has no such entry in ACCOUNTS: write 12 digits in quotes, or add the entry",
			config.AccountID, rows.Source)
	}
	if config.RoleARN != "" {
		account.RoleARN = config.RoleARN
	}
	return account, nil
}

func apiIDs(ids []string) []mapping.APIID {
	all := make([]mapping.APIID, len(ids))
	for i, id := range ids {
		all[i] = mapping.APIID(id)
	}
	return all
}

// checkAPIs reports everything that is wrong with the stack's APIs and can be
// known without asking AWS.
func checkAPIs(config *settings.Provider, account mapping.AccountID, apis []topology.API, rows *mapping.Mapping) error {
	if len(apis) == 0 {
		return fmt.Errorf("find the APIs of account %s: %s has no row with it as ACCOUNT, and portico:apis lists no row's API: name the account in the rows, or list the APIs",
			account, rows.Source)
	}
	var wrong []error
	for _, id := range config.APIs {
		listed := func(api topology.API) bool { return string(api.ID) == id }
		if !slices.ContainsFunc(apis, listed) {
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

// providerStack is one run of a provider stack's program.
type providerStack struct {
	ctx     *pulumi.Context
	config  *settings.Provider
	account mapping.Account
	rows    *mapping.Mapping
	// allAPIs are those of all accounts, apis the stack's.
	allAPIs, apis []topology.API
	prefix        string
	tags          components.Tags

	shared *outputs.Shared
	// migration has where the hosts of the stack's APIs are between front
	// doors, by the shared stack's outputs.
	migration *migration.State
	// domains are the custom domains that the account has to have.
	domains     []topology.Domain
	awsProvider pulumi.ProviderResource
	// providers is the option that hands the AWS provider to components.
	providers pulumi.ResourceOption
	// undeployed are the stages that wait for the APIs' owner.
	undeployed map[stageKey]bool
	// made is what the program has registered so far.
	made struct {
		domains map[domainKey]*customDomain
		apis    map[mapping.APIID]*components.PrivateAPI
	}
}

func (s *providerStack) deploy() error {
	if err := s.readShared(); err != nil {
		return err
	}
	awsConfig := s.config.AWS
	awsConfig.RoleARN = s.account.RoleARN
	awsProvider, err := newAWSProvider(s.ctx, awsConfig, string(s.account.ID))
	if err != nil {
		return err
	}
	s.awsProvider, s.providers = awsProvider, pulumi.Providers(awsProvider)
	published, err := s.publishedStages()
	if err != nil {
		return err
	}
	if err := s.customDomains(); err != nil {
		return err
	}
	if err := s.privateAPIs(published); err != nil {
		return err
	}
	if err := s.mapPaths(); err != nil {
		return err
	}
	return s.export()
}

// readShared reads what the shared stack says, and derives from it which custom
// domains the account has to have.
func (s *providerStack) readShared() error {
	shared, err := readSharedOutputs(s.ctx, s.config.Shared.Stack)
	if err != nil {
		return err
	}
	if shared.Region != s.config.AWS.Region {
		return fmt.Errorf("use stack %s: its endpoint is in %s, and this stack's region is %s: a VPC endpoint reaches the APIs of its own region only",
			s.config.Shared.Stack, shared.Region, s.config.AWS.Region)
	}
	s.shared, s.migration = shared, migration.New(s.wanted(), shared, nil)
	domains, err := topology.Domains(s.rows, s.allAPIs, s.migration.Reported())
	if err != nil {
		return err
	}
	s.domains = topology.DomainsOf(domains, s.account.ID, apiIDs(s.config.APIs))
	return topology.CheckDomainQuotas(s.rows, s.domains, s.config.DomainQuotas())
}

// privateAPIs sets the APIs' policies and deploys their stages, one after
// another. An API whose rows are all of front doors without an endpoint is left
// alone: nothing can be granted yet.
func (s *providerStack) privateAPIs(published map[mapping.APIID][]string) error {
	var last pulumi.Resource
	for _, api := range s.apis {
		request := s.policyRequest(api)
		if len(request.Grants)+len(request.ALBGrants)+len(request.NativeGrants) == 0 && slices.ContainsFunc(api.Rows, unretired) {
			continue
		}
		args := &components.PrivateAPIArgs{APIID: string(api.ID), Policy: s.policyOf(api), Stages: published[api.ID]}
		if last != nil {
			args.DeploymentsDependOn = []pulumi.Resource{last}
		}
		args.DomainARNs, args.PreviewDomainARNs = s.domainARNs(api)
		private, err := components.NewPrivateAPI(s.ctx, "api-"+string(api.ID), args, s.providers)
		if err != nil {
			return err
		}
		s.made.apis[api.ID] = private
		if private.LastDeployment != nil {
			last = private.LastDeployment
		}
	}
	return nil
}

func unretired(row mapping.Row) bool { return !row.Retired }

// policyRequest asks for the resource policy of an API, but for what AWS alone
// can tell.
func (s *providerStack) policyRequest(api topology.API) resourcepolicy.Request {
	request := apipolicy.Request(api, s.account.ID, s.migration.Admitted, nil)
	request.App, request.Environment = s.config.App.Name, s.config.App.Environment
	request.VPCEndpointID = s.endpoint(mapping.FrontDoorNGINX)
	request.ALBEndpointID = s.endpoint(mapping.FrontDoorALB)
	request.NativeEndpointIDs = s.nativeEndpoints()
	request.AdditionalVPCEndpointIDs = s.config.AdditionalVPCEndpointIDs
	request.MaxSize = s.config.Quotas.ResourcePolicySize
	request.Form = resourcepolicy.DenyForm(s.config.Policy.DenyForm)
	return request
}

// policyOf makes the resource policy of an API out of the one that it has and
// the ARNs of its PRIVATE custom domains.
func (s *providerStack) policyOf(api topology.API) func(string, map[string]string) (string, error) {
	told := map[string]bool{}
	return func(existing string, domainARNs map[string]string) (string, error) {
		request := s.policyRequest(api)
		request.Existing = []byte(existing)
		for i := range request.NativeGrants {
			request.NativeGrants[i].DomainARN = domainARNs[request.NativeGrants[i].Host]
		}
		merged, err := resourcepolicy.Merge(request)
		if err != nil {
			return "", fmt.Errorf("make the resource policy of REST API %s (%s): %w", api.ID, describeRows(api.Rows), err)
		}
		for _, notice := range merged.Notices {
			if told[notice] {
				continue
			}
			told[notice] = true
			if err := s.ctx.Log.Warn(fmt.Sprintf("REST API %s: %s", api.ID, notice), nil); err != nil {
				return "", fmt.Errorf("log a notice of REST API %s: %w", api.ID, err)
			}
		}
		if len(merged.Policy) == 0 {
			merged.Policy, err = resourcepolicy.Closed(request)
		}
		return string(merged.Policy), err
	}
}

func describeRows(rows []mapping.Row) string {
	const most = 5
	var names []string
	for i, row := range rows {
		if i == most {
			names = append(names, fmt.Sprintf("and %d more", len(rows)-most))
			break
		}
		names = append(names, apipolicy.Source(row))
	}
	return strings.Join(names, ", ")
}
