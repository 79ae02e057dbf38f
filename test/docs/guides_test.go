package docs

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/rehearsal"
	"github.com/portico-iac/portico/internal/rehearsal/rehearsaltest"
	"github.com/portico-iac/portico/test/built"
)

// The accounts and APIs of the guides.
const (
	sharedAccount   = "111111111111"
	ordersAccount   = "222222222222"
	paymentsAccount = "333333333333"
	authority       = "arn:aws:acm-pca:us-east-1:111111111111:certificate-authority/0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f"
)

// step is a fenced block of a guide.
type step struct {
	// file is what a block of YAML says in its first line that it is the content of; empty
	// for commands.
	file, text string
}

// guide is a page and what has to be there before its first step.
type guide struct {
	page string
	// section is the heading with which the steps begin, and to the one before which they
	// end; empty: the page's beginning and end.
	section, to string
	// begin lays out what the reader has already; nil: an empty directory.
	begin func(t *testing.T, g *guideRun)
	// slow says that the guide is gone through with PORTICO_SLOW=1 alone.
	slow bool
	// offline is how many commands run before there are accounts: the page makes the
	// mapping by them.
	offline int
	// mapping is the file whose APIs the accounts have; empty: mapping.dev.yaml.
	mapping string
	// setup adds to what is in the accounts.
	setup func(setup *awssim.Setup)
	// end looks at what the page has brought about; nil: the commands' success is enough.
	end func(t *testing.T, g *guideRun)
}

// guideRun is a guide's directory and what its commands get.
type guideRun struct {
	t       *testing.T
	dir     string
	env     string // what the shell reads first; empty: there are no accounts yet
	outputs strings.Builder
	// deployed says that the environment is up before the first step.
	deployed bool
}

// TestTheGuidesCommandsRun runs the sh blocks of each guide one after another, in a
// directory of its own, on simulated accounts, and writes the files whose content the YAML
// blocks are.
func TestTheGuidesCommandsRun(t *testing.T) {
	command, err := automation.FindCommand(filepath.Join(root, "bin"))
	if err != nil {
		t.Skipf("no Pulumi CLI: %v", err)
	}
	portico := built.Portico(t)
	for _, g := range guides() {
		t.Run(strings.TrimSpace(g.page+" "+g.section), func(t *testing.T) {
			if g.slow && os.Getenv("PORTICO_SLOW") == "" {
				t.Skip("it takes a minute: PORTICO_SLOW=1 runs it")
			}
			t.Parallel()
			run := &guideRun{t: t, dir: t.TempDir()}
			require.NoError(t, os.MkdirAll(filepath.Join(run.dir, "bin"), 0o755))
			require.NoError(t, os.Symlink(portico, filepath.Join(run.dir, "bin", "portico")))
			if g.begin != nil {
				g.begin(t, run)
			}
			for _, s := range stepsOf(t, g) {
				if s.file != "" {
					run.write(s.file, s.text)
					continue
				}
				if run.env == "" && g.offline == 0 {
					run.simulate(g, command)
					if run.deployed {
						run.shell("portico up --env dev")
					}
				}
				g.offline--
				run.shell(s.text)
			}
			if g.end != nil {
				g.end(t, run)
			}
		})
	}
}

// simulate serves accounts with what the guides' mappings lead to.
func (g *guideRun) simulate(of guide, command auto.PulumiCommand) {
	g.t.Helper()
	setup := guideSetup()
	if of.setup != nil {
		of.setup(setup)
	}
	data, err := json.Marshal(setup)
	require.NoError(g.t, err)
	file := filepath.Join(g.t.TempDir(), "setup.json")
	require.NoError(g.t, os.WriteFile(file, data, 0o600))
	g.env = filepath.Join(g.t.TempDir(), "env")
	name := of.mapping
	if name == "" {
		name = "mapping.dev.yaml"
	}
	rehearsaltest.Simulate(g.t, rehearsal.SimulateOptions{
		Mapping: filepath.Join(g.dir, name), Setup: file, Project: g.dir, EnvFile: g.env, Command: command,
	})
}

