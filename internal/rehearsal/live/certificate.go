package live

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"sync"
)

// certificateStore has each certificate made once, however often a data path is
// described anew.
type certificateStore struct {
	authority *Authority

	mu   sync.Mutex
	made map[string]*tls.Certificate
}

func newCertificateStore(authority *Authority) *certificateStore {
	return &certificateStore{authority: authority, made: make(map[string]*tls.Certificate)}
}

// tls is the certificate as servers present it.
func (s *certificateStore) tls(c Certificate) (*tls.Certificate, error) {
	// An ARN stays when a certificate is imported anew.
	key := strings.Join([]string{c.ARN, strings.Join(c.Names, " "), c.Chain}, "\n")
	s.mu.Lock()
	defer s.mu.Unlock()
	if made, ok := s.made[key]; ok {
		return made, nil
	}
	made, err := c.tls(s.authority)
	if err == nil {
		s.made[key] = made
	}
	return made, err
}

// tls is the imported certificate itself, or one of the same names by the
// rehearsal's authority.
func (c Certificate) tls(authority *Authority) (*tls.Certificate, error) {
	if c.PrivateKey == "" {
		issued, err := authority.Issue(c.Names...)
		if err != nil {
			return nil, fmt.Errorf("replace certificate %s: %w", c.ARN, err)
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
func clientRoots(authority *Authority, environment *Environment) []byte {
	roots := authority.PEM()
	for _, balancer := range environment.LoadBalancers {
		for _, listener := range balancer.Listeners {
			for _, certificate := range listener.Certificates {
				roots = append(roots, certificate.root()...)
			}
		}
	}
	for _, domain := range environment.Domains {
		roots = append(roots, domain.Certificate.root()...)
	}
	return roots
}

// Roots is the trust store of clients in the VPC.
func (p *Path) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(*p.roots.Load())
	return pool
}
