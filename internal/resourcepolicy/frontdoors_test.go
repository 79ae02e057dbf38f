package resourcepolicy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim/iampolicy"
)

// threeDoors are rows of every front door, and hosts on their way from one to
// another.
func threeDoors() map[string]Request {
	plain := Grant{Host: "orders.example.com", Stage: "prod", Path: "/orders", Methods: []string{"GET"}}
	whole := Grant{Host: "billing.example.com", Stage: "dev"}
	other := Grant{Host: "shop.example.com", Stage: "prod", Methods: []string{"GET", "POST"}}
	through := func(nginx, alb, native []Grant) Request {
		r := request(nginx...)
		r.ALBEndpointID, r.ALBGrants = balancers, alb
		r.NativeEndpointIDs = []string{nativeFirst, consumers}
		for _, g := range native {
			g.DomainARN = domainARN(g.Host)
			r.NativeGrants = append(r.NativeGrants, g)
		}
		return r
	}
	rows := func(grants ...Grant) []Grant { return grants }
	return map[string]Request{
		"rows of each front door":              through(rows(plain, whole), rows(other), rows(whole, other)),
		"only the proxy's, where others stand": through(rows(plain, whole), nil, nil),
		"only the load balancer's":             through(nil, rows(plain, other), nil),
		"only custom domains'":                 through(nil, nil, rows(plain, whole, other)),
		"on the way from nginx to native":      through(rows(plain, whole, other), nil, rows(plain, whole)),
		"on the way from native to alb":        through(nil, rows(whole), rows(plain, whole)),
	}
}

// nativeFirst is Portico's own endpoint of front door native.
const nativeFirst = native

// everyDoorsCall runs through the truth table of the front doors. What tells a
// host through one of them is there on calls through the others too.
func everyDoorsCall(visit func(call)) int {
	type names struct{ referer, domain string }
	var known []names
	for _, host := range []string{"orders.example.com", "billing.example.com", "shop.example.com", "gone.example.com", ""} {
		known = append(known, names{referer: host}, names{domain: host}, names{referer: "orders.example.com", domain: host})
	}
	calls := 0
	for _, endpoint := range []string{ours, balancers, native, consumers, theirs, extra, ""} {
		for _, n := range known {
			for _, method := range []string{"GET", "POST"} {
				for _, at := range []struct{ stage, path string }{{"prod", "/"}, {"prod", "/orders/1"}, {"dev", "/x"}, {"test", "/orders"}} {
					for _, authorizer := range authorizers {
						for _, identity := range identities {
							visit(call{
								endpoint: endpoint, referer: n.referer, domain: n.domain, method: method, stage: at.stage, path: at.path,
								authorizer: authorizer, identity: identity,
							})
							calls++
						}
					}
				}
			}
		}
	}
	return calls
}

