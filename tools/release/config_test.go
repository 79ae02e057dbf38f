package release

import (
	"os"
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
