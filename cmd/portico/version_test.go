package main

import (
	"encoding/json"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVersionTellsWhatTheProgramWasBuiltFrom(t *testing.T) {
	info := &debug.BuildInfo{
		GoVersion: "go1.26.1",
		Main:      debug.Module{Version: "v0.1.0"},
		Deps: []*debug.Module{
			{Path: "github.com/pulumi/pulumi/sdk/v3", Version: "v3.250.0"},
			{Path: "github.com/pulumi/pulumi-aws/sdk/v6", Version: "v6.83.2"},
			{Path: "github.com/pulumi/pulumi-docker/sdk/v4", Version: "v4.10.0"},
			{Path: "gopkg.in/yaml.v3", Version: "v3.0.1"},
		},
		Settings: []debug.BuildSetting{
			{Key: "GOOS", Value: "linux"}, {Key: "GOARCH", Value: "arm64"},
			{Key: "vcs.revision", Value: "0123456789abcdef"}, {Key: "vcs.time", Value: "2026-11-28T06:00:00Z"}, {Key: "vcs.modified", Value: "false"},
		},
	}
	require.Equal(t, "portico v0.1.0 0123456789ab (2026-11-28T06:00:00Z, go1.26.1, linux/arm64, "+
		"pulumi v3.250.0, pulumi-aws v6.83.2, pulumi-docker v4.10.0, Pulumi CLI >=3.181.0 <4.0.0)\n", buildOf(info, true).text())

	info.Settings[4].Value = "true"
	require.Equal(t, "v0.1.0 0123456789ab, modified", buildOf(info, true).String())
	require.Equal(t, "portico (devel) (Pulumi CLI >=3.181.0 <4.0.0)\n", buildOf(&debug.BuildInfo{}, true).text())
	require.Equal(t, "portico unknown (Pulumi CLI >=3.181.0 <4.0.0)\n", buildOf(nil, false).text())
}

// The JSON names the same, of the program that runs.
func TestVersionAsJSON(t *testing.T) {
	got := portico(t, "", "version", "--json")
	require.Equal(t, 0, got.code, got.err)
	var b build
	require.NoError(t, json.Unmarshal([]byte(got.out), &b))
	require.NotEmpty(t, b.Version)
	require.NotEmpty(t, b.Go)
	require.Equal(t, b.text(), portico(t, "", "version").out)
}
