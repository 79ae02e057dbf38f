// Package acm simulates certificates of AWS Certificate Manager: requested,
// imported and of private authorities.
package acm
