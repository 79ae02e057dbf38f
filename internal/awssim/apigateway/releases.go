package apigateway

import (
	"cmp"
	"time"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// Releases are how long API Gateway takes to let go of what a custom domain used.
type Releases struct {
	// Certificate is how long ACM counts a certificate as in use after its domain was
	// deleted, or took another one. The AWS provider's source says of it "can take >15
	// minutes" (certificateCrossServicePropagationTimeout in
	// internal/service/acm/certificate.go). Default: 15 minutes.
	Certificate time.Duration
	// Association is how long a PRIVATE domain can't be deleted after its access
	// association was. DeleteDomainNameAccessAssociation answers 202, so the deletion
	// goes on; that the domain waits for it, and how long, are assumptions. Default:
	// the domain can be deleted at once.
	Association time.Duration
}

// certificateRelease is the default of [Releases].Certificate.
const certificateRelease = 15 * time.Minute

// releaseCertificate has ACM count a domain's former certificate as in use for a
// while.
func releaseCertificate(op *engine.Op, domain engine.Object) {
	arn := domain.Text("certificateArn") + domain.Text("regionalCertificateArn")
	if certificate := op.FindBy(view.CertificateType, "arn", arn); certificate != nil {
		held := cmp.Or(engine.Fact[Releases](op.Simulator).Certificate, certificateRelease)
		op.Put(stamped(certificate, view.InUseUntil, op.Now().Add(held)))
	}
}

// releaseDomain keeps a PRIVATE domain from being deleted for a while after an
// access association of it was deleted.
func releaseDomain(op *engine.Op) error {
	held := engine.Fact[Releases](op.Simulator).Association
	if domain := view.FindPrivateDomain(op, op.Outputs.Text("domainNameArn")); domain != nil && held > 0 {
		op.Put(stamped(domain, view.InUseUntil, op.Now().Add(held)))
	}
	return nil
}

// stamped is a resource with a time among what AWS does not show.
func stamped(r *engine.Resource, name string, at time.Time) engine.Resource {
	changed := r.Clone()
	if changed.Hidden == nil {
		changed.Hidden = engine.Object{}
	}
	changed.Hidden[name] = engine.Stamp(at)
	return changed
}
