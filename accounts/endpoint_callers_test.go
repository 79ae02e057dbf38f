package accounts

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// Referer says which custom domain a request came by. It can be trusted while only
// the tasks reach the proxy's endpoint.
func TestAnExistingEndpointAdmitsTheTasksAloneOrTrustsItsCallers(t *testing.T) {
	const adopted, group = "  portico:endpoints: {executeApi: {id: vpce-0a1b2c3d4e5f60715}%s}\n", "  portico:securityGroups: {endpointId: sg-0000000b, tasksId: sg-0000000c}\n"
	const fromTasks = "  portico:securityGroups: {tasksId: sg-0000000c}\n"
	endpoint := func(trust string) string { return strings.Replace(adopted, "%s", trust, 1) }
	wide := ruleIn("sg-of-others", map[string]any{"cidrIpv4": "10.0.0.0/8"})
	for sentence, test := range map[string]struct {
		settings string
		rules    map[string]map[string]any
		want     string
	}{
		"an endpoint without rules":        {endpoint(""), nil, ""},
		"an endpoint of the tasks' group":  {endpoint("") + fromTasks, ruleIn("sg-of-others", map[string]any{"referencedSecurityGroupId": "sg-0000000c"}), ""},
		"an endpoint of a range":           {endpoint(""), wide, "its rule sgr-1 admits 10.0.0.0/8 to port 443"},
		"an endpoint of every protocol":    {endpoint(""), ruleIn("sg-of-others", map[string]any{"cidrIpv6": "::/0", "ipProtocol": "-1", "fromPort": 0, "toPort": 0}), "admits ::/0"},
		"an endpoint of a prefix list":     {endpoint(""), ruleIn("sg-of-others", map[string]any{"prefixListId": "pl-1"}), "admits pl-1"},
		"an endpoint of another group":     {endpoint("") + fromTasks, ruleIn("sg-of-others", map[string]any{"referencedSecurityGroupId": "sg-0000000d"}), "admits sg-0000000d"},
		"another port":                     {endpoint(""), ruleIn("sg-of-others", map[string]any{"cidrIpv4": "10.0.0.0/8", "fromPort": 80, "toPort": 80}), ""},
		"a range of ports":                 {endpoint(""), ruleIn("sg-of-others", map[string]any{"cidrIpv4": "10.0.0.0/8", "fromPort": 1, "toPort": 1024}), "admits 10.0.0.0/8"},
		"what the group lets out":          {endpoint(""), ruleIn("sg-of-others", map[string]any{"cidrIpv4": "0.0.0.0/0", "isEgress": true}), ""},
		"callers that are trusted":         {endpoint(", trustCallers: true"), wide, ""},
		"a group that admits a range":      {group, ruleIn("sg-0000000b", map[string]any{"cidrIpv4": "10.7.0.0/16"}), "use security group sg-0000000b for the execute-api endpoint: its rule sgr-1 admits 10.7.0.0/16"},
		"a group that admits the tasks'":   {group, ruleIn("sg-0000000b", map[string]any{"referencedSecurityGroupId": "sg-0000000c"}), ""},
		"a group that others are in alone": {group, ruleIn("sg-0000000b", map[string]any{"referencedSecurityGroupId": "sg-0000000b"}), "admits sg-0000000b"},
	} {
		t.Run(sentence, func(t *testing.T) {
			for _, preview := range []bool{false, true} {
				m := &monitor{rules: test.rules, unknown: preview}
				err := shared(t, m, minimalShared+existingVPC+settingsText(test.settings), twoRows)
				if test.want == "" {
					require.NoError(t, err)
					continue
				}
				require.ErrorContains(t, err, test.want)
				require.ErrorContains(t, err, "Referer")
				require.ErrorContains(t, err, "trustCallers")
			}
		})
	}
}

// ruleIn is a security group's rule about port 443, unless more says otherwise.
func ruleIn(group string, more map[string]any) map[string]map[string]any {
	rule := map[string]any{"securityGroupId": group, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443}
	maps.Copy(rule, more)
	return map[string]map[string]any{"sgr-1": rule}
}

