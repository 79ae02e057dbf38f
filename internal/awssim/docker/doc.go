// Package docker simulates the provider "docker": builds without running
// anything, and pushes to the simulated registries.
package docker
