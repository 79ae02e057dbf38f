package resourcepolicy

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim/iampolicy"
)

// These tests show that defects of the reference implementation are absent.

func TestD32_TheRefererOpensNothingFromElsewhere(t *testing.T) {
	r := request(Grant{Host: "orders.example.com", Stage: "prod", Methods: []string{"GET"}})
	for _, endpoint := range []string{another, ""} {
		require.Equal(t, iampolicy.ExplicitDeny, decide(t, r, call{endpoint: endpoint, referer: "orders.example.com", method: "GET", stage: "prod", path: "/"}))
	}
	require.Equal(t, iampolicy.ExplicitDeny, decide(t, r, call{endpoint: ours, referer: "", method: "GET", stage: "prod", path: "/"}))
	require.Equal(t, iampolicy.Allowed, decide(t, r, call{endpoint: ours, referer: "orders.example.com", method: "GET", stage: "prod", path: "/"}))
}

func TestD33_HostsOfOneAPIGetDifferentSids(t *testing.T) {
	statements := merged(t, request(
		Grant{Host: "a.example.com", Stage: "prod", Methods: []string{"GET"}},
		Grant{Host: "b.example.com", Stage: "prod", Methods: []string{"PUT"}},
	))
	seen := map[any]bool{}
	for _, s := range statements {
		require.Regexp(t, `^Portico[A-Za-z0-9]+$`, s["Sid"])
		require.False(t, seen[s["Sid"]], "%v twice", s["Sid"])
		seen[s["Sid"]] = true
	}
}

func TestD34_ChildrenOfAnAllowedPathAreAllowedAndItsSiblingsAreNot(t *testing.T) {
	r := request(Grant{Host: "a.example.com", Stage: "prod", Path: "/orders"})
	for path, want := range map[string]iampolicy.Outcome{
		"/orders": iampolicy.Allowed, "/orders/": iampolicy.Allowed, "/orders/1": iampolicy.Allowed, "/orders/1/lines/2": iampolicy.Allowed,
		"/ordersx": iampolicy.ExplicitDeny, "/": iampolicy.ExplicitDeny, "/x/orders": iampolicy.ExplicitDeny, "/order": iampolicy.ExplicitDeny,
	} {
		require.Equal(t, want, decide(t, r, call{endpoint: ours, referer: "a.example.com", method: "GET", stage: "prod", path: path}), path)
	}
}

func TestD36_ThirtyRowsOfTwoVerbsOnOneAPIFit(t *testing.T) {
	result, err := Merge(manyRows(30, "", "GET", "POST"))
	require.NoError(t, err)
	require.LessOrEqual(t, result.Size, DefaultMaxSize)
	require.Equal(t, AllowExact, result.Allow)
}

func TestD36_APolicyAboveTheQuotaIsAnErrorThatSaysHowManyRowsFit(t *testing.T) {
	_, err := Merge(manyRows(30, "/resource%d", "GET", "POST"))
	var large *SizeError
	require.ErrorAs(t, err, &large)
	require.Equal(t, 30, large.Rows)
	require.Greater(t, large.Size, DefaultMaxSize)

	fitting := manyRows(large.Fit, "/resource%d", "GET", "POST")
	result, err := Merge(fitting)
	require.NoError(t, err)
	require.Equal(t, AllowCompact, result.Allow)
	_, err = Merge(manyRows(large.Fit+1, "/resource%d", "GET", "POST"))
	require.ErrorAs(t, err, &large)

	fitting.MaxSize = result.Size
	_, err = Merge(fitting)
	require.NoError(t, err, "the quota itself is allowed")
	fitting.MaxSize--
	_, err = Merge(fitting)
	require.ErrorAs(t, err, &large)

	_, err = Merge(manyRows(30, "/resource%d", "GET", "POST"))
	require.ErrorAs(t, err, &large)
	require.ErrorContains(t, err, "API a1b2c3d4e5")
	require.ErrorContains(t, err, large.FirstOut+" doesn't")
	require.ErrorContains(t, err, "the quota is 8192")

	raised := manyRows(30, "/resource%d", "GET", "POST")
	raised.MaxSize = 4 * DefaultMaxSize
	_, err = Merge(raised)
	require.NoError(t, err)
}

func TestD36_AnOwnerWhoFillsTheQuotaIsTold(t *testing.T) {
	r := manyRows(1, "", "GET")
	r.MaxSize = 300
	r.Existing = []byte(`{"Version":"2012-10-17","Statement":{"Sid":"Long","Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":["execute-api:/a","execute-api:/b","execute-api:/c"]}}`)
	_, err := Merge(r)
	var large *SizeError
	require.ErrorAs(t, err, &large)
	require.Equal(t, 0, large.Fit)
	require.Equal(t, "APIS[0]", large.FirstOut)

	r.Grants = nil
	r.MaxSize = 8192
	alone, err := Merge(r)
	require.NoError(t, err)
	require.Equal(t, alone.Size, large.OwnerSize)
}

func TestD37_TheOwnersOtherConsumersKeepTheirAccess(t *testing.T) {
	r := request(Grant{Host: "a.example.com", Stage: "prod", Methods: []string{"GET"}})
	r.Existing = []byte(owners()["an allow of another endpoint"].document)
	require.Equal(t, iampolicy.Allowed, decide(t, r, call{endpoint: theirs, method: "DELETE", stage: "dev", path: "/x"}))
	require.Equal(t, iampolicy.ExplicitDeny, decide(t, r, call{endpoint: ours, referer: "a.example.com", method: "DELETE", stage: "dev", path: "/x"}))
}

func TestD38_AnAPIIDThatBeginsWithADigitIsOne(t *testing.T) {
	r := request(Grant{Host: "a.example.com", Stage: "prod"})
	r.APIID = "0a1b2c3d4e"
	statements := merged(t, r)
	require.Equal(t, "arn:aws:execute-api:us-east-1:222222222222:0a1b2c3d4e/prod/*", bySid(t, statements, "PorticoAllow1")["Resource"])
}

func TestD39_ThePathIsInThePolicy(t *testing.T) {
	statements := merged(t, request(Grant{Host: "a.example.com", Stage: "prod", Path: "/orders", Methods: []string{"GET"}}))
	require.Equal(t, []any{prefix + "prod/GET/orders", prefix + "prod/GET/orders/*"}, bySid(t, statements, "PorticoAllow1")["Resource"])
}

func TestD39_RowsOfOneAPIAreOnePolicy(t *testing.T) {
	r := request(
		Grant{Host: "a.example.com", Stage: "prod", Path: "/orders", Methods: []string{"GET"}},
		Grant{Host: "a.example.com", Stage: "prod", Path: "/invoices", Methods: []string{"PUT"}},
		Grant{Host: "b.example.com", Stage: "dev", Methods: []string{"GET"}},
	)
	for _, c := range []call{
		{endpoint: ours, referer: "a.example.com", method: "GET", stage: "prod", path: "/orders"},
		{endpoint: ours, referer: "a.example.com", method: "PUT", stage: "prod", path: "/invoices"},
		{endpoint: ours, referer: "b.example.com", method: "GET", stage: "dev", path: "/"},
	} {
		require.Equal(t, iampolicy.Allowed, decide(t, r, c), c)
	}
	require.Equal(t, iampolicy.ExplicitDeny, decide(t, r, call{endpoint: ours, referer: "a.example.com", method: "PUT", stage: "prod", path: "/orders"}))
}
