// Package route53 simulates hosted zones, records, VPC associations and
// Profiles.
package route53
