package awssim

import (
	"github.com/portico-iac/portico/internal/awssim/acm"
	"github.com/portico-iac/portico/internal/awssim/apigateway"
	"github.com/portico-iac/portico/internal/awssim/ecr"
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/kms"
	"github.com/portico-iac/portico/internal/awssim/route53"
)

// Setup is what exists before any program has run.
type Setup struct {
	// Home is who calls without assuming a role: the identity of the
	// credentials that the engine would find in its environment.
	Home engine.Identity

	Accounts []engine.Account

	// Existing is laid out in this order when a state directory first meets
	// it, by the same rules that programs are held to.
	Existing []engine.Existing `json:",omitempty"`

	// HostedZones are the public zones that answer for domain names.
	HostedZones []route53.HostedZone `json:",omitempty"`

	// RESTAPIs are what owners run in their accounts.
	RESTAPIs []apigateway.RESTAPI `json:",omitempty"`

	// CertificateAuthorities are the private ones; Portico makes none.
	CertificateAuthorities []acm.CertificateAuthority `json:",omitempty"`

	// Keys are keys of AWS KMS; Portico makes none.
	Keys []kms.Key `json:",omitempty"`

	// DNSProfiles are Route 53 Profiles.
	DNSProfiles []route53.DNSProfile `json:",omitempty"`

	// EmailApprovals are the domains whose mailboxes' owner approves requests
	// for certificates.
	EmailApprovals []string `json:",omitempty"`

	// Images are what registries hold that no program pushed.
	Images []ecr.PublicImage `json:",omitempty"`

	// Releases are how long API Gateway takes to let go of what custom domains used.
	Releases apigateway.Releases `json:",omitzero"`

	// Quotas replaces default limits by the names that AWS gives them, for
	// example "Certificates per load balancer". Zero or less leaves AWS's
	// default.
	Quotas map[string]int `json:",omitempty"`
}

// New begins with a setup and keeps what happens in memory.
func New(setup *Setup) (*Simulator, error) {
	s, err := engine.New(simulated(), setup.engine())
	if err != nil {
		return nil, err
	}
	return &Simulator{s}, nil
}

// Open goes on with what a directory holds, and keeps every change there. What
// of the setup it has not met before is added; what it has met is left as the
// programs made it.
func Open(dir string, setup *Setup) (*Simulator, error) {
	s, err := engine.Open(simulated(), dir, setup.engine())
	if err != nil {
		return nil, err
	}
	return &Simulator{s}, nil
}

// Add lets a setup's accounts, zones, APIs and other resources come to those that are
// there. What has been met before is left as the programs made it.
func (s *Simulator) Add(setup *Setup) error {
	return s.Simulator.Add(setup.Accounts, setup.engine().Existing)
}

// engine is the setup as the engine and the services are told of it, in the order
// in which it can be laid out.
func (w *Setup) engine() engine.Setup {
	setup := engine.Setup{Home: w.Home, Accounts: w.Accounts, Quotas: w.Quotas, Facts: []any{
		acm.CertificateAuthorities(w.CertificateAuthorities), acm.EmailApprovals(w.EmailApprovals), route53.DNSProfiles(w.DNSProfiles), kms.Keys(w.Keys), ecr.PublicImages(w.Images), w.Releases,
	}}
	for _, zone := range w.HostedZones {
		setup.Existing = append(setup.Existing, zone.Existing())
	}
	for _, api := range w.RESTAPIs {
		setup.Existing = append(setup.Existing, api.Existing()...)
	}
	setup.Existing = append(setup.Existing, w.Existing...)
	return setup
}
