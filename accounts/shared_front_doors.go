package accounts

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/mapping"
)

// frontDoors are what stands of the front doors.
type frontDoors struct {
	// endpoints are the proxy's; nil without one. alb and native are the
	// endpoints of these front doors.
	endpoints   *components.Endpoints
	alb, native *components.ExecuteAPIEndpoint
	// balancers are the load balancers, by their names in the topology.
	balancers map[string]*components.LoadBalancer
	// albRoutings forward the requests for alb hosts, by the names of those load
	// balancers that have such hosts.
	albRoutings map[string]*components.ALBRouting
	// associations connect the native hosts; nil without such hosts.
	associations *components.AccessAssociations
	// proxy is the proxy's service; nil without one.
	proxy *components.Service
}

// frontDoors makes what stands of the front doors. Endpoints at chosen addresses
// come first.
func (s *sharedStack) frontDoors(network *components.Network) (*frontDoors, error) {
	doors := &frontDoors{}
	var groups *components.SecurityGroups
	var err error
	if s.stands(mapping.FrontDoorNGINX) || s.stands(mapping.FrontDoorALB) {
		if groups, err = s.securityGroups(network); err != nil {
			return nil, err
		}
	}
	if s.stands(mapping.FrontDoorALB) {
		if doors.alb, err = s.albEndpoint(network, groups); err != nil {
			return nil, err
		}
	}
	if s.stands(mapping.FrontDoorNGINX) {
		if doors.endpoints, err = s.endpoints(network, groups, doors.staticEndpoints()); err != nil {
			return nil, err
		}
	}
	if s.stands(mapping.FrontDoorNative) {
		if doors.native, err = s.nativeEndpoint(network, doors.staticEndpoints()); err != nil {
			return nil, err
		}
		if doors.associations, err = s.accessAssociations(doors.native); err != nil {
			return nil, err
		}
	}
	if err := doors.checkDistinct(); err != nil {
		return nil, err
	}
	if doors.balancers, err = s.loadBalancers(network, groups, doors.staticEndpoints()); err != nil {
		return nil, err
	}
	if s.stands(mapping.FrontDoorNGINX) {
		if doors.proxy, err = s.service(network, groups, doors); err != nil {
			return nil, err
		}
	}
	doors.albRoutings, err = s.albRoutings(network, doors)
	return doors, err
}

// stands tells whether the front door has to stand.
func (s *sharedStack) stands(door mapping.FrontDoor) bool {
	return slices.Contains(s.topology.FrontDoors, door)
}

// staticEndpoints are the endpoints at chosen addresses, which come before whatever else
// takes addresses.
func (d *frontDoors) staticEndpoints() []pulumi.Resource {
	if d.endpoints != nil {
		return d.endpoints.StaticEndpoints
	}
	if d.alb != nil {
		return d.alb.StaticEndpoints
	}
	return nil
}

// checkDistinct reports that front doors were given one endpoint. Whoever
// reaches the one of alb or native could send the proxy's Referer through it,
// and AWS doesn't let one endpoint serve REGIONAL and PRIVATE custom domains.
func (d *frontDoors) checkDistinct() error {
	ids := map[string]string{}
	var wrong []error
	check := func(key, id string) {
		if other := ids[id]; id != "" && other != "" {
			wrong = append(wrong, fmt.Errorf("use endpoint %s: portico:endpoints.%s and portico:endpoints.%s are the same one: each front door needs an endpoint of its own: take one of the keys out, or name another endpoint",
				id, other, key))
		}
		ids[id] = key
	}
	if d.endpoints != nil {
		check("executeApi", d.endpoints.ExistingID)
	}
	if d.alb != nil {
		check("alb", d.alb.ExistingID)
	}
	if d.native != nil {
		check("native", d.native.ExistingID)
	}
	return errors.Join(wrong...)
}

// longestTimeout is the longest that a row whose host the front doors serve, or
// are to serve, lets a request take.
func (s *sharedStack) longestTimeout(doors ...mapping.FrontDoor) time.Duration {
	var longest time.Duration
	for _, row := range s.mapping.Rows {
		for _, door := range doors {
			if !row.Retired && (row.FrontDoor == door || s.topology.Plan[row.Host].Serves(door)) {
				longest = max(longest, row.ReadTimeout())
			}
		}
	}
	return longest
}
