package nginxconf

import "github.com/portico-iac/portico/internal/requestheaders"

// connectionHeaders are those of a connection (RFC 9110, section 7.6.1), which
// end here. NGINX drops some of them by itself.
var connectionHeaders = []string{
	"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization", "TE", "Trailer", "Upgrade",
}

// Headers is what headers.conf's template takes.
type Headers struct {
	Connection []string
	Own        []requestheaders.Header
	// Removed are the spellings of headers that are removed.
	Removed []string
	// Passable are the names that PORTICO_PASS_HEADERS may hold.
	Passable []string
}

func newHeaders() Headers {
	h := Headers{Connection: connectionHeaders}
	for _, header := range requestheaders.List() {
		spellings := requestheaders.Spellings(header.Name)
		if header.Exact {
			spellings = spellings[:1]
		}
		if header.Value != "" {
			h.Own = append(h.Own, header)
			spellings = spellings[1:]
		}
		h.Removed = append(h.Removed, spellings...)
		if header.Passable {
			h.Passable = append(h.Passable, header.Name)
		}
	}
	return h
}
