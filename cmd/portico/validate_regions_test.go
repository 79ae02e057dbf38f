package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const rowsOfTwoRegions = `APIS:
  - CUSTOM_DOMAIN_URL: orders.private.example.com
    PRIVATE_API_URL: https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/dev
  - CUSTOM_DOMAIN_URL: shop.private.example.com
    PRIVATE_API_URL: https://b1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/dev
  - CUSTOM_DOMAIN_URL: back.private.example.com
    PRIVATE_API_URL: https://c1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/dev
`

// TestValidateSaysWhichRegionsAMappingHas: the shared stack would refuse it, and
// says so only when it is run.
func TestValidateSaysWhichRegionsAMappingHas(t *testing.T) {
	t.Chdir(t.TempDir())
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
	}
	write("maps/two.yaml", rowsOfTwoRegions)
	const warning = "the mapping has rows of 2 regions, us-east-1 (1 row on line 2), eu-west-1 (2 rows, the first on line 4); " +
		"a shared stack takes rows of its own region, portico:aws.region, and refuses a mapping that has others"
	validate := func() (v verdict) {
		got := portico(t, "", "validate", "--mapping", "maps/two.yaml", "--json")
		require.Equal(t, exitDone, got.code, got.err)
		require.NoError(t, json.Unmarshal([]byte(got.out), &v))
		require.True(t, v.OK)
		require.Len(t, v.Warnings, 1)
		return v
	}
	require.Equal(t, mistake{
		File: "maps/two.yaml", Line: 4, Column: 5, Path: "APIS[1].PRIVATE_API_URL", Message: warning,
		Fix: "put the rows of eu-west-1 into a mapping and an environment of their own, or correct the URL",
	}, validate().Warnings[0])

	settings := func(region, mapping string) string {
		return "config:\n  portico:mapping: " + mapping + "\n  portico:aws: {region: " + region + ", accountId: \"111111111111\"}\n"
	}
	write("Pulumi.yaml", "name: portico\nruntime: go\n")
	write("Pulumi.dev.yaml", settings("us-east-1", "maps/two.yaml"))
	write("Pulumi.other.yaml", settings("eu-west-1", "maps/other.yaml"))
	require.Equal(t, warning+": stack dev takes us-east-1, no stack here takes eu-west-1", validate().Warnings[0].Message)
	write("Pulumi.dev-eu.yaml", settings("eu-west-1", "maps/../maps/two.yaml"))
	require.Equal(t, warning+": stack dev takes us-east-1, stack dev-eu takes eu-west-1", validate().Warnings[0].Message)

	// The project of --dir counts, and a stack without a region takes none.
	write("project/Pulumi.yaml", "name: portico\nruntime: go\n")
	write("project/Pulumi.stage.yaml", settings("eu-west-1", "../maps/two.yaml"))
	write("project/Pulumi.bare.yaml", "config:\n  portico:mapping: ../maps/two.yaml\n")
	in := portico(t, "", "validate", "--mapping", "maps/two.yaml", "--dir", "project")
	require.Contains(t, in.err, warning+": no stack here takes us-east-1, stack stage takes eu-west-1")
	write("project/Pulumi.stage.yaml", "config:\n  portico:mapping: ../maps/two.yaml\n")
	in = portico(t, "", "validate", "--mapping", "maps/two.yaml", "--dir", "project")
	require.Contains(t, in.err, warning+": put the rows", "stacks without a region are not counted")

	got := portico(t, "", "validate", "--mapping", "maps/two.yaml")
	require.Equal(t, exitDone, got.code)
	require.Contains(t, got.err, "maps/two.yaml:4:5: APIS[1].PRIVATE_API_URL: warning: "+warning)
}
