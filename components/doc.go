// Package components holds the cloud resources that Portico consists of, as
// Pulumi component resources: the shared-services account's network, VPC
// endpoints, proxy service, load balancer, certificates and private hosted
// zones, and a provider account's resource policies, deployments and custom domains.
//
// In every Args type, plain Go fields decide which resources exist, so that a
// preview shows them all; pulumi Inputs carry the rest. No component reads
// files, configuration or the environment, and none creates a resource inside
// an apply. Children inherit the AWS and Docker providers that the caller hands
// to the component with pulumi.Providers.
package components

import (
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ProxyPort is the port on which the proxy's container listens, TLS only. A
// port above 1023 lets it run without root.
const ProxyPort = 8443

// Tags are an AWS resource's tags.
type Tags map[string]string

// named is t with the Name tag, which the AWS consoles show as the title.
func (t Tags) named(name string) pulumi.StringMap {
	all := maps.Clone(map[string]string(t))
	if all == nil {
		all = map[string]string{}
	}
	all["Name"] = name
	return pulumi.ToStringMap(all)
}

func stringArray(inputs []pulumi.StringInput) pulumi.StringArray {
	return pulumi.StringArray(inputs)
}
