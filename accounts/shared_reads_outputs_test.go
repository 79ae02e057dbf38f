package accounts

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

const readToken = "pulumi:pulumi:readStackOutputs"

// testdata/nginx-alone.txt holds what version 1 registered: an environment that
// was brought up by it must find its resources under the same names.
func TestAnEnvironmentOfNGINXRowsAloneIsWhatItWas(t *testing.T) {
	const golden = "testdata/nginx-alone.txt"
	m := up(t, minimalShared)
	got := strings.Join(m.identities(), "\n") + "\n"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
	asked := slices.DeleteFunc(slices.Clone(m.invokes), func(token string) bool { return token != readToken })
	require.Len(t, asked, 1, "it asks no stack but itself")
}

func TestStacksThatArentThereYetAreNoMistake(t *testing.T) {
	m := &monitor{}
	require.NoError(t, shared(t, m, withProviders, hosts(aHost+" alb")))
	asked := slices.DeleteFunc(slices.Clone(m.invokes), func(token string) bool { return token != readToken })
	require.Len(t, asked, 2, "the stack itself and the one that is named")
}

// A backend of files writes the checkpoint of this very update meanwhile.
func TestHalfACheckpointIsReadAgain(t *testing.T) {
	m := &monitor{halfWritten: 3}
	require.NoError(t, shared(t, m, withProviders, hosts(aHost+" alb")))
	require.Zero(t, m.halfWritten)

	m = &monitor{halfWritten: checkpointReads}
	require.ErrorContains(t, shared(t, m, withProviders, hosts(aHost+" alb")), "read the outputs of stack "+ownStack)
}

func TestStacksThatCantBeReadAreReported(t *testing.T) {
	for sentence, test := range map[string]struct {
		unreadable string
		outputs    map[string]map[string]any
		want       string
	}{
		"the stack itself": {unreadable: ownStack, want: "read the outputs of stack " + ownStack + ": the bucket is gone"},
		"a provider's":     {unreadable: ordersStack, want: "read the outputs of stack " + ordersStack + ": the bucket is gone (portico:providers)"},
		"of another contract": {
			outputs: map[string]map[string]any{ownStack: {"contract": 1}},
			want:    "read the outputs of stack " + ownStack + ": they are of contract 1, and this program reads contract 2: use the version of Portico that brought the stack up",
		},
		"of another account than the stack is named for": {
			outputs: map[string]map[string]any{ordersStack: {"contract": 2, "accountId": "333333333333"}},
			want:    "read the outputs of stack " + ordersStack + ": output accountId: it is 333333333333, and ACCOUNTS.orders of the mapping is 222222222222",
		},
		"with a custom domain of another account": {
			outputs: map[string]map[string]any{ordersStack: {"contract": 2, "accountId": "222222222222",
				"domainNameArns": map[string]any{bHost: "arn:aws:apigateway:us-east-1:333333333333:/domainnames/" + bHost + "+abc123"}}},
			want: "read the outputs of stack " + ordersStack + ": output domainNameArns[" + bHost + "]: it has to be of apigateway in account 222222222222, region us-east-1, and is arn:aws:apigateway:us-east-1:333333333333:",
		},
		"with an output of another kind": {
			outputs: map[string]map[string]any{ordersStack: {"contract": 2, "provisioned": "everything"}},
			want:    "read the outputs of stack " + ordersStack + ": output provisioned: ",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			m := &monitor{outputs: test.outputs, unreadable: map[string]bool{test.unreadable: true}}
			err := shared(t, m, withProviders, "ACCOUNTS: {orders: {ID: \"222222222222\"}}\n"+hosts(aHost+" alb"))
			require.ErrorContains(t, err, test.want)
			require.Empty(t, m.of(balancerToken), "nothing is registered")
		})
	}
}

func TestAPrivateDomainThatIsGoneIsReported(t *testing.T) {
	e := &sharedRuns{mapping: hosts(cHost + " native"), reported: map[string]map[string]any{}}
	e.provide(cHost + " native")
	e.up(t)
	delete(e.reported, ordersStack)
	err := shared(t, &monitor{outputs: e.reported}, withProviders, e.mapping)
	require.ErrorContains(t, err, "serve "+cHost+": no stack of portico:providers has its PRIVATE custom domain any more")
}

