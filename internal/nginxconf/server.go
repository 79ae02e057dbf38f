package nginxconf

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/portico-iac/portico/internal/topology"
)

// defaultTimeout is the timeout of the location that every request enters;
// routes with another one are sent on to a location of their own, since
// proxy_read_timeout takes no variable. It is the mapping's default.
const defaultTimeout = 30 * time.Second

// Connecting within a region takes milliseconds. Two seconds leave room for
// one lost SYN, which is sent again after one; five leave room to try a second
// address after a dead one.
const (
	connectTimeout      = 2 * time.Second
	nextUpstreamTimeout = 5 * time.Second
)

// allMethods are the verbs that API Gateway knows, which is what Allow says
// for a route that takes all.
var allMethods = []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}

// Main is what nginx.conf's template takes.
type Main struct {
	MapHash      MapHash
	DefaultProxy Proxy
	// Proxies are the locations of other timeouts.
	Proxies    []Proxy
	ErrorPages []ErrorPage
}

// Proxy is a location that forwards; times are in milliseconds.
type Proxy struct {
	// Location is the location's name. It begins with two slashes, as no
	// caller's path does once NGINX has normalized it (merge_slashes).
	Location            string
	ProxyConnectTimeout int64
	// ProxyNextUpstreamTimeout is until when another address is tried: not
	// after an address was connected to and didn't answer in time, which would
	// repeat a request that the API is still working on.
	ProxyNextUpstreamTimeout int64
	ProxyReadTimeout         int64
}

// ErrorPage is a location that answers with an error of the proxy's own.
type ErrorPage struct {
	Status  int
	Message string
	// Codes are NGINX's codes that lead here.
	Codes string
	// Replace says that the codes are not the status: NGINX has some of its
	// own, such as 494, that no client knows.
	Replace bool
	// Allow adds the header of that name.
	Allow bool
}

func newMain(routes []topology.Route, routeMaps []Map) Main {
	timeouts := make(map[time.Duration]bool)
	for _, r := range routes {
		if r.Timeout != defaultTimeout {
			timeouts[r.Timeout] = true
		}
	}
	m := Main{
		MapHash:      newMapHash(routeMaps),
		DefaultProxy: newProxy("/", defaultTimeout),
		ErrorPages:   errorPages(),
	}
	for _, timeout := range slices.Sorted(maps.Keys(timeouts)) {
		name := "//timeout/" + strconv.Itoa(int(timeout/time.Second))
		m.Proxies = append(m.Proxies, newProxy(name, timeout))
	}
	return m
}

func newProxy(location string, timeout time.Duration) Proxy {
	return Proxy{
		Location:                 location,
		ProxyConnectTimeout:      min(connectTimeout, timeout/2).Milliseconds(),
		ProxyNextUpstreamTimeout: min(nextUpstreamTimeout, timeout).Milliseconds(),
		ProxyReadTimeout:         timeout.Milliseconds(),
	}
}

// errorPages are every error that NGINX makes by itself here. Errors of the
// API pass as they are.
func errorPages() []ErrorPage {
	return []ErrorPage{
		{Status: 400, Codes: "400 495 496 497", Replace: true, Message: "Bad request: the path, a header or the protocol is malformed, or the path holds dot segments"},
		{Status: 404, Codes: "404", Message: "No API is mapped to this host and path"},
		{Status: 405, Codes: "405", Message: "The API mapped to this host and path does not take this method", Allow: true},
		{Status: 408, Codes: "408", Message: "The request did not arrive in time"},
		{Status: 413, Codes: "413", Message: "The body is larger than 10 MB"},
		{Status: 414, Codes: "414", Message: "The URL is too long"},
		{Status: 431, Codes: "494", Replace: true, Message: "The headers are too large"},
		{Status: 500, Codes: "500", Message: "The proxy failed"},
		{Status: 501, Codes: "501", Message: "The transfer encoding is not supported"},
		{Status: 502, Codes: "502", Message: "The API could not be reached"},
		{Status: 503, Codes: "503", Message: "The proxy is overloaded"},
		{Status: 504, Codes: "504", Message: "The API did not answer in time"},
		{Status: 505, Codes: "505", Message: "The HTTP version is not supported"},
	}
}
