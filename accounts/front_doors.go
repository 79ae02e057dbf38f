package accounts

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// frontDoors are what stands of the front doors.
type frontDoors struct {
	// endpoints are the proxy's; nil without one. alb and native are the
	// endpoints of these front doors.
	endpoints   *components.Endpoints
	alb, native *components.ExecuteAPIEndpoint
	// balancers are the load balancers in the topology's order, and albRoutings,
	// at the same places, what leads their alb hosts on; nil where nothing does.
	balancers   []*components.LoadBalancer
	albRoutings []*components.ALBRouting
	// associations connect the native hosts; nil without such hosts.
	associations *components.AccessAssociations
	// proxy is the proxy's service; nil without one.
	proxy *components.Service
}

// stands tells whether the front door has to stand.
func (s *sharedStack) stands(door mapping.FrontDoor) bool {
	return slices.Contains(s.topology.Doors, door)
}

// fixed are the endpoints at chosen addresses, which come before whatever else
// takes addresses.
func (d *frontDoors) fixed() []pulumi.Resource {
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

// alias is a record that leads to its front door. A name that moves to the proxy
// does so when the proxy knows it, which may be in this very update.
func (d *frontDoors) alias(record topology.Record, moves bool) components.AliasRecord {
	alias := components.AliasRecord{Name: string(record.Name)}
	if record.Door == mapping.FrontDoorNative {
		alias.Target = components.AliasTarget{DNSName: d.native.DNSName, HostedZoneID: d.native.HostedZoneID}
		alias.DependsOn = []pulumi.Resource{d.associations.ByHost[alias.Name]}
		return alias
	}
	balancer := d.balancers[record.LoadBalancer]
	alias.Target = components.AliasTarget{DNSName: balancer.DNSName, HostedZoneID: balancer.HostedZoneID}
	if record.Door == mapping.FrontDoorALB {
		alias.DependsOn = d.albRoutings[record.LoadBalancer].Resources()
	}
	if record.Door == mapping.FrontDoorNGINX && moves {
		alias.DependsOn = d.proxy.Resources()
	}
	return alias
}

// endpointSource says where a front door's endpoint comes from. Where the VPC
// has several execute-api endpoints of which some are the stack's own, looking
// one up would find them all: what the last run found goes on being used.
func (s *sharedStack) endpointSource(door mapping.FrontDoor, c settings.Endpoint) components.EndpointSource {
	source := components.EndpointSource{ID: c.ID, Lookup: c.Lookup}
	several := len(s.topology.Doors) > 1 || len(s.reports.own.Endpoints) > 1
	if c.Lookup && several && s.reports.own.Endpoints[door] != "" {
		return components.EndpointSource{ID: s.reports.own.Endpoints[door]}
	}
	return source
}

func (s *sharedStack) albEndpoint(network *components.Network, groups *components.SecurityGroups) (*components.ExecuteAPIEndpoint, error) {
	return components.NewExecuteAPIEndpoint(s.ctx, s.prefix+"-alb", &components.ExecuteAPIEndpointArgs{
		Region:        s.config.AWS.Region,
		VPCID:         network.VPCID,
		ExistingVPCID: s.config.Network.VPCID,
		SubnetIDs:     network.SubnetIDs,
		Addresses:     network.ALBEndpointAddresses,
		Source:        s.endpointSource(mapping.FrontDoorALB, s.config.Endpoints.ALB),
		Clients:       components.EndpointClients{SecurityGroupID: groups.LoadBalancerID, AllowEgress: groups.OwnLoadBalancer},
		Tags:          s.tags,
	}, s.providers)
}

func (s *sharedStack) nativeEndpoint(network *components.Network, fixed []pulumi.Resource) (*components.ExecuteAPIEndpoint, error) {
	return components.NewExecuteAPIEndpoint(s.ctx, s.prefix+"-native", &components.ExecuteAPIEndpointArgs{
		Region:        s.config.AWS.Region,
		VPCID:         network.VPCID,
		ExistingVPCID: s.config.Network.VPCID,
		SubnetIDs:     network.SubnetIDs,
		Source:        s.endpointSource(mapping.FrontDoorNative, s.config.Endpoints.Native),
		Clients:       components.EndpointClients{CIDRs: slices.Concat(network.CIDRs, s.config.LoadBalancer.AllowedCIDRs)},
		Tags:          s.tags,
	}, s.providers, pulumi.DependsOn(fixed))
}

// loadBalancers makes the load balancers, in the topology's order.
func (s *sharedStack) loadBalancers(network *components.Network, groups *components.SecurityGroups, fixed []pulumi.Resource) ([]*components.LoadBalancer, error) {
	if len(s.topology.LoadBalancers) == 0 {
		return nil, nil
	}
	certificates, err := s.certificates()
	if err != nil {
		return nil, err
	}
	var balancers []*components.LoadBalancer
	for _, derived := range s.topology.LoadBalancers {
		args := &components.LoadBalancerArgs{
			Type:               components.ApplicationLoadBalancer,
			Proxy:              s.proxied(derived),
			VPCID:              network.VPCID,
			SubnetIDs:          network.SubnetIDs,
			SecurityGroupID:    groups.LoadBalancerID,
			Certificates:       certificates[derived.Name],
			LongestTimeout:     s.longestTimeout(mapping.FrontDoorNGINX, mapping.FrontDoorALB),
			SSLPolicy:          s.config.LoadBalancer.SSLPolicy,
			DeletionProtection: s.config.LoadBalancer.DeletionProtection,
			Tags:               s.tags,
		}
		if args.Proxy {
			args.Type = s.config.LoadBalancer.Type
		}
		balancer, err := components.NewLoadBalancer(s.ctx, s.prefix+balancerSuffix(derived.Name), args, s.providers, pulumi.DependsOn(fixed))
		if err != nil {
			return nil, err
		}
		balancers = append(balancers, balancer)
	}
	return balancers, nil
}

// proxied tells whether the proxy is behind a load balancer.
func (s *sharedStack) proxied(balancer topology.LoadBalancer) bool {
	return balancer.Door == mapping.FrontDoorNGINX && s.stands(mapping.FrontDoorNGINX)
}

// albRoutings lead the load balancers' alb hosts on. While all such hosts wait for
// their accounts, they stand on each load balancer that may have to lead one.
func (s *sharedStack) albRoutings(network *components.Network, doors *frontDoors) ([]*components.ALBRouting, error) {
	all := make([]*components.ALBRouting, len(doors.balancers))
	if doors.alb == nil {
		return all, nil
	}
	for i, balancer := range s.topology.LoadBalancers {
		if len(balancer.ALBHosts) == 0 && (len(s.topology.ALBHosts) > 0 || s.proxied(balancer) && !s.config.SharesLoadBalancer()) {
			continue
		}
		toAPIGateway, toProxy := s.hostsByTarget(balancer)
		door, err := components.NewALBRouting(s.ctx, s.prefix+routingSuffix(balancer.Name), &components.ALBRoutingArgs{
			LoadBalancer:      doors.balancers[i],
			VPCID:             network.VPCID,
			Endpoint:          doors.alb,
			HostsToAPIGateway: toAPIGateway,
			HostsToProxy:      toProxy,
			Proxy:             doors.proxy,
			LongestTimeout:    s.longestTimeout(mapping.FrontDoorALB),
			Tags:              s.tags,
		}, s.providers)
		if err != nil {
			return nil, err
		}
		all[i] = door
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

// accessAssociations connects the native hosts' PRIVATE custom domains.
func (s *sharedStack) accessAssociations(endpoint *components.ExecuteAPIEndpoint) (*components.AccessAssociations, error) {
	args := &components.AccessAssociationsArgs{EndpointID: endpoint.EndpointID, Tags: s.tags}
	for _, arn := range s.reports.shareARNs {
		if parts := strings.Split(arn, ":"); len(parts) > 4 && slices.Contains(s.config.Native.AcceptShares, parts[4]) {
			args.AcceptShareARNs = append(args.AcceptShareARNs, arn)
		}
	}
	var missing []error
	for _, host := range s.topology.NativeHosts {
		domain, known := s.reports.domains[host]
		if !known {
			missing = append(missing, fmt.Errorf("serve %s: no stack of portico:providers has its PRIVATE custom domain any more: bring the stack of its API's account up, or put it back into portico:providers", host))
			continue
		}
		args.Domains = append(args.Domains, components.PrivateDomain{Host: string(host), ARN: domain.arn, ShareARN: domain.shareARN})
	}
	if len(missing) > 0 {
		return nil, errors.Join(missing...)
	}
	return components.NewAccessAssociations(s.ctx, s.prefix, args, s.providers)
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
