package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const reviewedMapping = `APIS:
  - CUSTOM_DOMAIN_URL: orders.private.example.com
    PRIVATE_API_URL: https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod
    VERBS: [GET]
    ACCOUNT: "222222222222"
`

// repository is a git repository with an environment, in a directory below its top.
type repository struct {
	t        *testing.T
	top, dir string
}

func newRepository(t *testing.T) *repository {
	t.Helper()
	top := t.TempDir()
	e := &repository{t, top, filepath.Join(top, "platform (aws)")}
	e.git("init", "--quiet", "--initial-branch", "main", ".")
	e.write("Pulumi.dev.yaml", "config:\n  portico:mapping: mapping.yaml\n")
	e.write("accounts/provider/Pulumi.dev-orders.yaml",
		"config:\n  portico:aws: {accountId: \"222222222222\"}\n  portico:redeploy: true\n")
	e.write("mapping.yaml", reviewedMapping)
	return e
}

func (e *repository) git(args ...string) {
	e.t.Helper()
	cmd := exec.Command("git", append([]string{"-C", e.top, "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"}, args...)...)
	out, err := cmd.CombinedOutput()
	require.NoError(e.t, err, string(out))
}

func (e *repository) write(name, text string) {
	e.t.Helper()
	path := filepath.Join(e.dir, name)
	require.NoError(e.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(e.t, os.WriteFile(path, []byte(text), 0o644))
}

func (e *repository) commit(message string) {
	e.t.Helper()
	e.git("add", "--all")
	e.git("commit", "--quiet", "--message", message)
}

func (e *repository) preview(args ...string) result {
	e.t.Helper()
	return portico(e.t, "", append([]string{"preview", "--env", "dev", "--dir", e.dir, "--markdown"}, args...)...)
}

// sectionsOf are a comment's headings of the fourth level.
func sectionsOf(comment string) []string {
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^#### (.*)$`).FindAllStringSubmatch(comment, -1) {
		names = append(names, m[1])
	}
	return names
}

func TestPreviewComparesTheMappingWithItsBase(t *testing.T) {
	wider := strings.Replace(reviewedMapping, "[GET]", "[GET, POST]", 1)
	for name, test := range map[string]struct {
		change func(*repository)
		base   string
		want   string
		// sections reports whether there is anything below the summary.
		sections bool
	}{
		"nothing changes": {func(*repository) {}, "main", "nothing changes for clients, policies or cloud resources", false},
		"verbs are widened": {func(e *repository) { e.write("mapping.yaml", wider) },
			"main", "Since <code>main</code>: **verbs widened in 1 row**, 1 resource policy changed.", true},
		"an API is said to be in STRICT mode": {func(e *repository) {
			e.write("mapping.yaml", reviewedMapping+"    ENDPOINT_ACCESS_MODE: STRICT\n")
		}, "main", "endpoint access mode", true},
		"a new row says so": {func(e *repository) {
			e.write("mapping.yaml", reviewedMapping+"  - {CUSTOM_DOMAIN_URL: strict.private.example.com, PRIVATE_API_URL: https://b1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod, ACCOUNT: \"222222222222\", ENDPOINT_ACCESS_MODE: STRICT}\n")
		}, "main", "endpoint access mode: `STRICT`", true},
		"the base is the last commit by default": {func(e *repository) {
			e.write("mapping.yaml", wider)
			e.commit("widen")
		}, "", "nothing changes", false},
		"the file is renamed, and its rows stay": {func(e *repository) {
			require.NoError(t, os.Rename(filepath.Join(e.dir, "mapping.yaml"), filepath.Join(e.dir, "renamed.yaml")))
			e.write("Pulumi.dev.yaml", "config:\n  portico:mapping: renamed.yaml\n")
		}, "main", "Since <code>main</code>: 1 setting changed.", true},
		"the base has no such file": {func(e *repository) {
			require.NoError(t, os.Remove(filepath.Join(e.dir, "mapping.yaml")))
			e.commit("remove")
			e.write("mapping.yaml", reviewedMapping)
		}, "HEAD", "<code>HEAD</code> has no mapping file of the environment, so everything is listed as new.", true},
		"the base's mapping has mistakes": {func(e *repository) {
			e.write("mapping.yaml", "APIS: 1\n")
			e.commit("break")
			e.write("mapping.yaml", reviewedMapping)
		}, "HEAD", "has a mapping with mistakes, so everything is listed as new.", true},
		"the environment is new": {func(e *repository) {
			require.NoError(t, os.Remove(filepath.Join(e.dir, "Pulumi.dev.yaml")))
			e.commit("remove")
			e.write("Pulumi.dev.yaml", "config:\n  portico:mapping: mapping.yaml\n")
		}, "HEAD", "has no environment dev, so everything is listed as new.", true},
		"a stack's settings change its policies": {func(e *repository) {
			e.write("accounts/provider/Pulumi.dev-orders.yaml",
				"config:\n  portico:aws: {accountId: \"222222222222\"}\n  portico:redeploy: true\n  portico:additionalVpcEndpointIds: [vpce-0aaaaaaaaaaaaaaaa]\n")
		}, "main", "1 resource policy changed", true},
	} {
		t.Run(name, func(t *testing.T) {
			e := newRepository(t)
			e.commit("begin")
			e.git("checkout", "--quiet", "-b", "change")
			test.change(e)
			var args []string
			if test.base != "" {
				args = []string{"--base", test.base}
			}
			got := e.preview(args...)
			require.Zero(t, got.code, got.err)
			require.True(t, strings.HasPrefix(got.out, "<!-- portico-preview dev -->\n"), got.out)
			require.Contains(t, got.out, test.want)
			require.Equal(t, test.sections, len(sectionsOf(got.out)) > 0, got.out)
		})
	}
}

