// Package timeouts holds the proxy's times to what they are for: a row's
// TIMEOUT is when its caller gets 504, and of two neighbours on the path it is
// always the one that sends requests that closes an idle connection first.
package timeouts
