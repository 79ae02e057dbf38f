package accounts

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const (
	endpointToken    = "aws:ec2/vpcEndpoint:VpcEndpoint"
	ruleToken        = "aws:lb/listenerRule:ListenerRule"
	attachmentToken  = "aws:lb/targetGroupAttachment:TargetGroupAttachment"
	targetGroupToken = "aws:lb/targetGroup:TargetGroup"
	balancerToken    = "aws:lb/loadBalancer:LoadBalancer"
	listenerToken    = "aws:lb/listener:Listener"
	recordToken      = "aws:route53/record:Record"
	accessToken      = "aws:apigateway/domainNameAccessAssociation:DomainNameAccessAssociation"
	accepterToken    = "aws:ram/resourceShareAccepter:ResourceShareAccepter"
	ingressToken     = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	egressToken      = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
)

const (
	ownStack      = "organization/portico/dev"
	ordersStack   = "organization/portico-provider/dev-orders"
	withProviders = minimalShared + "  portico:providers: [" + ordersStack + "]\n"
)

// hosts is a mapping of one row for each argument, "HOST FRONT_DOOR".
func hosts(rows ...string) string {
	var b strings.Builder
	b.WriteString("APIS:\n")
	for i, row := range rows {
		host, frontDoor, _ := strings.Cut(row, " ")
		fmt.Fprintf(&b, "  - {CUSTOM_DOMAIN_URL: %s, PRIVATE_API_URL: 'https://api%07d.execute-api.us-east-1.amazonaws.com/dev', ACCOUNT: \"222222222222\", FRONT_DOOR: %s}\n", host, i, frontDoor)
	}
	return b.String()
}

const (
	nativeDomain = "arn:aws:apigateway:us-east-1:222222222222:/domainnames/c.internal.example.com+abc123"
	ordersShare  = "arn:aws:ram:us-east-1:222222222222:resource-share/7ab63972-b505-7e2a-420d-6f5d3EXAMPLE"
)

// provisioned are a provider stack's outputs where its account has everything
// that the hosts' front doors need.
func provisioned(frontDoors ...string) map[string]any {
	rows := map[string]any{}
	domains := map[string]any{}
	for _, at := range frontDoors {
		host, frontDoor, _ := strings.Cut(at, " ")
		list, _ := rows[frontDoor].([]any)
		rows[frontDoor] = append(list, host)
		if frontDoor == "native" {
			domains[host] = strings.Replace(nativeDomain, "c.internal.example.com", host, 1)
		}
	}
	return map[string]any{
		"contract": 2, "accountId": "222222222222", "provisioned": rows, "provisionedFor": allEndpoints, "domainNameArns": domains, "resourceShareArn": ordersShare,
	}
}

// allEndpoints are the endpoints of all front doors, which the shared stack makes
// in its first run.
var allEndpoints = map[string]any{
	"nginx": "portico-dev-execute-api-id", "alb": "portico-dev-alb-endpoint-id", "native": "portico-dev-native-endpoint-id",
}

// afterProvisioning are the outputs of both stacks when the shared one has created
// the endpoints, and the account has everything that the hosts' front doors need.
func afterProvisioning(frontDoors ...string) map[string]map[string]any {
	return map[string]map[string]any{
		ownStack: {"contract": 2, "hosts": []any{}, "endpoints": allEndpoints}, ordersStack: provisioned(frontDoors...),
	}
}

// sharedRuns is a shared stack that is brought up again and again.
type sharedRuns struct {
	settings settingsText
	mapping  string
	// reported are the outputs of the stacks' last runs.
	reported map[string]map[string]any
	// listed are the zones that AWS lists; nil: those of all tests.
	listed []any
}

