package timeouts

import (
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/test/e2e/proxytest"
)

const rows = `
APIS:
  - {CUSTOM_DOMAIN_URL: one.example.com, PRIVATE_API_URL: "https://one.execute-api.us-east-1.amazonaws.com/dev", TIMEOUT: 1}
  - {CUSTOM_DOMAIN_URL: three.example.com, PRIVATE_API_URL: "https://three.execute-api.us-east-1.amazonaws.com/dev", TIMEOUT: 3}
`

func TestRowsTimeOutWhenTheySay(t *testing.T) {
	c := proxytest.Render(t, "rows.yaml", []byte(rows))
	tests := map[string]struct {
		host string
		// late is how long the API takes.
		late   time.Duration
		status int
		took   time.Duration
	}{
		"a second is enough for an API that is within it":      {"one.example.com", 600 * time.Millisecond, 200, 600 * time.Millisecond},
		"a second is all that an API gets":                     {"one.example.com", 2 * time.Second, 504, time.Second},
		"three seconds are enough for an API that takes two":   {"three.example.com", 2 * time.Second, 200, 2 * time.Second},
		"three seconds are all that an API gets that is later": {"three.example.com", 5 * time.Second, 504, 3 * time.Second},
	}
	proxytest.ForEachNGINX(t, func(t *testing.T, n proxytest.NGINX) {
		t.Parallel()
		done := make(chan struct{})
		u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{Answer: func(r nginxtest.Request) []byte {
			target, err := url.Parse(r.Target())
			if err != nil {
				return nginxtest.Answer(400, err.Error())
			}
			late, err := time.ParseDuration(target.Query().Get("late"))
			if err != nil {
				return nginxtest.Answer(400, err.Error())
			}
			select {
			case <-time.After(late):
			case <-done:
			}
			return nginxtest.OK("late")
		}})
		t.Cleanup(func() { close(done) })
		p := n.Start(t, c, nginxtest.Environment(u)...)
		t.Run("rows", func(t *testing.T) {
			for name, test := range tests {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					began := time.Now()
					answer := p.Get(t, test.host, "/?late="+test.late.String())
					took := time.Since(began)
					require.Equal(t, test.status, answer.Status, "%s", answer.Body)
					require.GreaterOrEqual(t, took, test.took)
					require.Less(t, took, test.took+800*time.Millisecond)
					if test.status == 504 {
						var body struct{ Message string }
						require.Equal(t, "application/json", answer.Header.Get("Content-Type"))
						require.NoError(t, json.Unmarshal(answer.Body, &body))
						require.Contains(t, body.Message, "in time")
					}
				})
			}
		})
	})
}
