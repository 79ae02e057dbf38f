package resourcepolicy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExistingPoliciesAreReadInEveryFormTheyComeIn(t *testing.T) {
	plain := `{"Version":"2012-10-17","Statement":[{"Sid":"Mine","Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"*","Condition":{"IpAddress":{"aws:VpcSourceIp":"10.0.0.0/8"}}}]}`
	escaped := strings.ReplaceAll(plain, `"`, `\"`)
	for name, existing := range map[string]string{
		"plain":                          plain,
		"with white space":               "\n\t" + plain + "\n",
		"escaped":                        escaped,
		"escaped, slashes too":           strings.ReplaceAll(escaped, "/", `\/`),
		"a JSON string":                  `"` + escaped + `"`,
		"one statement without its list": strings.NewReplacer("[{", "{", "}]", "}").Replace(plain),
	} {
		t.Run(name, func(t *testing.T) {
			r := request()
			r.Existing = []byte(existing)
			result, err := Merge(r)
			require.NoError(t, err)
			require.Equal(t, plain, string(result.Policy))
		})
	}
}

func TestExistingPoliciesThatSayNothingCountAsEmpty(t *testing.T) {
	for _, existing := range []string{"", " \n", "null", "{}", `""`, `{"Version":"2012-10-17"}`, `{"Version":"2012-10-17","Statement":[]}`} {
		r := request(Grant{Host: "a.example.com", Stage: "prod"})
		r.Existing = []byte(existing)
		statements := merged(t, r)
		bySid(t, statements, "PorticoDenyEndpoints")
	}
}

func TestAnOwnersStatementsWithoutAVersionStayWithout(t *testing.T) {
	for existing, want := range map[string]string{
		`{"Statement":{"Sid":"Mine","Effect":"Deny","Principal":"*","Action":"*","Resource":"${a}"}}`: `{"Statement":[{"Sid":"Mine",`,
		`{"Id":"mine"}`: `{"Version":"2012-10-17","Id":"mine","Statement":[{"Sid":"PorticoAllow1",`,
	} {
		r := request(Grant{Host: "a.example.com", Stage: "prod"})
		r.Existing = []byte(existing)
		result, err := Merge(r)
		require.NoError(t, err)
		require.Equal(t, want, string(result.Policy)[:len(want)])
	}
}

func TestExistingPoliciesThatAreNoneAreRefusedWithTheReason(t *testing.T) {
	for name, test := range map[string]struct{ existing, want string }{
		"cut off":                         {`{"Version":"2012-10-17"`, "it isn't valid JSON: unexpected EOF"},
		"not text":                        {"{\"Statement\":[{\"Sid\":\"\xff\"}]}", "it isn't UTF-8"},
		"something else":                  {`Not found`, "it isn't valid JSON"},
		"more behind it":                  {`{} {}`, "more follows after the first value"},
		"a list":                          {`[{"Effect":"Allow"}]`, "not an object"},
		"a number":                        {`7`, "not an object"},
		"another document":                {`{"openapi":"3.0.1"}`, `it has "openapi" but no Statement`},
		"a string that is no JSON":        {`"null policy"`, "it isn't valid JSON"},
		"a statement that is text":        {`{"Statement":["Allow"]}`, "Statement[0] isn't an object"},
		"statements that are text":        {`{"Statement":"Allow"}`, "Statement[0] isn't an object"},
		"Statement in lower case":         {`{"statement":[]}`, `the element "statement" has to be spelt "Statement"`},
		"Sid in capitals":                 {`{"Statement":[{},{"SID":"PorticoAllow1"}]}`, `Statement[1]: the element "SID" has to be spelt "Sid"`},
		"a name twice":                    {`{"Statement":[{"Effect":"Deny","Effect":"Allow"}]}`, `the name "Effect" occurs twice in one object`},
		"deeper than any policy":          {strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40), "nested deeper than 32 levels"},
		"deep enough to exhaust a parser": {strings.Repeat("[", 1_000_000), "nested deeper than 32 levels"},
	} {
		t.Run(name, func(t *testing.T) {
			r := request()
			r.Existing = []byte(test.existing)
			_, err := Merge(r)
			var unread *DocumentError
			require.ErrorAs(t, err, &unread)
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, "get-rest-api")
		})
	}
}

