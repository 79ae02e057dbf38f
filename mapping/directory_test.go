package mapping_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"

	"github.com/portico-iac/portico/mapping"
)

// parseDirectory reads a mapping directory that is in memory.
func parseDirectory(files map[string][]byte, names []string) (*mapping.Mapping, error) {
	return mapping.ParseDirectory("teams", names, func(name string) ([]byte, error) {
		data, found := files[name]
		if !found {
			return nil, fs.ErrNotExist
		}
		return data, nil
	})
}

// TestDirectories reads each directory of testdata/directories; the section
// "rows" or "mistakes" at the end of a file is what it gives.
func TestDirectories(t *testing.T) {
	paths, err := filepath.Glob("testdata/directories/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			require.NoError(t, err)
			files, want := map[string][]byte{}, txtar.File{}
			var names []string
			var inputs []txtar.File
			for _, f := range archive.Files {
				if f.Name == "rows" || f.Name == "mistakes" {
					want = f
					continue
				}
				files[f.Name] = f.Data
				names, inputs = append(names, f.Name), append(inputs, f)
			}
			m, err := parseDirectory(files, names)
			got := txtar.File{Name: "rows"}
			if err != nil {
				require.ErrorAs(t, err, new(mapping.Errors))
				got = txtar.File{Name: "mistakes", Data: []byte(err.Error() + "\n")}
			} else {
				require.NoError(t, checkGrammars(m))
				for _, row := range m.Rows {
					got.Data = fmt.Appendf(got.Data, "%d %s %s: %s -> %s %s\n", row.Index, row.Position(), row.Team, row.URL(), row.API.URL(), row.Account)
				}
			}
			if *update {
				archive.Files = append(inputs, got)
				require.NoError(t, os.WriteFile(path, txtar.Format(archive), 0o644))
				return
			}
			require.Equal(t, want.Name, got.Name, "%s", got.Data)
			require.Equal(t, string(want.Data), string(got.Data))

			// Neither the order of the files nor where they come from counts.
			slices.Reverse(names)
			again, reversed := parseDirectory(files, names)
			require.Equal(t, err, reversed)
			require.Equal(t, m, again)
			dir := filepath.Join(t.TempDir(), "teams")
			require.NoError(t, os.Mkdir(dir, 0o755))
			for name, data := range files {
				require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o644))
			}
			loaded, err := mapping.Load(dir)
			if reversed != nil {
				require.EqualError(t, err, strings.ReplaceAll(reversed.Error(), "teams/", dir+"/"))
				return
			}
			require.NoError(t, err)
			require.Equal(t, m.Digest, loaded.Digest)
		})
	}
}

func TestTheExampleOfTeamsLoads(t *testing.T) {
	m, err := mapping.Load("../examples/teams")
	require.NoError(t, err)
	require.Len(t, m.Teams, 2)
	require.Len(t, m.Rows, 4)
}

// TestNoTeamGetsWhatItIsNotGranted merges random teams, with grants and rows from
// a small set of hosts and paths so that they often meet.
func TestNoTeamGetsWhatItIsNotGranted(t *testing.T) {
	labels := []string{"a", "b"}
	host := rapid.Custom(func(t *rapid.T) string {
		name := "corp.example.com"
		for range rapid.IntRange(1, 3).Draw(t, "depth") {
			name = rapid.SampledFrom(labels).Draw(t, "label") + "." + name
		}
		if rapid.IntRange(0, 2).Draw(t, "wildcard") == 0 {
			name = "*." + name
		}
		return name + rapid.SampledFrom([]string{"", "", "/v1", "/v1/x", "/v2", "/v11"}).Draw(t, "base")
	})
	rapid.Check(t, func(t *rapid.T) {
		type team struct{ grants, rows []string }
		teams := make([]team, rapid.IntRange(1, 4).Draw(t, "teams"))
		files := map[string][]byte{}
		var portico strings.Builder
		portico.WriteString("TEAMS:\n")
		names := []string{mapping.DirectoryFile}
		rows := 0
		for i := range teams {
			teams[i].grants = rapid.SliceOfN(host, 1, 2).Draw(t, "grants")
			teams[i].rows = rapid.SliceOfNDistinct(host, 0, 2, rapid.ID).Draw(t, "rows")
			rows += len(teams[i].rows)
			grants, err := json.Marshal(teams[i].grants)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&portico, "  t%d: {ACCOUNTS: [\"222222222222\"], HOSTS: %s}\n", i, grants)
			text := "APIS:\n"
			if len(teams[i].rows) == 0 {
				text = "APIS: []\n"
			}
			for j, row := range teams[i].rows {
				text += fmt.Sprintf("  - {CUSTOM_DOMAIN_URL: %q, ACCOUNT: \"222222222222\", PRIVATE_API_URL: \"https://api%d%d.execute-api.eu-west-1.amazonaws.com/prod\"}\n", row, i, j)
			}
			name := fmt.Sprintf("t%d.yaml", i)
			files[name], names = []byte(text), append(names, name)
		}
		files[mapping.DirectoryFile] = []byte(portico.String())

		// The rules once more, in the simplest words.
		overlap, outside := false, false
		for i := range teams {
			for _, row := range teams[i].rows {
				outside = outside || !slices.ContainsFunc(teams[i].grants, func(g string) bool { return holds(g, row) })
			}
			for j := range i {
				for _, a := range teams[i].grants {
					for _, b := range teams[j].grants {
						overlap = overlap || meets(a, b)
					}
				}
			}
		}
		_, err := parseDirectory(files, rapid.Permutation(names).Draw(t, "order"))
		if ok := !overlap && !outside && rows > 0; ok != (err == nil) {
			t.Fatalf("overlap %v, outside %v, rows %d, and the result is %v\n%s%v", overlap, outside, rows, err, portico.String(), files)
		}
	})
}

// holds reports whether a grant covers a row, label by label and segment by
// segment.
func holds(grant, row string) bool {
	granted, base, _ := strings.Cut(grant, "/")
	host, path, _ := strings.Cut(row, "/")
	if !within(strings.Split(path, "/"), base) {
		return false
	}
	if below, wildcard := strings.CutPrefix(granted, "*"); wildcard {
		return strings.HasSuffix(host, below)
	}
	return host == granted
}

// meets reports whether two grants share a URL.
func meets(a, b string) bool {
	hostA, baseA, _ := strings.Cut(a, "/")
	hostB, baseB, _ := strings.Cut(b, "/")
	if !within(strings.Split(baseA, "/"), baseB) && !within(strings.Split(baseB, "/"), baseA) {
		return false
	}
	one := func(g, host string) bool {
		return holds(g, strings.Replace(host, "*", "x", 1)) || holds(g, host)
	}
	return one(hostA, hostB) || one(hostB, hostA)
}

// within reports whether a path's segments begin with a base path's.
func within(segments []string, base string) bool {
	if base == "" {
		return true
	}
	of := strings.Split(base, "/")
	return len(segments) >= len(of) && slices.Equal(segments[:len(of)], of)
}
