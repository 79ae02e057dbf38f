package accounts

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// export writes the stack's outputs: those of outputs.Shared, some of which AWS
// decides.
func (s *sharedStack) export(network *components.Network, deployed *deployedFrontDoors, service *components.Service, zones *components.Zones) error {
	if err := exportPlain(s.ctx, outputs.Shared{
		Contract:      outputs.Contract,
		Region:        s.config.AWS.Region,
		AccountID:     mapping.AccountID(s.config.AWS.AccountID),
		NamePrefix:    s.prefix,
		MappingDigest: s.mapping.Digest,
		Hosts:         append([]mapping.Host{}, s.topology.Resolvable...),
	}); err != nil {
		return err
	}
	if err := s.exportLoadBalancing(deployed); err != nil {
		return err
	}
	s.exportNetwork(network)
	if s.widePolicies() {
		s.ctx.Export("widePolicies", pulumi.Bool(true))
	}
	id, dnsName := deployed.endpoint()
	s.ctx.Export("vpcEndpointId", id)
	s.ctx.Export("vpcEndpointDnsName", dnsName)
	s.ctx.Export("endpoints", deployed.endpointIDs())
	if balancer := s.firstBalancer(deployed); balancer != nil {
		s.ctx.Export("loadBalancerDnsName", balancer.DNSName)
	}
	if len(deployed.balancers) > 1 {
		s.ctx.Export("loadBalancers", s.loadBalancerOutputs(deployed))
	}
	s.exportDefaultNames(deployed)
	if service != nil {
		s.ctx.Export("ecsCluster", service.Cluster)
		s.ctx.Export("logGroup", service.LogGroupName)
		// The next run takes it that what is named here has run.
		s.ctx.Export("ecsService", pulumi.All(service.Name, service.TaskDefinitionARN).ApplyT(func(values []any) string { return values[0].(string) }))
	}
	if len(zones.AssociationCommands) > 0 {
		s.ctx.Export("associationCommands", pulumi.StringArray(zones.AssociationCommands))
	}
	if err := s.exportServed(service); err != nil {
		return err
	}
	if err := s.exportBase(service); err != nil {
		return err
	}
	return s.exportFrontDoors(deployed, service, zones)
}

// exportZones exports the zones that the stack creates, once they and their records
// exist.
func (s *sharedStack) exportZones(zones *components.Zones) {
	created := s.createdZones()
	if len(created) == 0 {
		return
	}
	var records []any
	for _, record := range zones.Records {
		records = append(records, record.URN())
	}
	s.ctx.Export("zones", pulumi.All(records...).ApplyT(func([]any) []string { return created }))
}

// createdZones are the private hosted zones that the stack creates.
func (s *sharedStack) createdZones() []string {
	var zones []string
	for _, zone := range s.topology.Zones {
		if s.existingZone(zone.Name) < 0 {
			zones = append(zones, string(zone.Name))
		}
	}
	return zones
}

// exportLoadBalancing exports what serves the front doors, once the listeners are
// what it says.
func (s *sharedStack) exportLoadBalancing(deployed *deployedFrontDoors) error {
	described := s.loadBalancing()
	if described.Type == "" && described.ALB == "" {
		return nil
	}
	encoded, err := outputs.Encode(described)
	if err != nil {
		return err
	}
	var listeners []any
	for _, name := range slices.Sorted(maps.Keys(deployed.balancers)) {
		listeners = append(listeners, deployed.balancers[name].ListenerARN)
	}
	s.ctx.Export("loadBalancing", pulumi.All(listeners...).ApplyT(func([]any) any { return encoded }))
	return nil
}

// exportServed exports what the proxy serves, once its tasks do. A preview exports
// what it will: the phases that follow are told from it.
func (s *sharedStack) exportServed(service *components.Service) error {
	if s.reports.served == nil {
		return nil
	}
	encoded, err := outputs.Encode(s.reports.served)
	if err != nil {
		return err
	}
	if service == nil || s.ctx.DryRun() {
		s.ctx.Export("served", pulumi.Any(encoded))
		return nil
	}
	s.ctx.Export("served", service.TaskDefinitionARN.ApplyT(func(string) any { return encoded }))
	return nil
}

