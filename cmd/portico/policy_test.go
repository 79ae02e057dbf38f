package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func policy(t *testing.T, stdin string, more ...string) result {
	t.Helper()
	args := []string{"policy", "--mapping", "testdata/valid.yaml", "--vpc-endpoint", "vpce-0123456789abcdef0"}
	return portico(t, stdin, append(args, more...)...)
}

// orders are the flags for the API of the first two rows.
var orders = []string{"--api", "a1b2c3d4e5", "--account", "222222222222", "--region", "us-east-1"}

type document struct {
	Statement []struct {
		Sid string
	}
}

func sids(t *testing.T, text string) []string {
	t.Helper()
	var d document
	require.NoError(t, json.Unmarshal([]byte(text), &d), text)
	var sids []string
	for _, s := range d.Statement {
		sids = append(sids, s.Sid)
	}
	return sids
}

const owners = `{"Version":"2012-10-17","Statement":[
  {"Sid":"Owners","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:root"},"Action":"execute-api:Invoke","Resource":"execute-api:/*"},
  {"Sid":"PorticoAllow9","Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/prod/*",
   "Condition":{"StringEquals":{"aws:Referer":"old.private.example.com","aws:SourceVpce":"vpce-0123456789abcdef0"}}}]}`

func TestPolicy(t *testing.T) {
	t.Run("of an API without a policy", func(t *testing.T) {
		got := policy(t, "", orders...)
		require.Equal(t, exitDone, got.code, got.err)
		for _, sid := range sids(t, got.out) {
			require.Regexp(t, "^Portico", sid)
		}
		require.Regexp(t, `^portico: \d+ of 8192 characters, 0 statements of the owner's\n$`, got.err)
	})
	t.Run("is the same every time", func(t *testing.T) {
		once, again := policy(t, "", orders...), policy(t, "", orders...)
		require.Equal(t, once, again)
	})
	t.Run("keeps the owner's statements and takes Portico's older ones out", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "policy.json")
		require.NoError(t, os.WriteFile(file, []byte(owners), 0o644))
		got := policy(t, "", append(orders, "--existing", file)...)
		require.Equal(t, exitDone, got.code, got.err)
		require.Contains(t, sids(t, got.out), "Owners")
		require.NotContains(t, sids(t, got.out), "PorticoAllow9")
		require.Equal(t, got, policy(t, owners, append(orders, "--existing", "-")...), "from standard input")
	})
	t.Run("admits other endpoints", func(t *testing.T) {
		got := policy(t, "", append(orders, "--additional-vpc-endpoint", "vpce-0aaaaaaaaaaaaaaaa")...)
		require.Equal(t, exitDone, got.code, got.err)
		require.Contains(t, got.out, "vpce-0aaaaaaaaaaaaaaaa")
	})
	t.Run("of an API whose rows are all retired has nothing of Portico's", func(t *testing.T) {
		retired := []string{"--api", "k1l2m3n4o5", "--account", "333333333333", "--region", "us-east-1"}
		got := policy(t, "", retired...)
		require.Equal(t, exitDone, got.code)
		require.Empty(t, got.out)
		require.Contains(t, got.err, "nothing is left to say")

		got = policy(t, owners, append(retired, "--existing", "-")...)
		require.Equal(t, []string{"Owners"}, sids(t, got.out))
	})
}

func TestPolicyRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"an API that no row names": {
			[]string{"--api", "zzzzzzzzzz", "--account", "222222222222", "--region", "us-east-1"},
			`no row names API "zzzzzzzzzz": name one of a1b2c3d4e5, f6g7h8i9j0, k1l2m3n4o5`},
		"another account than the rows name": {
			[]string{"--api", "a1b2c3d4e5", "--account", "333333333333", "--region", "us-east-1"},
			"valid.yaml:4:5: APIS[0]: a1b2c3d4e5 belongs to account 222222222222"},
		"another region than the rows name": {
			[]string{"--api", "a1b2c3d4e5", "--account", "222222222222", "--region", "eu-west-1"},
			"a1b2c3d4e5 is in us-east-1"},
		"an existing policy that is not there": {append(orders, "--existing", "testdata/absent.json"), "no such file"},
		"an existing policy that is none":      {append(orders, "--existing", "testdata/valid.yaml"), "policy"},
	} {
		t.Run(name, func(t *testing.T) {
			got := policy(t, "", test.args...)
			require.Equal(t, exitWrong, got.code, got.err)
			require.Empty(t, got.out)
			require.Contains(t, got.err, test.want)
		})
	}
}

// frontDoorRows are rows of one API, one of each front door.
const frontDoorRows = `ACCOUNTS: {orders: {ID: "222222222222"}}
APIS:
  - {CUSTOM_DOMAIN_URL: a.internal.example.com, PRIVATE_API_URL: "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod", VERBS: GET, ACCOUNT: orders}
  - {CUSTOM_DOMAIN_URL: b.internal.example.com, PRIVATE_API_URL: "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod", VERBS: GET, ACCOUNT: orders, FRONT_DOOR: alb}
  - {CUSTOM_DOMAIN_URL: c.internal.example.com, PRIVATE_API_URL: "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod", VERBS: GET, ACCOUNT: orders, FRONT_DOOR: native}
`

