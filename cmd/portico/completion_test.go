package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The scripts that shells load ask the program itself.
func TestShellsCompleteEnvironments(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		got := portico(t, "", "completion", shell)
		require.Equal(t, 0, got.code, got.err)
		require.NotEmpty(t, got.out)
	}
	for _, command := range []string{"up", "preview", "validate", "cancel"} {
		got := portico(t, "", "__complete", command, "--dir", "../..", "--env", "")
		require.Equal(t, 0, got.code, got.err)
		require.Equal(t, "dev\nprod\n:4\n", got.out, command)
	}
}
