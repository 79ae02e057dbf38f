package automation

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/encoding"
	"github.com/stretchr/testify/require"
)

const (
	wholeCheckpoint  = `{"version":3,"checkpoint":{"stack":"organization/portico/dev","latest":{}}}`
	backupCheckpoint = `{"version":3,"checkpoint":{"stack":"organization/portico/dev"}}`
	attributes       = `{"user.content_type":"text/plain; charset=utf-8","md5":"7a1+QQ=="}`
)

func TestCutOffFilesAreMendedAndOthersLeftAlone(t *testing.T) {
	compressed := map[string]string{}
	for _, c := range []encoding.Compression{encoding.CompressionGzip, encoding.CompressionZstd} {
		data, err := encoding.Compress(encoding.JSON, c).Marshal(map[string]any{"version": 3, "checkpoint": map[string]any{"stack": "dev"}})
		require.NoError(t, err)
		compressed[c.Ext()] = string(data)
	}
	cut := func(s string) string { return s[:len(s)-5] }
	for name, c := range map[string]struct {
		before, after map[string]string // a file that isn't in after is as before
		gone          string
		messages      []string // what each of the messages has to hold
		err           string
	}{
		"all is whole": {
			before: map[string]string{"dev.json": wholeCheckpoint, "dev.json.bak": backupCheckpoint, "dev.json.attrs": attributes},
		},
		"no stack yet": {before: map[string]string{"other.json": ""}},
		"the attributes are empty": {
			before: map[string]string{"dev.json": wholeCheckpoint, "dev.json.bak": backupCheckpoint, "dev.json.attrs": ""},
			gone:   "dev.json.attrs", messages: []string{"removed it"},
		},
		"the attributes are cut off": {
			before: map[string]string{"dev.json": wholeCheckpoint, "dev.json.bak": backupCheckpoint, "dev.json.attrs": cut(attributes)},
			gone:   "dev.json.attrs", messages: []string{"removed it"},
		},
		"another stack's attributes are cut off": {
			before: map[string]string{"dev.json": wholeCheckpoint, "dev-eu.json": wholeCheckpoint, "dev-eu.json.attrs": ""},
		},
		"the backend's own attributes are cut off": {
			before: map[string]string{"dev.json": wholeCheckpoint, "../../meta.yaml": "version: 1\n", "../../meta.yaml.attrs": "{"},
			gone:   "../../meta.yaml.attrs", messages: []string{"meta.yaml.attrs"},
		},
		"the checkpoint is empty": {
			before: map[string]string{"dev.json": "", "dev.json.bak": backupCheckpoint, "dev.json.attrs": attributes},
			after:  map[string]string{"dev.json": backupCheckpoint}, messages: []string{"restored it"},
		},
		"the checkpoint is cut off": {
			before: map[string]string{"dev.json": cut(wholeCheckpoint), "dev.json.bak": backupCheckpoint},
			after:  map[string]string{"dev.json": backupCheckpoint}, messages: []string{"restored it"},
		},
		"the checkpoint's bytes never reached the disk": {
			before: map[string]string{"dev.json": strings.Repeat("\x00", 60), "dev.json.bak": backupCheckpoint},
			after:  map[string]string{"dev.json": backupCheckpoint}, messages: []string{"restored it"},
		},
		"the checkpoint and its attributes are cut off": {
			before: map[string]string{"dev.json": cut(wholeCheckpoint), "dev.json.bak": backupCheckpoint, "dev.json.attrs": ""},
			after:  map[string]string{"dev.json": backupCheckpoint}, gone: "dev.json.attrs", messages: []string{"removed it", "restored it"},
		},
		"the checkpoint is compressed": {
			before: map[string]string{"dev.json.gz": compressed[".gz"], "dev.json.gz.bak": compressed[".gz"]},
		},
		"the compressed checkpoint is cut off": {
			before: map[string]string{"dev.json.gz": cut(compressed[".gz"]), "dev.json.gz.bak": compressed[".gz"]},
			after:  map[string]string{"dev.json.gz": compressed[".gz"]}, messages: []string{"restored it"},
		},
		"the checkpoint compressed otherwise is cut off": {
			before: map[string]string{"dev.json.zst": cut(compressed[".zst"]), "dev.json.zst.bak": compressed[".zst"]},
			after:  map[string]string{"dev.json.zst": compressed[".zst"]}, messages: []string{"restored it"},
		},
		"the backup is cut off": {
			before: map[string]string{"dev.json": wholeCheckpoint, "dev.json.bak": cut(backupCheckpoint)},
		},
		"both are cut off": {
			before: map[string]string{"dev.json": cut(wholeCheckpoint), "dev.json.bak": cut(backupCheckpoint)},
			err:    "it is cut off too: take an older one",
		},
		"the checkpoint is cut off, and there is no backup": {
			before: map[string]string{"dev.json": ""},
			err:    "dev.json from its backup",
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			stacks := filepath.Join(root, "stacks", "portico")
			require.NoError(t, os.MkdirAll(stacks, 0o700))
			for file, text := range c.before {
				require.NoError(t, os.WriteFile(filepath.Join(stacks, file), []byte(text), 0o600))
			}
			mended, err := mendCheckpoint(root, "portico", "dev")
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
			} else {
				require.NoError(t, err)
			}
			require.Len(t, mended, len(c.messages))
			for i, text := range c.messages {
				require.Contains(t, mended[i], text)
			}
			for file, text := range c.before {
				if file == c.gone {
					require.NoFileExists(t, filepath.Join(stacks, file))
					continue
				}
				if restored, ok := c.after[file]; ok {
					text = restored
				}
				got, err := os.ReadFile(filepath.Join(stacks, file))
				require.NoError(t, err)
				require.Equal(t, text, string(got), file)
			}
			again, _ := mendCheckpoint(root, "portico", "dev")
			require.Empty(t, again)
		})
	}
}

