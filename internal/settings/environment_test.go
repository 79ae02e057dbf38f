package settings

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Rows of mappings.
const (
	oneRow  = "  - CUSTOM_DOMAIN_URL: a.private.example.com\n    PRIVATE_API_URL: https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/dev\n    ACCOUNT: \"222222222222\"\n"
	teams   = "TEAMS:\n  orders: {FILE: orders.yaml, ACCOUNTS: [\"222222222222\"], HOSTS: [a.private.example.com]}\n"
	twoRows = "APIS:\n" + oneRow + "  - CUSTOM_DOMAIN_URL: b.private.example.com\n    PRIVATE_API_URL: https://b1b2c3d4e5.execute-api.us-east-1.amazonaws.com/dev\n"
)

// TestTheStacksOfAnEnvironmentAreCheckedTogether has an environment stage whose
// files were copied from dev and changed in part.
func TestTheStacksOfAnEnvironmentAreCheckedTogether(t *testing.T) {
	shared := func(environment, region, more string) string {
		return "config:\n  portico:mapping: mapping.yaml\n  portico:app: {environment: " + environment + "}\n" +
			"  portico:aws: {region: " + region + ", accountId: \"111111111111\"}\n" + more
	}
	provider := func(stack, region, mapping string) string {
		return "config:\n  portico:mapping: " + mapping + "\n  portico:shared: {stack: " + stack + "}\n  portico:redeploy: false\n" +
			"  portico:aws: {region: " + region + ", accountId: \"222222222222\"}\n"
	}
	const listed = "  portico:providers: [organization/portico-provider/stage-orders, organization/portico-provider/dev-orders, organization/teams/dev-orders]\n"
	for name, test := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"as it should be": {nil, nil},
		"the shared stack of another environment": {
			map[string]string{"provider/Pulumi.stage-orders.yaml": provider("organization/portico/dev", "us-east-1", "../mapping.yaml")},
			[]string{"provider/Pulumi.stage-orders.yaml:3:27: portico:shared.stack: organization/portico/dev is not the shared stack of this environment, " +
				"so that the APIs would admit another one's endpoint: write organization/portico/stage"},
		},
		"a shared stack of another project": {
			map[string]string{"provider/Pulumi.stage-orders.yaml": provider("acme/other/stage", "us-east-1", "../mapping.yaml")},
			[]string{"provider/Pulumi.stage-orders.yaml:3:27: portico:shared.stack: acme/other/stage is not the shared stack", "write acme/portico/stage"},
		},
		"a stack without its organization and project": {
			map[string]string{"provider/Pulumi.stage-orders.yaml": provider("dev", "us-east-1", "../mapping.yaml")},
			[]string{`provider/Pulumi.stage-orders.yaml:3:27: portico:shared.stack: "dev" is not a stack's full name: write organization/project/stack, here organization/portico/stage`},
		},
		"an environment's name": {
			map[string]string{"provider/Pulumi.stage-orders.yaml": provider("stage", "us-east-1", "../mapping.yaml")},
			[]string{`portico:shared.stack: "stage" is not a stack's full name: write organization/project/stack, here organization/portico/stage`},
		},
		"a project and a stack": {
			map[string]string{"provider/Pulumi.stage-orders.yaml": provider("portico/dev", "us-east-1", "../mapping.yaml")},
			[]string{`portico:shared.stack: "portico/dev" is not a stack's full name: write organization/project/stack, here organization/portico/stage`},
		},
		"no shared stack": {
			map[string]string{"provider/Pulumi.stage-orders.yaml": strings.Replace(provider("x", "us-east-1", "../mapping.yaml"), "  portico:shared: {stack: x}\n", "", 1)},
			[]string{`portico:shared.stack: not set: write organization/project/stack, here organization/portico/stage`},
		},
		"a mapping that is not there": {
			map[string]string{"provider/Pulumi.stage-orders.yaml": provider("organization/portico/stage", "us-east-1", "../nope.yaml")},
			[]string{"portico:mapping: there is no nope.yaml: name the mapping of stack stage, mapping.yaml"},
		},
		"another region, another mapping": {
			map[string]string{"provider/Pulumi.stage-orders.yaml": provider("organization/portico/stage", "eu-west-1", "../other.yaml")},
			[]string{
				"portico:mapping: ../other.yaml is another mapping than that of stack stage, mapping.yaml: name the same file",
				"portico:aws.region: eu-west-1 is not the region of stack stage, whose endpoint reaches APIs of its own region only: write us-east-1",
			},
		},
		"a copy of the mapping": {
			map[string]string{"provider/Pulumi.stage-orders.yaml": provider("organization/portico/stage", "us-east-1", "../copy.yaml")}, nil,
		},
		"a mapping that differs in comments and order alone": {
			map[string]string{"mapping.yaml": twoRows, "again.yaml": "# the same\n" + twoRows,
				"provider/Pulumi.stage-orders.yaml": provider("organization/portico/stage", "us-east-1", "../again.yaml")}, nil,
		},
		"a mapping directory of the same rows": {
			map[string]string{"Pulumi.stage.yaml": strings.Replace(shared("stage", "us-east-1", ""), "mapping.yaml", "teams", 1),
				"teams/portico.yaml": teams, "teams/orders.yaml": "APIS:\n" + oneRow, "again/portico.yaml": "# teams\n" + teams, "again/orders.yaml": "APIS:\n" + oneRow,
				"provider/Pulumi.stage-orders.yaml": provider("organization/portico/stage", "us-east-1", "../again")}, nil,
		},
		"a mapping directory of other rows": {
			map[string]string{"mapping.yaml": twoRows, "teams/portico.yaml": teams, "teams/orders.yaml": "APIS:\n" + oneRow,
				"provider/Pulumi.stage-orders.yaml": provider("organization/portico/stage", "us-east-1", "../teams")},
			[]string{"portico:mapping: ../teams is another mapping than that of stack stage, mapping.yaml: name the same file"},
		},
		"the names of another environment": {
			map[string]string{"Pulumi.stage.yaml": shared("dev", "us-east-1", "")},
			[]string{"Pulumi.stage.yaml:3:30: portico:app.environment: the resources would have the names of those of stack dev, portico-dev-..., in the same account and region: write a name of this environment's own, such as stage"},
		},
		"the same names in another region": {
			map[string]string{"Pulumi.stage.yaml": shared("dev", "eu-west-1", ""), "provider/Pulumi.stage-orders.yaml": provider("organization/portico/stage", "eu-west-1", "../mapping.yaml")}, nil,
		},
		"a provider stack of another environment": {
			map[string]string{"Pulumi.stage.yaml": shared("stage", "us-east-1", listed)},
			[]string{"Pulumi.stage.yaml:5:67: portico:providers[1]: organization/portico-provider/dev-orders is a stack of another environment: name the provider stacks of stage: stage-orders"},
		},
		"the statements of another environment": {
			map[string]string{"provider/Pulumi.stage-orders.yaml": provider("organization/portico/stage", "us-east-1", "../mapping.yaml") + "  portico:app: {environment: dev}\n"},
			[]string{"provider/Pulumi.stage-orders.yaml:6:30: portico:app.environment: the statements in the APIs' policies would have the names of those of stack dev-orders, portico-dev-..., and take their place, in the same account and region: write a name of this environment's own, such as stage"},
		},
		"statements of a name that no other stack has": {
			map[string]string{"provider/Pulumi.stage-orders.yaml": provider("organization/portico/stage", "us-east-1", "../mapping.yaml") + "  portico:app: {environment: preprod}\n"}, nil,
		},
		"mistakes of both stacks, and a file that is no YAML": {
			map[string]string{
				"Pulumi.stage.yaml":                 shared("Stage", "us-east", ""),
				"provider/Pulumi.stage-orders.yaml": provider("dev", "us-east-1", "../mapping.yaml"),
				"provider/Pulumi.stage-shop.yaml":   "config: {",
			},
			[]string{"Pulumi.stage.yaml:3:30: portico:app.environment", "Pulumi.stage.yaml:4:25: portico:aws.region", "provider/Pulumi.stage-orders.yaml", "provider/Pulumi.stage-shop.yaml"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			files := map[string]string{
				"Pulumi.yaml": "name: portico\nruntime: go\n", "provider/Pulumi.yaml": "name: portico-provider\nruntime: go\n",
				"mapping.yaml": "APIS: []\n", "copy.yaml": "APIS: []\n", "other.yaml": "APIS: [1]\n",
				"Pulumi.dev.yaml": shared("dev", "us-east-1", ""), "Pulumi.stage.yaml": shared("stage", "us-east-1", ""),
				"provider/Pulumi.dev-orders.yaml":   provider("organization/portico/dev", "us-east-1", "../mapping.yaml"),
				"provider/Pulumi.stage-orders.yaml": provider("organization/portico/stage", "us-east-1", "../mapping.yaml"),
			}
			for name, text := range test.files {
				files[name] = text
			}
			require.NoError(t, os.Mkdir(filepath.Join(dir, "provider"), 0o755))
			require.NoError(t, os.Mkdir(filepath.Join(dir, "teams"), 0o755))
			require.NoError(t, os.Mkdir(filepath.Join(dir, "again"), 0o755))
			for name, text := range files {
				write(t, dir, name, text)
			}
			e := Environment{Shared: Source{Project: Project{Files: Dir(dir)}, Stack: "stage"}}
			for _, stack := range []string{"stage-orders", "stage-shop"} {
				if files["provider/Pulumi."+stack+".yaml"] != "" {
					e.Providers = append(e.Providers, Source{Project: Project{Files: Dir(dir), Dir: "provider"}, Stack: stack})
				}
			}
			err := e.Check()
			if test.want == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorAs(t, err, new(Errors))
			rest := err.Error()
			for _, want := range test.want {
				_, after, found := strings.Cut(rest, want)
				require.True(t, found, "%s: expected %q in this order", err, want)
				rest = after
			}
		})
	}
}
