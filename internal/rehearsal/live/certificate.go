package live

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

// tls is the certificate as a listener presents it: the imported one itself, or
// one of the same names by the rehearsal's authority.
func (c Certificate) tls(authority *Authority) (*tls.Certificate, error) {
	if c.PrivateKey == "" {
		issued, err := authority.Issue(c.Names...)
		if err != nil {
			return nil, fmt.Errorf("stand in for certificate %s: %w", c.ARN, err)
		}
		return issued, nil
	}
	imported, err := tls.X509KeyPair([]byte(c.Chain), []byte(c.PrivateKey))
	if err != nil {
		return nil, fmt.Errorf("read the imported certificate %s: %w", c.ARN, err)
	}
	return &imported, nil
}

// root is the last certificate of an imported chain, in PEM. Clients are taken
// to trust it: whose trust store has which authority is none of the accounts'
// doing.
func (c Certificate) root() []byte {
	var last *pem.Block
	for rest := []byte(c.Chain); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		last = block
	}
	if last == nil {
		return nil
	}
	return pem.EncodeToMemory(last)
}

// clientRoots are, in PEM, the authorities that clients trust: the rehearsal's,
// and those of imported certificates.
func clientRoots(authority *Authority, balancers []LoadBalancer) []byte {
	roots := authority.PEM()
	for _, balancer := range balancers {
		for _, listener := range balancer.Listeners {
			for _, certificate := range listener.Certificates {
				roots = append(roots, certificate.root()...)
			}
		}
	}
	return roots
}

// Roots is the trust store of clients in the VPC.
func (p *Path) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(p.roots)
	return pool
}
