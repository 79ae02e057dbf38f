package accounts

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// Which load balancer leads to rows of front door alb.
const (
	loadBalancerShared = "shared"
	loadBalancerOwn    = "own"
)

func (c albConfig) check(m *mistakes, balancer loadBalancerConfig) {
	oneOf(m, "alb.loadBalancer", c.LoadBalancer, "", loadBalancerShared, loadBalancerOwn)
	m.check(c.LoadBalancer != loadBalancerShared || balancer.Type != components.NetworkLoadBalancer, "alb.loadBalancer",
		"a Network Load Balancer doesn't tell hosts apart", "write "+loadBalancerOwn+", or take loadBalancer.type out")
}

func (c nativeConfig) check(m *mistakes) {
	for i, id := range c.AcceptShares {
		key := fmt.Sprintf("native.acceptShares[%d]", i)
		m.check(accountPattern.MatchString(id), key, strconv.Quote(id)+" is not an account number",
			"write the 12 digits of the account that shares, in quotes")
		m.check(!slices.Contains(c.AcceptShares[:i], id), key, id+" is named twice", "take one out")
	}
}

func checkProviders(m *mistakes, stacks []string) {
	for i, stack := range stacks {
		key := fmt.Sprintf("providers[%d]", i)
		m.check(stackPattern.MatchString(stack), key, strconv.Quote(stack)+" is not a stack's full name",
			"write organization/project/stack, for instance organization/portico-provider/dev-orders")
		m.check(!slices.Contains(stacks[:i], stack), key, stack+" is named twice", "take one out")
	}
}

// sharesLoadBalancer tells whether rows of front door alb go through the
// proxy's load balancers.
func (c *sharedConfig) sharesLoadBalancer() bool {
	return c.ALB.LoadBalancer != loadBalancerOwn && c.LoadBalancer.Type != components.NetworkLoadBalancer
}

// checkNames reports names that AWS would refuse: further load balancers have
// longer ones than the first.
func (c appConfig) checkNames(balancers []topology.LoadBalancer) error {
	for _, balancer := range balancers {
		suffix := components.ShortSuffix("lb", balancer.Name)
		if limit := maxPrefixLength + len("-lb") - len(suffix); len(c.prefix()) > limit {
			return fmt.Errorf("name load balancer %s%s: portico:app: %s is too long by %d characters: write a name and an environment of at most %d together",
				c.prefix(), suffix, c.prefix(), len(c.prefix())-limit, limit-1)
		}
	}
	return nil
}

// checkRows reports what the endpoints of a region can't serve.
func checkRows(derived *topology.Topology, rows *mapping.Mapping, region string) error {
	if len(derived.Doors) == 0 {
		return fmt.Errorf("deploy %s: it has no row that isn't retired: add one, or destroy the stack", rows.Source)
	}
	var wrong []error
	for _, row := range rows.Rows {
		if row.Retired || row.API.Region == region {
			continue
		}
		wrong = append(wrong, fmt.Errorf("%s:%d:%d: APIS[%d].PRIVATE_API_URL: the API is in %s, and a VPC endpoint of %s (portico:aws.region) reaches APIs of its own region only: correct the URL, or put the row into the mapping of a stack in %s",
			rows.Source, row.Pos.Line, row.Pos.Column, row.Index, row.API.Region, region, row.API.Region))
	}
	return errors.Join(wrong...)
}
