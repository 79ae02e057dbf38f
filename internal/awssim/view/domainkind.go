package view

import (
	"github.com/portico-iac/portico/internal/awssim/engine"
)

// DomainKind is REGIONAL or PRIVATE.
func DomainKind(domain engine.Object) string {
	return domain.Object("endpointConfiguration").Text("types")
}

// FindPrivateDomain is the PRIVATE custom domain of an ARN in the call's region, in
// any account, or nil.
func FindPrivateDomain(op *engine.Op, arn string) *engine.Resource {
	for _, domain := range op.Everywhere(DomainNameType) {
		if domain.ARN == arn && domain.Region == op.Region && DomainKind(domain.Properties) == PrivateDomain {
			return domain
		}
	}
	return nil
}

// The kinds of custom domain names.
const (
	RegionalDomain = "REGIONAL"
	PrivateDomain  = "PRIVATE"
)
