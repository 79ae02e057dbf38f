// Package topology derives from a mapping what has to exist: routes, private
// hosted zones, wildcard certificates, and each account's APIs. It is pure:
// the same mapping and limits give the same topology, in the same order.
package topology

import (
	"time"

	"github.com/portico-iac/portico/mapping"
)

// Topology is what a mapping asks for.
type Topology struct {
	// Routes are the proxy's, ordered by host and base path; retired rows and
	// rows of other front doors have none.
	Routes []Route
	// Zones are the private hosted zones, by name.
	Zones []Zone
	// Certificates are those to issue for the load balancer; the first is its
	// default.
	Certificates []Certificate
	// APIs are every API that a row names, retired rows included, by account,
	// region and ID.
	APIs []API
	// Hosts are the custom domains of the routes, sorted, each once.
	Hosts []mapping.Host
}

// Route sends a host and base path to an API's stage and path.
type Route struct {
	Host     mapping.Host
	BasePath mapping.BasePath
	API      mapping.PrivateAPI
	// Methods are the allowed verbs, sorted; nil: every verb.
	Methods []mapping.Method
	CORS    bool
	Timeout time.Duration
	// Row is the row's index in the mapping, for messages.
	Row int
}

// Zone is a private hosted zone and the alias records in it.
type Zone struct {
	Name mapping.Zone
	// Records are the names of the alias records, fully qualified: "*.zone",
	// the zone's own name where a host is the zone's apex, or one per host.
	Records []mapping.Host
	// Hosts are the custom domains that the zone answers for.
	Hosts []mapping.Host
}

// Certificate is one certificate of the load balancer.
type Certificate struct {
	// Names are the subject alternative names; the first is the certificate's
	// domain name. They are sorted, those too long for a domain name last.
	Names []mapping.Host
	// PublicZones tells, for each name for which a row says so, the public
	// hosted zone that validates it; names without an entry use their nearest
	// public parent zone.
	PublicZones map[mapping.Host]mapping.Zone
}

// API is a REST API and the rows that lead to it.
type API struct {
	ID        mapping.APIID
	Region    string
	Partition string
	// Account is empty where no row of the API names one.
	Account mapping.AccountID
	// Rows are the API's rows in the file's order, retired ones included.
	Rows []mapping.Row
}
