// Package lifecycle holds tests of what happens to an environment over time:
// engines that die, calls that fail, owners who change their APIs in between,
// and two people who deploy at once. They run the real Pulumi engine on
// simulated accounts, through the same driver and programs as the command line.
package lifecycle
