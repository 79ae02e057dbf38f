package workflows

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/settings"
)

const root = "../.."

// checkout is a directory with the project's settings and scripts, and a PATH on
// which gh, pulumi and bin/portico are stand-ins that write down their arguments.
type checkout struct {
	t   *testing.T
	dir string
	env map[string]string
}

func newCheckout(t *testing.T) *checkout {
	t.Helper()
	c := &checkout{t: t, dir: t.TempDir(), env: map[string]string{
		"GITHUB_REPOSITORY": "example/portico", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_RUN_ID": "42",
	}}
	for _, name := range []string{"GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"} {
		c.env[name] = filepath.Join(c.dir, name)
		c.write(name, "", 0o644)
	}
	scripts, err := filepath.Glob(root + "/.github/scripts/*")
	require.NoError(t, err)
	require.NotEmpty(t, scripts)
	for _, script := range scripts {
		data, err := os.ReadFile(script)
		require.NoError(t, err)
		c.write(".github/scripts/"+filepath.Base(script), string(data), 0o755)
	}
	for _, name := range []string{"Pulumi.dev.yaml", "Pulumi.dev-eu.yaml", "accounts/provider/Pulumi.dev-orders.yaml",
		"accounts/provider/Pulumi.dev-eu-orders.yaml", "accounts/provider/Pulumi.prod-orders.yaml"} {
		c.write(name, "config: {}\n", 0o644)
	}
	return c
}

func (c *checkout) write(name, text string, mode os.FileMode) {
	c.t.Helper()
	path := filepath.Join(c.dir, name)
	require.NoError(c.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(c.t, os.WriteFile(path, []byte(text), mode))
}

func (c *checkout) read(name string) string {
	c.t.Helper()
	data, err := os.ReadFile(filepath.Join(c.dir, name))
	require.NoError(c.t, err)
	return string(data)
}

// standIn puts a program on PATH, or at a path of the checkout, that writes its
// arguments down as a line of calls and then does what body says.
func (c *checkout) standIn(name, body string) {
	c.t.Helper()
	if !strings.Contains(name, "/") {
		name = "path/" + name
	}
	c.write(name, "#!/usr/bin/env bash\nprintf '%s\\n' \"${0##*/} $*\" >>\""+c.dir+"/calls\"\n"+body+"\n", 0o755)
}

// calls are the command lines that the stand-ins were run with.
func (c *checkout) calls() []string {
	c.t.Helper()
	data, err := os.ReadFile(filepath.Join(c.dir, "calls"))
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(c.t, err)
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

// run runs a script of .github/scripts and returns what it printed and its exit
// code.
func (c *checkout) run(script string, args ...string) (string, int) {
	c.t.Helper()
	cmd := exec.Command(filepath.Join(c.dir, ".github/scripts", script), args...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "PATH="+filepath.Join(c.dir, "path")+string(os.PathListSeparator)+os.Getenv("PATH"))
	for name, value := range c.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	output, err := cmd.CombinedOutput()
	if err != nil {
		require.ErrorAs(c.t, err, new(*exec.ExitError), string(output))
	}
	return string(output), cmd.ProcessState.ExitCode()
}

func TestConfiguredTellsWhatIsNotSet(t *testing.T) {
	c := newCheckout(t)
	c.env["ROLE"], c.env["BACKEND"] = "arn", "s3://b"
	output, code := c.run("configured", "ROLE", "BACKEND")
	require.Zero(t, code, output)
	require.Empty(t, output)
	require.Equal(t, "ready=true\n", c.read("GITHUB_OUTPUT"))

	c = newCheckout(t)
	c.env["ROLE"] = ""
	output, code = c.run("configured", "ROLE", "BACKEND")
	require.Zero(t, code, output)
	require.Contains(t, output, "::notice title=Not configured::Nothing is done on AWS: ROLE BACKEND not set")
	require.Equal(t, "ready=false\n", c.read("GITHUB_OUTPUT"))
}

func TestReviewKeepsTheCommentOfAWrongMapping(t *testing.T) {
	for name, code := range map[string]string{"a right mapping": "0", "a wrong mapping": "1"} {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t)
			c.standIn("bin/portico", "echo '<!-- portico-preview dev -->'\necho in ${PWD##*/}\nexit "+code)
			c.write("head/Pulumi.dev.yaml", "config: {}\n", 0o644)
			c.write("head/bin/portico", "touch ../broken\n", 0o755)
			output, got := c.run("review", "head", "dev", "base0", "head0", "comment.md", "/tmp/page.html")
			require.Equal(t, code == "1", got == 1, output)
			require.Equal(t, []string{"portico preview --env dev --markdown --base base0 --html /tmp/page.html --max-bytes 65000 --links https://github.com/example/portico/blob/head0"}, c.calls())
			require.NoFileExists(t, filepath.Join(c.dir, "broken"), "the pull request's program was run")
			require.Equal(t, "<!-- portico-preview dev -->\nin head\n", c.read("comment.md"))
			require.Equal(t, c.read("comment.md"), c.read("GITHUB_STEP_SUMMARY"))
		})
	}
}

