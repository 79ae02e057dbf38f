package components

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAPrivateZoneHidesWhatIsBelowIt(t *testing.T) {
	published := []string{"example.com", "a.internal.example.com", "internal.example.com", "www.internal.example.com", "notinternal.example.com"}
	zone := HostedZone{Name: "internal.example.com", Hosts: []string{"a.internal.example.com"}}
	require.Equal(t, []string{"internal.example.com", "www.internal.example.com"}, hiddenNames(zone, published))
	require.Empty(t, hiddenNames(HostedZone{Name: "a.internal.example.com", Hosts: zone.Hosts}, published), "a narrow zone hides nothing")

	text := HiddenNames{Zone: "internal.example.com", PublicZone: "example.com", Names: []string{"1", "2", "3", "4", "5", "6", "7"}}.String()
	require.Contains(t, text, "1, 2, 3, 4, 5 and 2 more")
}
