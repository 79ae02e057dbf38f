package accounts

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/apipolicy"
	"github.com/portico-iac/portico/internal/resourcepolicy"
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
		config, err := readProviderConfig(ctx, dir)
		if err != nil {
			return err
		}
		rows, err := loadMapping(dir, config.Mapping)
		if err != nil {
			return err
		}
		derived, err := topology.Derive(rows, unlimited)
		if err != nil {
			return err
		}
		account, err := resolveAccount(config.AWS, rows)
		if err != nil {
			return err
		}
		apis := derived.APIsFor(account.ID, apiIDs(config.APIs))
		if err := checkAPIs(config, account.ID, apis, rows); err != nil {
			return err
		}
		stack := &providerStack{ctx: ctx, config: config, account: account, apis: apis, source: rows.Source}
		return stack.deploy()
	}
}

// unlimited leaves the quotas to the shared stack, whose account they are of.
var unlimited = topology.Limits{
	NamesPerCertificate: topology.MaxNamesPerCertificate,
	Certificates:        math.MaxInt,
	HostedZones:         math.MaxInt,
	RecordsPerZone:      math.MaxInt,
}

// resolveAccount finds the account that a stack's aws.accountId names, by
// number or by a name of the mapping's ACCOUNTS, and the role to assume in it.
func resolveAccount(config awsConfig, rows *mapping.Mapping) (mapping.Account, error) {
	account := mapping.Account{ID: mapping.AccountID(config.AccountID)}
	known := accountPattern.MatchString(config.AccountID)
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
func checkAPIs(config *providerConfig, account mapping.AccountID, apis []topology.API, rows *mapping.Mapping) error {
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
	config  *providerConfig
	account mapping.Account
	apis    []topology.API
	// source is the mapping file, for messages.
	source string
}

func (s *providerStack) deploy() error {
	shared, err := readSharedOutputs(s.ctx, s.config.Shared.Stack)
	if err != nil {
		return err
	}
	if shared.region != s.config.AWS.Region {
		return fmt.Errorf("use stack %s: its endpoint is in %s, and this stack's region is %s: a VPC endpoint reaches the APIs of its own region only",
			s.config.Shared.Stack, shared.region, s.config.AWS.Region)
	}
	awsConfig := s.config.AWS
	awsConfig.RoleARN = s.account.RoleARN
	awsProvider, err := newAWSProvider(s.ctx, awsConfig, string(s.account.ID))
	if err != nil {
		return err
	}
	published, err := s.publishedStages(pulumi.Provider(awsProvider))
	if err != nil {
		return err
	}
	var last pulumi.Resource
	commands := []string{}
	for _, api := range s.apis {
		args := &components.PrivateAPIArgs{APIID: string(api.ID), Policy: s.policyOf(api, shared), After: last}
		if *s.config.Redeploy {
			args.Stages = published[api.ID]
		} else {
			commands = append(commands, redeployCommands(api)...)
		}
		private, err := components.NewPrivateAPI(s.ctx, "api-"+string(api.ID), args, pulumi.Providers(awsProvider))
		if err != nil {
			return err
		}
		last = private.Last
	}
	s.ctx.Export("redeployCommands", pulumi.ToStringArray(commands))
	return nil
}

// policyOf makes the resource policy of an API out of the one that it has.
func (s *providerStack) policyOf(api topology.API, shared *sharedOutputs) func(string) (string, error) {
	request := apipolicy.Request(api, s.account.ID, nil, nil)
	request.VPCEndpointID = shared.vpcEndpointID
	request.AdditionalVPCEndpointIDs = s.config.AdditionalVPCEndpointIDs
	request.MaxSize = s.config.policySize()
	request.Form = resourcepolicy.DenyForm(s.config.Policy.DenyForm)
	return func(existing string) (string, error) {
		request := request
		request.Existing = []byte(existing)
		merged, err := resourcepolicy.Merge(request)
		if err != nil {
			return "", fmt.Errorf("make the resource policy of REST API %s (%s): %w", api.ID, describeRows(api.Rows), err)
		}
		for _, notice := range merged.Notices {
			if err := s.ctx.Log.Warn(fmt.Sprintf("REST API %s: %s", api.ID, notice), nil); err != nil {
				return "", fmt.Errorf("log a notice of REST API %s: %w", api.ID, err)
			}
		}
		if len(merged.Policy) == 0 {
			return closedPolicy(api, s.account.ID)
		}
		return string(merged.Policy), nil
	}
}

// closedPolicy is the policy of an API whose owner had none and whose rows are
// all retired. A private API without a policy admits nobody and can't be
// deployed either, so that what was granted would stay in effect; this says the
// same in a form that can be. Its Sid marks it as Portico's, to be replaced when
// the API gets a row again.
func closedPolicy(api topology.API, account mapping.AccountID) (string, error) {
	document := map[string]any{
		"Version": "2012-10-17",
		"Statement": []any{map[string]any{
			"Sid":       "PorticoRetired",
			"Effect":    "Deny",
			"Principal": "*",
			"Action":    "execute-api:Invoke",
			"Resource":  fmt.Sprintf("arn:%s:execute-api:%s:%s:%s/*", api.Partition, api.Region, account, api.ID),
		}},
	}
	text, err := json.Marshal(document)
	return string(text), err
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
