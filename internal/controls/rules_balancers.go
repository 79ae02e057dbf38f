package controls

import (
	"slices"
)

var balancerRules = []rule{
	{
		id: "ELB.1", title: "Application Load Balancer should be configured to redirect all HTTP requests to HTTPS",
		of: []string{listener},
		fault: func(r Resource, _ inventory) string {
			if r.text("protocol") == "HTTP" && !redirects(r) {
				return "answers plain HTTP"
			}
			return ""
		},
		met: "there is no HTTP listener", because: "a listener answers plain HTTP",
	},
	{
		id: "ELB.4", title: "Application Load Balancer should be configured to drop invalid HTTP headers",
		of: []string{loadBalancer}, only: application,
		fault: unless("dropInvalidHeaderFields", "passes headers on whatever their names are"),
		met:   "headers with invalid names are dropped", because: "an API may depend on headers with odd names; the proxy removes those that could mislead an API",
	},
	{
		id: "ELB.5", title: "Application and Classic Load Balancers logging should be enabled",
		of: []string{loadBalancer}, only: application,
		fault: func(r Resource, _ inventory) string {
			if enabled, _ := r.object("accessLogs")["enabled"].(bool); enabled {
				return ""
			}
			return "writes no access log"
		},
		met: "the load balancers write access logs", key: "portico:loadBalancer.accessLogs: {create: true}",
	},
	{
		id: "ELB.6", title: "Application, Gateway, and Network Load Balancers should have deletion protection enabled",
		of: []string{loadBalancer}, fault: unless("enableDeletionProtection", "can be deleted"),
		met: "the load balancers are protected from deletion", key: "portico:loadBalancer.deletionProtection: true",
	},
	{
		id: "ELB.12", title: "Application Load Balancer should be configured with defensive or strictest desync mitigation mode",
		of: []string{loadBalancer}, only: application,
		fault: is("desyncMitigationMode", "monitor", "only monitors"),
		met:   "the mode is defensive, which is the default", because: "the mode is monitor",
	},
	{
		id: "ELB.13", title: "Application, Network and Gateway Load Balancers should span multiple Availability Zones",
		of: []string{loadBalancer},
		fault: func(r Resource, _ inventory) string {
			if len(r.list("subnets"))+len(r.list("subnetMappings")) < 2 {
				return "is in one zone"
			}
			return ""
		},
		met: "the load balancers are in two zones or more", key: "portico:network.zones: 2",
	},
	{
		id: "ELB.16", title: "Application Load Balancers should be associated with an AWS WAF web ACL",
		of: []string{loadBalancer}, only: application, fault: has(webACL, "resourceArn", "has no web ACL"),
		met: "the load balancers have a web ACL", because: "Portico makes no web ACL; associate one of your own with the load balancer",
	},
	{
		id: "ELB.17", title: "Application and Network Load Balancers with listeners should use recommended security policies",
		of: []string{listener}, only: func(r Resource) bool { return r.text("protocol") != "TCP" },
		fault: func(r Resource, _ inventory) string {
			if !slices.Contains(recommendedPolicies, r.text("sslPolicy")) {
				return "has the policy " + r.text("sslPolicy")
			}
			return ""
		},
		met: "the listeners have a recommended policy", key: "portico:loadBalancer.sslPolicy: ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
	},
	{
		id: "ELB.18", title: "Application and Network Load Balancer listeners should use secure protocols to encrypt data in transit",
		of:    []string{listener},
		fault: among("protocol", "is not encrypted", "HTTPS", "TLS"),
		met:   "every listener speaks TLS", because: "a listener is not encrypted",
	},
	{
		id: "ELB.21", title: "Application and Network Load Balancer target groups should use encrypted health check protocols",
		of: []string{targetGroup},
		fault: func(r Resource, _ inventory) string {
			if r.object("healthCheck")["protocol"] != "HTTPS" {
				return "is checked without TLS"
			}
			return ""
		},
		met: "the targets are checked by HTTPS", because: "a health check is not encrypted",
	},
	{
		id: "ELB.22", title: "ELB target groups should use encrypted transport protocols",
		of:    []string{targetGroup},
		fault: among("protocol", "is not encrypted", "HTTPS", "TLS"),
		met:   "the way to the targets is encrypted", because: "the way to the targets is not encrypted",
	},
}

// recommendedPolicies are those of the control ELB.17.
var recommendedPolicies = []string{
	"ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04",
	"ELBSecurityPolicy-TLS13-1-3-2021-06", "ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04",
	"ELBSecurityPolicy-TLS13-1-2-Res-2021-06", "ELBSecurityPolicy-TLS13-1-2-Res-FIPS-2023-04",
}

// redirects reports whether a listener's first action leads to HTTPS.
func redirects(r Resource) bool {
	for _, one := range r.list("defaultActions") {
		action, _ := one.(map[string]any)
		redirect, _ := action["redirect"].(map[string]any)
		return redirect["protocol"] == "HTTPS"
	}
	return false
}
