package accounts

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// digestBeside is the digest of a provider stack's next update, as it is made beside a
// program.
func digestBeside(t *testing.T, shared, last map[string]any, s settingsText, mapping string) string {
	t.Helper()
	encoded := func(values map[string]any) map[string]any {
		encoded, _ := asJSON(t, values).(map[string]any)
		return encoded
	}
	dir := project(t, "dev-orders", s, mapping)
	return ProviderDigestsIn(dir)([]string{"dev-orders"}, encoded(shared), map[string]map[string]any{"dev-orders": encoded(last)})["dev-orders"]
}

// TestAProgramAndItsDriverMakeTheSameDigest runs a program, and makes the digest beside
// it from what the program has put out.
func TestAProgramAndItsDriverMakeTheSameDigest(t *testing.T) {
	for name, test := range map[string]struct {
		settings settingsText
		mapping  string
		shared   map[string]any
	}{
		"rows of nginx":       {redeploying, twoRows, sharedStackOutputs},
		"three front doors":   {redeploying, threeFrontDoors, frontDoorOutputs(nil)},
		"lists and maps":      {redeploying + "  portico:tags: {team: a}\n  portico:additionalVpcEndpointIds: [vpce-0bbbbbbbbbbbbbbbb]\n", twoRows, sharedStackOutputs},
		"the owner deploys":   {minimalProvider + "  portico:redeploy: false\n", twoRows, sharedStackOutputs},
		"hosts between doors": {redeploying, threeFrontDoors, frontDoorOutputs(map[string]any{"hosts": []any{"a.internal.example.com", "b.internal.example.com"}})},
	} {
		t.Run(name, func(t *testing.T) {
			last := outputsOf(t, &monitor{shared: test.shared}, test.settings, test.mapping)
			require.NotEmpty(t, last["digest"])
			require.Equal(t, last["digest"], digestBeside(t, test.shared, last, test.settings, test.mapping))
		})
	}
}

// editedRow is a row whose parts a test chooses.
type editedRow struct {
	host, api, stage, path, verbs, frontDoor, more string
}

func (r editedRow) text(account string) string {
	return fmt.Sprintf("  - {CUSTOM_DOMAIN_URL: %s, PRIVATE_API_URL: \"https://%s.execute-api.us-east-1.amazonaws.com/%s%s\", ACCOUNT: %q, FRONT_DOOR: %s%s%s}\n",
		r.host, r.api, r.stage, r.path, account, r.frontDoor, r.verbs, r.more)
}

// rowsDrawn are rows of hosts of their own.
func rowsDrawn(t *rapid.T) []editedRow {
	rows := make([]editedRow, rapid.IntRange(1, 3).Draw(t, "rows"))
	for i := range rows {
		rows[i] = editedRow{
			host:      fmt.Sprintf("h%d.internal.example.com", i),
			api:       rapid.SampledFrom([]string{"abcde12345", "fghij67890"}).Draw(t, "api"),
			stage:     rapid.SampledFrom([]string{"dev", "prod"}).Draw(t, "stage"),
			verbs:     rapid.SampledFrom([]string{"", ", VERBS: [GET]", ", VERBS: [GET, POST]"}).Draw(t, "verbs"),
			frontDoor: rapid.SampledFrom([]string{"nginx", "alb", "native"}).Draw(t, "front door"),
		}
		if rows[i].frontDoor == "nginx" { // custom domains have none
			rows[i].path = rapid.SampledFrom([]string{"", "/x"}).Draw(t, "path")
		}
	}
	return rows
}

// edit changes one part of a row.
func edit(t *rapid.T, row editedRow) editedRow {
	switch rapid.SampledFrom([]string{"none", "api", "stage", "path", "verbs", "timeout", "retired", "description"}).Draw(t, "edit") {
	case "api":
		row.api = "fghij67890"
	case "stage":
		row.stage = "prod"
	case "path":
		if row.frontDoor == "nginx" {
			row.path = "/y"
		}
	case "verbs":
		row.verbs = ", VERBS: [PUT]"
	case "timeout":
		if row.frontDoor == "nginx" {
			row.more = ", TIMEOUT: 60"
		}
	case "retired":
		row.more = ", RETIRED: true"
	case "description":
		row.more = ", DESCRIPTION: words"
	}
	return row
}

