package iampolicy

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

const invoke = "execute-api:Invoke"

const apiARN = "arn:aws:execute-api:us-east-1:222222222222:a1b2c3d4e5/"

// get is a request that the tests start from.
func get(path string, context map[string][]string) Request {
	return Request{Action: invoke, Resource: apiARN + "prod/GET" + path, Context: context}
}

// statement puts an Allow for everybody around elements that replace the
// principal, action or resource, or add a condition.
func statement(elements string) string {
	return `{"Version":"2012-10-17","Statement":{"Sid":"S","Effect":"Allow",` + elements + `}}`
}

const domainARN = "arn:aws:execute-api:us-east-1:111111111111:/domainnames/orders.example.com+abcd1234"

const everything = `"Principal":"*","Action":"execute-api:Invoke","Resource":"*"`

func TestEvaluateMatchesElements(t *testing.T) {
	role := "arn:aws:iam::333333333333:role/team/reader"
	session := "arn:aws:sts::333333333333:assumed-role/reader/alice"
	as := func(principal string) Request {
		r := get("/orders", nil)
		r.Principal = principal
		return r
	}
	at := func(resource string) Request {
		r := get("/orders", nil)
		r.Resource = apiARN + resource
		return r
	}
	only := func(resource string) string {
		return `"Principal":"*","Action":"execute-api:Invoke","Resource":"` + resource + `"`
	}
	except := func(resource string) string {
		return `"Principal":"*","Action":"execute-api:Invoke","NotResource":["` + resource + `"]`
	}
	for name, test := range map[string]struct {
		elements string
		request  Request
		want     Outcome
	}{
		"everybody is also an anonymous caller":           {everything, as(""), Allowed},
		"everybody of AWS is also an anonymous caller":    {`"Principal":{"AWS":"*"},"Action":"*","Resource":"*"`, as(""), Allowed},
		"a role isn't an anonymous caller":                {`"Principal":{"AWS":"` + role + `"},"Action":"*","Resource":"*"`, as(""), ImplicitDeny},
		"a role is itself":                                {`"Principal":{"AWS":"` + role + `"},"Action":"*","Resource":"*"`, as(role), Allowed},
		"a role is its sessions":                          {`"Principal":{"AWS":["` + role + `"]},"Action":"*","Resource":"*"`, as(session), Allowed},
		"a role isn't another's sessions":                 {`"Principal":{"AWS":"` + role + `s"},"Action":"*","Resource":"*"`, as(session), ImplicitDeny},
		"an account's number is its principals":           {`"Principal":{"AWS":"333333333333"},"Action":"*","Resource":"*"`, as(role), Allowed},
		"an account's root is its principals":             {`"Principal":{"AWS":"arn:aws:iam::333333333333:root"},"Action":"*","Resource":"*"`, as(session), Allowed},
		"a root isn't another account's principals":       {`"Principal":{"AWS":"arn:aws:iam::444444444444:root"},"Action":"*","Resource":"*"`, as(role), ImplicitDeny},
		"a role isn't the sessions of another account's":  {`"Principal":{"AWS":"arn:aws:iam::444444444444:role/reader"},"Action":"*","Resource":"*"`, as(session), ImplicitDeny},
		"the short ARN is all of a domain too":            {only("execute-api:/*"), Request{Action: invoke, Resource: domainARN}, Allowed},
		"a domain's ARN isn't an API's":                   {only(domainARN), at("prod/GET/orders"), ImplicitDeny},
		"a domain's ARN may leave its ID open":            {only(domainARN[:len(domainARN)-8] + "*"), Request{Action: invoke, Resource: domainARN}, Allowed},
		"a domain's ARN isn't another ID's":               {only(domainARN), Request{Action: invoke, Resource: domainARN + "0"}, ImplicitDeny},
		"the short ARN is nothing of another service":     {only("execute-api:/*"), Request{Action: invoke, Resource: "arn:aws:s3:::bucket/key"}, ImplicitDeny},
		"an account isn't another's principals":           {`"Principal":{"AWS":"444444444444"},"Action":"*","Resource":"*"`, as(role), ImplicitDeny},
		"NotPrincipal is everybody else":                  {`"NotPrincipal":{"AWS":"` + role + `"},"Action":"*","Resource":"*"`, as("arn:aws:iam::333333333333:role/writer"), Allowed},
		"NotPrincipal isn't the one named":                {`"NotPrincipal":{"AWS":"` + role + `"},"Action":"*","Resource":"*"`, as(role), ImplicitDeny},
		"an action has no case":                           {`"Principal":"*","Action":"EXECUTE-API:invoke","Resource":"*"`, as(""), Allowed},
		"an action may have a wildcard":                   {`"Principal":"*","Action":["s3:Get","execute-api:*"],"Resource":"*"`, as(""), Allowed},
		"another action is another":                       {`"Principal":"*","Action":"execute-api:ManageConnections","Resource":"*"`, as(""), ImplicitDeny},
		"NotAction is every other action":                 {`"Principal":"*","NotAction":"execute-api:ManageConnections","Resource":"*"`, as(""), Allowed},
		"NotAction isn't the one named":                   {`"Principal":"*","NotAction":"execute-api:Invoke","Resource":"*"`, as(""), ImplicitDeny},
		"a literal resource is itself":                    {only(apiARN + "prod/GET/orders"), at("prod/GET/orders"), Allowed},
		"a literal resource isn't its child":              {only(apiARN + "prod/GET/orders"), at("prod/GET/orders/1"), ImplicitDeny},
		"a resource has a case":                           {only(apiARN + "prod/GET/orders"), at("prod/get/orders"), ImplicitDeny},
		"a star reaches over slashes":                     {only(apiARN + "prod/*/orders"), at("prod/GET/x/y/orders"), Allowed},
		"a star also matches nothing":                     {only(apiARN + "prod/GET/*"), at("prod/GET/"), Allowed},
		"stars in a row are tried at every place":         {only(apiARN + "*/GET/*a*b"), at("prod/GET/aab/ab"), Allowed},
		"a star doesn't forgive what follows it":          {only(apiARN + "*/orders"), at("prod/GET/orders/1"), ImplicitDeny},
		"a question mark is one character":                {only(apiARN + "prod/?ET/orders"), at("prod/GET/orders"), Allowed},
		"a question mark isn't two characters":            {only(apiARN + "prod/?T/orders"), at("prod/GET/orders"), ImplicitDeny},
		"a question mark is a slash as well":              {only(apiARN + "prod/GET?orders"), at("prod/GET/orders"), Allowed},
		"NotResource is every other resource":             {except(apiARN + "prod/GET/orders"), at("prod/GET/orders/1"), Allowed},
		"NotResource isn't what it names":                 {except(apiARN + "prod/GET/*"), at("prod/GET/orders/1"), ImplicitDeny},
		"the short ARN is the policy's own API":           {only("execute-api:/prod/GET/*"), at("prod/GET/orders"), Allowed},
		"the short ARN of everything is everything":       {only("execute-api:/*"), at("dev/PUT/"), Allowed},
		"the short ARN of one stage isn't another's":      {only("execute-api:/dev/*"), at("prod/GET/orders"), ImplicitDeny},
		"the short ARN in NotResource is excepted too":    {except("execute-api:/prod/*"), at("prod/GET/orders"), ImplicitDeny},
		"the API's ARN without anything isn't its method": {only(apiARN), at("prod/GET/orders"), ImplicitDeny},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Parse([]byte(statement(test.elements)))
			require.NoError(t, err)
			require.Equal(t, test.want.String(), Evaluate(p, test.request).Outcome.String())
		})
	}
}

