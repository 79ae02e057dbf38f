// Package topology derives from a mapping what has to exist: routes, private
// hosted zones, load balancers with their certificates, and each account's APIs
// and custom domains. It is pure: the same mapping, options and plan give the
// same topology, in the same order.
//
// The shared account's stack asks Derive for all of it. Check, Routes, APIs and
// Domains are for programs that need one part, without the shared account's
// quotas.
package topology

import (
	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/mapping"
)

// Topology is what a mapping asks for.
type Topology struct {
	// Routes are the proxy's, by host and base path: those of hosts that the
	// proxy serves or is to serve. Retired rows have none.
	Routes []Route
	// Hosts are the hosts of the routes, sorted, each once.
	Hosts []mapping.Host
	// Elsewhere are the hosts for which the proxy doesn't answer though a wildcard
	// host's route covers their names: see Elsewhere.
	Elsewhere []string
	// Resolvable are the hosts whose names resolve, sorted.
	Resolvable []mapping.Host
	// ALBHosts and NativeHosts are the hosts that these front doors serve, be it
	// that their names resolve to them or that they did before; sorted.
	ALBHosts, NativeHosts []mapping.Host
	// FrontDoors are the front doors that have to exist, because a row wants one
	// or a host is served by it; sorted.
	FrontDoors []mapping.FrontDoor
	// Plan is the state of each custom domain between front doors.
	Plan migration.Plan
	// Zones are the private hosted zones, by name.
	Zones []Zone
	// LoadBalancers are those of nginx, then those of alb alone. Their names are
	// stable, their order is not.
	LoadBalancers []LoadBalancer
	// Uncovered are the rows of nginx and alb whose hosts no supplied certificate
	// covers, in the file's order. Certificates are issued for them.
	Uncovered []*mapping.Row
	// APIs are every API that a row names, retired rows included, by account,
	// region and ID.
	APIs []API
	// Domains are the custom domains of API Gateway, of all accounts, by host and
	// front door.
	Domains []Domain
	// Notices are what a user should know before the update, one sentence
	// each.
	Notices []string
}
