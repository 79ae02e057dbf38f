package mapping_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/portico-iac/portico/mapping"
)

// TestMain keeps rapid from writing what it finds into the source tree; a
// failure prints the seed that repeats it.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.nofailfile", "true"); err != nil {
		panic(err)
	}
	m.Run()
}

// hostile are pieces that break out of quoting, paths, ARNs or lines somewhere.
var hostile = []string{`"`, `'`, "`", ";", "{", "}", "$", "${x}", "\\", "\n", "\r", "\x00", "\t", " ", "*", "?", "..", "/../", "%2e", "%2F", "#", "<", ">", "|", "&", "é", "\u2028", "[", "]", "(", ")", "^", "!", "@", ":", ","}

// TestNoHostileByteGetsThrough puts hostile pieces into every field of a row
// and of an account. Whatever is accepted must match its grammar all the same,
// and the JSON schema must accept it too.
func TestNoHostileByteGetsThrough(t *testing.T) {
	schema := compileSchema(t)
	fields := map[string]string{
		"CUSTOM_DOMAIN_URL":     "api.private.example.com/v1/orders",
		"PRIVATE_API_URL":       "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/dev/orders",
		"VERBS":                 "GET,POST",
		"ACCOUNT":               "222222222222",
		"AUTH":                  "",
		"FRONT_DOOR":            "nginx",
		"ROUTE53_PUBLIC_DOMAIN": "example.com",
		"DESCRIPTION":           "text",
		"OWNER":                 "text",
	}
	account := map[string]string{"ID": "333333333333", "ROLE_ARN": "arn:aws:iam::333333333333:role/path/name"}
	rapid.Check(t, func(t *rapid.T) {
		row := map[string]string{}
		for key, plain := range fields {
			row[key] = plain
		}
		delete(row, "AUTH")
		entry := map[string]string{"ID": account["ID"], "ROLE_ARN": account["ROLE_ARN"]}
		name := "orders"
		inject := func(text string) string {
			at := rapid.IntRange(0, len(text)).Draw(t, "at")
			return text[:at] + rapid.SampledFrom(hostile).Draw(t, "piece") + text[at:]
		}
		switch target := rapid.SampledFrom([]string{"row", "row", "row", "account", "name"}).Draw(t, "target"); target {
		case "row":
			key := rapid.SampledFrom(sortedKeys(fields)).Draw(t, "key")
			row[key] = inject(fields[key])
		case "account":
			key := rapid.SampledFrom(sortedKeys(account)).Draw(t, "key")
			entry[key] = inject(account[key])
		default:
			name = inject(name)
		}
		file, err := json.Marshal(map[string]any{"ACCOUNTS": map[string]any{name: entry}, "APIS": []any{row}})
		require.NoError(t, err)
		if m, err := mapping.Parse("mapping.json", file); err == nil {
			require.NoError(t, checkGrammars(m))
			document, err := jsonschema.UnmarshalJSON(bytes.NewReader(file))
			require.NoError(t, err)
			require.NoError(t, schema.Validate(document))
		}
	})
}

// spelling writes the same rows in one of many ways.
type spelling struct{ t *rapid.T }

func (s spelling) coin(label string) bool { return rapid.Bool().Draw(s.t, label) }

func (s spelling) host(host string) string {
	if s.coin("upper case") {
		host = strings.ToUpper(host)
	}
	if s.coin("trailing dot") {
		host += "."
	}
	if s.coin("scheme") {
		host = "https://" + host
	}
	return host
}

func (s spelling) slash(url string) string {
	if s.coin("trailing slash") {
		return url + "/"
	}
	return url
}

func (s spelling) verbs(verbs []string) string {
	order := rapid.Permutation(verbs).Draw(s.t, "order")
	for i, verb := range order {
		if s.coin("lower case") {
			order[i] = strings.ToLower(verb)
		}
	}
	if s.coin("as a string") {
		return `"` + strings.Join(order, " , ") + `"`
	}
	return "[" + strings.Join(order, ", ") + "]"
}

func (s spelling) row(i int, verbs []string) string {
	fields := []string{
		fmt.Sprintf("CUSTOM_DOMAIN_URL: %s", s.slash(s.host(fmt.Sprintf("api%d.private.example.com", i))+"/Base")),
		fmt.Sprintf("PRIVATE_API_URL: %s", s.slash(fmt.Sprintf("https://a%d.execute-api.us-east-1.amazonaws.com/dev", i))),
		"VERBS: " + s.verbs(verbs),
		"ACCOUNT: " + rapid.SampledFrom([]string{"orders", "222222222222", `"222222222222"`}).Draw(s.t, "account"),
	}
	if s.coin("defaults written out") {
		fields = append(fields, "TIMEOUT: 30", "CORS: False", "FRONT_DOOR: nginx")
	}
	var b strings.Builder
	for n, field := range rapid.Permutation(fields).Draw(s.t, "fields") {
		b.WriteString(map[bool]string{true: "  - ", false: "    "}[n == 0])
		b.WriteString(field)
		b.WriteString(map[bool]string{true: " # comment\n", false: "\n"}[s.coin("comment")])
	}
	return b.String()
}

// TestDigestIgnoresSpelling writes the same rows twice in different
// spellings, orders and layouts.
func TestDigestIgnoresSpelling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.IntRange(1, 5).Draw(t, "rows")
		verbs := make([][]string, count)
		for i := range verbs {
			verbs[i] = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"GET", "PUT", "POST", "HEAD"}), 1, 3, rapid.ID).Draw(t, "verbs")
		}
		write := func() string {
			rows := make([]string, count)
			for i := range rows {
				rows[i] = spelling{t}.row(i, verbs[i])
			}
			return "ACCOUNTS: {orders: {ID: \"222222222222\"}}\nAPIS:\n" + strings.Join(rapid.Permutation(rows).Draw(t, "rows"), "")
		}
		one, err := mapping.Parse("one.yaml", []byte(write()))
		require.NoError(t, err)
		two, err := mapping.Parse("two.yaml", []byte(write()))
		require.NoError(t, err)
		require.Equal(t, one.Digest, two.Digest)
	})
}

func TestDigestFollowsMeaning(t *testing.T) {
	base := "APIS:\n- CUSTOM_DOMAIN_URL: api.private.example.com/v1\n  PRIVATE_API_URL: https://a1.execute-api.us-east-1.amazonaws.com/dev\n"
	digests := map[string]string{}
	for name, file := range map[string]string{
		"as it is":          base,
		"another case":      strings.Replace(base, "/v1", "/V1", 1),
		"another stage":     strings.Replace(base, "/dev", "/prod", 1),
		"one verb":          base + "  VERBS: GET\n",
		"a timeout":         base + "  TIMEOUT: 31\n",
		"CORS":              base + "  CORS: true\n",
		"an account":        base + "  ACCOUNT: \"222222222222\"\n",
		"a front door":      base + "  FRONT_DOOR: alb\n",
		"another one":       base + "  FRONT_DOOR: native\n",
		"a public zone":     base + "  ROUTE53_PUBLIC_DOMAIN: example.com\n",
		"retired":           base + "  RETIRED: true\n",
		"an owner":          base + "  OWNER: me\n",
		"another statement": base + "  DESCRIPTION: me\n",
		"a named account":   base + "ACCOUNTS: {orders: {ID: \"222222222222\"}}\n",
	} {
		m, err := mapping.Parse("mapping.yaml", []byte(file))
		require.NoError(t, err)
		require.NotContains(t, digests, m.Digest, "%s and %s have one digest", name, digests[m.Digest])
		digests[m.Digest] = name
	}
}
