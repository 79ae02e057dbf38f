package workflows

import (
	"os"
	"path/filepath"
	"regexp"
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
	"preview.yml review":   {"contents": "read"},
	"preview.yml comment":  {"contents": "read", "pull-requests": "write"},
	"preview.yml rehearse": {"contents": "read"},
	"preview.yml stacks":   {"contents": "read", "id-token": "write"},
	"deploy.yml dev":       {"contents": "read", "id-token": "write"},
	"deploy.yml prod":      {"contents": "read", "id-token": "write"},
	"up.yml up":            {"contents": "read", "id-token": "write"},
	"drift.yml drift":      {"contents": "read", "id-token": "write", "issues": "write"},
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
	action = regexp.MustCompile(`^[a-z-]+/[a-z-]+@v[0-9]+(\.[0-9]+)*$`)
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
					require.True(t, action.MatchString(s.Uses) || local.MatchString(s.Uses), "%s: %s is not pinned to a version", where, s.Uses)
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
	delete(scripts, "stacks")
	files, err := os.ReadDir(root + "/.github/scripts")
	require.NoError(t, err)
	for _, f := range files {
		if f.Name() != "stacks" { // other scripts run it
			require.True(t, scripts[f.Name()], "no workflow runs .github/scripts/%s", f.Name())
		}
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

// The job that may write comments runs the base's scripts, not the pull
// request's.
func TestTheWritingJobRunsNothingOfThePullRequest(t *testing.T) {
	j := workflows(t)["preview.yml"].Jobs["comment"]
	require.Equal(t, "actions/checkout@v4", j.Steps[0].Uses)
	require.Equal(t, "${{ github.event.pull_request.base.sha }}", j.Steps[0].With["ref"])
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
