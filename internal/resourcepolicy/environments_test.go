package resourcepolicy

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/portico-iac/portico/internal/awssim/iampolicy"
)

// inEnvironment is a request of a named environment with an endpoint.
func inEnvironment(name, endpoint string, grants ...Grant) Request {
	r := request(grants...)
	r.App, r.Environment, r.VPCEndpointID = "portico", name, endpoint
	return r
}

// The two environments of the truth table: a stage of the API each.
func devAndProd() (dev, prod Request) {
	return inEnvironment("dev", ours,
			Grant{Host: "orders.dev.example.com", Stage: "dev", Methods: []string{"GET", "POST"}},
			Grant{Host: "billing.dev.example.com", Stage: "dev", Path: "/invoices"}),
		inEnvironment("prod-eu", another, Grant{Host: "orders.example.com", Stage: "prod", Methods: []string{"GET"}})
}

// mergeInto merges requests one after another, each into what the last one made,
// as stacks do: an API is closed where nothing is left to say.
func mergeInto(t require.TestingT, existing []byte, requests ...Request) []byte {
	for _, r := range requests {
		r.Existing = existing
		result, err := Merge(r)
		require.NoError(t, err)
		if existing = result.Policy; len(existing) == 0 {
			existing, err = Closed(r)
			require.NoError(t, err)
		}
	}
	return existing
}

func retired(r Request) Request {
	r.Grants, r.ALBGrants, r.NativeGrants = nil, nil, nil
	return r
}

// eachCall runs through the calls of the truth table of environments.
func eachCall(visit func(call)) {
	for _, endpoint := range []string{ours, another, theirs, extra, ""} {
		for _, referer := range []string{"orders.dev.example.com", "billing.dev.example.com", "orders.example.com", "gone.example.com", ""} {
			for _, method := range []string{"GET", "POST", "DELETE"} {
				for _, stage := range []string{"dev", "prod"} {
					for _, path := range []string{"/", "/invoices/1"} {
						for _, authorizer := range []iampolicy.Authorizer{iampolicy.NoAuthorizer, iampolicy.LambdaAuthorizer} {
							visit(call{endpoint: endpoint, referer: referer, method: method, stage: stage, path: path, authorizer: authorizer, identity: iampolicy.Allowed})
						}
					}
				}
			}
		}
	}
}

// mayCallAny is the truth of several environments: a call is one environment's
// whose endpoint it comes through, and the owner's else.
func mayCallAny(o owner, c call, environments ...Request) bool {
	allowed, denied, known := o.allows(c), o.denies(c), false
	for _, r := range environments {
		rows, held := visible(r, c)
		if held && len(r.Grants) == 0 && o.silent {
			held = false // its endpoint is like any other
		}
		additional := slices.Contains(r.AdditionalVPCEndpointIDs, c.endpoint) && o.silent ||
			len(r.Grants) > 0 && slices.Contains(r.AdditionalVPCEndpointIDs, c.endpoint)
		known = known || held || additional
		allowed = allowed || rowAllows(rows, c) || additional
		denied = denied || held && len(r.Grants) > 0 && !rowAllows(rows, c)
	}
	return admits(c, allowed, denied || o.silent && !known)
}

// TestTwoEnvironmentsOfOneAPIAdmitWhomBothAdmit has the truth table of two
// environments with an endpoint each: in either order, again, one retired, the
// one that comes back.
func TestTwoEnvironmentsOfOneAPIAdmitWhomBothAdmit(t *testing.T) {
	dev, prod := devAndProd()
	withExtra := prod
	withExtra.AdditionalVPCEndpointIDs = []string{extra}
	for name, o := range owners() {
		for situation, s := range map[string]struct {
			merged []Request
			stand  []Request
		}{
			"both":                         {[]Request{dev, prod}, []Request{dev, prod}},
			"both, in the other order":     {[]Request{prod, dev}, []Request{dev, prod}},
			"both, one of them again":      {[]Request{dev, prod, dev}, []Request{dev, prod}},
			"one":                          {[]Request{dev}, []Request{dev}},
			"one, the other has left":      {[]Request{dev, prod, retired(dev)}, []Request{prod}},
			"both, one left and came back": {[]Request{dev, prod, retired(dev), dev}, []Request{dev, prod}},
			"additional endpoints":         {[]Request{dev, withExtra, dev}, []Request{dev, withExtra}},
			"additional endpoints of one that has left": {[]Request{dev, withExtra, retired(withExtra), dev}, []Request{dev, retired(withExtra)}},
		} {
			t.Run(name+", "+situation, func(t *testing.T) {
				document := mergeInto(t, []byte(o.document), s.merged...)
				policy := parsed(t, document)
				admitted := 0
				eachCall(func(c call) {
					got := iampolicy.Authorize(&policy, c.authorizer, c.identity, c.request())
					if got {
						admitted++
					}
					if want := mayCallAny(o, c, s.stand...); got != want {
						t.Fatalf("%+v: admitted %v, statements %v", c, got, iampolicy.Evaluate(policy, c.request()))
					}
				})
				require.NotZero(t, admitted)
			})
		}
	}
}

