package accounts

import (
	"fmt"
	"strings"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/internal/topology"
)

// balancerSuffix ends the name of a load balancer: "-lb", "-lb2", "-alb", "-alb2".
// AWS keeps such names short, so a number follows without a hyphen.
func balancerSuffix(balancer string) string {
	if strings.HasPrefix(balancer, "alb") {
		return "-" + balancer
	}
	return "-lb" + balancer
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
