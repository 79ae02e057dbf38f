//go:build tools

// Package release pins goreleaser, in a module of its own.
package release

import _ "github.com/goreleaser/goreleaser/v2"