// TestItMakesNoDifferenceWhichEnvironmentMergedLast holds that environments which
// take turns end at one policy, byte for byte: no update without a change has
// something to show.
func TestItMakesNoDifferenceWhichEnvironmentMergedLast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		a, b := requests(0).Draw(t, "one"), requests(0).Draw(t, "other")
		a.App, a.Environment = "portico", "a"
		b.App, b.Environment = "portico", "b"
		b.VPCEndpointID, b.ALBEndpointID, b.NativeEndpointIDs = another, "", nil
		b.ALBGrants, b.NativeGrants = nil, nil
		if len(b.Grants) == 0 {
			b.Grants = nil
		}
		b.AdditionalVPCEndpointIDs = rapid.SampledFrom([][]string{nil, {extra}}).Draw(t, "additional")
		owner := ownersDocuments().Filter(func(document []byte) bool {
			return document == nil || len(statements(t, document)) > 0
		}).Draw(t, "existing")

		first := mergeInto(t, owner, a, b)
		require.Equal(t, string(first), string(mergeInto(t, owner, b, a)))
		require.Equal(t, string(first), string(mergeInto(t, asStored(t, first, random), a)))
		require.Equal(t, string(first), string(mergeInto(t, asStored(t, first, random), b)))
		require.Equal(t, string(mergeInto(t, owner, b)), string(mergeInto(t, first, retiredWholly(a))), "taken back")
	})
}

// retiredWholly is a request without rows, and without what stays of one.
func retiredWholly(r Request) Request {
	r = retired(r)
	r.AdditionalVPCEndpointIDs = nil
	return r
}

// TestHolds holds that an environment's statements are known as its own wherever a
// merge without grants would change the policy.
func TestHolds(t *testing.T) {
	dev, prod := devAndProd()
	unnamed := dev
	unnamed.App, unnamed.Environment = "", ""
	for name, o := range owners() {
		for situation, merged := range map[string][]Request{"none": nil, "dev": {dev}, "prod": {prod}, "both": {dev, prod}, "dev left": {dev, prod, retired(dev)}, "as before environments had names": {unnamed}} {
			t.Run(name+", "+situation, func(t *testing.T) {
				existing := mergeInto(t, []byte(o.document), merged...)
				for _, r := range []Request{dev, prod} {
					r := retired(r)
					r.Existing = existing
					left, err := Merge(r)
					require.NoError(t, err)
					holds, err := Holds(r)
					require.NoError(t, err)
					want := string(left.Policy) != string(existing)
					if len(merged) == 0 { // Merge spells the owner's policy anew
						want = r.VPCEndpointID == ours && strings.Contains(name, "older statements of ours")
					}
					require.Equal(t, want, holds)
				}
			})
		}
	}
	dev.Existing = []byte("{")
	_, err := Holds(dev)
	require.ErrorAs(t, err, new(*DocumentError))
}

func TestTheLastEnvironmentThatLeavesClosesTheAPI(t *testing.T) {
	dev, prod := devAndProd()
	dev.AdditionalVPCEndpointIDs = []string{extra}
	left := mergeInto(t, nil, dev, prod, retired(dev), retired(prod))
	var sids []any
	for _, s := range statements(t, left) {
		sids = append(sids, s["Sid"])
	}
	require.Equal(t, []any{sidPrefix + environmentTag("portico", "dev") + "AllowEndpoints", "PorticoRetired"}, sids)
	closed, err := Closed(retired(dev))
	require.NoError(t, err)
	require.Equal(t, string(closed), string(left), "both environments have the same to say")
}

