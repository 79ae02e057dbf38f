package review

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// largeReview is of a new mapping with one host and API in each row.
func largeReview(t *testing.T, rows int) *Review {
	t.Helper()
	r, err := Compare(Request{Environment: "dev", Head: State{Mapping: largeMapping(t, rows, 1), Stacks: drawnStacks},
		Base: State{Revision: "main", Absent: "has no mapping file of the environment"}})
	require.NoError(t, err)
	return r
}

// largeMapping spreads hosts over so many zones.
func largeMapping(t *testing.T, rows, zones int) *mapping.Mapping {
	t.Helper()
	var text strings.Builder
	text.WriteString("APIS:\n")
	for i := range rows {
		fmt.Fprintf(&text, "  - CUSTOM_DOMAIN_URL: host%d.zone%d.example.com\n"+
			"    PRIVATE_API_URL: https://api%dx.execute-api.us-east-1.amazonaws.com/dev\n    ACCOUNT: \"111111111111\"\n", i, i%zones, i)
	}
	m, err := mapping.Parse("mapping.yaml", []byte(text.String()))
	require.NoError(t, err)
	return m
}

func TestABrokenLimitIsAMistakeOfTheRowThatBreaksIt(t *testing.T) {
	head := State{Mapping: largeMapping(t, 4, 3), Options: topology.Options{Quotas: topology.Quotas{NamesPerCertificate: 1, CertificatesPerLoadBalancer: 1, LoadBalancers: 1, HostedZones: 2}}}
	_, err := Compare(Request{Environment: "dev", Head: head, Base: State{Revision: "main"}})
	mistakes := Mistakes(err)
	require.Len(t, mistakes, 2, "%v", err)
	for _, m := range mistakes {
		require.Equal(t, "mapping.yaml", m.File)
		require.Equal(t, head.Mapping.Rows[2].Pos.Line, m.Line)
		require.Equal(t, "APIS[2]", m.Path)
		require.NotEmpty(t, m.Fix)
	}
}

func TestAPolicyThatIsTooLargeIsAMistake(t *testing.T) {
	var text strings.Builder
	text.WriteString("APIS:\n")
	for i := range 200 {
		fmt.Fprintf(&text, "  - CUSTOM_DOMAIN_URL: host%d.private.example.com\n"+
			"    PRIVATE_API_URL: https://api0.execute-api.us-east-1.amazonaws.com/dev/path%d\n    VERBS: [GET]\n    ACCOUNT: \"111111111111\"\n", i, i)
	}
	m, err := mapping.Parse("mapping.yaml", []byte(text.String()))
	require.NoError(t, err)
	_, err = Compare(Request{Environment: "dev", Head: State{Mapping: m}})
	mistakes := Mistakes(err)
	require.Len(t, mistakes, 1, "%v", err)
	require.Contains(t, mistakes[0].Message, "api0")

	base := State{Revision: "main", Mapping: m}
	r, err := Compare(Request{Environment: "dev", Base: base, Head: State{Mapping: largeMapping(t, 1, 1)}})
	require.NoError(t, err, "a change that corrects the base can be reviewed")
	require.NotEmpty(t, r.Base.Absent)
}

func TestAnExistingZoneGetsRecordsAndIsNotAdded(t *testing.T) {
	options := topology.Options{DNS: topology.DNS{ExistingZones: []mapping.Zone{"zone1.example.com"}}}
	r, err := Compare(Request{Environment: "dev",
		Base: State{Revision: "main", Mapping: largeMapping(t, 1, 2), Options: options, Stacks: drawnStacks},
		Head: State{Mapping: largeMapping(t, 2, 2), Options: options, Stacks: drawnStacks}})
	require.NoError(t, err)
	require.Equal(t, []ZoneChange{{Name: "zone1.example.com", RecordsAdded: []mapping.Host{"*.zone1.example.com"}}}, r.Zones)
	require.Empty(t, r.Warnings, "the zone hides what it hid before")
}

func TestAHeadWithoutMappingIsAnError(t *testing.T) {
	_, err := Compare(Request{Environment: "dev", Head: State{Revision: "the working tree", Absent: "has no mapping file"}})
	require.ErrorContains(t, err, "the working tree has no mapping file")
}

func TestEveryMistakeOfAnErrorIsListed(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want []string
	}{
		"one of no known kind":    {errors.New("a"), []string{"a"}},
		"joined":                  {errors.Join(errors.New("a"), errors.New("b")), []string{"a", "b"}},
		"a mapping's, wrapped":    {fmt.Errorf("w: %w", mapping.Errors{{Message: "a"}, {Message: "b"}}), []string{"a", "b"}},
		"a limit without rows":    {&topology.LimitError{Limit: "x", Need: 2, Max: 1}, []string{"x: 2 needed, 1 allowed; the first 0 rows fit"}},
		"a contradiction, joined": {errors.Join(&topology.ConflictError{Problem: "a"}), []string{"a"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, m := range Mistakes(test.err) {
				got = append(got, m.Message)
			}
			require.Equal(t, test.want, got)
		})
	}
}
