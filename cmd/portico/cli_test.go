package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files")

// result is what a command line did.
type result struct {
	code     int
	out, err string
}

func portico(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var out, err bytes.Buffer
	code := run(t.Context(), args, streams{in: strings.NewReader(stdin), out: &out, err: &err})
	return result{code, out.String(), err.String()}
}

// golden compares a text with a file of testdata, or writes the file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestACommandLineThatCannotBeCarriedOutIsExit2(t *testing.T) {
	const mapping = "testdata/valid.yaml"
	policy := []string{"policy", "--mapping", mapping, "--api", "a1b2c3d4e5", "--region", "us-east-1"}
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no command":                  {nil, "no command given"},
		"an unknown command":          {[]string{"frobnicate"}, `unknown command "frobnicate"`},
		"an unknown flag":             {[]string{"validate", "--maping", mapping}, "unknown flag: --maping"},
		"a missing flag":              {[]string{"validate", "--json"}, `required flag(s) "mapping"`},
		"several missing flags":       {[]string{"policy", "--mapping", mapping}, `"account", "api", "region"`},
		"a flag without its value":    {[]string{"validate", "--mapping"}, "flag needs an argument"},
		"an argument too many":        {[]string{"validate", "--mapping", mapping, "more"}, `"more"`},
		"flags that exclude another":  {[]string{"explain", "--mapping", mapping, "--json", "--mermaid"}, "[json mermaid]"},
		"an account without 12 digit": {append(policy, "--account", "orders", "--vpc-endpoint", "vpce-0a1b2c3d"), "12 digits"},
		"an endpoint that is none":    {append(policy, "--account", "222222222222", "--vpc-endpoint", "eni-0"), "vpce-"},
		"a deny form that is none": {append(policy, "--account", "222222222222", "--vpc-endpoint", "vpce-0a1b2c3d",
			"--deny-form", "sometimes"), "notResource"},
		"an impossible certificate":       {[]string{"explain", "--mapping", mapping, "--names-per-certificate", "0"}, "1 to 100"},
		"an environment left out":         {[]string{"up", "--parallel", "1"}, `required flag(s) "env"`},
		"a mapping without its flag":      {[]string{"rehearse", "m.yaml"}, `unexpected argument "m.yaml": is it the mapping? Write --mapping m.yaml`},
		"an environment without its flag": {[]string{"up", "dev"}, `unexpected argument "dev": is it the environment? Write --env dev`},
		"an argument of flags alone":      {[]string{"version", "dev"}, `unexpected argument "dev": portico version takes flags only`},
	} {
		t.Run(name, func(t *testing.T) {
			got := portico(t, "", test.args...)
			require.Equal(t, exitUsage, got.code, got.err)
			require.Empty(t, got.out)
			require.Contains(t, got.err, test.want)
			command := "portico"
			if len(test.args) > 1 {
				command += " " + test.args[0]
			}
			require.True(t, strings.HasSuffix(got.err, "\nTry `"+command+" --help`.\n"), got.err)
		})
	}
}

func TestHelpIsData(t *testing.T) {
	got := portico(t, "", "--help")
	require.Equal(t, exitDone, got.code)
	require.Empty(t, got.err)
	for _, command := range []string{"validate", "render", "policy", "explain", "rehearse", "simulate", "up", "preview", "destroy", "refresh", "version"} {
		require.Contains(t, got.out, "\n  "+command+" ")
	}
}

func TestVersion(t *testing.T) {
	got := portico(t, "", "version")
	require.Equal(t, exitDone, got.code)
	require.Regexp(t, `^portico \S+.*\n$`, got.out)
}

