package automation

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAStateIsReadInItsFileWhereItsFormIsKnown(t *testing.T) {
	const (
		project = "name: portico-provider\nruntime: go\n"
		state   = `{"version":3,"checkpoint":{"stack":"organization/portico-provider/dev-orders","latest":{"manifest":{}}}}`
		stacks  = "state/.pulumi/stacks/portico-provider/"
		meta    = "state/.pulumi/meta.yaml"
	)
	for name, test := range map[string]struct {
		files   map[string]string
		backend string
		err     error
	}{
		"a state":                                   {map[string]string{meta: "version: 1\n", stacks + "dev-orders.json": state}, "file://state", nil},
		"of the newest version":                     {map[string]string{meta: "version: 1\n", stacks + "dev-orders.json": `{"version":4,"features":["hooks"],"checkpoint":{"latest":{"manifest":{}}}}`}, "file://state", nil},
		"in the project's backend":                  {map[string]string{meta: "version: 1\n", stacks + "dev-orders.json": state, "Pulumi.yaml": project + "backend: {url: \"file://state\"}\n"}, "", nil},
		"of no stack":                               {map[string]string{meta: "version: 1\n", stacks + "dev-others.json": state}, "file://state", errNoStack},
		"of a version that is not known":            {map[string]string{meta: "version: 1\n", stacks + "dev-orders.json": `{"version":5,"checkpoint":{"latest":{}}}`}, "file://state", errAskCLI},
		"that is cut off":                           {map[string]string{meta: "version: 1\n", stacks + "dev-orders.json": state[:len(state)-3]}, "file://state", errAskCLI},
		"of a stack that was never updated":         {map[string]string{meta: "version: 1\n", stacks + "dev-orders.json": `{"version":3,"checkpoint":{"stack":"dev-orders"}}`}, "file://state", errAskCLI},
		"in two files":                              {map[string]string{meta: "version: 1\n", stacks + "dev-orders.json": state, stacks + "dev-orders.json.gz": state}, "file://state", errAskCLI},
		"beside no project's":                       {map[string]string{"state/.pulumi/stacks/dev-orders.json": state}, "file://state", errAskCLI},
		"of a backend of a version that is to come": {map[string]string{meta: "version: 2\n", stacks + "dev-orders.json": state}, "file://state", errAskCLI},
		"in a bucket":                               {map[string]string{meta: "version: 1\n", stacks + "dev-orders.json": state}, "s3://state", errAskCLI},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			files := map[string]string{"Pulumi.yaml": project}
			for name, text := range test.files {
				files[name] = text
			}
			for name, text := range files {
				path := filepath.Join(dir, filepath.FromSlash(name))
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
				require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			}
			env := &Environment{Env: map[string]string{"PULUMI_BACKEND_URL": test.backend}, Command: &recordedCommand{}}
			r, err := env.prepare(reading)
			require.NoError(t, err)
			exported, err := r.stateFile(Stack{Name: "dev-orders", Dir: dir})
			require.ErrorIs(t, err, test.err)
			if test.err == nil {
				require.JSONEq(t, `{"manifest":{}}`, string(exported.Deployment))
				require.Contains(t, []int{3, 4}, exported.Version)
				require.Len(t, exported.Features, exported.Version-3)
			}
		})
	}
}
