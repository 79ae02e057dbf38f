package release

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// release is a snapshot of the checked out commit for this machine's platform alone.
type release struct {
	commit, dist, archive string
	// checksums are those of two builds, one after the other.
	checksums [2]string
}

var (
	building sync.Once
	built    *release
	keep     string
)

func TestMain(m *testing.M) {
	m.Run()
	if keep != "" {
		if err := os.RemoveAll(keep); err != nil {
			panic(err)
		}
	}
}

// snapshot builds a release's archive as `make release-snapshot` does, twice, in a clean
// clone and for one platform. All tests share it.
func snapshot(t *testing.T) *release {
	t.Helper()
	building.Do(func() { built = buildSnapshot(t) })
	if built == nil {
		t.Fatal("the snapshot was not built: the first test that asked for it says why")
	}
	return built
}

func buildSnapshot(t *testing.T) *release {
	goreleaser, err := filepath.Abs(filepath.Join(root, "bin/goreleaser"))
	if err != nil {
		t.Fatal(err)
	}
	if keep, err = os.MkdirTemp("", "portico-release-"); err != nil {
		t.Fatal(err)
	}
	clone := filepath.Join(keep, "clone")
	run(t, root, "git", "clone", "-q", ".", clone)
	config := filepath.Join(keep, "goreleaser.yaml")
	if err := os.WriteFile(config, onePlatform(t), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, clone, goreleaser, "check")
	r := &release{commit: run(t, clone, "git", "rev-parse", "HEAD"), dist: filepath.Join(clone, ".portico/dist")}
	for i := range r.checksums {
		if i > 0 {
			time.Sleep(time.Second) // another time of day
		}
		run(t, clone, goreleaser, "release", "--snapshot", "--clean", "--skip=docker", "--config", config)
		data, err := os.ReadFile(filepath.Join(r.dist, "checksums.txt"))
		if err != nil {
			t.Fatal(err)
		}
		r.checksums[i] = string(data)
	}
	archives, err := filepath.Glob(filepath.Join(r.dist, "*.tar.gz"))
	if err != nil || len(archives) != 1 {
		t.Fatalf("the archives are %v, want one (%v)", archives, err)
	}
	r.archive = archives[0]
	return r
}

// onePlatform is the configuration with this machine's platform alone.
func onePlatform(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, ".goreleaser.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for from, to := range map[string]string{
		"goos: [linux, darwin]": "goos: [" + runtime.GOOS + "]", "goarch: [amd64, arm64]": "goarch: [" + runtime.GOARCH + "]",
	} {
		if !strings.Contains(text, from) {
			t.Fatalf(".goreleaser.yaml has no line %q", from)
		}
		text = strings.Replace(text, from, to, 1)
	}
	return []byte(text)
}