// endpoint is the one for readers that know of one only.
func (d *deployedFrontDoors) endpoint() (id, dnsName pulumi.StringOutput) {
	switch {
	case d.endpoints != nil:
		return d.endpoints.ExecuteAPIID, d.endpoints.ExecuteAPIDNSName
	case d.alb != nil:
		return d.alb.EndpointID, d.alb.DNSName
	default:
		return d.native.EndpointID, d.native.DNSName
	}
}

func (d *deployedFrontDoors) endpointIDs() pulumi.StringMap {
	ids := pulumi.StringMap{}
	if d.endpoints != nil {
		ids[string(mapping.FrontDoorNGINX)] = d.endpoints.ExecuteAPIID
	}
	if d.alb != nil {
		ids[string(mapping.FrontDoorALB)] = d.alb.EndpointID
	}
	if d.native != nil {
		ids[string(mapping.FrontDoorNative)] = d.native.EndpointID
	}
	return ids
}

// loadBalancerOutputs are an outputs.LoadBalancer for each load balancer. The next
// run leaves the certificates where they are.
func (s *sharedStack) loadBalancerOutputs(deployed *deployedFrontDoors) pulumi.Array {
	var all pulumi.Array
	for _, balancer := range s.topology.LoadBalancers {
		described := outputs.LoadBalancer{Name: balancer.Name, CertificateNames: []mapping.Host{}}
		for _, certificate := range balancer.Certificates {
			if certificate.Origin != topology.Issued {
				continue
			}
			described.CertificateNames = append(described.CertificateNames, certificate.Names...)
		}
		all = append(all, deployed.balancers[balancer.Name].DNSName.ApplyT(func(name string) (any, error) {
			described.DNSName = name
			return outputs.Encode(described)
		}))
	}
	return all
}

// exportDefaultNames exports the names of the listeners' default certificates, once the
// listeners have them.
func (s *sharedStack) exportDefaultNames(deployed *deployedFrontDoors) {
	names := map[string][]string{}
	var listeners []any
	for _, balancer := range s.topology.LoadBalancers {
		if first := balancer.Certificates[0]; first.Origin == topology.Issued {
			for _, name := range first.Names {
				names[balancer.Name] = append(names[balancer.Name], string(name))
			}
			listeners = append(listeners, deployed.balancers[balancer.Name].ListenerARN)
		}
	}
	if len(names) > 0 {
		s.ctx.Export("defaultNames", pulumi.All(listeners...).ApplyT(func([]any) map[string][]string { return names }))
	}
}

// firstBalancer is the load balancer without a name of its own, or else the one
// whose name comes first; nil without any. Their order in the topology isn't
// stable.
func (s *sharedStack) firstBalancer(deployed *deployedFrontDoors) *components.LoadBalancer {
	var first *components.LoadBalancer
	name := ""
	for _, balancer := range s.topology.LoadBalancers {
		if first == nil || balancer.Name < name {
			first, name = deployed.balancers[balancer.Name], balancer.Name
		}
	}
	return first
}

// exportFrontDoors exports the states of the hosts, once everything exists that
// they speak of: what the next run reads has been true.
func (s *sharedStack) exportFrontDoors(deployed *deployedFrontDoors, service *components.Service, zones *components.Zones) error {
	s.exportZones(zones)
	states := s.topology.Plan.FrontDoors()
	if len(states) == 0 {
		return nil
	}
	encoded, err := outputs.Encode(states)
	if err != nil {
		return err
	}
	resources := slices.Clone(zones.Records)
	for _, routing := range deployed.albRoutings {
		resources = append(resources, routing.Rules...)
	}
	if deployed.associations != nil {
		for _, association := range deployed.associations.ByHost {
			resources = append(resources, association)
		}
	}
	var created []any
	for _, resource := range resources {
		created = append(created, resource.URN())
	}
	if service != nil {
		created = append(created, service.TaskDefinitionARN)
	}
	exists := pulumi.All(created...)
	s.ctx.Export("frontDoors", exists.ApplyT(func([]any) any { return encoded }))
	direct := migration.DirectRows(s.mapping.Rows, s.topology.Plan)
	if direct == nil {
		return nil
	}
	rows, err := outputs.Encode(direct)
	if err != nil {
		return err
	}
	s.ctx.Export("direct", exists.ApplyT(func([]any) any { return rows }))
	return nil
}
