package faults

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
)

// authority issues the endpoint's certificates, good ones and others.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	// file is the PEM file that the proxy trusts.
	file string
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "faults"},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	a := &authority{key: key, file: filepath.Join(t.TempDir(), "ca.pem")}
	a.certificate, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(a.file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644))
	return a
}

// leaf is a server's certificate before it is signed.
func leaf(name string, from, until time.Time) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: from, NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
}

func (a *authority) sign(t testing.TB, template *x509.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// good is what the proxy expects.
func (a *authority) good(t testing.TB) tls.Certificate {
	t.Helper()
	return a.sign(t, leaf(nginxtest.EndpointName, time.Now().Add(-time.Hour), time.Now().Add(time.Hour)))
}

// wrongName is good but for the name.
func (a *authority) wrongName(t testing.TB) tls.Certificate {
	t.Helper()
	return a.sign(t, leaf("vpce-other.execute-api.us-east-1.vpce.amazonaws.com", time.Now().Add(-time.Hour), time.Now().Add(time.Hour)))
}

// expired is good but for the time.
func (a *authority) expired(t testing.TB) tls.Certificate {
	t.Helper()
	return a.sign(t, leaf(nginxtest.EndpointName, time.Now().Add(-24*time.Hour), time.Now().Add(-time.Hour)))
}

// selfSigned has the right name and is signed by no authority.
func selfSigned(t testing.TB) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := leaf(nginxtest.EndpointName, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