// unpacked unpacks the archive, and returns its directory and the names of its files.
func (r *release) unpacked(t *testing.T) (string, map[string]bool) {
	t.Helper()
	file, err := os.Open(r.archive)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	zipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	dir, names := t.TempDir(), map[string]bool{}
	top := strings.TrimSuffix(filepath.Base(r.archive), ".tar.gz")
	for entries := tar.NewReader(zipped); ; {
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return filepath.Join(dir, top), names
		}
		if err != nil {
			t.Fatal(err)
		}
		name, found := strings.CutPrefix(path.Clean(header.Name), top+"/")
		if !found {
			t.Fatalf("the archive's %s is not below %s", header.Name, top)
		}
		if header.Uname != "root" || header.Gname != "root" {
			t.Errorf("%s belongs to %s:%s, want root:root", name, header.Uname, header.Gname)
		}
		data, err := io.ReadAll(entries)
		if err != nil {
			t.Fatal(err)
		}
		if len(data) == 0 {
			t.Errorf("%s is empty", name)
		}
		names[name] = true
		target := filepath.Join(dir, top, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(target, data, header.FileInfo().Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestASnapshotHasEverythingAndTheSameBytesTwice builds the archive of this machine's
// platform twice, and runs the program that is in it.
func TestASnapshotHasEverythingAndTheSameBytesTwice(t *testing.T) {
	slowly(t, "builds with goreleaser")
	r := snapshot(t)
	if r.checksums[0] != r.checksums[1] {
		t.Errorf("two builds of one commit have the checksums\n%sand\n%s", r.checksums[0], r.checksums[1])
	}
	if sum, _, _ := strings.Cut(run(t, r.dist, "sha256sum", filepath.Base(r.archive)), " "); !strings.Contains(r.checksums[1], sum) {
		t.Errorf("checksums.txt has not %s of the archive:\n%s", sum, r.checksums[1])
	}
	bill, err := os.ReadFile(r.archive + ".spdx.json")
	if err != nil {
		t.Fatal(err)
	}
	dir, names := r.unpacked(t)
	for _, name := range []string{
		"portico", "LICENSE", "README.md", "CHANGELOG.md", "examples/mapping.dev.yaml",
		"man/man1/portico.1", "man/man1/portico-validate.1", "completion/portico.bash", "completion/portico.zsh", "completion/portico.fish",
	} {
		if !names[name] {
			t.Errorf("the archive has no %s", name)
		}
	}
	program := filepath.Join(dir, "portico")
	requireVersion(t, r.commit, run(t, dir, program, "version"), run(t, dir, program, "version", "--json"))
	run(t, dir, program, "validate", "--mapping", "examples/mapping.dev.yaml")
	for line := range strings.Lines(run(t, dir, "go", "version", "-m", program)) {
		module := strings.Fields(line)
		if len(module) < 3 || module[0] != "dep" {
			continue
		}
		if locator := "pkg:golang/" + strings.ToLower(module[1]) + "@" + module[2]; !strings.Contains(string(bill), strings.ReplaceAll(locator, "+", "%2B")+`"`) {
			t.Errorf("the bill of materials has no %s", locator)
		}
	}
}

// requireVersion wants all that a program can tell of itself, in both forms.
func requireVersion(t *testing.T, commit, text, asJSON string) {
	t.Helper()
	var told struct {
		Version, Commit, Go, Platform, Pulumi string
		Time                                  time.Time
		Modified                              bool
		AWS                                   string `json:"pulumi-aws"`
		CLI                                   string `json:"pulumi-cli"`
	}
	if err := json.Unmarshal([]byte(asJSON), &told); err != nil {
		t.Fatalf("version --json: %v: %s", err, asJSON)
	}
	if told.Commit != commit || told.Modified || time.Since(told.Time) < 0 || told.Time.Year() < 2026 {
		t.Errorf("commit and time: %s, want those of %s", asJSON, commit)
	}
	for what, check := range map[string]struct{ value, pattern string }{
		"version":    {told.Version, `^v\d+\.\d+\.\d+`},
		"Go":         {told.Go, `^go1\.\d+`},
		"platform":   {told.Platform, `^` + runtime.GOOS + "/" + runtime.GOARCH + `$`},
		"pulumi":     {told.Pulumi, `^v3\.\d+\.\d+`},
		"pulumi-aws": {told.AWS, `^v6\.\d+\.\d+`},
		"Pulumi CLI": {told.CLI, `^>=3\.\d+\.\d+ <4\.0\.0$`},
	} {
		if !regexp.MustCompile(check.pattern).MatchString(check.value) {
			t.Errorf("version --json has %q for %s, which doesn't match %s", check.value, what, check.pattern)
		}
		if !strings.Contains(text, check.value) {
			t.Errorf("version has no %q, the %s: %s", check.value, what, text)
		}
	}
	if !strings.Contains(text, commit[:12]) || !strings.Contains(text, told.Time.Format(time.RFC3339)) {
		t.Errorf("version has not the commit %s and its time: %s", commit, text)
	}
}
