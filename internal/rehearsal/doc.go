// Package rehearsal runs an environment with no AWS account: the real Pulumi
// engine deploys a mapping's stacks into simulated accounts, the simulated
// accounts are made live on loopback with the real NGINX, and requests are sent
// to every custom domain.
//
// What is probed is what the accounts hold: the data path is described by the
// simulated resources alone, never by the program that created them. The
// mapping is asked only for what a row promises.
//
// Run rehearses and reports; Simulate serves the simulated accounts to plain
// `pulumi up`.
package rehearsal
