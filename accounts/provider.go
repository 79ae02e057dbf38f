package accounts

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/internal/outputs"
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
		stack, err := newProviderStack(ctx, dir)
		if err != nil {
			return err
		}
		return withSetting(stack.deploy())
	}
}

// newProviderStack reads the settings and the mapping of the stack that runs.
func newProviderStack(ctx *pulumi.Context, dir string) (*providerStack, error) {
	config, rows, err := readProviderProject(ctx, dir)
	if err != nil {
		return nil, err
	}
	return providerStackOf(ctx, config, rows)
}

// readProviderProject reads the settings and the mapping in a project's directory.
func readProviderProject(ctx *pulumi.Context, dir string) (*settings.Provider, *mapping.Mapping, error) {
	config, err := sourceOf(ctx, dir).Provider()
	if err != nil {
		return nil, nil, err
	}
	rows, err := loadMapping(dir, config.Mapping)
	return config, rows, err
}

// ProviderWith is Provider for settings and a mapping from code, as SharedWith.
func ProviderWith(given ProviderSettings, rows *mapping.Mapping) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		config, err := settings.CompleteProvider(given, ctx.Stack(), "")
		if err != nil {
			return err
		}
		stack, err := providerStackOf(ctx, config, rows)
		if err != nil {
			return err
		}
		return withSetting(stack.deploy())
	}
}

func providerStackOf(ctx *pulumi.Context, config *settings.Provider, rows *mapping.Mapping) (*providerStack, error) {
	stack, err := uncheckedProviderStack(ctx, config, rows)
	if err != nil {
		return nil, err
	}
	return stack, stack.check()
}

// check reports what is wrong with the stack and can be known without asking AWS.
func (s *providerStack) check() error {
	return errors.Join(checkAPIs(s.config, s.account.ID, s.apis, s.rows, s.own), checkExistingAccounts(s.config.Certificates, s.account.ID))
}

// uncheckedProviderStack is providerStackOf without the checks of what is to be
// deployed.
func uncheckedProviderStack(ctx *pulumi.Context, config *settings.Provider, rows *mapping.Mapping) (*providerStack, error) {
	if err := topology.Check(rows); err != nil {
		return nil, err
	}
	own, err := readOwnProvider(ctx)
	if err != nil {
		return nil, err
	}
	stack, err := providerStackBeside(ctx.Stack(), config, rows, topology.APIs(rows), own)
	if err != nil {
		return nil, err
	}
	stack.ctx, stack.absent, stack.seen = ctx, map[mapping.APIID]bool{}, map[stageKey]bool{}
	stack.created.domains = map[domainKey]*customDomain{}
	stack.created.apis = map[mapping.APIID]*components.PrivateAPI{}
	return stack, nil
}

// providerStackBeside is the stack as far as it is known beside a running program, given
// the APIs of all accounts and the stack's own outputs.
func providerStackBeside(name string, config *settings.Provider, rows *mapping.Mapping, allAPIs []topology.API, own *outputs.Provider) (*providerStack, error) {
	account, err := resolveAccount(config, rows, name)
	if err != nil {
		return nil, err
	}
	return &providerStack{
		config: config, account: account, rows: rows, own: own,
		allAPIs: allAPIs, apis: topology.APIsOf(allAPIs, account.ID, apiIDs(config.APIs)),
		prefix: config.App.App().Prefix(), tags: allTags(config.App.App(), config.Tags),
	}, nil
}

// resolveAccount finds the account that a stack's aws.accountId names, by
// number or by a name of the mapping's ACCOUNTS, and the role to assume in it.
func resolveAccount(config *settings.Provider, rows *mapping.Mapping, stack string) (mapping.Account, error) {
	account, known := config.AccountIn(rows)
	if !known {
		return account, fmt.Errorf("find account %q (portico:aws.accountId): %s has no such entry in ACCOUNTS: write 12 digits in quotes, or add the entry",
			config.AWS.AccountID, rows.Source)
	}
	var err error
	account.RoleARN, err = config.RoleOf(account, stack)
	return account, err
}

// providerStack is one run of a provider stack's program.
type providerStack struct {
	ctx     *pulumi.Context
	config  *settings.Provider
	account mapping.Account
	rows    *mapping.Mapping
	// allAPIs are those of all accounts, apis the stack's: those of the mapping, and
	// those that the stack is still about, with retired rows.
	allAPIs, apis []topology.API
	// own are the stack's own outputs; the zero value before its first run.
	own *outputs.Provider
	// admission is what the policies have to admit through the proxy.
	admission migration.Admission
	// takenBack are the stages without rows of which this run takes the statements
	// back.
	takenBack []stageKey
	prefix    string
	tags      components.Tags
	// digest is that of this update.
	digest string

	shared *outputs.Shared
	// migration has where the hosts of the stack's APIs are between front
	// doors, by the shared stack's outputs.
	migration *migration.State
	// domains are the custom domains that the account has to have.
	domains     []topology.Domain
	awsProvider pulumi.ProviderResource
	// providers is the option that hands the AWS provider to components.
	providers pulumi.ResourceOption
	// publicZones finds the zones that validate certificates.
	publicZones *components.PublicZones
	// absent are the APIs that the account doesn't have.
	absent map[mapping.APIID]bool
	// seen are the stages that the account was asked for and has.
	seen map[stageKey]bool
	// undeployed are the stages that wait for the APIs' owner.
	undeployed map[stageKey]bool
	// created are the components that the program has registered so far.
	created struct {
		domains map[domainKey]*customDomain
		apis    map[mapping.APIID]*components.PrivateAPI
	}
}

func (s *providerStack) deploy() error {
	if err := s.readShared(); err != nil {
		return err
	}
	if err := s.useAccount(); err != nil {
		return err
	}
	if err := s.addFormerAPIs(); err != nil {
		return findings(err)
	}
	published, err := s.ask()
	if err != nil && s.ctx.DryRun() {
		return findings(err, s.checkAPIs())
	}
	if err != nil {
		return findings(err)
	}
	if err := s.begin(); err != nil {
		return err
	}
	if err := s.customDomains(); err != nil {
		return err
	}
	if err := s.privateAPIs(published); err != nil {
		return err
	}
	if err := s.mapBasePaths(); err != nil {
		return err
	}
	return s.export()
}

// useAccount makes the AWS provider of the stack's account.
func (s *providerStack) useAccount() error {
	awsConfig := s.config.AWS
	awsConfig.RoleARN = s.account.RoleARN
	awsProvider, err := newAWSProvider(s.ctx, awsConfig, string(s.account.ID))
	if err != nil {
		return err
	}
	s.awsProvider, s.providers = awsProvider, pulumi.Providers(awsProvider)
	return nil
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
	return s.derive(shared)
}
