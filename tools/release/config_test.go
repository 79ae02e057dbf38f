package release

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/goreleaser/goreleaser/v2/pkg/config"
)

const root = "../.."

// TestTheConfigurationIsOneOfGoreleasers reads it as goreleaser does, which
// refuses unknown keys; `make lint` has goreleaser check the rest.
func TestTheConfigurationIsOneOfGoreleasers(t *testing.T) {
	project, err := config.Load(filepath.Join(root, ".goreleaser.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(project.Builds) != 1 || len(project.Archives) != 1 || len(project.DockersV2) != 1 {
		t.Fatalf("expected a build, an archive and an image: %+v", project)
	}
	build := project.Builds[0]
	for _, want := range []struct {
		name     string
		got, has []string
	}{
		{"goos", build.Goos, []string{"linux", "darwin"}},
		{"goarch", build.Goarch, []string{"amd64", "arm64"}},
		{"the image's platforms", project.DockersV2[0].Platforms, []string{"linux/amd64", "linux/arm64"}},
	} {
		if !slices.Equal(want.got, want.has) {
			t.Errorf("%s: %v, want %v", want.name, want.got, want.has)
		}
	}
	for _, path := range []string{build.Main, project.DockersV2[0].Dockerfile, "tools/release/extras", "CHANGELOG.md", "LICENSE"} {
		if _, err := os.Stat(filepath.Join(root, path)); err != nil {
			t.Error(err)
		}
	}
	if !project.Release.Draft {
		t.Error("a release is public before a maintainer has read it")
	}
}

func TestAnUnknownKeyIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "goreleaser.yaml")
	if err := os.WriteFile(file, []byte("version: 2\nbuildz: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(file); err == nil {
		t.Error("buildz is taken for a key")
	}
}

// TestASnapshotIsBuilt builds the program of this machine as a release does, with
// what the archives hold beside it.
func TestASnapshotIsBuilt(t *testing.T) {
	if os.Getenv("PORTICO_SLOW") == "" {
		t.Skip("builds with goreleaser: set PORTICO_SLOW=1, or run make test-slow")
	}
	run := func(name string, args ...string) []byte {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Dir = root
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
		return out
	}
	run("bin/goreleaser", "check")
	binary := filepath.Join(t.TempDir(), "portico")
	run("bin/goreleaser", "build", "--snapshot", "--clean", "--single-target", "--output", binary)
	var version struct{ Version, Commit string }
	if err := json.Unmarshal(run(binary, "version", "--json"), &version); err != nil {
		t.Fatal(err)
	}
	if version.Commit == "" {
		t.Errorf("a release doesn't know its commit: %+v", version)
	}
	for _, extra := range []string{"man1/portico-validate.1", "completion/portico.bash", "completion/portico.zsh", "completion/portico.fish"} {
		if info, err := os.Stat(filepath.Join(root, ".portico/extras", extra)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", extra, err)
		}
	}
}
