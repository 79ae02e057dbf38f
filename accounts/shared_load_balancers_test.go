package accounts

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/internal/topology"
)

func TestANetworkLoadBalancerHasAnApplicationLoadBalancerBesideItForALBRows(t *testing.T) {
	e := &sharedRuns{settings: withProviders + "  portico:loadBalancer: {type: NLB}\n", mapping: hosts(aHost+" nginx", bHost+" alb"), reported: map[string]map[string]any{}}
	e.provide(bHost + " alb")
	m := e.up(t)
	require.Equal(t, "network", m.named(t, balancerToken, "-lb").Inputs["loadBalancerType"])
	require.Equal(t, "application", m.named(t, balancerToken, "-alb").Inputs["loadBalancerType"])
	require.Equal(t, "arn:aws:elasticloadbalancing:us-east-1:111111111111:listener/app/portico-dev-alb-https/50dc6c495c0c9188/f2f7dc8efc522ab2", m.only(t, ruleToken).Inputs["listenerArn"])
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
		if balancer.Name == "" || balancer.Name == "9" {
			require.Less(t, len(longest.Prefix()+balancerSuffix(balancer.Name)), components.MaxLoadBalancerName, "a Network Load Balancer's target group has a longer name")
		}
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

const networkLoadBalancer = "  portico:loadBalancer: {type: NLB}\n"

// proxyProtocolOf is the output loadBalancing.proxyProtocol, by load balancer.
func (e *sharedRuns) proxyProtocolOf() map[string]string {
	states := map[string]string{}
	for _, v := range e.reported[ownStack]["loadBalancing"].(map[string]any)["proxyProtocol"].([]any) {
		described := v.(map[string]any)
		states[described["loadBalancer"].(string)] = described["state"].(string)
	}
	return states
}

// byAnEarlierVersion makes the last run one of a program without proxy protocol.
func (e *sharedRuns) byAnEarlierVersion() {
	delete(e.reported[ownStack]["loadBalancing"].(map[string]any), "proxyProtocol")
}

// ports are the ports of the targets that the service is registered with.
func (m *monitor) ports(t *testing.T) []any {
	t.Helper()
	var ports []any
	for _, target := range m.only(t, "aws:ecs/service:Service").Inputs["loadBalancers"].([]any) {
		ports = append(ports, target.(map[string]any)["containerPort"])
	}
	return ports
}

func TestProxyProtocolIsOnFromAFirstRun(t *testing.T) {
	e := &sharedRuns{settings: minimalShared + networkLoadBalancer, mapping: twoRows}
	m := e.up(t)
	require.Equal(t, []any{8444.0}, m.ports(t))
	require.Equal(t, "proxy-protocol", environment(t, m)["PORTICO_CLIENT_ADDRESS"])
	require.Equal(t, map[string]string{"": "on"}, e.proxyProtocolOf())
	again := e.up(t)
	require.Equal(t, m.identities(), again.identities())
	require.Equal(t, []string{"-lb-https"}, again.names(listenerToken))
}

// TestProxyProtocolIsTurnedOnInOneRun and the next one clears away what it needed.
func TestProxyProtocolIsTurnedOnInOneRun(t *testing.T) {
	e := &sharedRuns{settings: minimalShared + networkLoadBalancer, mapping: twoRows}
	e.up(t)
	e.byAnEarlierVersion()
	m := e.up(t)
	require.ElementsMatch(t, []any{8443.0, 8444.0}, m.ports(t))
	require.Equal(t, []string{"-lb", "-lbp"}, m.names(targetGroupToken))
	require.Equal(t, []string{"-lb-8443", "-lb-8444", "-lb-https"}, m.names(listenerToken))
	require.Contains(t, strings.Join(m.named(t, listenerToken, "-lb-https").Dependencies, " "), "aws:ecs/service:Service")
	require.Equal(t, map[string]string{"": "turningOn"}, e.proxyProtocolOf())

	m = e.up(t)
	require.Equal(t, []any{8444.0}, m.ports(t))
	require.Equal(t, []string{"-lbp"}, m.names(targetGroupToken))
	require.Equal(t, map[string]string{"": "on"}, e.proxyProtocolOf())
}

// Existing security groups may not let port 8444 through.
func TestProxyProtocolIsTurnedOffAndOnAgain(t *testing.T) {
	const off = minimalShared + "  portico:loadBalancer: {type: NLB, proxyProtocol: false}\n"
	e := &sharedRuns{settings: off, mapping: twoRows}
	first := e.up(t)
	require.Equal(t, []any{8443.0}, first.ports(t))
	require.Equal(t, "peer", environment(t, first)["PORTICO_CLIENT_ADDRESS"])
	require.Empty(t, slices.DeleteFunc(first.names("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"), func(name string) bool { return !strings.Contains(name, "proxy-protocol") }))
	require.Equal(t, map[string]string{"": "off"}, e.proxyProtocolOf())
	e.byAnEarlierVersion()
	require.Equal(t, first.identities(), e.up(t).identities(), "an earlier version's stays as it is")
	for _, step := range []struct {
		settings settingsText
		state    string
		ports    []any
		address  string
	}{
		{minimalShared + networkLoadBalancer, "turningOn", []any{8443.0, 8444.0}, "proxy-protocol"},
		{off, "turningOff", []any{8443.0, 8444.0}, "proxy-protocol"},
		{minimalShared + networkLoadBalancer, "turningOn", []any{8443.0, 8444.0}, "proxy-protocol"},
		{minimalShared + networkLoadBalancer, "on", []any{8444.0}, "proxy-protocol"},
		{off, "turningOff", []any{8443.0, 8444.0}, "proxy-protocol"},
		{off, "off", []any{8443.0}, "peer"},
	} {
		e.settings = step.settings
		m := e.up(t)
		require.Equal(t, map[string]string{"": step.state}, e.proxyProtocolOf())
		require.ElementsMatch(t, step.ports, m.ports(t))
		require.Equal(t, step.address, environment(t, m)["PORTICO_CLIENT_ADDRESS"])
		leads := map[bool]string{true: "-lbp", false: "-lb"}[strings.HasSuffix(step.state, "n")]
		require.Equal(t, []any{map[string]any{"type": "forward", "targetGroupArn": "arn:aws:mock::111111111111:portico-dev" + leads}},
			m.named(t, listenerToken, "-lb-https").Inputs["defaultActions"])
	}
}

func TestAServiceHasFiveTargetGroupsAtMostWhileProxyProtocolIsTurnedOn(t *testing.T) {
	for balancers := 1; balancers <= components.MaxTargetGroups; balancers++ {
		var names []string
		for i := range balancers {
			names = append(names, strings.Repeat("i", i))
		}
		previous := outputs.LoadBalancing{Type: components.NetworkLoadBalancer}
		for run := 0; ; run++ {
			require.Less(t, run, 2*components.MaxTargetGroups)
			planned := planProxyProtocol(names, previous, true)
			groups := 0
			for _, name := range names {
				groups++
				if planned[name] == components.ProxyProtocolTurningOn {
					groups++
				}
			}
			require.LessOrEqual(t, groups, components.MaxTargetGroups)
			described := describeProxyProtocol(planned)
			require.Len(t, described, balancers)
			if slices.Equal(described, previous.ProxyProtocol) {
				break
			}
			previous.ProxyProtocol = described
		}
		for _, described := range previous.ProxyProtocol {
			want := outputs.ProxyProtocolOn
			if balancers == components.MaxTargetGroups {
				want = outputs.ProxyProtocolOff
			}
			require.Equal(t, want, described.State, "%d load balancers", balancers)
		}
	}
	require.Equal(t, map[string]components.ProxyProtocol{"": components.ProxyProtocolOn, "2": components.ProxyProtocolOn},
		planProxyProtocol([]string{"", "2"}, outputs.LoadBalancing{Type: components.NetworkLoadBalancer, ProxyProtocol: []outputs.ProxyProtocol{{State: outputs.ProxyProtocolTurningOn}}}, true),
		"a load balancer that is new has no former target group")
}
