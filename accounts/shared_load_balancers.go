package accounts

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// loadBalancers creates the load balancers, by their names in the topology, and finds
// their certificates.
func (s *sharedStack) loadBalancers(network *components.Network, groups *components.SecurityGroups, staticEndpoints []pulumi.Resource) (map[string]*components.LoadBalancer, map[string][]components.Certificate, error) {
	if len(s.topology.LoadBalancers) == 0 {
		return nil, nil, nil
	}
	certificates, err := s.certificates()
	if err != nil {
		return nil, nil, err
	}
	logs, err := s.balancerLogs()
	if err != nil {
		return nil, nil, err
	}
	proxyProtocol := s.proxyProtocol()
	balancers := map[string]*components.LoadBalancer{}
	for _, derived := range s.topology.LoadBalancers {
		args := &components.LoadBalancerArgs{
			Type:               components.ApplicationLoadBalancer,
			Proxy:              s.proxied(derived),
			VPCID:              network.VPCID,
			SubnetIDs:          network.SubnetIDs,
			SecurityGroupID:    groups.LoadBalancerID,
			Certificates:       certificates[derived.Name],
			LongestTimeout:     s.longestTimeout(mapping.FrontDoorNGINX, mapping.FrontDoorALB),
			LongestAnswer:      s.longestAnswer(),
			SSLPolicy:          s.config.LoadBalancer.SSLPolicy,
			DeletionProtection: s.config.LoadBalancer.DeletionProtection,
			ZonalShift:         s.config.LoadBalancer.ZonalShift,
			Tags:               s.tags,
		}
		if args.Proxy {
			args.Type, args.ProxyProtocol = s.config.LoadBalancer.Type, proxyProtocol[derived.Name]
		}
		args.AccessLogs = logs.access
		if args.Type == components.ApplicationLoadBalancer {
			args.ConnectionLogs = logs.connections
			args.TrustStoreARN = s.config.LoadBalancer.TrustStoreARN
		}
		prerequisites := slices.Concat(staticEndpoints, logs.bucket)
		balancer, err := components.NewLoadBalancer(s.ctx, s.prefix+balancerSuffix(derived.Name), args, s.providers, pulumi.DependsOn(prerequisites))
		if err != nil {
			return nil, nil, err
		}
		balancers[derived.Name] = balancer
	}
	return balancers, certificates, nil
}

// proxied reports whether the proxy is behind a load balancer.
func (s *sharedStack) proxied(balancer topology.LoadBalancer) bool {
	return balancer.FrontDoor == mapping.FrontDoorNGINX && s.deploys(mapping.FrontDoorNGINX)
}

// balancerSuffix ends the name of a load balancer: "-lb", "-lb2", "-alb", "-alb2".
// AWS keeps such names short, so a number follows without a hyphen.
func balancerSuffix(balancer string) string {
	if strings.HasPrefix(balancer, "alb") {
		return "-" + balancer
	}
	return "-lb" + balancer
}

// checkLoadBalancing reports changes of portico:loadBalancer.type and
// portico:alb.loadBalancer while hosts are served by the load balancers that would go.
// Their clients would get errors: a target group belongs to one load balancer, so that
// the new one has targets of its own, which need health checks before they answer,
// and clients know the old one's addresses for as long as DNS answers last.
func (r *reports) checkLoadBalancing(config *settings.Shared, wanted *topology.Topology) error {
	serves := func(frontDoor mapping.FrontDoor) bool {
		for host := range wanted.Plan {
			if r.migration.Next(host).Before.Serves(frontDoor) {
				return true
			}
		}
		return false
	}
	var wrong []error
	if had, has := r.own.LoadBalancing.Type, config.LoadBalancer.Type; had != "" && had != has && serves(mapping.FrontDoorNGINX) {
		wrong = append(wrong, fmt.Errorf(`portico:loadBalancer.type: %s is not %s, the type of the load balancers that serve the environment's hosts, and their clients would get errors while another takes their place: write %s again; docs/operations.md, "Change the load balancer", has the steps to the other type`,
			has, had, had))
	}
	if had, has := r.own.LoadBalancing.ALB, config.ALB.LoadBalancer; had != "" && had != has && serves(mapping.FrontDoorALB) {
		wrong = append(wrong, fmt.Errorf(`portico:alb.loadBalancer: %s is not %s, the load balancers that serve the hosts of alb, and their clients would get errors while others take their place: write %s again; docs/operations.md, "Change the load balancer", has the steps`,
			has, had, had))
	}
	return errors.Join(wrong...)
}

// loadBalancing is what checkLoadBalancing compares the next run's settings with.
func (s *sharedStack) loadBalancing() outputs.LoadBalancing {
	var described outputs.LoadBalancing
	if s.deploys(mapping.FrontDoorNGINX) {
		described.Type = s.config.LoadBalancer.Type
		described.ProxyProtocol = describeProxyProtocol(s.proxyProtocol())
	}
	if s.deploys(mapping.FrontDoorALB) {
		described.ALB = s.config.ALB.LoadBalancer
	}
	return described
}

// checkNames reports names that AWS would refuse. settings.MaxPrefix leaves room for
// the names of nine load balancers.
func checkNames(app settings.App, balancers []topology.LoadBalancer) error {
	for _, balancer := range balancers {
		suffix := routingSuffix(balancer.Name)
		if limit := components.MaxLoadBalancerName - len(suffix); len(app.Prefix()) > limit {
			return fmt.Errorf("name load balancer %s%s: portico:app: %s is too long by %d characters: write a name and an environment of at most %d together",
				app.Prefix(), suffix, app.Prefix(), len(app.Prefix())-limit, limit-1)
		}
	}
	return nil
}
