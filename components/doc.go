// Package components holds the cloud resources that Portico consists of, as
// Pulumi component resources: the shared-services account's network, VPC
// endpoints, proxy service, load balancer, certificates and private hosted
// zones, and a provider account's resource policies, deployments and custom domains.
package components

// ProxyPort is the port on which the proxy's container listens, TLS only. A
// port above 1023 lets it run without root.
const ProxyPort = 8443
