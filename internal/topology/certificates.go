package topology

import (
	"cmp"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"

	"github.com/portico-iac/portico/mapping"
)

// uncoveredRows are those whose host no supplied certificate covers.
func uncoveredRows(rows []*mapping.Row, supplied []Certificate) []*mapping.Row {
	if len(supplied) == 0 {
		return rows
	}
	coverage := Cover(supplied)
	var uncovered []*mapping.Row
	for _, row := range rows {
		if coverage.Of(row.Host) == nil {
			uncovered = append(uncovered, row)
		}
	}
	return uncovered
}

// certificateNames are the names that the rows need, sorted, each once.
func certificateNames(rows []*mapping.Row) []mapping.Host {
	seen := make(map[mapping.Host]bool)
	for _, row := range rows {
		seen[row.Host.Wildcard()] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// packing is how names share certificates.
type packing struct {
	certificates [][]mapping.Host
	// tight says that the certificates are filled up.
	tight bool
	// homeless are the long names that no certificate takes for want of short
	// ones: a certificate begins with its domain name, which has to be short.
	homeless []mapping.Host
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
	if !tight && len(p.homeless) > 0 {
		// Spread thinly, short names leave room for the long ones.
		places = min(places, max(DefaultQuotas().certificates(), certificateCount(len(names), perCertificate)))
	}
	if tight || len(p.homeless) > 0 {
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

// leaves are the groups of at most so many names, each of which has the same
// first bits in its names' hashes, and no two of which could be one.
func leaves(names []mapping.Host, perCertificate, depth int) [][]mapping.Host {
	switch {
	case len(names) == 0:
		return nil
	case len(names) <= perCertificate:
		return [][]mapping.Host{names}
	case depth == 64: // More names of one hash than anybody finds.
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
			p.homeless = append(p.homeless, name)
			continue
		}
		p.certificates[i] = append(p.certificates[i], name)
	}
}

// issued are the certificates with the public zones that validate their names.
func (p packing) issued(publicZones map[mapping.Host]mapping.Zone) []Certificate {
	certificates := make([]Certificate, 0, len(p.certificates))
	for _, names := range p.certificates {
		zones := make(map[mapping.Host]mapping.Zone)
		for _, name := range names {
			if zone, ok := publicZones[name]; ok {
				zones[name] = zone
			}
		}
		certificates = append(certificates, Certificate{Origin: Issued, Names: names, PublicZones: zones})
	}
	return certificates
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

// domainNameLimit reports the rows whose certificate name no certificate takes.
func (b *balanced) domainNameLimit(source string) []error {
	homeless := make(map[mapping.Host]bool)
	for _, balancer := range b.balancers {
		for _, name := range balancer.packing.homeless {
			homeless[name] = true
		}
	}
	if len(homeless) == 0 {
		return nil
	}
	e := &LimitError{
		Limit: "characters of a certificate's domain name, without a shorter name to stand before it",
		Max:   MaxDomainName,
		Remedy: "shorten the parent domains to " + strconv.Itoa(MaxDomainName-len("*.")) +
			" characters, or have ACM's quota of names raised and set portico:quotas: {namesPerCertificate: N}, so that they share a certificate with shorter ones",
	}
	for _, row := range b.uncovered {
		if name := row.Host.Wildcard(); homeless[name] {
			e.Need = max(e.Need, len(name))
			e.Rows = append(e.Rows, refer(source, row))
		}
	}
	e.Fitting = len(b.uncovered) - len(e.Rows)
	return []error{e}
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

// publicZones collects which public zone validates which name of the load
// balancers' certificates. Rows that give one name two zones contradict each
// other.
func (p *placed) publicZones() (map[mapping.Host]mapping.Zone, []error) {
	zones := make(map[mapping.Host]mapping.Zone)
	first := make(map[mapping.Host]*mapping.Row)
	var conflicts []error
	for _, row := range union(p.by[mapping.FrontDoorNGINX], p.by[mapping.FrontDoorALB]) {
		if row.PublicZone == "" {
			continue
		}
		name := row.Host.Wildcard()
		other, seen := first[name]
		if seen && zones[name] != row.PublicZone {
			conflicts = append(conflicts, &ConflictError{
				Problem: "certificate name " + string(name) + " is to be validated in two public zones, " +
					string(zones[name]) + " and " + string(row.PublicZone),
				Rows:   []RowRef{refer(p.Source, other), refer(p.Source, row)},
				Remedy: "give every row under " + string(row.Host.Parent()) + " the same ROUTE53_PUBLIC_DOMAIN",
			})
			continue
		}
		if !seen {
			zones[name], first[name] = row.PublicZone, row
		}
	}
	return zones, conflicts
}

// certificateLimit reports that the names need more certificates than the load
// balancers take.
func (b *balanced) certificateLimit(source string, options Options) []error {
	places := options.Quotas.certificates() * options.Quotas.LoadBalancers
	need := certificateCount(len(certificateNames(b.uncovered)), options.Quotas.NamesPerCertificate) + len(b.supplied)
	if need <= places {
		return nil
	}
	room := max(0, places-len(b.supplied)) * options.Quotas.NamesPerCertificate
	remedy := "put hosts under fewer parent domains"
	if options.Quotas.NamesPerCertificate < MaxNamesPerCertificate {
		remedy += ", or have ACM's quota of names raised and set portico:quotas: {namesPerCertificate: N}, N up to " +
			strconv.Itoa(MaxNamesPerCertificate)
	}
	remedy += ", or have that of certificates per load balancer raised and set portico:quotas: {certificatesPerLoadBalancer: N}"
	of := "the load balancer"
	if options.Quotas.LoadBalancers > 1 {
		of = strconv.Itoa(options.Quotas.LoadBalancers) + " load balancers"
	}
	return []error{newLimitError(source, b.uncovered, LimitError{
		Limit:  "certificates of " + of + ", at " + strconv.Itoa(options.Quotas.NamesPerCertificate) + " names each",
		Need:   need,
		Max:    places,
		Remedy: remedy,
	}, func(i int) bool { return i < room }, func(row *mapping.Row) mapping.Host { return row.Host.Wildcard() })}
}
