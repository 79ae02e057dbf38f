// Package faults breaks what surrounds the proxy while a load client counts
// every answer: addresses of the endpoint, tasks, callers, certificates.
//
// Tests that take minutes run with PORTICO_SLOW=1 (make test-slow); each has a
// variant of seconds.
package faults