func TestEvaluateComparesConditions(t *testing.T) {
	for name, test := range map[string]struct {
		condition string
		context   map[string][]string
		want      bool
	}{
		"StringEquals is literal":                              {`"StringEquals":{"aws:Referer":"*.example.com"}`, ctx("aws:Referer", "*.example.com"), true},
		"StringEquals has no wildcard":                         {`"StringEquals":{"aws:Referer":"*.example.com"}`, ctx("aws:Referer", "a.example.com"), false},
		"StringEquals has a case":                              {`"StringEquals":{"aws:Referer":"a"}`, ctx("aws:Referer", "A"), false},
		"StringEquals fails on an absent key":                  {`"StringEquals":{"aws:Referer":"a"}`, nil, false},
		"a list means any of its values":                       {`"StringEquals":{"aws:Referer":["a","b"]}`, ctx("aws:Referer", "b"), true},
		"a key has no case":                                    {`"StringEquals":{"AWS:referer":"a"}`, ctx("aws:Referer", "a"), true},
		"keys of one operator must all hold":                   {`"StringEquals":{"aws:Referer":"a","aws:SourceVpce":"v"}`, ctx("aws:Referer", "a"), false},
		"operators must all hold":                              {`"StringEquals":{"aws:SourceVpce":"v"},"StringNotEquals":{"aws:Referer":"a"}`, map[string][]string{"aws:SourceVpce": {"v"}, "aws:Referer": {"a"}}, false},
		"StringNotEquals holds on an absent key":               {`"StringNotEquals":{"aws:Referer":"a"}`, nil, true},
		"StringNotEquals means none of the list":               {`"StringNotEquals":{"aws:Referer":["a","b"]}`, ctx("aws:Referer", "b"), false},
		"StringEqualsIgnoreCase has no case":                   {`"StringEqualsIgnoreCase":{"aws:Referer":"a"}`, ctx("aws:Referer", "A"), true},
		"StringNotEqualsIgnoreCase has no case":                {`"StringNotEqualsIgnoreCase":{"aws:Referer":"a"}`, ctx("aws:Referer", "A"), false},
		"StringLike has wildcards":                             {`"StringLike":{"aws:Referer":"*.example.???"}`, ctx("aws:Referer", "a.b.example.com"), true},
		"StringNotLike has wildcards":                          {`"StringNotLike":{"aws:Referer":"*.example.com"}`, ctx("aws:Referer", "a.example.com"), false},
		"StringNotLike holds on an absent key":                 {`"StringNotLike":{"aws:Referer":"*"}`, nil, true},
		"IfExists holds on an absent key":                      {`"StringEqualsIfExists":{"aws:Referer":"a"}`, nil, true},
		"IfExists compares a key that is there":                {`"StringEqualsIfExists":{"aws:Referer":"a"}`, ctx("aws:Referer", "b"), false},
		"Null true wants the key absent":                       {`"Null":{"aws:Referer":"true"}`, nil, true},
		"Null true fails on a key that is there":               {`"Null":{"aws:Referer":true}`, ctx("aws:Referer", "a"), false},
		"Null false wants the key there":                       {`"Null":{"aws:Referer":"false"}`, ctx("aws:Referer", "a"), true},
		"Bool reads JSON's true":                               {`"Bool":{"aws:SecureTransport":true}`, ctx("aws:SecureTransport", "true"), true},
		"Bool false isn't true":                                {`"Bool":{"aws:SecureTransport":"false"}`, ctx("aws:SecureTransport", "true"), false},
		"Bool fails on an absent key":                          {`"Bool":{"aws:SecureTransport":"false"}`, nil, false},
		"IpAddress holds in the block":                         {`"IpAddress":{"aws:VpcSourceIp":["10.0.0.0/16","10.2.0.9"]}`, ctx("aws:VpcSourceIp", "10.0.200.1"), true},
		"IpAddress takes a single address":                     {`"IpAddress":{"aws:VpcSourceIp":"10.2.0.9"}`, ctx("aws:VpcSourceIp", "10.2.0.9"), true},
		"IpAddress fails outside the block":                    {`"IpAddress":{"aws:VpcSourceIp":"10.0.0.0/16"}`, ctx("aws:VpcSourceIp", "10.1.0.1"), false},
		"IpAddress knows IPv4 in IPv6's spelling":              {`"IpAddress":{"aws:VpcSourceIp":"10.0.0.0/16"}`, ctx("aws:VpcSourceIp", "::ffff:10.0.0.1"), true},
		"IpAddress fails on an absent key":                     {`"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}`, nil, false},
		"IpAddress knows IPv6":                                 {`"IpAddress":{"aws:VpcSourceIp":"2001:db8::/32"}`, ctx("aws:VpcSourceIp", "2001:db8::1"), true},
		"NotIpAddress fails in the block":                      {`"NotIpAddress":{"aws:VpcSourceIp":"10.0.0.0/16"}`, ctx("aws:VpcSourceIp", "10.0.0.1"), false},
		"NotIpAddress holds on an absent key":                  {`"NotIpAddress":{"aws:SourceIp":"10.0.0.0/16"}`, nil, true},
		"ArnLike has wildcards":                                {`"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/r*"}`, ctx("aws:PrincipalArn", "arn:aws:iam::333333333333:role/reader"), true},
		"ArnEquals does what ArnLike does":                     {`"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::*:role/r*"}`, ctx("aws:PrincipalArn", "arn:aws:iam::333333333333:role/reader"), true},
		"a wildcard in an ARN doesn't reach over a colon":      {`"ArnLike":{"aws:PrincipalArn":"arn:aws:*:role/reader"}`, ctx("aws:PrincipalArn", "arn:aws:iam::333333333333:role/reader"), false},
		"ArnNotEquals fails on a match":                        {`"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::333333333333:*"}`, ctx("aws:PrincipalArn", "arn:aws:iam::333333333333:role/reader"), false},
		"ArnEquals compares the domain that a request came by": {`"ArnEquals":{"execute-api:viaDomainArn":"` + domainARN + `"}`, ctx("execute-api:viaDomainArn", domainARN), true},
		"ArnEquals takes a domain of any ID":                   {`"ArnEquals":{"execute-api:viaDomainArn":"` + domainARN[:len(domainARN)-2] + `*"}`, ctx("execute-api:viaDomainArn", domainARN), true},
		"ArnEquals fails on another domain":                    {`"ArnEquals":{"execute-api:viaDomainArn":["` + domainARN + `0","` + domainARN + `1"]}`, ctx("execute-api:viaDomainArn", domainARN), false},
		"ArnEquals fails without a domain":                     {`"ArnEquals":{"execute-api:viaDomainArn":"*"}`, nil, false},
		"ArnNotEquals holds without a domain":                  {`"ArnNotEquals":{"execute-api:viaDomainArn":"` + domainARN + `"}`, nil, true},
		"ArnNotEquals fails on one of several domains":         {`"ArnNotEquals":{"execute-api:viaDomainArn":["` + domainARN + `0","` + domainARN + `"]}`, ctx("execute-api:viaDomainArn", domainARN), false},
		"ArnNotEqualsIfExists holds without a domain":          {`"ArnNotEqualsIfExists":{"execute-api:viaDomainArn":"` + domainARN + `"}`, nil, true},
		"ArnNotLike holds on an absent key":                    {`"ArnNotLike":{"aws:PrincipalArn":"*"}`, nil, true},
		"ForAnyValue holds if one value matches":               {`"ForAnyValue:StringEquals":{"aws:TagKeys":["a","b"]}`, map[string][]string{"aws:TagKeys": {"x", "b"}}, true},
		"ForAnyValue fails on an absent key":                   {`"ForAnyValue:StringNotEquals":{"aws:TagKeys":"a"}`, nil, false},
		"ForAnyValue negated holds if one value differs":       {`"ForAnyValue:StringNotEquals":{"aws:TagKeys":"a"}`, map[string][]string{"aws:TagKeys": {"a", "b"}}, true},
		"ForAllValues fails if one value doesn't match":        {`"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}`, map[string][]string{"aws:TagKeys": {"x", "b"}}, false},
		"ForAllValues holds on an absent key":                  {`"ForAllValues:StringEquals":{"aws:TagKeys":"a"}`, nil, true},
		"ForAllValues negated fails if one value matches":      {`"ForAllValues:StringNotEquals":{"aws:TagKeys":"a"}`, map[string][]string{"aws:TagKeys": {"a", "b"}}, false},
		"NumericLessThan compares numbers":                     {`"NumericLessThan":{"aws:MultiFactorAuthAge":300}`, ctx("aws:MultiFactorAuthAge", "299.5"), true},
		"NumericGreaterThanEquals takes the limit":             {`"NumericGreaterThanEquals":{"aws:MultiFactorAuthAge":"300"}`, ctx("aws:MultiFactorAuthAge", "300"), true},
		"NumericNotEquals holds on an absent key":              {`"NumericNotEquals":{"aws:MultiFactorAuthAge":"300"}`, nil, true},
		"DateGreaterThan compares times":                       {`"DateGreaterThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"}`, ctx("aws:CurrentTime", "2026-06-01T00:00:00Z"), true},
		"DateLessThan reads seconds":                           {`"DateLessThan":{"aws:EpochTime":"1000"}`, ctx("aws:EpochTime", "1000"), false},
		"several values without a set operator: one is enough": {`"StringEquals":{"aws:Referer":"a"}`, map[string][]string{"aws:Referer": {"b", "a"}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Parse([]byte(statement(everything + `,"Condition":{` + test.condition + `}`)))
			require.NoError(t, err)
			want := ImplicitDeny
			if test.want {
				want = Allowed
			}
			require.Equal(t, want.String(), Evaluate(p, get("/orders", test.context)).Outcome.String())
		})
	}
}

