package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestExplainShowsEveryFrontDoor has rows of each front door, of hosts that only
// one front door carries and of one that more do.
func TestExplainShowsEveryFrontDoor(t *testing.T) {
	for name, args := range map[string][]string{
		"frontdoors.txt":     nil,
		"frontdoors.mermaid": {"--mermaid"},
	} {
		t.Run(name, func(t *testing.T) {
			got := portico(t, "", append([]string{"explain", "--mapping", "testdata/frontdoors.yaml"}, args...)...)
			require.Equal(t, exitDone, got.code, got.err)
			golden(t, name, got.out)
		})
	}
}

func TestExplainRecommends(t *testing.T) {
	for name, args := range map[string][]string{
		"recommend.txt":  nil,
		"recommend.json": {"--json"},
	} {
		t.Run(name, func(t *testing.T) {
			got := portico(t, "", append([]string{"explain", "--recommend", "--mapping", "testdata/frontdoors.yaml"}, args...)...)
			require.Equal(t, exitDone, got.code, got.err)
			require.Empty(t, got.err)
			golden(t, name, got.out)
		})
	}
	// A move to a custom domain changes Host and, behind a base path, the paths.
	t.Run("with the price of a move", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "mapping.yaml")
		require.NoError(t, os.WriteFile(file, []byte(`APIS:
- {CUSTOM_DOMAIN_URL: a.internal.example.com/v1, PRIVATE_API_URL: "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod", ACCOUNT: "222222222222"}
- {CUSTOM_DOMAIN_URL: b.internal.example.com, PRIVATE_API_URL: "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod", ACCOUNT: "222222222222"}
- {CUSTOM_DOMAIN_URL: c.internal.example.com, PRIVATE_API_URL: "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod", ACCOUNT: "222222222222", FRONT_DOOR: native}
`), 0o600))
		got := portico(t, "", "explain", "--recommend", "--json", "--mapping", file)
		require.Equal(t, exitDone, got.code, got.err)
		var e explanation
		require.NoError(t, json.Unmarshal([]byte(got.out), &e))
		rows := e.Recommendation.Rows
		require.Equal(t, []string{"native", "native", "native"}, []string{rows[0].Best, rows[1].Best, rows[2].Best})
		require.Equal(t, "Host becomes a.internal.example.com, paths in events begin with /v1, and the proxy's header fields (Referer, X-Forwarded-Host) are gone; redirects and cookies that name the stage (/prod) or an execute-api host are no longer rewritten", rows[0].Changes)
		require.Equal(t, "Host becomes b.internal.example.com, and the proxy's header fields (Referer, X-Forwarded-Host) are gone; redirects and cookies that name the stage (/prod) or an execute-api host are no longer rewritten", rows[1].Changes)
		require.Empty(t, rows[2].Changes)

		text := portico(t, "", "explain", "--recommend", "--mapping", file).out
		require.Contains(t, text, rows[0].Changes)
		require.Less(t, strings.Index(text, "+NGINX, +ALB, +NATIVE:"), strings.Index(text, "CUSTOM DOMAIN"), "how to read the figures comes first")
	})
	t.Run("by the stack's settings", func(t *testing.T) {
		now := func(args ...string) float64 {
			got := portico(t, "", append([]string{"explain", "--recommend", "--json", "--mapping", "testdata/valid.yaml"}, args...)...)
			require.Equal(t, exitDone, got.code, got.err)
			var e explanation
			require.NoError(t, json.Unmarshal([]byte(got.out), &e))
			require.Equal(t, e.Recommendation.Now, e.Recommendation.Best, "a wildcard and a path keep the proxy")
			return e.Recommendation.Now.USDMonthly
		}
		byDefault := now()
		for _, more := range [][]string{{"--zones", "3"}, {"--tasks", "4"}, {"--cpu", "1024"}, {"--memory", "2048"}, {"--architecture", "X86_64"}} {
			require.Greater(t, now(more...), byDefault, more)
		}
		require.InDelta(t, byDefault-0.26, now("--flow-logs=false"), 0.001)
		require.InDelta(t, byDefault+3.65, now("--trust-store"), 0.001)
		require.InDelta(t, byDefault-14.60, now("--existing-endpoint", "logs"), 0.001)
		require.InDelta(t, byDefault+182.50, now("--inbound-addresses", "2"), 0.001)
	})
	t.Run("nothing where it isn't asked", func(t *testing.T) {
		got := portico(t, "", "explain", "--json", "--mapping", "testdata/frontdoors.yaml")
		require.NotContains(t, got.out, "recommendation")
	})
	t.Run("refuses a trust store of an NLB", func(t *testing.T) {
		got := portico(t, "", "explain", "--recommend", "--mapping", "testdata/valid.yaml", "--load-balancer", "NLB", "--trust-store")
		require.Equal(t, exitUsage, got.code, got.out)
		require.Contains(t, got.err, "portico: --trust-store: a Network Load Balancer")
	})
	for flag, value := range map[string]string{
		"--zones": "0", "--architecture": "arm", "--upkeep": "-1", "--inbound-addresses": "-1", "--existing-endpoint": "sqs", "--load-balancer": "GLB", "--load-balancers": "6",
	} {
		t.Run("refuses "+flag+" "+value, func(t *testing.T) {
			got := portico(t, "", "explain", "--recommend", "--mapping", "testdata/frontdoors.yaml", flag, value)
			require.Equal(t, exitUsage, got.code)
			require.Contains(t, got.err, "portico: "+flag)
		})
	}
}