func TestPoliciesOfEveryFrontDoorAdmitWhomTheTruthTableAdmits(t *testing.T) {
	for rows, r := range threeDoors() {
		for name, o := range owners() {
			for form, additional := range map[AllowForm][]string{AllowExact: nil, AllowCompact: {extra, consumers, ours, native}} {
				t.Run(rows+", "+name+", "+string(form), func(t *testing.T) {
					r := r
					r.Existing, r.AdditionalVPCEndpointIDs = []byte(o.document), additional
					policy := parsed(t, mergeAs(t, r, form).Policy)
					admitted := 0
					calls := everyDoorsCall(func(c call) {
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
}

func TestVerbsFormHoldsMethodsAndHostsThroughEveryFrontDoor(t *testing.T) {
	for rows, r := range threeDoors() {
		for name, o := range owners() {
			t.Run(rows+", "+name, func(t *testing.T) {
				r := r
				r.Existing, r.Form = []byte(o.document), DenyVerbs
				policy := parsed(t, mergeAs(t, r, AllowExact).Policy)
				everyDoorsCall(func(c call) { requireVerbsForm(t, r, o, policy, c) })
			})
		}
	}
}

func TestRowsOfALoadBalancerAreToldByTheirEndpointAlone(t *testing.T) {
	r := request()
	r.VPCEndpointID, r.ALBEndpointID = "", balancers
	r.ALBGrants = []Grant{
		{Host: "a.example.com", Stage: "prod", Methods: []string{"GET"}},
		{Host: "b.example.com", Stage: "dev", Methods: []string{"PUT"}},
	}
	result, err := Merge(r)
	require.NoError(t, err)
	require.JSONEq(t, `{"Version":"2012-10-17","Statement":[
	  {"Sid":"PorticoALBAllow","Effect":"Allow","Principal":"*","Action":"execute-api:Invoke",
	   "Resource":["`+prefix+`dev/PUT/*","`+prefix+`prod/GET/*"],"Condition":{"StringEquals":{"aws:SourceVpce":"`+balancers+`"}}},
	  {"Sid":"PorticoALBDeny","Effect":"Deny","Principal":"*","Action":"execute-api:Invoke",
	   "NotResource":["`+prefix+`dev/PUT/*","`+prefix+`prod/GET/*"],"Condition":{"StringEquals":{"aws:SourceVpce":"`+balancers+`"}}},
	  {"Sid":"PorticoDenyEndpoints","Effect":"Deny","Principal":"*","Action":"execute-api:Invoke",
	   "Resource":"`+prefix+`*","Condition":{"StringNotEquals":{"aws:SourceVpce":"`+balancers+`"}}}
	]}`, string(result.Policy))
}

func TestRowsOfCustomDomainsAreToldByTheDomainsARN(t *testing.T) {
	r := request()
	r.VPCEndpointID, r.NativeEndpointIDs = "", []string{native, consumers}
	r.NativeGrants = []Grant{{Host: "a.example.com", Stage: "prod", Methods: []string{"GET"}, DomainARN: domainARN("a.example.com")}}
	const domain = "arn:aws:execute-api:us-east-1:222222222222:/domainnames/a.example.com+f4g5h6"
	result, err := Merge(r)
	require.NoError(t, err)
	require.JSONEq(t, `{"Version":"2012-10-17","Statement":[
	  {"Sid":"PorticoNativeAllow1","Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"`+prefix+`prod/GET/*",
	   "Condition":{"ArnEquals":{"execute-api:viaDomainArn":"`+domain+`"},"StringEquals":{"aws:SourceVpce":["`+consumers+`","`+native+`"]}}},
	  {"Sid":"PorticoNativeDeny1","Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","NotResource":"`+prefix+`prod/GET/*",
	   "Condition":{"StringEquals":{"aws:SourceVpce":["`+consumers+`","`+native+`"]}}},
	  {"Sid":"PorticoNativeDenyDomains","Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"`+prefix+`*",
	   "Condition":{"ArnNotEquals":{"execute-api:viaDomainArn":"`+domain+`"},"StringEquals":{"aws:SourceVpce":["`+consumers+`","`+native+`"]}}},
	  {"Sid":"PorticoDenyEndpoints","Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"`+prefix+`*",
	   "Condition":{"StringNotEquals":{"aws:SourceVpce":["`+consumers+`","`+native+`"]}}}
	]}`, string(result.Policy))

	r.NativeGrants[0].DomainARN = domain
	again, err := Merge(r)
	require.NoError(t, err)
	require.Equal(t, string(result.Policy), string(again.Policy), "the ARN as conditions write it")
}

func TestEndpointsWithoutRowsAreShutOutBesideAnOwnersStatements(t *testing.T) {
	r := request(Grant{Host: "a.example.com", Stage: "prod"})
	r.ALBEndpointID, r.NativeEndpointIDs = balancers, []string{native, consumers}
	require.NotContains(t, fmt.Sprint(merged(t, r)), "PorticoDenyDoors", "PorticoDenyEndpoints says it")

	r.Existing = []byte(owners()["an allow of everybody and a deny"].document)
	require.Equal(t, map[string]any{"StringEquals": map[string]any{"aws:SourceVpce": []any{balancers, native}}},
		bySid(t, merged(t, r), "PorticoDenyDoors")["Condition"], "a consumer's endpoint stays as the owner left it")
}

func TestAConsumersEndpointKeepsTheWholeAPIWhereItIsAdditionalToo(t *testing.T) {
	r := request()
	r.NativeEndpointIDs, r.AdditionalVPCEndpointIDs = []string{native, consumers}, []string{native, consumers}
	r.NativeGrants = []Grant{{Host: "a.example.com", Stage: "prod", Methods: []string{"GET"}, DomainARN: domainARN("a.example.com")}}
	statements := merged(t, r)
	require.Equal(t, map[string]any{"StringEquals": map[string]any{"aws:SourceVpce": consumers}},
		bySid(t, statements, "PorticoAllowEndpoints")["Condition"], "Portico's own has its rows only")
	require.Equal(t, map[string]any{"StringEquals": map[string]any{"aws:SourceVpce": native}},
		bySid(t, statements, "PorticoNativeDeny1")["Condition"])
}

func TestTheCompactFormAllowsTheEndpointsThatHaveRows(t *testing.T) {
	r := threeDoors()["on the way from nginx to native"]
	result := mergeAs(t, r, AllowCompact)
	r.MaxSize = result.Size
	require.Equal(t, map[string]any{"StringEquals": map[string]any{"aws:SourceVpce": []any{consumers, ours, native}}},
		bySid(t, merged(t, r), "PorticoAllow")["Condition"])
}

func TestARowOnItsWayIsCountedOnce(t *testing.T) {
	r := manyRows(30, "/resource%d", "GET", "POST")
	r.NativeEndpointIDs = []string{native}
	for _, g := range r.Grants {
		g.DomainARN = domainARN(g.Host)
		r.NativeGrants = append(r.NativeGrants, g)
	}
	_, err := Merge(r)
	var large *SizeError
	require.ErrorAs(t, err, &large)
	require.Equal(t, 30, large.Rows)
	require.Equal(t, fmt.Sprintf("APIS[%d]", large.Fit), large.FirstOut)

	r.Grants, r.NativeGrants = r.Grants[:large.Fit], r.NativeGrants[:large.Fit]
	_, err = Merge(r)
	require.NoError(t, err)
}

func TestOwnersWhoShutOutEndpointsOfFrontDoorsAreNamed(t *testing.T) {
	r := threeDoors()["rows of each front door"]
	r.Existing = []byte(`{"Statement":{"Sid":"Lock","Effect":"Deny","Condition":{"StringNotEquals":{"aws:SourceVpce":["` + theirs + `","` + ours + `"]}}}}`)
	result, err := Merge(r)
	require.NoError(t, err)
	require.Equal(t, []string{`Statement[0] (Sid "Lock") of the owner's policy denies what doesn't come from ` + ours + `, ` + theirs +
		`: requests through ` + consumers + `, ` + balancers + `, ` + native + ` get 403 until the owner adds them there: shop.example.com, billing.example.com`}, result.Notices)
}

func TestOwnersWhoLetAConsumerInThatIsHeldToDomainsAreTold(t *testing.T) {
	r := threeDoors()["only custom domains'"]
	r.Existing = []byte(`{"Statement":[{"Sid":"Partner","Effect":"Allow","Condition":{"StringEquals":{"aws:sourceVpce":["` + theirs + `","` + consumers + `"]}}}]}`)
	result, err := Merge(r)
	require.NoError(t, err)
	require.Equal(t, []string{`Statement[0] (Sid "Partner") of the owner's policy lets ` + consumers +
		` in, which is held to custom domains as an endpoint of front door native: list it among the additional VPC endpoints too if it is to keep the rest`}, result.Notices)

	r.AdditionalVPCEndpointIDs = []string{consumers}
	result, err = Merge(r)
	require.NoError(t, err)
	require.Empty(t, result.Notices)

	r = threeDoors()["only the load balancer's"]
	r.Existing = []byte(`{"Statement":[{"Effect":"Allow","Condition":{"StringEquals":{"aws:SourceVpce":"` + consumers + `"}}}]}`)
	result, err = Merge(r)
	require.NoError(t, err)
	require.Empty(t, result.Notices, "an API without rows of native leaves it alone")
}

func TestOnlyAnotherEnvironmentsStatementsAreCalledDisplaced(t *testing.T) {
	before := threeDoors()["on the way from nginx to native"]
	first, err := Merge(before)
	require.NoError(t, err)

	t.Run("not those of a front door that its hosts have left", func(t *testing.T) {
		after := threeDoors()["only custom domains'"]
		after.Existing, after.VPCEndpointID = first.Policy, ""
		result, err := Merge(after)
		require.NoError(t, err)
		require.Empty(t, result.Notices)
	})
	t.Run("also where both have a consumer's endpoint", func(t *testing.T) {
		after := threeDoors()["only custom domains'"]
		after.Existing, after.VPCEndpointID, after.ALBEndpointID = first.Policy, "", ""
		after.NativeEndpointIDs = []string{another, consumers}
		result, err := Merge(after)
		require.NoError(t, err)
		require.Equal(t, []string{"statements of Portico's for " + consumers + ", " + ours + ", " + native + " are replaced by those for " + another +
			": if those endpoints are another environment's, their requests get 403 from now on, so give each environment a name or an API of its own"}, result.Notices)
	})
}

func TestRequestsOfFrontDoorsThatNoPolicyCanCarryAreRefusedAtOnce(t *testing.T) {
	row := Grant{Host: "a.example.com", Stage: "prod", Source: "APIS[0] (a.example.com)"}
	arn := func(change func(string) string) Grant {
		g := row
		g.DomainARN = change(domainARN("a.example.com"))
		return g
	}
	replace := func(old, with string) func(string) string {
		return func(text string) string { return strings.Replace(text, old, with, 1) }
	}
	const expected = ": expected that of the PRIVATE custom domain, something like arn:aws:execute-api:us-east-1:222222222222:/domainnames/a.example.com+a1b2c3d4e5"
	for name, test := range map[string]struct {
		request Request
		want    string
	}{
		"rows without their endpoint":               {Request{Grants: []Grant{row}}, `VPC endpoint ID "": expected something like vpce-0123456789abcdef0`},
		"rows of alb without their endpoint":        {Request{ALBGrants: []Grant{row}}, `VPC endpoint ID of front door alb "": expected something like vpce-0123456789abcdef0`},
		"rows of native without their endpoint":     {Request{NativeGrants: []Grant{arn(replace("", ""))}}, `VPC endpoint IDs of front door native: there is none, and rows need one: expected something like vpce-0123456789abcdef0`},
		"one endpoint for two front doors":          {Request{VPCEndpointID: ours, ALBEndpointID: ours}, `VPC endpoint ID "` + ours + `": it is given for two front doors: each has an endpoint of its own`},
		"a consumer's endpoint that is the proxy's": {Request{VPCEndpointID: ours, NativeEndpointIDs: []string{native, ours}}, `VPC endpoint ID "` + ours + `": it is given for two front doors: each has an endpoint of its own`},
		"endpoints that are none":                   {Request{NativeEndpointIDs: []string{"vpce-*"}}, `VPC endpoint ID of front door native "vpce-*": expected something like vpce-0123456789abcdef0`},
		"a wildcard host of alb":                    {Request{ALBEndpointID: balancers, ALBGrants: []Grant{{Host: "*.example.com", Stage: "prod", Source: "APIS[0] (a)"}}}, `APIS[0] (a): host "*.example.com": expected something like orders.example.com, without a wildcard`},
		"a domain that isn't known yet":             {Request{NativeEndpointIDs: []string{native}, NativeGrants: []Grant{row}}, `APIS[0] (a.example.com): domain ARN ""` + expected},
		"a domain of another host":                  {Request{NativeEndpointIDs: []string{native}, NativeGrants: []Grant{arn(replace("/a.example", "/b.example"))}}, `APIS[0] (a.example.com): domain ARN "arn:aws:apigateway:us-east-1:222222222222:/domainnames/b.example.com+f4g5h6"` + expected},
		"a domain of another account":               {Request{NativeEndpointIDs: []string{native}, NativeGrants: []Grant{arn(replace("222222222222", "333333333333"))}}, `APIS[0] (a.example.com): domain ARN "arn:aws:apigateway:us-east-1:333333333333:/domainnames/a.example.com+f4g5h6"` + expected},
		"a domain with a wildcard":                  {Request{NativeEndpointIDs: []string{native}, NativeGrants: []Grant{arn(replace("f4g5h6", "*"))}}, `APIS[0] (a.example.com): domain ARN "arn:aws:apigateway:us-east-1:222222222222:/domainnames/a.example.com+*"` + expected},
	} {
		t.Run(name, func(t *testing.T) {
			r := test.request
			r.Partition, r.Region, r.AccountID, r.APIID = api.Partition, api.Region, api.AccountID, api.APIID
			_, err := Merge(r)
			var refused *InputError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, []string{test.want}, refused.Problems)
		})
	}
}

func TestAClosedAPIAdmitsItsAdditionalEndpointsAndNobodyElse(t *testing.T) {
	for name, additional := range map[string][]string{"none": nil, "one": {extra}, "one and Portico's own": {extra, ours}} {
		t.Run(name, func(t *testing.T) {
			r := request(tableRows...)
			r.AdditionalVPCEndpointIDs = additional
			closed, err := Closed(r)
			require.NoError(t, err)
			policy := parsed(t, closed)
			everyCall(func(c call) {
				let := c.endpoint == extra && additional != nil
				require.Equal(t, admits(c, let, !let), iampolicy.Authorize(&policy, c.authorizer, c.identity, c.request()), "%+v", c)
			})

			r.Existing = closed
			result, err := Merge(r)
			require.NoError(t, err)
			require.Zero(t, result.OwnerStatements, "its statements are Portico's")
			require.Empty(t, result.Notices)
		})
	}
	_, err := Closed(Request{})
	var refused *InputError
	require.ErrorAs(t, err, &refused)
	require.False(t, slices.ContainsFunc(refused.Problems, func(problem string) bool { return strings.Contains(problem, "endpoint") }))
}

// TestRowsOfOtherFrontDoorsThatFitTheDefaultQuota holds the table of
// docs/design/resource-policies.md.
func TestRowsOfOtherFrontDoorsThatFitTheDefaultQuota(t *testing.T) {
	const unbounded = 0
	for name, test := range map[string]struct {
		door           string
		ownStage       bool
		methods        []string
		exact, compact int
	}{
		"alb, one stage":                    {"alb", false, []string{"GET", "POST"}, unbounded, unbounded},
		"alb, a stage each, two methods":    {"alb", true, []string{"GET", "POST"}, 26, 53},
		"native, one stage, all methods":    {"native", false, nil, 34, 68},
		"native, one stage, two methods":    {"native", false, []string{"GET", "POST"}, 33, 68},
		"native, a stage each, two methods": {"native", true, []string{"GET", "POST"}, 7, 13},
	} {
		t.Run(name, func(t *testing.T) {
			rows := func(n int) Request {
				r := manyRows(n, "", test.methods...)
				for i := range r.Grants {
					g := &r.Grants[i]
					if test.ownStage {
						g.Stage = fmt.Sprintf("stage%d", i)
					}
					if test.door == "native" {
						g.DomainARN = "arn:aws:apigateway:us-east-1:222222222222:/domainnames/" + g.Host + "+a1b2c3d4e5"
					}
				}
				if test.door == "alb" {
					r.ALBEndpointID, r.ALBGrants = balancers, r.Grants
				} else {
					r.NativeEndpointIDs, r.NativeGrants = []string{native}, r.Grants
				}
				r.VPCEndpointID, r.Grants = "", nil
				return r
			}
			if test.exact == unbounded {
				result, err := Merge(rows(1000))
				require.NoError(t, err)
				require.Equal(t, AllowExact, result.Allow)
				return
			}
			for n, form := range map[int]AllowForm{test.exact: AllowExact, test.exact + 1: AllowCompact, test.compact: AllowCompact} {
				result, err := Merge(rows(n))
				require.NoError(t, err)
				require.Equal(t, form, result.Allow, "%d rows", n)
			}
			_, err := Merge(rows(test.compact + 1))
			var large *SizeError
			require.ErrorAs(t, err, &large)
			require.Equal(t, test.compact, large.Fit)
		})
	}
}
