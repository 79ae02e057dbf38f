package accounts

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/mapping"
)

// rowsTo is a mapping of rows "HOST API/STAGE" of account 222222222222.
func rowsTo(rows ...string) string {
	var b strings.Builder
	b.WriteString("APIS:\n")
	for _, row := range rows {
		host, target, _ := strings.Cut(row, " ")
		fmt.Fprintf(&b, "  - {CUSTOM_DOMAIN_URL: %s, PRIVATE_API_URL: '%s', ACCOUNT: \"222222222222\"}\n", host, urlTo(target))
	}
	return b.String()
}

func urlTo(target string) string {
	return "https://" + strings.Replace(target, "/", ".execute-api.us-east-1.amazonaws.com/", 1)
}

// servedRow is a row "HOST API/STAGE" as the shared stack reports it.
func servedRow(row string, number int) outputs.ServedRow {
	host, target, _ := strings.Cut(row, " ")
	return outputs.ServedRow{Host: mapping.Host(host), URL: urlTo(target), Account: "222222222222", Number: number}
}

// serving are the outputs of a shared stack whose proxy serves some rows and awaits
// others.
func serving(t *testing.T, served outputs.Served) map[string]any {
	t.Helper()
	encoded, err := outputs.Encode(outputs.Shared{Served: &served})
	require.NoError(t, err)
	all := maps.Clone(sharedStackOutputs)
	all["served"] = encoded.(map[string]any)["served"]
	return all
}

// served is what the shared stack's last run has reported.
func (e *sharedRuns) served(t *testing.T) *outputs.Served {
	t.Helper()
	own, err := outputs.DecodeShared(e.reported[ownStack])
	require.NoError(t, err)
	return own.Served
}

// TestRowsOfOtherFrontDoorsAreNotLedElsewhere: what takes a request of alb over would be
// admitted only some time after, and the proxy alone can hold it. The error names steps,
// each of which the program takes.
func TestRowsOfOtherFrontDoorsAreNotLedElsewhere(t *testing.T) {
	row := func(host, target, frontDoor string) string {
		return fmt.Sprintf("  - {CUSTOM_DOMAIN_URL: '%s', PRIVATE_API_URL: '%s', ACCOUNT: \"222222222222\", FRONT_DOOR: %s}\n", host, urlTo(target), frontDoor)
	}
	const wild = "*.internal.example.com"
	other := row(wild, "wildcard01/dev", "nginx")
	e := &sharedRuns{mapping: "APIS:\n" + other + row(aHost, "former0001/dev", "alb")}
	e.provide(aHost + " alb")
	e.up(t)
	own, err := outputs.DecodeShared(e.reported[ownStack])
	require.NoError(t, err)
	require.Equal(t, []outputs.ServedRow{servedRow(aHost+" former0001/dev", 0)}, own.Direct.Rows)

	try := func(rows ...string) error {
		m := &monitor{outputs: e.reported, publicZones: publicZones, listed: e.listed}
		dir := project(t, "dev", e.settings, "APIS:\n"+strings.Join(rows, ""))
		return run(t, m, SharedIn(dir), "dev", e.settings.config(t))
	}
	for sentence, test := range map[string]struct {
		rows []string
		want string // none: it is deployed
	}{
		"another target":                    {[]string{other, row(aHost, "another001/dev", "alb")}, "have the host served by nginx first (change FRONT_DOOR alone)"},
		"another target and front door":     {[]string{other, row(aHost, "another001/dev", "nginx")}, "have the host served by nginx first (change FRONT_DOOR alone)"},
		"a base path of the host":           {[]string{other, row(aHost, "former0001/dev", "alb"), row(aHost+"/v1", "former0001/prod", "alb")}, "APIS[2].PRIVATE_API_URL"},
		"the wildcard's row alone":          {[]string{other}, "APIS[0].CUSTOM_DOMAIN_URL: a.internal.example.com is served by alb and has no row of its own any more"},
		"a host that the wildcard answered": {[]string{other, row(aHost, "former0001/dev", "alb"), row(bHost, "wildcard01/dev", "native")}, "APIS[2].FRONT_DOOR: requests for b.internal.example.com are answered by the row of a wildcard host"},
		"the front door alone":              {[]string{other, row(aHost, "former0001/dev", "nginx")}, ""},
		"a host of no wildcard's":           {[]string{other, row(aHost, "former0001/dev", "alb"), row("b.other.example.com", "former0001/dev", "alb")}, ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			err := try(test.rows...)
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.want)
		})
	}
}

const imageToken = "docker:index/image:Image"