func TestWithoutProvidersNoHostLeavesTheFrontDoorThatServesIt(t *testing.T) {
	for _, frontDoor := range []string{"alb", "native"} {
		e := &sharedRuns{mapping: hosts(aHost+" nginx", bHost+" "+frontDoor), reported: map[string]map[string]any{}}
		e.provide(bHost + " " + frontDoor)
		e.up(t)
		m := &monitor{outputs: e.reported, publicZones: publicZones}
		err := shared(t, m, minimalShared, hosts(aHost+" nginx", bHost+" nginx"))
		require.ErrorContains(t, err, "mapping.yaml:3:5: APIS[1].FRONT_DOOR: "+bHost+" is still served by "+frontDoor)
		require.ErrorContains(t, err, "keep portico:providers until an update has moved the name to nginx")
		require.Empty(t, m.of(recordToken), "nothing is registered")

		m = &monitor{outputs: e.reported, publicZones: publicZones}
		require.NoError(t, shared(t, m, minimalShared, hosts(aHost+" nginx")), "a host that is gone waits for no account")
	}
}

func TestProvisionedForAnEndpointThatIsGoneDoesntCount(t *testing.T) {
	e := &sharedRuns{mapping: hosts(aHost+" nginx", bHost+" alb"), reported: map[string]map[string]any{}}
	e.up(t)
	e.provide(bHost + " alb")
	e.reported[ordersStack]["provisionedFor"] = map[string]any{"alb": "vpce-of-before"}
	e.up(t)
	require.Equal(t, map[string]any{bHost: awaiting("", bHost, "alb")}, e.states())
	e.reported[ordersStack]["provisionedFor"] = e.reported[ownStack]["endpoints"]
	e.up(t)
	require.Equal(t, map[string]any{bHost: map[string]any{"current": "alb"}}, e.states())
}

// A stack of an account may say what it likes of hosts whose rows name another.
func TestAHostsOutputsCountOnlyFromTheAccountThatItsRowsName(t *testing.T) {
	for _, frontDoor := range []string{"alb", "native"} {
		e := &sharedRuns{mapping: hosts(aHost+" nginx", bHost+" "+frontDoor), reported: map[string]map[string]any{}}
		e.up(t)
		e.provide(bHost + " " + frontDoor)
		e.reported[ordersStack]["accountId"] = "333333333333"
		e.reported[ordersStack]["resourceShareArn"] = strings.Replace(ordersShare, "222222222222", "333333333333", 1)
		domains, _ := e.reported[ordersStack]["domainNameArns"].(map[string]any)
		for host, arn := range domains {
			domains[host] = strings.Replace(arn.(string), "222222222222", "333333333333", 1)
		}
		m := e.up(t)
		require.Equal(t, map[string]any{bHost: awaiting("", bHost, frontDoor)}, e.states(), frontDoor)
		require.Empty(t, m.of(accessToken))
		e.provide(bHost + " " + frontDoor)
		e.up(t)
		require.Equal(t, map[string]any{bHost: map[string]any{"current": frontDoor}}, e.states(), frontDoor)
	}
}

func TestACustomDomainStaysInItsAccountWhileItServes(t *testing.T) {
	elsewhere := func(mapping string) string {
		before, row, _ := strings.Cut(mapping, "  - {CUSTOM_DOMAIN_URL: "+bHost)
		return before + "  - {CUSTOM_DOMAIN_URL: " + bHost + strings.NewReplacer("api0000001", "api0000009", "222222222222", "333333333333").Replace(row)
	}
	for _, frontDoor := range []string{"alb", "native"} {
		for _, wanted := range []string{frontDoor, "nginx"} {
			t.Run(frontDoor+" to "+wanted, func(t *testing.T) {
				e := &sharedRuns{mapping: hosts(aHost+" nginx", bHost+" "+frontDoor), reported: map[string]map[string]any{}}
				e.provide(bHost + " " + frontDoor)
				e.reported[ordersStack]["accountId"] = "222222222222"
				e.up(t)
				m := &monitor{outputs: e.reported, publicZones: publicZones}
				err := shared(t, m, withProviders, elsewhere(hosts(aHost+" nginx", bHost+" "+wanted)))
				require.ErrorContains(t, err, "mapping.yaml:3:5: APIS[1].ACCOUNT: "+bHost+" is served by "+frontDoor+" from a custom domain of account 222222222222, which would be deleted before account 333333333333 can have it")
				require.Empty(t, m.of(recordToken), "nothing is registered")
			})
		}
	}
	t.Run("from nginx it may go anywhere", func(t *testing.T) {
		e := &sharedRuns{mapping: hosts(aHost+" nginx", bHost+" nginx"), reported: map[string]map[string]any{}}
		e.settings = minimalShared + "  portico:providers: [" + ordersStack + ", organization/portico-provider/dev-payments]\n"
		e.provide()
		e.reported[ordersStack]["accountId"] = "222222222222"
		e.up(t)
		e.mapping = elsewhere(e.mapping)
		e.up(t)
	})
}

