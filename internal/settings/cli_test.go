package settings

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// pulumiCLI runs the Pulumi CLI in a project's directory, on a backend of files.
type pulumiCLI struct{ path, dir, backend string }

func newPulumiCLI(t *testing.T, dir string) pulumiCLI {
	t.Helper()
	path, err := exec.LookPath("pulumi")
	if err != nil {
		path, err = filepath.Abs("../../bin/pulumi")
		require.NoError(t, err)
		if _, err := os.Stat(path); err != nil {
			t.Skip("no Pulumi CLI")
		}
	}
	c := pulumiCLI{path, dir, "file://" + t.TempDir()}
	c.run(t, "stack", "init", "dev")
	return c
}

func (c pulumiCLI) run(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(c.path, append([]string{"--non-interactive"}, args...)...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "PULUMI_BACKEND_URL="+c.backend, "PULUMI_CONFIG_PASSPHRASE=known", "PULUMI_SKIP_UPDATE_CHECK=true")
	out, err := cmd.Output()
	require.NoError(t, err, "pulumi %v: %s", args, out)
	return out
}

// engine has the values that the CLI has of the stack, secrets decrypted.
func (c pulumiCLI) engine(t *testing.T) Engine {
	t.Helper()
	var settings map[string]struct{ Value string }
	require.NoError(t, json.Unmarshal(c.run(t, "config", "--stack", "dev", "--json", "--show-secrets"), &settings))
	return func(key string) (string, bool) {
		setting, ok := settings[key]
		return setting.Value, ok
	}
}

// TestThePulumiCLIReadsTheSame reads settings with mistakes from the files, and
// with the values that the real CLI makes of them: what is said is the same.
func TestThePulumiCLIReadsTheSame(t *testing.T) {
	for sentence, test := range map[string]struct {
		files map[string]string
		// set are the arguments of `pulumi config set`, a setting each.
		set [][]string
		// want is said with the CLI's values, where the files alone don't tell it.
		want string
	}{
		"as config set writes them": {
			files: map[string]string{"Pulumi.yaml": "name: portico\nruntime: go\n"},
			set: [][]string{
				{"--path", "portico:aws.accountId", "012345670123"},
				{"--path", "portico:task.min", "0"},
				{"--path", "portico:native.acceptShares[0]", "222222222222"},
				{"portico:providers", `["dev-orders"]`},
				{"portico:logs", `{"retentionDays": "31"}`},
				{"portico:dns", "true"},
			},
		},
		"in the project's file, and in a directory of their own": {
			files: map[string]string{
				"Pulumi.yml": `
name: portico
runtime: go
stackConfigDir: stacks
config:
  mapping: {type: string, default: mapping.yaml}
  aws: {value: {region: us-east-1, accountId: 12}}
  portico:task.min: 0
  portico:task.max: {value: "7000"}
  providers: {type: array, items: {type: string}, default: [dev-orders]}
`,
				"stacks/Pulumi.dev.yml": "config:\n  task: {cpu: 300}\n  portico:netwrok: {}\n",
			},
		},
		"with YAML's numbers, words, aliases and nulls": {
			files: map[string]string{
				"Pulumi.yaml": "name: portico\nruntime: go\n",
				"Pulumi.dev.yaml": "\xef\xbb\xbf" + `
number: &number 012345670123
config:
  portico:mapping: mapping.yaml
  portico:aws: {region: us-east-1, accountId: *number}
  portico:native: {acceptShares: [1e3, 0x1F, 222222222222, 1.50]}
  portico:network: {create: yes, zones: 010}
  portico:task: {cpu: 0x200, memory: 1e3, min: 0o0}
  portico:alb: ~
  portico:logs: {retentionDays: null}
  portico:app: &app {name: on}
  portico:endpoints: {<<: *app}
`,
			},
		},
		"with a secret": {
			files: map[string]string{"Pulumi.yaml": "name: portico\nruntime: go\nconfig: {mapping: m.yaml, portico:aws.region: us-east-1}\n"},
			set:   [][]string{{"--path", "--secret", "portico:aws.accountId", "1111"}},
			want:  "Pulumi.dev.yaml:5:7: portico:aws.accountId: \"1111\" is not an account number: write 12 digits in quotes\n",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range test.files {
				write(t, dir, name, text)
			}
			cli := newPulumiCLI(t, dir)
			for _, arguments := range test.set {
				cli.run(t, append([]string{"config", "set", "--stack", "dev"}, arguments...)...)
			}
			s := Source{Project: Project{Files: Dir(dir)}, Stack: "dev"}
			ofFiles := problems(s, "shared")
			s.Engine = cli.engine(t)
			if test.want != "" {
				require.Empty(t, ofFiles)
				require.Equal(t, test.want, problems(s, "shared"))
				return
			}
			require.NotEmpty(t, ofFiles)
			require.Equal(t, ofFiles, problems(s, "shared"))
		})
	}
}
