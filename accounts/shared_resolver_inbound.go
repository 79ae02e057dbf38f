package accounts

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
)

// resolverInbound is the inbound endpoint of Route 53 Resolver; nil where the settings
// want none.
func (s *sharedStack) resolverInbound(network *components.Network) (*components.ResolverInbound, error) {
	config := s.config.DNS.ResolverInbound
	if !config.On() {
		return nil, nil
	}
	subnets, err := inboundSubnets(config.Addresses, network)
	if err != nil {
		return nil, err
	}
	args := &components.ResolverInboundArgs{
		VPCID: network.VPCID, Addresses: config.Addresses, AllowedCIDRs: config.AllowedCIDRs, Tags: s.tags,
	}
	for _, i := range subnets {
		args.SubnetIDs = append(args.SubnetIDs, network.SubnetIDs[i])
	}
	return components.NewResolverInbound(s.ctx, s.prefix, args, s.providers)
}

// inboundSubnets are the subnets, by their index, that take the endpoint's addresses: of
// chosen ones those in which they are, each its own, or else the first two.
func inboundSubnets(addresses []string, network *components.Network) ([]int, error) {
	if len(addresses) == 0 {
		return []int{0, 1}, nil
	}
	var subnets []int
	var wrong []error
	for n, text := range addresses {
		refuse := func(problem, fix string) {
			wrong = append(wrong, fmt.Errorf("portico:dns.resolverInbound.addresses[%d]: %s %s: %s", n, text, problem, fix))
		}
		address := netip.MustParseAddr(text)
		i := slices.IndexFunc(network.SubnetCIDRs, func(cidr netip.Prefix) bool { return cidr.Contains(address) })
		switch {
		case i < 0:
			refuse("is in none of the subnets that the environment uses", "write an address of one of "+rangesOf(network.SubnetCIDRs))
		case slices.Contains(subnets, i):
			refuse("is in "+network.SubnetCIDRs[i].String()+" as another is", "write an address in a subnet of its own, so that names resolve when a zone fails")
		case isKeptByAWS(network.SubnetCIDRs[i], address):
			refuse("is one of the first four or the last of "+network.SubnetCIDRs[i].String()+", which AWS keeps for itself", "write another address of the subnet")
		case slices.Contains(network.EndpointAddresses, text) || slices.Contains(network.ALBEndpointAddresses, text):
			refuse("is the one of an execute-api endpoint in a VPC that Portico creates", "write another address of the subnet")
		}
		subnets = append(subnets, i)
	}
	return subnets, errors.Join(wrong...)
}

// isKeptByAWS reports whether AWS keeps an address of a subnet for itself:
// https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html#subnet-sizing-ipv4
func isKeptByAWS(subnet netip.Prefix, address netip.Addr) bool {
	first := subnet.Masked().Addr()
	for range 4 {
		if address == first {
			return true
		}
		first = first.Next()
	}
	return !subnet.Contains(address.Next())
}

func rangesOf(subnets []netip.Prefix) string {
	var texts []string
	for _, subnet := range subnets {
		texts = append(texts, subnet.String())
	}
	return strings.Join(texts, ", ")
}

// askForInbound asks for what the inbound endpoint is to take, in a VPC that exists.
// What the last run has made is not asked for again.
func (s *sharedStack) askForInbound(awsProvider pulumi.ProviderResource) *components.Findings {
	config, own := s.config.DNS.ResolverInbound, s.reports.own
	args := &components.InboundCheckArgs{
		AccountID: s.config.AWS.AccountID, VPCID: own.VPCID, Name: s.prefix, Tags: tagsOf(s.config.App), Provider: awsProvider,
		Addresses: slices.DeleteFunc(slices.Clone(config.Addresses), func(address string) bool { return slices.Contains(own.ResolverInboundAddresses, address) }),
	}
	if !s.config.Network.Creates() {
		args.VPCID, args.SubnetIDs = s.config.Network.VPCID, s.newInboundSubnets()
	}
	if !config.On() || args.VPCID == "" {
		return new(components.Findings)
	}
	return components.CheckInbound(s.ctx, args)
}

// newInboundSubnets are the subnets of an existing VPC in which AWS is to choose the
// addresses of the inbound endpoint.
func (s *sharedStack) newInboundSubnets() []string {
	config, own := s.config.DNS.ResolverInbound, s.reports.own
	if !config.On() || len(config.Addresses) > 0 || len(own.ResolverInboundAddresses) > 0 {
		return nil
	}
	subnets := s.config.Network.SubnetIDs
	if own.Network != nil {
		subnets = own.Network.SubnetIDs // in the order of the last run
	}
	return subnets[:components.MinInboundAddresses]
}

// exportInbound exports the addresses to which DNS servers forward.
func (s *sharedStack) exportInbound(inbound *components.ResolverInbound) {
	if inbound != nil {
		s.ctx.Export("resolverInboundAddresses", inbound.Addresses)
	}
}
