package accounts

import (
	"strings"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// albRoutings creates the listener rules of the load balancers' alb hosts, by the
// load balancers' names; a load balancer without such rules has no entry.
// While all alb hosts wait for their accounts, each load balancer that may get one
// has the routing already.
func (s *sharedStack) albRoutings(network *components.Network, deployed *deployedFrontDoors) (map[string]*components.ALBRouting, error) {
	all := map[string]*components.ALBRouting{}
	if deployed.alb == nil {
		return all, nil
	}
	for _, balancer := range s.topology.LoadBalancers {
		if len(balancer.ALBHosts) == 0 && (len(s.topology.ALBHosts) > 0 || s.proxied(balancer) && !s.config.SharesLoadBalancer()) {
			continue
		}
		toAPIGateway, toProxy := s.hostsByTarget(balancer)
		routing, err := components.NewALBRouting(s.ctx, s.prefix+routingSuffix(balancer.Name), &components.ALBRoutingArgs{
			LoadBalancer:      deployed.balancers[balancer.Name],
			VPCID:             network.VPCID,
			Endpoint:          deployed.alb,
			HostsToAPIGateway: toAPIGateway,
			HostsToProxy:      toProxy,
			Proxy:             deployed.proxy,
			LongestTimeout:    s.longestTimeout(mapping.FrontDoorALB),
			Tags:              s.tags,
		}, s.providers)
		if err != nil {
			return nil, err
		}
		all[balancer.Name] = routing
	}
	return all, nil
}

// hostsByTarget are the hosts that have a rule on a load balancer, by where it
// forwards them. Where the proxy is behind it too, a host moves to nginx by its
// rule, and its name resolves to the same load balancer as before. The next run
// deletes the rule. Without a rule the host would move when rules are deleted, at
// a run's end, after the outputs that say that it has moved.
func (s *sharedStack) hostsByTarget(balancer topology.LoadBalancer) (toAPIGateway, toProxy []string) {
	for _, host := range balancer.ALBHosts {
		if s.proxied(balancer) && s.topology.Plan[host].Current == mapping.FrontDoorNGINX {
			toProxy = append(toProxy, string(host))
		} else {
			toAPIGateway = append(toAPIGateway, string(host))
		}
	}
	return toAPIGateway, toProxy
}

// routingSuffix ends the name of the routing of a load balancer's alb hosts: "-api",
// "-api2", "-alb", "-alb2". It differs between the proxy's load balancers and those
// of alb hosts alone: a target group belongs to one load balancer, and a change from
// the one to the other needs another.
func routingSuffix(balancer string) string {
	if strings.HasPrefix(balancer, "alb") {
		return "-" + balancer
	}
	return "-api" + balancer
}