// TestTheProxyGoesOnToServeTheFormerTarget: the image is rendered from the former row
// until the account has reported the new one.
func TestTheProxyGoesOnToServeTheFormerTarget(t *testing.T) {
	e := &sharedRuns{mapping: rowsTo(aHost + " former0001/dev"), reported: map[string]map[string]any{}}
	image := func(m *monitor) any { return m.only(t, imageToken).Inputs["imageName"] }
	before := image(e.up(t))
	require.Equal(t, &outputs.Served{Rows: []outputs.ServedRow{servedRow(aHost+" former0001/dev", 0)}}, e.served(t))

	e.mapping = rowsTo(aHost + " another001/dev")
	require.Equal(t, before, image(e.up(t)))
	former := servedRow(aHost+" former0001/dev", 0)
	former.Former = true
	require.Equal(t, &outputs.Served{
		Rows: []outputs.ServedRow{former}, Awaited: []outputs.ServedRow{servedRow(aHost+" another001/dev", 1)}, Count: 1,
	}, e.served(t))

	e.reported[ordersStack] = map[string]any{
		"contract": 2, "accountId": "222222222222", "provisionedFor": map[string]any{"nginx": allEndpoints["nginx"]}, "admits": packed(t, outputs.Numbers{aHost: 1}),
	}
	require.NotEqual(t, before, image(e.up(t)))
	require.Equal(t, &outputs.Served{Rows: []outputs.ServedRow{servedRow(aHost+" another001/dev", 0)}, Count: 1}, e.served(t))
}

func packed(t *testing.T, numbers outputs.Numbers) any {
	t.Helper()
	encoded, err := outputs.Encode(numbers)
	require.NoError(t, err)
	return encoded
}

// TestARowWhoseAccountHasNoStackIsRefused: nothing would ever say that it is admitted.
func TestARowWhoseAccountHasNoStackIsRefused(t *testing.T) {
	e := &sharedRuns{settings: minimalShared, mapping: rowsTo(aHost + " former0001/dev")}
	e.up(t)
	m := &monitor{outputs: e.reported, publicZones: publicZones}
	err := shared(t, m, minimalShared, rowsTo(aHost+" another001/dev", bHost+" former0001/dev"))
	require.ErrorContains(t, err, "mapping.yaml:2:5: APIS[0].PRIVATE_API_URL: the requests of "+aHost+" go from "+urlTo("former0001/dev")+" to "+urlTo("another001/dev"))
	require.ErrorContains(t, err, "no stack of account 222222222222 is known that would say so: name it in portico:providers")
	require.ErrorContains(t, err, "`pulumi up` on this stack, on the account's, and on both once more")
	require.Empty(t, m.of(imageToken), "nothing is registered")

	require.NoError(t, shared(t, &monitor{outputs: e.reported, publicZones: publicZones}, minimalShared, rowsTo(aHost+" former0001/dev", bHost+" another001/dev")), "a row that is added waits for no account")
	delete(e.reported[ownStack], "served")
	require.NoError(t, shared(t, &monitor{outputs: e.reported, publicZones: publicZones}, minimalShared, rowsTo(aHost+" another001/dev")), "where nothing is known of what is served, as after an upgrade")
}

// TestPoliciesAdmitWhatIsServedBesideWhatIsWanted goes through the runs of an
// account's stack while a row is given another API of the account.
func TestPoliciesAdmitWhatIsServedBesideWhatIsWanted(t *testing.T) {
	admits := func(m *monitor, api string) bool {
		for _, policy := range m.of(policyToken) {
			if policy.Inputs["restApiId"] == api {
				return strings.Contains(policy.Inputs["policy"].(string), "aws:Referer\":\""+aHost)
			}
		}
		return false
	}
	const former, wanted = aHost + " former0001/dev", aHost + " another001/dev"
	waits := serving(t, outputs.Served{
		Rows: []outputs.ServedRow{servedRow(former, 0)}, Awaited: []outputs.ServedRow{servedRow(wanted, 7)}, Count: 7,
	})
	own := map[string]map[string]any{}
	const name = "organization/portico/dev-orders"
	next := func(sharedOutputs map[string]any) *monitor {
		m := &monitor{shared: sharedOutputs, outputs: own}
		own = map[string]map[string]any{name: outputsOf(t, m, redeploying, rowsTo(wanted))}
		return m
	}

	widened := next(waits)
	require.True(t, admits(widened, "former0001"))
	require.True(t, admits(widened, "another001"))
	require.Len(t, widened.of(deploymentToken), 2)
	require.Equal(t, []any{aHost}, own[name]["widens"])
	require.Equal(t, packed(t, outputs.Numbers{aHost: 7}), own[name]["admits"])
	require.Equal(t, map[string]any{"nginx": "vpce-0a1b2c3d4e5f60718"}, own[name]["provisionedFor"])

	narrowed := next(serving(t, outputs.Served{Rows: []outputs.ServedRow{servedRow(wanted, 0)}, Count: 7}))
	require.False(t, admits(narrowed, "former0001"))
	require.True(t, admits(narrowed, "another001"))
	require.Len(t, narrowed.of(deploymentToken), 2, "the former stage is deployed without the statements")
	require.Equal(t, []any{"former0001/dev"}, own[name]["takenBack"])
	require.NotContains(t, own[name], "widens")

	letGo := next(serving(t, outputs.Served{Rows: []outputs.ServedRow{servedRow(wanted, 0)}, Count: 7}))
	require.Equal(t, "another001", letGo.only(t, policyToken).Inputs["restApiId"])
	require.NotContains(t, own[name], "takenBack")
}

