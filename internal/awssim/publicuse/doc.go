// Package publicuse states the rule that an endpoint serves public custom
// domain names or PRIVATE ones.
package publicuse