// TestPreviewNamesStatementsAsTheStackDoes: another environment of the API has others.
func TestPreviewNamesStatementsAsTheStackDoes(t *testing.T) {
	e := newRepository(t)
	e.write("accounts/provider/Pulumi.dev-orders.yaml",
		"config:\n  portico:aws: {accountId: \"222222222222\"}\n  portico:redeploy: true\n  portico:shared: {stack: organization/portico/dev}\n")
	e.commit("begin")
	e.write("mapping.yaml", reviewedMapping+
		"  - {CUSTOM_DOMAIN_URL: new.private.example.com, PRIVATE_API_URL: \"https://n1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod\", ACCOUNT: \"222222222222\"}\n")
	got := e.preview("--base", "main")
	require.Equal(t, exitDone, got.code, got.err)
	require.Contains(t, got.out, `"Sid": "Porticodev1e1bAllow`)
}

func TestPreviewSaysThatTheMappingsPathIsASecret(t *testing.T) {
	e := newRepository(t)
	e.write("Pulumi.dev.yaml", "config:\n  portico:mapping: {secure: AAABBBCCC}\n")
	e.commit("begin")
	got := e.preview("--base", "main")
	require.Equal(t, exitWrong, got.code)
	require.Contains(t, got.out+got.err, "is a secret, which only a deployment reads: write the path as plain text")
}

func TestPreviewSaysThatAnAccountNumberIsASecret(t *testing.T) {
	e := newRepository(t)
	e.write("accounts/provider/Pulumi.dev-orders.yaml", "config:\n  portico:aws: {accountId: {secure: AAABBBCCC}}\n  portico:redeploy: true\n")
	e.commit("begin")
	got := e.preview("--base", "main")
	require.Equal(t, exitWrong, got.code)
	require.Contains(t, got.out+got.err, "portico:aws.accountId of dev-orders is a secret, which only a deployment reads: write it as plain text")
}

func TestPreviewReadsEachFileOfARevisionOnce(t *testing.T) {
	read := map[string]int{}
	files, digests, _ := recorded(tree{read: func(name string) ([]byte, error) {
		read[name]++
		if name == "absent" {
			return nil, fs.ErrNotExist
		}
		return []byte(name), nil
	}})
	for _, name := range []string{"a", "./a", "absent", "absent", "a"} {
		data, err := files.read(name)
		require.Equal(t, name == "absent", err != nil)
		require.Equal(t, err == nil, string(data) == "a")
	}
	require.Equal(t, map[string]int{"a": 1, "absent": 1}, read)
	require.Len(t, digests, 1)
}

