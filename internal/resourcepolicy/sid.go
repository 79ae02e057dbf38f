package resourcepolicy

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
)

// sidPrefix begins the Sid of every statement of Portico's. Sids hold letters
// and digits only.
const sidPrefix = "Portico"

// The kinds of statements, as their Sids name them. Where there can be several
// of a kind they are numbered from 1.
const (
	allowKind          = "Allow" // numbered; without a number: the compact form
	albAllowKind       = "ALBAllow"
	nativeAllowKind    = "NativeAllow"
	allowEndpointsKind = "AllowEndpoints"
	denyKind           = "Deny"
	denyPathsKind      = "DenyPaths"
	denyHostsKind      = "DenyHosts"
	albDenyKind        = "ALBDeny"
	nativeDenyKind     = "NativeDeny"
	nativeDenyPaths    = "NativeDenyPaths"
	denyDomainsKind    = "NativeDenyDomains"
	closedEndpoints    = "DenyDoors"
	// The two of the kinds that all environments of an API share.
	denyEndpointsKind = "DenyEndpoints"
	retiredKind       = "Retired"
)

// environmentTag is what the Sids of an environment have between the prefix and
// the kind: the letters and digits of its name, and four hexadecimal digits that
// tell apart names which differ in other characters, and installations. Empty
// for an environment without a name.
func environmentTag(app, environment string) string {
	if environment == "" {
		return ""
	}
	var tag strings.Builder
	for _, r := range environment {
		if r < 128 && (r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z') {
			tag.WriteRune(r)
		}
	}
	digest := sha256.Sum256([]byte(app + "/" + environment))
	return tag.String() + hex.EncodeToString(digest[:])[:4]
}

const kindNames = `(Allow|ALBAllow|NativeAllow|AllowEndpoints|Deny|DenyPaths|DenyHosts|ALBDeny|NativeDeny|NativeDenyPaths|NativeDenyDomains|DenyDoors|DenyEndpoints|Retired)([1-9][0-9]*)?$`

var (
	unnamedSid = regexp.MustCompile(`^` + sidPrefix + kindNames)
	namedSid   = regexp.MustCompile(`^` + sidPrefix + `([A-Za-z0-9]*[0-9a-f]{4})` + kindNames)
)

// sid is a Sid that a stack of Portico's could write.
type sid struct {
	tag    string // of the environment; empty: it has no name
	kind   string
	number int // 0: none
}

func (s sid) String() string {
	text := sidPrefix + s.tag + s.kind
	if s.number > 0 {
		text += strconv.Itoa(s.number)
	}
	return text
}

// shared reports whether all environments of an API write the Sid.
func (s sid) shared() bool { return s.kind == denyEndpointsKind || s.kind == retiredKind }

// parseSid reads a Sid; no stack could have written it where ok is false.
func parseSid(text string) (s sid, ok bool) {
	found := unnamedSid.FindStringSubmatch(text)
	if found != nil {
		found = append([]string{found[0], ""}, found[1:]...)
	} else if found = namedSid.FindStringSubmatch(text); found == nil {
		return sid{}, false
	}
	s = sid{tag: found[1], kind: found[2]}
	if found[3] != "" {
		number, err := strconv.Atoi(found[3])
		if err != nil {
			return sid{}, false
		}
		s.number = number
	}
	// The shared kinds have no environment.
	return s, s.tag == "" || !s.shared()
}
