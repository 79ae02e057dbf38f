package review

import (
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
}

func compareCertificates(base, head side) CertificateChanges {
	return CertificateChanges{
		Added:    certificatesWithout(head.topology.Certificates, base.topology.Certificates),
		Removed:  certificatesWithout(base.topology.Certificates, head.topology.Certificates),
		Attached: namesWithout(head.Limits.Supplied, base.Limits.Supplied),
		Detached: namesWithout(base.Limits.Supplied, head.Limits.Supplied),
	}
}

func (c CertificateChanges) empty() bool {
	return len(c.Added)+len(c.Removed)+len(c.Attached)+len(c.Detached) == 0
}

func certificatesWithout(a, b []topology.Certificate) [][]mapping.Host {
	var rest [][]mapping.Host
	for _, certificate := range a {
		same := func(other topology.Certificate) bool {
			return slices.Equal(certificate.Names, other.Names) && maps.Equal(certificate.PublicZones, other.PublicZones)
		}
		if !slices.ContainsFunc(b, same) {
			rest = append(rest, certificate.Names)
		}
	}
	return rest
}

func namesWithout(a, b [][]mapping.Host) [][]mapping.Host {
	var rest [][]mapping.Host
	for _, names := range a {
		same := func(other []mapping.Host) bool { return slices.Equal(names, other) }
		if !slices.ContainsFunc(b, same) {
			rest = append(rest, names)
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
	issued := map[mapping.Host]bool{}
	for _, certificate := range s.topology.Certificates {
		for _, name := range certificate.Names {
			issued[name] = true
		}
	}
	var wrong []error
	for _, row := range s.Mapping.Rows {
		wildcard := "*." + mapping.Host(row.Host.Parent())
		covers := func(names []mapping.Host) bool {
			return slices.Contains(names, row.Host) || slices.Contains(names, wildcard)
		}
		if row.Retired || !issued[wildcard] && !issued[row.Host] || slices.ContainsFunc(s.Limits.Supplied, covers) {
			continue
		}
		wrong = append(wrong, &topology.ConflictError{
			Problem: "none of the certificates in portico:certificates covers " + string(row.Host),
			Rows: []topology.RowRef{{
				Source: s.Mapping.Source, Position: row.Pos, Index: row.Index, URL: string(row.Host) + string(row.BasePath),
			}},
			Remedy: "add one for " + string(wildcard) + ", or take portico:certificates.source out to have it issued",
		})
	}
	return errors.Join(wrong...)
}
