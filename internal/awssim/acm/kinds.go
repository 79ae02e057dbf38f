package acm

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

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/issuance"
	"github.com/portico-iac/portico/internal/awssim/view"
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
func requestPrivateCertificate(op *engine.Op) error {
	names, err := requestedNames(op)
	if err != nil {
		return err
	}
	arn := op.Inputs.Text("certificateAuthorityArn")
	authorities := engine.Fact[CertificateAuthorities](op.Simulator)
	i := slices.IndexFunc(authorities, func(a CertificateAuthority) bool {
		return a.ARN == arn && (strings.Contains(arn, ":"+op.Account+":") || slices.Contains(a.SharedWith, op.Account))
	})
	if i < 0 || !strings.Contains(arn, ":"+op.Region+":") {
		return op.Refuse("ResourceNotFoundException", "Could not find certificate authority %s", arn)
	}
	if status := authorities[i].Status; status != "" && status != "ACTIVE" {
		return op.Refuse("InvalidStateException", "The certificate authority %s is not in the ACTIVE state: %s", arn, status)
	}
	describeCertificate(op, engine.Object{
		"status": "ISSUED", "type": "PRIVATE", "keyAlgorithm": "RSA_2048", "subjectAlternativeNames": engine.List(names...), "notBefore": "", "notAfter": "",
	})
	return nil
}

// importCertificate takes a certificate that another authority issued, as ACM
// reads it: parsed, with its key and its chain.
func importCertificate(op *engine.Op) error {
	leaf, err := parseImported(op)
	if err != nil {
		return err
	}
	for name, value := range importedProperties(leaf) {
		op.Outputs[name] = value
	}
	describeCertificate(op, engine.Object{"status": "ISSUED", "type": "IMPORTED"})
	return nil
}

// reimportCertificate puts another certificate under the same ARN; ACM refuses
// one whose kind of key a service that uses the certificate can't change to.
func reimportCertificate(op *engine.Op) error {
	if !op.Inputs.Has("certificateBody") {
		return nil
	}
	leaf, err := parseImported(op)
	if err != nil {
		return err
	}
	for name, value := range importedProperties(leaf) {
		op.Outputs[name] = value
	}
	return nil
}

func importedProperties(leaf *x509.Certificate) engine.Object {
	names := leaf.DNSNames
	domain := leaf.Subject.CommonName
	if len(names) > 0 && domain == "" {
		domain = names[0]
	}
	return engine.Object{
		"domainName": domain, "subjectAlternativeNames": engine.List(names...), "keyAlgorithm": keyAlgorithm(leaf),
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
func parseImported(op *engine.Op) (*x509.Certificate, error) {
	body, key, chain := op.Inputs.Text("certificateBody"), op.Inputs.Text("privateKey"), op.Inputs.Text("certificateChain")
	certificates := parsePEM(body)
	if len(certificates) != 1 {
		return nil, op.Refuse("ValidationException", "The certificate field contains more than one certificate, or none. You can specify only one certificate in this field.")
	}
	leaf := certificates[0]
	if _, err := tls.X509KeyPair([]byte(body), []byte(key)); err != nil {
		return nil, op.Refuse("ValidationException", "The private key is not supported or does not match the certificate: %v", err)
	}
	if now := time.Now(); now.After(leaf.NotAfter) || now.Before(leaf.NotBefore) {
		return nil, op.Refuse("ValidationException", "The certificate is not valid at the present time: it is from %s to %s", leaf.NotBefore, leaf.NotAfter)
	}
	issuers := parsePEM(chain)
	if len(issuers) == 0 && leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) != nil {
		return nil, op.Refuse("ValidationException", "Could not validate the certificate with the certificate chain: a certificate that is not self-signed needs one")
	}
	for below := leaf; len(issuers) > 0; below, issuers = issuers[0], issuers[1:] {
		if err := below.CheckSignatureFrom(issuers[0]); err != nil {
			return nil, op.Refuse("ValidationException", "Could not validate the certificate with the certificate chain: %v", err)
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
func validationDomain(op *engine.Op, certificate engine.Object, name string) (string, error) {
	own := strings.TrimPrefix(name, "*.")
	for _, option := range certificate.Objects("validationOptions") {
		if view.CanonicalName(option.Text("domainName")) != view.CanonicalName(name) {
			continue
		}
		domain := view.CanonicalName(option.Text("validationDomain"))
		if !view.NameWithin(own, domain) {
			return "", op.Refuse("InvalidDomainValidationOptionsException", "The validation domain %s is not %s or a parent of it", domain, name)
		}
		return domain, nil
	}
	return own, nil
}

// ApproveEmail approves, as the domain's mail recipient, all requests for
// certificates that ask its mailboxes, now and later.
func ApproveEmail(s *engine.Simulator, domain string) {
	engine.ChangeFact(s, func(approved EmailApprovals) EmailApprovals { return append(slices.Clone(approved), domain) })
}

// issueApproved stages the issuance of a certificate whose every domain's mail
// was answered, and reports whether it did.
func issueApproved(op *engine.Op, arn string) bool {
	certificate := op.FindBy(view.CertificateType, "arn", arn)
	p := certificate.Properties
	if p.Text("validationMethod") != "EMAIL" || p.Text("status") != "PENDING_VALIDATION" || whyPending(op, p) != nil {
		return false
	}
	issued := certificate.Clone()
	issued.Properties["status"] = "ISSUED"
	op.Put(issued)
	return true
}

// whyPending tells for each name of a certificate what it still waits for.
func whyPending(op *engine.Op, certificate engine.Object) error {
	names := issuance.CertificateNames(op, certificate)
	if certificate.Text("validationMethod") != "EMAIL" {
		return issuance.WhyNotValidated(op, names, nil)
	}
	var reasons []error
	for _, name := range names {
		domain, err := validationDomain(op, certificate, name)
		if err == nil && !slices.Contains(engine.Fact[EmailApprovals](op.Simulator), domain) {
			err = fmt.Errorf("the e-mail to admin@%s about %s has not been approved", domain, name)
		}
		reasons = append(reasons, err)
	}
	return errors.Join(reasons...)
}