// The load balancer's allowed addresses and web ACLs hold while only the load
// balancer reaches the endpoint behind it.
func TestAnExistingEndpointOfALBAdmitsTheLoadBalancerAloneOrTrustsItsCallers(t *testing.T) {
	const adopted = "  portico:endpoints: {alb: {id: vpce-0a1b2c3d4e5f60715}}\n"
	const lookedUp = "  portico:endpoints: {alb: {lookup: true}}\n"
	const trusting = "  portico:endpoints: {alb: {id: vpce-0a1b2c3d4e5f60715}, trustCallers: true}\n"
	const balancers = "  portico:securityGroups: {loadBalancerId: sg-0000000c}\n"
	wide := ruleIn("sg-of-others", map[string]any{"cidrIpv4": "10.0.0.0/8"})
	group := func(id string) map[string]map[string]any {
		return ruleIn("sg-of-others", map[string]any{"referencedSecurityGroupId": id})
	}
	for sentence, test := range map[string]struct {
		settings string
		rules    map[string]map[string]any
		want     string
	}{
		"no rules":                      {settings: adopted},
		"the load balancer's group":     {settings: adopted + balancers, rules: group("sg-0000000c")},
		"a range":                       {settings: adopted, rules: wide, want: "use security group sg-of-others for the execute-api endpoint: its rule sgr-1 admits 10.0.0.0/8 to port 443"},
		"a range where it is looked up": {settings: lookedUp, rules: wide, want: "admits 10.0.0.0/8"},
		"a range of IPv6":               {settings: adopted, rules: ruleIn("sg-of-others", map[string]any{"cidrIpv6": "::/0", "ipProtocol": "-1"}), want: "admits ::/0"},
		"a prefix list":                 {settings: adopted, rules: ruleIn("sg-of-others", map[string]any{"prefixListId": "pl-1"}), want: "admits pl-1"},
		"another group":                 {settings: adopted + balancers, rules: group("sg-0000000d"), want: "admits sg-0000000d"},
		"a group before the load balancer has one": {settings: adopted, rules: group("sg-0000000d"), want: "admits sg-0000000d"},
		"another port":             {settings: adopted, rules: ruleIn("sg-of-others", map[string]any{"cidrIpv4": "10.0.0.0/8", "fromPort": 80, "toPort": 80})},
		"callers that are trusted": {settings: trusting, rules: wide},
	} {
		t.Run(sentence, func(t *testing.T) {
			for _, preview := range []bool{false, true} {
				m := &monitor{rules: test.rules, unknown: preview}
				err := shared(t, m, withProviders+existingVPC+settingsText(test.settings), hosts(aHost+" alb"))
				if test.want == "" {
					require.NoError(t, err)
					continue
				}
				require.ErrorContains(t, err, test.want)
				require.ErrorContains(t, err, "let it admit the security group of the load balancer alone")
				require.ErrorContains(t, err, "web ACLs")
				require.ErrorContains(t, err, "trustCallers")
			}
		})
	}
}

// Clients call the endpoint of native directly, and no header of theirs is trusted.
func TestAnExistingEndpointOfNativeAdmitsWhomItsOwnerAdmits(t *testing.T) {
	for _, preview := range []bool{false, true} {
		m := &monitor{rules: ruleIn("sg-of-others", map[string]any{"cidrIpv4": "10.0.0.0/8"}), unknown: preview}
		require.NoError(t, shared(t, m, withProviders+existingVPC+"  portico:endpoints: {native: {id: vpce-0a1b2c3d4e5f60715}}\n", hosts(aHost+" native")))
	}
}

// infos is a log that records what is written to it as information.
type infos struct {
	pulumi.Log
	lines []string
}

// warnings is a log that records its warnings.
type warnings struct {
	pulumi.Log
	lines []string
}