// The link ends the comment, and nothing but an artifact of the repository is linked.
func TestThePageIsLinkedAtTheCommentsEnd(t *testing.T) {
	const page = "https://github.com/example/portico/actions/runs/42/artifacts/7"
	c := newCheckout(t)
	c.write("comment.md", "<!-- portico-preview dev -->\ntext\n", 0o644)
	output, code := c.run("link-page", "comment.md", page)
	require.Zero(t, code, output)
	require.Regexp(t, `^<!-- portico-preview dev -->\ntext\n\n\[The page\]\(`+page+`\) has .*\n$`, c.read("comment.md"))
	require.Less(t, len(c.read("comment.md"))-len("<!-- portico-preview dev -->\ntext\n"), 65536-65000, "GitHub's limit of a comment")
	require.Contains(t, c.read("GITHUB_STEP_SUMMARY"), page)

	before := c.read("comment.md")
	for _, url := range []string{"", "https://example.com/", page + ") <img src=x> (", "https://github.com/other/portico/actions/runs/42/artifacts/7"} {
		output, code := c.run("link-page", "comment.md", url)
		require.Equal(t, 1, code, url)
		require.Contains(t, output, "link-page: ")
		require.Equal(t, before, c.read("comment.md"))
	}
}

func TestAnnotationsHaveThePathsOfThePullRequest(t *testing.T) {
	c := newCheckout(t)
	c.write("head/mapping.yaml", "APIS: []\n", 0o644)
	c.standIn("bin/portico", "ls \"${!#}\"\nexit 1")
	output, code := c.run("annotate", "head", "mapping.yaml")
	require.Equal(t, 1, code)
	require.Equal(t, "mapping.yaml\n", output)
	require.Equal(t, []string{"portico validate --github --mapping mapping.yaml"}, c.calls())
}

