package release

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

const (
	portico = "github.com/portico-iac/portico"
	tag     = "v0.1.0"
)

// TestGoInstallBuildsFromACleanModuleCache installs the checked out commit by its tag as
// everybody does, from a module proxy in a directory. The zip is what the Go command
// makes of the commit, without the modules in tools/ and examples/.
func TestGoInstallBuildsFromACleanModuleCache(t *testing.T) {
	if os.Getenv("PORTICO_SLOW") == "" {
		t.Skip("builds with a module cache of its own: set PORTICO_SLOW=1, or run make test-slow")
	}
	proxy, bin := t.TempDir(), t.TempDir()
	publish(t, filepath.Join(proxy, portico, "@v"))
	cache, err := exec.Command("go", "env", "GOMODCACHE", "GOPROXY").Output()
	if err != nil {
		t.Fatal(err)
	}
	known, upstream, _ := strings.Cut(strings.TrimSpace(string(cache)), "\n")

	cmd := exec.Command("go", "install", portico+"/cmd/portico@latest")
	cmd.Dir = t.TempDir() // in no module
	cmd.Env = append(os.Environ(),
		"GOBIN="+bin, "GOMODCACHE="+t.TempDir(),
		// What was downloaded before comes from the machine's cache, as from any proxy.
		fmt.Sprintf("GOPROXY=file://%s,file://%s,%s", proxy, filepath.Join(known, "cache", "download"), upstream),
		"GONOSUMDB="+portico, // sum.golang.org knows released versions alone
		"GOFLAGS=-modcacherw -trimpath",
	)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}

	out, err := exec.Command(filepath.Join(bin, "portico"), "version", "--json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var built struct{ Version, Commit, Go, Platform, Pulumi string }
	if err := json.Unmarshal(out, &built); err != nil {
		t.Fatal(err)
	}
	if built.Version != tag || built.Go == "" || built.Platform == "" || built.Pulumi == "" {
		t.Errorf("version --json of the installed program: %s", out)
	}
	mapping := filepath.Join("..", "..", "examples", "mapping.dev.yaml")
	if out, err := exec.Command(filepath.Join(bin, "portico"), "validate", "--mapping", mapping).CombinedOutput(); err != nil {
		t.Errorf("validate %s: %v\n%s", mapping, err, out)
	}
}

// publish makes a directory the part of a module proxy that has the commit as the tag.
func publish(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	archive, err := os.Create(filepath.Join(dir, tag+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	repository := t.TempDir() // the package knows no linked worktrees
	if out, err := exec.Command("git", "clone", "-q", "--no-checkout", root, repository).CombinedOutput(); err != nil {
		t.Fatalf("clone: %v\n%s", err, out)
	}
	if err := zip.CreateFromVCS(archive, module.Version{Path: portico, Version: tag}, repository, "HEAD", ""); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	requirements, err := exec.Command("git", "-C", root, "show", "HEAD:go.mod").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		tag + ".mod": string(requirements), tag + ".info": `{"Version": "` + tag + `", "Time": "2026-01-01T00:00:00Z"}`, "list": tag + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