// ctx is condition keys, each followed by its value.
func ctx(pairs ...string) map[string][]string {
	keys := map[string][]string{}
	for i := 0; i < len(pairs); i += 2 {
		keys[pairs[i]] = []string{pairs[i+1]}
	}
	return keys
}

func TestEvaluateLetsADenyOutweighEveryAllowAndNamesTheStatements(t *testing.T) {
	p, err := Parse([]byte(`{"Version":"2012-10-17","Statement":[
	  {"Sid":"A1","Effect":"Allow",` + everything + `},
	  {"Sid":"D1","Effect":"Deny","Principal":"*","Action":"*","Resource":"*/GET/secret"},
	  {"Sid":"A2","Effect":"Allow",` + everything + `},
	  {"Effect":"Deny","Principal":"*","Action":"*","Resource":"*/secret"}]}`))
	require.NoError(t, err)
	require.Equal(t, Decision{ExplicitDeny, []string{"D1", ""}}, Evaluate(p, get("/secret", nil)))
	require.Equal(t, Decision{Allowed, []string{"A1", "A2"}}, Evaluate(p, get("/open", nil)))
	require.Equal(t, Decision{}, Evaluate(p, Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k"}))
}

func TestParseRefusesWhatItCannotEvaluate(t *testing.T) {
	for name, test := range map[string]struct{ document, want string }{
		"no JSON":                      {`{`, "unexpected end of JSON input"},
		"a list":                       {`[]`, "cannot unmarshal array"},
		"no statement":                 {`{"Version":"2012-10-17"}`, "it has no statement"},
		"an unknown version":           {`{"Version":"2012","Statement":[]}`, `Version: "2012": expected`},
		"an unknown element":           {`{"Statements":[]}`, "Statements: no element of a policy has this name"},
		"an unknown statement element": {statement(everything + `,"Resources":"*"`), "Statement[0]: Resources: no element of a statement has this name"},
		"no effect":                    {`{"Statement":{` + everything + `}}`, "it has no Effect"},
		"an effect in lower case":      {`{"Statement":{"Effect":"allow",` + everything + `}}`, `Effect: "allow": expected`},
		"no principal":                 {statement(`"Action":"*","Resource":"*"`), "it has neither Principal nor NotPrincipal"},
		"no action":                    {statement(`"Principal":"*","Resource":"*"`), "it has neither Action nor NotAction"},
		"no resource":                  {statement(`"Principal":"*","Action":"*"`), "it has neither Resource nor NotResource"},
		"an empty list of resources":   {statement(`"Principal":"*","Action":"*","Resource":[]`), "Resource: the list is empty"},
		"both of a pair":               {statement(everything + `,"NotResource":"*"`), "it has both Resource and NotResource"},
		"a principal that isn't one":   {statement(`"Principal":"me","Action":"*","Resource":"*"`), `Principal: "me": expected`},
		"a principal with a wildcard":  {statement(`"Principal":{"AWS":"arn:aws:iam::333333333333:role/*"},"Action":"*","Resource":"*"`), "no wildcard"},
		"an unknown kind of principal": {statement(`"Principal":{"Aws":"*"},"Action":"*","Resource":"*"`), "Aws: no such kind"},
		"an unknown operator":          {statement(everything + `,"Condition":{"StringIs":{"aws:Referer":"a"}}`), "StringIs: aws:Referer: this evaluator doesn't know the operator"},
		"Null with IfExists":           {statement(everything + `,"Condition":{"NullIfExists":{"aws:Referer":"true"}}`), "doesn't know the operator"},
		"a variable in an action":      {statement(`"Principal":"*","Action":"${aws:username}","Resource":"*"`), "variables are replaced in resources"},
		"a variable as an address":     {statement(everything + `,"Condition":{"IpAddress":{"aws:SourceIp":"${aws:VpcSourceIp}"}}`), "variables are replaced in resources"},
		"a variable without an end":    {statement(everything + `,"Condition":{"StringEquals":{"aws:Referer":"${aws:username"}}`), `"${" without "}"`},
		"a variable without a name":    {statement(everything + `,"Condition":{"StringEquals":{"aws:Referer":"${}"}}`), "names no condition key"},
		"a default without quotes":     {statement(everything + `,"Condition":{"StringEquals":{"aws:Referer":"${aws:username, x}"}}`), "single quotes"},
		"an address that is none":      {statement(everything + `,"Condition":{"IpAddress":{"aws:SourceIp":"10.0"}}`), `"10.0" is neither`},
		"a condition without a value":  {statement(everything + `,"Condition":{"StringEquals":{"aws:Referer":[]}}`), "it has no value"},
		"a value that is an object":    {statement(everything + `,"Condition":{"StringEquals":{"aws:Referer":{}}}`), "isn't a text"},
		"a Sid twice":                  {`{"Statement":[{"Sid":"A","Effect":"Allow",` + everything + `},{"Sid":"A","Effect":"Deny",` + everything + `}]}`, `Statement[1]: Sid: "A" occurs twice`},
		"a Sid with a space":           {`{"Statement":{"Sid":"a b","Effect":"Allow",` + everything + `}}`, "only letters"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(test.document))
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestParseTakesAVariableForTextInTheOldVersion(t *testing.T) {
	p, err := Parse([]byte(`{"Version":"2008-10-17","Statement":{"Effect":"Allow",` + everything + `,"Condition":{"StringEquals":{"aws:Referer":"${x}"}}}}`))
	require.NoError(t, err)
	require.Equal(t, Allowed, Evaluate(p, get("/", ctx("aws:Referer", "${x}"))).Outcome)
}

func TestParseIdentityReadsPoliciesWithoutPrincipals(t *testing.T) {
	p, err := ParseIdentity([]byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"}}`))
	require.NoError(t, err)
	require.Equal(t, Allowed, Evaluate(p, get("/", nil)).Outcome)
	_, err = ParseIdentity([]byte(statement(everything)))
	require.ErrorContains(t, err, "an identity's policy has no Principal")
}

func TestAuthorizeFollowsTheAuthorizationFlowOfAPIGateway(t *testing.T) {
	policies := map[Outcome]string{
		Allowed:      statement(everything),
		ImplicitDeny: statement(`"Principal":"*","Action":"s3:*","Resource":"*"`),
		ExplicitDeny: `{"Statement":{"Effect":"Deny",` + everything + `}}`,
	}
	// Who is admitted, by authorizer: "authorizer's outcome/resource policy's".
	admitted := map[Authorizer][]string{
		NoAuthorizer:      {"allow/allow", "implicit deny/allow", "explicit deny/allow", "unauthenticated/allow"},
		LambdaAuthorizer:  {"allow/allow", "allow/implicit deny", "implicit deny/allow"},
		IAMSameAccount:    {"allow/allow", "allow/implicit deny", "implicit deny/allow"},
		IAMOtherAccount:   {"allow/allow"},
		CognitoAuthorizer: {"allow/allow"},
	}
	for authorizer, want := range admitted {
		var got []string
		for _, outcome := range []Outcome{Allowed, ImplicitDeny, ExplicitDeny, Unauthenticated} {
			for resource, document := range policies {
				p, err := Parse([]byte(document))
				require.NoError(t, err)
				if Authorize(&p, authorizer, outcome, get("/orders", nil)) {
					got = append(got, fmt.Sprintf("%s/%s", outcome, resource))
				}
			}
			require.False(t, Authorize(nil, authorizer, outcome, get("/orders", nil)), "a private API without a policy admits no caller")
		}
		require.ElementsMatch(t, want, got, authorizer)
	}
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
func TestEvaluateReplacesVariables(t *testing.T) {
	condition := func(operator, want string) string {
		return everything + `,"Condition":{"` + operator + `":{"aws:Referer":"` + want + `"}}`
	}
	for name, test := range map[string]struct {
		statement string
		context   map[string][]string
		want      Outcome
	}{
		"in a condition":                          {condition("StringEquals", "${aws:PrincipalTag/host}"), ctx("aws:Referer", "a", "aws:principaltag/HOST", "a"), Allowed},
		"of another value":                        {condition("StringEquals", "${aws:PrincipalTag/host}"), ctx("aws:Referer", "a", "aws:PrincipalTag/host", "b"), ImplicitDeny},
		"that has no value":                       {condition("StringEquals", "${aws:PrincipalTag/host}"), ctx("aws:Referer", "a"), ImplicitDeny},
		"that has no value, as literal text":      {condition("StringEquals", "${x}"), ctx("aws:Referer", "${x}"), ImplicitDeny},
		"with a default":                          {condition("StringEquals", "${aws:PrincipalTag/host, 'a'}"), ctx("aws:Referer", "a"), Allowed},
		"with a default and a value":              {condition("StringEquals", "${aws:PrincipalTag/host, 'a'}"), ctx("aws:Referer", "a", "aws:PrincipalTag/host", "b"), ImplicitDeny},
		"between text":                            {condition("StringLike", "*.${aws:PrincipalTag/host}.com"), ctx("aws:Referer", "x.a.com", "aws:PrincipalTag/host", "a"), Allowed},
		"whose value holds a wildcard":            {condition("StringLike", "${aws:PrincipalTag/host}"), ctx("aws:Referer", "abc", "aws:PrincipalTag/host", "a*"), ImplicitDeny},
		"whose value holds a wildcard, compared":  {condition("StringEquals", "${aws:PrincipalTag/host}"), ctx("aws:Referer", "a*", "aws:PrincipalTag/host", "a*"), Allowed},
		"that stands for an asterisk":             {condition("StringLike", "a${*}"), ctx("aws:Referer", "abc"), ImplicitDeny},
		"that stands for an asterisk, with one":   {condition("StringLike", "a${*}"), ctx("aws:Referer", "a*"), Allowed},
		"negated and without a value":             {condition("StringNotEquals", "${aws:PrincipalTag/host}"), ctx("aws:Referer", "a"), Allowed},
		"of a key with several values":            {condition("StringEquals", "${aws:TagKeys}"), map[string][]string{"aws:Referer": {"a"}, "aws:TagKeys": {"a", "b"}}, ImplicitDeny},
		"in a resource":                           {`"Principal":"*","Action":"*","Resource":"*/GET/${aws:PrincipalTag/host}"`, ctx("aws:PrincipalTag/host", "a"), Allowed},
		"in a resource, of another value":         {`"Principal":"*","Action":"*","Resource":"*/GET/${aws:PrincipalTag/host}"`, ctx("aws:PrincipalTag/host", "b"), ImplicitDeny},
		"in a resource, with a wildcard's value":  {`"Principal":"*","Action":"*","Resource":"*/GET/${aws:PrincipalTag/host}"`, ctx("aws:PrincipalTag/host", "*"), ImplicitDeny},
		"in a resource excluded, without a value": {`"Principal":"*","Action":"*","NotResource":"*/GET/${aws:PrincipalTag/host}"`, nil, Allowed},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Parse([]byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow",` + test.statement + `}}`))
			require.NoError(t, err)
			require.Equal(t, test.want, Evaluate(p, get("/a", test.context)).Outcome)
		})
	}
}
