package accounts

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/mapping"
)

// network is the VPC. Its subnets are in the order of the last run, and further ones
// come after them: the order names what belongs to each.
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
	previous := s.reports.own.Network
	if previous == nil {
		return components.NewNetwork(s.ctx, s.prefix, args, s.providers)
	}
	if args.New != nil {
		args.New.PreviousZones = previous.Zones
	} else {
		args.SubnetIDs = slices.Concat(previous.SubnetIDs, slices.DeleteFunc(slices.Clone(config.SubnetIDs), func(id string) bool {
			return slices.Contains(previous.SubnetIDs, id)
		}))
	}
	network, err := components.NewNetwork(s.ctx, s.prefix, args, s.providers)
	if err != nil {
		return nil, err
	}
	// An endpoint takes chosen addresses when it is created. In a further zone AWS
	// chooses them, for all endpoints alike.
	network.EndpointAddresses = network.EndpointAddresses[:min(len(network.EndpointAddresses), previous.ChosenAddresses)]
	network.ALBEndpointAddresses = network.ALBEndpointAddresses[:min(len(network.ALBEndpointAddresses), previous.ChosenAddresses)]
	return network, nil
}

// flowLogs are those of a VPC that the stack creates.
func (s *sharedStack) flowLogs(network *components.Network) error {
	if !s.config.Network.RecordsFlows() {
		return nil
	}
	_, err := components.NewFlowLogs(s.ctx, s.prefix, &components.FlowLogsArgs{
		VPCID:               network.VPCID,
		AccountID:           s.config.AWS.AccountID,
		LogRetentionDays:    *s.config.Logs.RetentionDays,
		LogKeyARN:           s.config.KMS.Logs,
		Path:                s.config.RolePath(),
		PermissionsBoundary: s.config.IAM.PermissionsBoundary,
		Tags:                s.tags,
	}, s.providers)
	return err
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
		ProxyProtocol:  s.speaksProxyProtocol(),
		Tags:           s.tags,
	}, s.providers)
}

// anotherNetwork ends what checkNetwork reports.
const anotherNetwork = `docs/operations.md, "Move to another network", has the steps to it`

// checkNetwork reports changes of portico:network that would interrupt an environment
// that is up, or stop half way. AWS moves no load balancer to another VPC, and the
// provider takes another VPC's subnets for an update of an Application Load Balancer,
// which AWS refuses after the new VPC and its subnets exist
// (https://github.com/pulumi/pulumi-aws/issues/1382). A Network Load Balancer that
// loses a subnet is replaced, and its target group can't be behind both.
func (r *reports) checkNetwork(config settings.Network) error {
	previous := r.own.Network
	if previous == nil {
		return nil
	}
	if err := r.checkVPC(previous, config); err != nil {
		return err
	}
	key, again := "subnetIds", "["+strings.Join(previous.SubnetIDs, ", ")+"]"
	lost := slices.DeleteFunc(slices.Clone(previous.SubnetIDs), func(id string) bool { return slices.Contains(config.SubnetIDs, id) })
	if config.Creates() {
		key, again = "zones", strconv.Itoa(len(previous.Zones))
		lost = previous.Zones[min(len(previous.Zones), config.Zones):]
	}
	if len(lost) == 0 {
		return nil
	}
	return fmt.Errorf("portico:network.%s: %s would go, which the environment's load balancers, endpoints and tasks use: AWS can't take a subnet from a Network Load Balancer, and requests to an endpoint's address in it would fail: write %s again, and further ones where you need them; %s",
		key, strings.Join(lost, ", "), again, anotherNetwork)
}

// checkVPC reports another VPC than the environment's.
func (r *reports) checkVPC(previous *outputs.Network, config settings.Network) error {
	const stays = "AWS moves neither load balancers nor endpoints to another VPC"
	switch {
	case config.Creates() && previous.CIDR == "":
		return fmt.Errorf("portico:network.create: it asks for a new VPC, and the environment is in %s: %s: write vpcId: %s again; %s", r.own.VPCID, stays, r.own.VPCID, anotherNetwork)
	case config.Creates() && previous.CIDR != config.CIDR:
		return fmt.Errorf("portico:network.cidr: %s is not %s, the range of the environment's VPC, and a VPC's range can't change: %s: write %s again; %s",
			config.CIDR, previous.CIDR, stays, previous.CIDR, anotherNetwork)
	case !config.Creates() && previous.CIDR != "":
		return fmt.Errorf("portico:network.vpcId: %s is not the environment's VPC, which this stack has created and would delete: %s: leave vpcId and subnetIds out again; %s", config.VPCID, stays, anotherNetwork)
	case !config.Creates() && r.own.VPCID != config.VPCID:
		return fmt.Errorf("portico:network.vpcId: %s is not %s, the environment's VPC: %s: write %s again; %s", config.VPCID, r.own.VPCID, stays, r.own.VPCID, anotherNetwork)
	}
	return nil
}

// exportNetwork exports an outputs.Network.
func (s *sharedStack) exportNetwork(network *components.Network) {
	s.ctx.Export("vpcId", network.VPCID)
	described := pulumi.Map{"subnetIds": pulumi.StringArray(network.SubnetIDs)}
	if s.config.Network.Creates() {
		described["cidr"] = pulumi.String(s.config.Network.CIDR)
		described["zones"] = pulumi.ToStringArray(network.Zones)
		described["chosenAddresses"] = pulumi.Int(len(network.EndpointAddresses))
	}
	s.ctx.Export("network", described)
}