// statements are those of a policy.
func statements(t require.TestingT, document []byte) []map[string]any {
	var policy struct{ Statement []map[string]any }
	require.NoError(t, json.Unmarshal(document, &policy))
	return policy.Statement
}

func TestTwoEnvironmentsThroughOneEndpointAreRefused(t *testing.T) {
	dev, prod := devAndProd()
	other := prod
	other.VPCEndpointID = ours
	for name, test := range map[string]struct {
		existing []byte
		request  Request
		want     []string
	}{
		"of the proxy": {mergeInto(t, nil, dev), other, []string{"environment prod-eu", "Sids begin with " + sidPrefix + environmentTag("portico", "dev"), ours}},
		"of another front door": {mergeInto(t, nil, dev), func() Request {
			r := prod
			r.ALBEndpointID, r.ALBGrants = ours, []Grant{{Host: "a.example.com", Stage: "prod"}}
			return r
		}(), []string{"environment prod-eu", ours}},
		"of a consumer of both": {mergeInto(t, nil, throughDomain("dev", native)), throughDomain("prod-eu", balancers), []string{"environment prod-eu", consumers}},
		"of no name":            {mergeInto(t, nil, dev), request(Grant{Host: "a.example.com", Stage: "prod"}), []string{"an environment that isn't named", "name it as its stack does"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := test.request
			r.Existing = test.existing
			_, err := Merge(r)
			var conflict *ConflictError
			require.ErrorAs(t, err, &conflict)
			for _, want := range test.want {
				require.ErrorContains(t, err, want)
			}
			r = retired(r)
			r.Existing = test.existing
			_, err = Merge(r)
			require.NoError(t, err, "an environment can always leave")
		})
	}
}

// throughDomain is a request for a PRIVATE custom domain, with a consumer.
func throughDomain(environment, endpoint string) Request {
	r := inEnvironment(environment, "")
	r.NativeEndpointIDs = []string{endpoint, consumers}
	r.NativeGrants = []Grant{{Host: environment + ".example.com", Stage: "prod", DomainARN: domainARN(environment + ".example.com")}}
	return r
}

func TestPoliciesOfVersionsWithoutEnvironmentsAreMovedToTheNewSids(t *testing.T) {
	dev, prod := devAndProd()
	unnamed := dev
	unnamed.App, unnamed.Environment = "", ""
	for name, o := range owners() {
		for _, additional := range [][]string{nil, {extra}} {
			t.Run(fmt.Sprint(name, additional), func(t *testing.T) {
				unnamed, dev := unnamed, dev
				unnamed.AdditionalVPCEndpointIDs, dev.AdditionalVPCEndpointIDs = additional, additional
				old := mergeInto(t, []byte(o.document), unnamed)
				require.Equal(t, string(mergeInto(t, []byte(o.document), dev)), string(mergeInto(t, old, dev)))
				require.Equal(t, string(mergeInto(t, []byte(o.document), retired(dev))), string(mergeInto(t, old, retired(dev))), "and taken out")
			})
		}
	}
	t.Run("another environment leaves them alone, and says so", func(t *testing.T) {
		prod := prod
		prod.Existing = mergeInto(t, nil, unnamed)
		result, err := Merge(prod)
		require.NoError(t, err)
		require.Len(t, result.Notices, 1)
		require.Contains(t, result.Notices[0], "statements of Portico's for "+ours+" that name no environment are kept")
		require.Equal(t, string(mergeInto(t, nil, dev, prod)), string(mergeInto(t, result.Policy, dev)), "until theirs moves them")
	})
	t.Run("a closed API's too", func(t *testing.T) {
		unnamed := unnamed
		unnamed.AdditionalVPCEndpointIDs = []string{extra}
		closed, err := Closed(unnamed)
		require.NoError(t, err)
		require.Equal(t, string(mergeInto(t, nil, dev)), string(mergeInto(t, closed, dev)))
	})
}

