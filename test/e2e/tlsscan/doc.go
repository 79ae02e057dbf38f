// Package tlsscan lets testssl.sh look at the TLS that the proxy offers to the
// load balancer.
package tlsscan
