package acm

import (
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// authorization is what ACM's actions are checked against. A new certificate has
// no ARN yet: RequestCertificate takes no resource, and ImportCertificate one only
// where it imports a certificate again.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscertificatemanager.html
func authorization() engine.Authorization {
	a := engine.Authorization{
		"acm:RequestCertificate":   engine.NoResource,
		"acm:AddTagsToCertificate": engine.Tagged(""),
		"acm:ImportCertificate": func(op *engine.Op) []engine.Checked {
			if op.Creating() {
				return engine.NoResource(op)
			}
			return engine.Self(op)
		},
		"acm:DescribeCertificate": engine.SelfOr(view.CertificateType, engine.Its("certificateArn")),
	}
	a.Each(engine.Self, "acm:DeleteCertificate", "acm:ListTagsForCertificate", "acm:RemoveTagsFromCertificate", "acm:UpdateCertificateOptions")
	return a
}