func TestCommentIsUpdatedInPlace(t *testing.T) {
	type user struct {
		Type string `json:"type"`
	}
	type comment struct {
		ID   int    `json:"id"`
		User user   `json:"user"`
		Body string `json:"body"`
	}
	const marker = "<!-- portico-preview dev -->"
	bot, person := user{"Bot"}, user{"User"}
	const list = "gh api --paginate repos/example/portico/issues/7/comments"
	post := "gh api --silent --method POST repos/example/portico/issues/7/comments --field body=@comment.md"
	for name, test := range map[string]struct {
		comments []comment
		want     string
	}{
		"none yet":                    {nil, post},
		"the bot's, among others":     {[]comment{{1, bot, "hello"}, {2, bot, marker + "\nold"}}, "gh api --silent --method PATCH repos/example/portico/issues/comments/2 --field body=@comment.md"},
		"with GitHub's line ends":     {[]comment{{2, bot, marker + "\r\nold"}}, "gh api --silent --method PATCH repos/example/portico/issues/comments/2 --field body=@comment.md"},
		"several: the first":          {[]comment{{3, bot, marker}, {4, bot, marker}}, "gh api --silent --method PATCH repos/example/portico/issues/comments/3 --field body=@comment.md"},
		"another environment's":       {[]comment{{2, bot, "<!-- portico-preview dev-eu -->\nold"}}, post},
		"one that quotes the marker":  {[]comment{{2, bot, "> " + marker}, {3, bot, "look:\n" + marker}}, post},
		"a person who copied it over": {[]comment{{2, person, marker + "\nold"}}, post},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t)
			c.write("comment.md", marker+"\nnew \"$(touch broken)\"\n", 0o644)
			// gh prints one list for each page.
			pages, err := json.Marshal(test.comments)
			require.NoError(t, err)
			if test.comments == nil {
				pages = []byte("[]")
			}
			c.write("pages.json", "[]"+string(pages), 0o644)
			c.standIn("gh", `case "$*" in *--paginate*) cat pages.json ;; esac`)
			output, code := c.run("comment", "7", "dev", "comment.md")
			require.Zero(t, code, output)
			require.Equal(t, []string{list, test.want}, c.calls())
			require.NoFileExists(t, filepath.Join(c.dir, "broken"))
		})
	}
}

func TestCommentPostsAReviewOfTheEnvironmentOnly(t *testing.T) {
	for name, test := range map[string]struct{ text, says string }{
		"nothing":                        {"", "there was no review"},
		"another environment's review":   {"<!-- portico-preview prod -->\nall is well\n", "not this environment's review"},
		"a text that is no review":       {"approved\n<!-- portico-preview dev -->\n", "not this environment's review"},
		"a link to a file of the runner": {"->", "not a file"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t)
			c.standIn("gh", "")
			if test.text == "->" {
				require.NoError(t, os.Symlink("/etc/hostname", filepath.Join(c.dir, "comment.md")))
			} else {
				c.write("comment.md", test.text, 0o644)
			}
			output, code := c.run("comment", "7", "dev", "comment.md")
			require.Equal(t, 1, code)
			require.Contains(t, output, test.says)
			require.Empty(t, c.calls())
		})
	}
}

// environments answers as GitHub's API does for two environments.
const environments = `case "$*" in
*"dev/deployment-branch-policies"*) cat policies.json ;;
*"environments/dev "*) cat environment.json ;;
esac`

// ghWithQueries is a gh that applies --jq to what GitHub answers, as gh does.
const ghWithQueries = `query=. args=("$@")
for i in "${!args[@]}"; do [ "${args[i]}" != --jq ] || query=${args[i+1]}; done
{ ` + environments + `
} | jq --raw-output "$query"`

