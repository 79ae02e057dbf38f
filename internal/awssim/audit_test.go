package awssim

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/stretchr/testify/require"
)

// TestSpecsNameOnlyWhatTheSDKHas holds every name in every spec to the SDK's
// structs, so that a rule about a misspelt property can't pass for a rule.
func TestSpecsNameOnlyWhatTheSDKHas(t *testing.T) {
	catalog := simulated()
	for token, spec := range catalog.Types {
		t.Run(token, func(t *testing.T) {
			inputs := spec.Schema().Inputs
			names := slices.Concat(spec.Required, spec.Immutable, spec.Sets, spec.Documents, spec.Unique, spec.Defaults.SortedNames())
			for _, name := range names {
				require.Contains(t, inputs, name)
			}
			if spec.Autoname != "" {
				require.Contains(t, inputs, spec.Autoname)
				require.Positive(t, spec.AutonameMax)
			}
			for path := range spec.Rules {
				require.True(t, leads(inputs, path), "rule at %s", path)
			}
			for _, ref := range spec.Refs {
				require.True(t, leads(inputs, ref.At), "reference at %s", ref.At)
				target := catalog.Types[ref.To]
				require.NotNil(t, target, "reference to %s", ref.To)
				if ref.Key != "" {
					require.Contains(t, target.Schema().Outputs, ref.Key)
				}
				require.NotEmpty(t, ref.Code, "reference at %s", ref.At)
			}
			require.NotEmpty(t, spec.Title)
			if strings.HasPrefix(token, "aws:") {
				require.NotEmpty(t, spec.Read)
			}
			for _, action := range slices.Concat(spec.Create, spec.Read, spec.Update, spec.Delete) {
				require.Regexp(t, `^[a-z0-9-]+:[A-Z][A-Za-z0-9]+$`, action)
			}
		})
	}
	for token, spec := range catalog.Functions {
		require.NotNil(t, spec.Args, token)
		require.NotEmpty(t, engine.InputFields(spec.Result), token)
	}
}

// TestDefaultsAreValidInputs catches defaults of the wrong kind, such as an
// int, which JSON doesn't have.
func TestDefaultsAreValidInputs(t *testing.T) {
	for token, spec := range simulated().Types {
		for name, value := range spec.Defaults {
			require.Empty(t, engine.KindProblems(spec.Schema().Inputs[name], value, name), token)
			require.Equal(t, value, engine.CloneValue(value), token)
		}
	}
}

// leads tells whether a path such as "vpcs[].vpcId" leads through the fields.
func leads(fields map[string]reflect.Type, path string) bool {
	for step := range strings.SplitSeq(path, ".") {
		name, isList := strings.CutSuffix(step, "[]")
		t, ok := fields[name]
		if !ok {
			return false
		}
		for t.Kind() == reflect.Pointer || (isList && t.Kind() == reflect.Slice) {
			isList = isList && t.Kind() != reflect.Slice
			t = t.Elem()
		}
		fields = nil
		if t.Kind() == reflect.Struct {
			fields = engine.FieldsOf(t)
		}
	}
	return true
}