func TestEquivalentSeesThroughSpellingAndNothingElse(t *testing.T) {
	statement := func(elements string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke",` + elements + `}]}`
	}
	for name, test := range map[string]struct {
		a, b string
		want bool
	}{
		"nothing and no statements":                     {``, `{"Version":"2012-10-17","Statement":[]}`, true},
		"a short ARN and the full one":                  {statement(`"Principal":"*","Resource":"execute-api:/prod/*"`), statement(`"Principal":"*","Resource":["` + prefix + `prod/*"]`), true},
		"a short ARN and another API":                   {statement(`"Principal":"*","Resource":"execute-api:/prod/*"`), statement(`"Principal":"*","Resource":"` + strings.Replace(prefix, "a1b2", "b2b2", 1) + `prod/*"`), false},
		"everybody, twice":                              {statement(`"Principal":"*","Resource":"*"`), statement(`"Principal":{"AWS":["*"]},"Resource":"*"`), true},
		"everybody and an account":                      {statement(`"Principal":"*","Resource":"*"`), statement(`"Principal":{"AWS":"333333333333"},"Resource":"*"`), false},
		"an account and its root":                       {statement(`"Principal":{"AWS":"333333333333"},"Resource":"*"`), statement(`"Principal":{"AWS":"arn:aws:iam::333333333333:root"},"Resource":"*"`), true},
		"sets in another order":                         {statement(`"Principal":"*","Resource":["a","b"]`), statement(`"Principal":"*","Resource":["b","a","b"]`), true},
		"a set with one more":                           {statement(`"Principal":"*","Resource":["a","b"]`), statement(`"Principal":"*","Resource":["a"]`), false},
		"condition keys by case":                        {statement(`"Principal":"*","Resource":"*","Condition":{"StringEquals":{"aws:sourceVpce":"v"}}`), statement(`"Principal":"*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpce":["v"]}}`), true},
		"condition values by case":                      {statement(`"Principal":"*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpce":"v"}}`), statement(`"Principal":"*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpce":"V"}}`), false},
		"a boolean and its text":                        {statement(`"Principal":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":true}}`), statement(`"Principal":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}`), true},
		"a condition key beside the same in lower case": {statement(`"Principal":"*","Resource":"*","Condition":{"StringEquals":{"aws:Referer":"a","aws:referer":"b"}}`), statement(`"Principal":"*","Resource":"*","Condition":{"StringEquals":{"aws:Referer":"b"}}`), false},
		"condition keys that differ in case only":       {statement(`"Principal":"*","Resource":"*","Condition":{"StringEquals":{"aws:Referer":"a","aws:referer":"b"}}`), statement(`"Principal":"*","Resource":"*","Condition":{"StringEquals":{"aws:Referer":"a"}}`), false},
		"twelve digits that are no account":             {statement(`"Principal":{"Federated":"333333333333"},"Resource":"*"`), statement(`"Principal":{"Federated":"arn:aws:iam::333333333333:root"},"Resource":"*"`), false},
		"another operator":                              {statement(`"Principal":"*","Resource":"*","Condition":{"StringLike":{"aws:SourceVpce":"v"}}`), statement(`"Principal":"*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpce":"v"}}`), false},
		"Resource and NotResource":                      {statement(`"Principal":"*","Resource":"*"`), statement(`"Principal":"*","NotResource":"*"`), false},
		"statements in another order": {
			`{"Statement":[{"Sid":"A","Effect":"Allow"},{"Sid":"B","Effect":"Deny"}]}`,
			`{"Statement":[{"Effect":"Deny","Sid":"B"},{"Sid":"A","Effect":"Allow"}]}`, true,
		},
		"other versions of the language": {`{"Version":"2012-10-17","Statement":{"Sid":"A"}}`, `{"Version":"2008-10-17","Statement":{"Sid":"A"}}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, pair := range [][2]string{{test.a, test.b}, {test.b, test.a}} {
				got, err := equivalent([]byte(pair[0]), []byte(pair[1]), api)
				require.NoError(t, err)
				require.Equal(t, test.want, got)
			}
		})
	}
	_, err := equivalent(nil, []byte(`{`), api)
	require.ErrorContains(t, err, "it isn't valid JSON")
}
