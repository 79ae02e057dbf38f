// Package view is what readers know of simulated resources: the types' tokens
// and typed readings of properties. Services read each other's resources
// through it.
package view
