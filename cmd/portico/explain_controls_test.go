package main

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// judged are the verdicts that a command prints as JSON, by the controls' numbers.
func judged(t *testing.T, stdin string, args ...string) map[string]string {
	t.Helper()
	got := portico(t, stdin, append([]string{"explain", "--controls", "--json"}, args...)...)
	require.Equal(t, 0, got.code, got.err)
	require.Empty(t, got.err)
	var list []map[string]string
	require.NoError(t, json.Unmarshal([]byte(got.out), &list))
	verdicts := map[string]string{}
	for _, c := range list {
		require.Len(t, c, 5)
		require.Contains(t, c, "key")
		require.NotEmpty(t, c["title"])
		require.NotEmpty(t, c["why"])
		verdicts[c["id"]] = c["verdict"]
	}
	return verdicts
}

// The verdicts are those of the settings: what dev leaves open, prod sets.
func TestControlsOfAnEnvironment(t *testing.T) {
	dev, prod := judged(t, "", "--env", "dev", "--dir", "../.."), judged(t, "", "--env", "prod", "--dir", "../..")
	require.Equal(t, "key", dev["ELB.6"])
	require.Equal(t, "met", prod["ELB.6"])
	require.Equal(t, "key", dev["CloudWatch.16"])
	require.Equal(t, "met", prod["CloudWatch.16"])
	require.Equal(t, "met", dev["EC2.46"])
	require.NotContains(t, prod, "EC2.46", "the VPC exists already")
	require.GreaterOrEqual(t, len(dev), 20)
}

func TestControlsOfAMapping(t *testing.T) {
	const frontDoors = "../../internal/rehearsal/testdata/front-doors.yaml"
	alb := judged(t, "", "--mapping", frontDoors)
	require.Equal(t, "not met", alb["ELB.4"])
	nlb := judged(t, "", "--mapping", "../../examples/mapping.dev.yaml", "--load-balancer", "NLB")
	require.NotContains(t, nlb, "ELB.4", "there is no ALB")
	text, err := os.ReadFile(frontDoors)
	require.NoError(t, err)
	require.Equal(t, alb, judged(t, string(text), "--mapping", "-"))
	require.NoDirExists(t, ".portico", "the working directory is not written to")
}

func TestControlsAreReadable(t *testing.T) {
	got := portico(t, "", "explain", "--controls", "--mapping", "../../examples/mapping.dev.yaml")
	require.Equal(t, 0, got.code, got.err)
	require.Regexp(t, `(?m)^ELB\.6 +key +Application, Gateway, and Network Load Balancers should have deletion protection enabled +portico-dev-lb can be deleted +portico:loadBalancer\.deletionProtection: true$`, got.out)

	for _, args := range [][]string{
		{"--controls"},
		{"--controls", "--mapping", "x.yaml", "--env", "dev"},
		{"--controls", "--mapping", "x.yaml", "--mermaid"},
		{"--env", "dev"},
	} {
		require.Equal(t, 2, portico(t, "", append([]string{"explain"}, args...)...).code, args)
	}
	require.Equal(t, 1, portico(t, "", "explain", "--controls", "--env", "none").code)
}
