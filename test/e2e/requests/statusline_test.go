package requests

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/test/e2e/proxytest"
)

// TestAnAnswerWithoutAStatusLinePassesRaw holds what docs/data-path.md and
// docs/security.md say of such answers, which NGINX takes for HTTP/0.9: they pass
// byte for byte, the caller's connection stays open behind them, and both logs
// show them.
func TestAnAnswerWithoutAStatusLinePassesRaw(t *testing.T) {
	answers := map[string]string{
		"a blank in front":      " HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"another protocol":      "ICY 200 OK\r\n\r\nok",
		"a body alone":          `{"ok":true}`,
		"a status that is none": "HTTP/1.1 2x0 OK\r\n\r\n",
		"another version":       "HTTP/x 200 OK\r\n\r\n",
		"small letters":         "http/1.1 200 OK\r\n\r\n",
	}
	proxytest.ForEachNGINX(t, func(t *testing.T, n proxytest.NGINX) {
		var answer string
		u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{Answer: func(r nginxtest.Request) []byte {
			if strings.HasSuffix(r.Target(), "/raw") {
				return []byte(answer)
			}
			return nginxtest.OK("{}")
		}})
		p := n.Start(t, proxytest.Render(t, "log.yaml", []byte(loggedRows)), nginxtest.Environment(u)...)
		for name := range answers {
			answer = answers[name]
			conn := nginxtest.NewConn(t, p)
			_, err := io.WriteString(conn, nginxtest.RequestText("GET", "api.corp.example.com", "/v1/raw", "X-Amzn-Trace-Id: "+name))
			require.NoError(t, err)
			got := make([]byte, len(answer))
			_, err = io.ReadFull(conn, got)
			require.NoError(t, err, name)
			require.Equal(t, answer, string(got), name)
			// The answer ends where the endpoint closes its connection.
			u.CloseConnections()
			require.Equal(t, 200, conn.Send(t, nginxtest.RequestText("GET", "api.corp.example.com", "/v1/x")).Status, name)
		}
		require.Eventually(t, func() bool {
			return strings.Count(p.Stderr(), "upstream sent no valid HTTP/1.0 header") == len(answers)
		}, nginxtest.Patience, 20*time.Millisecond)
		statuses := make(map[string]int)
		require.Eventually(t, func() bool {
			for line := range strings.Lines(p.Stdout()) {
				var l logLine
				require.NoError(t, json.Unmarshal([]byte(line), &l))
				if l.TraceID != "" {
					statuses[l.TraceID] = l.Status
				}
			}
			return len(statuses) == len(answers)
		}, nginxtest.Patience, 20*time.Millisecond)
		const statusOfNone = 9
		for name := range answers {
			require.Equal(t, statusOfNone, statuses[name], name)
		}
	})
}
