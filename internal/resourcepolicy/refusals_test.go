package resourcepolicy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/portico-iac/portico/internal/awssim/iampolicy"
)

// deny is a policy with one statement of an owner's, a Deny of everything under a
// condition.
func deny(condition string) string {
	return `{"Version":"2012-10-17","Statement":[{"Sid":"Corp","Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*","Condition":` + condition + `}]}`
}

const (
	corpDenies    = `Statement[0] (Sid "Corp") of the owner's policy denies APIS[0]`
	corpMayDeny   = `Statement[0] (Sid "Corp") of the owner's policy may deny APIS[0]`
	untilExcepted = `: such requests get 403 until the owner excepts ` + ours + ` there (StringNotEquals aws:SourceVpce)`
)

func absence(conditions string) []string {
	return []string{corpDenies + ": " + conditions + " holds of requests that don't have the key, and these don't" + untilExcepted}
}

func depends(conditions string) []string {
	return []string{corpMayDeny + ": that depends on " + conditions + untilExcepted}
}

// TestDenialsOfTheOwnersAreToldWhateverTheirCondition has the conditions by which
// owners hold their APIs to networks, organisations, callers and times.
func TestDenialsOfTheOwnersAreToldWhateverTheirCondition(t *testing.T) {
	denies := []string{corpDenies + untilExcepted}
	for condition, want := range map[string][]string{
		// Through a VPC endpoint there is no aws:SourceIp.
		`{"NotIpAddress":{"aws:SourceIp":["203.0.113.0/24"]}}`:                             absence("NotIpAddress on aws:SourceIp"),
		`{"NotIpAddress":{"AWS:sourceip":"0.0.0.0/0"}}`:                                    absence("NotIpAddress on AWS:sourceip"),
		`{"NotIpAddressIfExists":{"aws:SourceIp":"203.0.113.0/24"}}`:                       absence("NotIpAddressIfExists on aws:SourceIp"),
		`{"IpAddressIfExists":{"aws:SourceIp":"203.0.113.0/24"}}`:                          absence("IpAddressIfExists on aws:SourceIp"),
		`{"ForAllValues:IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`:                     absence("ForAllValues:IpAddress on aws:SourceIp"),
		`{"Null":{"aws:SourceIp":"true"}}`:                                                 absence("Null on aws:SourceIp"),
		`{"Null":{"aws:SourceIp":true}}`:                                                   absence("Null on aws:SourceIp"),
		`{"Null":{"aws:SourceIp":"false"}}`:                                                nil,
		`{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}`:                                       nil,
		`{"ForAnyValue:NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`:                   nil,
		`{"NotIpAddress":{"aws:VpcSourceIp":"10.0.0.0/8"}}`:                                depends("NotIpAddress on aws:VpcSourceIp"),
		`{"IpAddress":{"aws:VpcSourceIp":["10.0.0.0/8","192.168.0.0/16"]}}`:                depends("IpAddress on aws:VpcSourceIp"),
		`{"Null":{"aws:VpcSourceIp":"true"}}`:                                              nil,
		`{"StringNotEquals":{"aws:SourceVpc":"vpc-1"}}`:                                    depends("StringNotEquals on aws:SourceVpc"),
		`{"StringNotLike":{"aws:SourceVpc":"*"}}`:                                          nil,
		`{"StringLike":{"aws:SourceVpc":"*"}}`:                                             denies,
		`{"StringEquals":{"aws:SourceVpce":"` + ours + `"}}`:                               denies,
		`{"StringEquals":{"aws:SourceVpce":["` + theirs + `","` + ours + `"]}}`:            denies,
		`{"StringEquals":{"aws:SourceVpce":"` + theirs + `"}}`:                             nil,
		`{"StringLike":{"aws:SourceVpce":"vpce-0a*"}}`:                                     denies,
		`{"StringNotLike":{"aws:SourceVpce":"vpce-0?aaaaaaaaaaaaaaa"}}`:                    nil,
		`{"StringNotEqualsIgnoreCase":{"aws:SourceVpce":"` + strings.ToUpper(ours) + `"}}`: nil,
		`{"ForAnyValue:StringEquals":{"aws:SourceVpce":["` + ours + `"]}}`:                 denies,
		`{"ForAllValues:StringNotEquals":{"aws:SourceVpce":["` + ours + `"]}}`:             nil,
		// Policy variables.
		`{"StringEquals":{"aws:Referer":"${aws:Referer}"}}`:              denies,
		`{"StringNotEquals":{"aws:SourceVpce":"${aws:SourceVpce}"}}`:     nil,
		`{"StringNotEquals":{"aws:Referer":"${aws:PrincipalTag/host}"}}`: depends("StringNotEquals on aws:Referer"),
		`{"StringLike":{"aws:Referer":"${aws:SourceVpce, 'x'}"}}`:        depends("StringLike on aws:Referer"),
		`{"StringNotEquals":{"aws:SourceIp":"${aws:VpcSourceIp}"}}`:      absence("StringNotEquals on aws:SourceIp"),
		`{"StringNotEquals":{"aws:Referer":"orders.example.com"}}`:       denies,
		`{"StringNotEquals":{"aws:Referer":["a.example.com"]}}`:          nil,
		`{"StringLike":{"aws:Referer":"https://*"}}`:                     nil,
		`{"Bool":{"aws:SecureTransport":"false"}}`:                       nil,
		`{"Bool":{"aws:SecureTransport":true}}`:                          denies,
		`{"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}}`:               absence("StringNotEquals on aws:PrincipalOrgID"),
		`{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-1"}}`:       absence("StringNotEqualsIfExists on aws:PrincipalOrgID"),
		`{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/x"}}`:    absence("ArnNotLike on aws:PrincipalArn"),
		`{"StringNotEquals":{"aws:PrincipalTag/team":"a"}}`:              absence("StringNotEquals on aws:PrincipalTag/team"),
		`{"StringNotEquals":{"aws:PrincipalAccount":"222222222222"}}`:    denies,
		`{"StringEquals":{"aws:PrincipalType":"Anonymous"}}`:             depends("StringEquals on aws:PrincipalType"),
		`{"DateGreaterThan":{"aws:CurrentTime":"2027-01-01T00:00:00Z"}}`: depends("DateGreaterThan on aws:CurrentTime"),
		`{"NumericNotEquals":{"aws:MultiFactorAuthAge":1}}`:              absence("NumericNotEquals on aws:MultiFactorAuthAge"),
		`{"NumericLessThan":{"aws:MultiFactorAuthAge":1}}`:               nil,
		`{"StringLike":{"aws:UserAgent":"curl*"}}`:                       depends("StringLike on aws:UserAgent"),
		`{"StringNotEquals":{"example:unknown":"x"}}`:                    depends("StringNotEquals on example:unknown"),
		`{"StringNotEquals":{"execute-api:viaDomainArn":"arn:aws:x"}}`:   absence("StringNotEquals on execute-api:viaDomainArn"),
		`{"StringMatches":{"aws:SourceVpce":"x"}}`:                       depends("StringMatches on aws:SourceVpce"),
		`{"IpAddress":{"aws:SourceVpce":"no block"}}`:                    depends("IpAddress on aws:SourceVpce"),
		`{"StringEquals":{"aws:SourceVpce":[]}}`:                         depends("StringEquals on aws:SourceVpce"),
		`"x"`:                                                            depends("its Condition"),
		`{"StringEquals":"x"}`:                                           depends("StringEquals"),
		// Several conditions hold together.
		`{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"},"StringNotEquals":{"aws:SourceVpce":"` + ours + `"}}`:   nil,
		`{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"},"StringNotEquals":{"aws:SourceVpc":"vpc-1"}}`:           depends("StringNotEquals on aws:SourceVpc"),
		`{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"},"StringNotEquals":{"aws:SourceVpce":"` + theirs + `"}}`: absence("NotIpAddress on aws:SourceIp"),
	} {
		t.Run(condition, func(t *testing.T) {
			r := request(Grant{Host: "a.example.com", Stage: "prod", Source: "APIS[0]"})
			r.Existing = []byte(deny(condition))
			result, err := Merge(r)
			require.NoError(t, err)
			require.Equal(t, want, result.Notices)
		})
	}
}

