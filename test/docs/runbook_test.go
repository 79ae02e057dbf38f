package docs

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/rehearsal"
	"github.com/portico-iac/portico/internal/rehearsal/rehearsaltest"
	"github.com/portico-iac/portico/test/built"
)

// TestTheRunbooksCommandsRun runs the sh blocks of docs/operations.md one after
// another, each once, on simulated accounts and a copy of the project's stacks:
// the shared one's and one account's, which is enough to run every command.
func TestTheRunbooksCommandsRun(t *testing.T) {
	command, err := automation.FindCommand(filepath.Join(root, "bin"))
	if err != nil {
		t.Skipf("no Pulumi CLI: %v", err)
	}
	dir := copyOfStacks(t)
	bin := filepath.Join(dir, "bin")
	require.NoError(t, os.Mkdir(bin, 0o755))
	require.NoError(t, os.Symlink(built.Portico(t), filepath.Join(bin, "portico")))

	envFile := filepath.Join(t.TempDir(), "env")
	rehearsaltest.Simulate(t, rehearsal.SimulateOptions{
		Mapping: filepath.Join(dir, "examples", "mapping.dev.yaml"), Project: dir, EnvFile: envFile, Command: command,
	})
	built, err := filepath.Abs(filepath.Join(root, "bin"))
	require.NoError(t, err)
	blocks := shellBlocks(t, "docs/operations.md")
	require.NotEmpty(t, blocks)
	last := ""
	for _, block := range blocks {
		begin := time.Now()
		if block = withoutRepeat(block, &last); block == "" {
			continue
		}
		cmd := exec.Command("sh", "-euc", ". "+envFile+"\n"+block)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+bin+":"+built+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s\n%s", block, out)
		t.Logf("%.1f s: %s", time.Since(begin).Seconds(), strings.ReplaceAll(strings.TrimSpace(block), "\n", "; "))
	}
}

// deploy is the runbook's most frequent command.
const deploy = "bin/portico up --env dev"

// withoutRepeat is a block without a repeated deployment: since the last one,
// no command has been run that leaves it anything to do. It notes in last the last
// command that changes something.
func withoutRepeat(block string, last *string) string {
	var kept []string
	for line := range strings.Lines(block) {
		command := strings.TrimSpace(line)
		if command == deploy && *last == deploy {
			continue
		}
		kept = append(kept, command)
		reads := slices.ContainsFunc([]string{"explain", "validate", "policy", "preview", "output", "export"}, func(verb string) bool {
			return slices.Contains(strings.Fields(command), verb)
		})
		if !reads {
			*last = command
		}
	}
	return strings.Join(kept, "\n")
}

// shellBlocks are a document's sh blocks, each different one once.
func shellBlocks(t *testing.T, document string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, document))
	require.NoError(t, err)
	var blocks []string
	inside := false
	for line := range strings.Lines(string(data)) {
		switch text := strings.TrimSpace(line); {
		case text == "```sh":
			inside = true
			blocks = append(blocks, "")
		case text == "```":
			inside = false
		case inside:
			blocks[len(blocks)-1] += text + "\n"
		}
	}
	var different []string
	for _, block := range blocks {
		if !slices.Contains(different, block) {
			different = append(different, block)
		}
	}
	return different
}

// copyOfStacks is a directory with the projects, settings and mappings of the
// repository: the engine writes into settings files.
func copyOfStacks(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, pattern := range []string{"Pulumi*.yaml", "examples/*.yaml", "accounts/provider/Pulumi.yaml", "accounts/provider/Pulumi.dev-orders.yaml"} {
		files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		require.NoError(t, err)
		require.NotEmpty(t, files, pattern)
		for _, file := range files {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			name, err := filepath.Rel(root, file)
			require.NoError(t, err)
			require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
		}
	}
	return dir
}

// TestTheRunbookKnowsTheLogsFields compares the table of the log's fields with
// what the proxy is told to log.
func TestTheRunbookKnowsTheLogsFields(t *testing.T) {
	template, err := os.ReadFile(filepath.Join(root, "internal/nginxconf/templates/log.conf.tmpl"))
	require.NoError(t, err)
	page, err := os.ReadFile(filepath.Join(root, "docs/operations.md"))
	require.NoError(t, err)
	_, format, found := bytes.Cut(template, []byte("log_format portico escape=none"))
	require.True(t, found)
	format, _, _ = bytes.Cut(format, []byte(";"))
	_, table, found := strings.Cut(string(page), "| field | meaning |")
	require.True(t, found)
	table, _, _ = strings.Cut(table, "\n\n")
	for _, part := range strings.Split(string(format), `"`) {
		// Keys are the quoted words between braces, commas and colons.
		if part == "" || strings.ContainsAny(part, "$ {},:'\n") || part == "time" {
			continue
		}
		require.Contains(t, table, "`"+part+"`")
	}
}

// TestTheRunbooksPageOf403NamesTheAccessMode holds the answer that an API in STRICT mode
// gives by rows that don't say so to the table of causes.
func TestTheRunbooksPageOf403NamesTheAccessMode(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs/operations.md"))
	require.NoError(t, err)
	_, section, found := strings.Cut(string(page), "\n## 403\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	var causes []string
	for line := range strings.Lines(section) {
		if cells := strings.Split(line, " | "); len(cells) == 4 && strings.Contains(cells[2], "STRICT") {
			causes = append(causes, line)
			require.Equal(t, "`ForbiddenException`", cells[1])
			require.Contains(t, cells[2], "`aws apigateway get-rest-api` shows")
			require.Contains(t, cells[3], "`ENDPOINT_ACCESS_MODE: STRICT`")
		}
	}
	require.Len(t, causes, 1)
}