// up runs the stack's program and keeps its outputs.
func (e *sharedRuns) up(t *testing.T) *monitor {
	t.Helper()
	if e.settings == "" {
		e.settings = withProviders
	}
	if e.reported == nil {
		e.reported = map[string]map[string]any{}
	}
	m := &monitor{outputs: e.reported, publicZones: publicZones, listed: e.listed}
	dir := project(t, "dev", e.settings, e.mapping)
	var outputs map[string]any
	program := func(ctx *pulumi.Context) error {
		if err := SharedIn(dir)(ctx); err != nil {
			return err
		}
		pulumi.Map(ctx.GetCurrentExportMap()).ToMapOutput().ApplyT(func(all map[string]any) int {
			outputs = all
			return 0
		})
		return nil
	}
	require.NoError(t, run(t, m, program, "dev", e.settings.config(t)))
	e.reported = maps.Clone(e.reported)
	e.reported[ownStack] = kept(t, outputs)
	return m
}

// kept is what the engine keeps of outputs.
func kept(t *testing.T, outputs map[string]any) map[string]any {
	t.Helper()
	data, err := json.Marshal(outputs)
	require.NoError(t, err)
	var all map[string]any
	require.NoError(t, json.Unmarshal(data, &all))
	return all
}

// states is the output frontDoors of the last run.
func (e *sharedRuns) states() map[string]any {
	states, _ := e.reported[ownStack]["frontDoors"].(map[string]any)
	return states
}

// awaiting is the state of a host of one row that waits for its account.
func awaiting(current, host, target string) map[string]any {
	state := map[string]any{"target": target, "pending": "provider", "rows": []any{host}}
	if current != "" {
		state["current"] = current
	}
	return state
}

func (m *monitor) names(token string) []string {
	var names []string
	for _, r := range m.of(token) {
		names = append(names, strings.TrimPrefix(r.Name, "portico-dev"))
	}
	return names
}

// aliases are the targets of the alias records, by name.
func (m *monitor) aliases() map[string]string {
	targets := map[string]string{}
	for _, r := range m.of(recordToken) {
		if aliases, _ := r.Inputs["aliases"].([]any); len(aliases) > 0 {
			targets[r.Inputs["name"].(string)] = aliases[0].(map[string]any)["name"].(string)
		}
	}
	return targets
}

// provide has the account provision the hosts' front doors. Before the first up
// the shared stack has created its endpoints, and nothing else.
func (e *sharedRuns) provide(frontDoors ...string) {
	if e.reported[ownStack] == nil {
		e.reported = afterProvisioning()
	}
	e.reported[ordersStack] = provisioned(frontDoors...)
}

const (
	aHost = "a.internal.example.com"
	bHost = "b.internal.example.com"
	cHost = "c.internal.example.com"

	theBalancer = "portico-dev-lb.elb.amazonaws.com"
	theEndpoint = "vpce-1.execute-api.us-east-1.vpce.amazonaws.com"
)

func TestHostsWaitUntilTheirAccountsAreReady(t *testing.T) {
	e := &sharedRuns{mapping: hosts(aHost+" nginx", bHost+" alb", cHost+" native")}
	m := e.up(t)
	require.Equal(t, map[string]string{"*.internal.example.com": theBalancer}, m.aliases())
	require.Equal(t, map[string]any{bHost: awaiting("", bHost, "alb"), cHost: awaiting("", cHost, "native")}, e.states())
	require.Equal(t, []any{aHost}, e.reported[ownStack]["hosts"], "the others have no names yet")
	require.Equal(t, map[string]any{"nginx": "portico-dev-execute-api-id", "alb": "portico-dev-alb-endpoint-id", "native": "portico-dev-native-endpoint-id"},
		e.reported[ownStack]["endpoints"], "by which the accounts can make their side")
	require.Empty(t, m.of(accessToken))
	require.Equal(t, []string{"-api-portico.invalid"}, m.names(ruleToken), "which has the targets' health checked until there are hosts")

	e.provide(bHost+" alb", cHost+" native")
	m = e.up(t)
	require.Equal(t, map[string]string{"*.internal.example.com": theBalancer, cHost: theEndpoint}, m.aliases())
	require.Equal(t, map[string]any{bHost: map[string]any{"current": "alb"}, cHost: map[string]any{"current": "native"}}, e.states())
	require.Equal(t, []any{aHost, bHost, cHost}, e.reported[ownStack]["hosts"])
	require.Equal(t, []string{"-api-" + bHost}, m.names(ruleToken))
	require.Equal(t, []string{"-" + cHost}, m.names(accessToken))

	t.Run("a further run changes nothing", func(t *testing.T) {
		before, again := e.reported[ownStack], e.up(t)
		require.Equal(t, m.identities(), again.identities())
		require.Equal(t, before, e.reported[ownStack])
	})
}

