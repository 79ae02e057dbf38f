package docs

import (
	"bufio"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/test/built"
)

const root = "../.."

// documents are the Markdown files of the project, relative to its root.
func documents(t *testing.T) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if base := entry.Name(); name != root && (base == "bin" || base == "testdata" || strings.HasPrefix(base, ".")) {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) == ".md" {
			rel, err := filepath.Rel(root, name)
			if err != nil {
				return err
			}
			found = append(found, rel)
		}
		return nil
	})
	require.NoError(t, err)
	require.Contains(t, found, "README.md")
	return found
}

func exists(name string) bool {
	_, err := os.Stat(filepath.Join(root, name))
	return err == nil
}

var (
	link = regexp.MustCompile(`\]\(([^)#\s]+)(#[^)\s]*)?\)`)
	code = regexp.MustCompile("`([^`\n]+)`")
	// place is what names a file or folder of the project: it begins with one
	// of the root's folders.
	place = regexp.MustCompile(`^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.*-]+)*/?$`)
)

func TestLinksAndPathsOfTheDocumentsExist(t *testing.T) {
	folders, err := os.ReadDir(root)
	require.NoError(t, err)
	var tops []string
	for _, f := range folders {
		if f.IsDir() && f.Name() != "bin" {
			tops = append(tops, f.Name())
		}
	}
	for _, document := range documents(t) {
		t.Run(document, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(root, document))
			require.NoError(t, err)
			text := withoutBlocks(string(data))
			for _, m := range link.FindAllStringSubmatch(text, -1) {
				if strings.Contains(m[1], "://") {
					continue
				}
				if target := path.Join(path.Dir(filepath.ToSlash(document)), m[1]); !exists(target) {
					t.Errorf("the link to %s leads nowhere: there is no %s", m[1], target)
				}
			}
			for _, m := range code.FindAllStringSubmatch(text, -1) {
				top, _, found := strings.Cut(m[1], "/")
				if !found || !place.MatchString(m[1]) || !slices.Contains(tops, top) {
					continue
				}
				matches, err := filepath.Glob(filepath.Join(root, m[1]))
				if err != nil || len(matches) == 0 {
					t.Errorf("`%s`: there is no such file or folder", m[1])
				}
			}
		})
	}
}

// withoutBlocks takes the fenced blocks out of a document.
func withoutBlocks(text string) string {
	var kept []string
	inside := false
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			inside = !inside
			continue
		}
		if !inside {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

// elsewhere are the README's commands that other checks run.
var elsewhere = map[string]string{
	"make rehearse": "the rehearsal's tests bring the example mapping up",
}

// commandPages are those whose commands run in a checkout, each by itself.
var commandPages = []string{"README.md", "docs/doctor.md", "docs/pull-requests.md", "docs/security.md"}

func TestTheReadmesCommandsRun(t *testing.T) {
	bin := built.Portico(t)
	var commands []string
	for _, page := range commandPages {
		commands = append(commands, shellLines(t, page)...)
	}
	require.NotEmpty(t, commands)
	for _, command := range commands {
		if elsewhere[command] != "" {
			continue
		}
		t.Run(command, func(t *testing.T) {
			line, found := strings.CutPrefix(command, "bin/portico ")
			require.True(t, found, "say in this test what runs the command, or write it so that it can be run")
			cmd := exec.Command("sh", "-ec", bin+" "+line)
			cmd.Dir = root
			cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, string(out))
		})
	}
	for command := range elsewhere {
		require.Contains(t, commands, command, "the README doesn't show this command any longer")
	}
}

// shellLines are the commands of a document's sh blocks: a line that ends in a
// backslash goes on in the next one.
func shellLines(t *testing.T, document string) []string {
	t.Helper()
	f, err := os.Open(filepath.Join(root, document))
	require.NoError(t, err)
	defer f.Close()
	var lines []string
	inside, begun := false, ""
	for scanner := bufio.NewScanner(f); scanner.Scan(); {
		line := begun + strings.TrimSpace(scanner.Text())
		var goesOn bool
		if begun, goesOn = strings.CutSuffix(line, "\\"); goesOn {
			continue
		}
		begun = ""
		switch {
		case line == "```sh":
			inside = true
		case line == "```":
			inside = false
		case inside && line != "":
			lines = append(lines, line)
		}
	}
	return lines
}
