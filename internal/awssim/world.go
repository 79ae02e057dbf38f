package awssim

// World is what stands before any program has run.
type World struct {
	// Home is who calls without assuming a role: the identity of the
	// credentials that the engine would find in its environment.
	Home Identity

	Accounts []Account

	// Existing is laid out in this order when a state directory first meets
	// it, by the same rules that programs are held to.
	Existing []Existing `json:",omitempty"`

	// HostedZones are the public zones that answer for domain names.
	HostedZones []HostedZone `json:",omitempty"`

	// RESTAPIs are what owners run in their accounts.
	RESTAPIs []RESTAPI `json:",omitempty"`

	// CertificateAuthorities are the private ones; Portico makes none.
	CertificateAuthorities []CertificateAuthority `json:",omitempty"`

	// DNSProfiles are Route 53 Profiles.
	DNSProfiles []DNSProfile `json:",omitempty"`

	// EmailApprovals are the domains whose mailboxes' owner approves requests
	// for certificates.
	EmailApprovals []string `json:",omitempty"`

	// Images are what registries hold that nobody here pushed to.
	Images []PublicImage `json:",omitempty"`

	// Quotas replaces default limits by the names that AWS gives them, for
	// example "Certificates per load balancer". Zero or less leaves AWS's
	// default.
	Quotas map[string]int `json:",omitempty"`
}

// New begins with a world and keeps what happens in memory.
func New(world *World) (*Simulator, error) { return newSimulator(simulated(), world.setup()) }

// Open goes on with what a directory holds, and keeps every change there. What
// of the world it has not met before is added; what it has met is left as the
// programs made it.
func Open(dir string, world *World) (*Simulator, error) {
	return openSimulator(simulated(), dir, world.setup())
}

// setup is the world as the engine and the services are told of it, in the order
// in which it can be laid out.
func (w *World) setup() Setup {
	setup := Setup{Home: w.Home, Accounts: w.Accounts, Quotas: w.Quotas, Facts: []any{
		CertificateAuthorities(w.CertificateAuthorities), EmailApprovals(w.EmailApprovals), DNSProfiles(w.DNSProfiles), PublicImages(w.Images),
	}}
	for _, zone := range w.HostedZones {
		setup.Existing = append(setup.Existing, zone.existing())
	}
	for _, api := range w.RESTAPIs {
		setup.Existing = append(setup.Existing, api.existing()...)
	}
	setup.Existing = append(setup.Existing, w.Existing...)
	return setup
}
