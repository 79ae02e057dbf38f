//go:build tools

// Package lint pins the linters, in a module of their own: their dependencies
// and the Pulumi CLI's exclude one another.
package lint

import _ "github.com/golangci/golangci-lint/v2/cmd/golangci-lint"
