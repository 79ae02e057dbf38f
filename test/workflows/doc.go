// Package workflows tests .github: what the workflows may do and run, and the
// scripts that they run, with stand-ins for gh, pulumi and portico on PATH.
package workflows
