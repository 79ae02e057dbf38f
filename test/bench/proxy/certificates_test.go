//go:build bench

package proxy

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// pair is a certificate and its key, PEM files; both is a file with the two.
type pair struct{ certificate, key, both string }

// authority is a throw-away certificate authority.
type authority struct {
	file        string
	certificate *x509.Certificate
	key         crypto.Signer
}

func newAuthority(t *testing.T, dir string) authority {
	t.Helper()
	key := newEC(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	a := authority{file: filepath.Join(dir, "authority.pem"), certificate: certificate, key: key}
	require.NoError(t, os.WriteFile(a.file, block("CERTIFICATE", der), 0o600))
	return a
}

func newEC(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

func newRSA4096(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 4096)
	require.NoError(t, err)
	return key
}

// issue signs a server certificate for the name and key.
func (a authority) issue(t *testing.T, dir, name string, key crypto.Signer) pair {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	certificate, private := block("CERTIFICATE", der), block("PRIVATE KEY", keyDER)
	p := pair{
		certificate: filepath.Join(dir, "server.pem"),
		key:         filepath.Join(dir, "server.key"),
		both:        filepath.Join(dir, "both.pem"),
	}
	require.NoError(t, os.WriteFile(p.certificate, certificate, 0o600))
	require.NoError(t, os.WriteFile(p.key, private, 0o600))
	require.NoError(t, os.WriteFile(p.both, append(certificate, private...), 0o600))
	return p
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
