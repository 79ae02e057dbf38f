package accounts

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/mapping"
)

func (s *sharedStack) endpoints(network *components.Network, groups *components.SecurityGroups, staticEndpoints []pulumi.Resource) (*components.Endpoints, error) {
	config := s.config.Endpoints
	args := &components.EndpointsArgs{
		Region:            s.config.AWS.Region,
		VPCID:             network.VPCID,
		ExistingVPCID:     s.config.Network.VPCID,
		SubnetIDs:         network.SubnetIDs,
		RouteTableIDs:     network.RouteTableIDs,
		Addresses:         network.EndpointAddresses,
		StaticEndpoints:   staticEndpoints,
		ExecuteAPI:        s.endpointSource(mapping.FrontDoorNGINX, config.ExecuteAPI),
		Logs:              sourceOfEndpoint(config.Logs),
		ECRAPI:            sourceOfEndpoint(config.ECRAPI),
		ECRDKR:            sourceOfEndpoint(config.ECRDKR),
		S3:                sourceOfEndpoint(config.S3),
		ExecuteAPIGroupID: groups.ExecuteAPIID,
		ExistingGroupID:   s.config.SecurityGroups.EndpointID,
		InterfaceGroupID:  groups.InterfaceID,
		TasksID:           groups.TasksID,
		ExistingTasksID:   s.config.SecurityGroups.TasksID,
		TrustCallers:      config.TrustCallers,
		ExecuteAPIPolicy:  s.endpointPolicy(config.ExecuteAPI),
		Tags:              s.tags,
	}
	if groups.OwnTasks {
		args.TasksGroupID = groups.TasksID
	}
	if id := s.config.SecurityGroups.EndpointID; id != "" {
		args.ReachableGroupIDs = []string{id}
	}
	return components.NewEndpoints(s.ctx, s.prefix, args, s.providers)
}

func (s *sharedStack) albEndpoint(network *components.Network, groups *components.SecurityGroups) (*components.ExecuteAPIEndpoint, error) {
	return components.NewExecuteAPIEndpoint(s.ctx, s.prefix+"-alb", &components.ExecuteAPIEndpointArgs{
		Region:        s.config.AWS.Region,
		VPCID:         network.VPCID,
		ExistingVPCID: s.config.Network.VPCID,
		SubnetIDs:     network.SubnetIDs,
		Addresses:     network.ALBEndpointAddresses,
		Source:        s.endpointSource(mapping.FrontDoorALB, s.config.Endpoints.ALB),
		Policy:        s.endpointPolicy(s.config.Endpoints.ALB),
		TrustCallers:  s.config.Endpoints.TrustCallers,
		Clients: components.EndpointClients{
			SecurityGroupID:         groups.LoadBalancerID,
			ExistingSecurityGroupID: s.config.SecurityGroups.LoadBalancerID,
			AllowEgress:             groups.OwnLoadBalancer,
		},
		Tags: s.tags,
	}, s.providers)
}

func (s *sharedStack) nativeEndpoint(network *components.Network, staticEndpoints []pulumi.Resource) (*components.ExecuteAPIEndpoint, error) {
	return components.NewExecuteAPIEndpoint(s.ctx, s.prefix+"-native", &components.ExecuteAPIEndpointArgs{
		Region:        s.config.AWS.Region,
		VPCID:         network.VPCID,
		ExistingVPCID: s.config.Network.VPCID,
		SubnetIDs:     network.SubnetIDs,
		Source:        s.endpointSource(mapping.FrontDoorNative, s.config.Endpoints.Native),
		Policy:        s.endpointPolicy(s.config.Endpoints.Native),
		Clients:       components.EndpointClients{CIDRs: slices.Concat(network.CIDRs, s.config.LoadBalancer.AllowedCIDRs)},
		Tags:          s.tags,
	}, s.providers, pulumi.DependsOn(staticEndpoints))
}

// endpointSource is where a front door's endpoint comes from. If the VPC has several
// execute-api endpoints and some are the stack's own, a look-up would find them all.
// The stack then uses the endpoint that its last run found.
func (s *sharedStack) endpointSource(frontDoor mapping.FrontDoor, c settings.APIEndpoint) components.EndpointSource {
	source := sourceOfEndpoint(c.Endpoint())
	several := len(s.topology.FrontDoors) > 1 || len(s.reports.own.Endpoints) > 1
	if c.Lookup && several && s.reports.own.Endpoints[frontDoor] != "" {
		return components.EndpointSource{ID: s.reports.own.Endpoints[frontDoor]}
	}
	return source
}
