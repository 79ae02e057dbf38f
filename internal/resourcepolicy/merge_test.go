package resourcepolicy

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim/iampolicy"
)

// api is the API of the tests.
var api = API{Partition: "aws", Region: "us-east-1", AccountID: "222222222222", APIID: "a1b2c3d4e5"}

const (
	ours    = "vpce-0aaaaaaaaaaaaaaaa"
	another = "vpce-0bbbbbbbbbbbbbbbb"
	prefix  = "arn:aws:execute-api:us-east-1:222222222222:a1b2c3d4e5/"
)

func request(grants ...Grant) Request {
	return Request{
		Partition: api.Partition, Region: api.Region, AccountID: api.AccountID, APIID: api.APIID,
		VPCEndpointID: ours, Grants: grants,
	}
}

// merged merges and reads the policy's statements back.
func merged(t *testing.T, r Request) []map[string]any {
	result, err := Merge(r)
	require.NoError(t, err)
	var policy struct{ Statement []map[string]any }
	require.NoError(t, json.Unmarshal(result.Policy, &policy))
	return policy.Statement
}

func bySid(t *testing.T, statements []map[string]any, sid string) map[string]any {
	for _, s := range statements {
		if s["Sid"] == sid {
			return s
		}
	}
	require.Failf(t, "no such statement", "%s in %v", sid, statements)
	return nil
}

func TestMergeWritesTheRowsForAnEmptyOwner(t *testing.T) {
	result, err := Merge(request(Grant{Host: "orders.example.com", Stage: "prod", Path: "/orders", Methods: []string{"GET"}}))
	require.NoError(t, err)
	require.JSONEq(t, `{"Version":"2012-10-17","Statement":[
	  {"Sid":"PorticoAllow1","Effect":"Allow","Principal":"*","Action":"execute-api:Invoke",
	   "Resource":["arn:aws:execute-api:us-east-1:222222222222:a1b2c3d4e5/prod/GET/orders","arn:aws:execute-api:us-east-1:222222222222:a1b2c3d4e5/prod/GET/orders/*"],
	   "Condition":{"StringEquals":{"aws:Referer":"orders.example.com","aws:SourceVpce":"vpce-0aaaaaaaaaaaaaaaa"}}},
	  {"Sid":"PorticoDeny1","Effect":"Deny","Principal":"*","Action":"execute-api:Invoke",
	   "NotResource":["arn:aws:execute-api:us-east-1:222222222222:a1b2c3d4e5/prod/GET/orders","arn:aws:execute-api:us-east-1:222222222222:a1b2c3d4e5/prod/GET/orders/*"],
	   "Condition":{"StringEquals":{"aws:SourceVpce":"vpce-0aaaaaaaaaaaaaaaa"}}},
	  {"Sid":"PorticoDenyHosts","Effect":"Deny","Principal":"*","Action":"execute-api:Invoke",
	   "Resource":"arn:aws:execute-api:us-east-1:222222222222:a1b2c3d4e5/*",
	   "Condition":{"StringEquals":{"aws:SourceVpce":"vpce-0aaaaaaaaaaaaaaaa"},"StringNotEquals":{"aws:Referer":"orders.example.com"}}},
	  {"Sid":"PorticoDenyEndpoints","Effect":"Deny","Principal":"*","Action":"execute-api:Invoke",
	   "Resource":"arn:aws:execute-api:us-east-1:222222222222:a1b2c3d4e5/*",
	   "Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-0aaaaaaaaaaaaaaaa"}}}
	]}`, string(result.Policy))
	require.Equal(t, AllowExact, result.Allow)
	require.Equal(t, len(result.Policy), result.Size)
	require.Equal(t, DefaultMaxSize, result.MaxSize)
}

func TestHostsOfTheSameRightsShareTheirStatements(t *testing.T) {
	statements := merged(t, request(
		Grant{Host: "b.example.com", Stage: "prod", Methods: []string{"POST", "GET"}},
		Grant{Host: "c.example.com", Stage: "prod", Methods: []string{"GET"}},
		Grant{Host: "a.example.com", Stage: "prod", Methods: []string{"GET", "POST", "GET"}},
	))
	require.Len(t, statements, 6)
	require.Equal(t, map[string]any{"StringEquals": map[string]any{"aws:SourceVpce": ours, "aws:Referer": []any{"a.example.com", "b.example.com"}}},
		bySid(t, statements, "PorticoAllow1")["Condition"])
	require.Equal(t, map[string]any{"StringEquals": map[string]any{"aws:SourceVpce": ours}, "StringNotEquals": map[string]any{"aws:Referer": "c.example.com"}},
		bySid(t, statements, "PorticoDeny1")["Condition"], "naming the one other host is shorter")
	require.Equal(t, map[string]any{"StringEquals": map[string]any{"aws:SourceVpce": ours, "aws:Referer": "c.example.com"}},
		bySid(t, statements, "PorticoDeny2")["Condition"])
	require.Equal(t, []any{prefix + "prod/GET/*", prefix + "prod/POST/*"}, bySid(t, statements, "PorticoDeny1")["NotResource"])
	require.Equal(t, prefix+"prod/GET/*", bySid(t, statements, "PorticoDeny2")["NotResource"])
}

