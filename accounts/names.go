package accounts

import (
	"fmt"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/internal/topology"
)

// checkNames reports names that AWS would refuse: further load balancers have
// longer ones than the first.
func checkNames(app settings.App, balancers []topology.LoadBalancer) error {
	for _, balancer := range balancers {
		suffix := components.ShortSuffix("lb", balancer.Name)
		if limit := settings.MaxPrefix + len("-lb") - len(suffix); len(app.Prefix()) > limit {
			return fmt.Errorf("name load balancer %s%s: portico:app: %s is too long by %d characters: write a name and an environment of at most %d together",
				app.Prefix(), suffix, app.Prefix(), len(app.Prefix())-limit, limit-1)
		}
	}
	return nil
}