// TestAnAPIThatWasDeletedHoldsNothingUp: the row that led to it is served until the
// new one is admitted, and its policy is gone.
func TestAnAPIThatWasDeletedHoldsNothingUp(t *testing.T) {
	const former, wanted = aHost + " former0001/dev", aHost + " another001/dev"
	m := &monitor{missing: []string{"former0001/dev"}, shared: serving(t, outputs.Served{
		Rows: []outputs.ServedRow{servedRow(former, 0)}, Awaited: []outputs.ServedRow{servedRow(wanted, 1)}, Count: 1,
	})}
	got := outputsOf(t, m, redeploying, rowsTo(wanted))
	require.Equal(t, "another001", m.only(t, policyToken).Inputs["restApiId"])
	require.Equal(t, packed(t, outputs.Numbers{aHost: 1}), got["admits"])
}

// TestAnAccountWhoseLastRowLeaves has its policies admit the row until another
// account's API has taken over, then takes its statements back.
func TestAnAccountWhoseLastRowLeaves(t *testing.T) {
	const former = aHost + " former0001/dev"
	elsewhere := strings.ReplaceAll(rowsTo(aHost+" another001/dev"), "222222222222", "333333333333")
	own := map[string]map[string]any{"organization/portico/dev-orders": {"contract": 2, "stages": map[string]any{"former0001": []any{"dev"}}}}
	waits := &monitor{outputs: own, shared: serving(t, outputs.Served{Rows: []outputs.ServedRow{servedRow(former, 0)}})}
	got := outputsOf(t, waits, redeploying, elsewhere)
	require.Contains(t, waits.only(t, policyToken).Inputs["policy"], aHost)
	require.Equal(t, []any{aHost}, got["widens"])

	left := &monitor{outputs: own, shared: serving(t, outputs.Served{})}
	got = outputsOf(t, left, redeploying, elsewhere)
	require.NotContains(t, left.only(t, policyToken).Inputs["policy"], aHost)
	require.Equal(t, []any{"former0001/dev"}, got["takenBack"])

	own["organization/portico/dev-orders"] = map[string]any{"contract": 2}
	gone := &monitor{outputs: own, shared: serving(t, outputs.Served{})}
	outputsOf(t, gone, redeploying, elsewhere)
	require.Empty(t, gone.of(policyToken), "and the stack has nothing left")
}

// TestAFormerStageIsAskedForOnce, although both the former rows and the publication
// need the answer.
func TestAFormerStageIsAskedForOnce(t *testing.T) {
	own := map[string]map[string]any{"organization/portico/dev-orders": {"contract": 2, "stages": map[string]any{"former0001": []any{"dev"}}}}
	m := &monitor{outputs: own, shared: serving(t, outputs.Served{})}
	got := outputsOf(t, m, redeploying, rowsTo(aHost+" another001/dev"))
	require.Equal(t, []any{"former0001/dev"}, got["takenBack"])
	var asked int
	for _, token := range m.invokes {
		if token == "aws:apigateway/getExport:getExport" {
			asked++
		}
	}
	require.Equal(t, 2, asked, "one for former0001/dev, one for another001/dev")
}

// TestAnAPIOfAnotherAccountNowIsLeftAlone: ACCOUNT was wrong, and its stack has the
// policy from now on.
func TestAnAPIOfAnotherAccountNowIsLeftAlone(t *testing.T) {
	own := map[string]map[string]any{"organization/portico/dev-orders": {"contract": 2, "stages": map[string]any{"former0001": []any{"dev"}}}}
	m := &monitor{outputs: own, shared: serving(t, outputs.Served{})}
	outputsOf(t, m, redeploying, strings.ReplaceAll(rowsTo(aHost+" former0001/dev"), "222222222222", "333333333333"))
	require.Empty(t, m.of(policyToken))
}