// TestStatementsThatMerelyBeginAsPorticosAreTheirOwners has statements of owners
// who call them as Portico calls its own.
func TestStatementsThatMerelyBeginAsPorticosAreTheirOwners(t *testing.T) {
	const everybody = `"Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"`
	dev, _ := devAndProd()
	tag := sidPrefix + environmentTag("portico", "dev")
	for name, statement := range map[string]string{
		"no kind of ours":                 `{"Sid":"PorticoVendorAccess","Effect":"Allow",` + everybody + `}`,
		"a kind, and no condition":        `{"Sid":"PorticoDeny9","Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/prod/DELETE/*"}`,
		"a kind, another key":             `{"Sid":"PorticoDeny9","Effect":"Deny",` + everybody + `,"Condition":{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}`,
		"a kind, one key more":            `{"Sid":"PorticoALBDeny","Effect":"Deny",` + everybody + `,"Condition":{"StringEquals":{"aws:SourceVpce":"` + ours + `","aws:SourceVpc":"vpc-1"}}}`,
		"a kind, another effect":          `{"Sid":"PorticoDenyDoors","Effect":"Allow",` + everybody + `,"Condition":{"StringEquals":{"aws:SourceVpce":"` + ours + `"}}}`,
		"a kind, another action":          `{"Sid":"PorticoAllow","Effect":"Allow","Principal":"*","Action":"execute-api:*","Resource":"execute-api:/*","Condition":{"StringEquals":{"aws:SourceVpce":"` + ours + `"}}}`,
		"a kind, another principal":       `{"Sid":"PorticoAllow","Effect":"Allow","Principal":{"AWS":"333333333333"},"Action":"execute-api:Invoke","Resource":"execute-api:/*","Condition":{"StringEquals":{"aws:SourceVpce":"` + ours + `"}}}`,
		"a kind, one element more":        `{"Sid":"PorticoAllow","Effect":"Allow",` + everybody + `,"Note":"x","Condition":{"StringEquals":{"aws:SourceVpce":"` + ours + `"}}}`,
		"a kind, other resources":         `{"Sid":"PorticoDenyHosts","Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/prod/*","Condition":{"StringEquals":{"aws:SourceVpce":"` + ours + `"},"StringNotEquals":{"aws:Referer":"a.example.com"}}}`,
		"a kind, a value of no grammar":   `{"Sid":"PorticoAllow","Effect":"Allow",` + everybody + `,"Condition":{"StringEquals":{"aws:SourceVpce":["` + ours + `","vpce-*"]}}}`,
		"a kind, no endpoint's ID":        `{"Sid":"PorticoAllow","Effect":"Allow",` + everybody + `,"Condition":{"StringEquals":{"aws:SourceVpce":["` + ours + `","vpce-owner"]}}}`,
		"a kind, no region's ARN":         `{"Sid":"PorticoALBAllow","Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:here:222222222222:a1b2c3d4e5/*","Condition":{"StringEquals":{"aws:SourceVpce":"` + ours + `"}}}`,
		"another installation's endpoint": `{"Sid":"PorticoAllow","Effect":"Allow",` + everybody + `,"Condition":{"StringEquals":{"aws:SourceVpce":"` + theirs + `"}}}`,
		"endpoints without rows":          `{"Sid":"PorticoAllowEndpoints","Effect":"Allow",` + everybody + `,"Condition":{"StringEquals":{"aws:SourceVpce":"` + theirs + `"}}}`,
		"this environment's name":         `{"Sid":"` + tag + `Vendor","Effect":"Allow",` + everybody + `}`,
		"this environment's, no shape":    `{"Sid":"` + tag + `Deny1","Effect":"Deny",` + everybody + `}`,
		"a shared kind with a name":       `{"Sid":"` + tag + `DenyEndpoints","Effect":"Deny",` + everybody + `,"Condition":{"StringNotEquals":{"aws:SourceVpce":"` + theirs + `"}}}`,
	} {
		for environment, r := range map[string]Request{"unnamed": request(dev.Grants...), "named": dev} {
			t.Run(name+", "+environment, func(t *testing.T) {
				r.Existing = []byte(`{"Version":"2012-10-17","Statement":[` + statement + `]}`)
				result, err := Merge(r)
				require.NoError(t, err)
				require.Equal(t, 1, result.OwnerStatements)
				require.Equal(t, statementsOf(t, r.Existing), statementsOf(t, result.Policy)[:1])
				require.True(t, slices.ContainsFunc(result.Notices, func(notice string) bool {
					return strings.Contains(notice, "is kept as the owner's: its Sid begins as Portico's do, but Portico didn't write it")
				}), result.Notices)
				seen := map[any]bool{}
				for _, s := range statements(t, result.Policy) {
					require.False(t, seen[s["Sid"]], "%v twice", s["Sid"])
					seen[s["Sid"]] = true
				}

				again := r
				again.Existing = result.Policy
				second, err := Merge(again)
				require.NoError(t, err)
				require.Equal(t, string(result.Policy), string(second.Policy))
			})
		}
	}
}

