package bench

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

func TestTheGeneratedMappingIsAsLargeAsItSays(t *testing.T) {
	m, err := mapping.Parse("generated", Mapping(10_000, 50))
	require.NoError(t, err)
	require.Len(t, m.Rows, 10_000)

	derived, err := topology.Derive(m, topology.Options{})
	require.NoError(t, err)
	require.Len(t, derived.Zones, 50)
	require.Len(t, derived.Routes, 10_000)
	require.Len(t, derived.APIs, 2_000)
}

func TestTheGeneratedMappingIsAlwaysTheSame(t *testing.T) {
	require.True(t, bytes.Equal(Mapping(1000, 7), Mapping(1000, 7)))
}

func TestTheMappingOfAccountsIsAsLargeAsItSays(t *testing.T) {
	m, err := mapping.Parse("generated", AccountsMapping(200, 50, "[GET]"))
	require.NoError(t, err)
	require.Len(t, m.Rows, 10_000)
	require.Len(t, m.Accounts, 200)
	derived, err := topology.Derive(m, topology.Options{})
	require.NoError(t, err)
	require.Len(t, derived.Zones, 50)
	require.Len(t, derived.APIs, 2_000)
}

func TestTheMappingOfStrictAPIsIsAsLargeAsItSays(t *testing.T) {
	m, err := mapping.Parse("generated", StrictMapping(1_000))
	require.NoError(t, err)
	derived, err := topology.Derive(m, topology.Options{})
	require.NoError(t, err)
	require.Len(t, derived.Routes, 1_000)
	for _, r := range derived.Routes {
		require.True(t, r.Strict)
	}
}
