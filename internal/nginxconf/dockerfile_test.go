package nginxconf_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf"
)

// instructions reads a Dockerfile without continuation lines.
func instructions(t *testing.T, c *nginxconf.Context) map[string][]string {
	t.Helper()
	found := make(map[string][]string)
	for _, f := range c.Files {
		if f.Name != "Dockerfile" {
			continue
		}
		for line := range strings.Lines(string(f.Data)) {
			name, rest, ok := strings.Cut(strings.TrimSpace(line), " ")
			if ok && name != "#" {
				found[name] = append(found[name], rest)
			}
		}
	}
	return found
}

func TestTheImageIsBuiltWithoutRunningAnything(t *testing.T) {
	c := render(t, manyRoutes(3)...)
	var others []string
	for _, f := range c.Files {
		if f.Name != "Dockerfile" {
			others = append(others, f.Name)
		}
	}
	require.Equal(t, map[string][]string{
		"ARG":        {"BASE_IMAGE=" + nginxconf.DefaultBaseImage},
		"FROM":       {"${BASE_IMAGE}"},
		"COPY":       {strings.Join(others, " ") + " /etc/portico/"},
		"ENV":        {"PORTICO_HOME=/etc/portico"},
		"USER":       {"101"},
		"EXPOSE":     {"8443 8444"},
		"VOLUME":     {`["/tmp"]`},
		"STOPSIGNAL": {"SIGQUIT"},
		"ENTRYPOINT": {`["sh", "/etc/portico/entrypoint.sh"]`},
	}, instructions(t, c))
}

func TestTheBaseImageMayBeADigest(t *testing.T) {
	image := "registry.example.com:5000/team/nginx:1.30@sha256:" + strings.Repeat("0a", 32)
	c, err := nginxconf.Render(nil, nginxconf.Options{BaseImage: image})
	require.NoError(t, err)
	require.Equal(t, []string{"BASE_IMAGE=" + image}, instructions(t, c)["ARG"])
}
