package requests

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/test/e2e/proxytest"
)

// strictRows are n APIs in endpoint access mode STRICT and one that is not.
func strictRows(n int) string {
	var b strings.Builder
	b.WriteString("APIS:\n  - {CUSTOM_DOMAIN_URL: basic.corp.example.com, PRIVATE_API_URL: \"https://abasic.execute-api.us-east-1.amazonaws.com/prod\"}\n")
	for i := range n {
		fmt.Fprintf(&b, "  - {CUSTOM_DOMAIN_URL: strict-%d.corp.example.com, PRIVATE_API_URL: \"https://astrict%d.execute-api.us-east-1.amazonaws.com/prod\", ENDPOINT_ACCESS_MODE: STRICT}\n", i, i)
	}
	return b.String()
}

// TestStrictAPIsAreAskedByTheirOwnName sends requests for several APIs side by
// side: on each connection to the endpoint the TLS name, and the Host of every
// request, is one API's.
func TestStrictAPIsAreAskedByTheirOwnName(t *testing.T) {
	const apis = 3
	proxytest.ForEachNGINX(t, func(t *testing.T, n proxytest.NGINX) {
		u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{OtherNames: []string{"*.execute-api.us-east-1.amazonaws.com"}})
		p := n.Start(t, proxytest.Render(t, "strict.yaml", []byte(strictRows(apis))), nginxtest.Environment(u)...)
		var callers sync.WaitGroup
		for i := range apis + 1 {
			host := fmt.Sprintf("strict-%d.corp.example.com", i)
			if i == apis {
				host = "basic.corp.example.com"
			}
			conn := nginxtest.NewConn(t, p)
			callers.Go(func() {
				for range 20 {
					if answer := conn.Send(t, nginxtest.RequestText("GET", host, "/x")); answer.Status != 200 {
						t.Errorf("%s: %d %s", host, answer.Status, answer.Body)
					}
				}
			})
		}
		callers.Wait()
		require.Len(t, u.Requests(), 20*(apis+1))
		hosts := make(map[int]string)
		for _, r := range u.Requests() {
			require.Equal(t, r.ServerName, r.Values("Host")[0], "connection %d", r.Connection)
			if first, known := hosts[r.Connection]; known {
				require.Equal(t, first, r.Values("Host")[0], "connection %d", r.Connection)
			}
			hosts[r.Connection] = r.Values("Host")[0]
			api := r.Values("x-apigw-api-id")[0]
			if api != "abasic" {
				require.Equal(t, api+".execute-api.us-east-1.amazonaws.com", r.ServerName)
			}
		}
		require.Len(t, hosts, apis+1, "connections are kept")
	})
}

func TestAThousandStrictAPIsStartQuicklyAndTakeLittleMemory(t *testing.T) {
	const within, atMost = 200 * time.Millisecond, 32 << 20
	c := proxytest.Render(t, "strict.yaml", []byte(strictRows(1000)))
	v := nginxtest.Test(t, c)
	require.NoError(t, v.Err, v.Output)
	// Also the time on a processor grows on a machine that does other work too.
	for attempt := 0; attempt < 9 && v.CPU >= within; attempt++ {
		v = nginxtest.Test(t, c)
	}
	require.Less(t, v.CPU, within)
	proxytest.ForEachNGINX(t, func(t *testing.T, n proxytest.NGINX) {
		u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{OtherNames: []string{"*.execute-api.us-east-1.amazonaws.com"}})
		p := n.Start(t, c, nginxtest.Environment(u)...)
		require.Equal(t, 200, p.Get(t, "strict-999.corp.example.com", "/x").Status)
		for _, memory := range p.Memory(t) {
			require.Less(t, memory, int64(atMost))
			t.Logf("NGINX %s: nginx -t %v, %d KB a process", n.Version, v.CPU, memory>>10)
		}
	})
}
