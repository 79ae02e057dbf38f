// Package layering holds the rules of which package may import which, as a
// test: the module's parts stay replaceable, testable and honest only while
// nothing lower knows anything higher, and nothing that checks shares code with
// what it checks.
package layering