func TestUnprotectedEnvironmentsAreRefused(t *testing.T) {
	const (
		custom   = `{"protection_rules": [{"type": "branch_policy"}], "deployment_branch_policy": {"protected_branches": false, "custom_branch_policies": true}}`
		reviewed = `{"protection_rules": [{"type": "wait_timer"}, {"type": "required_reviewers", "reviewers": [{"type": "Team"}]}], "deployment_branch_policy": null}`
		open     = `{"protection_rules": [], "deployment_branch_policy": null}`
	)
	for name, test := range map[string]struct {
		by, environment, policies string
		says                      string
	}{
		"main only":                {"main", custom, `{"branch_policies": [{"name": "main", "type": "branch"}]}`, ""},
		"an answer without types":  {"main", custom, `{"branch_policies": [{"name": "main"}]}`, ""},
		"any branch":               {"main", open, `{"branch_policies": []}`, "every branch may deploy to it"},
		"protected branches":       {"main", `{"deployment_branch_policy": {"protected_branches": true, "custom_branch_policies": false}}`, `{}`, "every branch may deploy to it"},
		"more branches":            {"main", custom, `{"branch_policies": [{"name": "main", "type": "branch"}, {"name": "feature/*", "type": "branch"}]}`, `it admits "branch:feature/* branch:main"`},
		"a tag of that name":       {"main", custom, `{"branch_policies": [{"name": "main", "type": "tag"}]}`, `it admits "tag:main"`},
		"reviewers":                {"reviewers", reviewed, `{}`, ""},
		"no reviewers":             {"reviewers", custom, `{}`, "no required reviewers"},
		"a rule without reviewers": {"reviewers", `{"protection_rules": [{"type": "required_reviewers", "reviewers": []}]}`, `{}`, "no required reviewers"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t)
			c.write("environment.json", test.environment, 0o644)
			c.write("policies.json", test.policies, 0o644)
			c.standIn("gh", ghWithQueries)
			output, code := c.run("guarded", "dev", test.by)
			if test.says == "" {
				require.Zero(t, code, output)
				return
			}
			require.Equal(t, 1, code, output)
			require.Contains(t, output, "::error title=Environment dev is not protected::")
			require.Contains(t, output, test.says)
		})
	}
}

func TestProtectMakesTheThreeEnvironments(t *testing.T) {
	c := newCheckout(t)
	c.write("policies.json", `{"branch_policies": [{"id": 5, "name": "feature/*", "type": "branch"}]}`, 0o644)
	c.standIn("gh", `case "$*" in *--input*) cat >>bodies ;; *teams/owners*) echo 9 ;; *DELETE*|*POST*) ;;
*deployment-branch-policies*) jq --raw-output "${!#}" policies.json ;; esac`)
	output, code := c.run("protect", "dev", "owners")
	require.Zero(t, code, output)
	changes := slices.DeleteFunc(c.calls(), func(call string) bool { return !strings.Contains(call, "--method") })
	policies := func(name string) []string {
		path := "repos/example/portico/environments/" + name
		return []string{
			"gh api --silent --method PUT " + path + " --input -",
			"gh api --silent --method DELETE " + path + "/deployment-branch-policies/5",
			"gh api --silent --method POST " + path + "/deployment-branch-policies --field name=main --field type=branch",
		}
	}
	require.Equal(t, slices.Concat(policies("dev"), policies("dev-drift"),
		[]string{"gh api --silent --method PUT repos/example/portico/environments/dev-read --input -"}), changes)
	var bodies []string
	for body := range strings.Lines(c.read("bodies")) {
		var parsed map[string]any
		require.NoError(t, json.Unmarshal([]byte(body), &parsed))
		bodies = append(bodies, strings.TrimSpace(body))
	}
	const mainOnly = `{"reviewers": [], "deployment_branch_policy": {"protected_branches": false, "custom_branch_policies": true}}`
	require.Equal(t, []string{mainOnly, mainOnly, `{"reviewers": [{"type": "Team", "id": 9}], "deployment_branch_policy": null}`}, bodies)
}

func TestStacksAreThoseOfTheEnvironment(t *testing.T) {
	for environment, want := range map[string]string{
		"dev":    ". dev\naccounts/provider dev-orders\n",
		"dev-eu": ". dev-eu\naccounts/provider dev-eu-orders\n",
	} {
		output, code := newCheckout(t).run("stacks", environment)
		require.Zero(t, code, output)
		require.Equal(t, want, output)
	}
	output, code := newCheckout(t).run("stacks", "test")
	require.Equal(t, 1, code)
	require.Contains(t, output, "there is no Pulumi.test.yaml")
}

