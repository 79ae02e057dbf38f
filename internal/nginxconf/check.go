package nginxconf

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/portico-iac/portico/internal/topology"
)

// Longest values, from mapping's grammars. A token of NGINX's configuration
// ends at 4,096 bytes (NGX_CONF_BUFFER), which a record of a route with the
// longest of each still keeps well below.
const (
	maxHost     = 253
	maxBasePath = 512
	maxAPIPath  = 1024
	maxName     = 128
)

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
)

// checkRoutes refuses values that could mean something to NGINX. The mapping
// has checked them before; this is what keeps another caller's from turning
// into directives. The templates rely on it: no value may hold a quote, a
// backslash, a dollar sign, a space, a line feed or the records' separator.
func checkRoutes(routes []topology.Route) error {
	var mistakes []error
	seen := make(map[string]bool, len(routes))
	for _, r := range routes {
		url := string(r.Host) + string(r.BasePath)
		refuse := func(field, value, want string) {
			mistakes = append(mistakes, fmt.Errorf("render route of APIS[%d] (%q): %s is %q: want %s", r.Row, url, field, value, want))
		}
		if seen[url] {
			refuse("URL", url, "no two routes with the same host and base path")
		}
		seen[url] = true
		if !isHost(string(r.Host)) {
			refuse("host", string(r.Host), "a domain name in lower case, such as api.example.com or *.api.example.com")
		}
		if !isPath(string(r.BasePath), maxBasePath) {
			refuse("base path", string(r.BasePath), "nothing or segments of unreserved characters, such as /orders/v1")
		}
		if !isName(string(r.API.ID), lower+digits) {
			refuse("API ID", string(r.API.ID), "lower-case letters and digits, such as a1b2c3d4e5")
		}
		if !isName(string(r.API.Stage), lower+upper+digits+"_-") {
			refuse("stage", string(r.API.Stage), "letters, digits, hyphens and underscores, such as prod")
		}
		if !isPath(string(r.API.Path), maxAPIPath) {
			refuse("API path", string(r.API.Path), "nothing or segments of unreserved characters, such as /orders")
		}
		if !isName(r.API.Region, lower+digits+"-") {
			refuse("region", r.API.Region, "a region's name, such as us-east-1")
		}
		if !isHost(r.API.DNSSuffix) || strings.HasPrefix(r.API.DNSSuffix, "*") {
			refuse("DNS suffix", r.API.DNSSuffix, "a partition's domain, such as amazonaws.com")
		}
		for _, m := range r.Methods {
			if !isName(string(m), upper) {
				refuse("verb", string(m), "capital letters, such as GET")
			}
		}
		if r.Methods != nil && len(r.Methods) == 0 {
			refuse("list of verbs", "", "at least one verb, or nil for all")
		}
		if r.Timeout < time.Second || r.Timeout > 300*time.Second || r.Timeout%time.Second != 0 {
			refuse("timeout", r.Timeout.String(), "whole seconds from 1 to 300")
		}
	}
	return errors.Join(mistakes...)
}

// checkElsewhere does the same for the hosts that other front doors serve.
func checkElsewhere(hosts []string) error {
	var mistakes []error
	for _, host := range hosts {
		if !isHost(host) || strings.HasPrefix(host, "*") {
			mistakes = append(mistakes, fmt.Errorf("render host %q of another front door: want a domain name in lower case, such as api.example.com", host))
		}
	}
	return errors.Join(mistakes...)
}

// isHost reports whether s is a host as package mapping has it.
func isHost(s string) bool {
	name := strings.TrimPrefix(s, "*.")
	if name == "" || len(s) > maxHost {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if !isName(label, lower+digits+"-") {
			return false
		}
	}
	return true
}

// isPath reports whether s is empty or a path of segments of unreserved
// characters (RFC 3986, section 2.3) of which none is a dot segment.
func isPath(s string, limit int) bool {
	if s == "" {
		return true
	}
	if s[0] != '/' || len(s) > limit {
		return false
	}
	for segment := range strings.SplitSeq(s[1:], "/") {
		if segment == "." || segment == ".." || segment == "" || !consistsOf(segment, lower+upper+digits+"._~-") {
			return false
		}
	}
	return true
}

func isName(s, alphabet string) bool {
	return s != "" && len(s) <= maxName && consistsOf(s, alphabet)
}

func consistsOf(s, alphabet string) bool {
	for i := range len(s) {
		if strings.IndexByte(alphabet, s[i]) < 0 {
			return false
		}
	}
	return true
}
