package nginxconf_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf"
	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/internal/topology"
)

// mapOf is a map of routing.conf with its entries.
var mapOf = regexp.MustCompile(`(?m)^map .* (\$\w+) \{\n(?:.*\n)*?\}`)

// failing is the context with the map's expressions made to fail as those do that
// exceed PCRE's limits: NGINX then takes the map's default.
func failing(c *nginxconf.Context, variable string) *nginxconf.Context {
	entry := regexp.MustCompile(`(?m)^(    "~\*?)`)
	changed := &nginxconf.Context{Files: slices.Clone(c.Files)}
	for i, f := range changed.Files {
		if f.Name != "routing.conf" {
			continue
		}
		changed.Files[i].Data = mapOf.ReplaceAllFunc(f.Data, func(m []byte) []byte {
			if string(mapOf.FindSubmatch(m)[1]) != variable {
				return m
			}
			return entry.ReplaceAll(m, []byte(`${1}(*NO_JIT)(*LIMIT_MATCH=0)`))
		})
	}
	return changed
}

// TestNothingIsForwardedForAnExpressionThatFails makes the expressions of one map
// after another fail. What is refused while they work is refused then.
func TestNothingIsForwardedForAnExpressionThatFails(t *testing.T) {
	nginxtest.Require(t)
	routes := []topology.Route{
		route("shop.example.com", "/v1", "shop", ""),
		route("shop.example.com", "/v1/admin", "shop", "/admin", "GET"),
		route("late.example.com", "/v1", "late", ""),
		route("late.example.com", "/v1/admin", "late", "/admin", "GET"),
		route("*.wild.example.com", "/v1", "wild", "", "GET"),
	}
	routes[2].Timeout += 1e9
	refused := []string{
		nginxtest.RequestText("GET", "shop.example.com", "/v1//admin/x"),
		nginxtest.RequestText("GET", "late.example.com", "/v1/Admin;x"),
		nginxtest.RequestText("DELETE", "shop.example.com", "/v1/admin/x"),
		nginxtest.RequestText("DELETE", "shop.example.com", "/v1/%61dmin/x"),
		nginxtest.RequestText("GET", "shop.example.com", "/v1/../v1/x"),
		nginxtest.RequestText("GET", "shop.example.com", "/v1/%2e%2e/x"),
		nginxtest.RequestText("GET", "shop.example.com", "/v2/x"),
		nginxtest.RequestText("GET", "shop.example.com", "http://late.example.com/v1/x"),
		nginxtest.RequestText("POST", "a.wild.example.com", "/v1/x"),
		nginxtest.RequestText("GET", "a.b.wild.example.com", "/v1/x"),
		nginxtest.RequestText("GET", "other.example.com", "/v1/x"),
	}
	c := render(t, routes...)
	var variables []string
	for _, f := range c.Files {
		for _, m := range mapOf.FindAllSubmatch(f.Data, -1) {
			if f.Name == "routing.conf" && strings.Contains(string(m[0]), "\n    \"~") {
				variables = append(variables, string(m[1]))
			}
		}
	}
	require.Contains(t, variables, "$portico_location_of_wider")
	u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{})
	failed := 0
	for _, variable := range variables {
		p := nginxtest.Start(t, failing(c, variable), nginxtest.Environment(u))
		for _, request := range refused {
			status := p.Send(t, request).Status
			require.GreaterOrEqual(t, status, 400, "%s: %s", variable, request)
		}
		require.Empty(t, u.Requests(), variable)
		if strings.Contains(p.Stderr(), "pcre2_match() failed") || strings.Contains(p.Stderr(), "pcre_exec() failed") {
			failed++
		}
	}
	require.Greater(t, failed, 10, "the maps' expressions should have failed")
}