func TestARNsThatAnotherCoversAreLeftOut(t *testing.T) {
	statements := merged(t, request(
		Grant{Host: "a.example.com", Stage: "prod", Path: "/orders/open", Methods: []string{"GET"}},
		Grant{Host: "a.example.com", Stage: "prod", Path: "/orders", Methods: []string{"GET", "PUT"}},
		Grant{Host: "a.example.com", Stage: "prod", Path: "/ordersx", Methods: []string{"GET"}},
		Grant{Host: "a.example.com", Stage: "dev", Path: "/orders", Methods: []string{"GET"}},
		Grant{Host: "a.example.com", Stage: "dev", Methods: methods},
	))
	require.Equal(t, []any{
		prefix + "dev/*",
		prefix + "prod/GET/orders", prefix + "prod/GET/orders/*",
		prefix + "prod/GET/ordersx", prefix + "prod/GET/ordersx/*",
		prefix + "prod/PUT/orders", prefix + "prod/PUT/orders/*",
	}, bySid(t, statements, "PorticoAllow1")["Resource"])
}

func TestAdditionalEndpointsAreAdmittedBesideOurs(t *testing.T) {
	for _, form := range []DenyForm{DenyNotResource, DenyVerbs} {
		r := request(Grant{Host: "a.example.com", Stage: "prod", Methods: []string{"GET"}})
		r.Form, r.AdditionalVPCEndpointIDs = form, []string{extra, ours, another, extra}
		statements := merged(t, r)
		require.Equal(t, map[string]any{"StringEquals": map[string]any{"aws:SourceVpce": []any{another, extra}}},
			bySid(t, statements, "PorticoAllowEndpoints")["Condition"], "ours isn't among them: it has its rows only")
		require.Equal(t, map[string]any{"StringNotEquals": map[string]any{"aws:SourceVpce": []any{ours, another, extra}}},
			bySid(t, statements, "PorticoDenyEndpoints")["Condition"])
	}
}

func TestRetiredRowsLeaveTheOwnersPolicy(t *testing.T) {
	existing := `{"Version":"2012-10-17","Id":"own","Statement":[
	  {"Sid":"PorticoAllow1","Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/prod/*",
	   "Condition":{"StringEquals":{"aws:SourceVpce":"` + ours + `","aws:Referer":"a.example.com"}}},
	  {"Sid":"Mine","Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"}]}`
	r := request()
	r.Existing = []byte(existing)
	result, err := Merge(r)
	require.NoError(t, err)
	require.JSONEq(t, `{"Version":"2012-10-17","Id":"own","Statement":[
	  {"Sid":"Mine","Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"`+prefix+`*"}]}`, string(result.Policy))
	require.Equal(t, AllowNothing, result.Allow)
	require.Equal(t, 1, result.OwnerStatements)
}

func TestRetiredRowsLeaveNothingWhereTheOwnerHasNothing(t *testing.T) {
	full, err := Merge(request(Grant{Host: "a.example.com", Stage: "prod"}))
	require.NoError(t, err)
	r := request()
	r.Existing = full.Policy
	result, err := Merge(r)
	require.NoError(t, err)
	require.Equal(t, &Result{MaxSize: DefaultMaxSize}, result)
}

