package mapping_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/mapping"
)

func TestNamesOfARow(t *testing.T) {
	m, err := mapping.Parse("team/mapping.yaml", []byte(`ACCOUNTS:
  orders: {ID: "222222222222"}
APIS:
  - CUSTOM_DOMAIN_URL: API.private.example.com/v1/
    PRIVATE_API_URL: https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/dev
  - CUSTOM_DOMAIN_URL: "*.private.example.com"
    PRIVATE_API_URL: https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/dev
`))
	require.NoError(t, err)
	row, wildcard := m.Rows[0], m.Rows[1]
	require.Equal(t, "api.private.example.com/v1", row.URL())
	require.Equal(t, "*.private.example.com", wildcard.URL())
	require.Equal(t, "team/mapping.yaml:4:5: APIS[0]", row.Position())
	require.Equal(t, "team/mapping.yaml:6:5: APIS[1]", wildcard.Position())
	require.Equal(t, mapping.Position{File: "team/mapping.yaml", Line: 2, Column: 3}, m.Accounts[0].Pos)
	require.Equal(t, mapping.Host("*.private.example.com"), row.Host.Wildcard())
	require.Equal(t, row.Host.Wildcard(), wildcard.Host.Wildcard())
	require.Equal(t, mapping.Host("*.example.com"), mapping.Zone("example.com").Wildcard())
}

func TestACertificateCoversItsNamesAndOneLabelOfAWildcard(t *testing.T) {
	names := []mapping.Host{"*.x.example.com", "a.y.example.com"}
	for host, want := range map[mapping.Host]bool{
		"a.x.example.com": true, "*.x.example.com": true, "a.y.example.com": true,
		"b.a.x.example.com": false, "x.example.com": false, "b.y.example.com": false, "*.y.example.com": false,
	} {
		require.Equal(t, want, host.CoveredBy(names), host)
	}
	require.False(t, mapping.Host("a.x.example.com").CoveredBy(nil))
}

func TestARowThatNoFileHoldsHasAPlaceAllTheSame(t *testing.T) {
	require.Equal(t, "APIS[3]", mapping.Row{Index: 3}.Position())
	require.Equal(t, "mapping.yaml: APIS[3]", mapping.Row{Index: 3, Pos: mapping.Position{File: "mapping.yaml"}}.Position())
	require.Empty(t, mapping.Position{}.String())
}

func TestAStreamMayBeSilentForAPIGatewaysIdleLimit(t *testing.T) {
	row := mapping.Row{Timeout: 30 * time.Second}
	require.Equal(t, 30*time.Second, row.ReadTimeout())
	row.Stream = true
	require.Equal(t, 300*time.Second, row.ReadTimeout())
}

func TestADeploymentCutsWhatOutlastsTheTasksDrainAndStop(t *testing.T) {
	row := func(timeout time.Duration, change func(*mapping.Row)) mapping.Row {
		r := mapping.Row{FrontDoor: mapping.FrontDoorNGINX, Timeout: timeout}
		if change != nil {
			change(&r)
		}
		return r
	}
	for sentence, test := range map[string]struct {
		rows []mapping.Row
		want time.Duration
	}{
		"the default":                       {[]mapping.Row{row(30*time.Second, nil)}, 80 * time.Second},
		"the longest row's":                 {[]mapping.Row{row(30*time.Second, nil), row(60*time.Second, nil)}, 140 * time.Second},
		"Fargate stops within 120 s":        {[]mapping.Row{row(300*time.Second, nil)}, 430 * time.Second},
		"nothing where a row streams":       {[]mapping.Row{row(30*time.Second, nil), row(30*time.Second, func(r *mapping.Row) { r.Stream = true })}, 0},
		"a retired row is no row":           {[]mapping.Row{row(30*time.Second, nil), row(300*time.Second, func(r *mapping.Row) { r.Retired = true })}, 80 * time.Second},
		"the others have no tasks":          {[]mapping.Row{row(30*time.Second, func(r *mapping.Row) { r.FrontDoor = mapping.FrontDoorALB })}, 0},
		"nor does a row that streams there": {[]mapping.Row{row(30*time.Second, nil), row(30*time.Second, func(r *mapping.Row) { r.FrontDoor, r.Stream = mapping.FrontDoorNative, true })}, 80 * time.Second},
	} {
		after, cut := (&mapping.Mapping{Rows: test.rows}).CutAfter()
		require.Equal(t, test.want > 0, cut, sentence)
		if cut {
			require.Equal(t, test.want, after, sentence)
		}
	}
}
