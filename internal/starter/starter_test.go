package starter_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/portico-iac/portico/internal/newfiles"
	"github.com/portico-iac/portico/internal/starter"
	"github.com/portico-iac/portico/mapping"
)

// files are those of an environment of one row.
func files(t *testing.T, environment, version string) map[string]newfiles.File {
	t.Helper()
	text, err := starter.FirstRow(environment, "orders.private.example.com/v1", "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod",
		mapping.Account{Name: "orders", ID: "222222222222"})
	require.NoError(t, err)
	rows, err := mapping.Parse("mapping", text)
	require.NoError(t, err, string(text))
	all, err := starter.Files(starter.Start{Environment: environment, SharedAccount: "111111111111", Mapping: text, Rows: rows, Version: version})
	require.NoError(t, err)
	byName := map[string]newfiles.File{}
	for _, f := range all {
		byName[f.Name] = f
	}
	return byName
}

// The programs run the same functions as the project's own.
func TestTheProgramsAreTheProjects(t *testing.T) {
	all := files(t, "dev", "")
	for _, name := range []string{"main.go", "accounts/provider/main.go"} {
		ours, err := os.ReadFile(filepath.Join("../..", name))
		require.NoError(t, err)
		require.Equal(t, code(t, ours), code(t, all[name].Data), name)
	}
}

// code is a program's imports, and the function and argument of main's only call.
func code(t *testing.T, source []byte) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "main.go", source, parser.SkipObjectResolution)
	require.NoError(t, err)
	var found []string
	for _, imported := range file.Imports {
		found = append(found, imported.Path.Value)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if name, ok := n.(*ast.SelectorExpr); ok {
			found = append(found, name.X.(*ast.Ident).Name+"."+name.Sel.Name)
		}
		return true
	})
	return found
}

func TestTheModuleNamesTheRelease(t *testing.T) {
	require.Contains(t, string(files(t, "dev", "v0.1.0")["go.mod"].Data), "require github.com/portico-iac/portico v0.1.0\n")
	require.NotContains(t, string(files(t, "dev", "")["go.mod"].Data), "require", "go mod tidy finds the latest release")
}

// A second environment leaves the files alone that both have.
func TestEnvironmentsShareTheProjects(t *testing.T) {
	dev, prod := files(t, "dev", ""), files(t, "prod", "")
	for name, f := range dev {
		_, both := prod[name]
		require.Equal(t, both, f.Keep, name)
	}
}

func TestTheWorkflowGivesNothingToPullRequests(t *testing.T) {
	var w struct {
		Permissions map[string]string
		Jobs        map[string]struct {
			If, Environment string
			Permissions     map[string]string
			Steps           []struct {
				Uses, Run string
				Env       map[string]string
			}
		}
	}
	text := files(t, "prod", "v0.1.0")[".github/workflows/portico-prod.yml"].Data
	require.NoError(t, yaml.Unmarshal(text, &w), string(text))
	require.NotNil(t, w.Permissions)
	require.Empty(t, w.Permissions)
	require.Len(t, w.Jobs, 2)

	review, deploy := w.Jobs["review"], w.Jobs["deploy"]
	require.Equal(t, "github.event_name == 'pull_request'", review.If)
	require.Equal(t, map[string]string{"contents": "read"}, review.Permissions)
	require.Empty(t, review.Environment)
	require.Equal(t, "github.event_name == 'push' && github.ref == 'refs/heads/main'", deploy.If)
	require.Equal(t, "prod", deploy.Environment)

	pinned := regexp.MustCompile(`^[a-z-]+/[a-z-]+@[0-9a-f]{40}$`)
	for name, job := range w.Jobs {
		for _, step := range job.Steps {
			require.True(t, step.Uses == "" || pinned.MatchString(step.Uses), step.Uses)
			require.NotContains(t, step.Run, "${{", "a value in a command line is code: pass it by env")
			for _, value := range step.Env {
				require.False(t, name == "review" && strings.Contains(value, "secrets."), value)
			}
			if strings.HasPrefix(step.Run, "go install") {
				require.True(t, strings.HasSuffix(step.Run, "/cmd/portico@v0.1.0"), step.Run)
			}
		}
	}
}

