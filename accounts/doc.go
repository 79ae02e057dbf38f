// Package accounts is what Portico's Pulumi stacks run: Shared for the
// shared-services account, Provider for an account that owns private APIs. It
// alone reads the stacks' configuration, the mapping file and, in a provider
// account, the shared stack's outputs; what it finds it hands to the components
// as plain values.
//
// README.md beside this file lists the configuration keys, and which of them
// stands for which variable of the reference implementation.
package accounts
