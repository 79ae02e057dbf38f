//go:build tools

// Package gotestsum pins the program that runs the tests and says what they took, in a
// module of its own.
package gotestsum

import _ "gotest.tools/gotestsum"