func TestPolicyOfEveryFrontDoor(t *testing.T) {
	const arn = "arn:aws:execute-api:us-east-1:222222222222:/domainnames/c.internal.example.com+a1b2c3d4e5"
	nginx := []string{"--vpc-endpoint", "vpce-0aaaaaaaaaaaaaaaa"}
	alb := []string{"--alb-endpoint", "vpce-0bbbbbbbbbbbbbbbb"}
	native := []string{"--native-endpoint", "vpce-0cccccccccccccccc", "--native-endpoint", "vpce-0dddddddddddddddd"}
	domain := []string{"--domain-arn", "c.internal.example.com=" + arn}
	of := func(more ...[]string) result {
		return portico(t, frontDoorRows, slices.Concat([]string{"policy", "--mapping", "-"}, orders, slices.Concat(more...))...)
	}
	t.Run("names each front door's endpoints and the custom domain", func(t *testing.T) {
		got := of(nginx, alb, native, domain)
		require.Equal(t, exitDone, got.code, got.err)
		require.Equal(t, []string{
			"PorticoAllow1", "PorticoALBAllow", "PorticoNativeAllow1", "PorticoDeny1", "PorticoDenyHosts", "PorticoALBDeny",
			"PorticoNativeDeny1", "PorticoNativeDenyDomains", "PorticoDenyEndpoints",
		}, sids(t, got.out))
		for _, value := range slices.Concat(nginx, alb, native, []string{arn}) {
			if !strings.HasPrefix(value, "--") {
				require.Contains(t, got.out, `"`+value+`"`)
			}
		}
	})
	for name, test := range map[string]struct {
		got  result
		want string
	}{
		"no endpoint at all":             {of(), "at least one of the flags in the group [vpc-endpoint alb-endpoint native-endpoint] is required"},
		"rows of nginx without theirs":   {of(alb, native, domain), "APIS[0] (a.internal.example.com) has FRONT_DOOR nginx: --vpc-endpoint is missing"},
		"rows of alb without theirs":     {of(nginx, native, domain), "APIS[1] (b.internal.example.com) has FRONT_DOOR alb: --alb-endpoint is missing"},
		"rows of native without theirs":  {of(nginx, alb, domain), "APIS[2] (c.internal.example.com) has FRONT_DOOR native: --native-endpoint is missing"},
		"a custom domain without an ARN": {of(nginx, alb, native), "--domain-arn c.internal.example.com=ARN is missing"},
		"an endpoint that is none":       {of(nginx, []string{"--alb-endpoint", "eni-1"}, native, domain), `VPC endpoint "eni-1"`},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			require.Equal(t, exitUsage, test.got.code)
			require.Empty(t, test.got.out)
			require.Contains(t, test.got.err, test.want)
		})
	}
}

func TestPolicyReportsEveryMissingFlagInOneRun(t *testing.T) {
	got := portico(t, "", "policy")
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.err, `required flag(s) "account", "api", "mapping", "region" not set`)
	require.Contains(t, got.err, "at least one of the flags in the group [vpc-endpoint alb-endpoint native-endpoint] is required")

	got = portico(t, frontDoorRows, "policy", "--mapping", "testdata/valid.yaml", "--api", "a1b2c3d4e5", "--vpc-endpoint", "vpce-123", "--account", "orders")
	require.Equal(t, exitUsage, got.code)
	require.Contains(t, got.err, "3 things are wrong with the command line:\n  required flag(s) \"region\" not set")
	require.Contains(t, got.err, `--account "orders"`)
	require.Contains(t, got.err, `--vpc-endpoint: VPC endpoint "vpce-123": expected vpce- and 8 or 17 hexadecimal digits`)

	mapping := filepath.Join(t.TempDir(), "mapping.yaml")
	require.NoError(t, os.WriteFile(mapping, []byte(frontDoorRows), 0o644))
	got = portico(t, "", "policy", "--mapping", mapping, "--api", "a1b2c3d4e5", "--region", "us-east-1", "--vpc-endpoint", "vpce-0123456789abcdef0")
	require.Equal(t, exitUsage, got.code)
	for _, want := range []string{
		`"account" not set`, "--alb-endpoint is missing", "--native-endpoint is missing", "--domain-arn c.internal.example.com=ARN is missing",
	} {
		require.Contains(t, got.err, want)
	}
}

func TestPolicyTakesEndpointIDsOfEC2sGrammarOnly(t *testing.T) {
	for id, want := range map[string]int{
		"vpce-0123456789abcdef0": exitDone, "vpce-0a1b2c3d": exitDone,
		"vpce-123": exitUsage, "vpce-0123456789abcdefg": exitUsage, "vpce-0123456789ABCDEF0": exitUsage, "vpce-0123456789abcdef01": exitUsage, "vpc-0123456789abcdef0": exitUsage,
	} {
		got := portico(t, "", slices.Concat([]string{"policy", "--mapping", "testdata/valid.yaml", "--vpc-endpoint", id}, orders)...)
		require.Equal(t, want, got.code, "%s: %s", id, got.err)
	}
}

