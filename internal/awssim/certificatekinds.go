package awssim

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// CertificateAuthorities are the private ones that there are.
type CertificateAuthorities []CertificateAuthority

// EmailApprovals are the domains whose mailboxes' owner approves requests for
// certificates.
type EmailApprovals []string

// CertificateAuthority is an AWS Private CA.
type CertificateAuthority struct {
	ARN    string
	Status string `json:",omitempty"` // "" is ACTIVE
	// SharedWith lists accounts that may request certificates beside its own.
	SharedWith []string `json:",omitempty"`
}

// requestPrivateCertificate asks a private authority, which issues at once.
func requestPrivateCertificate(c *call) error {
	names, err := c.requestedNames()
	if err != nil {
		return err
	}
	arn := c.inputs.Text("certificateAuthorityArn")
	authorities := factOf[CertificateAuthorities](c.simulator)
	i := slices.IndexFunc(authorities, func(a CertificateAuthority) bool {
		return a.ARN == arn && (strings.Contains(arn, ":"+c.account+":") || slices.Contains(a.SharedWith, c.account))
	})
	if i < 0 || !strings.Contains(arn, ":"+c.region+":") {
		return c.refuse("ResourceNotFoundException", "Could not find certificate authority %s", arn)
	}
	if status := authorities[i].Status; status != "" && status != "ACTIVE" {
		return c.refuse("InvalidStateException", "The certificate authority %s is not in the ACTIVE state: %s", arn, status)
	}
	c.describeCertificate(Object{
		"status": "ISSUED", "type": "PRIVATE", "keyAlgorithm": "RSA_2048", "subjectAlternativeNames": list(names...), "notBefore": "", "notAfter": "",
	})
	return nil
}

// importCertificate takes a certificate that somebody else issued, as ACM reads
// it: parsed, with its key and its chain.
func importCertificate(c *call) error {
	leaf, err := c.parseImported()
	if err != nil {
		return err
	}
	for name, value := range importedProperties(leaf) {
		c.outputs[name] = value
	}
	c.describeCertificate(Object{"status": "ISSUED", "type": "IMPORTED"})
	return nil
}

// reimportCertificate puts another certificate under the same ARN; ACM refuses
// one whose kind of key a service that uses the certificate can't change to.
func reimportCertificate(c *call) error {
	if !c.inputs.Has("certificateBody") {
		return nil
	}
	leaf, err := c.parseImported()
	if err != nil {
		return err
	}
	for name, value := range importedProperties(leaf) {
		c.outputs[name] = value
	}
	return nil
}

func importedProperties(leaf *x509.Certificate) Object {
	names := leaf.DNSNames
	domain := leaf.Subject.CommonName
	if len(names) > 0 && domain == "" {
		domain = names[0]
	}
	return Object{
		"domainName": domain, "subjectAlternativeNames": list(names...), "keyAlgorithm": keyAlgorithm(leaf),
		"notBefore": leaf.NotBefore.UTC().Format(time.RFC3339), "notAfter": leaf.NotAfter.UTC().Format(time.RFC3339),
	}
}

func keyAlgorithm(leaf *x509.Certificate) string {
	switch key := leaf.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA_%d", key.N.BitLen())
	case *ecdsa.PublicKey:
		if bits := key.Curve.Params().BitSize; bits != 256 {
			return fmt.Sprintf("EC_secp%dr1", bits)
		}
		return "EC_prime256v1"
	}
	return leaf.PublicKeyAlgorithm.String()
}

// parseImported holds an import to ACM's prerequisites.
func (c *call) parseImported() (*x509.Certificate, error) {
	body, key, chain := c.inputs.Text("certificateBody"), c.inputs.Text("privateKey"), c.inputs.Text("certificateChain")
	certificates := parsePEM(body)
	if len(certificates) != 1 {
		return nil, c.refuse("ValidationException", "The certificate field contains more than one certificate, or none. You can specify only one certificate in this field.")
	}
	leaf := certificates[0]
	if _, err := tls.X509KeyPair([]byte(body), []byte(key)); err != nil {
		return nil, c.refuse("ValidationException", "The private key is not supported or does not match the certificate: %v", err)
	}
	if now := time.Now(); now.After(leaf.NotAfter) || now.Before(leaf.NotBefore) {
		return nil, c.refuse("ValidationException", "The certificate is not valid at the present time: it is from %s to %s", leaf.NotBefore, leaf.NotAfter)
	}
	issuers := parsePEM(chain)
	if len(issuers) == 0 && leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) != nil {
		return nil, c.refuse("ValidationException", "Could not validate the certificate with the certificate chain: a certificate that is not self-signed needs one")
	}
	for below := leaf; len(issuers) > 0; below, issuers = issuers[0], issuers[1:] {
		if err := below.CheckSignatureFrom(issuers[0]); err != nil {
			return nil, c.refuse("ValidationException", "Could not validate the certificate with the certificate chain: %v", err)
		}
	}
	return leaf, nil
}

func parsePEM(text string) []*x509.Certificate {
	var all []*x509.Certificate
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return all
		}
		if certificate, err := x509.ParseCertificate(block.Bytes); err == nil {
			all = append(all, certificate)
		}
	}
}

// validationDomain is the domain whose mailboxes are asked about a name: the
// name's own, or one above it that the request states.
func (c *call) validationDomain(certificate Object, name string) (string, error) {
	own := strings.TrimPrefix(name, "*.")
	for _, option := range certificate.Objects("validationOptions") {
		if canonicalName(option.Text("domainName")) != canonicalName(name) {
			continue
		}
		domain := canonicalName(option.Text("validationDomain"))
		if !nameWithin(own, domain) {
			return "", c.refuse("InvalidDomainValidationOptionsException", "The validation domain %s is not %s or a parent of it", domain, name)
		}
		return domain, nil
	}
	return own, nil
}

// ApproveEmail is whoever reads a domain's mail approving all requests for
// certificates that ask its mailboxes, now and later.
func (s *Simulator) ApproveEmail(domain string) {
	changeFact(s, func(approved EmailApprovals) EmailApprovals { return append(slices.Clone(approved), domain) })
}

// issueApproved stages the issuance of a certificate whose every domain's mail
// was answered, and tells whether it did.
func (c *call) issueApproved(arn string) bool {
	certificate := c.findBy(certificateType, "arn", arn)
	p := certificate.Properties
	if p.Text("validationMethod") != "EMAIL" || p.Text("status") != "PENDING_VALIDATION" || c.whyPending(p) != nil {
		return false
	}
	issued := certificate.clone()
	issued.Properties["status"] = "ISSUED"
	c.put(issued)
	return true
}

// whyPending tells for each name of a certificate what it still waits for.
func (c *call) whyPending(certificate Object) error {
	names := c.certificateNames(certificate)
	if certificate.Text("validationMethod") != "EMAIL" {
		return c.whyNotValidated(names, nil)
	}
	var reasons []error
	for _, name := range names {
		domain, err := c.validationDomain(certificate, name)
		if err == nil && !slices.Contains(factOf[EmailApprovals](c.simulator), domain) {
			err = fmt.Errorf("nobody has approved the e-mail to admin@%s about %s", domain, name)
		}
		reasons = append(reasons, err)
	}
	return errors.Join(reasons...)
}