func TestReadOnlyEntersEveryAccountByItsReadingRole(t *testing.T) {
	for region, partition := range map[string]string{"us-east-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov"} {
		t.Run(region, func(t *testing.T) {
			c := newCheckout(t)
			c.standIn("pulumi", `case "$*" in
*"config get"*accountId) case "$*" in *dev-orders*) echo 222222222222 ;; *) echo 111111111111 ;; esac ;;
*"config get"*region) echo `+region+` ;;
*) case "$*" in *"config set"*) ;; *) exit 1 ;; esac ;;
esac`)
			output, code := c.run("read-only", "dev")
			require.Zero(t, code, output)
			var set []string
			for _, call := range c.calls() {
				if strings.Contains(call, "config set") {
					set = append(set, call)
				}
			}
			require.Equal(t, []string{
				"pulumi -C . config set --stack dev --path portico:aws.roleArn arn:" + partition + ":iam::111111111111:role/portico-read-dev",
				"pulumi -C accounts/provider config set --stack dev-orders --path portico:aws.roleArn arn:" + partition + ":iam::222222222222:role/portico-read-dev",
			}, set)
		})
	}
}

// Roles of other accounts stand in lists of the settings: each is replaced by its
// account's reading role, and a list's entry without a role is passed over.
func TestReadOnlyEntersOtherAccountsByTheirReadingRoles(t *testing.T) {
	c := newCheckout(t)
	c.standIn("pulumi", `case "$*" in
*"config set"*) ;;
*accountId) echo 111111111111 ;;
*region) echo us-east-1 ;;
*"-C . "*zones\[0\]) echo '{}' ;;
*"-C . "*zones\[1\]) echo '{}' ;;
*"-C . "*zones\[1\].roleArn) echo arn:aws:iam::555555555555:role/dns/portico-dev ;;
*"-C . "*associations\[0\]) echo '{}' ;;
*"-C . "*associations\[0\].roleArn) echo arn:aws:iam::666666666666:role/portico-dev ;;
*) exit 1 ;;
esac`)
	output, code := c.run("read-only", "dev")
	require.Zero(t, code, output)
	set := slices.DeleteFunc(c.calls(), func(call string) bool { return !strings.Contains(call, "-C . config set") })
	require.Equal(t, []string{
		"pulumi -C . config set --stack dev --path portico:aws.roleArn arn:aws:iam::111111111111:role/portico-read-dev",
		"pulumi -C . config set --stack dev --path portico:certificates.zones[1].roleArn arn:aws:iam::555555555555:role/portico-read-dev",
		"pulumi -C . config set --stack dev --path portico:dns.associations[0].roleArn arn:aws:iam::666666666666:role/portico-read-dev",
	}, set)
}

// The script knows each list of the settings whose entries name a role.
func TestReadOnlyKnowsEveryListWithRoles(t *testing.T) {
	script, err := os.ReadFile(root + "/.github/scripts/read-only")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(script), "\nlists=(")
	require.True(t, found)
	known, _, _ := strings.Cut(rest, ")")
	lists := map[string]bool{}
	for _, role := range []reflect.Type{reflect.TypeFor[settings.Shared](), reflect.TypeFor[settings.Provider]()} {
		listsWithRoles(role, "", lists)
	}
	require.NotEmpty(t, lists)
	require.ElementsMatch(t, slices.Collect(maps.Keys(lists)), strings.Fields(known))
}

// listsWithRoles adds the keys of lists whose entries have a roleArn.
func listsWithRoles(of reflect.Type, prefix string, lists map[string]bool) {
	for i := range of.NumField() {
		field := of.Field(i)
		key, kind := prefix+field.Tag.Get("config"), field.Type
		for kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		switch {
		case kind.Kind() == reflect.Struct:
			listsWithRoles(kind, key+".", lists)
		case kind.Kind() == reflect.Slice && kind.Elem().Kind() == reflect.Struct:
			for j := range kind.Elem().NumField() {
				if kind.Elem().Field(j).Tag.Get("config") == "roleArn" {
					lists[key] = true
				}
			}
		}
	}
}

