package accounts

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"golang.org/x/sync/errgroup"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// reports are what the environment's stacks reported after their last runs.
type reports struct {
	// migration has where the hosts are between front doors.
	migration *migration.State
	// own are the outputs of the shared stack itself; the zero value before its
	// first run.
	own outputs.Shared
	// renames says that the names of all resources change; empty: they don't.
	renames string
	// certificateNames are the names that each load balancer has certificates
	// for, by the load balancer's name.
	certificateNames map[string][]mapping.Host
	// domains are the PRIVATE custom domains, by host.
	domains map[mapping.Host]privateDomain
	// shares are the provider accounts' resource shares, sorted by ARN.
	shares []components.ReceivedShare
	// accounts are the provider stacks from which the stack can learn what accounts
	// admit.
	accounts []*accountStack
	// served is what the proxy serves after this run; nil where the image decides.
	served *outputs.Served
}

// privateDomain is a PRIVATE custom domain and the share of it.
type privateDomain struct{ arn, shareARN string }

// derive works out what has to exist after this run.
func (r *reports) derive(config *settings.Shared, rows *mapping.Mapping) (*topology.Topology, error) {
	return r.deriveWithin(config.TopologyOptions(), config, rows)
}

// deriveBeyondQuotas derives what the stack would deploy if the mapping didn't exceed
// quotas, which is all that err says; nil: err says something else, or there is no such
// topology. The account is asked about the rest then, and one report has both.
func (r *reports) deriveBeyondQuotas(err error, config *settings.Shared, rows *mapping.Mapping) *topology.Topology {
	for _, one := range eachOf(err) {
		if !errors.As(one, new(*topology.LimitError)) {
			return nil
		}
	}
	options := config.TopologyOptions()
	for _, quota := range []*int{
		&options.Quotas.CertificatesPerLoadBalancer, &options.Quotas.RulesPerLoadBalancer, &options.Quotas.HostedZones, &options.Quotas.RecordsPerZone,
		&options.Quotas.PrivateDomains, &options.Quotas.RegionalDomains, &options.Quotas.Associations,
	} {
		*quota = math.MaxInt
	}
	derived, err := r.deriveWithin(options, config, rows)
	if err != nil {
		return nil
	}
	return derived
}

// eachOf takes a joined error apart.
func eachOf(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	for _, one := range joined.Unwrap() {
		all = append(all, eachOf(one)...)
	}
	return all
}

func (r *reports) deriveWithin(options topology.Options, config *settings.Shared, rows *mapping.Mapping) (*topology.Topology, error) {
	plan := r.migration.Plan()
	options.Previous.CertificateNames, options.Previous.DefaultNames, options.Previous.Zones = r.certificateNames, r.own.DefaultNames, r.own.Zones
	if config.Image.URI == "" {
		r.served = r.migration.Rows(r.migration.ThroughProxy(rows.Rows, plan))
		var err error
		if options.Proxied, err = proxied(r.served, rows.Rows); err != nil {
			return nil, fmt.Errorf("read the stack's own output served: %w", err)
		}
	}
	return topology.DeriveAt(rows, options, plan)
}

// proxied are the rows of a mapping that the proxy serves, and those that it still
// serves in place of some.
func proxied(served *outputs.Served, rows []mapping.Row) ([]mapping.Row, error) {
	byAddress := map[string]*mapping.Row{}
	for i := range rows {
		if !rows[i].Retired {
			byAddress[outputs.Address(&rows[i])] = &rows[i]
		}
	}
	all := make([]mapping.Row, 0, len(served.Rows))
	for _, row := range served.Rows {
		own := byAddress[row.Address()]
		if own != nil && !row.Former {
			all = append(all, *own)
			continue
		}
		former, err := row.Row()
		if err != nil {
			return nil, err
		}
		if own != nil {
			former.Index, former.Pos = own.Index, own.Pos
		}
		all = append(all, former)
	}
	return all, nil
}

// readReports reads the outputs of the stack itself and, where the configuration
// names them, of the stacks of portico:providers. Without these no host can come
// to another front door than nginx, or leave one.
func readReports(ctx *pulumi.Context, config *settings.Shared, rows *mapping.Mapping, found []*accountStack) (*reports, error) {
	r := &reports{certificateNames: map[string][]mapping.Host{}, domains: map[mapping.Host]privateDomain{}}
	if err := r.readOwn(ctx); err != nil {
		return nil, err
	}
	before := r.own.NamePrefix
	if before == "" {
		before = begunPrefix(ctx, config.App)
	}
	r.renames = renamed(before, config.App, ctx.Stack())
	if r.accounts = namedStacks(config.Providers, ctx.Stack(), rows.Accounts); len(config.Providers) == 0 {
		r.accounts = found
	}
	asked := r.accounts
	if len(config.Providers) == 0 {
		asked = awaitedStacks(r.own.Served, r.accounts)
	}
	providers, err := readProviders(ctx, config, rows, asked)
	if err != nil {
		return nil, err
	}
	for _, provider := range providers {
		r.addDomains(provider.Outputs, rows.Rows)
	}
	slices.SortFunc(r.shares, func(a, b components.ReceivedShare) int { return strings.Compare(a.ARN, b.ARN) })
	r.migration = migration.New(migration.WantedBy(rows.Rows), &r.own, providers)
	if len(config.Providers) == 0 {
		return r, r.checkAlone(ctx.Stack(), rows)
	}
	return r, nil
}

