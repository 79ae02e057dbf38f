package accounts

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"

	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/nginxconf"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// Contract is the version of the shared stack's outputs. It changes when an
// output that provider stacks read changes its name or meaning.
const Contract = 1

// Shared is the program of the shared-services account's stack. Relative paths
// of its configuration begin at the working directory, which is the project's
// under `pulumi up`.
func Shared(ctx *pulumi.Context) error { return SharedIn("")(ctx) }

// SharedIn is Shared for programs that run elsewhere: relative paths begin at
// dir, where the stack's settings file is looked for too.
func SharedIn(dir string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		config, err := readSharedConfig(ctx, dir)
		if err != nil {
			return err
		}
		rows, err := loadMapping(dir, config.Mapping)
		if err != nil {
			return err
		}
		standing, err := readStanding(ctx, config, rows)
		if err != nil {
			return err
		}
		derived, err := standing.derive(config, rows)
		if err != nil {
			return err
		}
		if err := errors.Join(
			standing.checkOwners(derived, rows),
			checkRows(derived, rows, config.AWS.Region),
			config.App.checkNames(derived.LoadBalancers),
			config.Certificates.checkCoverage(config.supplied, derived, rows),
			config.DNS.checkExisting(rows),
		); err != nil {
			return err
		}
		stack := &sharedStack{
			ctx:      ctx,
			dir:      dir,
			config:   config,
			mapping:  rows,
			standing: standing,
			topology: derived,
			prefix:   config.App.prefix(),
			tags:     config.App.tags(),
			others:   map[string]pulumi.ProviderResource{},
		}
		return stack.deploy()
	}
}

// tags are every resource's.
func (c appConfig) tags() components.Tags {
	return components.Tags{"app": c.Name, "environment": c.Environment, "managed-by": "portico"}
}

// loadMapping reads the mapping file that the configuration names.
func loadMapping(dir, path string) (*mapping.Mapping, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	return mapping.Load(path)
}

// sharedStack is one run of the shared stack's program.
type sharedStack struct {
	ctx      *pulumi.Context
	dir      string
	config   *sharedConfig
	mapping  *mapping.Mapping
	standing *standing
	topology *topology.Topology
	prefix   string
	tags     components.Tags
	// providers is the option that hands the AWS provider to components.
	providers pulumi.ResourceOption
	// others are the AWS providers of other accounts' roles, by name.
	others      map[string]pulumi.ProviderResource
	publicZones *components.PublicZones
}

func (s *sharedStack) deploy() error {
	awsProvider, err := newAWSProvider(s.ctx, s.config.AWS, s.config.AWS.AccountID)
	if err != nil {
		return err
	}
	s.providers = pulumi.Providers(awsProvider)
	owners, err := s.zoneOwners()
	if err != nil {
		return err
	}
	s.publicZones = components.NewPublicZones(s.ctx, awsProvider, owners)
	network, err := s.network()
	if err != nil {
		return err
	}
	if err := s.config.checkExistingVPCRules(network.CIDRs); err != nil {
		return err
	}
	if err := s.announce(); err != nil {
		return err
	}
	doors, err := s.frontDoors(network)
	if err != nil {
		return err
	}
	zones, err := s.zones(network, doors)
	if err != nil {
		return err
	}
	s.export(network, doors, doors.proxy, zones)
	return nil
}

