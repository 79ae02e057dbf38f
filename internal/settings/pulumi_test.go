package settings

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/esc"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/stretchr/testify/require"
)

// opened is a decrypter for tests, where encrypted text is the text itself.
type opened struct{ config.Decrypter }

func (opened) DecryptValue(_ context.Context, ciphertext string) (string, error) {
	return strings.TrimPrefix(ciphertext, "locked "), nil
}

func (opened) BatchDecrypt(ctx context.Context, ciphertexts []string) ([]string, error) {
	all := make([]string, len(ciphertexts))
	for i, text := range ciphertexts {
		all[i], _ = opened{}.DecryptValue(ctx, text)
	}
	return all, nil
}

// pulumiConfig is the configuration of a stack as Pulumi's package workspace
// loads it from a project's directory.
func pulumiConfig(t *testing.T, dir, stack string) (config.Map, error) {
	t.Helper()
	extension := ".yaml"
	project := &workspace.Project{Name: "portico"}
	for _, candidate := range []string{".json", ".yaml", ".yml"} {
		path := filepath.Join(dir, "Pulumi"+candidate)
		if _, err := os.Stat(path); err == nil {
			if project, err = workspace.LoadProject(path); err != nil {
				return nil, err
			}
			extension = candidate
			break
		}
	}
	loaded, err := workspace.LoadProjectStack(nil, project, filepath.Join(dir, project.StackConfigDir, "Pulumi."+stack+extension))
	if err != nil {
		return nil, err
	}
	err = workspace.ValidateStackConfigAndApplyProjectConfig(context.Background(), stack, project, esc.Value{}, loaded.Config, nil, opened{})
	return loaded.Config, err
}

// pulumiEngine has the values of a stack as the engine hands them to a program;
// false: Pulumi refuses to run the stack.
func pulumiEngine(t *testing.T, dir, stack string) (Engine, bool) {
	t.Helper()
	loaded, err := pulumiConfig(t, dir, stack)
	if err != nil {
		return nil, false
	}
	texts, err := loaded.Decrypt(opened{})
	require.NoError(t, err)
	byKey := map[string]string{}
	for key, text := range texts {
		byKey[key.String()] = text
	}
	return func(key string) (string, bool) {
		text, ok := byKey[key]
		return text, ok
	}, true
}