// hostPath is how requests reach a host after a run.
type hostPath struct {
	// name is the host's state, and alias the target of its own record.
	name  map[string]any
	alias string
	// rule reports whether the load balancer has a rule for the host, ruleToProxy
	// whether that rule forwards to the proxy, and access whether the host's
	// PRIVATE custom domain is associated.
	rule, access, ruleToProxy bool
}

// forwardsToProxy reports whether a host's rule forwards to the proxy, and depends
// on the proxy's service.
func (m *monitor) forwardsToProxy(host string) bool {
	for _, r := range m.of(ruleToken) {
		action := r.Inputs["actions"].([]any)[0].(map[string]any)
		if strings.HasSuffix(r.Name, "-"+host) && action["targetGroupArn"] == "arn:aws:mock::111111111111:portico-dev-lb" {
			return strings.Contains(strings.Join(r.Dependencies, " "), "ecs/service:Service::portico-dev")
		}
	}
	return false
}

func (e *sharedRuns) pathOf(m *monitor, host string) hostPath {
	state, _ := e.states()[host].(map[string]any)
	return hostPath{
		ruleToProxy: m.forwardsToProxy(host),
		name:        state,
		alias:       m.aliases()[host],
		rule:        slices.Contains(m.names(ruleToken), "-api-"+host) || slices.Contains(m.names(ruleToken), "-alb-"+host),
		access:      slices.Contains(m.names(accessToken), "-"+host),
	}
}

