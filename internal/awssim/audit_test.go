package awssim

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTypesAreDeclaredInTheSDKsNames(t *testing.T) {
	require.Empty(t, simulated().Audit())
}
