package settings

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"time"
)

// read reads and checks a certificate to import; false: mistakes were added.
func (c ImportedCertificate) read(m *mistakes, key string, read readFile, now time.Time) (Imported, bool) {
	before := len(m.all)
	imported := Imported{
		Certificate: readPEM(m, key+".certificate", read, c.Certificate),
		PrivateKey:  readPEM(m, key+".privateKey", read, c.PrivateKey),
	}
	if c.Chain != "" {
		imported.Chain = readPEM(m, key+".chain", read, c.Chain)
	}
	if len(m.all) > before || imported.Certificate == "" {
		return imported, false
	}
	leaf, chain := certificatesOf(m, key+".certificate", imported.Certificate), certificatesOf(m, key+".chain", imported.Chain)
	if len(m.all) > before {
		return imported, false
	}
	m.check(len(leaf) == 1, key+".certificate", fmt.Sprintf("it holds %d certificates", len(leaf)),
		"keep the server's own, and put those above it into chain")
	if len(leaf) != 1 {
		return imported, false
	}
	if imported.PrivateKey != "" {
		checkPrivateKey(m, key+".privateKey", imported)
	}
	if c.Chain != Unknown {
		checkChain(m, key+".chain", leaf[0], chain)
	}
	imported.describe(m, key+".certificate", leaf[0], now)
	return imported, len(m.all) == before && len(imported.Names) > 0
}

// readPEM is the value itself where it is PEM, or the text of the file that it
// names; nothing where it is a secret that isn't known. The value is never
// repeated: it may be a mangled key.
func readPEM(m *mistakes, key string, read readFile, value string) string {
	const fix = "write PEM, or the path of a PEM file relative to the project's directory; set a key with pulumi config set --secret --path"
	switch value {
	case "":
		m.missing(key, fix)
		return ""
	case Unknown:
		return ""
	}
	text := value
	if !strings.Contains(value, "-----BEGIN ") {
		data, err := read(value)
		if err != nil {
			m.add(key, "neither PEM nor a file that can be read", fix)
			return ""
		}
		text = string(data)
	}
	if block, _ := pem.Decode([]byte(text)); block == nil {
		m.add(key, "not PEM", fix)
	}
	return text
}

// certificatesOf are the certificates of a PEM text, in its order.
func certificatesOf(m *mistakes, key, text string) []*x509.Certificate {
	var all []*x509.Certificate
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return all
		}
		if block.Type != "CERTIFICATE" {
			m.add(key, "it holds a "+block.Type, "keep certificates only")
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			m.add(key, "it can't be read: "+err.Error(), "write an X.509 certificate in PEM")
			continue
		}
		all = append(all, certificate)
	}
}

// checkPrivateKey holds the key against the certificate. Errors of crypto/tls
// don't repeat keys.
func checkPrivateKey(m *mistakes, key string, imported Imported) {
	block, _ := pem.Decode([]byte(imported.PrivateKey))
	if block != nil && (strings.Contains(block.Type, "ENCRYPTED") || block.Headers["DEK-Info"] != "") {
		m.add(key, "it is encrypted, and ACM takes unencrypted keys only", "decrypt it, and keep it as a secret of the configuration")
		return
	}
	if _, err := tls.X509KeyPair([]byte(imported.Certificate), []byte(imported.PrivateKey)); err != nil {
		m.add(key, "it is not the certificate's: "+err.Error(), "write the key with which the certificate was requested")
	}
}

// checkChain follows the issuers upwards.
func checkChain(m *mistakes, key string, leaf *x509.Certificate, chain []*x509.Certificate) {
	if len(chain) == 0 {
		if leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) != nil {
			m.add(key, "not set, and the certificate isn't self-signed", "write the certificates above it, from its issuer upwards")
		}
		return
	}
	below := leaf
	for i, issuer := range chain {
		if err := below.CheckSignatureFrom(issuer); err != nil {
			m.add(key, fmt.Sprintf("its certificate %d (%s) didn't issue %s", i+1, issuer.Subject, below.Subject),
				"write the certificates above the server's own, each followed by its issuer")
			return
		}
		below = issuer
	}
}

// describe notes the certificate's names, key and end.
func (c *Imported) describe(m *mistakes, key string, leaf *x509.Certificate, now time.Time) {
	c.Names, c.NotAfter = leaf.DNSNames, leaf.NotAfter
	m.check(len(leaf.DNSNames) > 0, key, "it has no DNS names", "write a certificate whose subject alternative names cover the custom domains")
	m.check(!now.After(leaf.NotAfter), key, "it expired on "+leaf.NotAfter.Format(time.DateOnly), "write its successor")
	m.check(!now.Before(leaf.NotBefore), key, "it is valid from "+leaf.NotBefore.Format(time.DateOnly)+" only", "write one that is valid now")
	// "Server certificate key algorithms" of Elastic Load Balancing.
	const fix = "write a certificate with an RSA key of 2048, 3072 or 4096 bits or an ECDSA key of 256, 384 or 521 bits"
	switch public := leaf.PublicKey.(type) {
	case *rsa.PublicKey:
		bits := public.N.BitLen()
		c.KeyAlgorithm, c.KeyBits = "RSA", bits
		m.check(bits == 2048 || bits == 3072 || bits == 4096, key, fmt.Sprintf("its RSA key has %d bits", bits), fix)
	case *ecdsa.PublicKey:
		bits := public.Curve.Params().BitSize
		c.KeyAlgorithm, c.KeyBits = "ECDSA", bits
		m.check(bits == 256 || bits == 384 || bits == 521, key, fmt.Sprintf("its ECDSA key has %d bits", bits), fix)
	default:
		m.add(key, fmt.Sprintf("its key is an %s key", leaf.PublicKeyAlgorithm), fix)
	}
}
