// Package proxy measures the rendered proxy beside what a user would pick
// instead, in one run on one machine: a configuration of the reference's shape,
// HAProxy tuned as its experts would, and the upstream without any proxy.
// `make bench-proxy` runs it; PORTICO_BENCH chooses how long.
package proxy
