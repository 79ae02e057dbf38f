package workflows

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// workflow is a file of .github/workflows, as far as the rules below read it.
type workflow struct {
	On          yaml.Node         `yaml:"on"`
	Permissions map[string]string `yaml:"permissions"`
	Jobs        map[string]job    `yaml:"jobs"`
}

type job struct {
	If          string            `yaml:"if"`
	Uses        string            `yaml:"uses"`
	Permissions map[string]string `yaml:"permissions"`
	Environment string            `yaml:"environment"`
	Secrets     string            `yaml:"secrets"`
	Timeout     int               `yaml:"timeout-minutes"`
	Concurrency struct {
		Group  string `yaml:"group"`
		Cancel *bool  `yaml:"cancel-in-progress"`
	} `yaml:"concurrency"`
	Strategy struct {
		Matrix struct {
			Environment []string
			Include     []struct{ Environment, Mapping string }
		} `yaml:"matrix"`
	} `yaml:"strategy"`
	Steps []step `yaml:"steps"`
}

type step struct {
	If   string            `yaml:"if"`
	Uses string            `yaml:"uses"`
	Run  string            `yaml:"run"`
	With map[string]string `yaml:"with"`
	Env  map[string]string `yaml:"env"`
}

func workflows(t *testing.T) map[string]workflow {
	t.Helper()
	files, err := filepath.Glob(root + "/.github/workflows/*.yml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	all := map[string]workflow{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		var w workflow
		require.NoError(t, yaml.Unmarshal(data, &w), file)
		all[filepath.Base(file)] = w
	}
	return all
}

// permitted is everything that a job may hold; whatever is not here is too much.
var permitted = map[string]map[string]string{
	"ci.yml check":         {"contents": "read"},
	"ci.yml slow":          {"contents": "read"},
	"review.yml review":    {"contents": "read"},
	"review.yml comment":   {"contents": "read", "pull-requests": "write"},
	"preview.yml rehearse": {"contents": "read"},
	"preview.yml stacks":   {"actions": "read", "contents": "read", "id-token": "write"},
	"deploy.yml dev":       {"actions": "read", "contents": "read", "id-token": "write"},
	"deploy.yml prod":      {"actions": "read", "contents": "read", "id-token": "write"},
	"up.yml up":            {"actions": "read", "contents": "read", "id-token": "write"},
	"release.yml release":  {"actions": "read", "attestations": "write", "contents": "write", "id-token": "write", "packages": "write"},
	"drift.yml drift":      {"actions": "read", "contents": "read", "id-token": "write", "issues": "write"},
}

func TestEveryJobHasTheLeastPermissions(t *testing.T) {
	seen := map[string]map[string]string{}
	for file, w := range workflows(t) {
		require.NotNil(t, w.Permissions, "%s: without permissions a job gets the repository's default", file)
		for name, j := range w.Jobs {
			permissions := j.Permissions
			if permissions == nil {
				permissions = w.Permissions
			}
			seen[file+" "+name] = permissions
		}
	}
	require.Equal(t, permitted, seen)
}

var (
	// action is pinned to a commit: a tag can be moved to other code.
	action = regexp.MustCompile(`^[a-z-]+/[a-z-]+(/[a-z-]+)?@[0-9a-f]{40}$`)
	local  = regexp.MustCompile(`^\./\.github/(actions/[a-z]+|workflows/[a-z]+\.yml)$`)
	// command is a step's line: a make target, a script, or bin/portico.
	command = regexp.MustCompile(`^(make [a-z]|\.github/scripts/([a-z-]+)\b|bin/portico [a-z])`)
)

func TestStepsAreActionsScriptsAndMakeTargets(t *testing.T) {
	scripts := map[string]bool{}
	for file, w := range workflows(t) {
		for name, j := range w.Jobs {
			for _, s := range append(j.Steps, step{Uses: j.Uses}) {
				where := file + " " + name
				if s.Uses != "" {
					require.True(t, action.MatchString(s.Uses) || local.MatchString(s.Uses), "%s: %s is not pinned to a commit", where, s.Uses)
				}
				for line := range strings.Lines(s.Run) {
					m := command.FindStringSubmatch(line)
					require.NotNil(t, m, "%s: %q: put it into a script, which a test can run", where, line)
					require.NotContains(t, line, "${{", "%s: a value in a command line is code: pass it by env", where)
					if m[2] != "" {
						scripts[m[2]] = true
						info, err := os.Stat(filepath.Join(root, ".github/scripts", m[2]))
						require.NoError(t, err)
						require.NotZero(t, info.Mode()&0o111, "%s can't be run", m[2])
					}
				}
			}
		}
	}
	// Other scripts run stacks, an administrator runs protect, and action.yml its own.
	scripts["stacks"], scripts["protect"], scripts["action"] = true, true, true
	files, err := os.ReadDir(root + "/.github/scripts")
	require.NoError(t, err)
	for _, f := range files {
		require.True(t, scripts[f.Name()], "no workflow runs .github/scripts/%s", f.Name())
	}
}

