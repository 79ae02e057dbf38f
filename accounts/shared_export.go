package accounts

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// export writes the stack's outputs.
func (s *sharedStack) export(network *components.Network, doors *frontDoors, service *components.Service, zones *components.Zones) {
	hosts := make(pulumi.StringArray, len(s.topology.Served))
	for i, host := range s.topology.Served {
		hosts[i] = pulumi.String(host)
	}
	s.ctx.Export("contract", pulumi.Int(Contract))
	s.ctx.Export("region", pulumi.String(s.config.AWS.Region))
	s.ctx.Export("accountId", pulumi.String(s.config.AWS.AccountID))
	s.ctx.Export("vpcId", network.VPCID)
	s.ctx.Export("mappingDigest", pulumi.String(s.mapping.Digest))
	s.ctx.Export("hosts", hosts)
	id, dnsName := doors.endpoint()
	s.ctx.Export("vpcEndpointId", id)
	s.ctx.Export("vpcEndpointDnsName", dnsName)
	s.ctx.Export("endpoints", doors.endpointIDs())
	if balancer := s.firstBalancer(doors); balancer != nil {
		s.ctx.Export("loadBalancerDnsName", balancer.DNSName)
	}
	if len(doors.balancers) > 1 {
		s.ctx.Export("loadBalancers", s.balancerOutputs(doors))
	}
	if placements := unsettled(s.topology.Placements); len(placements) > 0 {
		s.ctx.Export("doors", doors.placed(service, zones, placements))
	}
	if len(zones.AssociationCommands) > 0 {
		s.ctx.Export("associationCommands", pulumi.StringArray(zones.AssociationCommands))
	}
}

// endpoint is the one for readers that know of one only.
func (d *frontDoors) endpoint() (id, dnsName pulumi.StringOutput) {
	switch {
	case d.endpoints != nil:
		return d.endpoints.ExecuteAPIID, d.endpoints.ExecuteAPIDNSName
	case d.alb != nil:
		return d.alb.EndpointID, d.alb.DNSName
	default:
		return d.native.EndpointID, d.native.DNSName
	}
}

func (d *frontDoors) endpointIDs() pulumi.StringMap {
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

// balancerOutputs tell the load balancers apart, and which names' certificates
// each has: the next run leaves them where they are.
func (s *sharedStack) balancerOutputs(doors *frontDoors) pulumi.Array {
	var all pulumi.Array
	for i, balancer := range s.topology.LoadBalancers {
		var names pulumi.StringArray
		for _, certificate := range balancer.Certificates {
			if certificate.Origin != topology.Issued {
				continue
			}
			for _, name := range certificate.Names {
				names = append(names, pulumi.String(name))
			}
		}
		all = append(all, pulumi.Map{
			"suffix":           pulumi.String(balancer.Name),
			"dnsName":          doors.balancers[i].DNSName,
			"certificateNames": names,
		})
	}
	return all
}

// firstBalancer is the load balancer without a suffix, or else the one whose
// suffix comes first; nil without any. Their order in the topology isn't stable.
func (s *sharedStack) firstBalancer(doors *frontDoors) *components.LoadBalancer {
	var first *components.LoadBalancer
	name := ""
	for i, balancer := range s.topology.LoadBalancers {
		if first == nil || balancer.Name < name {
			first, name = doors.balancers[i], balancer.Name
		}
	}
	return first
}

// unsettled are the placements of hosts that nginx doesn't serve alone, or that
// are to leave it.
func unsettled(placements map[mapping.Host]topology.Placement) map[mapping.Host]topology.Placement {
	left := map[mapping.Host]topology.Placement{}
	for host, placement := range placements {
		if placement.Name != mapping.FrontDoorNGINX || len(placement.Keeps) > 0 || placement.Waits != "" {
			left[host] = placement
		}
	}
	return left
}

// placed is the output doors. It is known when everything stands of which it
// tells: what the next run reads has been true.
func (d *frontDoors) placed(service *components.Service, zones *components.Zones, placements map[mapping.Host]topology.Placement) pulumi.Output {
	var stands []any
	resources := slices.Clone(zones.Records)
	for _, door := range d.albRoutings {
		if door != nil {
			resources = append(resources, door.Rules...)
		}
	}
	if d.associations != nil {
		for _, association := range d.associations.ByHost {
			resources = append(resources, association)
		}
	}
	for _, resource := range resources {
		stands = append(stands, resource.URN())
	}
	if service != nil {
		stands = append(stands, service.TaskDefinitionARN)
	}
	return pulumi.All(stands...).ApplyT(func([]any) map[string]any {
		entries := map[string]any{}
		for host, placement := range placements {
			entries[string(host)] = placementEntry(placement)
		}
		return entries
	})
}

// placementEntry is a host's entry in the output doors: only what there is.
func placementEntry(p topology.Placement) map[string]any {
	entry := map[string]any{}
	if p.Name != "" {
		entry["name"] = string(p.Name)
	}
	if len(p.Keeps) > 0 {
		var keeps []any
		for _, door := range p.Keeps {
			keeps = append(keeps, string(door))
		}
		entry["keeps"] = keeps
	}
	if p.Waits != "" {
		entry["waits"] = string(p.Waits)
	}
	return entry
}
