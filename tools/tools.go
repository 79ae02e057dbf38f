//go:build tools

// Package tools pins the Pulumi CLI, in a module of its own: its dependencies
// are many times the program's.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