func TestPullRequestsOfForksGetNoSecrets(t *testing.T) {
	const own = "github.event.pull_request.head.repo.full_name == github.repository"
	for file, w := range workflows(t) {
		events := map[string]bool{}
		var list map[string]yaml.Node
		require.NoError(t, w.On.Decode(&list), file)
		for event := range list {
			events[event] = true
		}
		require.False(t, events["pull_request_target"], "%s: it runs with secrets whatever a fork sends", file)
		if !events["pull_request"] {
			continue
		}
		for name, j := range w.Jobs {
			secret := j.Permissions["id-token"] == "write"
			for _, access := range j.Permissions {
				secret = secret || access == "write"
			}
			for _, s := range j.Steps {
				for _, value := range s.Env {
					secret = secret || strings.Contains(value, "secrets.") || strings.Contains(value, "github.token")
				}
			}
			if secret {
				require.Contains(t, j.If, own, "%s %s", file, name)
			}
		}
	}
}

// Jobs that enter AWS or see secrets belong to a GitHub environment, whose
// protection rules hold for the role too: its trust policy names the environment.
// One that no reviewer approves runs on main alone.
func TestEveryJobWithCredentialsIsOfAProtectedEnvironment(t *testing.T) {
	const onMain = "github.ref == 'refs/heads/main'"
	guards := map[string]struct{ environment, guard string }{
		"up.yml up":           {"${{ inputs.environment }}", `.github/scripts/guarded "$ENVIRONMENT" main`},
		"drift.yml drift":     {"${{ matrix.environment }}-drift", `.github/scripts/guarded "$ENVIRONMENT-drift" main`},
		"preview.yml stacks":  {"${{ matrix.environment }}-read", `.github/scripts/guarded "$ENVIRONMENT-read" reviewers`},
		"release.yml release": {"release", ".github/scripts/guarded release reviewers"},
	}
	seen := map[string]bool{}
	for file, w := range workflows(t) {
		for name, j := range w.Jobs {
			where := file + " " + name
			if j.Uses != "" {
				if j.Secrets != "" || j.Permissions["id-token"] == "write" {
					require.Contains(t, j.If, onMain, where)
				}
				continue
			}
			secrets := -1
			for i, s := range j.Steps {
				for _, value := range s.Env {
					if strings.Contains(value, "secrets.") && secrets < 0 {
						secrets = i
					}
				}
				if strings.HasPrefix(s.Uses, "aws-actions/") && secrets < 0 {
					secrets = i
				}
			}
			if secrets < 0 {
				secrets = slices.IndexFunc(j.Steps, func(s step) bool { return strings.HasPrefix(s.Uses, "docker/login-action@") })
			}
			if secrets < 0 && j.Permissions["id-token"] != "write" {
				continue
			}
			seen[where] = true
			require.Contains(t, guards, where)
			require.Equal(t, guards[where].environment, j.Environment, where)
			guarded := slices.IndexFunc(j.Steps, func(s step) bool { return strings.TrimSpace(s.Run) == guards[where].guard })
			require.GreaterOrEqual(t, guarded, 0, "%s: nothing checks that the environment is protected", where)
			require.Less(t, guarded, secrets, "%s: the check comes after the credentials", where)
			if strings.HasSuffix(guards[where].guard, " main") {
				require.Contains(t, j.If, onMain, where)
			}
		}
	}
	require.Len(t, seen, len(guards))
}

