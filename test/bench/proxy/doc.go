// Package proxy measures the rendered proxy beside what a user would pick
// instead, in one run on one machine: HAProxy tuned as its experts would, plain
// NGINX, a configuration of the reference's shape, Caddy, and the upstream without
// any proxy. `make bench-proxy` runs it; PORTICO_BENCH chooses how long.
package proxy
