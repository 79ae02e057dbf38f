package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	namedTest = regexp.MustCompile("`((?:Test|Fuzz)[A-Z][A-Za-z0-9_]*)`")
	declared  = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	family    = regexp.MustCompile("`([a-z]+\\.txt)`")
)

// Each protection that the threat model names is held by a test that exists.
func TestTheTestsOfTheThreatModelExist(t *testing.T) {
	page, err := os.ReadFile("../../docs/security.md")
	require.NoError(t, err)
	tests := map[string]bool{}
	require.NoError(t, filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, match := range declared.FindAllStringSubmatch(string(source), -1) {
			tests[match[1]] = true
		}
		return err
	}))
	named := namedTest.FindAllStringSubmatch(string(page), -1)
	require.NotEmpty(t, named)
	for _, match := range named {
		require.True(t, tests[match[1]], "docs/security.md names %s, which is no test", match[1])
	}
	for _, match := range family.FindAllStringSubmatch(string(page), -1) {
		require.FileExists(t, "../e2e/requests/testdata/"+match[1])
	}
}
