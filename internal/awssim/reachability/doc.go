// Package reachability states what reaches what within a VPC, and the
// health of targets that follows from it.
package reachability