// frontDoors makes what stands of the front doors. Endpoints at chosen addresses
// come first.
func (s *sharedStack) frontDoors(network *components.Network) (*frontDoors, error) {
	doors := &frontDoors{}
	var groups *components.SecurityGroups
	var err error
	if s.stands(mapping.FrontDoorNGINX) || s.stands(mapping.FrontDoorALB) {
		if groups, err = s.securityGroups(network); err != nil {
			return nil, err
		}
	}
	if s.stands(mapping.FrontDoorALB) {
		if doors.alb, err = s.albEndpoint(network, groups); err != nil {
			return nil, err
		}
	}
	if s.stands(mapping.FrontDoorNGINX) {
		if doors.endpoints, err = s.endpoints(network, groups, doors.fixed()); err != nil {
			return nil, err
		}
	}
	if s.stands(mapping.FrontDoorNative) {
		if doors.native, err = s.nativeEndpoint(network, doors.fixed()); err != nil {
			return nil, err
		}
		if doors.associations, err = s.accessAssociations(doors.native); err != nil {
			return nil, err
		}
	}
	if err := doors.checkDistinct(); err != nil {
		return nil, err
	}
	if doors.balancers, err = s.loadBalancers(network, groups, doors.fixed()); err != nil {
		return nil, err
	}
	if s.stands(mapping.FrontDoorNGINX) {
		if doors.proxy, err = s.service(network, groups, doors); err != nil {
			return nil, err
		}
	}
	doors.albRoutings, err = s.albRoutings(network, doors)
	return doors, err
}

// service runs the proxy.
func (s *sharedStack) service(network *components.Network, groups *components.SecurityGroups, doors *frontDoors) (*components.Service, error) {
	image, repositoryARN, err := s.image()
	if err != nil {
		return nil, err
	}
	cluster, err := components.NewCluster(s.ctx, s.prefix, &components.ClusterArgs{Tags: s.tags}, s.providers)
	if err != nil {
		return nil, err
	}
	roles, err := components.NewTaskRoles(s.ctx, s.prefix, &components.TaskRolesArgs{
		RepositoryARN:    repositoryARN,
		LogRetentionDays: valueOr(s.config.Logs.RetentionDays, defaultRetentionDays),
		Tags:             s.tags,
	}, s.providers)
	if err != nil {
		return nil, err
	}
	dependencies := []pulumi.Resource{doors.endpoints, groups}
	var targets []pulumi.StringInput
	for i, balancer := range s.topology.LoadBalancers {
		if s.proxied(balancer) {
			dependencies = append(dependencies, doors.balancers[i])
			targets = append(targets, doors.balancers[i].TargetGroupARN)
		}
	}
	return components.NewService(s.ctx, s.prefix, &components.ServiceArgs{
		Region:       s.config.AWS.Region,
		Cluster:      cluster,
		Roles:        roles,
		Image:        image,
		CPU:          valueOr(s.config.Task.CPU, defaultCPU),
		Memory:       valueOr(s.config.Task.Memory, defaultMemory),
		Architecture: s.architecture(),
		Min:          valueOr(s.config.Task.Min, defaultMin),
		Max:          valueOr(s.config.Task.Max, max(defaultMax, valueOr(s.config.Task.Min, defaultMin))),
		CPUPercent:   valueOr(s.config.Task.CPUPercent, defaultCPUPercent),
		Environment: map[string]pulumi.StringInput{
			"PORTICO_UPSTREAMS":     upstreams(doors.endpoints.ExecuteAPIAddresses),
			"PORTICO_ENDPOINT_NAME": doors.endpoints.ExecuteAPIDNSName,
		},
		SubnetIDs:       network.SubnetIDs,
		SecurityGroupID: groups.TasksID,
		TargetGroupARNs: targets,
		LongestTimeout:  s.longestTimeout(mapping.FrontDoorNGINX),
		Tags:            s.tags,
	}, s.providers, pulumi.DependsOn(dependencies))
}

func (s *sharedStack) network() (*components.Network, error) {
	config := s.config.Network
	args := &components.NetworkArgs{
		VPCID:     config.VPCID,
		SubnetIDs: config.SubnetIDs,
		Region:    s.config.AWS.Region,
		Tags:      s.tags,
	}
	if config.creates() {
		args.New = &components.NewVPC{
			CIDR:          netip.MustParsePrefix(textOr(config.CIDR, defaultCIDR)),
			Zones:         valueOr(config.Zones, defaultZones),
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
		Proxy:          s.stands(mapping.FrontDoorNGINX),
		Tags:           s.tags,
	}, s.providers)
}

