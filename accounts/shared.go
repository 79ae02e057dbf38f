package accounts

import (
	"errors"
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// Contract is the version of the stacks' outputs. It changes when an output that
// another stack reads changes its name or meaning.
const Contract = outputs.Contract

// Shared is the program of the shared-services account's stack. Relative paths
// of its configuration begin at the working directory, which is the project's
// under `pulumi up`.
func Shared(ctx *pulumi.Context) error { return SharedIn("")(ctx) }

// SharedIn is Shared for programs that run elsewhere: relative paths begin at
// dir, where the stack's settings file is looked for too.
func SharedIn(dir string) pulumi.RunFunc { return sharedIn(dir, false) }

// SharedRefreshedIn is SharedIn for a run that looks the tag of portico:image.base up in
// its registry. Where it leads to another image than before, the proxy's image is built
// on that from then on, and the tasks are replaced. It is an error where the settings
// name the base by its digest, or a prebuilt image.
func SharedRefreshedIn(dir string) pulumi.RunFunc { return sharedIn(dir, true) }

func sharedIn(dir string, refreshImage bool) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		config, err := sourceOf(ctx, dir).Shared()
		if err != nil {
			return err
		}
		return deployFrom(ctx, dir, config, refreshImage)
	}
}

// SharedFromFiles is SharedIn for programs that run without an engine: the settings
// are those of the stack's settings file alone, of which secrets are not known.
func SharedFromFiles(dir string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		source := sourceOf(ctx, dir)
		source.Engine = nil
		config, err := source.Shared()
		if err != nil {
			return err
		}
		return deployFrom(ctx, dir, config, false)
	}
}

// deployFrom deploys the mapping file that the settings name.
func deployFrom(ctx *pulumi.Context, dir string, config *settings.Shared, refreshImage bool) error {
	rows, err := loadMapping(dir, config.Mapping)
	if err != nil {
		return err
	}
	found, err := findAccountStacks(ctx, dir, rows)
	if err != nil {
		return err
	}
	return withSetting(deployShared(ctx, dir, config, rows, found, refreshImage))
}

// SharedWith is Shared for settings and a mapping from code: it reads no configuration
// and no mapping file. Relative paths, of PEM files and of the image's build
// context, begin at the working directory. The error is SettingsErrors if the
// settings have mistakes.
func SharedWith(given SharedSettings, rows *mapping.Mapping) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		config, err := settings.CompleteShared(given, ctx.Stack(), "")
		if err != nil {
			return err
		}
		return deployShared(ctx, "", config, rows, nil, false)
	}
}

func deployShared(ctx *pulumi.Context, dir string, config *settings.Shared, rows *mapping.Mapping, found []*accountStack, refreshImage bool) error {
	reported, err := readReports(ctx, config, rows, found)
	if err != nil {
		return err
	}
	derived, exceeded := reported.derive(config, rows)
	if exceeded != nil {
		if derived = reported.deriveBeyondQuotas(exceeded, config, rows); derived == nil {
			return exceeded
		}
	}
	policies, err := reported.newRowPolicies(rows, derived)
	if err != nil {
		return err
	}
	wrong := errors.Join(
		exceeded,
		reported.checkNetwork(config.Network),
		reported.checkRepository(config),
		policies.check(config.Endpoints),
		reported.checkOwners(derived, rows),
		reported.checkConflicts(derived, rows),
		reported.checkAwaited(ctx, rows),
		reported.checkLoadBalancing(config, derived),
		checkRows(derived, rows, config.AWS.Region),
		checkNames(config.App, derived.LoadBalancers),
		checkCoverage(config.Certificates, derived, rows),
		checkExistingZones(config.DNS, rows),
	)
	stack := &sharedStack{
		ctx:           ctx,
		dir:           dir,
		config:        config,
		mapping:       rows,
		reports:       reported,
		topology:      derived,
		rowPolicies:   policies,
		prefix:        config.App.Prefix(),
		tags:          allTags(config.App, config.Tags),
		roleProviders: map[string]pulumi.ProviderResource{},
		refreshImage:  refreshImage,
		now:           time.Now,
	}
	return stack.deploy(wrong)
}

// checkRows reports what the endpoints of a region can't serve.
func checkRows(derived *topology.Topology, rows *mapping.Mapping, region string) error {
	if len(derived.FrontDoors) == 0 {
		return fmt.Errorf("deploy %s: it has no row that isn't retired: add one, or destroy the stack", rows.Source)
	}
	return settings.CheckRegion(rows, region)
}

// sharedStack is one run of the shared stack's program.
type sharedStack struct {
	ctx      *pulumi.Context
	dir      string
	config   *settings.Shared
	mapping  *mapping.Mapping
	reports  *reports
	topology *topology.Topology
	// rowPolicies are the endpoints' policies that are made of rows.
	rowPolicies rowPolicies
	prefix      string
	tags        components.Tags
	// providers is the option that hands the AWS provider to components.
	providers pulumi.ResourceOption
	// roleProviders are the AWS providers of other accounts' roles, by name.
	roleProviders map[string]pulumi.ProviderResource
	publicZones   *components.PublicZones
	// refreshImage has the base's tag looked up, and lookedUp reports that it was.
	refreshImage, lookedUp bool
	// base is what the image is built on; nil where none is built.
	base *outputs.BaseImage
	// prebuilt is what Amazon ECR says of portico:image.uri; nil: nothing is known.
	prebuilt *components.FoundImage
	// docker is dockerProvider's.
	docker pulumi.ProviderResource
	// now is the time.
	now func() time.Time
}

// deploy deploys what the mapping needs, unless something is wrong with it. Then the
// account is asked all the same, so that the error has everything that an update would
// meet.
func (s *sharedStack) deploy(wrong error) error {
	awsProvider, err := newAWSProvider(s.ctx, s.config.AWS, s.config.AWS.AccountID)
	if err != nil {
		return err
	}
	s.providers = pulumi.Providers(awsProvider)
	if s.publicZones, err = s.findPublicZones(awsProvider); err != nil {
		return err
	}
	existing, err := s.askAccount(awsProvider)
	if err != nil {
		return err
	}
	if wrong != nil {
		existing = append(existing, eachWithSetting(wrong)...)
	}
	if len(existing) > 0 && s.ctx.DryRun() {
		existing = append(existing, s.checkExistingCertificates(awsProvider)...)
	}
	if len(existing) > 0 && s.config.Network.Creates() {
		return findings(existing)
	}
	network, err := s.network()
	if err == nil {
		err = s.config.CheckIngressRules(network.CIDRs)
	}
	if err := findings(existing, err); err != nil {
		return err
	}
	if err := s.logNotices(); err != nil {
		return err
	}
	if err := s.flowLogs(network); err != nil {
		return err
	}
	inbound, err := s.resolverInbound(network)
	if err != nil {
		return err
	}
	s.exportInbound(inbound)
	deployed, err := s.deployFrontDoors(network, inbound)
	if err != nil {
		return err
	}
	zones, err := s.zones(network, deployed)
	if err != nil {
		return err
	}
	return s.export(network, deployed, deployed.proxy, zones)
}
