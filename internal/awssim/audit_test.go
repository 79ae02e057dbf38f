package awssim

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSpecsNameOnlyWhatTheSDKHas holds every name in every spec to the SDK's
// structs, so that a rule about a misspelt property can't pass for a rule.
func TestSpecsNameOnlyWhatTheSDKHas(t *testing.T) {
	catalog := simulated()
	for token, spec := range catalog.types {
		t.Run(token, func(t *testing.T) {
			inputs := spec.schema().inputs
			names := slices.Concat(spec.required, spec.immutable, spec.sets, spec.documents, spec.unique, spec.defaults.sortedNames())
			for _, name := range names {
				require.Contains(t, inputs, name)
			}
			if spec.autoname != "" {
				require.Contains(t, inputs, spec.autoname)
				require.Positive(t, spec.autonameMax)
			}
			for path := range spec.rules {
				require.True(t, leads(inputs, path), "rule at %s", path)
			}
			for _, ref := range spec.refs {
				require.True(t, leads(inputs, ref.at), "reference at %s", ref.at)
				target := catalog.types[ref.to]
				require.NotNil(t, target, "reference to %s", ref.to)
				if ref.key != "" {
					require.Contains(t, target.schema().outputs, ref.key)
				}
				require.NotEmpty(t, ref.code, "reference at %s", ref.at)
			}
			require.NotEmpty(t, spec.title)
			if strings.HasPrefix(token, "aws:") {
				require.NotEmpty(t, spec.read)
			}
			for _, action := range slices.Concat(spec.create, spec.read, spec.update, spec.delete) {
				require.Regexp(t, `^[a-z0-9-]+:[A-Z][A-Za-z0-9]+$`, action)
			}
		})
	}
	for token, spec := range catalog.functions {
		require.NotNil(t, spec.args, token)
		require.NotEmpty(t, inputFields(spec.result), token)
	}
}

// TestDefaultsAreValidInputs catches defaults of the wrong kind, such as an
// int, which JSON doesn't have.
func TestDefaultsAreValidInputs(t *testing.T) {
	for token, spec := range simulated().types {
		for name, value := range spec.defaults {
			require.Empty(t, kindProblems(spec.schema().inputs[name], value, name), token)
			require.Equal(t, value, cloneValue(value), token)
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
			fields = fieldsOf(t)
		}
	}
	return true
}
