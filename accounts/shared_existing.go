package accounts

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// existingErrors are what the account has that an update would meet, each with the
// setting to write, sorted.
type existingErrors []error

// Error has one line for each.
func (e existingErrors) Error() string { return errors.Join(e...).Error() }

// Unwrap lets errors.As find each of them.
func (e existingErrors) Unwrap() []error { return e }

// askAccount asks the account about what is in the way of the update, before
// anything is registered. Questions that it does not answer are notices: the role
// of a preview may lack an action, and the update finds out.
func (s *sharedStack) askAccount(awsProvider pulumi.ProviderResource) (existingErrors, error) {
	var all existingErrors
	if err := s.checkPublicZones(); err != nil {
		all = append(all, eachWithSetting(err)...)
	}
	associations, err := s.associations()
	if err != nil {
		return nil, err
	}
	found := components.CheckAssociations(s.ctx, &components.AssociationsCheckArgs{
		AccountID: s.config.AWS.AccountID, Zones: s.newZones(), Associations: associations, Tags: s.tags, Provider: awsProvider,
	})
	var notices []string
	if !s.config.Network.Creates() {
		inVPC := components.CheckExistingVPC(s.ctx, s.existingVPC(awsProvider))
		found.Errors, found.NotAsked = append(found.Errors, inVPC.Errors...), append(found.NotAsked, inVPC.NotAsked...)
		for _, hiding := range inVPC.Hiding {
			notices = append(notices, withSetting(hiding).Error())
		}
	}
	for _, question := range found.NotAsked {
		notices = append(notices, question.String())
	}
	if err := s.warn(notices...); err != nil {
		return nil, err
	}
	for _, err := range found.Errors {
		all = append(all, withSetting(err))
	}
	return all, s.warnOfRecords(awsProvider)
}

// warn logs warnings.
func (s *sharedStack) warn(texts ...string) error {
	for _, text := range texts {
		if err := s.ctx.Log.Warn(text, nil); err != nil {
			return fmt.Errorf("log: %w", err)
		}
	}
	return nil
}

// warnOfRecords logs which records existing zones have that the update is to create. It
// is no error: a record that was handed to the stack by pulumi import is in its state.
func (s *sharedStack) warnOfRecords(awsProvider pulumi.ProviderResource) error {
	for _, zone := range s.topology.Zones {
		at := s.existingZone(zone.Name)
		isOld := func(host mapping.Host) bool { return slices.Contains(s.reports.own.Hosts, host) }
		if at < 0 || !slices.ContainsFunc(zone.Hosts, func(host mapping.Host) bool { return !isOld(host) }) {
			continue
		}
		existing := s.config.DNS.Existing[at]
		owner, err := s.account(existing.RoleARN, s.config.AWS.Region)
		if err != nil {
			return err
		}
		args := &components.ExistingRecordsArgs{Zone: components.HostedZone{ID: existing.ID, Owner: owner}, NamePrefix: s.prefix, Provider: awsProvider}
		for _, record := range zone.Records {
			if !isOld(record.Name) && (!record.Name.IsWildcard() || !slices.ContainsFunc(zone.Hosts, isOld)) {
				args.Zone.Records = append(args.Zone.Records, components.AliasRecord{Name: string(record.Name)})
			}
		}
		names, err := components.ExistingRecords(s.ctx, args)
		text := ""
		switch {
		case err != nil:
			text = components.NotAsked{Action: "route53:ListResourceRecordSets", Question: fmt.Sprintf("whether zone %s (%s) has records of custom domains", existing.ID, existing.Name), Err: err}.String()
		case len(names) > 0:
			text = fmt.Sprintf("zone %s (portico:dns.existing[%d]) has records already of %s: no update overwrites them: delete them, or hand them to the stack with pulumi import before the update, as accounts/README.md shows",
				existing.ID, at, strings.Join(names, ", "))
		default:
			continue
		}
		if err := s.warn(text); err != nil {
			return err
		}
	}
	return nil
}

