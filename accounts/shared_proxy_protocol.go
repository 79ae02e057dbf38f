package accounts

import (
	"fmt"
	"maps"
	"slices"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/outputs"
)

// proxyProtocol says, for each Network Load Balancer of the proxy, how this run
// deploys proxy protocol.
//
// Load balancers of earlier versions lead to the tasks' port without it. A run turns
// it on for as many as the service's target groups allow, since each needs a second
// one meanwhile; the next run takes the former target group away. Five load balancers
// leave no room.
func (s *sharedStack) proxyProtocol() map[string]components.ProxyProtocol {
	var names []string
	for _, balancer := range s.topology.LoadBalancers {
		if s.proxied(balancer) && s.config.LoadBalancer.Type == components.NetworkLoadBalancer {
			names = append(names, balancer.Name)
		}
	}
	return planProxyProtocol(names, s.reports.own.LoadBalancing, s.config.LoadBalancer.TellsCallers())
}

// speaksProxyProtocol reports whether any load balancer leads to the tasks' port for
// it in this run, before it or after it.
func (s *sharedStack) speaksProxyProtocol() bool {
	for _, planned := range s.proxyProtocol() {
		if planned != components.ProxyProtocolOff {
			return true
		}
	}
	return false
}

func planProxyProtocol(names []string, previous outputs.LoadBalancing, wanted bool) map[string]components.ProxyProtocol {
	before := map[string]bool{}
	for _, described := range previous.ProxyProtocol {
		before[described.LoadBalancer] = described.State == outputs.ProxyProtocolOn || described.State == outputs.ProxyProtocolTurningOn
	}
	// What an earlier version deployed says nothing of proxy protocol.
	earlier := previous.Type == components.NetworkLoadBalancer && previous.ProxyProtocol == nil
	settled := map[bool]components.ProxyProtocol{true: components.ProxyProtocolOn, false: components.ProxyProtocolOff}
	turning := map[bool]components.ProxyProtocol{true: components.ProxyProtocolTurningOn, false: components.ProxyProtocolTurningOff}
	room := components.MaxTargetGroups - len(names)
	planned := map[string]components.ProxyProtocol{}
	for _, name := range slices.Sorted(slices.Values(names)) {
		on, known := before[name]
		if !known {
			on = wanted && !earlier
		}
		switch {
		case on == wanted || room == 0:
			planned[name] = settled[on]
		default:
			planned[name] = turning[wanted]
			room--
		}
	}
	return planned
}

// describeProxyProtocol is what the next run has to know of a plan.
func describeProxyProtocol(planned map[string]components.ProxyProtocol) []outputs.ProxyProtocol {
	states := map[components.ProxyProtocol]outputs.ProxyProtocolState{
		components.ProxyProtocolOff:        outputs.ProxyProtocolOff,
		components.ProxyProtocolTurningOn:  outputs.ProxyProtocolTurningOn,
		components.ProxyProtocolOn:         outputs.ProxyProtocolOn,
		components.ProxyProtocolTurningOff: outputs.ProxyProtocolTurningOff,
	}
	var described []outputs.ProxyProtocol
	for _, name := range slices.Sorted(maps.Keys(planned)) {
		described = append(described, outputs.ProxyProtocol{LoadBalancer: name, State: states[planned[name]]})
	}
	return described
}

// turnListeners creates the listeners that have to come after the proxy's service.
func (s *sharedStack) turnListeners(deployed *deployedFrontDoors) error {
	planned := s.proxyProtocol()
	for _, name := range slices.Sorted(maps.Keys(planned)) {
		if !planned[name].Turns() {
			continue
		}
		if err := deployed.balancers[name].ListenAfter(deployed.proxy); err != nil {
			return err
		}
	}
	return nil
}

// proxyProtocolNotices say what turns on or off, and what has no room to.
func (s *sharedStack) proxyProtocolNotices() []string {
	wanted := s.config.LoadBalancer.TellsCallers()
	turning, left := false, false
	for _, planned := range s.proxyProtocol() {
		turning = turning || planned.Turns()
		left = left || !planned.Turns() && (planned == components.ProxyProtocolOn) != wanted
	}
	var lines []string
	if turning {
		lines = append(lines, fmt.Sprintf("proxy protocol is turned %s for Network Load Balancers: this update deploys the proxy with a second target group for each, then turns their listeners; the next update of this stack takes the former target groups away", onOrOff(wanted)))
	}
	if left {
		lines = append(lines, fmt.Sprintf("proxy protocol is not %s yet for some of the proxy's Network Load Balancers, since a service has at most %d target groups: further updates of this stack turn it %s for one after another, unless the load balancers are that many", onOrOff(wanted), components.MaxTargetGroups, onOrOff(wanted)))
	}
	return lines
}

func onOrOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
