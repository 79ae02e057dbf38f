package tlsscan

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/test/e2e/proxytest"
)

// finding is an entry of testssl.sh's flat JSON.
type finding struct {
	ID       string `json:"id"`
	Severity string `json:"severity"`
	Finding  string `json:"finding"`
	CVE      string `json:"cve"`
}

const (
	// Load balancers encrypt to their targets without looking at the target's
	// certificate, which the proxy makes for itself when it starts.
	unverified = "about a certificate that clients verify"
	// Answers pass as they are, and refusals are for programs.
	theAPIs = "about headers for browsers, which are the API's to send"
)

// exempt are the findings, by ID, that don't apply to the proxy.
var exempt = map[string]string{
	"cert_trust":          unverified,
	"cert_chain_of_trust": unverified,
	"cert_validityPeriod": unverified,
	"cert_revocation":     unverified,
	"DNS_CAArecord":       unverified,
	"HSTS":                theAPIs,
	"security_headers":    theAPIs,
}

// ofTheScanner is what testssl.sh says of the machine's own OpenSSL, with which it scans.
const ofTheScanner = "engine_problem"

func TestTestsslFindsNothing(t *testing.T) {
	proxytest.RequireSlow(t)
	if _, err := exec.LookPath("testssl"); err != nil {
		t.Skip("testssl is not on PATH: install the package testssl.sh")
	}
	c := proxytest.Render(t, "row.yaml", []byte(`
APIS:
  - {CUSTOM_DOMAIN_URL: api.example.com, PRIVATE_API_URL: "https://root.execute-api.us-east-1.amazonaws.com/dev"}
`))
	proxytest.ForEachNGINX(t, func(t *testing.T, n proxytest.NGINX) {
		t.Parallel()
		u := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{})
		p := n.Start(t, c, nginxtest.Environment(u)...)
		file := filepath.Join(t.TempDir(), "findings.json")
		// testssl.sh's exit code is the number of what it finds, or is over 200
		// for its own failures; the findings themselves are what is looked at.
		output, err := exec.Command("testssl", "--quiet", "--color", "0", "--warnings", "batch", "--severity", "LOW", "--jsonfile", file, p.Address).CombinedOutput()
		data, readErr := os.ReadFile(file)
		require.NoError(t, readErr, "testssl: %v: %s", err, output)
		var findings []finding
		require.NoError(t, json.Unmarshal(data, &findings), "%s", data)
		found := make(map[string]bool)
		for _, f := range findings {
			if f.ID == ofTheScanner {
				continue
			}
			found[f.ID] = true
			require.Contains(t, exempt, f.ID, "%s: %s %s", f.Severity, f.Finding, f.CVE)
		}
		// What isn't found any more needs no exemption; finding none of them
		// would mean that testssl.sh looked at nothing.
		for id, reason := range exempt {
			require.True(t, found[id], "%s (%s) isn't found any more", id, reason)
		}
	})
}