func TestAHostMovesWhileItsEarlierFrontDoorStaysUp(t *testing.T) {
	const ownALB = withProviders + "  portico:alb: {loadBalancer: own}\n"
	const albName = "portico-dev-alb.elb.amazonaws.com"
	at := func(current string, retains ...any) map[string]any {
		state := map[string]any{"current": current}
		if len(retains) > 0 {
			state["retains"], state["pending"] = retains, "clients"
		}
		return state
	}
	associated := func(current string) map[string]any {
		return map[string]any{"current": current, "target": "native", "retains": []any{"native"}, "pending": "association", "rows": []any{bHost}}
	}
	waits := func(current, target string) map[string]any { return awaiting(current, bHost, target) }
	for sentence, test := range map[string]struct {
		settings settingsText
		from, to string
		// first is the path before the mapping changes, then[0] the one after a run
		// before the account is ready, and the rest those after each later run.
		first hostPath
		then  []hostPath
	}{
		"from nginx to alb behind the same load balancer": {
			from: "nginx", to: "alb",
			then: []hostPath{{name: waits("nginx", "alb")}, {name: at("alb", "nginx"), rule: true}, {name: at("alb"), rule: true}},
		},
		"from alb to nginx behind the same load balancer, by its rule, which then goes": {
			from: "alb", to: "nginx", first: hostPath{name: at("alb"), rule: true},
			then: []hostPath{{name: waits("alb", "nginx"), rule: true}, {name: at("nginx", "alb"), rule: true, ruleToProxy: true}, {}},
		},
		"from nginx to alb on a load balancer of its own": {
			settings: ownALB, from: "nginx", to: "alb",
			then: []hostPath{{name: waits("nginx", "alb")}, {name: at("alb", "nginx"), rule: true, alias: albName}, {name: at("alb"), rule: true, alias: albName}},
		},
		"from alb on a load balancer of its own to nginx": {
			settings: ownALB, from: "alb", to: "nginx", first: hostPath{name: at("alb"), rule: true, alias: albName},
			then: []hostPath{{name: waits("alb", "nginx"), rule: true, alias: albName}, {name: at("nginx", "alb"), rule: true, alias: theBalancer}, {}},
		},
		"from nginx to native": {
			from: "nginx", to: "native",
			then: []hostPath{
				{name: waits("nginx", "native")}, {name: associated("nginx"), access: true},
				{name: at("native", "nginx"), access: true, alias: theEndpoint}, {name: at("native"), access: true, alias: theEndpoint},
			},
		},
		"from native to nginx": {
			from: "native", to: "nginx", first: hostPath{name: at("native"), access: true, alias: theEndpoint},
			then: []hostPath{{name: waits("native", "nginx"), access: true, alias: theEndpoint}, {name: at("nginx", "native"), access: true, alias: theBalancer}, {}},
		},
		"from alb to native": {
			from: "alb", to: "native", first: hostPath{name: at("alb"), rule: true},
			then: []hostPath{
				{name: waits("alb", "native"), rule: true}, {name: associated("alb"), rule: true, access: true},
				{name: at("native", "alb"), rule: true, access: true, alias: theEndpoint}, {name: at("native"), access: true, alias: theEndpoint},
			},
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			// Another host keeps the proxy, and with it the wildcard, up.
			e := &sharedRuns{settings: test.settings, mapping: hosts(aHost+" nginx", bHost+" "+test.from), reported: map[string]map[string]any{}}
			e.provide(bHost + " " + test.from)
			require.Equal(t, test.first, e.pathOf(e.up(t), bHost))

			e.mapping = hosts(aHost+" nginx", bHost+" "+test.to)
			require.Equal(t, test.then[0], e.pathOf(e.up(t), bHost), "the account isn't ready")
			e.provide(bHost+" "+test.from, bHost+" "+test.to)
			for i, then := range test.then[1:] {
				m := e.up(t)
				require.Equal(t, then, e.pathOf(m, bHost), "run %d after the account is ready", i+1)
				require.Contains(t, m.named(t, zoneToken, "internal.example.com").Inputs["name"], "internal.example.com")
				if then.alias == theBalancer {
					after := strings.Join(m.named(t, recordToken, bHost).Dependencies, " ")
					require.Contains(t, after, "ecs/service:Service::portico-dev", "the name moves when the proxy knows it")
				}
			}
		})
	}
}

// requireNone requires that no resource of the given kinds is registered, beside
// those of the VPC's flow logs.
func requireNone(t *testing.T, m *monitor, kinds ...string) {
	t.Helper()
	for _, r := range m.resources {
		if strings.Contains(r.Parent, "portico:index:FlowLogs::") {
			continue
		}
		for _, kind := range kinds {
			require.NotContains(t, r.Token, kind, r.Name)
		}
	}
}

