// Package route53resolver simulates inbound endpoints of Route 53 Resolver.
package route53resolver