// shell runs commands as a reader does, in the guide's directory.
func (g *guideRun) shell(commands string) {
	g.t.Helper()
	begin := time.Now()
	if g.env != "" {
		commands = ". " + g.env + "\n" + commands
	}
	pulumi, err := filepath.Abs(filepath.Join(root, "bin"))
	require.NoError(g.t, err)
	cmd := exec.Command("sh", "-euc", commands)
	cmd.Dir = g.dir
	cmd.Env = append(os.Environ(), "PATH="+filepath.Join(g.dir, "bin")+":"+pulumi+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	g.outputs.Write(out)
	require.NoError(g.t, err, "%s\n%s", commands, out)
	g.t.Logf("%.1f s: %s", time.Since(begin).Seconds(), strings.ReplaceAll(strings.TrimSpace(commands), "\n", "; "))
}

// write writes a file; of settings it replaces the keys that the text has and leaves the
// others.
func (g *guideRun) write(name, text string) {
	g.t.Helper()
	file := filepath.Join(g.dir, filepath.FromSlash(name))
	if before, err := os.ReadFile(file); err == nil && strings.HasPrefix(filepath.Base(name), "Pulumi.") {
		var settings, more struct {
			Config map[string]any `yaml:"config"`
			Others map[string]any `yaml:",inline"`
		}
		require.NoError(g.t, yaml.Unmarshal(before, &settings))
		require.NoError(g.t, yaml.Unmarshal([]byte(text), &more))
		require.NotEmpty(g.t, more.Config, "%s:\n%s", name, text)
		maps.Copy(settings.Config, more.Config)
		data, err := yaml.Marshal(settings)
		require.NoError(g.t, err)
		text = string(data)
	}
	require.NoError(g.t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(g.t, os.WriteFile(file, []byte(text), 0o600))
}

// stepsOf are a guide's sh blocks, and its YAML blocks that begin with a file's name.
func stepsOf(t *testing.T, g guide) []step {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, g.page))
	require.NoError(t, err)
	text := string(data)
	if g.section != "" {
		var found bool
		_, text, found = strings.Cut(text, "\n## "+g.section+"\n")
		require.True(t, found, "%s has no section %s", g.page, g.section)
		text, _, _ = strings.Cut(text, "\n## ")
	} else if g.to != "" {
		text, _, _ = strings.Cut(text, "\n## "+g.to+"\n")
	}
	var steps []step
	kind, indent, block := "", "", ""
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		switch {
		case kind == "" && (trimmed == "```sh" || trimmed == "```yaml"):
			kind, block, indent = trimmed[3:], "", line[:strings.Index(line, "`")]
		case kind == "" && strings.HasPrefix(trimmed, "```"):
			kind = "other"
		case trimmed == "```":
			if first, rest, _ := strings.Cut(block, "\n"); kind == "yaml" && strings.HasPrefix(first, "# ") {
				steps = append(steps, step{file: strings.TrimPrefix(first, "# "), text: rest})
			} else if kind == "sh" {
				steps = append(steps, step{text: block})
			}
			kind = ""
		case kind != "":
			block += strings.TrimPrefix(line, indent)
		}
	}
	require.NotEmpty(t, steps, g.page)
	return steps
}

// TestEveryShellBlockOfTheDocumentsIsRun: a page's sh blocks are run by a test of this
// package, or they are shown as console.
func TestEveryShellBlockOfTheDocumentsIsRun(t *testing.T) {
	run := append([]string{"docs/operations.md"}, commandPages...)
	for _, g := range guides() {
		run = append(run, g.page)
	}
	for _, document := range documents(t) {
		if len(shellBlocks(t, document)) > 0 {
			require.True(t, slices.Contains(run, filepath.ToSlash(document)), "no test runs the sh blocks of %s", document)
		}
	}
}

// guides are the pages that TestTheGuidesCommandsRun goes through.
func guides() []guide {
	return []guide{
		{page: "docs/first-api.md", offline: 2, end: func(t *testing.T, g *guideRun) {
			require.Contains(t, g.outputs.String(), "aws apigateway create-deployment --region us-east-1 --rest-api-id a1b2c3d4e5 --stage-name prod")
		}},
		{page: "docs/second-account.md", begin: firstAPI, end: func(t *testing.T, g *guideRun) {
			g.shell("pulumi -C accounts/provider stack export -s dev-payments")
			require.Contains(t, g.outputs.String(), "b2c3d4e5f6")
		}},
		{page: "docs/private-ca.md", slow: true, begin: func(t *testing.T, g *guideRun) {
			firstAPI(t, g)
			g.shell(ownAuthority)
		}, setup: func(setup *awssim.Setup) {
			setup.CertificateAuthorities = []awssim.CertificateAuthority{{ARN: authority}}
		}},
		{page: "docs/several-vpcs.md", slow: true, begin: firstAPI, setup: otherVPCs, end: func(t *testing.T, g *guideRun) {
			require.Contains(t, g.outputs.String(), "aws route53 associate-vpc-with-hosted-zone --hosted-zone-id ")
			require.Contains(t, g.outputs.String(), "VPCId=vpc-0bbbbbbbbbbbbbbb2")
		}},
		{page: "docs/disaster-recovery.md", to: "The region is lost", slow: true, begin: func(t *testing.T, g *guideRun) {
			firstAPI(t, g)
			g.deployed = true
		}},
		{page: "docs/disaster-recovery.md", section: "The region is lost", slow: true, offline: 1, mapping: "mapping.west.yaml"},
		{page: "docs/own-stack.md", begin: firstAPI, setup: ownStack, end: func(t *testing.T, g *guideRun) {
			said := g.outputs.String()
			require.Contains(t, said, "hand it to the stack with pulumi import", "the update made the record anew")
			require.Contains(t, said, "the record is yours still")
			g.shell("pulumi stack export -s dev >after.json")
			state, err := os.ReadFile(filepath.Join(g.dir, "after.json"))
			require.NoError(t, err)
			require.Contains(t, string(state), "Z0PRIVATE_orders.private.example.com_A", "the record is the one that was there")
			require.NotContains(t, string(state), "10.7.0.9", "the record leads to the old load balancer still")
		}},
	}
}

