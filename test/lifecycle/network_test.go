package lifecycle

import (
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/mapping"
)

// set writes the shared stack's settings: those of movingProject with further lines.
func (e *simulatedEnvironment) set(t *testing.T, lines ...string) {
	t.Helper()
	write(t, e.project, map[string]string{"Pulumi.dev.yaml": movingProject(mapping.FrontDoorALB)["Pulumi.dev.yaml"] + strings.Join(lines, "")})
}

// requireRefused requires that a preview and an up refuse the settings, and that AWS
// is asked for nothing that changes anything.
func (e *simulatedEnvironment) requireRefused(t *testing.T, want string) {
	t.Helper()
	before := e.things()
	_, err := e.env.Preview(t.Context())
	require.ErrorContains(t, err, want)
	_, err = e.env.Up(t.Context())
	require.ErrorContains(t, err, want)
	require.Equal(t, before, e.things())
}

// interfaces are the IDs of the execute-api endpoints' network interfaces by subnet
// and endpoint.
func (e *simulatedEnvironment) interfaces() map[string]string {
	found := map[string]string{}
	for _, r := range e.Resources(awssim.Filter{Account: sharedAccount, Region: region, Type: "aws:ec2/networkInterface:NetworkInterface"}) {
		if description := r.Properties.Text("description"); strings.HasPrefix(description, "VPC Endpoint Interface ") {
			found[r.Properties.Text("subnetId")+" "+description] = r.ID
		}
	}
	return found
}

// TestAnEnvironmentKeepsItsNetworkAndLoadBalancersOrSaysHowToChangeThem changes each
// setting that AWS can't change in place, and follows the steps of the refusals.
func TestAnEnvironmentKeepsItsNetworkAndLoadBalancersOrSaysHowToChangeThem(t *testing.T) {
	slowly(t)
	t.Parallel()
	e := newEnvironment(t, movingProject(mapping.FrontDoorALB), movingSetup())
	e.env.Settle = 0
	e.up()

	e.set(t, "  portico:network: {cidr: 10.1.0.0/16}\n")
	e.requireRefused(t, "portico:network.cidr: 10.1.0.0/16 is not 10.0.0.0/16")
	e.set(t, "  portico:loadBalancer: {type: NLB}\n")
	e.requireRefused(t, "portico:loadBalancer.type: NLB is not ALB")
	const own = "  portico:alb: {loadBalancer: own}\n"
	e.set(t, own)
	e.requireRefused(t, "portico:alb.loadBalancer: own is not shared")

	e.set(t)
	write(t, e.project, map[string]string{"mapping.yaml": movingMapping(mapping.FrontDoorNGINX)})
	e.requireAtFrontDoor(e.up(), mapping.FrontDoorNGINX)
	e.set(t, own)
	write(t, e.project, map[string]string{"mapping.yaml": movingMapping(mapping.FrontDoorALB)})
	e.requireAtFrontDoor(e.up(), mapping.FrontDoorALB)
	require.Len(t, e.ids("aws:lb/loadBalancer:LoadBalancer"), 2)
	e.requireNoChanges()

	// AWS lists the zones in another order now, and has one more.
	before := e.interfaces()
	e.OfferZones(region, "fedcba")
	e.requireNoChanges()
	e.set(t, own, "  portico:network: {zones: 3}\n")
	_, err := e.env.Preview(t.Context())
	require.NoError(t, err)
	e.up()
	after := e.interfaces()
	require.Len(t, after, len(before)/2*3)
	for at, id := range before {
		require.Equal(t, id, after[at], "the interface of %s is what it was", at)
	}
	e.requireNoChanges()
	e.set(t, own)
	e.requireRefused(t, "portico:network.zones: us-east-1")
}

// TestTheProxysLoadBalancerChangesItsTypeWhileNativeServesTheHosts follows the steps
// from an Application Load Balancer to a Network Load Balancer.
func TestTheProxysLoadBalancerChangesItsTypeWhileNativeServesTheHosts(t *testing.T) {
	slowly(t)
	t.Parallel()
	all := func(frontDoor mapping.FrontDoor) map[string]string {
		rows := strings.Replace(movingMapping(frontDoor), "    ACCOUNT: orders\n", "    ACCOUNT: orders\n    FRONT_DOOR: "+string(frontDoor)+"\n", 1)
		return map[string]string{"mapping.yaml": rows}
	}
	types := func(e *simulatedEnvironment) []string {
		var found []string
		for _, r := range e.Resources(awssim.Filter{Account: sharedAccount, Type: "aws:lb/loadBalancer:LoadBalancer"}) {
			found = append(found, r.Properties.Text("loadBalancerType"))
		}
		return found
	}
	files := movingProject(mapping.FrontDoorNGINX)
	maps.Copy(files, all(mapping.FrontDoorNGINX))
	e := newEnvironment(t, files, movingSetup())
	e.env.Settle = 0
	e.up()
	require.Equal(t, []string{"application"}, types(e))
	const network = "  portico:loadBalancer: {type: NLB}\n"
	e.set(t, network)
	e.requireRefused(t, "portico:loadBalancer.type: NLB is not ALB")

	e.set(t)
	write(t, e.project, all(mapping.FrontDoorNative))
	e.up()
	require.Empty(t, types(e))
	e.set(t, network)
	write(t, e.project, all(mapping.FrontDoorNGINX))
	e.up()
	require.Equal(t, []string{"network"}, types(e))
	e.requireNoChanges()
}