// TestAnOwnerWhoDeploysByHand: the row is admitted once the stage has another
// deployment than when the policy was saved.
func TestAnOwnerWhoDeploysByHand(t *testing.T) {
	const former, wanted = aHost + " former0001/dev", aHost + " another001/dev"
	const settings = minimalProvider + "  portico:redeploy: false\n"
	const name = "organization/portico/dev-orders"
	waits := serving(t, outputs.Served{
		Rows: []outputs.ServedRow{servedRow(former, 0)}, Awaited: []outputs.ServedRow{servedRow(wanted, 3)}, Count: 3,
	})
	own := map[string]map[string]any{}
	up := func(deployment string) map[string]any {
		m := &monitor{shared: waits, outputs: own, deployments: map[string]string{"another001/dev": deployment}}
		own = map[string]map[string]any{name: outputsOf(t, m, settings, rowsTo(wanted))}
		return own[name]
	}
	for _, deployment := range []string{"before", "before"} {
		got := up(deployment)
		require.Equal(t, []any{aHost}, got["undeployed"])
		require.Nil(t, got["admits"])
	}
	got := up("after")
	require.Equal(t, packed(t, outputs.Numbers{aHost: 3}), got["admits"])
	require.Empty(t, got["undeployed"])
	require.Equal(t, packed(t, outputs.Numbers{aHost: 3}), up("after")["admits"], "and stays so")
}

// TestPoliciesThatHaveNoRoomForBothNameTheOrder: what fits is changed first.
func TestPoliciesThatHaveNoRoomForBothNameTheOrder(t *testing.T) {
	var rows []string
	var served outputs.Served
	for i := range 12 {
		host := fmt.Sprintf("%s-%02d.internal.example.com", strings.Repeat("h", 40), i)
		served.Rows = append(served.Rows, servedRow(host+fmt.Sprintf(" abcde12345/dev/%s-%02d", strings.Repeat("p", 30), i), 0))
		rows = append(rows, host+fmt.Sprintf(" abcde12345/dev/%s-%02d", strings.Repeat("q", 30), i))
	}
	const settings = redeploying + "  portico:quotas: {resourcePolicySize: 30000}\n"
	require.NoError(t, provider(t, &monitor{shared: serving(t, outputs.Served{})}, settings, rowsTo(rows...)), "the new rows alone have room")
	err := provider(t, &monitor{shared: serving(t, served), unknown: true}, settings, rowsTo(rows...))
	require.ErrorContains(t, err, "the policy has to admit what it serves now as well: change the rows in this order, an update for each line:\n  "+strings.Repeat("h", 40)+"-00.internal.example.com, ")
	_, order, _ := strings.Cut(err.Error(), "for each line:\n")
	require.Equal(t, 12, strings.Count(order, ".internal.example.com"))
}

// TestARetiredRowLosesItsStatementsAtOnce: only the mapping before allowed its
// requests, whatever the proxy still serves.
func TestARetiredRowLosesItsStatementsAtOnce(t *testing.T) {
	const row = aHost + " former0001/dev"
	retired := strings.Replace(rowsTo(row), "}", ", RETIRED: true}", 1)
	m := &monitor{shared: serving(t, outputs.Served{Rows: []outputs.ServedRow{servedRow(row, 0)}})}
	got := outputsOf(t, m, redeploying, retired)
	require.NotContains(t, m.only(t, policyToken).Inputs["policy"], aHost)
	require.NotContains(t, got, "widens")
}

// TestAChangedMappingOfAPrebuiltImageNamesTheSteps: nothing is held, since it isn't
// known what the image serves.
func TestAChangedMappingOfAPrebuiltImageNamesTheSteps(t *testing.T) {
	for _, test := range []struct {
		uri, before string
		want        int
	}{{"registry.example.com/proxy:2", "earlier", 1}, {"registry.example.com/proxy:2", "now", 0}, {"registry.example.com/proxy:2", "", 0}, {"", "earlier", 0}} {
		stack := &sharedStack{
			config: &settings.Shared{Image: Image{URI: test.uri}}, mapping: &mapping.Mapping{Digest: "now"},
			reports: &reports{own: outputs.Shared{MappingDigest: test.before}},
		}
		notices := stack.prebuiltNotices()
		require.Len(t, notices, test.want, "%+v", test)
		if test.want > 0 {
			require.Contains(t, notices[0], "under a base path of its own")
		}
	}
}
