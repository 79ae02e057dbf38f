package reference_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/portico-iac/portico/internal/reference"
	"github.com/portico-iac/portico/mapping"
)

var update = flag.Bool("update", false, "rewrite what is expected under testdata")

// inputs are the archive's files that an import reads; what follows them is
// what it makes, or its errors.
func inputs(archive *txtar.Archive) (proxyConfig, vars reference.Document, count int) {
	for _, f := range archive.Files {
		switch f.Name {
		case "proxy-config.yaml":
			proxyConfig = reference.Document{Name: f.Name, Data: f.Data}
		case "vars.yaml":
			vars = reference.Document{Name: f.Name, Data: f.Data}
		default:
			return proxyConfig, vars, count
		}
		count++
	}
	return proxyConfig, vars, count
}

// Each file of testdata/import is a proxy-config.yaml, mostly with a vars.yaml,
// and behind them the files that they become, or their mistakes.
func TestImportCorpus(t *testing.T) {
	paths, err := filepath.Glob("testdata/import/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			require.NoError(t, err)
			proxyConfig, vars, count := inputs(archive)
			require.NotEmpty(t, proxyConfig.Name)
			got := archive.Files[:count:count]
			result, err := reference.Import(proxyConfig, vars)
			if err != nil {
				require.ErrorAs(t, err, new(mapping.Errors))
				got = append(got, txtar.File{Name: "errors", Data: []byte(err.Error() + "\n")})
			} else {
				for _, f := range result.Files {
					got = append(got, txtar.File{Name: f.Name, Data: f.Data})
				}
			}
			if *update {
				archive.Files = got
				require.NoError(t, os.WriteFile(path, txtar.Format(archive), 0o644))
				return
			}
			if diff := cmp.Diff(texts(archive.Files), texts(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func texts(files []txtar.File) map[string]string {
	all := map[string]string{}
	for _, f := range files {
		all[f.Name] = string(f.Data)
	}
	return all
}

func TestTheReferencesSampleMeansTheSame(t *testing.T) {
	const samples = "../../../shared/samples"
	proxyConfig, err := os.ReadFile(filepath.Join(samples, "reference-proxy-config.yaml"))
	if err != nil {
		t.Skipf("the reference's samples are not there: %v", err)
	}
	vars, err := os.ReadFile(filepath.Join(samples, "reference-vars.yaml"))
	require.NoError(t, err)
	result, err := reference.Import(reference.Document{Name: "proxy-config.yaml", Data: proxyConfig}, reference.Document{Name: "vars.yaml", Data: vars})
	require.NoError(t, err)

	before, err := mapping.Parse("before", proxyConfig)
	require.NoError(t, err)
	after, err := mapping.Parse("after", result.Files[0].Data)
	require.NoError(t, err)
	require.Equal(t, before.Digest, after.Digest, "comments alone were added")
}

// FuzzImport wants an answer to whatever it is given: mistakes, or files that
// Portico reads.
func FuzzImport(f *testing.F) {
	paths, err := filepath.Glob("testdata/import/*.txtar")
	require.NoError(f, err)
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		require.NoError(f, err)
		proxyConfig, vars, _ := inputs(archive)
		f.Add(proxyConfig.Data, vars.Data)
	}
	f.Fuzz(func(t *testing.T, proxyConfig, vars []byte) {
		result, err := reference.Import(reference.Document{Name: "p", Data: proxyConfig}, reference.Document{Name: "v", Data: vars})
		if err != nil {
			require.ErrorAs(t, err, new(mapping.Errors))
			return
		}
		_, err = mapping.Parse("mapping", result.Files[0].Data)
		require.NoError(t, err, string(result.Files[0].Data))
	})
}
