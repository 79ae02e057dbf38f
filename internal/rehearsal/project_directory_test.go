package rehearsal

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/mapping"
)

// TestAMappingDirectoryIsCopied also has a file and a directory follow each other,
// as rehearsals with one state do.
func TestAMappingDirectoryIsCopied(t *testing.T) {
	const teams = root + "/examples/teams"
	p := project{dir: t.TempDir(), environment: "dev"}
	for _, path := range []string{teams, exampleMapping, teams} {
		m, err := mapping.Load(path)
		require.NoError(t, err)
		initial := initialState{mapping: m, shared: sharedAccount, region: regionOf(m)}
		require.NoError(t, p.writeWithMapping(initial, path, nil, nil))
		for _, dir := range []string{p.dir, p.providerDir()} {
			copied, err := mapping.Load(filepath.Join(dir, mappingName))
			require.NoError(t, err)
			require.Equal(t, m.Digest, copied.Digest)
			info, err := os.Stat(filepath.Join(dir, mappingName))
			require.NoError(t, err)
			require.Equal(t, path == teams, info.IsDir())
		}
	}
}
