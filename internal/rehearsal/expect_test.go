package rehearsal

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/mapping"
)

func TestForbiddenByPolicy(t *testing.T) {
	m := parse(t, `
APIS:
  - {CUSTOM_DOMAIN_URL: a.example.com, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev", VERBS: [GET]}
  - {CUSTOM_DOMAIN_URL: a.example.com/sub, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev/sub", VERBS: [POST]}
  - {CUSTOM_DOMAIN_URL: a.example.com/other, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev", VERBS: [DELETE]}
  - {CUSTOM_DOMAIN_URL: b.example.com, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev", VERBS: [PUT]}
  - {CUSTOM_DOMAIN_URL: c.example.com, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev"}
  - {CUSTOM_DOMAIN_URL: d.example.com, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev"}
  - {CUSTOM_DOMAIN_URL: d.example.com/in, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev/in", VERBS: [GET]}
  - {CUSTOM_DOMAIN_URL: d.example.com/in/side, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev/in/side", VERBS: [PUT]}
`)
	e := expect(m)
	for sentence, c := range map[string]struct {
		row  int
		want []mapping.Method
	}{
		"verbs of a row with the same target are admitted":                       {0, []mapping.Method{"POST", "PUT", "PATCH", "OPTIONS", "HEAD"}},
		"verbs of a row with a target above are, but not of one that it shadows": {1, []mapping.Method{"GET", "PUT", "PATCH", "OPTIONS", "HEAD"}},
		"a target below doesn't widen what is probed above it":                   {2, []mapping.Method{"POST", "PUT", "PATCH", "OPTIONS", "HEAD"}},
		"verbs of a row on another host are not":                                 {3, []mapping.Method{"GET", "POST", "PATCH", "DELETE", "OPTIONS", "HEAD"}},
		"nothing is forbidden where every verb is allowed":                       {4, []mapping.Method{}},
		"all verbs of a wider row are forbidden below":                           {6, []mapping.Method{"POST", "PATCH", "DELETE", "OPTIONS", "HEAD"}},
		"what a row below has again is not":                                      {7, []mapping.Method{"GET", "POST", "PATCH", "DELETE", "OPTIONS", "HEAD"}},
	} {
		t.Run(sentence, func(t *testing.T) {
			require.Equal(t, c.want, e.forbiddenByPolicy(m.Rows[c.row]))
		})
	}
}

func TestSampleCoversTheWholeFile(t *testing.T) {
	rows := make([]mapping.Row, 1000)
	for i := range rows {
		rows[i].Index = i
	}
	require.Len(t, sample(rows[:7], 10), 7)
	picked := sample(rows, 10)
	require.Len(t, picked, 10)
	for i, row := range picked {
		require.Equal(t, i*100, row.Index)
	}
}

func TestUnmappedRowsAreOneAHost(t *testing.T) {
	m := parse(t, `
APIS:
  - {CUSTOM_DOMAIN_URL: a.example.com/x, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev"}
  - {CUSTOM_DOMAIN_URL: a.example.com/y, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev"}
  - {CUSTOM_DOMAIN_URL: b.example.com/x, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev"}
  - {CUSTOM_DOMAIN_URL: b.example.com, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev"}
`)
	e := expect(m)
	var hosts []string
	for _, row := range e.unmapped(e.served) {
		hosts = append(hosts, string(row.Host))
	}
	require.Equal(t, []string{"a.example.com"}, hosts)
}

func TestReportIsOnlyOKWhenEverythingIs(t *testing.T) {
	good := Report{Stacks: []Stack{{Name: "dev"}}, Probes: []Probe{{OK: true}}}
	for sentence, c := range map[string]struct {
		change func(*Report)
		want   bool
	}{
		"all well":             {func(*Report) {}, true},
		"a probe failed":       {func(r *Report) { r.Probes = append(r.Probes, Probe{}) }, false},
		"a stack failed":       {func(r *Report) { r.Stacks = []Stack{{Error: "no"}} }, false},
		"nothing was probed":   {func(r *Report) { r.Probes = nil }, false},
		"nothing was deployed": {func(r *Report) { r.Stacks = nil }, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			report := good
			c.change(&report)
			report.setOK()
			require.Equal(t, c.want, report.OK, fmt.Sprint(report))
		})
	}
}