// existingVPC describes what the stack is to make in the VPC.
func (s *sharedStack) existingVPC(awsProvider pulumi.ProviderResource) *components.ExistingVPCArgs {
	args := &components.ExistingVPCArgs{
		AccountID: s.config.AWS.AccountID,
		Region:    s.config.AWS.Region,
		VPCID:     s.config.Network.VPCID,
		SubnetIDs: s.config.Network.SubnetIDs,
		NewSubnetIDs: slices.DeleteFunc(slices.Clone(s.config.Network.SubnetIDs), func(id string) bool {
			return s.reports.own.Network != nil && slices.Contains(s.reports.own.Network.SubnetIDs, id)
		}),
		LoadBalancers: len(s.topology.LoadBalancers),
		Zones:         s.newZones(),
		Hosts:         s.newHosts(),
		Tags:          s.tags,
		UseEndpoint: func(service, id string) string {
			if id == components.SeveralEndpoints {
				return fmt.Sprintf("write portico:endpoints.%s: {id: vpce-...} to use one of them", endpointKeys[service])
			}
			return fmt.Sprintf("write portico:endpoints.%s: {lookup: true} to use it", endpointKeys[service])
		},
		UseZone: func(name, id string) string {
			return fmt.Sprintf("write portico:dns.existing: [{name: %s, id: %s}] to add the records to it", name, id)
		},
		UseHostZone: func(name, id string) string {
			return fmt.Sprintf("write portico:dns: {scope: host, existing: [{name: %s, id: %s}]}, which gives each custom domain a zone of its own and this one that zone", name, id)
		},
		Provider: awsProvider,
	}
	create := func(service string, source settings.Endpoint) {
		if source == (settings.Endpoint{}) {
			args.Endpoints = append(args.Endpoints, service)
		}
	}
	config := s.config.Endpoints
	if s.deploys(mapping.FrontDoorNGINX) {
		args.Tasks = s.config.Task.Min
		create("execute-api", config.ExecuteAPI)
		for _, used := range []components.UsedEndpoint{s.usedByTasks("logs", config.Logs), s.usedByTasks("ecr.api", config.ECRAPI), s.usedByTasks("ecr.dkr", config.ECRDKR)} {
			if used.Source == (components.EndpointSource{}) {
				args.Endpoints = append(args.Endpoints, used.Service)
			} else {
				args.UsedEndpoints = append(args.UsedEndpoints, used)
			}
		}
		args.S3 = config.S3 == (settings.Endpoint{})
	}
	if s.deploys(mapping.FrontDoorALB) {
		create("execute-api", config.ALB)
	}
	if s.deploys(mapping.FrontDoorNative) {
		create("execute-api", config.Native)
	}
	return args
}

// usedByTasks is an endpoint that the tasks need to start. The group of the
// tasks may be admitted by its owner as soon as this stack has made it.
func (s *sharedStack) usedByTasks(service string, source settings.Endpoint) components.UsedEndpoint {
	group := s.config.SecurityGroups.TasksID
	return components.UsedEndpoint{
		Service: service, Source: sourceOfEndpoint(source), Clients: "the proxy's tasks",
		ClientGroupID: group, ClientGroupExists: group == "" && s.reports.own.Network != nil,
	}
}

func sourceOfEndpoint(c settings.Endpoint) components.EndpointSource {
	return components.EndpointSource{ID: c.ID, Lookup: c.Lookup}
}

// endpointKeys are the services' keys of portico:endpoints.
var endpointKeys = map[string]string{"logs": "logs", "ecr.api": "ecrApi", "ecr.dkr": "ecrDkr", "s3": "s3"}

// existingZone is the index of a private zone in portico:dns.existing; negative: it is
// created.
func (s *sharedStack) existingZone(name mapping.Zone) int {
	return slices.IndexFunc(s.config.DNS.Existing, func(e settings.ExistingZone) bool { return e.Name == string(name) })
}

// newZones are the private zones to create that have no host of the last run.
func (s *sharedStack) newZones() []string {
	var names []string
	for _, zone := range s.topology.Zones {
		had := slices.ContainsFunc(zone.Records, func(r topology.Record) bool { return slices.Contains(s.reports.own.Hosts, r.Name) }) ||
			slices.ContainsFunc(zone.Hosts, func(host mapping.Host) bool { return slices.Contains(s.reports.own.Hosts, host) })
		if s.existingZone(zone.Name) < 0 && !had {
			names = append(names, string(zone.Name))
		}
	}
	return names
}

// newHosts are the custom domains that the last run did not have, by their private zones.
func (s *sharedStack) newHosts() map[string][]string {
	hosts := map[string][]string{}
	for _, zone := range s.topology.Zones {
		for _, host := range zone.Hosts {
			if !slices.Contains(s.reports.own.Hosts, host) {
				hosts[string(zone.Name)] = append(hosts[string(zone.Name)], string(host))
			}
		}
	}
	return hosts
}

// eachWithSetting takes a joined error apart.
func eachWithSetting(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{withSetting(err)}
	}
	var all []error
	for _, one := range joined.Unwrap() {
		all = append(all, eachWithSetting(one)...)
	}
	return all
}

// orExisting joins what the account has with a later error, sorted.
func (e existingErrors) orExisting(later error) error {
	if len(e) == 0 {
		return later
	}
	all := slices.Clone(e)
	if later != nil {
		all = append(all, eachWithSetting(later)...)
	}
	slices.SortStableFunc(all, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	return all
}