func TestRowsOfALBAloneNeedNoProxy(t *testing.T) {
	e := &sharedRuns{mapping: hosts(aHost+" alb", bHost+" alb"), reported: map[string]map[string]any{}}
	e.provide(aHost+" alb", bHost+" alb")
	m := e.up(t)
	requireNone(t, m, "ecs/", "ecr/", "docker", "appautoscaling", "iam/", "cloudwatch", "apigateway", "Cluster", "Service", "Repository", "Image")
	require.Equal(t, []string{"-alb-endpoint"}, m.names(endpointToken), "neither logs nor ECR nor S3 is called")
	require.Equal(t, []string{"-api"}, m.names(targetGroupToken))
	action := m.only(t, listenerToken).Inputs["defaultActions"].([]any)[0].(map[string]any)
	require.Equal(t, "fixed-response", action["type"])
	response := action["fixedResponse"].(map[string]any)
	require.Equal(t, "404", response["statusCode"])
	require.JSONEq(t, `{"message":"No API is mapped to this host and path"}`, response["messageBody"].(string))
	require.Equal(t, "portico-dev-alb-endpoint-id", e.reported[ownStack]["vpcEndpointId"], "for readers that know of one endpoint")
	require.Equal(t, theBalancer, e.reported[ownStack]["loadBalancerDnsName"])
	require.Equal(t, []string{"-api-" + aHost, "-api-" + bHost}, m.names(ruleToken))

	t.Run("and a proxy that comes leaves the load balancer what it is", func(t *testing.T) {
		e.mapping = hosts(aHost+" alb", bHost+" alb", cHost+" nginx")
		joined := e.up(t)
		require.Equal(t, m.names(balancerToken), joined.names(balancerToken))
		require.Equal(t, m.names(certificateToken), joined.names(certificateToken))
		require.Equal(t, []string{"-api", "-lb"}, joined.names(targetGroupToken))
		require.Equal(t, "arn:aws:mock::111111111111:portico-dev-lb", joined.only(t, listenerToken).Inputs["defaultActions"].([]any)[0].(map[string]any)["targetGroupArn"])
	})
}

func TestRowsOfNativeAloneNeedNoLoadBalancer(t *testing.T) {
	e := &sharedRuns{mapping: hosts(aHost + " native"), reported: map[string]map[string]any{}}
	e.provide(aHost + " native")
	m := e.up(t)
	requireNone(t, m, "ecs/", "ecr/", "docker", "lb/", "acm/", "iam/", "LoadBalancer", "Certificates", "SecurityGroups")
	require.Equal(t, []string{"-native-endpoint"}, m.names(endpointToken))
	require.NotContains(t, e.reported[ownStack], "loadBalancerDnsName")
	require.Equal(t, "portico-dev-native-endpoint-id", e.reported[ownStack]["vpcEndpointId"])
	require.Equal(t, map[string]string{aHost: theEndpoint}, m.aliases())

	access := m.only(t, accessToken)
	require.Equal(t, "portico-dev-native-endpoint-id", access.Inputs["accessAssociationSource"])
	require.Equal(t, "VPCE", access.Inputs["accessAssociationSourceType"])
	require.Equal(t, strings.Replace(nativeDomain, cHost, aHost, 1), access.Inputs["domainNameArn"])
	record := m.named(t, recordToken, aHost)
	require.Equal(t, "Z7HUB22UULQXV", record.Inputs["aliases"].([]any)[0].(map[string]any)["zoneId"])
	require.Contains(t, strings.Join(record.Dependencies, " "), "DomainNameAccessAssociation::portico-dev-"+aHost, "the name comes after what answers for it")
	require.Empty(t, m.of(accepterToken), "accounts of one organization accept nothing")
}

