package settings

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What is shown to anyone holds no secret, and values apart have digests apart.
func TestWrittenValues(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "Pulumi.yaml", `name: portico
runtime: {name: go, options: {binary: x}}
backend: {url: "https://me:hidden@state.example.com"}
config:
  task.min: {type: integer, default: 3}
  other:plain: {value: hidden, secret: true}
`)
	write(t, dir, "Pulumi.dev.yaml", `encryptionsalt: hidden
secretsprovider: awskms://alias/shown
environment: {values: {a: {fn::secret: hidden}, b: shown}}
config:
  mapping: mapping.yaml
  portico:quotas: '{"hostedZones": 7}'
  portico:certificates:
    import: [{certificate: a.pem, privateKey: "-----BEGIN PRIVATE KEY-----hidden"}]
    zones: [{name: example.com, roleArn: r}]
  portico:loadBalancer: {allowedCidrs: [10.0.0.0/8, 11.0.0.0/8]}
  portico:apis: []
  aws:token: hidden
  aws:note: my key is AKIAABCDEFGHIJKLMNOP
  other:list: [a, {secure: hidden}]
  other:none:
`)
	project := Project{Files: Dir(dir)}
	manifest, err := project.WrittenManifest()
	require.NoError(t, err)
	stack, err := Source{Project: project, Stack: "dev"}.WrittenStack()
	require.NoError(t, err)
	shown := func(f WrittenFile) map[string]string {
		texts := map[string]string{}
		for _, v := range f.Values {
			require.NotContains(t, v.Text, "hidden")
			texts[v.Key] = v.Text + " (" + v.Kind + ")"
		}
		return texts
	}
	require.Equal(t, map[string]string{
		"name": "portico (text)", "runtime.name": "go (text)", "runtime.options.binary": "x (text)",
		"backend.url":           "https://[secret]@state.example.com (text)",
		"portico:task.min.type": "integer (text)", "portico:task.min": "3 (number)",
		"other:plain": " (secret)", "other:plain.secret": "true (true or false)",
	}, shown(manifest))
	require.Equal(t, map[string]string{
		"encryptionsalt": " (secret)", "secretsprovider": "awskms://alias/shown (text)",
		"environment.values.a.fn::secret": " (secret)", "environment.values.b": "shown (text)",
		"portico:mapping": "mapping.yaml (text)", "portico:quotas.hostedZones": "7 (number)",
		"portico:certificates.import[0].certificate": "a.pem (text)", "portico:certificates.import[0].privateKey": " (secret)",
		"portico:certificates.zones[example.com].name": "example.com (text)", "portico:certificates.zones[example.com].roleArn": "r (text)",
		"portico:loadBalancer.allowedCidrs": "[10.0.0.0/8, 11.0.0.0/8] (list)", "portico:apis": "[] (list)",
		"aws:token": " (secret)", "aws:note": " (secret)", "other:list[0]": "a (text)", "other:list[1]": " (secret)", "other:none": " (nothing)",
	}, shown(stack))
}