// readOwn reads the stack's own outputs. A stack of which no update has succeeded
// has none.
func (r *reports) readOwn(ctx *pulumi.Context) error {
	name := strings.Join([]string{ctx.Organization(), ctx.Project(), ctx.Stack()}, "/")
	values, _, err := readStackOutputs(ctx, name)
	if err != nil {
		return err
	}
	if _, exported := values["contract"]; !exported {
		return nil
	}
	own, err := outputs.DecodeShared(values)
	if err != nil {
		return readError(name, err)
	}
	r.own = *own
	for _, balancer := range own.LoadBalancers {
		r.certificateNames[balancer.Name] = balancer.CertificateNames
	}
	if len(own.LoadBalancers) == 0 {
		// There was one, and it had them all.
		for _, host := range own.Hosts {
			r.certificateNames[""] = append(r.certificateNames[""], host.Wildcard())
		}
	}
	return nil
}

// stacksAtOnce is how many stacks are read at a time. The engine derives a key from the
// passphrase for each, or asks KMS or another machine: a tenth of a second and more.
const stacksAtOnce = 8

// readProviders reads what provider stacks reported, in their order, and completes their
// accounts. The error has all that can't be read.
func readProviders(ctx *pulumi.Context, config *settings.Shared, rows *mapping.Mapping, stacks []*accountStack) ([]migration.Provider, error) {
	providers, failures := make([]migration.Provider, len(stacks)), make([]error, len(stacks))
	var group errgroup.Group
	group.SetLimit(stacksAtOnce)
	for i, stack := range stacks {
		group.Go(func() error {
			reported, err := readProvider(ctx, stack.name)
			if reported != nil {
				err = checkReported(ctx.Stack(), stack.name, reported, config.AWS.Region, rows.Accounts)
				stack.account = cmp.Or(reported.AccountID, stack.account)
			}
			providers[i], failures[i] = migration.Provider{Stack: stack.name, Outputs: reported}, err
			return nil // all are read, and all that is wrong is told
		})
	}
	_ = group.Wait() // always nil
	return providers, errors.Join(failures...)
}

// readProvider reads a provider stack's outputs; nil where it was never brought
// up.
func readProvider(ctx *pulumi.Context, stack string) (*outputs.Provider, error) {
	values, found, err := readStackOutputs(ctx, stack)
	if err != nil {
		return nil, fmt.Errorf("%w (portico:providers)", err)
	}
	if !found {
		return nil, nil
	}
	reported, err := outputs.DecodeProvider(values)
	if err != nil {
		return nil, fmt.Errorf("%w (portico:providers)", readError(stack, err))
	}
	return reported, nil
}

// readError adds the stack and, for outputs of another contract, what to do.
func readError(stack string, err error) error {
	if other := new(outputs.ContractError); errors.As(err, &other) {
		return fmt.Errorf("read the outputs of stack %s: %w: use the version of Portico that brought the stack up", stack, err)
	}
	return fmt.Errorf("read the outputs of stack %s: %w", stack, err)
}

// checkReported holds what a provider stack reports to what is known without it. A
// stack that is named for an entry of ACCOUNTS (dev-orders in environment dev) is of
// that account, and ARNs are of the account and the region.
func checkReported(environment, stack string, reported *outputs.Provider, region string, known []mapping.Account) error {
	var wrong []error
	name, named := strings.CutPrefix(stack[strings.LastIndexByte(stack, '/')+1:], environment+"-")
	for _, account := range known {
		if named && account.Name == name && reported.AccountID != "" && reported.AccountID != account.ID {
			wrong = append(wrong, fmt.Errorf("read the outputs of stack %s: output accountId: it is %s, and %s of the mapping is %s: correct portico:aws.accountId of that stack, or give the stack the name of its own account (portico:providers)",
				stack, reported.AccountID, account.Path(), account.ID))
		}
	}
	if err := reported.CheckARNs(region); err != nil {
		wrong = append(wrong, fmt.Errorf("read the outputs of stack %s: %w: bring that stack up again, and ask who changed its outputs if it stays so (portico:providers)", stack, err))
	}
	return errors.Join(wrong...)
}

// addDomains adds the PRIVATE custom domains of an account for hosts whose rows
// name that account, or none.
func (r *reports) addDomains(reported *outputs.Provider, rows []mapping.Row) {
	if reported == nil {
		return
	}
	if reported.ResourceShareARN != "" {
		r.shares = append(r.shares, components.ReceivedShare{ARN: reported.ResourceShareARN, Name: reported.ResourceShareName})
	}
	for host, arn := range reported.DomainNameARNs {
		ofAnother := func(row mapping.Row) bool {
			return row.Host == host && !row.Retired && row.Account != "" && row.Account != reported.AccountID
		}
		if !slices.ContainsFunc(rows, ofAnother) {
			r.domains[host] = privateDomain{arn: arn, shareARN: reported.ResourceShareARN}
		}
	}
}

