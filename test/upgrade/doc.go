// Package upgrade holds the program to the states that its releases have made. For each
// release, testdata has what Pulumi and the simulated accounts held of several
// environments when its program had brought them up. The real engine previews them with
// the program as it is now: an upgrade replaces nothing and deletes nothing, but for
// what exceptions lists.
//
// CONTRIBUTING.md, "Releases", says how a release adds its states.
package upgrade