func TestReadOnlyStopsAtARoleThatItCannotReplace(t *testing.T) {
	c := newCheckout(t)
	c.standIn("pulumi", `case "$*" in *"config set"*) ;; *accountId) echo 111111111111 ;; *region) echo us-east-1 ;;
*zones\[0\]*) echo deployer ;; *) exit 1 ;; esac`)
	output, code := c.run("read-only", "dev")
	require.Equal(t, 1, code, "the zone's account would be entered by the deploying role")
	require.Contains(t, output, `portico:certificates.zones[0].roleArn is "deployer": write a role's ARN`)
}

// The stacks read JSON in a text as they read YAML, and pulumi's paths end there.
func TestReadOnlyStopsAtTextThatHoldsRoles(t *testing.T) {
	for path, answers := range map[string]string{
		"dns":                   `*portico:dns) echo '{"existing": [{"roleArn": "deployer"}]}' ;;`,
		"dns.existing":          `*dns.existing) echo '[{"roleArn": "deployer"}]' ;;`,
		"certificates.zones[0]": `*certificates.zones|*certificates.zones\[0\]) echo '{"roleArn": "deployer"}' ;;`,
	} {
		c := newCheckout(t)
		c.standIn("pulumi", `case "$*" in *"config set"*) ;; *accountId) echo 111111111111 ;; *region) echo us-east-1 ;;
`+answers+` *) exit 1 ;; esac`)
		output, code := c.run("read-only", "dev")
		require.Equal(t, 1, code, "%s: its account would be entered by the deploying role", path)
		require.Contains(t, output, "portico:"+path+" is text: write it as YAML")
	}
}

func TestReadOnlyStopsWhereItCannotNameARole(t *testing.T) {
	c := newCheckout(t)
	c.standIn("pulumi", `case "$*" in *"config get"*) echo orders ;; esac`)
	output, code := c.run("read-only", "dev")
	require.Equal(t, 1, code, "the stacks would be previewed under the deploying role")
	require.Contains(t, output, `portico:aws.accountId is "orders": write the number`)
	require.NotContains(t, strings.Join(c.calls(), "\n"), "config set")
}

func TestPreviewOfTheStacksIsSummarized(t *testing.T) {
	c := newCheckout(t)
	c.standIn("bin/portico", "echo 'STACK OUTCOME'\necho 'dev failed'\nexit 1")
	output, code := c.run("preview-stacks", "dev")
	require.Equal(t, 1, code)
	require.Equal(t, "STACK OUTCOME\ndev failed\n", output)
	require.Equal(t, []string{"portico preview --env dev"}, c.calls())
	require.Equal(t, "### Stacks of dev\n\n    STACK OUTCOME\n    dev failed\n", c.read("GITHUB_STEP_SUMMARY"))
}

func TestDriftAsksEveryStack(t *testing.T) {
	const flags = " --refresh --expect-no-changes --diff --non-interactive --color never"
	questions := []string{
		"pulumi -C . preview --stack dev" + flags,
		"pulumi -C accounts/provider preview --stack dev-orders" + flags,
	}
	for name, test := range map[string]struct {
		// says is what pulumi prints of the shared stack before it fails.
		says, warning, report string
	}{
		"no drift": {},
		"one stack drifted, and the others are asked all the same": {
			"~ vpc\n```\nerror: no changes were expected for preview but changes were proposed",
			"::warning title=Drift of dev::the accounts differ from the program\n",
			"- Stack dev: the accounts differ from the program\n",
		},
		"a failure is not taken for drift": {
			"error: no credentials",
			"::warning title=Drift of dev::not known whether the accounts differ from the program\n",
			"- Stack dev: not known whether the accounts differ from the program\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t)
			c.write("says", test.says, 0o644)
			c.standIn("pulumi", `case "$*" in *"-C . "*) [ ! -s says ] || { cat says; exit 255; } ;; esac`)
			output, code := c.run("drift", "dev", "drift.md")
			require.Equal(t, test.says != "", code == 1, output)
			require.Equal(t, questions, c.calls())
			require.Contains(t, output, test.warning)
			require.Contains(t, output, "dev-orders: no difference\n")
			require.Equal(t, test.report, c.read("drift.md"))
		})
	}
}

