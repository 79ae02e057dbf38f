package topology

import (
	"cmp"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"

	"github.com/portico-iac/portico/mapping"
)

// certificateName is the subject alternative name that covers a host. A
// wildcard covers exactly one label (RFC 6125, section 6.4.3; ACM has the same
// rule), so that is the wildcard of the host's parent, for a wildcard host
// itself.
func certificateName(host mapping.Host) mapping.Host {
	return mapping.Host("*." + host.Parent())
}

// uncoveredRows are those whose host no supplied certificate covers, by its own
// name or by the wildcard of its parent.
func uncoveredRows(rows []mapping.Row, supplied [][]mapping.Host) []mapping.Row {
	if len(supplied) == 0 {
		return rows
	}
	covered := make(map[mapping.Host]bool)
	for _, names := range supplied {
		for _, name := range names {
			covered[name] = true
		}
	}
	var uncovered []mapping.Row
	for _, row := range rows {
		if !covered[row.Host] && !covered[certificateName(row.Host)] {
			uncovered = append(uncovered, row)
		}
	}
	return uncovered
}

// certificateNames are the names that the rows need, sorted, each once.
func certificateNames(rows []mapping.Row) []mapping.Host {
	seen := make(map[mapping.Host]bool)
	for _, row := range rows {
		seen[certificateName(row.Host)] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// certificates packs names into as few certificates as fit.
//
// ACM can't change the names of a certificate: one more name means a new
// certificate, validated again. Cutting a sorted list into pieces would renew
// every certificate behind the new name. Each name has its own order of
// preference among the certificates instead (rendezvous hashing) and takes the
// first that has room, so that another name changes one certificate, or a few,
// until the number of certificates itself has to grow.
//
// A certificate begins with its domain name, which has to be a short one. The
// second result are the long names that no certificate can take for want of
// short ones.
func certificates(names []mapping.Host, publicZones map[mapping.Host]mapping.Zone, perCertificate int) ([]Certificate, []mapping.Host) {
	count := certificateCount(len(names), perCertificate)
	packed := make([][]mapping.Host, count)
	var homeless []mapping.Host
	for _, name := range shortFirst(names) {
		certificate := preferred(name, count, func(i int) bool {
			return len(packed[i]) < perCertificate && (isDomainName(name) || len(packed[i]) > 0)
		})
		if certificate < 0 {
			homeless = append(homeless, name)
			continue
		}
		packed[certificate] = append(packed[certificate], name)
	}
	packed = slices.DeleteFunc(packed, func(names []mapping.Host) bool { return len(names) == 0 })
	slices.SortFunc(packed, func(a, b []mapping.Host) int { return cmp.Compare(a[0], b[0]) })

	certificates := make([]Certificate, 0, len(packed))
	for _, names := range packed {
		zones := make(map[mapping.Host]mapping.Zone)
		for _, name := range names {
			if zone, ok := publicZones[name]; ok {
				zones[name] = zone
			}
		}
		certificates = append(certificates, Certificate{Names: names, PublicZones: zones})
	}
	return certificates, homeless
}

// maxDomainName is how many characters a certificate's domain name, the common
// name of its subject, may have; its other names may have 253 (ACM API
// reference, RequestCertificate; RFC 5280, ub-common-name).
const maxDomainName = 64

func isDomainName(name mapping.Host) bool { return len(name) <= maxDomainName }

// shortFirst puts the names that can be a certificate's domain name before
// those that can't.
func shortFirst(names []mapping.Host) []mapping.Host {
	var short, long []mapping.Host
	for _, name := range names {
		if isDomainName(name) {
			short = append(short, name)
		} else {
			long = append(long, name)
		}
	}
	return append(short, long...)
}

// domainNameLimit reports the rows whose certificate name no certificate takes.
func domainNameLimit(source string, rows []mapping.Row, homeless []mapping.Host) []error {
	if len(homeless) == 0 {
		return nil
	}
	e := &LimitError{
		Limit: "characters of a certificate's domain name, without a shorter name to stand before it",
		Max:   maxDomainName,
		Remedy: "shorten the parent domains to " + strconv.Itoa(maxDomainName-len("*.")) +
			" characters, or have ACM's quota of names raised and set portico:quotas: {namesPerCertificate: N}, so that they share a certificate with shorter ones",
	}
	for _, row := range rows {
		if name := certificateName(row.Host); slices.Contains(homeless, name) {
			e.Need = max(e.Need, len(name))
			e.Rows = append(e.Rows, refer(source, row))
		}
	}
	e.Fitting = len(rows) - len(e.Rows)
	return []error{e}
}

func certificateCount(names, perCertificate int) int {
	return (names + perCertificate - 1) / perCertificate
}

// preferred is the certificate, of those with room, that the name ranks highest.
func preferred(name mapping.Host, count int, hasRoom func(int) bool) int {
	best, bestScore := -1, uint64(0)
	for i := range count {
		if !hasRoom(i) {
			continue
		}
		h := fnv.New64a()
		h.Write([]byte(name))
		h.Write([]byte{'#'})
		h.Write(strconv.AppendInt(nil, int64(i), 10))
		if score := scramble(h.Sum64()); best < 0 || score > bestScore {
			best, bestScore = i, score
		}
	}
	return best
}

// scramble spreads a hash over all its bits (the finalizer of MurmurHash3):
// FNV leaves the high bits of inputs that differ in the last byte alike.
func scramble(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	h ^= h >> 33
	return h
}

// publicZones collects which public zone validates which name. Rows that give
// one name two zones contradict each other.
func publicZones(source string, rows []mapping.Row) (map[mapping.Host]mapping.Zone, []error) {
	zones := make(map[mapping.Host]mapping.Zone)
	first := make(map[mapping.Host]mapping.Row)
	var conflicts []error
	for _, row := range rows {
		if row.PublicZone == "" {
			continue
		}
		name := certificateName(row.Host)
		other, seen := first[name]
		if seen && zones[name] != row.PublicZone {
			conflicts = append(conflicts, &ConflictError{
				Problem: "certificate name " + string(name) + " is to be validated in two public zones, " +
					string(zones[name]) + " and " + string(row.PublicZone),
				Rows:   []RowRef{refer(source, other), refer(source, row)},
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
// balancer takes.
func certificateLimit(source string, rows []mapping.Row, names []mapping.Host, limits Limits) []error {
	need := certificateCount(len(names), limits.NamesPerCertificate) + len(limits.Supplied)
	if need <= limits.Certificates {
		return nil
	}
	room := max(0, limits.Certificates-len(limits.Supplied))
	fits := func(i int) bool { return i < room*limits.NamesPerCertificate }
	remedy := "put hosts under fewer parent domains"
	if limits.NamesPerCertificate < MaxNamesPerCertificate {
		remedy += ", or have ACM's quota of names raised and set portico:quotas: {namesPerCertificate: N}, N up to " +
			strconv.Itoa(MaxNamesPerCertificate)
	}
	remedy += ", or have that of certificates per load balancer raised and set portico:quotas: {certificatesPerLoadBalancer: N}"
	return []error{newLimitError(source, rows, LimitError{
		Limit:  "certificates of the load balancer, at " + strconv.Itoa(limits.NamesPerCertificate) + " names each",
		Need:   need,
		Max:    limits.Certificates,
		Remedy: remedy,
	}, fits, func(row mapping.Row) mapping.Host { return certificateName(row.Host) })}
}