func TestValidate(t *testing.T) {
	t.Run("a valid mapping", func(t *testing.T) {
		got := portico(t, "", "validate", "--mapping", "testdata/valid.yaml")
		require.Equal(t, result{exitDone, "testdata/valid.yaml: ok: 4 rows, 3 hosts, 3 APIs in 2 accounts; a deployment cuts answers that still run 80 s after it takes their task away, unless a row has STREAM: true\n", ""}, got)
	})
	t.Run("what a deployment cuts is said once", func(t *testing.T) {
		const rows = "APIS:\n" +
			"  - {CUSTOM_DOMAIN_URL: a.private.example.com, PRIVATE_API_URL: https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod, TIMEOUT: 120}\n" +
			"  - {CUSTOM_DOMAIN_URL: b.private.example.com, PRIVATE_API_URL: https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod%s}\n"
		for further, want := range map[string]string{
			"":               "; a deployment cuts answers that still run 250 s after it takes their task away, unless a row has STREAM: true",
			", STREAM: true": "",
			", FRONT_DOOR: native}\n  - {CUSTOM_DOMAIN_URL: c.private.example.com, PRIVATE_API_URL: https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod, RETIRED: true, STREAM: true": "; a deployment cuts answers that still run 250 s after it takes their task away, unless a row has STREAM: true",
		} {
			got := portico(t, fmt.Sprintf(rows, further), "validate", "--mapping", "-")
			require.Equal(t, exitDone, got.code, got.err)
			require.Regexp(t, `^stdin: ok: \d rows, \d hosts, 1 API`+regexp.QuoteMeta(want)+`\n$`, got.out)
		}
	})
	t.Run("a valid mapping as JSON", func(t *testing.T) {
		got := portico(t, "", "validate", "--mapping", "testdata/valid.yaml", "--json")
		require.Equal(t, exitDone, got.code)
		require.JSONEq(t, `{"ok":true,"rows":4,"errors":[]}`, got.out)
	})
	t.Run("mistakes are diagnostics", func(t *testing.T) {
		got := portico(t, "", "validate", "--mapping", "testdata/mistakes.yaml")
		require.Equal(t, exitWrong, got.code)
		require.Empty(t, got.out)
		lines := strings.Split(strings.TrimSpace(got.err), "\n")
		require.Len(t, lines, 2)
		require.Regexp(t, `^testdata/mistakes\.yaml:4:5: APIS\[0\]\.VERB: .*VERBS`, lines[0])
		require.Regexp(t, `^testdata/mistakes\.yaml:5:\d+: APIS\[1\]\.CUSTOM_DOMAIN_URL: `, lines[1])
	})
	t.Run("mistakes as JSON", func(t *testing.T) {
		got := portico(t, "", "validate", "--mapping", "testdata/mistakes.yaml", "--json")
		require.Equal(t, exitWrong, got.code)
		require.Empty(t, got.err)
		var v verdict
		require.NoError(t, json.Unmarshal([]byte(got.out), &v))
		require.False(t, v.OK)
		require.Len(t, v.Errors, 2)
		first := v.Errors[0]
		require.Equal(t, "testdata/mistakes.yaml", first.File)
		require.Equal(t, [2]int{4, 5}, [2]int{first.Line, first.Column})
		require.Equal(t, "APIS[0].VERB", first.Path)
		require.NotEmpty(t, first.Message)
		require.Contains(t, first.Fix, "VERBS")
	})
	t.Run("a file that is not there, as JSON", func(t *testing.T) {
		got := portico(t, "", "validate", "--mapping", "testdata/absent.yaml", "--json")
		require.Equal(t, exitWrong, got.code)
		var v verdict
		require.NoError(t, json.Unmarshal([]byte(got.out), &v))
		require.Len(t, v.Errors, 1)
		require.Equal(t, "testdata/absent.yaml", v.Errors[0].File)
		require.Zero(t, v.Errors[0].Line)
		require.Contains(t, v.Errors[0].Message, "no such file")
	})
	t.Run("standard input", func(t *testing.T) {
		data, err := os.ReadFile("testdata/valid.yaml")
		require.NoError(t, err)
		got := portico(t, string(data), "validate", "--mapping", "-")
		require.Equal(t, exitDone, got.code, got.err)
		require.Contains(t, got.out, "stdin: ok: 4 rows")
	})
}

func TestEveryCommandReportsTheMappingsMistakes(t *testing.T) {
	for _, args := range [][]string{
		{"render", "--out", filepath.Join(t.TempDir(), "out")},
		{"explain"},
		{"policy", "--api", "a1b2c3d4e5", "--account", "222222222222", "--region", "us-east-1", "--vpc-endpoint", "vpce-0a1b2c3d"},
	} {
		t.Run(args[0], func(t *testing.T) {
			got := portico(t, "", append(args, "--mapping", "testdata/mistakes.yaml")...)
			require.Equal(t, exitWrong, got.code)
			require.Empty(t, got.out)
			require.Regexp(t, `(?m)^testdata/mistakes\.yaml:4:5: APIS\[0\]\.VERB: `, got.err)
		})
	}
}