// The deployment looks at its GitHub environment before it asks for credentials,
// and stops unless main alone may use it.
func TestTheWorkflowDeploysFromAnEnvironmentOfMainAlone(t *testing.T) {
	const (
		limited = `{"deployment_branch_policy": {"protected_branches": false, "custom_branch_policies": true}}`
		onMain  = `{"branch_policies": [{"name": "main", "type": "branch"}]}`
	)
	var w struct {
		Jobs map[string]struct {
			Steps []struct{ Uses, Run string }
		}
	}
	require.NoError(t, yaml.Unmarshal(files(t, "prod", "")[".github/workflows/portico-prod.yml"].Data, &w))
	check := ""
	for _, step := range w.Jobs["deploy"].Steps {
		if strings.HasPrefix(step.Uses, "aws-actions/") {
			break
		}
		if strings.Contains(step.Run, "deployment-branch-policies") {
			check = step.Run
		}
	}
	require.NotEmpty(t, check, "nothing checks the environment before the credentials")

	for name, test := range map[string]struct {
		environment, policies string
		passes                bool
	}{
		"main only":               {limited, onMain, true},
		"any branch":              {`{"deployment_branch_policy": null}`, `{"branch_policies": []}`, false},
		"a list that is not used": {`{"deployment_branch_policy": null}`, onMain, false},
		"protected branches":      {`{"deployment_branch_policy": {"protected_branches": true, "custom_branch_policies": false}}`, onMain, false},
		"more branches":           {limited, `{"branch_policies": [{"name": "main"}, {"name": "x/*"}]}`, false},
		"a tag of that name":      {limited, `{"branch_policies": [{"name": "main", "type": "tag"}]}`, false},
		"no answer":               {"", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, text := range map[string]string{"environment": test.environment, "policies": test.policies,
				"gh": `#!/usr/bin/env bash
set -euo pipefail
case $2 in
  repos/example/rows/environments/prod) file=environment ;;
  repos/example/rows/environments/prod/deployment-branch-policies) file=policies ;;
  *) exit 1 ;;
esac
[ -s "${0%/*}/$file" ]
jq --raw-output "$4" "${0%/*}/$file"
`} {
				require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(text), 0o755))
			}
			// GitHub runs a step's lines this way.
			cmd := exec.Command("bash", "-e", "-c", check)
			cmd.Env = append(os.Environ(), "GITHUB_REPOSITORY=example/rows", "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"))
			output, err := cmd.CombinedOutput()
			require.Equal(t, test.passes, err == nil, string(output))
		})
	}
}

// The workflow installs the Pulumi CLI that the project's tests run.
func TestTheWorkflowInstallsTheTestedPulumi(t *testing.T) {
	pins, err := os.ReadFile("../../tools/go.mod")
	require.NoError(t, err)
	version := regexp.MustCompile(`(?m)^require github.com/pulumi/pulumi/pkg/v3 v(\S+)$`).FindSubmatch(pins)
	require.NotNil(t, version)
	workflow := string(files(t, "dev", "")[".github/workflows/portico-dev.yml"].Data)
	require.Contains(t, workflow, "go get github.com/pulumi/pulumi/pkg/v3/cmd/pulumi@v"+string(version[1])+"\n")
	require.Contains(t, workflow, "version.Version=v"+string(version[1])+"'")
	require.NotContains(t, workflow, "curl", "a script of the network's could ask for AWS credentials")
}

func TestRowsThatNoStackServes(t *testing.T) {
	text := `APIS:
- {CUSTOM_DOMAIN_URL: a.example.com, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev"}
- {CUSTOM_DOMAIN_URL: b.example.com, PRIVATE_API_URL: "https://bbbbbbbbbb.execute-api.eu-west-1.amazonaws.com/dev", ACCOUNT: "222222222222"}
`
	rows, err := mapping.Parse("found.yaml", []byte(text))
	require.NoError(t, err)
	_, err = starter.Files(starter.Start{Environment: "dev", SharedAccount: "111111111111", Mapping: []byte(text), Rows: rows})
	require.EqualError(t, err, `found.yaml:2:3: APIS[0].ACCOUNT: is missing: no stack would serve the row: write the number of the account that owns the API
found.yaml:3:3: APIS[1].PRIVATE_API_URL: is in eu-west-1, and APIS[0] is in us-east-1: the APIs of an environment are in one region: move the rows of other regions to a mapping of their own, for another environment`)
}
