package rehearsal

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/awssim/view"
	"github.com/portico-iac/portico/mapping"
)

// TestFrontDoorsGetOtherLoadBalancersAndLoseNoRequest follows the steps of
// docs/operations.md for hosts of alb that get a load balancer of their own, and for
// a proxy that gets one of another type, there and back, while clients call the
// hosts without a pause and the data path follows every single step that the
// accounts take.
func TestFrontDoorsGetOtherLoadBalancersAndLoseNoRequest(t *testing.T) {
	const nginx, alb, native = mapping.FrontDoorNGINX, mapping.FrontDoorALB, mapping.FrontDoorNative
	slowly(t)
	own := map[string]any{"loadBalancer": "own"}
	m := newFrontDoorChange(t, movingRows(nginx, alb, native))
	for i, step := range []struct {
		config  map[string]any
		a, b, c mapping.FrontDoor
		types   []string // of the load balancers afterwards
	}{
		{nil, nginx, alb, native, []string{"application"}},
		// alb: shared to own.
		{nil, nginx, nginx, native, []string{"application"}},
		{map[string]any{"portico:alb": own}, nginx, alb, native, []string{"application", "application"}},
		// The proxy's load balancer: ALB to NLB, while alb has its own.
		{map[string]any{"portico:alb": own}, native, alb, native, []string{"application"}},
		{map[string]any{"portico:loadBalancer": map[string]any{"type": "NLB"}}, nginx, alb, native, []string{"application", "network"}},
		// NLB to ALB, and alb shares it again.
		{map[string]any{"portico:loadBalancer": map[string]any{"type": "NLB"}}, native, native, native, nil},
		{nil, nginx, alb, native, []string{"application"}},
	} {
		m.config = step.config
		m.upByPrograms(movingRows(step.a, step.b, step.c))
		if i == 0 {
			m.follow()
		}
		m.requireArriving(step.a, step.b, step.c)
		require.Equal(t, step.types, m.loadBalancerTypes(), "step %d", i)
	}
	m.end()
}

// loadBalancerTypes are the types of the shared account's load balancers, sorted.
func (m *frontDoorChange) loadBalancerTypes() []string {
	var types []string
	for _, r := range m.accounts.Resources(awssim.Filter{Account: string(sharedAccount), Type: view.LoadBalancerType}) {
		types = append(types, r.Properties.Text("loadBalancerType"))
	}
	slices.Sort(types)
	return types
}
