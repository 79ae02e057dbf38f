//go:build bench

package proxy

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// workload is what every proxy of a comparison serves.
type workload struct {
	hosts   int
	mapping []byte
	routes  []topology.Route
	context *nginxconf.Context
}

// newWorkload makes hosts under fifty domains, with a row each. Every fourth row has
// a base path.
func newWorkload(t *testing.T, hosts int) workload {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("APIS:\n")
	for i := range hosts {
		base := ""
		if i%4 == 3 {
			base = "/v1"
		}
		fmt.Fprintf(&b, "- CUSTOM_DOMAIN_URL: api%05d.team%02d.private.example.com%s\n", i, i%50, base)
		fmt.Fprintf(&b, "  PRIVATE_API_URL: https://a%08d.execute-api.us-east-1.amazonaws.com/prod\n", i)
		b.WriteString("  VERBS: [GET, POST]\n  ACCOUNT: \"222222222222\"\n")
	}
	m, err := mapping.Parse("workload", b.Bytes())
	require.NoError(t, err)
	derived, err := topology.Derive(m, topology.Options{})
	require.NoError(t, err)
	context, err := nginxconf.Render(derived.Routes, nginxconf.Options{})
	require.NoError(t, err)
	return workload{hosts: hosts, mapping: b.Bytes(), routes: derived.Routes, context: context}
}

// requests lists one request for each row, for load.lua: an answer is small or
// large by the path's end.
func (e workload) requests(answer string) []byte {
	var b bytes.Buffer
	for _, r := range e.routes {
		fmt.Fprintf(&b, "%s %s/%s\n", r.Host, r.BasePath, answer)
	}
	return b.Bytes()
}
