package accounts

import (
	"net/netip"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/mapping"
)

func (s *sharedStack) network() (*components.Network, error) {
	config := s.config.Network
	args := &components.NetworkArgs{
		VPCID:     config.VPCID,
		SubnetIDs: config.SubnetIDs,
		Region:    s.config.AWS.Region,
		Tags:      s.tags,
	}
	if config.Creates() {
		args.New = &components.NewVPC{
			CIDR:          netip.MustParsePrefix(config.CIDR),
			Zones:         config.Zones,
			PublicSubnets: config.PublicSubnets,
		}
	}
	return components.NewNetwork(s.ctx, s.prefix, args, s.providers)
}

func (s *sharedStack) securityGroups(network *components.Network) (*components.SecurityGroups, error) {
	return components.NewSecurityGroups(s.ctx, s.prefix, &components.SecurityGroupsArgs{
		VPCID:          network.VPCID,
		VPCCIDRs:       network.CIDRs,
		AllowedCIDRs:   s.config.LoadBalancer.AllowedCIDRs,
		Region:         s.config.AWS.Region,
		LoadBalancerID: s.config.SecurityGroups.LoadBalancerID,
		TasksID:        s.config.SecurityGroups.TasksID,
		EndpointID:     s.config.SecurityGroups.EndpointID,
		Proxy:          s.deploys(mapping.FrontDoorNGINX),
		Tags:           s.tags,
	}, s.providers)
}
