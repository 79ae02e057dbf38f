package rehearsal

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/rehearsal/live"
	"github.com/portico-iac/portico/mapping"
)

// frontDoor is a front door as the accounts show it.
type frontDoor struct {
	// endpoint serves the front door's rows.
	endpoint live.Endpoint
	// from is the client that is meant to reach the endpoint: a task of the
	// proxy, a load balancer, or any workload of the VPC.
	from live.Interface
}

// findFrontDoors finds which front door an endpoint serves by what leads to it: the
// proxy's tasks, a target group of plain addresses, or an access association. A
// front door without an endpoint is missing.
func findFrontDoors(environment *live.Environment, client live.Interface) map[mapping.FrontDoor]frontDoor {
	frontDoors := make(map[mapping.FrontDoor]frontDoor)
	for _, endpoint := range environment.Endpoints {
		if endpoint.VPCID != environment.VPCID {
			continue // a consumer's
		}
		if i := slices.IndexFunc(environment.Tasks, func(task live.Task) bool { return leadsTo(task, endpoint) }); i >= 0 {
			frontDoors[mapping.FrontDoorNGINX] = frontDoor{endpoint: endpoint, from: environment.Tasks[i].Interface}
		}
		for _, balancer := range environment.LoadBalancers {
			if balances(balancer, endpoint) {
				frontDoors[mapping.FrontDoorALB] = frontDoor{endpoint: endpoint, from: balancer.Interfaces[0]}
			}
		}
		if slices.ContainsFunc(environment.Domains, func(d live.Domain) bool { return slices.Contains(d.VPCEndpointIDs, endpoint.ID) }) {
			frontDoors[mapping.FrontDoorNative] = frontDoor{endpoint: endpoint, from: client}
		}
	}
	return frontDoors
}

// leadsTo reports whether a task's environment names an address of an endpoint.
func leadsTo(task live.Task, endpoint live.Endpoint) bool {
	for _, one := range endpoint.Interfaces {
		for _, value := range task.Environment {
			if lists(value, netip.AddrPortFrom(one.Address, httpsPort).String()) {
				return true
			}
		}
	}
	return false
}

// balances reports whether a rule of a load balancer forwards to an endpoint.
func balances(balancer live.LoadBalancer, endpoint live.Endpoint) bool {
	for _, listener := range balancer.Listeners {
		for _, rule := range listener.Rules {
			if aimsAt(rule.TargetGroup, endpoint) {
				return len(balancer.Interfaces) > 0
			}
		}
	}
	return false
}

// aimsAt reports whether an endpoint's addresses are targets of a group.
func aimsAt(group live.TargetGroup, endpoint live.Endpoint) bool {
	return slices.ContainsFunc(endpoint.Interfaces, func(one live.Interface) bool {
		return slices.Contains(group.Targets, netip.AddrPortFrom(one.Address, httpsPort))
	})
}

// entrance says of an address to which a row's name leads why it isn't the
// front door's; nil: it is.
func (p *prober) entrance(row mapping.Row, address netip.Addr) error {
	if row.FrontDoor == mapping.FrontDoorNative {
		if !slices.ContainsFunc(p.frontDoors[mapping.FrontDoorNative].endpoint.Interfaces, func(one live.Interface) bool { return one.Address == address }) {
			return fmt.Errorf("%s is not an address of endpoint %s", address, p.frontDoors[mapping.FrontDoorNative].endpoint.ID)
		}
		return nil
	}
	for _, balancer := range p.environment.LoadBalancers {
		if !slices.ContainsFunc(balancer.Interfaces, func(one live.Interface) bool { return one.Address == address }) {
			continue
		}
		if !p.serves(balancer, row) {
			return fmt.Errorf("%s is an address of load balancer %s, which doesn't lead to the front door %s", address, balancer.Name, row.FrontDoor)
		}
		return nil
	}
	return fmt.Errorf("%s is not an address of a load balancer", address)
}

// serves reports whether a load balancer forwards a row's host to the row's front
// door.
func (p *prober) serves(balancer live.LoadBalancer, row mapping.Row) bool {
	for _, listener := range balancer.Listeners {
		if listener.Port != httpsPort {
			continue
		}
		group := listener.TargetGroup
		for _, rule := range listener.Rules {
			if slices.ContainsFunc(rule.Hosts, func(host string) bool { return strings.EqualFold(host, sampleHost(row)) }) {
				group = rule.TargetGroup
			}
		}
		if row.FrontDoor == mapping.FrontDoorALB {
			return aimsAt(group, p.frontDoors[mapping.FrontDoorALB].endpoint)
		}
		return slices.ContainsFunc(p.environment.Tasks, func(task live.Task) bool { return task.IsTargetOf(group) })
	}
	return false
}

// frontDoorOf is the front door that an endpoint serves; "": none of ours.
func (p *prober) frontDoorOf(endpoint live.Endpoint) mapping.FrontDoor {
	for name, d := range p.frontDoors {
		if d.endpoint.ID == endpoint.ID {
			return name
		}
	}
	return ""
}

// callerAt is the client nearest to an endpoint: the one that is meant to reach
// it, or for another owner's endpoint a task of the proxy or a workload.
func (p *prober) callerAt(endpoint live.Endpoint) live.Interface {
	if d, ok := p.frontDoors[p.frontDoorOf(endpoint)]; ok {
		return d.from
	}
	if endpoint.VPCID == p.environment.VPCID && len(p.environment.Tasks) > 0 {
		return p.environment.Tasks[0].Interface
	}
	return p.clients[endpoint.VPCID]
}

// otherVPCs are VPCs, of whatever account, that ask the zone that answers for a
// host, beside the data path's own: a few of them.
func (p *prober) otherVPCs(host string) []string {
	const asked = 3
	var answering live.Zone
	for _, zone := range p.environment.Zones {
		isOwn := slices.Contains(zone.VPCIDs, p.environment.VPCID)
		if covering := host == zone.Name || strings.HasSuffix(host, "."+zone.Name); isOwn && covering && len(zone.Name) > len(answering.Name) {
			answering = zone
		}
	}
	others := slices.DeleteFunc(slices.Clone(answering.VPCIDs), func(id string) bool { return id == p.environment.VPCID })
	return others[:min(len(others), asked)]
}
