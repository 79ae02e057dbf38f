package awssim

import "strings"

// canonicalName is a DNS name in lower case without its trailing dot.
func canonicalName(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// nameWithin tells whether a name is a zone's own or below it.
func nameWithin(name, zone string) bool {
	name, zone = canonicalName(name), canonicalName(zone)
	return name == zone || strings.HasSuffix(name, "."+zone)
}

// covers tells whether a certificate's name is a domain name's own or its
// wildcard, which stands for one label.
func covers(certified, name string) bool {
	certified, name = canonicalName(certified), canonicalName(name)
	if parent, ok := strings.CutPrefix(certified, "*."); ok && !strings.HasPrefix(name, "*.") {
		_, rest, found := strings.Cut(name, ".")
		return found && rest == parent
	}
	return certified == name
}