// The differences hold resource policies of the APIs' owners, and an issue is read
// by more people than a run's log.
func TestDriftKeepsTheDifferencesOutOfTheIssueUnlessAsked(t *testing.T) {
	for details, want := range map[string]string{
		"false": "- Stack dev: not known whether the accounts differ from the program\n",
		"true":  "- Stack dev: not known whether the accounts differ from the program\n\n      ~ policy: owner\n      ```\n\n",
	} {
		c := newCheckout(t)
		c.env["DETAILS"] = details
		c.standIn("pulumi", `case "$*" in *"-C . "*) printf '~ policy: owner\n`+"```"+`\n'; exit 255 ;; esac`)
		output, code := c.run("drift", "dev", "drift.md")
		require.Equal(t, 1, code)
		require.Contains(t, output, "~ policy: owner", "the log has the differences")
		require.Equal(t, want, c.read("drift.md"))
	}
}

// The Pulumi CLI that make setup builds lies in bin/, which no runner has on its
// PATH.
func TestScriptsFindThePulumiCLIThatIsBuilt(t *testing.T) {
	for _, script := range []string{"drift", "read-only"} {
		c := newCheckout(t)
		c.env["PATH"] = "/usr/bin:/bin"
		c.standIn("bin/pulumi", `case "$*" in *accountId) echo 111111111111 ;; *\[0\]) exit 1 ;; esac`)
		output, code := c.run(script, "dev", "drift.md")
		require.Zero(t, code, "%s: %s", script, output)
		require.NotEmpty(t, c.calls(), script)
	}
}

func TestDriftHasOneIssueForAnEnvironment(t *testing.T) {
	const list = "gh issue list --state open --limit 1000 --json number,title"
	for name, test := range map[string]struct {
		open, drift string
		want        string
	}{
		"drift, and no issue":    {`[{"number":3,"title":"Drift of environment dev-eu"}]`, "x\n", "gh issue create --title Drift of environment dev --body-file "},
		"drift, and an issue":    {`[{"number":3,"title":"Drift of environment dev"}]`, "x\n", "gh issue edit 3 --body-file "},
		"no drift, and an issue": {`[{"number":3,"title":"Drift of environment dev"}]`, "", "gh issue close 3 --comment No difference any more: https://github.com/example/portico/actions/runs/42"},
		"neither":                {`[]`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t)
			c.write("issues.json", test.open, 0o644)
			c.write("drift.md", test.drift, 0o644)
			c.standIn("gh", `case "$*" in
*"issue list"*) cat issues.json ;;
*--body-file*) cp "${!#}" body.md ;;
esac`)
			output, code := c.run("drift-issue", "dev", "drift.md")
			require.Zero(t, code, output)
			calls := c.calls()
			require.Equal(t, list, calls[0])
			if test.want == "" {
				require.Len(t, calls, 1)
				return
			}
			require.Len(t, calls, 2)
			require.True(t, strings.HasPrefix(calls[1], test.want), calls[1])
			if test.drift != "" {
				require.Equal(t, "Found by https://github.com/example/portico/actions/runs/42, which has all of it.\n\nx\n", c.read("body.md"))
			}
		})
	}
}

func TestALostCheckClosesNoIssue(t *testing.T) {
	c := newCheckout(t)
	c.standIn("gh", `echo '[{"number":3,"title":"Drift of environment dev"}]'`)
	output, code := c.run("drift-issue", "dev", "drift.md")
	require.Zero(t, code)
	require.Contains(t, output, "nothing is known")
	require.Len(t, c.calls(), 1)
}
