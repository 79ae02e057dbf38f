package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/assumedrole"
	"github.com/portico-iac/portico/internal/aws"
	"github.com/portico-iac/portico/internal/awsreader"
	"github.com/portico-iac/portico/internal/doctor"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/mapping"
)

// knownEnvironment is an environment by its settings, its mapping and what its stacks
// report, with readers of its accounts.
type knownEnvironment struct {
	environment *doctor.Environment
	accounts    doctor.Accounts
	// owners are the accounts that own APIs, in the order of the stacks' names.
	owners []awsreader.Account

	stacks *automation.Environment
	// ofOwner are the provider accounts' stacks.
	ofOwner map[mapping.AccountID]automation.Stack
}

// findEnvironment reads the settings, the mapping and the shared stack's outputs.
func findEnvironment(ctx context.Context, o environmentOptions) (*knownEnvironment, error) {
	stacks, err := automation.Discover(o.dir, o.name, automation.Programs{Shared: programs.Shared, Provider: programs.Provider})
	if err != nil {
		return nil, err
	}
	project := settings.Project{Files: settings.Dir(o.dir), Shown: o.dir}
	shared, err := settings.Source{Project: project, Stack: o.name}.Shared()
	if err != nil {
		return nil, err
	}
	path := shared.Mapping
	if !filepath.IsAbs(path) {
		path = filepath.Join(o.dir, path)
	}
	m, err := mapping.Load(path)
	if err != nil {
		return nil, err
	}
	reported, err := stacks.Outputs(ctx, stacks.Shared)
	if err != nil {
		return nil, err
	}
	if reported[o.name] == nil {
		return nil, fmt.Errorf("environment %s is not deployed: its shared stack reports nothing: run portico up --env %s", o.name, o.name)
	}
	environment := &doctor.Environment{
		Name: o.name, Mapping: m, Owners: map[mapping.APIID]mapping.AccountID{}, Providers: map[mapping.AccountID]*outputs.Provider{},
	}
	if environment.Shared, err = outputs.DecodeShared(reported[o.name]); err != nil {
		return nil, fmt.Errorf("read the outputs of stack %s: %w", o.name, err)
	}
	known := &knownEnvironment{environment: environment, stacks: stacks, ofOwner: map[mapping.AccountID]automation.Stack{}}
	for _, stack := range stacks.Providers {
		if err := known.provider(project, stack); err != nil {
			return nil, err
		}
	}
	accounts := append([]awsreader.Account{accountOf(shared.AWS, shared.AWS.AccountID, shared.AWS.RoleARN)}, known.owners...)
	known.accounts, err = awsreader.New(ctx, append(accounts, zoneAccounts(shared)...))
	return known, err
}

// zoneAccounts are the accounts of existing zones, which are read by the roles that
// the settings have for their records.
func zoneAccounts(shared *settings.Shared) []awsreader.Account {
	var accounts []awsreader.Account
	for _, zone := range shared.DNS.Existing {
		if role, err := aws.ParseRoleARN(zone.RoleARN); err == nil {
			accounts = append(accounts, accountOf(shared.AWS, role.AccountID, zone.RoleARN))
		}
	}
	return accounts
}

func accountOf(config settings.AWS, id, role string) awsreader.Account {
	return awsreader.Account{
		ID: id, Region: config.Region, Endpoint: config.Endpoint,
		Role: assumedrole.Role{ARN: role, ExternalID: config.ExternalID, Session: config.Session()},
	}
}

// provider adds the account of a provider stack.
func (k *knownEnvironment) provider(project settings.Project, stack automation.Stack) error {
	project.Dir = automation.ProviderProject
	config, err := settings.Source{Project: project, Stack: stack.Name}.Provider()
	if err != nil {
		return err
	}
	account, known := config.AccountIn(k.environment.Mapping)
	if !known {
		return nil // a secret: what the account owns is then not read
	}
	role, err := config.RoleOf(account, stack.Name)
	if err != nil {
		return err
	}
	k.owners = append(k.owners, accountOf(config.AWS, string(account.ID), role))
	for _, id := range config.APIs {
		k.environment.Owners[mapping.APIID(id)] = account.ID
	}
	k.ofOwner[account.ID] = stack
	return nil
}

// readDomains reads the outputs of the provider stacks that have the IDs of PRIVATE
// custom domains of hosts. Each takes a run of the Pulumi CLI, and other hosts need
// none.
func (k *knownEnvironment) readDomains(ctx context.Context, hosts []string) error {
	owners := map[string]mapping.AccountID{}
	var stacks []automation.Stack
	for _, owner := range k.environment.NativeOwners(hosts) {
		if stack, known := k.ofOwner[owner]; known {
			owners[stack.Name] = owner
			stacks = append(stacks, stack)
		}
	}
	if len(stacks) == 0 {
		return nil
	}
	reported, err := k.stacks.Outputs(ctx, stacks...)
	if err != nil {
		return err
	}
	for name, values := range reported {
		provider, err := outputs.DecodeProvider(values)
		if err != nil {
			return fmt.Errorf("read the outputs of stack %s: %w", name, err)
		}
		k.environment.Providers[owners[name]] = provider
	}
	return nil
}
