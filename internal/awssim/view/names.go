package view

import (
	"strings"
)

// CanonicalName is a DNS name in lower case without its trailing dot.
func CanonicalName(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// NameWithin reports whether a name is a zone's own or below it.
func NameWithin(name, zone string) bool {
	name, zone = CanonicalName(name), CanonicalName(zone)
	return name == zone || strings.HasSuffix(name, "."+zone)
}

// Covers reports whether a certificate's name is a domain name's own or its
// wildcard, which matches one label.
func Covers(certified, name string) bool {
	certified, name = CanonicalName(certified), CanonicalName(name)
	if parent, ok := strings.CutPrefix(certified, "*."); ok && !strings.HasPrefix(name, "*.") {
		_, rest, found := strings.Cut(name, ".")
		return found && rest == parent
	}
	return certified == name
}