func TestPreviewTellsTheMappingsMistakesWithLinksToTheirLines(t *testing.T) {
	e := newRepository(t)
	e.write("mapping.yaml", strings.Replace(reviewedMapping, "[GET]", "[GTE]", 1))
	e.commit("begin")
	got := e.preview("--links", "https://github.com/example/platform/blob/0123abc")
	require.Equal(t, exitWrong, got.code)
	require.Contains(t, got.out, "| [4](https://github.com/example/platform/blob/0123abc/platform%20%28aws%29/mapping.yaml#L4) |")
}

func TestPreviewNamesTheEndpointOfTheLastOutputs(t *testing.T) {
	e := newRepository(t)
	e.commit("begin")
	e.write("mapping.yaml", strings.Replace(reviewedMapping, "[GET]", "[GET, PUT]", 1))
	outputs := filepath.Join(t.TempDir(), "outputs.json")
	require.NoError(t, os.WriteFile(outputs, []byte(`{"contract":2,"vpcEndpointId":"vpce-0123456789abcdef0"}`), 0o644))

	without := e.preview()
	require.Contains(t, without.out, "`vpce-00000000000000000` stands for the VPC endpoint, whose ID is not known here.")
	require.NotContains(t, e.preview("--outputs", outputs).out, "stands for the VPC endpoint")

	require.NoError(t, os.WriteFile(outputs, []byte(`{"contract":3,"vpcEndpointId":"vpce-0123456789abcdef0"}`), 0o644))
	got := e.preview("--outputs", outputs)
	require.Equal(t, exitWrong, got.code)
	require.Contains(t, got.err, "contract 3")
}

func TestPreviewKeepsToACommentsLength(t *testing.T) {
	e := newRepository(t)
	e.commit("begin")
	e.write("mapping.yaml", strings.Replace(reviewedMapping, "[GET]", "[GET, PUT]", 1))
	whole, cut := e.preview("--max-bytes", "0"), e.preview("--max-bytes", "2500")
	require.Greater(t, len(whole.out), 2500)
	require.LessOrEqual(t, len(cut.out), 2500)
	require.Contains(t, cut.out, "left out** to keep to the comment's length; `portico preview --env dev --markdown --base HEAD --max-bytes 0` prints all.")
}

func TestPreviewSaysWhatItCannotCompare(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"an unknown revision":         {[]string{"--markdown", "--base", "nowhere"}, exitWrong, `find the base revision "nowhere": fetch it, or name another with --base`},
		"a revision like an option":   {[]string{"--markdown", "--base", "--output=x"}, exitWrong, `find the base revision "--output=x"`},
		"an unknown environment":      {[]string{"--markdown", "--env", "test"}, exitWrong, "no Pulumi.test.yaml"},
		"outputs that are not there":  {[]string{"--markdown", "--outputs", "nowhere.json"}, exitWrong, "read the shared stack's outputs"},
		"a negative length":           {[]string{"--markdown", "--max-bytes", "-1"}, exitUsage, "expected 0 or more"},
		"a base for the engine's run": {[]string{"--base", "main"}, exitUsage, "--base is for --markdown"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newRepository(t)
			e.commit("begin")
			got := portico(t, "", append([]string{"preview", "--env", "dev", "--dir", e.dir}, test.args...)...)
			require.Equal(t, test.code, got.code, got.err)
			require.Contains(t, got.err, test.want)
			require.Empty(t, got.out)
		})
	}
}

