// Package topology derives from a mapping what has to exist: routes, private
// hosted zones, wildcard certificates, and each account's APIs. It is pure:
// the same mapping and options give the same topology, in the same order.
package topology

import (
	"time"

	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/mapping"
)

// Topology is what a mapping asks for.
type Topology struct {
	// Routes are the proxy's, ordered by host and base path: those of hosts
	// that the proxy serves, or is to serve. Retired rows have none.
	Routes []Route
	// Hosts are the custom domains of the routes, sorted, each once.
	Hosts []mapping.Host
	// Served are the custom domains whose names lead anywhere, sorted.
	Served []mapping.Host
	// ALBHosts and NativeHosts are those whose way through the front door
	// stands, be it that their names lead there or that they did before;
	// sorted.
	ALBHosts, NativeHosts []mapping.Host
	// Doors are the front doors that have to stand, since a row wants one or a
	// host is served by it; sorted.
	Doors []mapping.FrontDoor
	// Plan is the state of each custom domain between front doors.
	Plan migration.Plan
	// Zones are the private hosted zones, by name.
	Zones []Zone
	// LoadBalancers are those that the custom domains' names lead to. Their
	// names are stable, their order is not.
	LoadBalancers []LoadBalancer
	// Uncovered are the rows whose hosts load balancers serve, and which no
	// supplied certificate covers, in the file's order. Certificates are issued
	// for them.
	Uncovered []*mapping.Row
	// APIs are every API that a row names, retired rows included, by account,
	// region and ID.
	APIs []API
	// Notices are what a user should know before the update, one sentence
	// each.
	Notices []string

	// Domains are the custom domains of API Gateway, of all accounts, by host and
	// front door.
	Domains []Domain
}

// Route sends a host and base path to an API's stage and path.
type Route struct {
	Host     mapping.Host
	BasePath mapping.BasePath
	API      mapping.PrivateAPI
	// Methods are the allowed verbs, sorted; nil: every verb.
	Methods []mapping.Method
	CORS    bool
	// Timeout is the row's ReadTimeout, 1 to 300 seconds.
	Timeout time.Duration
	// NoRewrite says that answers pass as the API wrote them.
	NoRewrite bool
	// Strict says that the API's endpoint access mode is STRICT.
	Strict bool
	// Row is the row's index in the mapping, for messages.
	Row int
}

// Zone is a private hosted zone and the alias records in it.
type Zone struct {
	Name mapping.Zone
	// Records are the alias records, by name.
	Records []Record
	// Hosts are the custom domains that the zone answers for.
	Hosts []mapping.Host
}

// RecordNames are the names of the zone's records, sorted.
func (z Zone) RecordNames() []mapping.Host {
	names := make([]mapping.Host, 0, len(z.Records))
	for _, record := range z.Records {
		names = append(names, record.Name)
	}
	return names
}

// Record is an alias record: of a host, or of all names of a zone that have no
// record of their own.
type Record struct {
	// Name is fully qualified: "*.zone", the zone's own name where a host is
	// the zone's apex, or a host.
	Name mapping.Host
	// Door is the front door that the name leads to. A wildcard that stands
	// for hosts of nginx and alb has nginx.
	Door mapping.FrontDoor
	// LoadBalancer is the place in Topology.LoadBalancers of the one that the
	// record points at; of no meaning where Door is native.
	LoadBalancer int
}

// LoadBalancer is a load balancer and the certificates of its listener.
type LoadBalancer struct {
	// Name is for the names of resources, and stays the same while others come
	// and go: "" for the first of nginx (and alb, where they share it), "alb"
	// for the first of alb alone; further ones end in their number: "2",
	// "alb2".
	Name string
	// Door is nginx, or alb where no proxy is behind it.
	Door mapping.FrontDoor
	// Certificates are those of its listener: the ones to issue, then the
	// supplied ones. The first is the listener's default; there is always one.
	Certificates []Certificate
	// ALBHosts are the hosts that need a rule on its listener, sorted.
	ALBHosts []mapping.Host
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
