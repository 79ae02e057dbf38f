package live_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/rehearsal/live"
)

// A task that comes after another one, with its name and address, is let through by
// its own security groups.
func TestASourceIsLetThroughByTheGroupsThatItHasNow(t *testing.T) {
	network := live.NewNetwork(func(from, _ live.Interface, _ uint16) error {
		if !slices.Contains(from.SecurityGroupIDs, "sg-new") {
			return errors.New("no egress rule")
		}
		return nil
	})
	t.Cleanup(func() { require.NoError(t, network.Close()) })
	endpoint := face("endpoint", "10.0.0.16")
	network.Handle(endpoint, 443, func(conn net.Conn) {
		_, _ = conn.Write([]byte("!"))
		conn.Close()
	})
	for _, group := range []string{"sg-old", "sg-new", "sg-old"} {
		address, err := network.ListenerAddress(face("task 1", "10.0.0.8", group), netip.MustParseAddrPort("10.0.0.16:443"))
		require.NoError(t, err)
		conn, err := new(net.Dialer).DialContext(context.Background(), "tcp", address)
		if err == nil { // a refused one may be reset before or after
			_, err = conn.Read(make([]byte, 1))
			conn.Close()
		}
		require.Equal(t, group == "sg-new", err == nil, "%s: %v", group, err)
	}
}
