package awssim

// domainKind is REGIONAL or PRIVATE.
func domainKind(domain Object) string { return domain.Object("endpointConfiguration").Text("types") }

// privateDomain is the PRIVATE custom domain of an ARN in the call's region, in
// any account, or nil.
func (c *call) privateDomain(arn string) *Resource {
	for _, domain := range c.everywhere(domainNameType) {
		if domain.ARN == arn && domain.Region == c.region && domainKind(domain.Properties) == privateDomain {
			return domain
		}
	}
	return nil
}

// The kinds of custom domain names.
const (
	regionalDomain = "REGIONAL"
	privateDomain  = "PRIVATE"
)