// Who may change what deploys is for owners to approve: a pattern of CODEOWNERS
// covers each of these, the file itself among them.
func TestOwnersApproveWhatDecidesOnDeployments(t *testing.T) {
	data, err := os.ReadFile(root + "/.github/CODEOWNERS")
	require.NoError(t, err)
	owners := map[string][]string{}
	for line := range strings.Lines(string(data)) {
		if fields := strings.Fields(line); len(fields) > 0 && !strings.HasPrefix(fields[0], "#") {
			require.Greater(t, len(fields), 1, "%s has no owner: GitHub takes that for no one", fields[0])
			owners[fields[0]] = fields[1:]
		}
	}
	covered := func(file string) bool {
		for pattern := range owners {
			if dir := strings.TrimSuffix(pattern, "/"); dir != pattern && strings.HasPrefix(file, dir+"/") {
				return true
			}
			if matched, err := filepath.Match(pattern, file); err == nil && matched {
				return true
			}
		}
		return false
	}
	for _, pattern := range []string{"/.github/*", "/.github/*/*", "/.github/*/*/*", "/docs/iam/*", "/.goreleaser.yaml", "/action.yml", "/Pulumi*.yaml", "/accounts/provider/Pulumi*.yaml"} {
		files, err := filepath.Glob(root + pattern)
		require.NoError(t, err)
		require.NotEmpty(t, files, pattern)
		for _, file := range files {
			if info, err := os.Stat(file); err == nil && !info.IsDir() {
				require.True(t, covered(strings.TrimPrefix(file, root)), "%s: no pattern of CODEOWNERS covers it", file)
			}
		}
	}
	// Pulumi reads Pulumi.json before Pulumi.yaml, and it can name another directory
	// of settings files.
	for _, dir := range []string{"/", "/accounts/provider/"} {
		for _, name := range []string{"Pulumi.json", "Pulumi.yml", "Pulumi.dev.json", "Pulumi.dev.yml"} {
			require.True(t, covered(dir+name), "%s: a new file would decide without an owner's approval", dir+name)
		}
	}
	require.False(t, covered("/docs/mapping.md"), "the test's own patterns cover everything")
}

func TestCredentialsAreAskedForOnlyWhereConfigured(t *testing.T) {
	for file, w := range workflows(t) {
		for name, j := range w.Jobs {
			for _, s := range j.Steps {
				if strings.HasPrefix(s.Uses, "aws-actions/") {
					require.Equal(t, "steps.configured.outputs.ready == 'true'", s.If, "%s %s", file, name)
				}
				if strings.HasPrefix(s.Uses, "actions/checkout@") {
					require.Equal(t, "false", s.With["persist-credentials"], "%s %s", file, name)
				}
			}
			if j.Uses == "" {
				require.Positive(t, j.Timeout, "%s %s: a job that hangs takes six hours", file, name)
			}
		}
	}
}

func TestDeploymentsWaitForEachOtherAndForApproval(t *testing.T) {
	all := workflows(t)
	up := all["up.yml"].Jobs["up"]
	require.Equal(t, "${{ inputs.environment }}", up.Environment, "the environment's reviewers approve")
	require.Equal(t, "up-${{ inputs.environment }}", up.Concurrency.Group)
	require.NotNil(t, up.Concurrency.Cancel)
	require.False(t, *up.Concurrency.Cancel, "a deployment that is cut off leaves half of it")
	for _, name := range []string{"dev", "prod"} {
		require.Equal(t, "./.github/workflows/up.yml", all["deploy.yml"].Jobs[name].Uses)
	}
}

func TestWorkflowsKnowTheEnvironments(t *testing.T) {
	files, err := filepath.Glob(root + "/Pulumi.*.yaml")
	require.NoError(t, err)
	mappings := map[string]string{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		var settings struct {
			Config struct {
				Mapping string `yaml:"portico:mapping"`
			}
		}
		require.NoError(t, yaml.Unmarshal(data, &settings))
		mappings[strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml")] = settings.Config.Mapping
	}
	all := workflows(t)
	for file, w := range all {
		for name, j := range w.Jobs {
			matrix := j.Strategy.Matrix
			if len(matrix.Include) > 0 {
				included := map[string]string{}
				for _, i := range matrix.Include {
					included[i.Environment] = i.Mapping
				}
				require.Equal(t, mappings, included, "%s %s", file, name)
			}
			if len(matrix.Environment) > 0 {
				require.Len(t, matrix.Environment, len(mappings), "%s %s", file, name)
				for _, environment := range matrix.Environment {
					require.Contains(t, mappings, environment, "%s %s", file, name)
				}
			}
		}
	}
	require.Len(t, all["deploy.yml"].Jobs, len(mappings), "every environment is deployed")
}
