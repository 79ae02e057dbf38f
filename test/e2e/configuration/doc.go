// Package configuration reads the configuration that a running proxy has read:
// with F5's own parser, which knows every directive's places and arguments, by
// the rules of static analysers for NGINX, and beside docs/data-path.md, which
// explains every directive in it.
package configuration
