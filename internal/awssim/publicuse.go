package awssim

import (
	"path"
	"slices"
	"strings"
)

// AWS documents that an endpoint by which public custom domain names are called
// must not be used for access associations of PRIVATE ones. It doesn't refuse
// that; here it is refused as far as it can be known: when a load balancer's rule
// for a host sends to the endpoint's addresses, and the host is a REGIONAL custom
// domain name. Default actions, which know no host, don't count.

// checkPublicUse refuses what would give an endpoint both uses.
func (c *call) checkPublicUse(pending *Resource) error {
	seen := map[string]bool{}
	for _, association := range c.everywhereWith(accessAssociationType, pending) {
		endpoint := association.Properties.Text("accessAssociationSource")
		if association.Region != c.region || seen[endpoint] {
			continue
		}
		seen[endpoint] = true
		if host := c.in(association.Account, c.region).publicHostThrough(endpoint, pending); host != "" {
			return c.refuse("BadRequestException", "The VPC endpoint %s is used to access the public custom domain name %s (a load balancer's rule sends there), "+
				"and must not be used for the domain name access association %s", endpoint, host, association.ID)
		}
	}
	return nil
}

// publicHostThrough is a REGIONAL custom domain name that a rule of the account
// sends to an endpoint of it, or "".
func (c *call) publicHostThrough(endpoint string, pending *Resource) string {
	groups := c.groupsOfEndpoint(endpoint, pending)
	if len(groups) == 0 {
		return ""
	}
	for _, rule := range c.everywhereWith(listenerRuleType, pending) {
		if rule.Account != c.account || !slices.ContainsFunc(targetsOf(rule.Properties), func(arn string) bool { return slices.Contains(groups, arn) }) {
			continue
		}
		for _, domain := range c.everywhereWith(domainNameType, pending) {
			name := canonicalName(domain.Properties.Text("domainName"))
			if domain.Region == c.region && domainKind(domain.Properties) == regionalDomain && hostMatches(hostsOf(rule.Properties), name) {
				return name
			}
		}
	}
	return ""
}

// groupsOfEndpoint is the target groups in which addresses of an endpoint are
// registered.
func (c *call) groupsOfEndpoint(endpoint string, pending *Resource) []string {
	var addresses, groups []string
	for _, r := range c.interfacesOf(endpoint) {
		addresses = append(addresses, r.Properties.Text("privateIp"))
	}
	for _, attachment := range c.everywhereWith(targetAttachmentType, pending) {
		if p := attachment.Properties; attachment.Account == c.account && slices.Contains(addresses, p.Text("targetId")) {
			groups = append(groups, p.Text("targetGroupArn"))
		}
	}
	return groups
}

// hostMatches tells whether one of a rule's host patterns stands for a name.
// Letters' case doesn't matter; * and ? stand for any characters, dots too.
func hostMatches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		ok, err := path.Match(strings.ToLower(pattern), name)
		return err == nil && ok
	})
}