func TestFrontDoorsDontShareAnEndpoint(t *testing.T) {
	for sentence, test := range map[string]struct{ endpoints, want string }{
		"alb and native": {
			"{alb: {id: vpce-0a1b2c3d4e5f60715}, native: {id: vpce-0a1b2c3d4e5f60715}}",
			"use endpoint vpce-0a1b2c3d4e5f60715: portico:endpoints.alb and portico:endpoints.native are the same one",
		},
		"the proxy's, which is looked up": {
			"{executeApi: {lookup: true}, native: {id: vpce-adopted}}", "",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := withProviders + existingVPC + settingsText("  portico:endpoints: "+test.endpoints+"\n")
			if test.want == "" {
				// The ID of a real endpoint; the look-up finds it too.
				s = settingsText(strings.ReplaceAll(string(s), "vpce-adopted", "vpce-0a1b2c3d4e5f60716"))
				test.want = "use endpoint vpce-0a1b2c3d4e5f60716: portico:endpoints.executeApi and portico:endpoints.native are the same one"
			}
			m := &monitor{lookedUp: "vpce-0a1b2c3d4e5f60716"}
			require.ErrorContains(t, shared(t, m, s, hosts(aHost+" nginx", bHost+" alb", cHost+" native")), test.want)
		})
	}
}

// Another front door's endpoint is in the VPC from the first run on, and
// looking "the" endpoint up would find two.
func TestAnEndpointThatWasLookedUpStaysTheSame(t *testing.T) {
	e := &sharedRuns{
		settings: withProviders + existingVPC + "  portico:endpoints: {executeApi: {lookup: true}}\n",
		mapping:  hosts(aHost+" nginx", bHost+" alb"),
	}
	e.up(t)
	require.Equal(t, "vpce-adopted", e.reported[ownStack]["endpoints"].(map[string]any)["nginx"])
	m := e.up(t)
	require.Contains(t, m.askedEndpoints, "vpce-adopted")
	e.mapping = hosts(aHost + " nginx")
	require.Contains(t, e.up(t).askedEndpoints, "vpce-adopted", "the other is still there while this run takes it down")
	require.Equal(t, []string{""}, slices.Compact(e.up(t).askedEndpoints), "by service and VPC")
}

