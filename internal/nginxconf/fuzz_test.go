package nginxconf_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/portico-iac/portico/internal/nginxconf"
	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// FuzzMappingToNGINX holds the promise that separates a mapping from NGINX's
// configuration: what Parse accepts, nginx -t accepts, and it brings nothing
// into the configuration but entries of maps.
func FuzzMappingToNGINX(f *testing.F) {
	f.Add("a.b.example.com", "https://abc123.execute-api.us-east-1.amazonaws.com/dev", "GET,POST", "*.b.example.com/v1", "https://abc123.execute-api.us-east-1.amazonaws.com/dev/x", "ANY", 30, false)
	f.Add("a.b.example.com/V1", "https://abc123.execute-api.eu-west-1.amazonaws.com/prod/", "*", "a.b.example.com/v1", "https://d4.execute-api.cn-north-1.amazonaws.com.cn/dev/x/y", "delete", 7, true)
	f.Add("https://a.b.example.com/~x/.y/-", "https://abc123.execute-api.us-gov-west-1.amazonaws.com/d_e-v/a.b", "", "a.b.example.com.", "https://abc123.execute-api.us-east-1.amazonaws.com/dev", "Options", 300, true)
	f.Add("a.b.example.com/$host;}{\"", "https://abc123.execute-api.us-east-1.amazonaws.com/dev#`id`", "GET\n", "xn--bcher-kva.b.example.com/a|b", "https://abc123.execute-api.us-east-1.amazonaws.com/dev/\\", "PATCH,,", 1, false)
	f.Add("default.example.com/include", "https://volatile.execute-api.us-east-1.amazonaws.com/hostnames", "HEAD", "include.example.com/default", "https://abc123.execute-api.us-east-1.amazonaws.com/~", "PUT", 2, false)
	f.Fuzz(func(t *testing.T, url1, api1, verbs1, url2, api2, verbs2 string, timeout int, cors bool) {
		document, err := yaml.Marshal(map[string]any{"APIS": []map[string]any{
			{"CUSTOM_DOMAIN_URL": url1, "PRIVATE_API_URL": api1, "VERBS": verbs1, "TIMEOUT": timeout, "CORS": cors},
			{"CUSTOM_DOMAIN_URL": url2, "PRIVATE_API_URL": api2, "VERBS": verbs2},
		}})
		if err != nil {
			t.Skip("no YAML can say this")
		}
		m, err := mapping.Parse("fuzz.yaml", document)
		if err != nil {
			t.Skip("refused")
		}
		top, err := topology.Derive(m, topology.Options{})
		require.NoError(t, err, "%s", document)
		c, err := nginxconf.Render(top.Routes, nginxconf.Options{})
		require.NoError(t, err, "%s", document)
		requireOnlyTheTemplates(t, c, top.Routes)
		v := nginxtest.Test(t, c)
		require.NoError(t, v.Err, "%s\n%s", document, v.Output)
	})
}
