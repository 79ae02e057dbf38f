//go:build bench

package proxy

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf"
)

// TestWhatTheLogCosts counts the instructions in user space that a request takes with and
// without the log, with the fields that metrics of a sampled log need, and sampled.
func TestWhatTheLogCosts(t *testing.T) {
	_, err := exec.LookPath("valgrind")
	require.NoError(t, err, "install the package of that name")
	u := startUpstream(t)
	e := newWorkload(t, 100)
	var plain, traced []string
	for _, r := range e.routes {
		request := balancersRequest(string(r.Host), string(r.BasePath)+"/small")
		plain = append(plain, request)
		traced = append(traced, strings.Replace(request, "\r\n\r\n", "\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n", 1))
	}
	noLog := edited(t, e.context, "entrypoint.sh", `echo "access_log \"$log\" portico buffer=4k flush=1s${sample:+ if=\$portico_weight};"`, `echo "access_log off;"`)
	t.Log("| log | instructions a request | to the log as it is |")
	var asItIs int64
	for _, side := range []struct {
		name        string
		context     *nginxconf.Context
		requests    []string
		environment []string
	}{
		{"as it is", e.context, plain, nil},
		{"without the field traceparent", edited(t, e.context, "log.conf", "$portico_log_traceparent", ""), plain, nil},
		{"with weight and sampled, of all requests", e.context, plain, []string{"PORTICO_LOG_SAMPLE=100"}},
		{"of 10 % of the requests", e.context, plain, []string{"PORTICO_LOG_SAMPLE=10"}},
		{"none", noLog, plain, nil},
		{"as it is, of requests with a traceparent", e.context, traced, nil},
	} {
		c := instructions(t, side.context, u, side.requests, side.environment...)
		whole := c.ownTotal() + c.openSSL
		if asItIs == 0 {
			asItIs = whole
		}
		t.Logf("| %s | %d | %+d (%+.1f %%) |", side.name, whole, whole-asItIs, 100*(float64(whole)/float64(asItIs)-1))
	}
}

// edited is a context with a text of a file replaced.
func edited(t *testing.T, c *nginxconf.Context, name, old, text string) *nginxconf.Context {
	t.Helper()
	changed := *c
	changed.Files = slices.Clone(c.Files)
	for i, f := range changed.Files {
		if f.Name == name {
			require.True(t, bytes.Contains(f.Data, []byte(old)), "%s has no %s", name, old)
			changed.Files[i].Data = bytes.Replace(f.Data, []byte(old), []byte(text), 1)
			return &changed
		}
	}
	t.Fatalf("the context has no file %s", name)
	return nil
}
