package review

import (
	"cmp"
	"errors"
	"maps"
	"slices"

	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// CertificateChanges are the load balancer's certificates that come and go. ACM
// can't change a certificate's names, so that a name more is a certificate
// anew.
type CertificateChanges struct {
	Added, Removed [][]mapping.Host
	// Attached and Detached are supplied certificates, which Portico doesn't
	// issue: imported ones, and those that exist.
	Attached, Detached [][]mapping.Host
	// AccountsAdded and AccountsRemoved are the certificates that are issued in the
	// accounts of APIs, for custom domains.
	AccountsAdded, AccountsRemoved []AccountCertificate
}

// AccountCertificate is a certificate of an account that owns APIs.
type AccountCertificate struct {
	Account mapping.AccountID
	Name    mapping.Host
}

func (c AccountCertificate) compare(other AccountCertificate) int {
	return cmp.Or(cmp.Compare(c.Account, other.Account), cmp.Compare(c.Name, other.Name))
}

// accountCertificates are the certificates that the accounts' stacks issue: one for each
// parent domain of their custom domains that no supplied one covers.
func (s side) accountCertificates() []AccountCertificate {
	var all []AccountCertificate
	for i := range s.Stacks {
		stack := &s.Stacks[i]
		coverage := topology.Cover(stack.Supplied)
		for _, d := range s.domainsOf(stack) {
			if coverage.Of(d.Host) == nil {
				all = append(all, AccountCertificate{s.number(stack.Account), d.Host.Wildcard()})
			}
		}
	}
	slices.SortFunc(all, AccountCertificate.compare)
	return slices.Compact(all)
}

func accountsWithout(a, b []AccountCertificate) []AccountCertificate {
	return slices.DeleteFunc(a, func(c AccountCertificate) bool { return slices.Contains(b, c) })
}

func compareCertificates(base, head side) CertificateChanges {
	return CertificateChanges{
		Added:    certificatesWithout(head.topology.Issued(), base.topology.Issued()),
		Removed:  certificatesWithout(base.topology.Issued(), head.topology.Issued()),
		Attached: suppliedWithout(head.Options.Supplied, base.Options.Supplied),
		Detached: suppliedWithout(base.Options.Supplied, head.Options.Supplied),

		AccountsAdded:   accountsWithout(head.accountCertificates(), base.accountCertificates()),
		AccountsRemoved: accountsWithout(base.accountCertificates(), head.accountCertificates()),
	}
}

func (c CertificateChanges) empty() bool {
	return len(c.Added)+len(c.Removed)+len(c.Attached)+len(c.Detached)+len(c.AccountsAdded)+len(c.AccountsRemoved) == 0
}

func certificatesWithout(a, b []*topology.Certificate) [][]mapping.Host {
	var rest [][]mapping.Host
	for _, certificate := range a {
		same := func(other *topology.Certificate) bool {
			return slices.Equal(certificate.Names, other.Names) && maps.Equal(certificate.PublicZones, other.PublicZones)
		}
		if !slices.ContainsFunc(b, same) {
			rest = append(rest, certificate.Names)
		}
	}
	return rest
}

func suppliedWithout(a, b []topology.Certificate) [][]mapping.Host {
	var rest [][]mapping.Host
	for _, certificate := range a {
		same := func(other topology.Certificate) bool { return slices.Equal(certificate.Names, other.Names) }
		if !slices.ContainsFunc(b, same) {
			rest = append(rest, certificate.Names)
		}
	}
	return rest
}

// checkSupplied reports the rows that no supplied certificate covers, where none
// is to be issued.
func (s side) checkSupplied() error {
	if !s.SuppliedOnly {
		return nil
	}
	var wrong []error
	for _, row := range s.topology.Uncovered {
		wrong = append(wrong, topology.NewUncoveredError(s.Mapping.Source, row, ""))
	}
	return errors.Join(wrong...)
}
