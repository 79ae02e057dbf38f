// Package bench measures what Portico promises about its speed, and records the
// figures under test/results with the commit and the machine they belong to.
// `make bench` runs it.
package bench
