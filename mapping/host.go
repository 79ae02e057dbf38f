package mapping

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/net/publicsuffix"

	"github.com/portico-iac/portico/internal/aws"
)

const (
	// maxLabel and maxName are DNS's limits (RFC 1035, 2.3.4), without the
	// trailing dot.
	maxLabel = 63
	maxName  = 253
	// validationLabel is what ACM puts in front of a certificate's domain name
	// for its validation record: an underscore, 32 hexadecimal digits, a dot.
	validationLabel = 34
)

// partitions is a copy for all hosts.
var partitions = aws.Partitions()

// ParseCustomDomain reads a CUSTOM_DOMAIN_URL: a host and a base path, with or
// without "https://" in front. The error says what to write instead.
func ParseCustomDomain(value string) (Host, BasePath, error) {
	host, path, wrong := parseCustomDomain(value)
	if wrong != nil {
		return "", "", wrong.of(value).err()
	}
	return host, path, nil
}

func parseCustomDomain(value string) (Host, BasePath, *mistake) {
	rest, err := cutScheme(value)
	if err != nil {
		return "", "", err
	}
	if err := refuseURLParts(rest); err != nil {
		return "", "", err
	}
	name, path, _ := strings.Cut(rest, "/")
	host, err := parseHost(name)
	if err != nil {
		return "", "", err
	}
	base, err := parseBasePath(path)
	if err != nil {
		return "", "", err
	}
	return host, base, nil
}

// cutScheme takes "https://" off; a custom domain may do without it.
func cutScheme(value string) (string, *mistake) {
	scheme, rest, found := strings.Cut(value, "://")
	switch {
	case !found:
		return value, nil
	case strings.EqualFold(scheme, "https"):
		return rest, nil
	case strings.EqualFold(scheme, "http"):
		return "", wrong("http:// is not served, as the load balancer listens for HTTPS only",
			"write https:// or the bare host")
	default:
		return "", wrong(fmt.Sprintf("%s is no scheme of a custom domain", quote(scheme+"://")),
			"write https:// or the bare host")
	}
}

// refuseURLParts refuses what a URL may have and neither a custom domain nor
// an API's address can: user information, port, query, fragment.
func refuseURLParts(rest string) *mistake {
	authority, _, _ := strings.Cut(rest, "/")
	switch {
	case strings.Contains(rest, "?"):
		return wrong("a query can't route requests", "delete everything from \"?\" on")
	case strings.Contains(rest, "#"):
		return wrong("a fragment never reaches a server", "delete everything from \"#\" on")
	case strings.Contains(authority, "@"):
		return wrong("a user name or password doesn't belong in a mapping", "delete everything up to \"@\"")
	case strings.Contains(authority, ":"):
		return wrong("a port can't be chosen, as it is 443 on either side", "delete everything from \":\" to the next \"/\"")
	}
	return nil
}

// parseHost reads a custom domain's name; upper case and a trailing dot are
// other spellings of the same name.
func parseHost(value string) (Host, *mistake) {
	name, err := parseName(value, true)
	if err != nil {
		return "", err
	}
	host := Host(name)
	switch {
	case strings.Count(name, ".") < 2:
		return "", wrong(fmt.Sprintf("%s has fewer than three labels, so that no wildcard certificate can name it", quote(name)),
			"write a host beneath a domain that you own, such as api.example.com")
	case len(host.Parent())+validationLabel > maxName:
		return "", wrong(fmt.Sprintf("parent domain is %d characters long; a certificate's validation record leaves room for %d",
			len(host.Parent()), maxName-validationLabel), "write a shorter host")
	}
	if suffix, official := publicsuffix.PublicSuffix(string(host.Parent())); official && suffix == string(host.Parent()) {
		return "", wrong(fmt.Sprintf("parent domain %s is a public suffix, for which no authority issues the certificate *.%s", quote(suffix), suffix),
			"write a host with one more label in front of the domain that you own")
	}
	for _, p := range partitions {
		if strings.HasSuffix(name, "."+p.DNSSuffix) {
			return "", wrong(fmt.Sprintf("%s is AWS's own name", quote(name)),
				"write the domain that callers shall use; the API's address belongs in PRIVATE_API_URL")
		}
	}
	return host, nil
}

// parseZone reads the name of a public hosted zone.
func parseZone(value string) (Zone, *mistake) {
	if strings.ContainsAny(value, "/:") {
		return "", wrong(fmt.Sprintf("%s is a URL", quote(value)), "write the zone's name alone, such as example.com")
	}
	name, err := parseName(value, false)
	if err != nil {
		return "", err
	}
	if !strings.Contains(name, ".") {
		return "", wrong(fmt.Sprintf("%s is a top-level domain", quote(name)), "write the zone's full name, such as example.com")
	}
	return Zone(name), nil
}

// parseName reads a fully qualified domain name and gives it in lower case
// without its trailing dot.
func parseName(value string, wildcard bool) (string, *mistake) {
	if value == "" {
		return "", wrong("the host is missing", "write a host such as api.example.com")
	}
	for _, r := range value {
		if r > unicode.MaxASCII {
			return "", wrong(fmt.Sprintf("%s holds %s, "+outsideASCII, quote(value), characterName(r)),
				"write the name in its punycode form, which begins with xn--")
		}
	}
	name := strings.ToLower(strings.TrimSuffix(value, "."))
	if len(name) > maxName {
		return "", wrong(fmt.Sprintf("the name is %d characters long; DNS carries %d", len(name), maxName), "write a shorter name")
	}
	labels := strings.Split(name, ".")
	for i, label := range labels {
		if label == "*" && i == 0 && wildcard {
			continue
		}
		if err := checkLabel(label); err != nil {
			return "", err
		}
	}
	if last := labels[len(labels)-1]; isDigits(last) {
		return "", wrong(fmt.Sprintf("%s is no domain name, as its last label is a number", quote(name)),
			"write a host name; IP addresses have no certificate")
	}
	return name, nil
}

// checkLabel holds a label to letters, digits and hyphens (RFC 952, RFC 1123).
func checkLabel(label string) *mistake {
	switch {
	case label == "":
		return wrong("a label of the name is empty", "write one dot between labels")
	case strings.Contains(label, "*"):
		return wrong("\"*\" may only be the whole first label of a custom domain", "write *.example.com, or the host itself")
	case len(label) > maxLabel:
		return wrong(fmt.Sprintf("label %s is %d characters long; DNS carries %d", quote(label), len(label), maxLabel), "write a shorter label")
	case label[0] == '-' || label[len(label)-1] == '-':
		return wrong(fmt.Sprintf("label %s begins or ends with a hyphen", quote(label)), "write letters, digits, and hyphens between them")
	}
	for i := range len(label) {
		if c := label[i]; !isLowerAlphanumeric(c) && c != '-' {
			return wrong(fmt.Sprintf("label %s holds %s", quote(label), quote(label[i:i+1])), "write letters, digits and hyphens only")
		}
	}
	return nil
}

func isLowerAlphanumeric(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// within reports whether the zone is the parent, or is below it.
func (z Zone) within(parent Zone) bool {
	return z == parent || strings.HasSuffix(string(z), "."+string(parent))
}
