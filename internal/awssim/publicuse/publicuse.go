package publicuse

import (
	"path"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/awssim/ec2"
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// AWS documents that an endpoint by which public custom domain names are called
// must not be used for access associations of PRIVATE ones. It doesn't refuse
// that; here it is refused as far as it can be known: when a load balancer's rule
// for a host sends to the endpoint's addresses, and the host is a REGIONAL custom
// domain name. Default actions, which know no host, don't count.

// CheckPublicUse refuses what would give an endpoint both uses.
func CheckPublicUse(op *engine.Op, pending *engine.Resource) error {
	seen := map[string]bool{}
	for _, association := range op.EverywhereWith(view.AccessAssociationType, pending) {
		endpoint := association.Properties.Text("accessAssociationSource")
		if association.Region != op.Region || seen[endpoint] {
			continue
		}
		seen[endpoint] = true
		if host := publicHostThrough(op.In(association.Account, op.Region), endpoint, pending); host != "" {
			return op.Refuse("BadRequestException", "The VPC endpoint %s is used to access the public custom domain name %s (a load balancer's rule sends there), "+
				"and must not be used for the domain name access association %s", endpoint, host, association.ID)
		}
	}
	return nil
}

// publicHostThrough is a REGIONAL custom domain name that a rule of the account
// sends to an endpoint of it, or "".
func publicHostThrough(op *engine.Op, endpoint string, pending *engine.Resource) string {
	groups := groupsOfEndpoint(op, endpoint, pending)
	if len(groups) == 0 {
		return ""
	}
	for _, rule := range op.EverywhereWith(view.ListenerRuleType, pending) {
		if rule.Account != op.Account || !slices.ContainsFunc(view.TargetsOf(rule.Properties), func(arn string) bool { return slices.Contains(groups, arn) }) {
			continue
		}
		for _, domain := range op.EverywhereWith(view.DomainNameType, pending) {
			name := view.CanonicalName(domain.Properties.Text("domainName"))
			if domain.Region == op.Region && view.DomainKind(domain.Properties) == view.RegionalDomain && hostMatches(view.HostsOf(rule.Properties), name) {
				return name
			}
		}
	}
	return ""
}

// groupsOfEndpoint is the target groups in which addresses of an endpoint are
// registered.
func groupsOfEndpoint(op *engine.Op, endpoint string, pending *engine.Resource) []string {
	var addresses, groups []string
	for _, r := range ec2.InterfacesOf(op, endpoint) {
		addresses = append(addresses, r.Properties.Text("privateIp"))
	}
	for _, attachment := range op.EverywhereWith(view.TargetAttachmentType, pending) {
		if p := attachment.Properties; attachment.Account == op.Account && slices.Contains(addresses, p.Text("targetId")) {
			groups = append(groups, p.Text("targetGroupArn"))
		}
	}
	return groups
}

// hostMatches reports whether one of a rule's host patterns matches a name.
// Letters' case doesn't matter; * and ? match any characters, dots too.
func hostMatches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		ok, err := path.Match(strings.ToLower(pattern), name)
		return err == nil && ok
	})
}