func TestPreviewKnowsCertificatesThatNobodyIssues(t *testing.T) {
	const settings = "config:\n  portico:mapping: mapping.yaml\n" +
		"  portico:certificates: {source: existing, existing: [{arn: \"arn:aws:acm:us-east-1:111111111111:certificate/0a\", names: [\"*.private.example.com\"%s]}]}\n"
	e := newRepository(t)
	e.commit("begin")
	e.write("Pulumi.dev.yaml", fmt.Sprintf(settings, ""))
	got := e.preview()
	require.Zero(t, got.code, got.err)
	require.Contains(t, got.out, "1 certificate removed, 1 supplied certificate attached, 3 settings changed.")
	require.Contains(t, got.out, "| attached, supplied | `*.private.example.com` |")

	e.write("mapping.yaml", reviewedMapping+strings.ReplaceAll(strings.TrimPrefix(reviewedMapping, "APIS:\n"), "orders.private", "orders.sales"))
	got = e.preview()
	require.Equal(t, exitWrong, got.code)
	require.Contains(t, got.out, "covers orders.sales.example.com")

	e.write("Pulumi.dev.yaml", fmt.Sprintf(settings, `, "orders.sales.example.com"`))
	got = e.preview()
	require.Zero(t, got.code, got.err)
}

func TestPreviewFollowsTheStacksZones(t *testing.T) {
	for settings, want := range map[string]string{
		"{scope: host}": "| added | `pay.private.example.com` | `pay.private.example.com` |  |",
		"{existing: [{name: private.example.com, id: Z0123456789}], records: host}": "| changed | `private.example.com` | `pay.private.example.com` |  |",
	} {
		t.Run(settings, func(t *testing.T) {
			e := newRepository(t)
			e.write("Pulumi.dev.yaml", "config:\n  portico:mapping: mapping.yaml\n  portico:dns: "+settings+"\n")
			e.commit("begin")
			e.write("mapping.yaml", reviewedMapping+strings.ReplaceAll(strings.TrimPrefix(reviewedMapping, "APIS:\n"), "orders.private", "pay.private"))
			got := e.preview()
			require.Zero(t, got.code, got.err)
			require.Contains(t, got.out, want)
		})
	}
}

func TestPreviewKeepsToTheStacksQuotas(t *testing.T) {
	e := newRepository(t)
	e.write("Pulumi.dev.yaml", `config:
  portico:mapping: mapping.yaml
  portico:quotas: {certificatesPerLoadBalancer: 3, namesPerCertificate: 20, hostedZones: 7, recordsPerZone: 100}
  portico:certificates: {existing: [{arn: "arn:aws:acm:us-east-1:111111111111:certificate/0a", names: ["*.private.example.com"]}]}
`)
	e.write("accounts/provider/Pulumi.dev-orders.yaml",
		"config:\n  portico:aws: {accountId: \"222222222222\"}\n  portico:redeploy: false\n  portico:quotas: {resourcePolicySize: 9000}\n")
	e.commit("begin")
	e.write("mapping.yaml", reviewedMapping+strings.ReplaceAll(strings.TrimPrefix(reviewedMapping, "APIS:\n"), "orders.private", "orders.sales"))
	got := e.preview()
	require.Zero(t, got.code, got.err)
	for _, row := range []string{
		"| certificates of the load balancer | 1 | 2 | 4 |  |",
		"| names of a certificate | 0 | 1 | 20 | `certificate 1` |",
		"| private hosted zones of the account | 1 | 2 | 7 |  |",
		"| records of a private hosted zone | 1 | 1 | 98 | ",
		"| 9000 | `API a1b2c3d4e5` |",
		"**by hand**: output `redeployCommands` of stack <code>dev-orders</code>",
	} {
		require.Contains(t, got.out, row)
	}
	require.NotContains(t, got.out, "`*.private.example.com` |\n| removed", "it is supplied")
}

