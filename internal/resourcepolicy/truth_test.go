package resourcepolicy

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/portico-iac/portico/internal/awssim/iampolicy"
)

// TestMain keeps rapid from writing failures into the source tree; the seed
// that it prints reproduces them.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.nofailfile", "true"); err != nil {
		panic(err)
	}
	m.Run()
}

// tableRows are the rows of the truth table: one host with two rows, of two
// stages; all methods below a path; a wildcard host for a whole stage.
var tableRows = []Grant{
	{Host: "orders.example.com", Stage: "prod", Path: "/orders", Methods: []string{"GET", "POST"}},
	{Host: "orders.example.com", Stage: "dev"},
	{Host: "billing.example.com", Stage: "prod", Path: "/invoices"},
	{Host: "*.shop.example.com", Stage: "prod", Methods: []string{"GET"}},
}

// everyCall runs through the truth table.
func everyCall(visit func(call)) int {
	calls := 0
	for _, endpoint := range []string{ours, theirs, another, extra, ""} {
		for _, referer := range []string{"orders.example.com", "billing.example.com", "*.shop.example.com", "a.shop.example.com", "gone.example.com", ""} {
			for _, method := range []string{"GET", "POST", "DELETE"} {
				for _, stage := range []string{"prod", "dev", "test"} {
					for _, path := range []string{"/", "/orders", "/orders/", "/orders/1", "/ordersx", "/x/orders", "/invoices"} {
						for _, authorizer := range authorizers {
							for _, identity := range identities {
								visit(call{endpoint: endpoint, referer: referer, method: method, stage: stage, path: path, authorizer: authorizer, identity: identity})
								calls++
							}
						}
					}
				}
			}
		}
	}
	return calls
}

func TestPoliciesAdmitWhomTheTruthTableAdmits(t *testing.T) {
	for name, o := range owners() {
		for form, additional := range map[AllowForm][]string{AllowExact: nil, AllowCompact: {extra}} {
			t.Run(name+", "+string(form), func(t *testing.T) {
				r := request(tableRows...)
				r.Existing, r.AdditionalVPCEndpointIDs = []byte(o.document), additional
				policy := parsed(t, mergeAs(t, r, form).Policy)
				admitted := 0
				calls := everyCall(func(c call) {
					got := iampolicy.Authorize(&policy, c.authorizer, c.identity, c.request())
					if got {
						admitted++
					}
					if got != mayCall(r, o, c) {
						t.Fatalf("%+v: admitted %v, statements %v", c, got, iampolicy.Evaluate(policy, c.request()))
					}
				})
				require.GreaterOrEqual(t, calls, 5000)
				require.NotZero(t, admitted)
			})
		}
	}
}

// mergeAs merges in the given form: the compact one by a quota that the exact
// one is above.
func mergeAs(t require.TestingT, r Request, form AllowForm) *Result {
	result, err := Merge(r)
	require.NoError(t, err)
	if form == AllowCompact {
		r.MaxSize = result.Size - 1
		result, err = Merge(r)
		require.NoError(t, err)
	}
	require.Equal(t, form, result.Allow)
	return result
}

func parsed(t require.TestingT, document []byte) iampolicy.Policy {
	policy, err := iampolicy.Parse(document)
	require.NoError(t, err, string(document))
	return policy
}

// TestVerbsFormLeavesPathsToTheProxyWhereAnAuthorizerAllows holds what the
// form without NotResource gives up: on methods whose authorizer suffices,
// paths and stages outside the rows. Nothing else.
func TestVerbsFormLeavesPathsToTheProxyWhereAnAuthorizerAllows(t *testing.T) {
	for name, o := range owners() {
		t.Run(name, func(t *testing.T) {
			r := request(tableRows...)
			r.Existing, r.Form = []byte(o.document), DenyVerbs
			policy := parsed(t, mergeAs(t, r, AllowExact).Policy)
			everyCall(func(c call) { requireVerbsForm(t, r, o, policy, c) })
		})
	}
}

// requireVerbsForm holds a policy of the form without NotResource against what
// that promises.
func requireVerbsForm(t *testing.T, r Request, o owner, policy iampolicy.Policy, c call) {
	rows, held := visible(r, c)
	denied := o.denies(c) || held && verbDenied(rows, c) || o.silent && !held
	want := admits(c, o.allows(c) || rowAllows(rows, c), denied)
	if got := iampolicy.Authorize(&policy, c.authorizer, c.identity, c.request()); got != want {
		t.Fatalf("%+v: admitted %v, statements %v", c, got, iampolicy.Evaluate(policy, c.request()))
	}
}

func TestVerbsFormHasNoDenyForHostsOfAllMethods(t *testing.T) {
	r := request(Grant{Host: "a.example.com", Stage: "prod", Path: "/a"}, Grant{Host: "b.example.com", Stage: "prod", Methods: []string{"GET"}})
	r.Form = DenyVerbs
	statements := merged(t, r)
	var sids []any
	for _, s := range statements {
		sids = append(sids, s["Sid"])
	}
	require.Equal(t, []any{"PorticoAllow1", "PorticoAllow2", "PorticoDeny2", "PorticoDenyHosts", "PorticoDenyEndpoints"}, sids)
}

