package accounts

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/internal/topology"
)

func TestANetworkLoadBalancerHasAnApplicationLoadBalancerBesideItForALBRows(t *testing.T) {
	e := &sharedRuns{settings: withProviders + "  portico:loadBalancer: {type: NLB}\n", mapping: hosts(aHost+" nginx", bHost+" alb"), reported: map[string]map[string]any{}}
	e.provide(bHost + " alb")
	m := e.up(t)
	require.Equal(t, "network", m.named(t, balancerToken, "-lb").Inputs["loadBalancerType"])
	require.Equal(t, "application", m.named(t, balancerToken, "-alb").Inputs["loadBalancerType"])
	require.Equal(t, "arn:aws:mock::111111111111:portico-dev-alb-https", m.only(t, ruleToken).Inputs["listenerArn"])
	require.Len(t, m.only(t, "aws:ecs/service:Service").Inputs["loadBalancers"], 1, "the tasks are behind their own alone")
	require.Equal(t, map[string]string{"*.internal.example.com": theBalancer, bHost: "portico-dev-alb.elb.amazonaws.com"}, m.aliases())
	require.Equal(t, []string{"-_wildcard.internal.example.com", "-alb-_wildcard.internal.example.com"}, m.names(certificateToken), "one for each load balancer")
	require.Len(t, m.of("aws:acm/certificateValidation:CertificateValidation"), 2)
	validations := slices.DeleteFunc(m.names(recordToken), func(name string) bool { return !strings.Contains(name, "validation") })
	require.Len(t, validations, 1, "which one record validates")
}

func TestMoreCertificatesThanALoadBalancerTakesSpillOver(t *testing.T) {
	e := &sharedRuns{settings: minimalShared + "  portico:quotas: {certificatesPerLoadBalancer: 1, namesPerCertificate: 2}\n", mapping: manyRows(4, 4)}
	require.Equal(t, []string{"-lb"}, e.up(t).names(balancerToken))
	first := e.reported[ownStack]

	e.mapping = manyRows(6, 6)
	m := e.up(t)
	require.Equal(t, []string{"-lb", "-lb2"}, m.names(balancerToken))
	require.Equal(t, []string{"-lb", "-lb2"}, m.names(targetGroupToken))
	require.Len(t, m.only(t, "aws:ecs/service:Service").Inputs["loadBalancers"], 2)
	require.Equal(t, first["loadBalancerDnsName"], e.reported[ownStack]["loadBalancerDnsName"])
	for name, target := range m.aliases() {
		second := strings.HasPrefix(name, "*.zone4.") || strings.HasPrefix(name, "*.zone5.")
		require.Equal(t, map[bool]string{false: theBalancer, true: "portico-dev-lb2.elb.amazonaws.com"}[second], target, "%s: existing names stay", name)
	}
	balancers := e.reported[ownStack]["loadBalancers"].([]any)
	require.Len(t, balancers, 2)

	t.Run("and stay where they are", func(t *testing.T) {
		again := e.up(t)
		require.Equal(t, m.identities(), again.identities())
		require.Equal(t, m.aliases(), again.aliases())
	})
}

// The names are checked from the start: an installation that outgrows one load
// balancer can't be named anew.
func TestNamesLeaveRoomForEveryLoadBalancer(t *testing.T) {
	named := func(environment string) settingsText {
		return settingsText(strings.Replace(string(minimalShared), "config:\n", "config:\n  portico:app: {name: reverse-proxy, environment: "+environment+"}\n", 1))
	}
	const quotas = "  portico:quotas: {certificatesPerLoadBalancer: 1, namesPerCertificate: 2}\n"
	require.NoError(t, shared(t, &monitor{}, named("integ")+quotas, manyRows(6, 6)), "names of two load balancers")
	require.ErrorContains(t, shared(t, &monitor{}, named("integr"), manyRows(1, 1)),
		"portico:app: reverse-proxy-integr is too long for a load balancer's name: write a name and an environment of at most 18 characters together")

	longest := settings.App{Name: "reverse-proxy", Environment: "integ"}
	var short []topology.LoadBalancer
	for _, name := range []string{"", "2", "9", "alb", "alb2", "alb9"} {
		short = append(short, topology.LoadBalancer{Name: name})
	}
	require.NoError(t, checkNames(longest, short))
	for _, balancer := range short {
		require.LessOrEqual(t, len(longest.Prefix()+balancerSuffix(balancer.Name)), components.MaxLoadBalancerName)
		require.LessOrEqual(t, len(longest.Prefix()+routingSuffix(balancer.Name)), components.MaxLoadBalancerName)
	}
	require.EqualError(t, checkNames(longest, []topology.LoadBalancer{{Name: "alb10"}}),
		"name load balancer reverse-proxy-integ-alb10: portico:app: reverse-proxy-integ is too long by 1 characters: write a name and an environment of at most 17 together")
}