func TestDenialsNameTheRowsAndTheVerbsThatTheyReach(t *testing.T) {
	statement := func(elements string) string {
		return `{"Statement":{"Effect":"Deny",` + elements + `}}`
	}
	const everybody = `"Principal":"*","Action":"execute-api:Invoke",`
	denies := func(rows string) []string {
		return []string{"Statement[0] of the owner's policy denies " + rows + untilExcepted}
	}
	both := denies("APIS[0], APIS[1]")
	for elements, want := range map[string][]string{
		everybody + `"Resource":"*"`:                                                                                             both,
		everybody + `"Resource":"execute-api:/prod/POST/*"`:                                                                      denies("POST of APIS[0], POST of APIS[1]"),
		everybody + `"Resource":["execute-api:/prod/POST/*","execute-api:/prod/GET/*"]`:                                          denies("APIS[0], GET, POST of APIS[1]"),
		everybody + `"Resource":"execute-api:/prod/*/orders/private/*"`:                                                          denies("some paths of APIS[0], some paths of APIS[1]"),
		everybody + `"Resource":"execute-api:/prod/GET/orders/?"`:                                                                denies("some paths of GET of APIS[0], some paths of GET of APIS[1]"),
		everybody + `"Resource":"execute-api:/dev/*"`:                                                                            nil,
		everybody + `"Resource":"execute-api:/prod/GET/invoices"`:                                                                denies("some paths of GET of APIS[1]"),
		everybody + `"NotResource":"execute-api:/prod/*"`:                                                                        nil,
		everybody + `"NotResource":"execute-api:/prod/GET/*"`:                                                                    denies("POST of APIS[0], DELETE, HEAD, OPTIONS, PATCH, POST, PUT of APIS[1]"),
		everybody + `"NotResource":["execute-api:/prod/GET/orders","execute-api:/prod/GET/orders/*","execute-api:/prod/POST/*"]`: denies("some paths of DELETE, GET, HEAD, OPTIONS, PATCH, PUT of APIS[1]"),
		`"Principal":"*","Action":"execute-api:ManageConnections","Resource":"*"`:                                                nil,
		`"Principal":"*","Action":["s3:*","EXECUTE-API:inv*"],"Resource":"*"`:                                                    both,
		`"Principal":"*","NotAction":"execute-api:ManageConnections","Resource":"*"`:                                             both,
		`"Principal":"*","NotAction":"*","Resource":"*"`:                                                                         nil,
		`"Principal":{"AWS":"*"},"Action":"*","Resource":"*"`:                                                                    both,
		`"Principal":{"AWS":["333333333333","*"]},"Action":"*","Resource":"*"`:                                                   both,
		`"Principal":{"AWS":"333333333333"},"Action":"*","Resource":"*"`:                                                         nil,
		`"NotPrincipal":{"AWS":"333333333333"},"Action":"*","Resource":"*"`:                                                      both,
		`"NotPrincipal":"*","Action":"*","Resource":"*"`:                                                                         nil,
	} {
		t.Run(elements, func(t *testing.T) {
			r := request(
				Grant{Host: "a.example.com", Stage: "prod", Path: "/orders", Methods: []string{"GET", "POST"}, Source: "APIS[0]"},
				Grant{Host: "b.example.com", Stage: "prod", Source: "APIS[1]"},
			)
			r.Existing = []byte(statement(elements))
			result, err := Merge(r)
			require.NoError(t, err)
			require.Equal(t, want, result.Notices)
		})
	}
	t.Run("a resource with a policy variable", func(t *testing.T) {
		r := request(Grant{Host: "a.example.com", Stage: "prod", Source: "APIS[0]"})
		r.Existing = []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Deny",` + everybody + `"NotResource":"execute-api:/${aws:PrincipalTag/stage}/*"}}`)
		result, err := Merge(r)
		require.NoError(t, err)
		require.Equal(t, []string{"Statement[0] of the owner's policy may deny APIS[0]: that depends on its resources" + untilExcepted}, result.Notices)
	})
	t.Run("many rows", func(t *testing.T) {
		r := manyRows(8, "", "GET")
		r.Existing = []byte(statement(everybody + `"Resource":"*"`))
		result, err := Merge(r)
		require.NoError(t, err)
		require.Equal(t, denies("APIS[0], APIS[1], APIS[2], APIS[3], APIS[4], and 3 more rows"), result.Notices)
	})
}

func TestWhatIsKnownOfTheVPCAndOfSignedRequestsDecides(t *testing.T) {
	r := request(Grant{Host: "a.example.com", Stage: "prod", Source: "APIS[0]"})
	for vpc, want := range map[string][]string{"vpc-1": nil, "vpc-2": {corpDenies + untilExcepted}} {
		r.VPCID, r.Existing = vpc, []byte(deny(`{"StringNotEquals":{"aws:SourceVpc":"vpc-1"}}`))
		result, err := Merge(r)
		require.NoError(t, err)
		require.Equal(t, want, result.Notices)
	}
	signed := request()
	signed.VPCEndpointID, signed.NativeEndpointIDs = "", []string{ours}
	signed.NativeGrants = []Grant{{Host: "a.example.com", Stage: "prod", Signed: true, DomainARN: domainARN("a.example.com"), Source: "APIS[0]"}}
	for existing, want := range map[string][]string{
		deny(`{"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}}`): depends("StringNotEquals on aws:PrincipalOrgID"),
		strings.Replace(deny(`{}`), `"Principal":"*"`, `"Principal":{"AWS":"333333333333"}`, 1): {
			corpMayDeny + ": that depends on who the caller is" + untilExcepted},
	} {
		signed.Existing = []byte(existing)
		result, err := Merge(signed)
		require.NoError(t, err)
		require.Equal(t, want, result.Notices)
	}
}

// contexts are what requests of a row may have, beside its endpoint: every key
// that the conditions of ownersDenials name, as AWS documents which requests have
// it.
func contexts() *rapid.Generator[map[string][]string] {
	return rapid.Custom(func(t *rapid.T) map[string][]string {
		c := map[string][]string{
			"aws:SourceVpc":       {rapid.SampledFrom([]string{"vpc-1", "vpc-2"}).Draw(t, "VPC")},
			"aws:VpcSourceIp":     {rapid.SampledFrom([]string{"10.1.2.3", "172.16.0.1", "2001:db8::1"}).Draw(t, "address")},
			"aws:SecureTransport": {"true"},
			"aws:CurrentTime":     {rapid.SampledFrom([]string{"2026-01-01T00:00:00Z", "2028-01-01T00:00:00Z"}).Draw(t, "time")},
			"aws:PrincipalType":   {"Anonymous"},
		}
		if agent := rapid.SampledFrom([]string{"", "curl/8", "x"}).Draw(t, "agent"); agent != "" {
			c["aws:UserAgent"] = []string{agent}
		}
		if rapid.Bool().Draw(t, "no kind") {
			delete(c, "aws:PrincipalType")
		}
		return c
	})
}

// ownersDenials draws policies whose statements deny by conditions of every kind
// that the oracle evaluates.
func ownersDenials() *rapid.Generator[[]byte] {
	values := map[string][]string{
		"aws:SourceVpce": {ours, theirs, "vpce-0*", "vpce-0?aaaaaaaaaaaaaaa"}, "aws:sourcevpc": {"vpc-1", "vpc-3", "*"},
		"aws:SourceIp": {"10.0.0.0/8", "0.0.0.0/0"}, "aws:VpcSourceIp": {"10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32", "10.1.2.3"},
		"aws:Referer": {"a.example.com", "b.example.com", "*.example.com", "https://*"}, "aws:SecureTransport": {"true", "false"},
		"aws:PrincipalOrgID": {"o-1", "*"}, "aws:PrincipalArn": {"arn:aws:iam::222222222222:role/x"}, "aws:PrincipalType": {"Anonymous", "User"},
		"aws:UserAgent": {"curl*", "*", "x"}, "execute-api:viaDomainArn": {"arn:aws:execute-api:us-east-1:222222222222:/domainnames/a.example.com+f4g5h6"},
		"aws:CurrentTime": {"2027-01-01T00:00:00Z"},
	}
	keys := []string{}
	for key := range values {
		keys = append(keys, key)
	}
	keys = sorted(keys)
	condition := rapid.Custom(func(t *rapid.T) map[string]any {
		key := rapid.SampledFrom(keys).Draw(t, "key")
		names := []string{"StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"}
		switch {
		case strings.HasSuffix(key, "Ip"):
			names = []string{"IpAddress", "NotIpAddress"}
		case strings.HasSuffix(strings.ToLower(key), "arn"):
			names = append(names, "ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike")
		case key == "aws:SecureTransport":
			names = []string{"Bool"}
		case key == "aws:CurrentTime":
			names = []string{"DateGreaterThan", "DateLessThan", "DateNotEquals"}
		}
		name := rapid.SampledFrom(names).Draw(t, "operator")
		name = rapid.SampledFrom([]string{"", "", "ForAllValues:", "ForAnyValue:"}).Draw(t, "set") + name + rapid.SampledFrom([]string{"", "", "IfExists"}).Draw(t, "if")
		if rapid.IntRange(0, 9).Draw(t, "null") == 0 {
			return map[string]any{"Null": map[string]any{key: rapid.SampledFrom([]string{"true", "false"}).Draw(t, "absent")}}
		}
		return map[string]any{name: map[string]any{key: rapid.SliceOfN(rapid.SampledFrom(values[key]), 1, 2).Draw(t, "values")}}
	})
	some := func(values ...string) *rapid.Generator[[]string] {
		return rapid.SliceOfN(rapid.SampledFrom(values), 1, 3)
	}
	statement := rapid.Custom(func(t *rapid.T) any {
		s := map[string]any{"Effect": rapid.SampledFrom([]string{"Deny", "Deny", "Deny", "Allow"}).Draw(t, "effect")}
		s[rapid.SampledFrom([]string{"Action", "Action", "NotAction"}).Draw(t, "action")] = some("execute-api:Invoke", "execute-api:*", "s3:*").Draw(t, "actions")
		s[rapid.SampledFrom([]string{"Resource", "Resource", "NotResource"}).Draw(t, "resource")] =
			some("*", "execute-api:/*", "execute-api:/prod/*", "execute-api:/prod/GET/*", "execute-api:/prod/GET/a", "execute-api:/prod/*/a/*", "execute-api:/*/PUT/a/?", prefix+"dev/*").Draw(t, "resources")
		name := rapid.SampledFrom([]string{"Principal", "Principal", "NotPrincipal"}).Draw(t, "principal")
		s[name] = rapid.SampledFrom([]any{"*", map[string]any{"AWS": "*"}, map[string]any{"AWS": "333333333333"}}).Draw(t, "principals")
		all := map[string]any{}
		for _, one := range rapid.SliceOfN(condition, 0, 2).Draw(t, "conditions") {
			for operator, keys := range one {
				all[operator] = keys
			}
		}
		if len(all) > 0 {
			s["Condition"] = all
		}
		return s
	})
	return rapid.Custom(func(t *rapid.T) []byte {
		return encodeValue(map[string]any{
			"Version":   rapid.SampledFrom([]string{"2012-10-17", "2008-10-17"}).Draw(t, "version"),
			"Statement": rapid.SliceOfN(statement, 1, 2).Draw(t, "statements"),
		})
	})
}

func sorted(names []string) []string {
	set := map[string]any{}
	for _, name := range names {
		set[name] = nil
	}
	return sortedNames(set)
}

// TestWhoWouldBeRefusedIsWhoTheOracleRefuses holds the program's evaluation of
// owners' statements against the evaluator that shares no code with it: what is
// certain holds of every request that the row can have.
func TestWhoWouldBeRefusedIsWhoTheOracleRefuses(t *testing.T) {
	decided := map[answer]int{}
	rapid.Check(t, func(t *rapid.T) {
		document := ownersDenials().Draw(t, "policy")
		g := Grant{
			Host: "a.example.com", Stage: "prod", Path: rapid.SampledFrom([]string{"", "/a", "/a/b"}).Draw(t, "path"),
			Methods: []string{rapid.SampledFrom([]string{"GET", "PUT"}).Draw(t, "method")},
		}
		r := request(g)
		if rapid.Bool().Draw(t, "native") {
			g.DomainARN = domainARN(g.Host)
			r.Grants, r.VPCEndpointID, r.NativeGrants, r.NativeEndpointIDs = nil, "", []Grant{g}, []string{ours}
		}
		if rapid.Bool().Draw(t, "VPC is known") {
			r.VPCID = "vpc-1"
		}
		parsedDocument, err := parseDocument(document, r.APIID)
		require.NoError(t, err)
		canonical := parsedDocument.canonical(api)
		w := newWriter(r, division{owner: canonical})
		for i, s := range canonical.statements {
			if s["Effect"] != "Deny" {
				continue
			}
			alone := parsed(t, encodeValue(map[string]any{"Version": canonical.members["Version"], "Statement": []any{s}}))
			for _, q := range w.rowRequests() {
				v := q.denial(s, canonical.members["Version"])
				decided[v.denies]++
				for n := range 8 {
					context := contexts().Draw(t, fmt.Sprint("context ", i, " ", n))
					if r.VPCID != "" {
						context["aws:SourceVpc"] = []string{r.VPCID}
					}
					context["aws:SourceVpce"] = []string{q.endpoint}
					if r.VPCEndpointID != "" {
						context["aws:Referer"] = []string{g.Host}
					} else {
						context["execute-api:viaDomainArn"] = []string{invokedDomain(g.DomainARN)}
						if referer := rapid.SampledFrom([]string{"", "b.example.com"}).Draw(t, "referer"); referer != "" {
							context["aws:Referer"] = []string{referer}
						}
					}
					for _, path := range []string{g.Path, g.Path + "/", g.Path + "/x", g.Path + "/a/b/c"} {
						if path == "" {
							continue
						}
						got := iampolicy.Evaluate(alone, iampolicy.Request{Action: "execute-api:Invoke", Context: context, Resource: prefix + g.Stage + "/" + q.method + path}).Outcome
						denied := got == iampolicy.ExplicitDeny
						if v.denies == no || v.denies == yes && v.extent == every {
							require.Equal(t, v.denies == yes, denied, "%s of %v: %+v", path, context, v)
						}
					}
				}
			}
		}
	})
	for _, a := range []answer{no, yes} {
		require.NotZero(t, decided[a], "no statement is decided as %v", a)
	}
}