func TestABackendOfFilesIsFoundByItsURL(t *testing.T) {
	t.Setenv("HOME", "/home/alice")
	for url, want := range map[string]string{
		"file:///var/state":               "/var/state",
		"file:///var/state?metadata=skip": "/var/state",
		"file://~":                        "/home/alice",
		"file://~/state":                  "/home/alice/state",
		"file://./state":                  "/project/state",
		"s3://bucket":                     "",
		"https://app.pulumi.com/alice":    "",
	} {
		got, ok := directoryOf(url, "/project")
		require.Equal(t, want, got, url)
		require.Equal(t, want != "", ok, url)
	}
}

// TestAnEnvironmentGoesOnAfterItsStateWasCutOff cuts the shared stack's files
// off in the ways in which a dying engine and a dying machine leave them.
func TestAnEnvironmentGoesOnAfterItsStateWasCutOff(t *testing.T) {
	env := deployable(t)
	env.Providers = nil
	ctx := t.Context()
	_, err := env.Up(ctx)
	require.NoError(t, err)
	checkpoint := filepath.Join(strings.TrimPrefix(env.Env["PULUMI_BACKEND_URL"], "file://"), ".pulumi", "stacks", "portico", "dev.json")
	var progress strings.Builder
	env.Progress = Lines(&progress)
	cut := func(file string, bytes int64) {
		t.Helper()
		progress.Reset()
		require.NoError(t, os.Truncate(file, bytes))
	}

	cut(checkpoint+".attrs", 0)
	require.NoError(t, env.Cancel(ctx))
	require.Contains(t, progress.String(), "dev.json.attrs: removed it")

	_, err = env.Refresh(ctx) // writes the attributes anew
	require.NoError(t, err)
	cut(checkpoint+".attrs", 30)
	report, err := env.Up(ctx)
	require.NoError(t, err)
	require.Equal(t, Changes{Same: 4}, report.Stacks[0].Changes)
	require.Contains(t, progress.String(), "dev.json.attrs: removed it")

	cut(checkpoint, 200)
	report, err = env.Preview(ctx)
	require.NoError(t, err)
	require.Equal(t, Changes{Same: 4}, report.Stacks[0].Changes)
	require.Contains(t, progress.String(), "restored it from")

	cut(checkpoint, 0)
	require.NoError(t, os.Truncate(checkpoint+".bak", 0))
	_, err = env.Up(ctx)
	require.ErrorContains(t, err, "failed to load checkpoint")
	require.ErrorContains(t, err, "take an older one from the directory backups")
}
