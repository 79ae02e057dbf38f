package review

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFiguresAreBoldFromFourFifthsOfTheirQuota(t *testing.T) {
	for _, test := range []struct {
		used, quota int
		near        bool
	}{
		{79, 100, false}, {80, 100, true}, {81, 100, true}, {100, 100, true},
		{20, 26, false}, {21, 26, true}, // no whole number is four fifths of 26
		{6553, 8192, false}, {6554, 8192, true},
		{0, 5, false}, {3, 5, false}, {4, 5, true},
	} {
		require.Equal(t, test.near, Limit{After: test.used, Max: test.quota}.Near(), "%d of %d", test.used, test.quota)
	}
}
