package settings

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestPulumiReadsTheSame holds the reader to Pulumi's own, for generated
// projects: what Pulumi refuses is a mistake here, and what it takes has the
// same values.
func TestPulumiReadsTheSame(t *testing.T) {
	read, refused := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		project, stack := generatedProject.Draw(rt, "project"), generatedStack.Draw(rt, "stack")
		dir := t.TempDir()
		write(t, dir, "Pulumi.yaml", project)
		write(t, dir, "Pulumi.dev.yaml", stack)
		described := fmt.Sprintf("-- Pulumi.yaml --\n%s\n-- Pulumi.dev.yaml --\n%s", project, stack)

		want, err := pulumiConfig(t, dir, "dev")
		s := Source{Project: Project{Files: Dir(dir)}, Stack: "dev"}
		m, merged, wrong := mergedConfig(s)
		if err != nil {
			refused++
			if strings.Contains(project, "type:") && strings.Contains(described, "secure") {
				return // the type of what can't be decrypted isn't known
			}
			if wrong == nil && len(m.wrong) == 0 {
				rt.Fatalf("Pulumi refuses, and the reader doesn't: %v\n%s", err, described)
			}
			return
		}
		if wrong != nil && strings.Contains(wrong.Error(), "given twice") {
			return // Pulumi takes one of them, and not always the same
		}
		read++
		if wrong != nil {
			rt.Fatalf("the reader refuses, and Pulumi doesn't: %v\n%s", wrong, described)
		}
		ours := func(key config.Key, _ config.Value) bool { return key.Namespace() != Namespace }
		maps.DeleteFunc(want, ours)
		maps.DeleteFunc(merged, ours)
		if !maps.Equal(want, merged) {
			rt.Fatalf("the values differ\nPulumi: %v\nreader: %v\n%s", want, merged, described)
		}
	})
	require.Positive(t, read)
	require.Positive(t, refused)
}

// mergedConfig are the settings of a source as Pulumi keeps them.
func mergedConfig(s Source) (*manifest, config.Map, error) {
	m, err := s.manifest()
	if err != nil {
		return m, nil, err
	}
	f, err := s.stackFile("Pulumi.dev.yaml", m)
	if err != nil {
		return m, nil, err
	}
	_, refused := m.mergeInto(f.config, s.Stack)
	if all := append(append(refused, m.wrong...), f.wrong...); len(all) > 0 {
		return m, nil, errors.Join(all)
	}
	return m, f.config, nil
}

var (
	// scalars are spellings that YAML's versions read differently, and others.
	scalars = rapid.SampledFrom([]string{
		"true", "True", "yes", "on", "~", "null", "", "0", "7", "-1", "010", "0o17", "0x1F", "0b11", "1_000", "1e3", "1.0", "1.5", "-0",
		"012345670123", "111111111111", "18446744073709551615", "99999999999999999999", `"10"`, `"true"`, `"010"`, `'["a"]'`, `'{"a": 1}'`,
		"a", "a b", "2001-01-01", `"yes"`, "!!str 12", "<<", ".5", "0.1e-7", "1:30", "!!binary aGVsbG8=",
	})
	anyValue = rapid.Custom(func(t *rapid.T) string { return drawValue(t, 3) })
	keys     = rapid.SampledFrom([]string{
		"portico:a", "portico:b", "a", "portico:config:c", "portico:task", "portico:task.min", "task.max", `portico:task["b"]`,
		"portico:list[0]", "portico:list", "other:key", "portico:a:b", "portico:task[", "portico:",
	})
	declarations = rapid.Custom(func(t *rapid.T) string {
		var parts []string
		if rapid.Bool().Draw(t, "typed") {
			parts = append(parts, "type: "+rapid.SampledFrom([]string{"string", "integer", "boolean", "object", "array"}).Draw(t, "type"))
		}
		if rapid.Bool().Draw(t, "items") {
			parts = append(parts, "items: {type: string}")
		}
		for _, part := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"value", "default"}), 0, 2, rapid.ID).Draw(t, "parts") {
			parts = append(parts, part+": "+anyValue.Draw(t, part))
		}
		if rapid.IntRange(0, 5).Draw(t, "secret") == 0 {
			parts = append(parts, "secret: true")
		}
		return "{" + strings.Join(parts, ", ") + "}"
	})
)

// drawValue is a value that nests at most depth maps and lists.
func drawValue(t *rapid.T, depth int) string {
	kind := rapid.IntRange(0, 6).Draw(t, "kind")
	if depth == 0 || kind > 2 {
		return scalars.Draw(t, "scalar")
	}
	var parts []string
	switch kind {
	case 0:
		for range rapid.IntRange(0, 3).Draw(t, "length") {
			parts = append(parts, drawValue(t, depth-1))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case 1:
		for _, key := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "min", "1", "true", "secure"}), 0, 3, rapid.ID).Draw(t, "members") {
			parts = append(parts, key+": "+drawValue(t, depth-1))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return rapid.SampledFrom([]string{"{secure: locked text}", "{secure: 1}"}).Draw(t, "secret")
}

func settingsOf(written *rapid.Generator[string]) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		var b strings.Builder
		for _, key := range rapid.SliceOfNDistinct(keys, 0, 4, rapid.ID).Draw(t, "keys") {
			fmt.Fprintf(&b, "  %q: %s\n", key, written.Draw(t, "value"))
		}
		if b.Len() == 0 {
			return "config: {}\n"
		}
		return "config:\n" + b.String()
	})
}

var (
	generatedStack   = settingsOf(anyValue)
	generatedProject = rapid.Custom(func(t *rapid.T) string {
		name := rapid.SampledFrom([]string{"portico", "portico-provider"}).Draw(t, "name")
		return "name: " + name + "\nruntime: go\n" + settingsOf(rapid.OneOf(declarations, declarations, scalars, anyValue)).Draw(t, "config")
	})
)