// checkAlone reports the first row that needs portico:providers where there are
// none: one of another front door than nginx, or one whose host is still served
// by such a front door, which would be removed before nginx is known to be
// admitted.
func (r *reports) checkAlone(stack string, rows *mapping.Mapping) error {
	at := func(row *mapping.Row) string {
		return row.Position() + ".FRONT_DOOR: "
	}
	if row := firstWithout(rows, mapping.FrontDoorNGINX); row != nil {
		return fmt.Errorf(`%s%s needs the provider accounts' stacks, which report when they have provisioned the rows: set portico:providers: ["organization/portico-provider/%s-NAME"], all of them`,
			at(row), row.FrontDoor, stack)
	}
	for i := range rows.Rows {
		row := &rows.Rows[i]
		if current := r.migration.Next(row.Host).Before.Current; !row.Retired && current != "" && current != mapping.FrontDoorNGINX {
			return fmt.Errorf("%s%s is still served by %s, and moves to nginx when the provider accounts' stacks report that their resource policies allow nginx: keep portico:providers until an update has moved the name to nginx",
				at(row), row.Host, current)
		}
	}
	return nil
}

// firstWithout is the first unretired row that has not the front door.
func firstWithout(rows *mapping.Mapping, frontDoor mapping.FrontDoor) *mapping.Row {
	for i := range rows.Rows {
		if row := &rows.Rows[i]; !row.Retired && row.FrontDoor != frontDoor {
			return row
		}
	}
	return nil
}

// checkConflicts reports rows by which requests would be lost that come by alb or
// native, with the steps that lose none.
func (r *reports) checkConflicts(derived *topology.Topology, rows *mapping.Mapping) error {
	var wrong []error
	for _, c := range r.migration.Conflicts(rows.Rows) {
		if owner := r.migration.Owner(c.FrontDoor, c.Host); c.Loss == migration.Retargeted && c.Row.FrontDoor != mapping.FrontDoorNGINX && owner != "" && ownerOf(derived, c.Row) != owner {
			continue // checkOwners says so
		}
		wrong = append(wrong, conflictError(c))
	}
	return errors.Join(wrong...)
}

func ownerOf(derived *topology.Topology, row *mapping.Row) mapping.AccountID {
	for _, api := range derived.APIs {
		if api.ID == row.API.ID && api.Region == row.API.Region {
			return api.Account
		}
	}
	return row.Account
}

func conflictError(c migration.Conflict) error {
	at := c.Row.Position()
	switch c.Loss {
	case migration.LeftToWildcard:
		return fmt.Errorf("%s.CUSTOM_DOMAIN_URL: %s is served by %s and has no row of its own any more, so that this row takes its requests: some would be lost until clients use its name's new answer: leave the host's rows in the mapping, have the host served by nginx first (FRONT_DOOR), and take them out then",
			at, c.Host, c.FrontDoor)
	case migration.TakenFromWildcard:
		return fmt.Errorf("%s.FRONT_DOOR: requests for %s are answered by the row of a wildcard host, and would be lost until %s serves the host: have the host served by nginx first, by the same row with FRONT_DOOR: nginx, and write FRONT_DOOR: %s then",
			at, c.Host, c.FrontDoor, c.FrontDoor)
	default:
		return fmt.Errorf("%s.PRIVATE_API_URL: requests for %s, which %s serves, would go from %s to %s before the policy there takes effect: leave the host's rows as they were, have the host served by nginx first (change FRONT_DOOR alone), change the rows then, and FRONT_DOOR back at last",
			at, c.Host, c.FrontDoor, c.From, c.Row.API.URL())
	}
}

// checkOwners reports hosts whose rows lead to another account while they are
// served by a custom domain. Their account would delete it before the other could
// create its own: a REGIONAL name is unique in a region, and an endpoint is
// associated with one PRIVATE domain of a name.
func (r *reports) checkOwners(derived *topology.Topology, rows *mapping.Mapping) error {
	var wrong []error
	for _, api := range derived.APIs {
		for _, row := range api.Rows {
			for _, frontDoor := range []mapping.FrontDoor{mapping.FrontDoorALB, mapping.FrontDoorNative} {
				owner := r.migration.Owner(frontDoor, row.Host)
				serves := r.migration.Next(row.Host).Before.Serves(frontDoor)
				if row.Retired || !serves || owner == "" || api.Account == "" || owner == api.Account {
					continue
				}
				wrong = append(wrong, fmt.Errorf("%s.ACCOUNT: %s is served by %s from a custom domain of account %s, which would be deleted before account %s can have it: leave ACCOUNT and PRIVATE_API_URL as they were, have the host served by nginx first, and change them then",
					row.Position(), row.Host, frontDoor, owner, api.Account))
			}
		}
	}
	return errors.Join(wrong...)
}
