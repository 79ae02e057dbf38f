package topology

import (
	"iter"
	"slices"

	"github.com/portico-iac/portico/mapping"
)

// Origin is where a certificate comes from.
type Origin string

const (
	// Issued certificates are requested for the hosts that no supplied one
	// covers, of ACM or of a private CA.
	Issued Origin = "issued"
	// Imported certificates were issued elsewhere, and are put into ACM.
	Imported Origin = "imported"
	// Existing certificates are in ACM already, and aren't Portico's.
	Existing Origin = "existing"
)

// Certificate is a certificate of a load balancer or of a custom domain.
type Certificate struct {
	// Origin is Issued, Imported or Existing.
	Origin Origin
	// ID identifies a supplied certificate: two may have the same names. Its form
	// is the supplier's choice. Empty: the certificate is issued.
	ID string
	// Names are the subject alternative names; the first is the certificate's
	// domain name. Those of an issued certificate are sorted, the ones too long
	// for a domain name last.
	Names []mapping.Host
	// PublicZones are the public hosted zones that validate an issued
	// certificate's names, where a row says so; names without an entry use their
	// nearest public parent zone.
	PublicZones map[mapping.Host]mapping.Zone
}

// Covers reports whether the certificate is valid for the host.
func (c Certificate) Covers(host mapping.Host) bool { return host.CoveredBy(c.Names) }

// Coverage finds certificates by the hosts that they cover.
type Coverage struct {
	byName map[mapping.Host]ranked
}

// ranked is a certificate with its place in the order of a Coverage.
type ranked struct {
	*Certificate
	rank int
}

// Cover indexes certificates, of which earlier ones go before later ones.
func Cover(certificates []Certificate) Coverage { return cover(slicePointers(certificates)) }

func cover(certificates iter.Seq[*Certificate]) Coverage {
	c := Coverage{byName: make(map[mapping.Host]ranked)}
	rank := 0
	for certificate := range certificates {
		for _, name := range certificate.Names {
			if _, earlier := c.byName[name]; !earlier {
				c.byName[name] = ranked{certificate, rank}
			}
		}
		rank++
	}
	return c
}

func slicePointers[T any](values []T) iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for i := range values {
			if !yield(&values[i]) {
				return
			}
		}
	}
}

// Of is the first certificate that covers the host; nil: none does. It is the
// rule of mapping.Host.CoveredBy, by index.
func (c Coverage) Of(host mapping.Host) *Certificate {
	own, byWildcard := c.byName[host], c.byName[host.Wildcard()]
	if own.Certificate == nil || byWildcard.Certificate != nil && byWildcard.rank < own.rank {
		return byWildcard.Certificate
	}
	return own.Certificate
}

// Coverage finds the certificates with which load balancers answer for the hosts
// of a front door; native has none.
func (t *Topology) Coverage(frontDoor mapping.FrontDoor) Coverage {
	return cover(func(yield func(*Certificate) bool) {
		for i := range t.LoadBalancers {
			if !t.carries(t.LoadBalancers[i], frontDoor) {
				continue
			}
			for certificate := range slicePointers(t.LoadBalancers[i].Certificates) {
				if !yield(certificate) {
					return
				}
			}
		}
	})
}

// carries reports whether the load balancer may have hosts of the front door.
func (t *Topology) carries(balancer LoadBalancer, frontDoor mapping.FrontDoor) bool {
	if frontDoor != mapping.FrontDoorALB {
		return balancer.FrontDoor == frontDoor
	}
	ownALB := slices.ContainsFunc(t.LoadBalancers, func(b LoadBalancer) bool { return b.FrontDoor == mapping.FrontDoorALB })
	return balancer.FrontDoor == mapping.FrontDoorALB || !ownALB
}

// Issued are the certificates to issue, of all load balancers in their order.
func (t *Topology) Issued() []*Certificate {
	var issued []*Certificate
	for i := range t.LoadBalancers {
		for certificate := range slicePointers(t.LoadBalancers[i].Certificates) {
			if certificate.Origin == Issued {
				issued = append(issued, certificate)
			}
		}
	}
	return issued
}
