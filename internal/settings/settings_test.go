package settings

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheExampleSettingsAreRight(t *testing.T) {
	const root = "../.."
	for dir, count := range map[string]int{".": 2, "accounts/provider": 6, "examples/embedding": 1, "examples/embedding/accounts/provider": 1} {
		p := Project{Files: Dir(root), Dir: dir}
		stacks, err := p.Stacks()
		require.NoError(t, err)
		require.Len(t, stacks, count, dir)
		for _, stack := range stacks {
			role := "shared"
			if strings.HasSuffix(dir, "provider") {
				role = "provider"
			}
			s := Source{Project: p, Stack: stack}
			require.Empty(t, problems(s, role), filepath.Join(dir, stack))
			loaded, err := pulumiConfig(t, filepath.Join(root, dir), stack)
			require.NoError(t, err)
			texts, err := loaded.Decrypt(opened{})
			require.NoError(t, err)
			found := false
			for key, text := range texts {
				found = found || key.String() == "pulumi:disable-default-providers" && text == `["*"]`
			}
			require.True(t, found, filepath.Join(dir, stack))
		}
	}
}

func TestEveryReferenceVariableHasAKeyThatExists(t *testing.T) {
	for variable, key := range referenceVariables {
		key, _, _ = strings.Cut(key, " ")
		fields := reflect.ValueOf(DefaultShared()).Elem()
		for name := range strings.SplitSeq(key, ".") {
			field, ok := fieldsByKey(fields)[name]
			require.True(t, ok, "%s: %s", variable, key)
			fields = field
		}
	}
}
