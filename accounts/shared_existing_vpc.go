package accounts

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

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
		LoadBalancers:    len(s.topology.LoadBalancers),
		InboundSubnetIDs: s.newInboundSubnets(),
		Zones:            s.newZones(),
		Hosts:            s.newHosts(),
		Tags:             tagsOf(s.config.App),
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
		create("execute-api", config.ExecuteAPI.Endpoint())
		create("logs", config.Logs)
		create("ecr.api", config.ECRAPI)
		create("ecr.dkr", config.ECRDKR)
		args.S3 = config.S3 == (settings.Endpoint{})
	}
	if s.deploys(mapping.FrontDoorALB) {
		create("execute-api", config.ALB.Endpoint())
	}
	if s.deploys(mapping.FrontDoorNative) {
		create("execute-api", config.Native.Endpoint())
	}
	args.UsedEndpoints, args.ExistingGroups = s.usedEndpoints(), s.existingGroups()
	return args
}

// usedEndpoints are the endpoints that exist and that this run uses.
func (s *sharedStack) usedEndpoints() []components.UsedEndpoint {
	config := s.config.Endpoints
	var used []components.UsedEndpoint
	use := func(endpoint components.UsedEndpoint) {
		if endpoint.Source != (components.EndpointSource{}) {
			used = append(used, endpoint)
		}
	}
	if s.deploys(mapping.FrontDoorNGINX) {
		use(components.UsedEndpoint{Key: "executeApi", Service: "execute-api", Source: s.endpointSource(mapping.FrontDoorNGINX, config.ExecuteAPI),
			Clients: components.ProxyTasks, Alone: !config.TrustCallers, ClientGroupID: s.config.SecurityGroups.TasksID})
		use(s.usedByTasks("logs", config.Logs))
		use(s.usedByTasks("ecr.api", config.ECRAPI))
		use(s.usedByTasks("ecr.dkr", config.ECRDKR))
		use(s.usedByTasks("s3", config.S3))
	}
	if s.deploys(mapping.FrontDoorALB) {
		use(components.UsedEndpoint{Key: "alb", Service: "execute-api", Source: s.endpointSource(mapping.FrontDoorALB, config.ALB),
			Clients: components.LoadBalancerItself, Alone: !config.TrustCallers, ClientGroupID: s.config.SecurityGroups.LoadBalancerID})
	}
	if s.deploys(mapping.FrontDoorNative) {
		use(components.UsedEndpoint{Key: "native", Service: "execute-api", Source: s.endpointSource(mapping.FrontDoorNative, config.Native), Clients: components.AnyCaller})
	}
	return used
}

// existingGroups are the security groups that exist and may admit one other alone.
func (s *sharedStack) existingGroups() []components.ExistingGroup {
	given := s.config.SecurityGroups
	var groups []components.ExistingGroup
	if !s.deploys(mapping.FrontDoorNGINX) {
		return nil
	}
	if given.EndpointID != "" && s.config.Endpoints.ExecuteAPI.Endpoint() == (settings.Endpoint{}) && !s.config.Endpoints.TrustCallers {
		groups = append(groups, components.ExistingGroup{ID: given.EndpointID, Callers: components.ProxyTasks, CallersGroupID: given.TasksID})
	}
	if given.TasksID != "" && s.speaksProxyProtocol() {
		groups = append(groups, components.ExistingGroup{ID: given.TasksID, Callers: components.LoadBalancerItself, CallersGroupID: given.LoadBalancerID})
	}
	return groups
}

// usedByTasks is an endpoint that the tasks need to start. The group of the
// tasks may be admitted by its owner as soon as this stack has made it.
func (s *sharedStack) usedByTasks(service string, source settings.Endpoint) components.UsedEndpoint {
	group := s.config.SecurityGroups.TasksID
	return components.UsedEndpoint{
		Key: endpointKeys[service], Service: service, Source: sourceOfEndpoint(source), Clients: components.ProxyTasks,
		ClientGroupID: group, ClientGroupExists: group == "" && s.reports.own.Network != nil,
	}
}

func sourceOfEndpoint(c settings.Endpoint) components.EndpointSource {
	return components.EndpointSource{ID: c.ID, Lookup: c.Lookup}
}

// endpointKeys are the services' keys of portico:endpoints.
var endpointKeys = map[string]string{"logs": "logs", "ecr.api": "ecrApi", "ecr.dkr": "ecrDkr", "s3": "s3"}

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