// TestOwnersWhoTookEverySidOfPorticosGetNoSecondOne gives every Sid of a merge to
// a statement of the owner's.
func TestOwnersWhoTookEverySidOfPorticosGetNoSecondOne(t *testing.T) {
	for _, r := range []Request{threeDoors()["rows of each front door"], threeDoors()["only custom domains'"]} {
		for _, form := range []AllowForm{AllowExact, AllowCompact} {
			first := mergeAs(t, r, form)
			taken := []string{}
			for _, s := range statements(t, first.Policy) {
				taken = append(taken, fmt.Sprintf(`{"Sid":%q,"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/none/*"}`, s["Sid"]))
			}
			r := r
			r.Existing = []byte(`{"Version":"2012-10-17","Statement":[` + strings.Join(taken, ",") + `]}`)
			result := mergeAs(t, r, form)
			parsed(t, result.Policy)
			r.Existing = result.Policy
			again := mergeAs(t, r, form)
			require.Equal(t, string(result.Policy), string(again.Policy))
			require.Equal(t, len(taken), again.OwnerStatements)
		}
	}
}

func TestSidsNameTheEnvironment(t *testing.T) {
	require.Empty(t, environmentTag("portico", ""))
	require.Regexp(t, `^prodeu[0-9a-f]{4}$`, environmentTag("portico", "prod-eu"))
	tags := map[string]bool{}
	for _, name := range [][2]string{{"portico", "prod-eu"}, {"portico", "prodeu"}, {"portico", "prod_eu"}, {"shop", "prod-eu"}} {
		tags[environmentTag(name[0], name[1])] = true
	}
	require.Len(t, tags, 4, "names that differ in other characters, and installations")

	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[A-Za-z0-9-]{0,12}`).Draw(t, "environment")
		kind := rapid.SampledFrom(strings.Split(strings.Trim(strings.SplitN(kindNames, ")", 2)[0], "("), "|")).Draw(t, "kind")
		number := rapid.IntRange(0, 120).Draw(t, "number")
		want := sid{environmentTag("portico", name), kind, number}
		got, ok := parseSid(want.String())
		require.Equal(t, want.tag == "" || !want.shared(), ok)
		require.Equal(t, want, got)
	})
}

// TestAnEnvironmentLeavesRoomForAnother holds that an environment which fills
// more than half of the quota writes its short form before another comes.
func TestAnEnvironmentLeavesRoomForAnother(t *testing.T) {
	dev := manyRows(8, "/orders%d", "GET")
	dev.App, dev.Environment = "portico", "dev"
	prod := dev
	prod.Environment, prod.VPCEndpointID = "prod", another
	result, err := Merge(dev)
	require.NoError(t, err)
	require.Equal(t, AllowCompact, result.Allow)
	both := mergeInto(t, nil, dev, prod)
	require.LessOrEqual(t, size(both), DefaultMaxSize)
	require.Equal(t, string(both), string(mergeInto(t, both, dev)))

	prod.Grants = manyRows(18, "/orders%d", "GET").Grants
	prod.Existing = result.Policy
	_, err = Merge(prod)
	var large *SizeError
	require.ErrorAs(t, err, &large)
	require.Positive(t, large.OthersSize)
	require.ErrorContains(t, err, "other environments'")
}