// TestADigestChangesWithWhatTheProgramRegisters edits rows of the account and of another
// at random, in any order of the file. The digest is the same exactly where the program
// registers the same.
func TestADigestChangesWithWhatTheProgramRegisters(t *testing.T) {
	shared := frontDoorOutputs(nil)
	deployed := func(t *testing.T, mapping string) (resources []registered, digest string) {
		m := &monitor{shared: shared}
		digest, _ = outputsOf(t, m, redeploying, mapping)["digest"].(string)
		require.NotEmpty(t, digest)
		for _, r := range m.resources {
			if r.Token != "portico:index:Run" {
				r.Dependencies = nil
				resources = append(resources, r)
			}
		}
		slices.SortFunc(resources, func(a, b registered) int { return cmp.Or(cmp.Compare(a.Token, b.Token), cmp.Compare(a.Name, b.Name)) })
		return resources, digest
	}
	var same, other int
	rapid.Check(t, func(r *rapid.T) {
		rows := rowsDrawn(r)
		text := func(rows []editedRow, others string) string {
			var b strings.Builder
			b.WriteString("APIS:\n")
			for _, row := range rows {
				b.WriteString(row.text("222222222222"))
			}
			return b.String() + editedRow{host: "other.internal.example.com", api: "klmno12345", stage: others, frontDoor: "nginx"}.text("333333333333")
		}
		before := text(rows, "dev")
		edited := slices.Clone(rows)
		at := rapid.IntRange(0, len(rows)-1).Draw(r, "row")
		edited[at] = edit(r, edited[at])
		if rapid.Bool().Draw(r, "reversed") {
			slices.Reverse(edited)
		}
		after := text(edited, rapid.SampledFrom([]string{"dev", "prod"}).Draw(r, "another account's stage"))
		for _, document := range []string{before, after} {
			if m, err := mapping.Parse("mapping.yaml", []byte(document)); err != nil || topology.Check(m) != nil {
				r.Skip("alb can't carry the rows")
			}
		}
		was, wasDigest := deployed(t, before)
		is, isDigest := deployed(t, after)
		if reflect.DeepEqual(was, is) {
			same++
			require.Equal(r, wasDigest, isDigest, "%s\n%s", before, after)
		} else {
			other++
			require.NotEqual(r, wasDigest, isDigest, "%s\n%s", before, after)
		}
	})
	require.NotZero(t, same)
	require.NotZero(t, other)
}

// TestADigestCoversSettingsAndWhatIsReadOfTheSharedStack changes one of them at a time.
func TestADigestCoversSettingsAndWhatIsReadOfTheSharedStack(t *testing.T) {
	last := map[string]any{"contract": 2}
	of := func(change map[string]any, s settingsText) string {
		return digestBeside(t, frontDoorOutputs(change), last, s, threeFrontDoors)
	}
	first := of(nil, redeploying)
	require.NotEmpty(t, first)
	for name, digest := range map[string]string{
		"settings":               of(nil, redeploying+"  portico:additionalVpcEndpointIds: [vpce-0bbbbbbbbbbbbbbbb]\n"),
		"the owner deploys":      of(nil, minimalProvider+"  portico:redeploy: false\n"),
		"an endpoint":            of(map[string]any{"endpoints": map[string]any{"nginx": "vpce-0ccccccccccccccccc", "alb": albEndpointID, "native": nativeEndpointID}}, redeploying),
		"the VPC":                of(map[string]any{"vpcId": "vpc-0123456789abcdef0"}, redeploying),
		"the shared account":     of(map[string]any{"accountId": "444444444444"}, redeploying),
		"a host's earlier doors": of(map[string]any{"frontDoors": map[string]any{"b.internal.example.com": map[string]any{"current": "alb", "retains": []any{"nginx"}, "pending": "clients"}}}, redeploying),
	} {
		require.NotEmpty(t, digest, name)
		require.NotEqual(t, first, digest, name)
	}
	for name, digest := range map[string]string{
		"hosts of others":    of(map[string]any{"hosts": []any{"a.internal.example.com", "z.internal.example.com"}}, redeploying),
		"the mapping's file": of(map[string]any{"mappingDigest": "other"}, redeploying),
	} {
		require.Equal(t, first, digest, name)
	}
}

// TestWhatAnUpdateHasLeftToTheNextHasNoDigest: the next update has to run.
func TestWhatAnUpdateHasLeftToTheNextHasNoDigest(t *testing.T) {
	for name, last := range map[string]map[string]any{
		"an API to let go of":        {"takenBack": []any{"zzzzz12345/dev"}},
		"a stage without a row":      {"stages": map[string]any{"zzzzz12345": []any{"dev"}}},
		"outputs of another version": {"contract": 99},
	} {
		outputs := map[string]any{"contract": 2}
		maps.Copy(outputs, last)
		require.Empty(t, digestBeside(t, sharedStackOutputs, outputs, redeploying, twoRows), name)
	}
	require.Empty(t, digestBeside(t, nil, map[string]any{"contract": 2}, redeploying, twoRows), "no shared stack")
	require.Empty(t, digestBeside(t, sharedStackOutputs, map[string]any{"contract": 2}, minimalProvider, twoRows), "mistakes in the settings")
	require.NotEmpty(t, digestBeside(t, sharedStackOutputs, map[string]any{"contract": 2}, redeploying, twoRows))
}

func TestTheVersionOfAProgramIsItsReleaseOrItsFile(t *testing.T) {
	module := func(path, version string) *debug.Module { return &debug.Module{Path: path, Version: version} }
	for name, test := range map[string]struct {
		info debug.BuildInfo
		want string
	}{
		"a release":               {debug.BuildInfo{Main: *module(modulePath, "v1.2.3")}, "v1.2.3"},
		"a build of the checkout": {debug.BuildInfo{Main: *module(modulePath, "(devel)")}, ""},
		"a changed checkout":      {debug.BuildInfo{Main: *module(modulePath, "v1.2.4-0.20261128000000-0123456789ab+dirty")}, ""},
		"a program that imports a release": {debug.BuildInfo{
			Main: *module("example.com/program", "v9.0.0"), Deps: []*debug.Module{module(modulePath, "v1.2.3")},
		}, "v1.2.3"},
		"a program with a module of its own": {debug.BuildInfo{
			Main: *module("example.com/program", "v9.0.0"),
			Deps: []*debug.Module{{Path: modulePath, Version: "v1.2.3", Replace: module("../portico", "")}},
		}, ""},
	} {
		require.Equal(t, test.want, releaseOf(&test.info), name)
	}
	require.Len(t, programVersion(), 64, "a test has no release")
}