// TestPolicyReadsWhatTheAWSCLIPrints has the forms of one policy, by default and
// with the options of the AWS CLI.
func TestPolicyReadsWhatTheAWSCLIPrints(t *testing.T) {
	const stored = `{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"Owners\",\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"execute-api:Invoke\",\"Resource\":\"arn:aws:execute-api:us-east-1:222222222222:a1b2c3d4e5\/*\"}]}`
	byDefault := `"` + strings.ReplaceAll(strings.ReplaceAll(stored, `\`, `\\`), `"`, `\"`) + `"` + "\n"
	for name, existing := range map[string]string{
		"by default": byDefault, "as text": stored + "\n", "the whole answer": `{"id":"a1b2c3d4e5","name":"orders","policy":` + byDefault + `}`,
		"by default, on Windows": "\xEF\xBB\xBF" + strings.ReplaceAll(byDefault, "\n", "\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			got := policy(t, existing, append(orders, "--existing", "-")...)
			require.Equal(t, exitDone, got.code, got.err)
			require.Equal(t, "Owners", sids(t, got.out)[0])
			require.Contains(t, got.err, "1 statement of the owner's")
		})
	}
	none := policy(t, "", orders...)
	for _, existing := range []string{"None\n", "null\n", `""`, "", `{"id":"a1b2c3d4e5","name":"orders"}`} {
		require.Equal(t, none, policy(t, existing, append(orders, "--existing", "-")...), existing)
	}
}

func TestPolicyKeepsWhatMerelyBeginsAsPorticos(t *testing.T) {
	const vendors = `{"Statement":[{"Sid":"PorticoVendorAccess","Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"},
	  {"Sid":"PorticoDeny9","Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/prod/DELETE/*"}]}`
	got := policy(t, vendors, append(orders, "--existing", "-")...)
	require.Equal(t, exitDone, got.code, got.err)
	require.Equal(t, []string{"PorticoVendorAccess", "PorticoDeny9"}, sids(t, got.out)[:2])
	for _, sid := range []string{"PorticoVendorAccess", "PorticoDeny9"} {
		require.Contains(t, got.err, `(Sid "`+sid+`") of the owner's policy is kept as the owner's`)
	}
	require.Contains(t, got.err, `portico: notice: Statement[1] (Sid "PorticoDeny9") of the owner's policy denies DELETE of APIS[1] (orders.private.example.com/returns)`)
}

func TestPolicyOfTwoEnvironments(t *testing.T) {
	dev := policy(t, "", append(orders, "--environment", "dev")...)
	require.Equal(t, exitDone, dev.code, dev.err)
	for _, sid := range sids(t, dev.out) {
		require.Regexp(t, "^Portico(dev1e1b|DenyEndpoints$)", sid)
	}
	t.Run("another endpoint's is written beside it", func(t *testing.T) {
		prod := portico(t, dev.out, slices.Concat([]string{"policy", "--mapping", "testdata/valid.yaml", "--existing", "-", "--environment", "prod",
			"--vpc-endpoint", "vpce-0bbbbbbbbbbbbbbbb"}, orders)...)
		require.Equal(t, exitDone, prod.code, prod.err)
		require.Subset(t, sids(t, prod.out), sids(t, dev.out))
		require.Contains(t, prod.out, `"StringNotEquals":{"aws:SourceVpce":["vpce-0123456789abcdef0","vpce-0bbbbbbbbbbbbbbbb"]}`)
	})
	t.Run("one endpoint of both is refused", func(t *testing.T) {
		prod := policy(t, dev.out, append(orders, "--existing", "-", "--environment", "prod")...)
		require.Equal(t, exitWrong, prod.code)
		require.Contains(t, prod.err, "vpce-0123456789abcdef0 is an endpoint of environment prod and of the environment whose statements' Sids begin with Porticodev1e1b")
	})
	t.Run("an installation of another name has other Sids", func(t *testing.T) {
		require.NotEqual(t, dev.out, policy(t, "", append(orders, "--environment", "dev", "--app", "shop")...).out)
	})
}

func TestPolicyTellsWhichDenialsOfTheOwnersReachRows(t *testing.T) {
	const owners = `{"Version":"2012-10-17","Statement":[
	  {"Sid":"Offices","Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*","Condition":{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}},
	  {"Sid":"Network","Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*","Condition":{"StringNotEquals":{"aws:SourceVpc":"vpc-0a"}}}]}`
	got := policy(t, owners, append(orders, "--existing", "-")...)
	require.Equal(t, exitDone, got.code, got.err)
	const rows = "APIS[0] (orders.private.example.com), APIS[1] (orders.private.example.com/returns)"
	require.Contains(t, got.err, `portico: notice: Statement[0] (Sid "Offices") of the owner's policy denies `+rows+": NotIpAddress on aws:SourceIp holds of requests that don't have the key")
	require.Contains(t, got.err, `portico: notice: Statement[1] (Sid "Network") of the owner's policy may deny `+rows+": that depends on StringNotEquals on aws:SourceVpc")
}