func TestPreviewShowsAHostThatChangesItsFrontDoor(t *testing.T) {
	e := newRepository(t)
	e.write("Pulumi.dev.yaml", "config:\n  portico:mapping: mapping.yaml\n  portico:providers: [organization/portico-provider/dev-orders]\n"+
		"  portico:loadBalancer: {type: NLB}\n")
	stack := "config:\n  portico:aws: {accountId: \"222222222222\"}\n  portico:redeploy: true\n  portico:native: {vpcEndpointIds: [vpce-0dddddddddddddddd]}\n"
	e.write("accounts/provider/Pulumi.dev-orders.yaml", stack)
	e.commit("begin")
	e.write("mapping.yaml", reviewedMapping+"    FRONT_DOOR: native\n")
	outputs := filepath.Join(t.TempDir(), "outputs.json")
	write := func(text string) { require.NoError(t, os.WriteFile(outputs, []byte(text), 0o644)) }

	write(`{"contract":2,"vpcEndpointId":"vpce-0123456789abcdef0","endpoints":{"nginx":"vpce-0123456789abcdef0","native":"vpce-0cccccccccccccccc"}}`)
	got := e.preview("--outputs", outputs)
	require.Zero(t, got.code, got.err)
	require.Contains(t, got.out, "| `orders.private.example.com` | `nginx` | `native` | account `222222222222`: PRIVATE custom domain, "+
		"`/` → `a1b2c3d4e5/prod`, under a certificate issued in the account |")
	for _, id := range []string{"vpce-0123456789abcdef0", "vpce-0cccccccccccccccc", "vpce-0dddddddddddddddd"} {
		require.Contains(t, got.out, `"`+id+`"`)
	}
	require.NotContains(t, got.out, "stands for the VPC endpoint")
	require.NotContains(t, got.out, "portico:providers")

	t.Run("under a certificate of the stack's", func(t *testing.T) {
		existing := "  portico:certificates: {source: existing, existing: [{arn: \"arn:aws:acm:us-east-1:222222222222:certificate/0a\", names: [%s.private.example.com]}]}\n"
		e.write("accounts/provider/Pulumi.dev-orders.yaml", stack+fmt.Sprintf(existing, "orders"))
		require.Contains(t, e.preview().out, "under a supplied certificate of the account |")
		e.write("accounts/provider/Pulumi.dev-orders.yaml", stack+fmt.Sprintf(existing, "payments"))
		got := e.preview()
		require.Equal(t, exitWrong, got.code)
		require.Contains(t, got.out, "of stack dev-orders covers orders.private.example.com")
	})
	t.Run("under PEM files that lie beside the stack's settings", func(t *testing.T) {
		e.write("accounts/provider/Pulumi.dev-orders.yaml", stack+"  portico:certificates: {source: import, import: [{certificate: orders.pem}]}\n")
		e.write("accounts/provider/orders.pem", "no PEM")
		got := e.preview()
		require.Equal(t, exitWrong, got.code)
		require.Contains(t, got.err, "Pulumi.dev-orders.yaml:5:65: portico:certificates.import[0].certificate: not PEM: write PEM, or the path of a PEM file")
	})
	t.Run("refuses outputs that name no endpoint", func(t *testing.T) {
		write(`{"contract":2,"vpcEndpointId":"vpce-0123456789abcdef0","endpoints":{"native":"eni-1"}}`)
		got := e.preview("--outputs", outputs)
		require.Equal(t, exitWrong, got.code)
		require.Contains(t, got.err, `has "eni-1" as endpoints.native: expected an endpoint's ID`)
	})
}