func (l *infos) Info(text string, _ *pulumi.LogArgs) error {
	l.lines = append(l.lines, text)
	return nil
}

func (l *warnings) Warn(text string, _ *pulumi.LogArgs) error {
	l.lines = append(l.lines, text)
	return nil
}

func TestEachUpdateRepeatsThatCallersAreTrusted(t *testing.T) {
	const notice = "portico:endpoints.trustCallers is true: no check reads who reaches existing execute-api endpoints: " +
		"at the proxy's they can claim any custom domain by a Referer header, at alb's the load balancer's rules and web ACLs do not hold them"
	const adopted = "  portico:endpoints: {executeApi: {id: vpce-0a1b2c3d4e5f60715}%s}\n"
	for trust, want := range map[string]int{"": 0, ", trustCallers: false": 0, ", trustCallers: true": 1} {
		for _, preview := range []bool{false, true} {
			m := &monitor{unknown: preview, publicZones: publicZones}
			settings := minimalShared + existingVPC + settingsText(strings.Replace(adopted, "%s", trust, 1))
			program, log := SharedIn(project(t, "dev", settings, twoRows)), &infos{}
			require.NoError(t, run(t, m, func(ctx *pulumi.Context) error {
				log.Log, ctx.Log = ctx.Log, log
				return program(ctx)
			}, "dev", settings.config(t)))
			notices := slices.DeleteFunc(log.lines, func(line string) bool { return line != notice })
			require.Len(t, notices, want, trust)
		}
	}
}

// The header of the proxy protocol says who calls. It can be trusted while only the
// load balancer reaches the tasks' port for it.
func TestAnExistingGroupOfTheTasksAdmitsTheLoadBalancerAloneToProxyProtocol(t *testing.T) {
	const tasks, groups = "  portico:securityGroups: {tasksId: sg-0000000c}\n", "  portico:securityGroups: {tasksId: sg-0000000c, loadBalancerId: sg-0000000d}\n"
	const off = "  portico:loadBalancer: {type: NLB, proxyProtocol: false}\n"
	admits := func(more map[string]any) map[string]map[string]any {
		port := map[string]any{"fromPort": 8444, "toPort": 8444}
		maps.Copy(port, more)
		return ruleIn("sg-0000000c", port)
	}
	wide := admits(map[string]any{"cidrIpv4": "10.0.0.0/8"})
	for sentence, test := range map[string]struct {
		settings string
		rules    map[string]map[string]any
		want     string
	}{
		"the load balancer's group":          {networkLoadBalancer + groups, admits(map[string]any{"referencedSecurityGroupId": "sg-0000000d"}), ""},
		"another group":                      {networkLoadBalancer + groups, admits(map[string]any{"referencedSecurityGroupId": "sg-0000000e"}), "admits sg-0000000e to port 8444"},
		"a range":                            {networkLoadBalancer + tasks, wide, "use security group sg-0000000c for the proxy's tasks: its rule sgr-1 admits 10.0.0.0/8 to port 8444"},
		"every port of a range":              {networkLoadBalancer + tasks, admits(map[string]any{"cidrIpv4": "10.0.0.0/8", "fromPort": 0, "toPort": 65535}), "admits 10.0.0.0/8 to port 8444"},
		"a range to the other port":          {networkLoadBalancer + tasks, admits(map[string]any{"cidrIpv4": "10.0.0.0/8", "fromPort": 8443, "toPort": 8443}), ""},
		"a range, without proxy protocol":    {off + tasks, wide, ""},
		"a range, behind the other balancer": {tasks, wide, ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			for _, preview := range []bool{false, true} {
				err := shared(t, &monitor{rules: test.rules, unknown: preview}, minimalShared+existingVPC+settingsText(test.settings), twoRows)
				if test.want == "" {
					require.NoError(t, err)
					continue
				}
				require.ErrorContains(t, err, test.want)
				require.ErrorContains(t, err, "portico:loadBalancer.proxyProtocol: false")
			}
		})
	}
}
