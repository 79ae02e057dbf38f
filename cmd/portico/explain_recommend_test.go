package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestExplainShowsEveryFrontDoor keeps rows of each front door, of hosts that
// have to stay where they are and of one that need not.
func TestExplainShowsEveryFrontDoor(t *testing.T) {
	for name, args := range map[string][]string{
		"doors.txt":     nil,
		"doors.mermaid": {"--mermaid"},
	} {
		t.Run(name, func(t *testing.T) {
			got := portico(t, "", append([]string{"explain", "--mapping", "testdata/doors.yaml"}, args...)...)
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
			got := portico(t, "", append([]string{"explain", "--recommend", "--mapping", "testdata/doors.yaml"}, args...)...)
			require.Equal(t, exitDone, got.code, got.err)
			require.Empty(t, got.err)
			golden(t, name, got.out)
		})
	}
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
		require.InDelta(t, byDefault-14.60, now("--standing-endpoint", "logs"), 0.001)
	})
	t.Run("nothing where it isn't asked", func(t *testing.T) {
		got := portico(t, "", "explain", "--json", "--mapping", "testdata/doors.yaml")
		require.NotContains(t, got.out, "recommendation")
	})
	for flag, value := range map[string]string{
		"--zones": "0", "--architecture": "arm", "--upkeep": "-1", "--standing-endpoint": "sqs", "--load-balancer": "GLB", "--load-balancers": "6",
	} {
		t.Run("refuses "+flag+" "+value, func(t *testing.T) {
			got := portico(t, "", "explain", "--recommend", "--mapping", "testdata/doors.yaml", flag, value)
			require.Equal(t, exitUsage, got.code)
			require.Contains(t, got.err, "portico: "+flag)
		})
	}
}
