package lifecycle

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/internal/settings"
)

// TestAProgramReadsWhatTheFilesSay runs the shared account's program in the real
// engine, over settings with mistakes, and holds what it says to what the reader
// says of the files alone.
func TestAProgramReadsWhatTheFilesSay(t *testing.T) {
	for sentence, test := range map[string]struct {
		files map[string]string
		// set are the arguments of `pulumi config set`, a setting each.
		set [][]string
		// want is the error, where the files alone don't tell it.
		want string
	}{
		"as config set writes them": {
			files: map[string]string{"Pulumi.yaml": "name: portico\nruntime: go\n"},
			set: [][]string{
				{"portico:mapping", "mapping.yaml"},
				{"--path", "portico:aws.accountId", "012345670123"},
				{"--path", "portico:aws.region", "virginia"},
				{"--path", "portico:task.min", "0"},
				{"--path", "portico:loadBalancer.deletionProtection", "true"},
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
			files: map[string]string{"Pulumi.yaml": "name: portico\nruntime: go\n"},
			set: [][]string{
				{"portico:mapping", "mapping.yaml"},
				{"--path", "portico:aws.region", "us-east-1"},
				{"--path", "--secret", "portico:aws.accountId", "1111"},
			},
			want: `Pulumi.dev.yaml:6:7: portico:aws.accountId: "1111" is not an account number: write 12 digits in quotes`,
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			engine := newEngine(t)
			dir := t.TempDir()
			for name, text := range test.files {
				path := filepath.Join(dir, filepath.FromSlash(name))
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
				require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			}
			var said error
			program := func(ctx *pulumi.Context) error {
				said = accounts.SharedIn(dir)(ctx)
				return said
			}
			workspace, err := auto.NewLocalWorkspace(context.Background(), auto.WorkDir(dir), auto.Program(program), auto.Pulumi(engine),
				auto.EnvVars(map[string]string{"PULUMI_BACKEND_URL": "file://" + t.TempDir(), "PULUMI_CONFIG_PASSPHRASE": "known"}))
			require.NoError(t, err)
			stack, err := auto.UpsertStack(context.Background(), "dev", workspace)
			require.NoError(t, err)
			for _, arguments := range test.set {
				_, out, _, err := engine.Run(context.Background(), dir, nil, nil, nil,
					[]string{"PULUMI_BACKEND_URL=" + workspace.GetEnvVars()["PULUMI_BACKEND_URL"], "PULUMI_CONFIG_PASSPHRASE=known"},
					append([]string{"config", "set", "--stack", "dev"}, arguments...)...)
				require.NoError(t, err, out)
			}
			_, err = stack.Preview(context.Background())
			require.Error(t, err)
			require.ErrorAs(t, said, new(accounts.SettingsErrors), "%v", err)
			if test.want != "" {
				require.Equal(t, test.want, said.Error())
				return
			}
			_, ofFiles := settings.Source{Project: settings.Project{Files: settings.Dir(dir)}, Stack: "dev"}.Shared()
			require.Error(t, ofFiles)
			require.Equal(t, ofFiles.Error(), said.Error())
			t.Log(said)
		})
	}
}