func TestClientsReachTheEndpointOfTheirFrontDoorOnly(t *testing.T) {
	const wider = withProviders + "  portico:loadBalancer: {allowedCidrs: [172.16.0.0/12]}\n"
	m := (&sharedRuns{settings: wider, mapping: hosts(aHost+" nginx", bHost+" alb", cHost+" native")}).up(t)
	admitted := map[string][]any{}
	for _, rule := range m.of(ingressToken) {
		group := strings.TrimPrefix(rule.Inputs["securityGroupId"].(string), "portico-dev-")
		require.InDelta(t, map[bool]int{true: 8443, false: 443}[group == "tasks-id"], rule.Inputs["fromPort"], 0)
		for _, from := range []string{"cidrIpv4", "referencedSecurityGroupId"} {
			if rule.Inputs[from] != nil {
				admitted[group] = append(admitted[group], rule.Inputs[from])
			}
		}
	}
	require.Equal(t, []any{"portico-dev-tasks-id"}, admitted["execute-api-id"])
	require.Equal(t, []any{"portico-dev-load-balancer-id"}, admitted["alb-endpoint-id"])
	require.Equal(t, []any{"10.0.0.0/16", "172.16.0.0/12"}, admitted["native-endpoint-id"])
	out := m.named(t, egressToken, "alb-load-balancer-to-endpoint-1").Inputs
	require.Equal(t, []any{"portico-dev-load-balancer-id", "portico-dev-alb-endpoint-id"}, []any{out["securityGroupId"], out["referencedSecurityGroupId"]})
	for _, endpoint := range m.of(endpointToken) {
		if strings.HasSuffix(endpoint.Name, "-endpoint") {
			require.Equal(t, false, endpoint.Inputs["privateDnsEnabled"], endpoint.Name)
			require.Equal(t, []any{endpoint.Name + "-id"}, endpoint.Inputs["securityGroupIds"])
		}
	}
}

func TestTheALBLeadsToTheEndpointsAddresses(t *testing.T) {
	targets := func(m *monitor) []any {
		var ids []any
		for _, attachment := range m.of(attachmentToken) {
			require.InDelta(t, 443, attachment.Inputs["port"], 0)
			ids = append(ids, attachment.Inputs["targetId"])
		}
		return ids
	}
	t.Run("chosen ones in a new VPC, known in a preview", func(t *testing.T) {
		m := &monitor{unknown: true, outputs: afterProvisioning(aHost + " alb")}
		require.NoError(t, shared(t, m, withProviders, hosts(aHost+" alb")))
		require.Equal(t, []any{"10.0.0.17", "10.0.32.17"}, targets(m))
		balancer := m.only(t, balancerToken)
		require.Contains(t, strings.Join(balancer.Dependencies, " "), "VpcEndpoint::portico-dev-alb-endpoint", "lest AWS give them to the load balancer")
	})
	t.Run("of which a further zone's comes last, lest a target that stays be registered anew and then taken out by its old name", func(t *testing.T) {
		e := &sharedRuns{mapping: hosts(aHost + " alb")}
		of := func(zones string) []any {
			e.settings = withProviders + settingsText("  portico:network: {create: true, cidr: 10.0.96.0/19, zones: "+zones+"}\n")
			return targets(e.up(t))
		}
		require.Equal(t, []any{"10.0.96.17", "10.0.100.17"}, of("2"))
		require.Equal(t, []any{"10.0.96.17", "10.0.100.17", "10.7.0.3"}, of("3"), "which AWS chooses: to send the first ones again could interrupt them")
		require.Equal(t, []any{"10.0.96.17", "10.0.100.17", "10.7.0.3"}, of("3"))
		require.Equal(t, []any{"10.0.96.17", "10.0.100.17", "10.0.104.17"}, targets((&sharedRuns{settings: e.settings, mapping: e.mapping}).up(t)), "with three zones from the first")
	})
	t.Run("in an existing VPC too, wherever the settings name the further subnet", func(t *testing.T) {
		e := &sharedRuns{settings: withProviders + existingVPC, mapping: hosts(aHost+" alb", bHost+" nginx")}
		e.up(t)
		e.settings = withProviders + settingsText(strings.Replace(existingVPC, "[", "[subnet-0a1b2c3d4e5f6071c, ", 1))
		m := e.up(t)
		require.Equal(t, []any{"10.7.0.1", "10.7.0.3", "10.7.0.2"}, targets(m))
		require.Equal(t, "10.7.0.1:443,10.7.0.2:443,10.7.0.3:443", environment(t, m)["PORTICO_UPSTREAMS"])
	})
	t.Run("in an existing VPC those of the network interfaces", func(t *testing.T) {
		m := (&sharedRuns{settings: withProviders + existingVPC, mapping: hosts(aHost + " alb")}).up(t)
		require.Equal(t, []any{"10.7.0.1", "10.7.0.3"}, targets(m))
	})
	t.Run("an existing endpoint's, whose group the load balancer may leave for", func(t *testing.T) {
		m := &monitor{}
		require.NoError(t, shared(t, m, withProviders+existingVPC+"  portico:endpoints: {alb: {id: vpce-0a1b2c3d4e5f60715}}\n", hosts(aHost+" alb")))
		require.Equal(t, []any{"10.7.0.9"}, targets(m))
		require.Empty(t, m.of(endpointToken))
		require.Equal(t, "sg-of-others", m.only(t, egressToken).Inputs["referencedSecurityGroupId"])
	})
	t.Run("healthy where they answer, be it with 403", func(t *testing.T) {
		m := (&sharedRuns{mapping: hosts(aHost + " alb")}).up(t)
		group := m.only(t, targetGroupToken).Inputs
		require.Equal(t, []any{"ip", "HTTPS", 443.0, "HTTP1"}, []any{group["targetType"], group["protocol"], group["port"], group["protocolVersion"]})
		require.Equal(t, map[string]any{"enabled": true, "protocol": "HTTPS", "port": "traffic-port", "path": "/", "matcher": "200,403",
			"interval": 10.0, "timeout": 5.0, "healthyThreshold": 2.0, "unhealthyThreshold": 2.0}, group["healthCheck"])
	})
	t.Run("by a rule for each host, which goes before its targets do", func(t *testing.T) {
		e := &sharedRuns{mapping: hosts(aHost + " alb"), reported: map[string]map[string]any{}}
		e.provide(aHost + " alb")
		rule := e.up(t).only(t, ruleToken)
		require.Equal(t, []any{map[string]any{"hostHeader": map[string]any{"values": []any{aHost}}}}, rule.Inputs["conditions"])
		require.NotContains(t, rule.Inputs, "priority")
		require.Contains(t, strings.Join(rule.Dependencies, " "), "TargetGroupAttachment::portico-dev-api-1")
	})
}

