package rehearsal

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/awssim/iampolicy"
	"github.com/portico-iac/portico/mapping"
)

func parse(t *testing.T, document string) *mapping.Mapping {
	t.Helper()
	m, err := mapping.Parse("mapping.yaml", []byte(document))
	require.NoError(t, err)
	return m
}

func TestTheSetupHasWhatAMappingNeeds(t *testing.T) {
	m := parse(t, `
ACCOUNTS:
  orders: {ID: "222222222222", ROLE_ARN: "arn:aws:iam::222222222222:role/team/portico"}
APIS:
  - {CUSTOM_DOMAIN_URL: a.b.example.co.uk, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.eu-west-1.amazonaws.com/dev", ACCOUNT: orders}
  - {CUSTOM_DOMAIN_URL: "*.x.example.com", PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.eu-west-1.amazonaws.com/dev/x", ACCOUNT: orders}
  - {CUSTOM_DOMAIN_URL: y.z.example.com, PRIVATE_API_URL: "https://bbbbbbbbbb.execute-api.eu-west-1.amazonaws.com/dev", ROUTE53_PUBLIC_DOMAIN: z.example.com}
  - {CUSTOM_DOMAIN_URL: n.example.com, PRIVATE_API_URL: "https://cccccccccc.execute-api.eu-west-1.amazonaws.com/dev", ACCOUNT: "333333333333"}
`)
	initial := initialState{mapping: m, shared: sharedAccount, region: regionOf(m), roles: []string{"arn:aws:iam::111111111111:role/portico-dev"}}
	w, err := initial.setup()
	require.NoError(t, err)
	require.Equal(t, awssim.Identity{Account: "111111111111", Principal: "arn:aws:iam::111111111111:user/operator"}, w.Home)

	roles := map[string][]string{}
	for _, account := range w.Accounts {
		for _, role := range account.Roles {
			require.Equal(t, []string{"111111111111"}, role.Trusts)
			roles[account.ID] = append(roles[account.ID], role.Name)
		}
	}
	made := string(initial.accountOf(m.Rows[2]))
	require.Contains(t, owners, mapping.AccountID(made))
	require.Equal(t, map[string][]string{
		"111111111111": {"portico-dev"}, "222222222222": {"team/portico"}, "333333333333": {"portico"}, made: {"portico"},
	}, roles)

	zones := []string{}
	for _, zone := range w.HostedZones {
		zones = append(zones, zone.Name)
		require.Regexp(t, `^Z[A-Z0-9]{13}$`, zone.ID)
	}
	require.Equal(t, []string{"example.co.uk", "example.com", "z.example.com"}, zones)

	require.Len(t, w.RESTAPIs, 3)
	require.Equal(t, "222222222222", w.RESTAPIs[0].Account)
	for _, api := range w.RESTAPIs {
		require.Equal(t, "eu-west-1", api.Region)
	}

	again, err := initial.setup()
	require.NoError(t, err)
	require.Equal(t, w, again, "the same mapping has the same initial state")
}

func TestOwnersDiffer(t *testing.T) {
	var silent, allowing, denying, authorizing int
	for _, id := range []string{"a1", "b2", "c3", "d4", "e5", "f6", "g7", "h8", "i9", "j0", "k1", "l2", "m3", "n4", "o5"} {
		api := awssim.RESTAPI{ID: id}
		require.NoError(t, diversify(&api, []string{"dev"}))
		if len(api.Methods) > 0 {
			authorizing++
		}
		if len(api.Policy) == 0 {
			require.Empty(t, api.Stages, "a private API isn't deployed without a policy")
			silent++
			continue
		}
		require.Equal(t, []string{"dev"}, api.Stages)
		policy, err := iampolicy.Parse(api.Policy)
		require.NoError(t, err)
		if len(policy.Statements) == 1 {
			allowing++
		} else {
			denying++
		}
	}
	require.Positive(t, silent)
	require.Positive(t, allowing)
	require.Positive(t, denying)
	require.Positive(t, authorizing)
}

func TestASetupIsReadStrictly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "setup.json")
	want := &awssim.Setup{
		Home:        awssim.Identity{Account: "111111111111", Principal: "arn:aws:iam::111111111111:user/me"},
		HostedZones: []awssim.HostedZone{{Account: "111111111111", ID: "Z1", Name: "example.com"}},
	}
	data, err := json.Marshal(want)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, data, 0o600))
	got, err := readSetup(path)
	require.NoError(t, err)
	require.Equal(t, want, got)

	require.NoError(t, os.WriteFile(path, []byte(`{"Homes": {}}`), 0o600))
	_, err = readSetup(path)
	require.ErrorContains(t, err, path)
	require.ErrorContains(t, err, "Homes")
}

// TestTheSetupHasTheZonesThatSettingsName gives a zone of the settings to its
// role's account, and lets every account write validation records.
func TestTheSetupHasTheZonesThatSettingsName(t *testing.T) {
	m := parse(t, `
APIS:
  - {CUSTOM_DOMAIN_URL: a.private.example.com, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev", ACCOUNT: "222222222222", FRONT_DOOR: alb}
  - {CUSTOM_DOMAIN_URL: b.private.example.net, PRIVATE_API_URL: "https://bbbbbbbbbb.execute-api.us-east-1.amazonaws.com/dev", ACCOUNT: "222222222222"}
`)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "m.yaml"), []byte("APIS: []"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.dev.yaml"), []byte(`
config:
  portico:mapping: m.yaml
  portico:certificates: {zones: [{name: example.net, roleArn: "arn:aws:iam::666666666666:role/dns"}]}
  portico:kms: {logs: "`+keyARN+`", ecr: "`+keyARN+`"}
`), 0o600))
	found, err := findSettings(dir, filepath.Join(dir, "m.yaml"))
	require.NoError(t, err)
	w, err := found.initialState(m).setup()
	require.NoError(t, err)
	require.Equal(t, []awssim.Key{{ARN: keyARN, Policy: keyPolicy("us-east-1")}}, w.Keys, "the settings name it, so that it exists")
	zones, trusts := map[string]string{}, map[string][]string{}
	for _, zone := range w.HostedZones {
		zones[zone.Name] = zone.Account
	}
	for _, account := range w.Accounts {
		for _, role := range account.Roles {
			trusts[account.ID+"/"+role.Name] = role.Trusts
		}
	}
	require.Equal(t, map[string]string{"example.com": "111111111111", "example.net": "666666666666"}, zones)
	all := []string{"111111111111", "222222222222", "666666666666"}
	require.Equal(t, map[string][]string{
		"111111111111/portico-validation": all, "222222222222/portico": {"111111111111"}, "666666666666/dns": all,
	}, trusts)
}
