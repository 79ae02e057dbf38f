package lifecycle

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/awssim"
)

// TestSettingsThatCannotBeMeantMakeNothing has settings that would mislead a run end it
// before anything is made: preview and up say the same.
func TestSettingsThatCannotBeMeantMakeNothing(t *testing.T) {
	t.Parallel()
	const ofDev = "Pulumi.dev.yaml"
	for name, test := range map[string]struct {
		file, more string
		want       string
	}{
		"the provider's tags":              {ofDev, "  aws:defaultTags: {tags: {cost: \"1\"}}\n", "aws:defaultTags"},
		"the provider's profile":           {ofDev, "  aws:profile: dev\n", "aws:profile"},
		"another environment's stack":      {"accounts/provider/Pulumi.dev-orders.yaml", "portico/stage", "organization/portico/stage"},
		"a stack without its organization": {"accounts/provider/Pulumi.dev-orders.yaml", "dev", `"dev" is not a stack's full name`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := smallProject()
			if test.file == ofDev {
				files[ofDev] += test.more
			} else {
				stack := "organization/portico/dev"
				if strings.Contains(test.more, "/") {
					files[test.file] = strings.Replace(files[test.file], stack, "organization/"+test.more, 1)
				} else {
					files[test.file] = strings.Replace(files[test.file], stack, test.more, 1)
				}
			}
			e := newEnvironment(t, files, ordersSetup())
			e.env = e.checked()
			before := e.things()
			_, preview := e.env.Preview(t.Context())
			require.ErrorContains(t, preview, test.want)
			require.True(t, errors.As(preview, new(accounts.SettingsErrors)), "%v", preview)
			_, up := e.env.Up(t.Context())
			require.EqualError(t, up, preview.Error())
			require.Equal(t, before, e.things(), "nothing is made")
		})
	}
}

// checked is the environment as the command line has it: with the check of all stacks'
// settings.
func (e *simulatedEnvironment) checked() *automation.Environment {
	e.t.Helper()
	checked, err := automation.Discover(e.project, "dev", automation.Programs{
		Shared: accounts.SharedIn, Provider: accounts.ProviderIn, SharedTagged: accounts.TaggedIn, ProviderTagged: accounts.ProviderTaggedIn,
		ProviderQuestions: accounts.ProviderQuestionsIn, Check: accounts.CheckSettings,
	})
	require.NoError(e.t, err)
	checked.Command, checked.Progress, checked.Env, checked.Sleep, checked.Now = e.env.Command, e.env.Progress, e.env.Env, e.env.Sleep, e.env.Now
	return checked
}

// TestPreviewWarnsOfARenamedInstallation: names hang on the environment's name.
func TestPreviewWarnsOfARenamedInstallation(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t, smallProject(), ordersSetup())
	e.Inject(awssim.Fault{Action: "elasticloadbalancing:CreateLoadBalancer", Kind: awssim.Denial})
	_, err := e.env.Up(t.Context())
	require.ErrorContains(t, err, "elasticloadbalancing:CreateLoadBalancer")
	warns := func(when string) {
		t.Helper()
		write(t, e.project, map[string]string{"Pulumi.dev.yaml": strings.Replace(sharedSettings, "environment: dev", "environment: other", 1)})
		from := len(e.log.String())
		_, err := e.env.Preview(t.Context())
		require.NoError(t, err)
		require.Contains(t, e.log.String()[from:], "the names of all resources begin with portico-dev, and will begin with portico-other", when)
		require.Contains(t, e.log.String()[from:], "to keep what exists, set portico:app.environment: dev", when)
		write(t, e.project, map[string]string{"Pulumi.dev.yaml": sharedSettings})
	}
	warns("after a first up that stopped half-way")
	e.up()
	warns("after an up")
}