func TestValidationRecordsOutlastTheStackWhereItsAccountHasCustomDomainsToo(t *testing.T) {
	for mapping, outlast := range map[string]bool{
		hosts(aHost+" nginx", bHost+" native"):                                                     false,
		hosts(aHost+" nginx", bHost+" nginx"):                                                      false,
		strings.ReplaceAll(hosts(aHost+" nginx", bHost+" nginx"), "222222222222", "111111111111"):  false,
		strings.ReplaceAll(hosts(aHost+" nginx", bHost+" native"), "222222222222", "111111111111"): true,
	} {
		m := (&sharedRuns{mapping: mapping}).up(t)
		validation := m.named(t, recordToken, "validation-internal.example.com")
		require.Equal(t, outlast, validation.Inputs["allowOverwrite"], mapping)
		require.Equal(t, outlast, validation.RetainOnDelete, "the domains' certificates are renewed by it")
	}
}

func TestSharesOfAccountsOutsideTheOrganizationAreAccepted(t *testing.T) {
	e := &sharedRuns{settings: withProviders + "  portico:native: {acceptShares: [\"222222222222\"]}\n", mapping: hosts(cHost + " native"), reported: map[string]map[string]any{}}
	e.provide(cHost + " native")
	m := e.up(t)
	accepter := m.only(t, accepterToken)
	require.Equal(t, ordersShare, accepter.Inputs["shareArn"])
	require.Contains(t, strings.Join(m.only(t, accessToken).Dependencies, " "), "ResourceShareAccepter::"+accepter.Name)

	e = &sharedRuns{settings: withProviders + "  portico:native: {acceptShares: [\"333333333333\"]}\n", mapping: hosts(cHost + " native"), reported: map[string]map[string]any{}}
	e.provide(cHost + " native")
	require.Empty(t, e.up(t).of(accepterToken))
}
