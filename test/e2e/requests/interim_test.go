package requests

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/test/e2e/proxytest"
)

// TestAnInterimAnswerIsTakenForTheAnswer holds what docs/data-path.md says of
// interim answers (RFC 9110, section 15.2): NGINX takes one for the answer and
// what follows for its body, so that callers read both as they were meant, but
// the request ends with the endpoint's connection only.
func TestAnInterimAnswerIsTakenForTheAnswer(t *testing.T) {
	const final = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	proxytest.ForEachNGINX(t, func(t *testing.T, n proxytest.NGINX) {
		var interim string
		u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{Answer: func(r nginxtest.Request) []byte {
			if strings.HasSuffix(r.Target(), "/interim") {
				return []byte(interim + final)
			}
			return []byte("HTTP/1.1 204 No Content\r\n\r\n")
		}})
		p := n.Start(t, proxytest.Render(t, "interim.yaml", []byte(loggedRows)), nginxtest.Environment(u)...)
		statuses := []string{"100 Continue", "102 Processing"}
		if strings.HasPrefix(n.Version, "1.22") {
			statuses = append(statuses, "103 Early Hints")
		} else {
			// Since 1.29.0 NGINX drops it where early_hints doesn't let it through
			// (https://nginx.org/en/docs/http/ngx_http_core_module.html#early_hints).
			interim = "HTTP/1.1 103 Early Hints\r\n\r\n"
			require.Equal(t, 200, nginxtest.NewConn(t, p).Send(t, nginxtest.RequestText("GET", "api.corp.example.com", "/v1/interim")).Status)
		}
		for _, status := range statuses {
			interim = "HTTP/1.1 " + status + "\r\n\r\n"
			conn := nginxtest.NewConn(t, p)
			_, err := io.WriteString(conn, nginxtest.RequestText("GET", "api.corp.example.com", "/v1/interim"))
			require.NoError(t, err)
			got := make([]byte, len("HTTP/1.1 "+status+"\r\nConnection: keep-alive\r\n\r\n"+final))
			_, err = io.ReadFull(conn, got)
			require.NoError(t, err, status)
			require.Equal(t, "HTTP/1.1 "+status+"\r\nConnection: keep-alive\r\n\r\n"+final, string(got))
			u.CloseConnections()
			require.Equal(t, 204, conn.Send(t, nginxtest.RequestText("GET", "api.corp.example.com", "/v1/x")).Status, status)
		}
	})
}