func TestWhatHostsWaitForIsSaidInALineForEachKind(t *testing.T) {
	const rows = 10_000
	var frontDoors []string
	for i := range rows {
		frontDoors = append(frontDoors, string(rune('a'+i%26))+strings.Repeat("x", i/26%50)+"."+strings.Repeat("y", 1+i/1300)+".example.com alb")
	}
	parsed, err := mapping.Parse("mapping.yaml", []byte(hosts(frontDoors...)))
	require.NoError(t, err)
	wanted := migration.WantedBy(parsed.Rows)
	reported := func(states map[mapping.Host]outputs.HostState) *outputs.Shared {
		shared := &outputs.Shared{Contract: outputs.Contract, FrontDoors: states, Endpoints: map[mapping.FrontDoor]string{"alb": "vpce-1", "native": "vpce-2"}}
		shared.Hosts = slices.Sorted(maps.Keys(states))
		return shared
	}
	states := func(state outputs.HostState) map[mapping.Host]outputs.HostState {
		of := map[mapping.Host]outputs.HostState{}
		for host := range wanted {
			of[host] = state
		}
		return of
	}
	lines := func(shared *outputs.Shared, frontDoor mapping.FrontDoor, provider *outputs.Provider) []string {
		rows := slices.Clone(parsed.Rows)
		for i := range rows {
			rows[i].FrontDoor = frontDoor
		}
		state := migration.New(migration.WantedBy(rows), shared, []migration.Provider{{Stack: ordersStack, Outputs: provider}})
		derived := &topology.Topology{Plan: state.Plan(), APIs: []topology.API{{ID: "a", Account: "222222222222", Rows: rows}}}
		return (&sharedStack{mapping: &mapping.Mapping{Rows: rows}, topology: derived, reports: &reports{migration: state}}).notices()
	}
	provisioned := func(frontDoor mapping.FrontDoor, retains ...mapping.Host) *outputs.Provider {
		provider := &outputs.Provider{AccountID: "222222222222", ProvisionedFor: map[mapping.FrontDoor]string{"alb": "vpce-1", "native": "vpce-2"}, Retains: retains}
		provider.Provisioned = map[mapping.FrontDoor][]string{}
		for _, target := range wanted {
			provider.Provisioned[frontDoor] = append(provider.Provisioned[frontDoor], target.Rows...)
		}
		return provider
	}
	anyHost := parsed.Rows[0].Host
	atALB := states(outputs.HostState{Current: "alb"})
	require.Empty(t, lines(reported(atALB), "alb", provisioned("alb")))

	waiting := lines(nil, "alb", nil)
	require.Len(t, waiting, 1)
	require.Regexp(t, `^\d+ hosts \(\S+, \S+, \S+ and \d+ more\) wait until the accounts of their APIs \(222222222222\) have their side of the front door: `+
		"run `pulumi up` on the accounts' stacks, then on this one again "+`\(never brought up: `+ordersStack+`\)$`, waiting[0])

	atNGINX := states(outputs.HostState{Current: "nginx"})
	moving := lines(reported(atNGINX), "alb", provisioned("alb", anyHost))
	require.Len(t, moving, 1, "the account keeps the earlier front door until the shared one has removed it")
	require.Contains(t, moving[0], "run `pulumi up` on this stack again a minute later or more")

	associated := lines(reported(atNGINX), "native", provisioned("native", anyHost))
	require.Len(t, associated, 1)
	require.Contains(t, associated[0], "run `pulumi up` on this stack again 15 minutes later or more, to move the name")

	begun := lines(reported(nil), "native", provisioned("native"))
	require.Len(t, begun, 1)
	require.Regexp(t, "hosts .* are new, and answered when .* up to 15 minutes later$", begun[0])
	require.Empty(t, lines(reported(states(outputs.HostState{Current: "native"})), "native", provisioned("native")))

	require.Equal(t, []string{"APIs of hosts that have moved admit the earlier front door until `pulumi up` on " + ordersStack},
		lines(reported(atALB), "alb", provisioned("alb", anyHost)))
}

func TestTheOutputFrontDoorsComesAfterWhatItSays(t *testing.T) {
	outputs := afterProvisioning(bHost+" alb", cHost+" native")
	m := &monitor{outputs: outputs, publicZones: publicZones, failing: accessToken}
	dir := project(t, "dev", withProviders, hosts(aHost+" nginx", bHost+" alb", cHost+" native"))
	said := false
	program := func(ctx *pulumi.Context) error {
		err := SharedIn(dir)(ctx)
		pulumi.ToOutput(ctx.GetCurrentExportMap()["frontDoors"]).ApplyT(func(any) int {
			said = true
			return 0
		})
		return err
	}
	require.ErrorContains(t, run(t, m, program, "dev", withProviders.config(t)), "the association failed")
	require.False(t, said, "a run that fails doesn't claim that the host is served")
}

// TestANoticeSaysThatDeploymentsWaitForStreams: a preview says how much longer a
// deployment takes with rows that stream.
func TestANoticeSaysThatDeploymentsWaitForStreams(t *testing.T) {
	notices := func(rows ...mapping.Row) []string {
		state := migration.New(migration.WantedBy(rows), nil, nil)
		s := &sharedStack{mapping: &mapping.Mapping{Rows: rows}, topology: &topology.Topology{Plan: state.Plan()}, reports: &reports{migration: state}}
		return s.notices()
	}
	row := func(host mapping.Host, stream, retired bool) mapping.Row {
		return mapping.Row{Host: host, FrontDoor: mapping.FrontDoorNGINX, Stream: stream, Retired: retired}
	}
	require.Empty(t, notices(row("a.example.com", false, false), row("b.example.com", true, true)))
	const waits = " (STREAM: true): each deployment of the proxy waits 15 minutes for the answers of the tasks that it replaces, and takes that much longer"
	require.Equal(t, []string{"b.example.com streams" + waits}, notices(row("a.example.com", false, false), row("b.example.com", true, false)))
	require.Equal(t, []string{"2 hosts (a.example.com, b.example.com) stream" + waits},
		notices(row("b.example.com", true, false), row("a.example.com", true, false), row("a.example.com", true, false)))
}
