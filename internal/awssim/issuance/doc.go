// Package issuance states when a certificate is issued: the rule across
// certificates and public hosted zones.
package issuance
