package iampolicy

import "strings"

// matches reports whether text matches a pattern in which "*" matches any
// run of characters, slashes and the empty run included, and "?" matches one. A
// wildcard after literalMark matches itself.
func matches(pattern, text string) bool {
	p, t := 0, 0
	star, mark := -1, 0
	for t < len(text) {
		switch {
		case p+1 < len(pattern) && pattern[p] == literalMark && pattern[p+1] == text[t]:
			p += 2
			t++
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// matchesARN compares two ARNs part by part, so that a wildcard doesn't reach
// over a colon of the first five.
func matchesARN(pattern, arn string) bool {
	patterns, parts := strings.SplitN(pattern, ":", 6), strings.SplitN(arn, ":", 6)
	if len(patterns) != 6 || len(parts) != 6 {
		return false
	}
	for i := range parts {
		if !matches(patterns[i], parts[i]) {
			return false
		}
	}
	return true
}

// matchesResource reports whether a request's resource matches a pattern.
// execute-api:/stage/METHOD/path means the API that the policy is
// attached to, which is the one that the request is for.
func matchesResource(pattern, resource string) bool {
	if rest, short := strings.CutPrefix(pattern, "execute-api:/"); short {
		if api, _, ok := strings.Cut(resource, "/"); ok && strings.Contains(api, ":execute-api:") {
			return matches(rest, resource[len(api)+1:])
		}
	}
	return matches(pattern, resource)
}