func TestOwnersWhoShutOurEndpointOutAreNamed(t *testing.T) {
	for name, test := range map[string]struct {
		statement string
		want      []string
	}{
		"another endpoint only":        {`{"Sid":"Lock","Effect":"Deny","Condition":{"StringNotEquals":{"aws:sourceVpce":"` + theirs + `"}}}`, []string{`Statement[0] (Sid "Lock") of the owner's policy denies what doesn't come from ` + theirs + `: requests through ` + ours + ` get 403 until the owner adds it there: a.example.com`}},
		"other endpoints, no Sid":      {`{"Effect":"Deny","Condition":{"StringNotEquals":{"aws:SourceVpce":["` + theirs + `","` + another + `"]}}}`, []string{`Statement[0] of the owner's policy denies what doesn't come from ` + another + `, ` + theirs + `: requests through ` + ours + ` get 403 until the owner adds it there: a.example.com`}},
		"ours among them":              {`{"Effect":"Deny","Condition":{"StringNotEquals":{"aws:SourceVpce":["` + theirs + `","` + ours + `"]}}}`, nil},
		"an allow":                     {`{"Effect":"Allow","Condition":{"StringNotEquals":{"aws:SourceVpce":"` + theirs + `"}}}`, nil},
		"only under another condition": {`{"Effect":"Deny","Condition":{"StringNotEquals":{"aws:SourceVpce":"` + theirs + `"},"StringEquals":{"aws:Referer":"x"}}}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := request(Grant{Host: "a.example.com", Stage: "prod"})
			r.Existing = []byte(`{"Statement":` + test.statement + `}`)
			result, err := Merge(r)
			require.NoError(t, err)
			require.Equal(t, test.want, result.Notices)
		})
	}
}

func TestStatementsOfAnotherEnvironmentAreNotReplacedInSilence(t *testing.T) {
	r := request(Grant{Host: "a.example.com", Stage: "prod"})
	first, err := Merge(r)
	require.NoError(t, err)
	require.Empty(t, first.Notices)

	r.Existing = first.Policy
	again, err := Merge(r)
	require.NoError(t, err)
	require.Empty(t, again.Notices)

	r.VPCEndpointID = another
	other, err := Merge(r)
	require.NoError(t, err)
	require.Equal(t, []string{"statements of Portico's for " + ours + " are replaced by those for " + another +
		": if that endpoint is another environment's, its requests get 403 from now on, so give each environment a name or an API of its own"}, other.Notices)
}

func TestRequestsThatNoPolicyCanCarryAreRefusedAtOnce(t *testing.T) {
	_, err := Merge(Request{
		Partition: "AWS", Region: "us-east-1", AccountID: "1", APIID: "a*", VPCEndpointID: "vpc-1",
		AdditionalVPCEndpointIDs: []string{"vpce-*", "vpce-owner"}, Form: "resource",
		Grants: []Grant{
			{Host: "*.a.*.com", Stage: "prod", Source: "APIS[0] (a)"},
			{Host: "a.example.com", Stage: "*", Path: "/a*", Methods: []string{"get", "ANY"}, Source: "APIS[1] (b)"},
			{Host: "a.example.com", Stage: "prod", Path: "/${x}", Methods: []string{}},
			{Host: "a.example.com", Stage: "prod", Path: "/a/"},
		},
	})
	var refused *InputError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, []string{
		`API ID "a*": expected something like a1b2c3d4e5`,
		`APIS[0] (a): host "*.a.*.com": expected something like orders.example.com or *.example.com`,
		`APIS[1] (b): method "ANY": expected one of DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT`,
		`APIS[1] (b): method "get": expected one of DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT`,
		`APIS[1] (b): path "/a*": expected something like /orders, without * ? $ or a slash at the end`,
		`APIS[1] (b): stage "*": expected something like prod`,
		`VPC endpoint ID "vpc-1": expected something like vpce-0123456789abcdef0`,
		`account "1": expected something like 111111111111`,
		`additional VPC endpoint ID "vpce-*": expected something like vpce-0123456789abcdef0`,
		`additional VPC endpoint ID "vpce-owner": expected something like vpce-0123456789abcdef0`,
		`deny form "resource": expected "notResource" or "verbs"`,
		`partition "AWS": expected something like aws`,
		`row 2 (a.example.com): no methods: nil stands for all of them`,
		`row 2 (a.example.com): path "/${x}": expected something like /orders, without * ? $ or a slash at the end`,
		`row 3 (a.example.com): path "/a/": expected something like /orders, without * ? $ or a slash at the end`,
	}, refused.Problems)
}

func TestThousandRowsOfOneAPIMergeWithinFiftyMilliseconds(t *testing.T) {
	r := manyRows(1000, "/v1/resource%d", "GET", "POST")
	r.MaxSize = 1 << 30
	const within = 50 * time.Millisecond
	best := time.Hour
	// A machine that does other work too is given several chances.
	for attempt := 0; attempt < 50 && best >= within; attempt++ {
		start := time.Now()
		_, err := Merge(r)
		require.NoError(t, err)
		best = min(best, time.Since(start))
	}
	require.Less(t, best, within)
}

// manyRows are n hosts of one API; a verb in path takes the row's number.
func manyRows(n int, path string, methods ...string) Request {
	var grants []Grant
	for i := range n {
		g := Grant{
			Host: fmt.Sprintf("api%d.internal.private.example.com", i), Stage: "dev", Path: path, Methods: methods,
			Source: fmt.Sprintf("APIS[%d]", i),
		}
		if strings.Contains(path, "%d") {
			g.Path = fmt.Sprintf(path, i)
		}
		grants = append(grants, g)
	}
	return request(grants...)
}

func BenchmarkMergeThousandRowsOfOneAPI(b *testing.B) {
	r := manyRows(1000, "/v1/resource%d", "GET", "POST")
	r.MaxSize = 1 << 30
	for b.Loop() {
		if _, err := Merge(r); err != nil {
			b.Fatal(err)
		}
	}
}

// decide evaluates a merged policy by itself, as for a method without an authorizer.
func decide(t *testing.T, r Request, c call) iampolicy.Outcome {
	result, err := Merge(r)
	require.NoError(t, err)
	return iampolicy.Evaluate(parsed(t, result.Policy), c.request()).Outcome
}

// TestRowsThatFitTheDefaultQuota holds the table of docs/design/resource-policies.md.
func TestRowsThatFitTheDefaultQuota(t *testing.T) {
	for name, test := range map[string]struct {
		path           string
		methods        []string
		environment    string
		exact, compact int
	}{
		"the whole stage, all methods":          {"", nil, "", 97, 192},
		"the whole stage, two methods":          {"", []string{"GET", "POST"}, "", 95, 190},
		"its own path, one method":              {"/orders%d", []string{"GET"}, "", 9, 18},
		"its own path, two methods":             {"/orders%d", []string{"GET", "POST"}, "", 7, 13},
		"its own path, all methods":             {"/orders%d", nil, "", 2, 5},
		"the whole stage, all methods, of prod": {"", nil, "prod", 41, 191},
		"the whole stage, two methods, of prod": {"", []string{"GET", "POST"}, "prod", 39, 189},
		"its own path, one method, of prod":     {"/orders%d", []string{"GET"}, "prod", 4, 17},
		"its own path, two methods, of prod":    {"/orders%d", []string{"GET", "POST"}, "prod", 3, 13},
		"its own path, all methods, of prod":    {"/orders%d", nil, "prod", 1, 5},
	} {
		t.Run(name, func(t *testing.T) {
			rows := func(n int) Request {
				r := manyRows(n, test.path, test.methods...)
				r.App, r.Environment = "portico", test.environment
				return r
			}
			for n, want := range map[int]AllowForm{
				test.exact: AllowExact, test.exact + 1: AllowCompact, test.compact: AllowCompact,
			} {
				result, err := Merge(rows(n))
				require.NoError(t, err)
				require.Equal(t, want, result.Allow, "%d rows", n)
			}
			_, err := Merge(rows(test.compact + 1))
			var large *SizeError
			require.ErrorAs(t, err, &large)
			require.Equal(t, test.compact, large.Fit)
		})
	}
}

// TestRowsOfTwoEnvironmentsThatFitTheDefaultQuota holds the column of two
// environments of that table: so many rows of each, in whatever order they come.
func TestRowsOfTwoEnvironmentsThatFitTheDefaultQuota(t *testing.T) {
	for name, test := range map[string]struct {
		path    string
		methods []string
		each    int
	}{
		"the whole stage, all methods": {"", nil, 86},
		"the whole stage, two methods": {"", []string{"GET", "POST"}, 84},
		"its own path, one method":     {"/orders%d", []string{"GET"}, 8},
		"its own path, two methods":    {"/orders%d", []string{"GET", "POST"}, 6},
		"its own path, all methods":    {"/orders%d", nil, 2},
	} {
		t.Run(name, func(t *testing.T) {
			pair := func(n int) (dev, prod Request) {
				dev = manyRows(n, test.path, test.methods...)
				dev.App, dev.Environment = "portico", "dev"
				prod = dev
				prod.Environment, prod.VPCEndpointID = "prod", another
				return dev, prod
			}
			dev, prod := pair(test.each)
			require.Equal(t, string(mergeInto(t, nil, dev, prod)), string(mergeInto(t, nil, prod, dev, prod)))
			dev, prod = pair(test.each + 1)
			prod.Existing = mergeInto(t, nil, dev)
			_, err := Merge(prod)
			var large *SizeError
			require.ErrorAs(t, err, &large)
		})
	}
}