func (s *sharedStack) endpoints(network *components.Network, groups *components.SecurityGroups, fixed []pulumi.Resource) (*components.Endpoints, error) {
	source := func(c endpointConfig) components.EndpointSource {
		return components.EndpointSource{ID: c.ID, Lookup: c.Lookup}
	}
	config := s.config.Endpoints
	args := &components.EndpointsArgs{
		Region:            s.config.AWS.Region,
		VPCID:             network.VPCID,
		ExistingVPCID:     s.config.Network.VPCID,
		SubnetIDs:         network.SubnetIDs,
		RouteTableIDs:     network.RouteTableIDs,
		Addresses:         network.EndpointAddresses,
		Fixed:             fixed,
		ExecuteAPI:        s.endpointSource(mapping.FrontDoorNGINX, config.ExecuteAPI),
		Logs:              source(config.Logs),
		ECRAPI:            source(config.ECRAPI),
		ECRDKR:            source(config.ECRDKR),
		S3:                source(config.S3),
		ExecuteAPIGroupID: groups.ExecuteAPIID,
		InterfaceGroupID:  groups.InterfaceID,
		Tags:              s.tags,
	}
	if groups.OwnTasks {
		args.TasksGroupID = groups.TasksID
	}
	if id := s.config.SecurityGroups.EndpointID; id != "" {
		args.AdmittedGroupIDs = []string{id}
	}
	return components.NewEndpoints(s.ctx, s.prefix, args, s.providers)
}

// image is the reference of the proxy's image and the repository it is pulled
// from; the latter is nil outside ECR.
func (s *sharedStack) image() (reference, repositoryARN pulumi.StringInput, err error) {
	if uri := s.config.Image.URI; uri != "" {
		partition := s.topology.Routes[0].API.Partition
		if arn := components.ECRRepositoryARN(partition, uri); arn != "" {
			repositoryARN = pulumi.String(arn)
		}
		return pulumi.String(uri), repositoryARN, nil
	}
	rendered, err := nginxconf.Render(s.topology.Routes, nginxconf.Options{BaseImage: s.config.Image.Base})
	if err != nil {
		return nil, nil, fmt.Errorf("render the proxy's configuration: %w", err)
	}
	// The engine starts the docker provider in the project's directory, whoever
	// runs the program. The path within it is the same on every machine, so that
	// another checkout doesn't build anew.
	contextDir := filepath.Join(".portico", s.ctx.Stack(), "image")
	if err := writeContext(rendered, filepath.Join(s.dir, contextDir)); err != nil {
		return nil, nil, fmt.Errorf("write the image's build context: %w", err)
	}
	repository, err := components.NewRepository(s.ctx, s.prefix, &components.RepositoryArgs{Tags: s.tags}, s.providers)
	if err != nil {
		return nil, nil, err
	}
	dockerProvider, err := docker.NewProvider(s.ctx, "docker", &docker.ProviderArgs{})
	if err != nil {
		return nil, nil, fmt.Errorf("configure Docker provider: %w", err)
	}
	image, err := components.NewImage(s.ctx, s.prefix, &components.ImageArgs{
		ContextDir:   contextDir,
		Tag:          imageTag(rendered, s.architecture()),
		Architecture: s.architecture(),
		Repository:   repository,
	}, s.providers, pulumi.Providers(dockerProvider))
	if err != nil {
		return nil, nil, err
	}
	return image.Reference, repository.ARN, nil
}

func (s *sharedStack) architecture() string {
	return textOr(s.config.Task.Architecture, defaultArchitecture)
}

// upstreams writes the endpoint's addresses as the proxy's entrypoint reads
// them.
func upstreams(addresses pulumi.StringArrayOutput) pulumi.StringOutput {
	return addresses.ApplyT(func(addresses []string) string {
		var list string
		for i, address := range addresses {
			if i > 0 {
				list += ","
			}
			list += address + ":443"
		}
		return list
	}).(pulumi.StringOutput)
}
