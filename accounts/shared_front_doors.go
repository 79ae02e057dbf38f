package accounts

import (
	"fmt"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/mapping"
)

// deployedFrontDoors are the components of the front doors that this run deploys.
type deployedFrontDoors struct {
	// endpoints are the proxy's; nil without one. alb and native are the
	// endpoints of these front doors.
	endpoints   *components.Endpoints
	alb, native *components.ExecuteAPIEndpoint
	// inbound is the inbound endpoint of Route 53 Resolver, if its addresses were chosen.
	inbound []pulumi.Resource
	// balancers are the load balancers, by their names in the topology.
	balancers map[string]*components.LoadBalancer
	// certificates are those of the load balancers, by the same names.
	certificates map[string][]components.Certificate
	// albRoutings forward the requests for alb hosts, by the names of those load
	// balancers that have such hosts.
	albRoutings map[string]*components.ALBRouting
	// associations connect the native hosts; nil without such hosts.
	associations *components.AccessAssociations
	// proxy is the proxy's service; nil without one.
	proxy *components.Service
	// logGroup is the name of the proxy's log group.
	logGroup pulumi.StringOutput
}

// deployFrontDoors deploys the front doors that the mapping needs. Endpoints at
// chosen addresses come first, an inbound endpoint of Route 53 Resolver among them.
func (s *sharedStack) deployFrontDoors(network *components.Network, inbound *components.ResolverInbound) (*deployedFrontDoors, error) {
	deployed := &deployedFrontDoors{}
	if inbound != nil && len(s.config.DNS.ResolverInbound.Addresses) > 0 {
		deployed.inbound = []pulumi.Resource{inbound.Endpoint}
	}
	var groups *components.SecurityGroups
	var err error
	if s.deploys(mapping.FrontDoorNGINX) || s.deploys(mapping.FrontDoorALB) {
		if groups, err = s.securityGroups(network); err != nil {
			return nil, err
		}
	}
	if s.deploys(mapping.FrontDoorALB) {
		if deployed.alb, err = s.albEndpoint(network, groups); err != nil {
			return nil, err
		}
	}
	if s.deploys(mapping.FrontDoorNGINX) {
		if deployed.endpoints, err = s.endpoints(network, groups, deployed.staticEndpoints()); err != nil {
			return nil, err
		}
	}
	if s.deploys(mapping.FrontDoorNative) {
		if deployed.native, err = s.nativeEndpoint(network, deployed.staticEndpoints()); err != nil {
			return nil, err
		}
		if deployed.associations, err = s.accessAssociations(deployed.native); err != nil {
			return nil, err
		}
	}
	if deployed.balancers, deployed.certificates, err = s.loadBalancers(network, groups, deployed.staticEndpoints()); err != nil {
		return nil, err
	}
	if s.deploys(mapping.FrontDoorNGINX) {
		if deployed.proxy, err = s.service(network, groups, deployed); err != nil {
			return nil, err
		}
		if err := s.turnListeners(deployed); err != nil {
			return nil, err
		}
		if err := s.alarms(network, deployed); err != nil {
			return nil, err
		}
		if err := s.dashboard(network, deployed); err != nil {
			return nil, err
		}
	}
	deployed.albRoutings, err = s.albRoutings(network, deployed)
	return deployed, err
}

// deploys reports whether this run deploys a front door.
func (s *sharedStack) deploys(frontDoor mapping.FrontDoor) bool {
	return slices.Contains(s.topology.FrontDoors, frontDoor)
}

// staticEndpoints are the endpoints at chosen addresses. AWS must create them before
// it gives the subnets' addresses to other resources.
func (d *deployedFrontDoors) staticEndpoints() []pulumi.Resource {
	switch {
	case d.endpoints != nil:
		return slices.Concat(d.inbound, d.endpoints.StaticEndpoints)
	case d.alb != nil:
		return slices.Concat(d.inbound, d.alb.StaticEndpoints)
	}
	return d.inbound
}

// checkDistinct reports that two front doors were given one endpoint, of the IDs that
// exist by their keys. A client of alb or native could send the proxy's Referer through
// it, and AWS doesn't let one endpoint serve REGIONAL and PRIVATE custom domains.
func checkDistinct(endpoints map[string]string) []error {
	keys := map[string]string{} // by ID
	var wrong []error
	for _, key := range []string{"executeApi", "alb", "native"} {
		id := endpoints[key]
		if other := keys[id]; id != "" && other != "" {
			wrong = append(wrong, fmt.Errorf("use endpoint %s: portico:endpoints.%s and portico:endpoints.%s are the same one: each front door needs an endpoint of its own: take one of the keys out, or name another endpoint",
				id, other, key))
		}
		keys[id] = key
	}
	return wrong
}

// longestTimeout is the longest that a row whose host the front doors serve, or
// are to serve, lets a request take.
func (s *sharedStack) longestTimeout(frontDoors ...mapping.FrontDoor) time.Duration {
	var longest time.Duration
	for _, row := range s.mapping.Rows {
		for _, frontDoor := range frontDoors {
			if !row.Retired && (row.FrontDoor == frontDoor || s.topology.Plan[row.Host].Serves(frontDoor)) {
				longest = max(longest, row.ReadTimeout())
			}
		}
	}
	for _, route := range s.topology.Routes {
		if slices.Contains(frontDoors, mapping.FrontDoorNGINX) {
			longest = max(longest, route.Timeout)
		}
	}
	return longest
}
