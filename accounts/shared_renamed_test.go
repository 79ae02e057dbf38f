package accounts

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// TestAStackThatIsRenamedSaysWhichKeyKeepsItsResources brings a stack up, and
// previews it under other names.
func TestAStackThatIsRenamedSaysWhichKeyKeepsItsResources(t *testing.T) {
	e := &sharedRuns{settings: minimalShared, mapping: twoRows}
	e.up(t)
	require.Equal(t, "portico-dev", e.reported[ownStack]["namePrefix"])
	const replaced = "the names of all resources begin with portico-dev, and will begin with "
	for name, test := range map[string]struct {
		app   App
		stack string
		want  string
	}{
		"as it was":                          {App{Name: "portico", Environment: "dev"}, "dev", ""},
		"renamed, with the environment kept": {App{Name: "portico", Environment: "dev"}, "development", ""},
		"renamed": {App{Name: "portico", Environment: "development"}, "development",
			replaced + "portico-development: everything is created anew, and what exists is deleted; " +
				"the environment's name is the stack's, development, where portico:app.environment is not set: to keep what exists, set portico:app.environment: dev"},
		"another environment in the settings": {App{Name: "portico", Environment: "test"}, "dev",
			replaced + "portico-test: everything is created anew, and what exists is deleted: to keep what exists, set portico:app.environment: dev"},
		"another name": {App{Name: "gate", Environment: "dev"}, "dev-1",
			replaced + "gate-dev: everything is created anew, and what exists is deleted: to keep what exists, set portico:app.name: portico"},
		"both": {App{Name: "gate", Environment: "test"}, "dev",
			replaced + "gate-test: everything is created anew, and what exists is deleted: to keep what exists, set portico:app.name and portico:app.environment as they were"},
	} {
		require.Equal(t, test.want, renamed("portico-dev", test.app, test.stack), name)
	}
	require.Empty(t, renamed("", App{Name: "portico", Environment: "dev"}, "dev"), "before the first run")

	program := func(ctx *pulumi.Context) error {
		config, rows := settings.DefaultShared(), &mapping.Mapping{}
		config.App.Environment = "test"
		reported, err := readReports(ctx, config, rows, nil)
		require.NoError(t, err)
		stack := &sharedStack{topology: &topology.Topology{}, mapping: rows, reports: reported}
		require.Len(t, stack.notices(), 1)
		require.Contains(t, stack.notices()[0], replaced+"portico-test")
		return nil
	}
	require.NoError(t, run(t, &monitor{outputs: e.reported}, program, "dev", nil))

	// A first update that stopped has left no outputs.
	for name, begun := range map[string]struct {
		prefixes []string
		want     int
	}{
		"before the first update":          {nil, 0},
		"of the same name":                 {[]string{"portico-test"}, 0},
		"of another name":                  {[]string{"portico-dev"}, 1},
		"of both, after a second that too": {[]string{"portico-dev", "portico-test"}, 0},
	} {
		program := func(ctx *pulumi.Context) error {
			config, rows := settings.DefaultShared(), &mapping.Mapping{}
			config.App.Environment = "test"
			reported, err := readReports(ctx, config, rows, nil)
			require.NoError(t, err)
			stack := &sharedStack{topology: &topology.Topology{}, mapping: rows, reports: reported}
			require.Len(t, stack.notices(), begun.want, name)
			return nil
		}
		require.NoError(t, run(t, &monitor{begun: begun.prefixes}, program, "dev", nil), name)
	}
}
