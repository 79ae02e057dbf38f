// Package accounts is what Portico's Pulumi stacks run: Shared for the
// shared-services account, Provider for an account that owns private APIs. It
// reads the mapping file, the stack's settings and, in a provider account, the
// shared stack's outputs; what it finds it hands to the components as plain
// values.
//
// A program that has no settings files runs SharedWith and ProviderWith, for
// settings and a mapping that it makes in code.
//
// docs/configuration.md lists the settings; README.md beside this file says what
// the programs do with them.
package accounts
