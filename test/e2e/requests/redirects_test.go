package requests

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/mapping"
	"github.com/portico-iac/portico/test/e2e/proxytest"
)

const redirecting = `
APIS:
  - {CUSTOM_DOMAIN_URL: root.corp.example.com, PRIVATE_API_URL: "https://aroot.execute-api.us-east-1.amazonaws.com/prod"}
  - {CUSTOM_DOMAIN_URL: base.corp.example.com/v1, PRIVATE_API_URL: "https://abase.execute-api.us-east-1.amazonaws.com/prod"}
  - {CUSTOM_DOMAIN_URL: base.corp.example.com/prod, PRIVATE_API_URL: "https://asame.execute-api.us-east-1.amazonaws.com/prod"}
  - {CUSTOM_DOMAIN_URL: below.corp.example.com, PRIVATE_API_URL: "https://abelow.execute-api.eu-west-1.amazonaws.com/prod/p"}
  - {CUSTOM_DOMAIN_URL: both.corp.example.com/a/b~c, PRIVATE_API_URL: "https://aboth.execute-api.us-east-1.amazonaws.com/Prod_1-x/prod/p", TIMEOUT: 7}
  - {CUSTOM_DOMAIN_URL: strict.corp.example.com/v1, PRIVATE_API_URL: "https://astrict.execute-api.us-east-1.amazonaws.com/prod", ENDPOINT_ACCESS_MODE: STRICT}
`

// TestAFollowedRedirectArrivesWhereTheAPIMeant lets APIs redirect to themselves,
// by every name and at random places, follows the answer as a browser does, and
// asks that what arrives then is what the API meant.
func TestAFollowedRedirectArrivesWhereTheAPIMeant(t *testing.T) {
	m, err := mapping.Parse("redirects.yaml", []byte(redirecting))
	require.NoError(t, err)
	proxytest.ForEachNGINX(t, func(t *testing.T, n proxytest.NGINX) {
		var location string
		u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{
			OtherNames: []string{"*.execute-api.us-east-1.amazonaws.com"},
			Answer: func(r nginxtest.Request) []byte {
				if strings.HasSuffix(r.Target(), "/start") {
					return nginxtest.Answer(http.StatusFound, "", "Location: "+location)
				}
				return nginxtest.OK("{}")
			},
		})
		p := n.Start(t, proxytest.Render(t, "redirects.yaml", []byte(redirecting)), nginxtest.Environment(u)...)
		c := nginxtest.NewConn(t, p)
		const seed = 11
		random := rand.New(rand.NewPCG(seed, seed))
		for i := range 400 {
			row := &m.Rows[random.IntN(len(m.Rows))]
			meant := "/" + string(row.API.Stage) + string(row.API.Path) + randomRest(random)
			location = randomAddress(random, row) + meant
			where := fmt.Sprintf("seed %d, redirect %d of %s: Location: %s", seed, i, row.URL(), location)

			start := string(row.BasePath) + "/start"
			answer := c.Send(t, nginxtest.RequestText("GET", string(row.Host), start))
			require.Equal(t, http.StatusFound, answer.Status, where)
			followed, err := (&url.URL{Scheme: "https", Host: string(row.Host), Path: start}).Parse(answer.Header.Get("Location"))
			require.NoError(t, err, where)
			require.Equal(t, "https", followed.Scheme, where)
			require.Equal(t, string(row.Host), followed.Host, where)

			before := len(u.Requests())
			require.Equal(t, http.StatusOK, c.Send(t, nginxtest.RequestText("GET", followed.Host, followed.RequestURI())).Status, where)
			arrived := u.Requests()[before]
			require.Equal(t, []string{string(row.API.ID)}, arrived.Values("x-apigw-api-id"), where)
			// A stage, or the root, may be asked for with or without a slash.
			want, _, _ := strings.Cut(meant, "#")
			path, query, _ := strings.Cut(want, "?")
			if row.BasePath == "" && path == "/"+string(row.API.Stage)+string(row.API.Path) {
				path += "/"
			}
			require.Equal(t, strings.TrimSuffix(path+"?"+query, "?"), arrived.Target(), where)
		}
	})
}

// randomAddress is one of the ways in which an API names itself; empty: the path
// alone.
func randomAddress(random *rand.Rand, row *mapping.Row) string {
	own := nginxtest.APIName(row.API)
	name := []string{nginxtest.EndpointName, own, strings.Replace(own, ".", "-vpce-0a1b2c3d.", 1)}[random.IntN(3)]
	if random.IntN(3) == 0 {
		name = strings.ToUpper(name)
	}
	return []string{"", "https://" + name, "https://" + name + ":443", "//" + name, "http://" + name}[random.IntN(5)]
}

// randomRest is what follows the row's path in a URL.
func randomRest(random *rand.Rand) string {
	var b strings.Builder
	for range random.IntN(4) {
		b.WriteString("/" + []string{"", "items", "prod", "v1", "p", "a%2Fb", "a+b;c=d", "~x", "%C3%A9", "https:", "evil.example.net"}[random.IntN(11)])
	}
	rest := b.String()
	if random.IntN(3) == 0 {
		rest += "?" + []string{"a=b", "next=/prod/x", "q=https://e/prod", "x=%20y"}[random.IntN(4)]
	}
	if random.IntN(4) == 0 {
		rest += "#top"
	}
	return rest
}
