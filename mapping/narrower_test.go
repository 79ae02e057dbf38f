package mapping_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/mapping"
)

func TestARowBelowAWiderOneIsWarnedOf(t *testing.T) {
	const api = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/"
	row := func(url, target, more string) string {
		return fmt.Sprintf("  - {CUSTOM_DOMAIN_URL: %s, PRIVATE_API_URL: %q%s}\n", url, api+target, more)
	}
	wide := row("shop.a.example.com/v1", "prod", "")
	narrow := row("shop.a.example.com/v1/admin", "prod/admin", ", VERBS: GET")
	const message = "APIS[0] of line 2 has DELETE, HEAD, OPTIONS, PATCH, POST, PUT for the same stage, and an API can be asked for them by a spelling of /v1/admin that it understands and Portico doesn't refuse, such as one in letters of another alphabet"
	for name, test := range map[string]struct {
		rows string
		want []string
	}{
		"below, with fewer verbs": {wide + narrow, []string{"m.yaml:3:5: APIS[1].VERBS: " + message}},
		"only the verbs that it lacks": {row("shop.a.example.com/v1", "prod", ", VERBS: [GET, PUT]") + narrow,
			[]string{"m.yaml:3:5: APIS[1].VERBS: APIS[0] of line 2 has PUT for the same stage"}},
		"below the host's root, two segments": {row("shop.a.example.com", "prod/x", "") + row("shop.a.example.com/a/b", "prod/x/a/b", ", VERBS: GET"),
			[]string{"by a spelling of /a/b that it understands"}},
		"the nearest": {wide + row("shop.a.example.com/v1/admin", "prod/admin", ", VERBS: [GET, PUT]") + row("shop.a.example.com/v1/admin/x", "prod/admin/x", ", VERBS: GET"),
			[]string{"APIS[1].VERBS: APIS[0] of line 2 has DELETE", "APIS[2].VERBS: APIS[1] of line 3 has PUT"}},
		"the wider row comes later": {narrow + wide, []string{"m.yaml:2:5: APIS[0].VERBS: APIS[1] of line 3"}},
		"the same verbs":            {row("shop.a.example.com/v1", "prod", ", VERBS: GET") + narrow, nil},
		"more verbs":                {row("shop.a.example.com/v1", "prod", ", VERBS: GET") + row("shop.a.example.com/v1/admin", "prod/admin", ""), nil},
		"another host":              {strings.Replace(wide, "shop.", "back.", 1) + narrow, nil},
		"another stage":             {strings.Replace(wide, "/prod", "/dev", 1) + narrow, nil},
		"another API":               {strings.Replace(wide, "a1b2c3d4e5", "b1b2c3d4e5", 1) + narrow, nil},
		"another path":              {wide + row("shop.a.example.com/v1/admin", "prod/other", ", VERBS: GET"), nil},
		"a retired row above":       {strings.Replace(wide, "}", ", RETIRED: true}", 1) + narrow, nil},
		"a retired row below":       {wide + strings.Replace(narrow, "}", ", RETIRED: true}", 1), nil},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := mapping.Parse("m.yaml", []byte("APIS:\n"+test.rows))
			require.NoError(t, err)
			warnings := m.Warnings()
			require.Len(t, warnings, len(test.want))
			for i, want := range test.want {
				require.Contains(t, warnings[i].Error(), want)
				require.NotEmpty(t, warnings[i].Fix)
			}
		})
	}
}

// TestRowsOfSeveralRegionsAreWarnedOf: retired rows are deployed nowhere.
func TestRowsOfSeveralRegionsAreWarnedOf(t *testing.T) {
	row := func(i int, region, more string) string {
		return fmt.Sprintf("  - {CUSTOM_DOMAIN_URL: h%d.a.example.com, PRIVATE_API_URL: \"https://a1b2c3d4e%d.execute-api.%s/prod\"%s}\n", i, i, region, more)
	}
	const virginia, beijing, ireland = "us-east-1.amazonaws.com", "cn-north-1.amazonaws.com.cn", "eu-west-1.amazonaws.com"
	m, err := mapping.Parse("m.yaml", []byte("APIS:\n"+row(1, virginia, "")+row(2, beijing, "")+row(3, virginia, "")+row(4, ireland, "")+row(5, ireland, "")))
	require.NoError(t, err)
	require.Equal(t, []string{"us-east-1", "cn-north-1", "eu-west-1"}, m.Regions())
	warnings := m.Warnings()
	require.Len(t, warnings, 2)
	const counted = "rows of 3 regions, us-east-1 (2 rows, the first on line 2), cn-north-1 (1 row on line 3), eu-west-1 (2 rows, the first on line 5)"
	require.Contains(t, warnings[0].Error(), "m.yaml:3:5: APIS[1].PRIVATE_API_URL: the mapping has "+counted)
	require.Contains(t, warnings[1].Error(), "m.yaml:5:5: APIS[3].PRIVATE_API_URL: the mapping has "+counted)

	m, err = mapping.Parse("m.yaml", []byte("APIS:\n"+row(1, virginia, "")+row(2, beijing, ", RETIRED: true")))
	require.NoError(t, err)
	require.Empty(t, m.Warnings())
	require.Equal(t, []string{"us-east-1"}, m.Regions())
}

func TestWarningsOfTenThousandRowsTakeNoTime(t *testing.T) {
	var rows strings.Builder
	rows.WriteString("APIS:\n")
	for i := range 10_000 {
		fmt.Fprintf(&rows, "  - {CUSTOM_DOMAIN_URL: h%d.a.example.com/a, PRIVATE_API_URL: \"https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/a\", VERBS: GET}\n", i)
	}
	m, err := mapping.Parse("m.yaml", []byte(rows.String()))
	require.NoError(t, err)
	const within = 100 * time.Millisecond
	best := time.Hour
	for attempt := 0; attempt < 20 && best >= within; attempt++ {
		start := time.Now()
		require.Empty(t, m.Warnings())
		best = min(best, time.Since(start))
	}
	require.Less(t, best, within)
}
