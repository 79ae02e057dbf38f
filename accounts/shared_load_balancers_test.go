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

func TestHostsStayOnTheirLoadBalancersWhileTheyAreServed(t *testing.T) {
	const (
		toNLB  = withProviders + "  portico:loadBalancer: {type: NLB}\n"
		ownALB = withProviders + "  portico:alb: {loadBalancer: own}\n"
		steps  = `docs/operations.md, "Change the load balancer", has the steps`
	)
	typeChanged := func(has, had string) string {
		return "portico:loadBalancer.type: " + has + " is not " + had + ", the type of the load balancers that serve the environment's hosts, and their clients would get errors while another takes their place: write " + had + " again; " + steps
	}
	albChanged := func(has, had string) string {
		return "portico:alb.loadBalancer: " + has + " is not " + had + ", the load balancers that serve the hosts of alb, and their clients would get errors while others take their place: write " + had + " again; " + steps
	}
	for sentence, test := range map[string]struct {
		first, then settingsText
		rows        []string
		want        []string
	}{
		"the proxy's another type": {withProviders, toNLB, []string{aHost + " nginx"}, []string{typeChanged("NLB", "ALB")}},
		"and back":                 {toNLB, withProviders, []string{aHost + " nginx"}, []string{typeChanged("ALB", "NLB")}},
		"the type, and with it the load balancer of alb": {withProviders, toNLB, []string{aHost + " nginx", bHost + " alb"}, []string{typeChanged("NLB", "ALB"), albChanged("own", "shared")}},
		"both back":                              {toNLB, withProviders, []string{aHost + " nginx", bHost + " alb"}, []string{typeChanged("ALB", "NLB"), albChanged("shared", "own")}},
		"shared for own":                         {withProviders, ownALB, []string{aHost + " nginx", bHost + " alb"}, []string{albChanged("own", "shared")}},
		"own for shared":                         {ownALB, withProviders, []string{aHost + " nginx", bHost + " alb"}, []string{albChanged("shared", "own")}},
		"shared for own where there is no proxy": {withProviders, ownALB, []string{aHost + " alb"}, []string{albChanged("own", "shared")}},
		"a type that no row needs, and with it that of alb": {withProviders, toNLB, []string{aHost + " alb"}, []string{albChanged("own", "shared")}},
	} {
		t.Run(sentence, func(t *testing.T) {
			e := &sharedRuns{settings: test.first, mapping: hosts(test.rows...), reported: map[string]map[string]any{}}
			e.provide(test.rows...)
			e.up(t)
			said := e.refusal(t, test.then)
			for _, want := range test.want {
				require.Contains(t, said, want)
			}
			require.Equal(t, len(test.want), strings.Count(said, steps))
			e.up(t)
		})
	}
	t.Run("those that wait may change", func(t *testing.T) {
		e := &sharedRuns{settings: withProviders, mapping: hosts(aHost+" nginx", bHost+" alb"), reported: map[string]map[string]any{}}
		e.up(t)
		e.settings = ownALB
		require.Equal(t, []string{"-alb", "-lb"}, e.up(t).names(balancerToken))
	})
	t.Run("those of alb change by the proxy", func(t *testing.T) {
		e := &sharedRuns{settings: withProviders, mapping: hosts(aHost+" nginx", bHost+" alb"), reported: map[string]map[string]any{}}
		e.provide(bHost + " alb")
		e.up(t)
		e.mapping = hosts(aHost+" nginx", bHost+" nginx")
		e.provide(bHost+" alb", bHost+" nginx")
		e.up(t)
		require.Contains(t, e.refusal(t, ownALB), albChanged("own", "shared"), "clients may know the old answer still")
		e.up(t)
		e.settings, e.mapping = ownALB, hosts(aHost+" nginx", bHost+" alb")
		e.provide()
		m := e.up(t)
		require.Equal(t, []string{"-alb", "-lb"}, m.names(balancerToken))
		require.Equal(t, awaiting("nginx", bHost, "alb"), e.states()[bHost], "and has healthy targets before the name moves")
		require.Equal(t, []string{"-alb-portico.invalid"}, m.names(ruleToken))
	})
	t.Run("the proxy's changes its type while native serves the hosts", func(t *testing.T) {
		e := &sharedRuns{settings: withProviders, mapping: hosts(aHost + " nginx"), reported: map[string]map[string]any{}}
		e.up(t)
		e.mapping = hosts(aHost + " native")
		e.provide(aHost+" nginx", aHost+" native")
		for _, state := range []map[string]any{
			awaiting("nginx", aHost, "native"),
			{"current": "nginx", "target": "native", "retains": []any{"native"}, "pending": "association", "rows": []any{aHost}},
			{"current": "native", "retains": []any{"nginx"}, "pending": "clients"},
		} {
			e.up(t)
			require.Equal(t, state, e.states()[aHost])
		}
		require.Contains(t, e.refusal(t, toNLB), typeChanged("NLB", "ALB"), "clients may know the old answer still")
		requireNone(t, e.up(t), "lb/")
		e.settings, e.mapping = toNLB, hosts(aHost+" nginx")
		require.Equal(t, "network", e.up(t).only(t, balancerToken).Inputs["loadBalancerType"])
		require.Equal(t, awaiting("native", aHost, "nginx"), e.states()[aHost])
		e.up(t)
		require.Equal(t, map[string]any{"current": "nginx", "retains": []any{"native"}, "pending": "clients"}, e.states()[aHost])
		require.Equal(t, map[string]string{"*.internal.example.com": theBalancer}, e.up(t).aliases())
	})
}