// ownAuthority makes a root certificate, and one of it for the guides' hosts.
const ownAuthority = `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj /CN=root -keyout root.key -out chain.pem
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=hosts -keyout key.pem -out request.pem
echo 'subjectAltName=DNS:*.private.example.com' >extensions
openssl x509 -req -in request.pem -CA chain.pem -CAkey root.key -CAcreateserial -days 90 -extfile extensions -out certificate.pem`

// firstAPI is what the reader of docs/first-api.md has made.
func firstAPI(_ *testing.T, g *guideRun) {
	g.shell("portico init --shared-account " + sharedAccount + " --account orders=" + ordersAccount +
		" --host orders.private.example.com --api https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod")
	for _, s := range stepsOf(g.t, guide{page: "docs/first-api.md"}) {
		if s.file != "" {
			g.write(s.file, s.text)
		}
	}
}

// guideSetup is the accounts of the guides: their APIs, and the public zone in which
// certificates are validated.
func guideSetup() *awssim.Setup {
	api := func(account, region, id, name string) awssim.RESTAPI {
		return awssim.RESTAPI{Account: account, Region: region, ID: id, Name: name, Policy: json.RawMessage(`{"Version":"2012-10-17","Statement":[
			{"Sid":"Owner","Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-0000000000000owne"}}}]}`),
			Stages: []string{"prod"}}
	}
	return &awssim.Setup{
		Home:        awssim.Identity{Account: sharedAccount, Principal: "arn:aws:iam::" + sharedAccount + ":user/deployer"},
		Accounts:    accountsWithRoles(sharedAccount, ordersAccount, paymentsAccount),
		HostedZones: []awssim.HostedZone{{Account: sharedAccount, ID: "Z0PUBLIC", Name: "example.com"}},
		RESTAPIs: []awssim.RESTAPI{
			api(ordersAccount, "us-east-1", "a1b2c3d4e5", "orders"), api(ordersAccount, "us-west-2", "f6e5d4c3b2", "orders"),
			api(paymentsAccount, "us-east-1", "b2c3d4e5f6", "payments"),
		},
	}
}

// accountsWithRoles are accounts with the deploying roles of the guides.
func accountsWithRoles(ids ...string) (accounts []awssim.Account) {
	for _, id := range ids {
		accounts = append(accounts, awssim.Account{ID: id, Roles: []awssim.Role{{Name: "portico-dev", Trusts: []string{sharedAccount}}}})
	}
	return accounts
}

func existing(account, token, id string, properties awssim.Object) awssim.Existing {
	return awssim.Existing{Account: account, Region: "us-east-1", Type: token, ID: id, Properties: properties}
}

// otherVPCs are those of docs/several-vpcs.md, of accounts that let Portico in and don't.
func otherVPCs(setup *awssim.Setup) {
	setup.Accounts = append(setup.Accounts, awssim.Account{ID: "444444444444", Roles: []awssim.Role{{Name: "portico-dns", Trusts: []string{sharedAccount}}}}, awssim.Account{ID: "555555555555"})
	setup.Existing = append(setup.Existing,
		existing("444444444444", "aws:ec2/vpc:Vpc", "vpc-0aaaaaaaaaaaaaaa1", awssim.Object{"cidrBlock": "10.80.0.0/16"}),
		existing("555555555555", "aws:ec2/vpc:Vpc", "vpc-0bbbbbbbbbbbbbbb2", awssim.Object{"cidrBlock": "10.81.0.0/16"}))
}

// ownStack is a stack made by other tools: a VPC, a load balancer, and a zone whose record
// leads to it.
func ownStack(setup *awssim.Setup) {
	const vpc = "vpc-0a1b2c3d4e5f60718"
	add := func(token, id string, properties awssim.Object) {
		setup.Existing = append(setup.Existing, existing(sharedAccount, token, id, properties))
	}
	add("aws:ec2/vpc:Vpc", vpc, awssim.Object{"cidrBlock": "10.7.0.0/16", "enableDnsSupport": true, "enableDnsHostnames": true})
	for i, id := range []string{"subnet-0a1b2c3d4e5f60711", "subnet-0a1b2c3d4e5f60712"} {
		add("aws:ec2/subnet:Subnet", id, awssim.Object{"vpcId": vpc, "cidrBlock": []string{"10.7.0.0/24", "10.7.1.0/24"}[i], "availabilityZone": []string{"us-east-1a", "us-east-1b"}[i]})
	}
	add("aws:route53/zone:Zone", "Z0PRIVATE", awssim.Object{"name": "private.example.com", "vpcs": []any{map[string]any{"vpcId": vpc, "vpcRegion": "us-east-1"}}})
	add("aws:route53/record:Record", "Z0PRIVATE_orders.private.example.com_A", awssim.Object{
		"zoneId": "Z0PRIVATE", "name": "orders.private.example.com", "type": "A", "ttl": 60.0, "records": []any{"10.7.0.9"}})
}