// verbDenied reports whether the call may use no row, or the rows that it may use
// don't name the method for their stage.
func verbDenied(rows []Grant, c call) bool {
	stage, method := false, false
	for _, row := range rows {
		stage = stage || row.Stage == c.stage
		method = method || row.Stage == c.stage && namesMethod(row, c.method)
	}
	return len(rows) == 0 || stage && !method
}

func TestPoliciesOfRandomRowsAdmitWhomTheRowsAdmit(t *testing.T) {
	all := owners()
	names := slices.Sorted(maps.Keys(all))
	rapid.Check(t, func(t *rapid.T) {
		o := all[rapid.SampledFrom(names).Draw(t, "owner")]
		r := requests(1).Draw(t, "request")
		r.Existing = []byte(o.document)
		r.AdditionalVPCEndpointIDs = rapid.SampledFrom([][]string{nil, {extra}, {extra, ours}, {consumers, native, balancers}}).Draw(t, "additional")
		policies := []iampolicy.Policy{
			parsed(t, mergeAs(t, r, AllowExact).Policy),
			parsed(t, mergeAs(t, r, AllowCompact).Policy),
		}
		for range 20 {
			c := calls().Draw(t, "call")
			for _, policy := range policies {
				require.Equal(t, mayCall(r, o, c), iampolicy.Authorize(&policy, c.authorizer, c.identity, c.request()),
					"%+v: %v", c, iampolicy.Evaluate(policy, c.request()))
			}
		}
	})
}

var hostNames = []string{"a.example.com", "b.example.com", "*.example.com", "c.example.com"}

// grants draws rows of few names, so that they meet.
func grants() *rapid.Generator[Grant] {
	return rapid.Custom(func(t *rapid.T) Grant {
		g := Grant{
			Host:  rapid.SampledFrom(hostNames).Draw(t, "host"),
			Stage: rapid.SampledFrom([]string{"prod", "dev", "GET"}).Draw(t, "stage"),
			Path:  rapid.SampledFrom([]string{"", "/a", "/a/b", "/ab", "/a!", "/GET/a"}).Draw(t, "path"),
		}
		if rapid.Bool().Draw(t, "some methods") {
			g.Methods = rapid.SliceOfNDistinct(rapid.SampledFrom(methods), 1, 7, rapid.ID[string]).Draw(t, "methods")
		}
		return g
	})
}

// requests draws requests for at least so many rows in all, of any front
// doors, of which others may exist too. Rows may be moving from one front door to
// another.
func requests(least int) *rapid.Generator[Request] {
	return rapid.Custom(func(t *rapid.T) Request {
		r := request()
		r.MaxSize = 1 << 20
		rows := rapid.SliceOfN(grants(), least, 6).Draw(t, "rows")
		for i, g := range rows {
			g.Source = fmt.Sprintf("APIS[%d]", i)
			frontDoors := rapid.SampledFrom([]string{"n", "n", "n", "a", "v", "na", "nv", "av"}).Draw(t, "front doors")
			if strings.Contains(frontDoors, "n") {
				r.Grants = append(r.Grants, g)
			}
			g.Host = strings.TrimPrefix(g.Host, "*.")
			if strings.Contains(frontDoors, "a") {
				r.ALBGrants = append(r.ALBGrants, g)
			}
			if strings.Contains(frontDoors, "v") {
				g.DomainARN = domainARN(g.Host)
				r.NativeGrants = append(r.NativeGrants, g)
			}
		}
		if len(r.Grants) == 0 && rapid.Bool().Draw(t, "no proxy") {
			r.VPCEndpointID = ""
		}
		if len(r.ALBGrants) > 0 || rapid.Bool().Draw(t, "a load balancer") {
			r.ALBEndpointID = balancers
		}
		r.NativeEndpointIDs = rapid.SampledFrom([][]string{{native}, {native, consumers}, nil}).Draw(t, "native endpoints")
		if len(r.NativeGrants) > 0 && r.NativeEndpointIDs == nil {
			r.NativeEndpointIDs = []string{native}
		}
		return r
	})
}

// domainARN is that of a PRIVATE custom domain, as the resource has it.
func domainARN(host string) string {
	return "arn:aws:apigateway:us-east-1:222222222222:/domainnames/" + host + "+f4g5h6"
}

func calls() *rapid.Generator[call] {
	return rapid.Custom(func(t *rapid.T) call {
		return call{
			endpoint:   rapid.SampledFrom([]string{ours, ours, ours, balancers, balancers, native, native, consumers, theirs, extra, another, ""}).Draw(t, "endpoint"),
			domain:     rapid.SampledFrom([]string{"", "a.example.com", "b.example.com", "example.com", "x.example.com"}).Draw(t, "domain"),
			referer:    rapid.SampledFrom(append([]string{"", "x.example.com"}, hostNames...)).Draw(t, "referer"),
			method:     rapid.SampledFrom(methods).Draw(t, "method"),
			stage:      rapid.SampledFrom([]string{"prod", "dev", "GET", "test"}).Draw(t, "stage"),
			path:       rapid.SampledFrom([]string{"/", "/a", "/a/", "/a/b", "/a/b/c", "/ab", "/a!", "/a!b", "/b/a", "/GET/a", "/x/GET/a"}).Draw(t, "path"),
			authorizer: rapid.SampledFrom(authorizers).Draw(t, "authorizer"),
			identity:   rapid.SampledFrom(identities).Draw(t, "identity"),
		}
	})
}