func TestExplain(t *testing.T) {
	for name, args := range map[string][]string{
		"explain.txt":     nil,
		"explain.json":    {"--json"},
		"explain.mermaid": {"--mermaid"},
	} {
		t.Run(name, func(t *testing.T) {
			got := portico(t, "", append([]string{"explain", "--mapping", "testdata/valid.yaml"}, args...)...)
			require.Equal(t, exitDone, got.code, got.err)
			require.Empty(t, got.err)
			golden(t, name, got.out)
		})
	}
}

func TestExplainRefusesWhatDoesNotFit(t *testing.T) {
	var b strings.Builder
	b.WriteString("APIS:\n")
	for i := range 27 {
		zone := string(rune('a'+i%26)) + string(rune('a'+i/26))
		b.WriteString("  - CUSTOM_DOMAIN_URL: api." + zone + ".example.com\n" +
			"    PRIVATE_API_URL: https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod\n")
	}
	got := portico(t, b.String(), "explain", "--mapping", "-", "--names-per-certificate", "1", "--load-balancers", "1")
	require.Equal(t, exitWrong, got.code)
	require.Contains(t, got.err, "26")

	got = portico(t, b.String(), "explain", "--mapping", "-", "--names-per-certificate", "2", "--json")
	require.Equal(t, exitDone, got.code, got.err)
	var e explanation
	require.NoError(t, json.Unmarshal([]byte(got.out), &e))
	require.Equal(t, "certificates of the load balancer", e.Limits[0].What)
	require.Equal(t, 26, e.Limits[0].Max)
	require.GreaterOrEqual(t, e.Limits[0].Used, 14, "27 names, two in a certificate")
}

func TestExplainTakesTheQuotasOfTheStacksSettings(t *testing.T) {
	const rows = "APIS:\n" +
		"  - {CUSTOM_DOMAIN_URL: a.example.com, PRIVATE_API_URL: 'https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod'}\n" +
		"  - {CUSTOM_DOMAIN_URL: b.example.com, PRIVATE_API_URL: 'https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod'}\n"
	got := portico(t, rows, "explain", "--mapping", "-", "--json", "--scope", "host", "--certificates-per-load-balancer", "50",
		"--hosted-zones", "2", "--records-per-zone", "12", "--resource-policy-size", "9000")
	require.Equal(t, exitDone, got.code, got.err)
	var e explanation
	require.NoError(t, json.Unmarshal([]byte(got.out), &e))
	require.Contains(t, e.Limits, explainedLimit{What: "certificates of the load balancer", Used: 1, Max: 51})
	require.Contains(t, e.Limits, explainedLimit{What: "private hosted zones of the account", Used: 2, Max: 2})
	require.Contains(t, e.Limits, explainedLimit{What: "records of a private hosted zone", Used: 1, Max: 10, Of: "zone a.example.com"})
	for _, limit := range e.Limits {
		if limit.What == "characters of an API's resource policy" {
			require.Equal(t, 9000, limit.Max)
		}
	}
	for flag, value := range map[string]string{"--scope": "zone", "--hosted-zones": "0", "--records-per-zone": "2"} {
		require.Equal(t, exitUsage, portico(t, rows, "explain", "--mapping", "-", flag, value).code, flag)
	}
}

// TestEachFrontDoorsRowsHaveItsCertificate: alb has a load balancer of its own
// here, with a certificate of the same name.
func TestEachFrontDoorsRowsHaveItsCertificate(t *testing.T) {
	for _, test := range []struct {
		flags []string
		want  []int
	}{{nil, []int{1, 1, 1, 0, 0}}, {[]string{"--own-alb"}, []int{1, 1, 2, 0, 0}}} {
		got := portico(t, "", append([]string{"explain", "--mapping", "testdata/frontdoors.yaml", "--json"}, test.flags...)...)
		require.Zero(t, got.code, got.err)
		var e explanation
		require.NoError(t, json.Unmarshal([]byte(got.out), &e))
		var numbers []int
		for _, row := range e.Rows {
			numbers = append(numbers, row.Certificate)
		}
		require.Equal(t, test.want, numbers, test.flags)
	}
}
