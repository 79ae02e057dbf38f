package upgrade

import (
	"compress/gzip"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/rehearsal"
	"github.com/portico-iac/portico/mapping"
)

// fixture is an environment as a release has left it.
type fixture struct {
	// Release is the tag whose program brought the environment up, and Commit the
	// commit.
	Release, Commit string
	// Environment is the shared stack's name, and SharedAccount its account; empty: the
	// rehearsal's own.
	Environment   string
	SharedAccount mapping.AccountID
	// Setup is what existed before the first deployment, an awssim.Setup.
	Setup json.RawMessage
	// Files are the rehearsal's directory: the project, Pulumi's backend, and the
	// simulated accounts.
	Files map[string]string
}

// passphrase encrypts the secrets of the states that are kept.
const passphrase = "upgrade"

// kept reports whether a file of a rehearsal's directory is part of its fixture. The
// backend has the history of updates and copies of former states too, and the project
// has the image's build contexts, which each run of a stack writes.
func kept(name string) bool {
	for _, dir := range []string{"project/", "accounts/", "pulumi/.pulumi/stacks/", "pulumi/.pulumi/meta.yaml"} {
		if strings.HasPrefix(name, dir) {
			return !strings.HasSuffix(name, ".bak") && !strings.HasSuffix(name, ".attrs") && !strings.HasPrefix(name, "project/.portico/")
		}
	}
	return false
}

// collect reads the files of a rehearsal's directory.
func collect(dir string) (map[string]string, error) {
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if name = filepath.ToSlash(name); err != nil || !kept(name) {
			return err
		}
		data, err := os.ReadFile(path)
		files[name] = string(data)
		return err
	})
	return files, err
}

// write compresses the fixture into a file.
func (f *fixture) write(path string) error {
	data, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // the second time after success
	compressor, err := gzip.NewWriterLevel(file, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := compressor.Write(data); err != nil {
		return err
	}
	if err := compressor.Close(); err != nil {
		return err
	}
	return file.Close()
}

// read is the fixture in a file.
func read(t *testing.T, path string) *fixture {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	data, err := gzip.NewReader(file)
	require.NoError(t, err)
	f := new(fixture)
	require.NoError(t, json.NewDecoder(data).Decode(f), path)
	return f
}

// options are the fixture's environment in a new directory, as its release left it.
func (f *fixture) options(t *testing.T) rehearsal.Options {
	t.Helper()
	dir := t.TempDir()
	for name, text := range f.Files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	setup := filepath.Join(dir, "setup.json")
	require.NoError(t, os.WriteFile(setup, f.Setup, 0o600))
	return rehearsal.Options{
		Mapping: filepath.Join(dir, "project", "mapping.yaml"), StateDir: dir, KeepProject: true, Setup: setup,
		Environment: f.Environment, SharedAccount: f.SharedAccount,
	}
}

// prepare is an environment that this program's stacks are run in.
func prepare(t *testing.T, o rehearsal.Options) *rehearsal.Prepared {
	t.Helper()
	command, err := automation.FindCommand(filepath.Join("..", "..", "bin"))
	if err != nil {
		t.Skipf("no Pulumi CLI: %v", err)
	}
	o.Command, o.Progress = command, testLog{t}
	o.Programs = automation.Programs{
		Shared: accounts.SharedIn, SharedTagged: accounts.TaggedIn,
		Provider: accounts.ProviderIn, ProviderTagged: accounts.ProviderTaggedIn,
		ProviderQuestions: accounts.ProviderQuestionsIn, ProviderRetired: accounts.ProviderRetiredIn,
	}
	p, err := rehearsal.Prepare(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Close() }) // the second time where a test has ended it
	p.Environment.Env["PULUMI_CONFIG_PASSPHRASE"] = passphrase
	return p
}

// testLog writes to a test's log.
type testLog struct{ t *testing.T }

func (l testLog) Write(text []byte) (int, error) {
	l.t.Log(strings.TrimSuffix(string(text), "\n"))
	return len(text), nil
}

// fixtures are the files of testdata, sorted.
func fixtures(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/*/*.json.gz")
	require.NoError(t, err)
	require.NotEmpty(t, paths, "testdata has no release's states")
	return paths
}
