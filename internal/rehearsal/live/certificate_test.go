package live

import (
	"crypto/x509"
	"encoding/pem"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnImportedCertificateIsPresentedItself(t *testing.T) {
	issuer, err := NewAuthority()
	require.NoError(t, err)
	leaf, err := issuer.Issue("a.example.com")
	require.NoError(t, err)
	key, err := x509.MarshalPKCS8PrivateKey(leaf.PrivateKey)
	require.NoError(t, err)
	imported := Certificate{
		ARN: "imported", Names: []string{"a.example.com"},
		Chain:      string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Certificate[0]})) + string(issuer.PEM()),
		PrivateKey: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
	}
	authority, err := NewAuthority()
	require.NoError(t, err)
	presented, err := imported.tls(authority)
	require.NoError(t, err)
	require.Equal(t, leaf.Certificate[0], presented.Certificate[0])
	require.Len(t, presented.Certificate, 2, "with its chain")

	replacement, err := Certificate{Names: imported.Names}.tls(authority)
	require.NoError(t, err)
	require.NotEqual(t, leaf.Certificate[0], replacement.Certificate[0])

	balancers := []LoadBalancer{{Listeners: []Listener{{Certificates: []Certificate{imported, {Names: imported.Names}}}}}}
	roots := clientRoots(authority, &Environment{LoadBalancers: balancers})
	require.Equal(t, string(authority.PEM())+string(issuer.PEM()), string(roots), "the chain's last, and nothing for a replaced certificate")
	roots = clientRoots(authority, &Environment{Domains: []Domain{{Certificate: imported}}})
	require.Equal(t, string(authority.PEM())+string(issuer.PEM()), string(roots), "custom domain names' too")
}
