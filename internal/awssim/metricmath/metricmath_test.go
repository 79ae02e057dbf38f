package metricmath

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExpressionsHaveTheirValues(t *testing.T) {
	values := map[string]float64{"errors": 30, "requests": 300, "zero": 0}
	for expression, want := range map[string]any{
		"1 + 2 * 3":               7.0,
		"(1 + 2) * 3":             9.0,
		"10 - 4 - 3":              3.0,
		"-errors + 1":             -29.0,
		"100 * errors / requests": 10.0,
		"errors / zero":           nil,
		"missing + 1":             nil,
		"FILL(missing, 0) + 1":    1.0,
		"FILL(errors, 0)":         30.0,
		"IF(errors >= 5, 100 * errors / requests, 0)": 10.0,
		"IF(errors >= 50, 1, 0)":                      0.0,
		"IF(zero == 0 AND errors > 1, 2, 3)":          2.0,
		"IF(zero != 0 OR errors < 1, 2, 3)":           3.0,
		"IF(missing > 1, 2, 3)":                       nil,
		"IF(requests > 1, missing, 3)":                nil,
		"IF(requests < 1 && errors <= 30, 2, 3)":      3.0,
	} {
		e, err := Parse(expression)
		require.NoError(t, err, expression)
		value, exists := e.At(values)
		if want == nil {
			require.False(t, exists, expression)
			continue
		}
		require.True(t, exists, expression)
		require.InDelta(t, want, value, 1e-9, expression)
	}
	e, err := Parse("IF(b > 1, a / b, FILL(c, 0))")
	require.NoError(t, err)
	require.Equal(t, []string{"b", "a", "c"}, e.IDs())
}

func TestExpressionsAreRefused(t *testing.T) {
	for _, expression := range []string{"", "1 +", "(1", "IF(1, 2)", "FILL(a)", "ANOMALY_DETECTION_BAND(a)", "SEARCH('x')", "1 2", "IF(1, 2, 3", "Errors"} {
		_, err := Parse(expression)
		require.Error(t, err, expression)
	}
}

// FuzzParse: no expression panics, nor what is calculated with it.
func FuzzParse(f *testing.F) {
	f.Add("IF(a >= 5, 100 * a / b, FILL(c, 0))")
	f.Fuzz(func(_ *testing.T, expression string) {
		if e, err := Parse(expression); err == nil {
			e.At(map[string]float64{"a": 1, "b": 2})
		}
	})
}
