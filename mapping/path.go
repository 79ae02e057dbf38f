package mapping

import (
	"fmt"
	"net/url"
	"strings"
)

const (
	// maxBasePath bounds a base path's characters. Host and base path together
	// are a key of NGINX's maps, whose tokens end at 4,096 bytes.
	maxBasePath = 512
	// maxBasePathDepth bounds a base path's segments: the proxy looks up one
	// map for each level that some row uses.
	maxBasePathDepth = 16
	// maxAPIPath bounds the path below the stage. A method ARN may have 1,600
	// bytes (API Gateway's quota); with the longest API ID, region, stage and
	// verb this leaves more than 300 of them for what callers append.
	maxAPIPath = 1024
)

// parseBasePath reads what follows the host's slash.
func parseBasePath(value string) (BasePath, *mistake) {
	path, err := parsePath(value, maxBasePath)
	if err != nil {
		return "", err
	}
	if depth := strings.Count(path, "/"); depth > maxBasePathDepth {
		return "", wrong(fmt.Sprintf("the base path has %d segments; the proxy routes by %d at most", depth, maxBasePathDepth),
			"write a shorter base path")
	}
	return BasePath(path), nil
}

// parsePath reads a path without its leading slash. A slash at its end is
// another spelling of the same path; any other empty segment is not.
//
// Segments hold URL's unreserved characters only (RFC 3986, 2.3). The proxy
// matches these in every spelling, but of another character's encoding it would
// match one of several spellings that callers may use; and none of them means
// anything to NGINX, to a policy's ARNs or to a shell.
func parsePath(value string, limit int) (string, *mistake) {
	value = strings.TrimSuffix(value, "/")
	if value == "" {
		return "", nil
	}
	if len(value)+1 > limit {
		return "", wrong(fmt.Sprintf("the path is %d characters long; %d fit", len(value)+1, limit), "write a shorter path")
	}
	for segment := range strings.SplitSeq(value, "/") {
		if err := checkSegment(segment); err != nil {
			return "", err
		}
	}
	return "/" + value, nil
}

func checkSegment(segment string) *mistake {
	switch segment {
	case "":
		return wrong("a segment of the path is empty", "write one slash between segments")
	case ".", "..":
		return wrong(fmt.Sprintf("segment %s would change the path's meaning", quote(segment)), "write the path that is meant")
	}
	for i := range len(segment) {
		c := segment[i]
		if isUnreserved(c) {
			continue
		}
		switch c {
		case '%':
			return percentEncoded(segment)
		case '{', '}', '*', '+':
			return wrong(fmt.Sprintf("segment %s is a pattern", quote(segment)),
				"write a literal path; everything below it belongs to it")
		}
		return wrong(fmt.Sprintf("segment %s holds %s", quote(segment), quoteFirst(segment[i:])),
			"write segments of letters, digits, \".\", \"_\", \"~\" and \"-\"")
	}
	return nil
}

// percentEncoded names the plain spelling of a segment that has one.
func percentEncoded(segment string) *mistake {
	if plain, err := url.PathUnescape(segment); err == nil && checkSegment(plain) == nil {
		return wrong(fmt.Sprintf("segment %s is percent-encoded, but means %s", quote(segment), quote(plain)),
			fmt.Sprintf("write %s, which stands for its other spellings too", quote(plain)))
	}
	return wrong(fmt.Sprintf("segment %s is percent-encoded, and callers may spell it in other ways, which the proxy would miss", quote(segment)),
		"write segments of letters, digits, \".\", \"_\", \"~\" and \"-\"")
}

// quoteFirst quotes the first character of a string.
func quoteFirst(s string) string {
	for _, r := range s {
		return quote(string(r))
	}
	return quote(s)
}

func isUnreserved(c byte) bool {
	return isLowerAlphanumeric(c) || 'A' <= c && c <= 'Z' || strings.IndexByte("._~-", c) >= 0
}
