package topology

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strconv"

	"github.com/portico-iac/portico/mapping"
)

// packing is how names share certificates.
type packing struct {
	certificates [][]mapping.Host
	// tight says that the leaves would be more certificates than there are
	// places, so that the certificates are filled up instead.
	tight bool
	// unplaceable are the long names that no certificate takes for want of short
	// ones: a certificate begins with its domain name, which has to be short.
	unplaceable []mapping.Host
}

// pack puts names into at most so many certificates.
//
// ACM can't change the names of a certificate: one more name means a new
// certificate, validated again. Cutting a sorted list into pieces would renew
// every certificate behind the new name. The bits of the names' hashes lead into
// a tree instead, whose leaves are the certificates: a name more changes its own
// leaf alone, and a leaf that is full falls into two. Leaves are about two
// thirds full, so that the tree needs more certificates than there are places
// once those are two thirds used. From then on there are as many certificates
// as places, and each name takes the one with room that it prefers (rendezvous
// hashing), so that another name changes one or a few.
func pack(names []mapping.Host, places, perCertificate int) packing {
	short, long := byLength(names)
	p := packing{certificates: leaves(short, perCertificate, 0)}
	p.add(long, perCertificate)
	tight := len(p.certificates) > places
	if !tight && len(p.unplaceable) > 0 {
		// Spread thinly, short names leave room for the long ones.
		places = min(places, max(DefaultQuotas().certificates(), certificateCount(len(names), perCertificate)))
	}
	if tight || len(p.unplaceable) > 0 {
		p = packing{certificates: make([][]mapping.Host, places), tight: tight}
		p.add(short, perCertificate)
		p.add(long, perCertificate)
		p.certificates = slices.DeleteFunc(p.certificates, func(names []mapping.Host) bool { return len(names) == 0 })
	}
	for i, names := range p.certificates {
		short, long := byLength(slices.Sorted(slices.Values(names)))
		p.certificates[i] = append(short, long...)
	}
	slices.SortFunc(p.certificates, func(a, b []mapping.Host) int { return cmp.Compare(a[0], b[0]) })
	return p
}

// packBeside is pack for a load balancer whose default certificate has names: those of
// them that are still needed stay together, in the first certificate. Where they would
// fall apart they keep a certificate of their own, if there is a place for it and ACM would
// issue it, or has.
func packBeside(before, names []mapping.Host, places, perCertificate int) packing {
	p := pack(names, places, perCertificate)
	kept := slices.DeleteFunc(slices.Clone(before), func(name mapping.Host) bool { return !slices.Contains(names, name) })
	if len(kept) == 0 {
		return p
	}
	holds := func(certificate []mapping.Host) bool { return slices.Contains(certificate, kept[0]) }
	first := slices.IndexFunc(p.certificates, holds)
	together := first >= 0 && !slices.ContainsFunc(kept, func(name mapping.Host) bool { return !slices.Contains(p.certificates[first], name) })
	if issuable := len(kept) <= perCertificate || len(kept) == len(before); !together && issuable && isDomainName(kept[0]) {
		rest := slices.DeleteFunc(slices.Clone(names), func(name mapping.Host) bool { return slices.Contains(kept, name) })
		if q := pack(rest, places-1, perCertificate); len(q.unplaceable) <= len(p.unplaceable) && len(q.certificates) < places {
			q.certificates = append([][]mapping.Host{kept}, q.certificates...)
			return q
		}
	}
	if first > 0 {
		certificate := p.certificates[first]
		p.certificates = slices.Insert(slices.Delete(p.certificates, first, first+1), 0, certificate)
	}
	return p
}

// leaves are the groups of at most so many names, each of which has the same
// first bits in its names' hashes, and no two of which could be one.
func leaves(names []mapping.Host, perCertificate, depth int) [][]mapping.Host {
	switch {
	case len(names) == 0:
		return nil
	case len(names) <= perCertificate:
		return [][]mapping.Host{names}
	case depth == 64: // The names have one hash, which no known names do.
		return slices.Collect(slices.Chunk(names, perCertificate))
	}
	var branches [2][]mapping.Host
	for _, name := range names {
		bit := hash(name) >> (63 - depth) & 1
		branches[bit] = append(branches[bit], name)
	}
	return slices.Concat(leaves(branches[0], perCertificate, depth+1), leaves(branches[1], perCertificate, depth+1))
}

// add puts each name into the certificate with room that it prefers.
func (p *packing) add(names []mapping.Host, perCertificate int) {
	for _, name := range names {
		i := preferred(name, len(p.certificates), func(i int) bool {
			taken := len(p.certificates[i])
			return taken < perCertificate && (isDomainName(name) || taken > 0)
		})
		if i < 0 {
			p.unplaceable = append(p.unplaceable, name)
			continue
		}
		p.certificates[i] = append(p.certificates[i], name)
	}
}

// MaxDomainName is how many characters a certificate's domain name, the common
// name of its subject, may have; its other names may have 253 (ACM API
// reference, RequestCertificate; RFC 5280, ub-common-name).
const MaxDomainName = 64

func isDomainName(name mapping.Host) bool { return len(name) <= MaxDomainName }

// byLength parts the names that can be a certificate's domain name from those
// that can't.
func byLength(names []mapping.Host) (short, long []mapping.Host) {
	for _, name := range names {
		if isDomainName(name) {
			short = append(short, name)
		} else {
			long = append(long, name)
		}
	}
	return short, long
}

func certificateCount(names, perCertificate int) int {
	return (names + perCertificate - 1) / perCertificate
}

// preferred is the certificate, of those with room, that the name ranks
// highest; -1: none has.
func preferred(name mapping.Host, count int, hasRoom func(int) bool) int {
	best, bestScore := -1, uint64(0)
	for i := range count {
		if !hasRoom(i) {
			continue
		}
		if score := hash(name + mapping.Host("#"+strconv.Itoa(i))); best < 0 || score > bestScore {
			best, bestScore = i, score
		}
	}
	return best
}

// hash spreads a name over 64 bits. FNV leaves the high bits of inputs that
// differ in the last byte alike, so that MurmurHash3's finalizer follows it.
func hash(name mapping.Host) uint64 {
	f := fnv.New64a()
	f.Write([]byte(name))
	h := f.Sum64()
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	h ^= h >> 33
	return h
}
