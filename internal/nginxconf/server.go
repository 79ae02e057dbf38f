package nginxconf

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portico-iac/portico/internal/topology"
)

// defaultTimeout is the timeout of the location that every request enters. It is
// the mapping's default.
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
	Answers      Answers
	Request      Request
	DefaultProxy Proxy
	// Proxies are the locations that forward otherwise than DefaultProxy.
	Proxies    []Proxy
	ErrorPages []ErrorPage
}

// Request is what two "if" look at to decide most requests at once, and to find
// what the log says of the others.
type Request struct {
	Subject, Ordinary, Other parameter
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
	// Strict says that connection and request name the API itself.
	Strict bool
	// NoRewrite says that answers pass as the API wrote them.
	NoRewrite bool
}

// ErrorPage is a location that answers with an error of the proxy's own.
type ErrorPage struct {
	Status int
	// Message may be a variable.
	Message string
	// Codes are NGINX's codes that lead here.
	Codes string
	// Replace says that the codes are not the status: NGINX has some of its
	// own, such as 494, that no client knows.
	Replace bool
	// Allow adds the header of that name.
	Allow bool
}

func newMain(routes []topology.Route, hash MapHash) Main {
	kinds := make(map[forwarding]bool)
	for _, r := range routes {
		kinds[forwardingOf(r)] = true
	}
	standard := forwarding{timeout: defaultTimeout}
	delete(kinds, standard)
	m := Main{
		MapHash:      hash,
		Answers:      newAnswers(),
		Request:      Request{Subject: expression(requestSubject), Ordinary: quoted(ordinaryPattern), Other: quoted(requestPattern)},
		DefaultProxy: standard.proxy(),
		ErrorPages:   errorPages(),
	}
	for _, kind := range slices.SortedFunc(maps.Keys(kinds), func(a, b forwarding) int { return cmp.Compare(a.name(), b.name()) }) {
		m.Proxies = append(m.Proxies, kind.proxy())
	}
	return m
}

// forwarding is how a request is forwarded, as far as NGINX takes no variables
// for it: each kind has a location.
type forwarding struct {
	timeout   time.Duration
	strict    bool
	noRewrite bool
}

func forwardingOf(r topology.Route) forwarding {
	return forwarding{timeout: r.Timeout, strict: r.Strict, noRewrite: r.NoRewrite}
}

// name is what follows the two slashes of the location's name; empty for
// location /.
func (f forwarding) name() string {
	var words []string
	if f.strict {
		words = append(words, "strict")
	}
	if f.noRewrite {
		words = append(words, "as-written")
	}
	if f.timeout != defaultTimeout {
		words = append(words, "timeout", strconv.Itoa(int(f.timeout/time.Second)))
	}
	return strings.Join(words, "/")
}

func (f forwarding) proxy() Proxy {
	location := "/"
	if name := f.name(); name != "" {
		location = "//" + name
	}
	return Proxy{
		Location:                 location,
		ProxyConnectTimeout:      min(connectTimeout, f.timeout/2).Milliseconds(),
		ProxyNextUpstreamTimeout: min(nextUpstreamTimeout, f.timeout).Milliseconds(),
		ProxyReadTimeout:         f.timeout.Milliseconds(),
		Strict:                   f.strict,
		NoRewrite:                f.noRewrite,
	}
}

// errorPages are every error that NGINX makes by itself here. Errors of the
// API pass as they are.
func errorPages() []ErrorPage {
	return []ErrorPage{
		{Status: 400, Codes: "400 495 496 497", Replace: true, Message: "Bad request: the path, a header or the protocol is malformed, the path holds dot segments or is an odd spelling of another row, or the target names another host than Host"},
		{Status: 404, Codes: "404", Message: "No API is mapped to this host and path"},
		{Status: 405, Codes: "405", Message: "The API mapped to this host and path does not take this method", Allow: true},
		{Status: 408, Codes: "408", Message: "The request did not arrive in time"},
		{Status: 413, Codes: "413", Message: "The body is larger than 10 MB"},
		{Status: 414, Codes: "414", Message: "The URL is too long"},
		{Status: 429, Codes: "429", Message: "Too many requests of this client are under way, or too many large bodies"},
		{Status: 431, Codes: "494", Replace: true, Message: "The headers are too large"},
		{Status: 500, Codes: "500", Message: "The proxy failed"},
		{Status: 501, Codes: "501", Message: "The transfer encoding is not supported"},
		{Status: 502, Codes: "502", Message: "$portico_bad_gateway"},
		{Status: 503, Codes: "503", Message: "The proxy is overloaded"},
		{Status: 504, Codes: "504", Message: "The API did not answer in time"},
		{Status: 505, Codes: "505", Message: "The HTTP version is not supported"},
	}
}
