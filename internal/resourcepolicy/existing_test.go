package resourcepolicy

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const existingPlain = `{"Version":"2012-10-17","Statement":[{"Sid":"Mine","Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"*","Condition":{"IpAddress":{"aws:VpcSourceIp":"10.0.0.0/8"}}}]}`

// quoted is a text as a JSON string.
func quoted(text string) string {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// escapedOnce is a text as GetRestApi returns it.
func escapedOnce(text string) string {
	inside := quoted(text)
	return strings.ReplaceAll(inside[1:len(inside)-1], "/", `\/`)
}

func utf16LE(text string) string {
	out := []byte{0xFF, 0xFE}
	for _, unit := range utf16.Encode([]rune(text)) {
		out = append(out, byte(unit), byte(unit>>8))
	}
	return string(out)
}

func utf16BE(text string) string {
	out := []byte{0xFE, 0xFF}
	for _, unit := range utf16.Encode([]rune(text)) {
		out = append(out, byte(unit>>8), byte(unit))
	}
	return string(out)
}

// restAPI is the answer of get-rest-api with a value of policy.
func restAPI(id, policy string) string {
	return `{"id": "` + id + `", "name": "orders", "createdDate": "2026-11-01T10:00:00+00:00", "apiKeySource": "HEADER",
	  "endpointConfiguration": {"types": ["PRIVATE"]}` + policy + `, "tags": {}}`
}

// TestExistingPoliciesAreReadAsEveryToolPrintsThem has the forms in which the
// AWS CLI, the SDKs and shells hand out the policy of an API.
func TestExistingPoliciesAreReadAsEveryToolPrintsThem(t *testing.T) {
	stored := escapedOnce(existingPlain)
	pretty := "{\n  \"Version\": \"2012-10-17\",\n" + strings.TrimPrefix(existingPlain, `{"Version":"2012-10-17",`)
	for name, existing := range map[string]string{
		"what --query policy prints by default":             quoted(stored) + "\n",
		"that with a byte order mark and CRLF":              "\xEF\xBB\xBF" + quoted(stored) + "\r\n",
		"that as PowerShell writes files":                   utf16LE(quoted(stored) + "\r\n"),
		"that in UTF-16, big end first":                     utf16BE(quoted(stored)),
		"escaped three times":                               quoted(quoted(stored)),
		"what --output text prints":                         stored + "\n",
		"that with CRLF":                                    stored + "\r\n",
		"what --output yaml prints":                         "'" + stored + "'\n",
		"a policy that was stored with line ends":           quoted(escapedOnce(pretty)),
		"that as --output text prints it":                   escapedOnce(pretty),
		"the whole answer":                                  restAPI(api.APIID, `, "policy": `+quoted(stored)),
		"the whole answer in YAML":                          "apiKeySource: HEADER\ncreatedDate: '2026-11-01T10:00:00+00:00'\nid: " + api.APIID + "\nname: orders\npolicy: '" + stored + "'\ntags: {}\n",
		"the whole answer with names of another client":     `{"Id":"` + api.APIID + `","Name":"orders","Policy":` + quoted(stored) + `}`,
		"the whole answer with the policy as an object":     restAPI(api.APIID, `, "policy": `+existingPlain),
		"the answer about all APIs":                         `{"items":[` + restAPI("z9y8x7w6v5", `, "policy": "{}"`) + `,` + restAPI(api.APIID, `, "policy": `+quoted(stored)) + `]}`,
		"an answer that was cut down to the policy":         `{"policy":` + quoted(stored) + `}`,
		"an answer that was cut down to ID and policy":      `{"policy":` + quoted(stored) + `,"id":"` + api.APIID + `"}`,
		"a query that gave a list":                          `[` + quoted(stored) + `]`,
		"a document with CRLF, a byte order mark and space": "\xEF\xBB\xBF\r\n" + strings.ReplaceAll(pretty, "\n", "\r\n") + "\r\n",
		"a document in quotes of a shell":                   "'" + existingPlain + "'",
	} {
		t.Run(name, func(t *testing.T) {
			r := request()
			r.Existing = []byte(existing)
			result, err := Merge(r)
			require.NoError(t, err)
			require.Equal(t, existingPlain, string(result.Policy))
		})
	}
}

func TestAnswersWithoutAPolicyCountAsEmpty(t *testing.T) {
	for name, existing := range map[string]string{
		"None": "None\n", "None with CRLF": "None\r\n", "null": "null\n", "nothing": "", "an empty string": `""`,
		"an empty string, escaped twice": `"\"\""`, "a byte order mark": "\xEF\xBB\xBF", "UTF-16 of nothing": "\xFF\xFE",
		"None as PowerShell writes files": utf16LE("None\r\n"), "the end of a YAML document": "null\n...\n",
		"the whole answer":                        restAPI(api.APIID, ""),
		"the whole answer with null":              restAPI(api.APIID, `, "policy": null`),
		"the whole answer with an empty policy":   restAPI(api.APIID, `, "policy": ""`),
		"an answer that was cut down to a policy": `{"policy": null}`,
		"that with the ID":                        `{"id": "` + api.APIID + `", "policy": null}`,
		"a query that gave a list":                `[null]`,
	} {
		t.Run(name, func(t *testing.T) {
			r := request()
			r.Existing = []byte(existing)
			result, err := Merge(r)
			require.NoError(t, err)
			require.Empty(t, result.Policy)
			require.Zero(t, result.OwnerStatements)
		})
	}
}

func TestWhatIsNoPolicyIsRefusedWithWhatWasReadAndTheCommandThatHelps(t *testing.T) {
	for name, test := range map[string]struct{ existing, reason, begins string }{
		"an error of the CLI":   {"An error occurred (NotFoundException) when calling the GetRestApi operation", "it isn't valid JSON", `(it begins with "An error occurred (NotFoundException) wh…")`},
		"a table":               {"-----\n| GetRestApi |\n", "it isn't valid JSON", `(it begins with "----- | GetRestApi |")`},
		"another API's answer":  {restAPI("z9y8x7w6v5", `, "policy": "{}"`), "it is an answer about REST API z9y8x7w6v5 and not about a1b2c3d4e5", `(it begins with "{\"id\": \"z9y8x7w6v5\"`},
		"that cut down":         {`{"id": "z9y8x7w6v5", "policy": "{}"}`, "it is an answer about REST API z9y8x7w6v5 and not about a1b2c3d4e5", ""},
		"an empty list":         {"[]", "it is JSON but not an object", `(it begins with "[]")`},
		"other APIs":            {`{"items":[` + restAPI("z9y8x7w6v5", "") + `]}`, "it is a list of REST APIs without a1b2c3d4e5", ""},
		"an OpenAPI document":   {"openapi: 3.0.1\ninfo: {title: x}\n", "it isn't valid JSON", `(it begins with "openapi: 3.0.1 info: {title: x}")`},
		"half a character":      {"\xFF\xFEa", "it begins like UTF-16 and ends in half a character", ""},
		"no end of escaping":    {quoted(quoted(quoted(quoted(quoted(quoted(quoted(escapedOnce(existingPlain)))))))), "it is escaped more than 6 times", ""},
		"a line end in a value": {strings.Replace(escapedOnce(existingPlain), "Mine", "Mi\nne", 1), "it isn't valid JSON", `(it begins with "{\\\"Version`},
		"a comma too many":      {`{"Statement":[],}`, "it isn't valid JSON", `(it begins with "{\"Statement\":[],}")`},
	} {
		t.Run(name, func(t *testing.T) {
			r := request()
			r.Existing = []byte(test.existing)
			_, err := Merge(r)
			var unread *DocumentError
			require.ErrorAs(t, err, &unread)
			require.ErrorContains(t, err, "read existing resource policy: "+test.reason)
			require.ErrorContains(t, err, test.begins)
			require.ErrorContains(t, err, "`aws apigateway get-rest-api --rest-api-id a1b2c3d4e5 --query policy --output text`")
		})
	}
}

// TestAnyWrappingOfAPolicyIsRead wraps policies in layers of every kind, in any
// order.
func TestAnyWrappingOfAPolicyIsRead(t *testing.T) {
	layers := map[string]func(string) string{
		"escape": escapedOnce,
		"quote":  quoted,
		"space":  func(text string) string { return "\r\n " + text + "\n" },
		"yaml":   func(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" },
	}
	rapid.Check(t, func(t *rapid.T) {
		r := request()
		r.Existing = ownersDocuments().Draw(t, "policy")
		want, err := Merge(r)
		require.NoError(t, err)
		text := string(r.Existing)
		for _, layer := range rapid.SliceOfN(rapid.SampledFrom([]string{"escape", "quote", "space"}), 0, 4).Draw(t, "layers") {
			text = layers[layer](text)
		}
		if rapid.Bool().Draw(t, "yaml") && strings.TrimSpace(text) != "" && !strings.ContainsAny(text, "\r\n") {
			text = layers["yaml"](text)
		}
		if rapid.Bool().Draw(t, "UTF-16") {
			text = utf16LE(text)
		}
		r.Existing = []byte(text)
		got, err := Merge(r)
		require.NoError(t, err, text)
		require.Equal(t, string(want.Policy), string(got.Policy))
	})
}
