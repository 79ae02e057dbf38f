// Package terminalquery keeps the program from asking the terminal for its colours
// before it does anything.
//
// The initialization of github.com/charmbracelet/bubbletea, which Pulumi's SDK
// imports, does (tea_init.go): every command writes two escape sequences to the
// terminal, also with NO_COLOR, and where the terminal doesn't answer, as under
// script, expect and many build servers, waits for 5 s (OSCTimeout of
// github.com/muesli/termenv). A terminal of type "screen" is not asked, and has colours
// for the packages that look at TERM while they are initialized; one of type "dumb",
// which is not asked either, has none.
//
// For that TERM has to be changed before bubbletea is initialized. Go initializes
// whatever is ready in the order of the import paths
// (https://go.dev/ref/spec#Program_initialization), and this package is ready as soon
// as os is: import nothing else here. Bubbletea waits for os/exec, which comes later.
package terminalquery

import "os"

const variable = "TERM"

var former, wasSet = replace()

func replace() (former string, wasSet bool) {
	former, wasSet = os.LookupEnv(variable)
	if former != "dumb" {
		_ = os.Setenv(variable, "screen") // fails for names that are malformed alone
	}
	return former, wasSet
}

// Restore gives TERM the value with which the program was started. Call it once, when
// all packages are initialized: in package main.
func Restore() error {
	if !wasSet {
		return os.Unsetenv(variable)
	}
	return os.Setenv(variable, former)
}
