package live_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/rehearsal/live"
)

// TestAddressesBelongToTheirVPC has endpoints of two VPCs at one address: the
// client's VPC decides which of them answers, and no client reaches another
// VPC's.
func TestAddressesBelongToTheirVPC(t *testing.T) {
	e := domainEnvironment()
	consumer := face("consumer's endpoint", "10.0.0.18")
	consumer.VPCID = "vpc-consumer"
	e.Endpoints = append(e.Endpoints, live.Endpoint{
		ID: "vpce-consumer", VPCID: "vpc-consumer", DNSNames: []string{"vpce-consumer.aws"}, Interfaces: []live.Interface{consumer},
	})
	e.Domains[1].VPCEndpointIDs = append(e.Domains[1].VPCEndpointIDs, "vpce-consumer")
	path := start(t, e)
	for vpcID, endpoint := range map[string]string{"": "vpce-native", "vpc-consumer": "vpce-consumer"} {
		from := client
		from.VPCID = vpcID
		conn, err := path.Network().Dial(context.Background(), from, netip.MustParseAddrPort("10.0.0.18:443"))
		require.NoError(t, err)
		secure := tls.Client(conn, &tls.Config{ServerName: privateHost, RootCAs: path.Roots()})
		t.Cleanup(func() { secure.Close() })
		code, body := exchange(t, secure, "GET /orders/1 HTTP/1.1\r\nHost: "+privateHost+"\r\n\r\n")
		require.Equal(t, http.StatusOK, code, string(body))
		var arrival live.Arrival
		require.NoError(t, json.Unmarshal(body, &arrival))
		require.Equal(t, endpoint, arrival.SourceVPCE)
	}
	from := client
	from.VPCID = "vpc-consumer"
	_, err := path.Network().Dial(context.Background(), from, netip.MustParseAddrPort("10.0.0.17:443"))
	require.ErrorIs(t, err, live.ErrUnreachable)
}