// TestPreviewReadsSettingsAsPulumiDoes holds the comment to what `up` would see,
// in whatever form Pulumi takes it.
func TestPreviewReadsSettingsAsPulumiDoes(t *testing.T) {
	const byHand = "**by hand**: output `redeployCommands` of stack <code>dev-orders</code>"
	for sentence, test := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"as config set writes them": {map[string]string{
			"accounts/provider/Pulumi.dev-orders.yaml": "config:\n  portico:redeploy: \"false\"\n  portico:aws:\n    accountId: 222222222222\n",
			"Pulumi.dev.yaml":                          "config:\n  portico:mapping: mapping.yaml\n  portico:quotas: '{\"hostedZones\": 7}'\n",
		}, []string{byHand, "| private hosted zones of the account | 1 | 1 | 7 |  |"}},
		"in the project's file": {map[string]string{
			"Pulumi.yaml":                              "name: portico\nruntime: go\nconfig:\n  mapping: {default: mapping.yaml}\n  portico:quotas.hostedZones: 7\n",
			"Pulumi.dev.yaml":                          "",
			"accounts/provider/Pulumi.yaml":            "name: portico-provider\nruntime: go\nconfig:\n  portico:redeploy: {value: false}\n",
			"accounts/provider/Pulumi.dev-orders.yaml": "config:\n  portico:aws: {accountId: \"222222222222\"}\n",
		}, []string{byHand, "| private hosted zones of the account | 1 | 1 | 7 |  |"}},
		"in a directory of their own": {map[string]string{
			"Pulumi.yaml":                                     "name: portico\nruntime: go\nstackConfigDir: stacks\n",
			"Pulumi.dev.yaml":                                 "config: {}\n",
			"stacks/Pulumi.dev.yaml":                          "config:\n  mapping: mapping.yaml\n  quotas: {hostedZones: 7}\n",
			"accounts/provider/Pulumi.yaml":                   "name: portico-provider\nruntime: go\nconfig: stacks\n",
			"accounts/provider/Pulumi.dev-orders.yaml":        "config:\n  portico:redeploy: true\n",
			"accounts/provider/stacks/Pulumi.dev-orders.yaml": "config:\n  portico:aws: {accountId: \"222222222222\"}\n  portico:redeploy: false\n",
		}, []string{byHand, "| private hosted zones of the account | 1 | 1 | 7 |  |"}},
		"with the extension .yml": {map[string]string{
			"Pulumi.yml":                              "name: portico\nruntime: go\n",
			"Pulumi.dev.yml":                          "config:\n  portico:mapping: mapping.yaml\n  portico:quotas: {hostedZones: 7}\n",
			"accounts/provider/Pulumi.yml":            "name: portico-provider\nruntime: go\n",
			"accounts/provider/Pulumi.dev-orders.yml": "config:\n  portico:aws: {accountId: \"222222222222\"}\n  portico:redeploy: false\n",
		}, []string{byHand, "| private hosted zones of the account | 1 | 1 | 7 |  |"}},
		"with secrets": {map[string]string{
			"Pulumi.dev.yaml":                          "config:\n  portico:mapping: mapping.yaml\n  portico:aws: {secure: v1:abc}\n  portico:quotas: {hostedZones: 7, recordsPerZone: {secure: v1:abc}}\n",
			"accounts/provider/Pulumi.dev-orders.yaml": "config:\n  portico:aws: {accountId: \"222222222222\"}\n  portico:redeploy: false\n",
		}, []string{byHand, "| private hosted zones of the account | 1 | 1 | 7 |  |"}},
	} {
		t.Run(sentence, func(t *testing.T) {
			e := newRepository(t)
			e.write("accounts/provider/Pulumi.dev-orders.yaml", "config: {}\n")
			e.commit("begin")
			for name, text := range test.files {
				e.write(name, text)
			}
			e.write("mapping.yaml", strings.Replace(reviewedMapping, "[GET]", "[GET, PUT]", 1))
			got := e.preview("--max-bytes", "0")
			require.Zero(t, got.code, got.err)
			for _, want := range test.want {
				require.Contains(t, got.out, want)
			}
		})
	}
}

func TestPreviewTellsTheMistakesOfAllStacksSettings(t *testing.T) {
	e := newRepository(t)
	e.commit("begin")
	e.write("Pulumi.dev.yaml", "config:\n  portico:mapping: mapping.yaml\n  portico:aws: {accountId: 012345670123}\n  portico:netwrok: {}\n")
	e.write("accounts/provider/Pulumi.dev-orders.yaml", "config:\n  portico:redeploy: maybe\n")
	e.write("mapping.yaml", strings.Replace(reviewedMapping, "[GET]", "[GTE]", 1))
	got := e.preview()
	require.Equal(t, exitWrong, got.code)
	require.Contains(t, got.out, "**4 mistakes** to correct")
	for _, want := range []string{
		`Pulumi.dev.yaml:3:28: portico:aws.accountId: 012345670123 is not text: without quotes YAML reads it as 1402433619: write it in quotes: "012345670123"`,
		`Pulumi.dev.yaml:4:3: portico:netwrok: unknown key: did you mean network?`,
		`Pulumi.dev-orders.yaml:2:21: portico:redeploy: "maybe" is not true or false: write true or false`,
		`mapping.yaml:4:13: APIS[0].VERBS[0]`,
	} {
		require.Contains(t, got.err, want)
	}
	require.NotContains(t, got.out, e.top, "a comment has no path of the machine")
	require.NotContains(t, got.err, "not set", "a comment needs no region")
}
