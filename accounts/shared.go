package accounts

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"

	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/nginxconf"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// Contract is the version of the stacks' outputs. It changes when an output that
// another stack reads changes its name or meaning.
const Contract = outputs.Contract

// Shared is the program of the shared-services account's stack. Relative paths
// of its configuration begin at the working directory, which is the project's
// under `pulumi up`.
func Shared(ctx *pulumi.Context) error { return SharedIn("")(ctx) }

// SharedIn is Shared for programs that run elsewhere: relative paths begin at
// dir, where the stack's settings file is looked for too.
func SharedIn(dir string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		config, err := sourceOf(ctx, dir).Shared()
		if err != nil {
			return err
		}
		rows, err := loadMapping(dir, config.Mapping)
		if err != nil {
			return err
		}
		return withSetting(deployShared(ctx, dir, config, rows))
	}
}

// SharedWith is Shared for settings and a mapping that are made in code: it
// reads no configuration and no mapping file. Relative paths, of PEM files and
// of the image's build context, begin at the working directory. The error is
// SettingsErrors if the settings have mistakes.
func SharedWith(made SharedSettings, rows *mapping.Mapping) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		config, err := settings.CompleteShared(made, ctx.Stack(), "")
		if err != nil {
			return err
		}
		return deployShared(ctx, "", config, rows)
	}
}

func deployShared(ctx *pulumi.Context, dir string, config *settings.Shared, rows *mapping.Mapping) error {
	reported, err := readReports(ctx, config, rows)
	if err != nil {
		return err
	}
	derived, err := reported.derive(config, rows)
	if err != nil {
		return err
	}
	if err := errors.Join(
		reported.checkOwners(derived, rows),
		checkRows(derived, rows, config.AWS.Region),
		checkNames(config.App, derived.LoadBalancers),
		checkCoverage(config.Certificates, derived, rows),
		checkExistingZones(config.DNS, rows),
	); err != nil {
		return err
	}
	stack := &sharedStack{
		ctx:      ctx,
		dir:      dir,
		config:   config,
		mapping:  rows,
		reports:  reported,
		topology: derived,
		prefix:   config.App.Prefix(),
		tags:     tagsOf(config.App),
		others:   map[string]pulumi.ProviderResource{},
	}
	return stack.deploy()
}

// checkRows reports what the endpoints of a region can't serve.
func checkRows(derived *topology.Topology, rows *mapping.Mapping, region string) error {
	if len(derived.Doors) == 0 {
		return fmt.Errorf("deploy %s: it has no row that isn't retired: add one, or destroy the stack", rows.Source)
	}
	var wrong []error
	for _, row := range rows.Rows {
		if row.Retired || row.API.Region == region {
			continue
		}
		wrong = append(wrong, fmt.Errorf("%s.PRIVATE_API_URL: the API is in %s, and a VPC endpoint of %s (portico:aws.region) reaches APIs of its own region only: correct the URL, or put the row into the mapping of a stack in %s",
			row.Position(), row.API.Region, region, row.API.Region))
	}
	return errors.Join(wrong...)
}

// sharedStack is one run of the shared stack's program.
type sharedStack struct {
	ctx      *pulumi.Context
	dir      string
	config   *settings.Shared
	mapping  *mapping.Mapping
	reports  *reports
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
	s.publicZones = components.NewPublicZones(s.ctx, &components.PublicZonesArgs{Provider: awsProvider, ZoneProviders: owners})
	network, err := s.network()
	if err != nil {
		return err
	}
	if err := s.config.CheckIngressRules(network.CIDRs); err != nil {
		return err
	}
	if err := s.logNotices(); err != nil {
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
	return s.export(network, doors, doors.proxy, zones)
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
		LogRetentionDays: *s.config.Logs.RetentionDays,
		Tags:             s.tags,
	}, s.providers)
	if err != nil {
		return nil, err
	}
	dependencies := slices.Concat(doors.endpoints.Resources(), groups.Resources())
	var targets []pulumi.StringInput
	for i, balancer := range s.topology.LoadBalancers {
		if s.proxied(balancer) {
			dependencies = append(dependencies, doors.balancers[i].Resources()...)
			targets = append(targets, doors.balancers[i].TargetGroupARN)
		}
	}
	return components.NewService(s.ctx, s.prefix, &components.ServiceArgs{
		Region:       s.config.AWS.Region,
		Cluster:      cluster,
		Roles:        roles,
		Image:        image,
		CPU:          s.config.Task.CPU,
		Memory:       s.config.Task.Memory,
		Architecture: s.config.Task.Architecture,
		Min:          s.config.Task.Min,
		Max:          s.config.Task.Max,
		CPUPercent:   s.config.Task.CPUPercent,
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
		Proxy:          s.stands(mapping.FrontDoorNGINX),
		Tags:           s.tags,
	}, s.providers)
}

func (s *sharedStack) endpoints(network *components.Network, groups *components.SecurityGroups, fixed []pulumi.Resource) (*components.Endpoints, error) {
	source := func(c settings.Endpoint) components.EndpointSource {
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
		StaticEndpoints:   fixed,
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
		args.ReachableGroupIDs = []string{id}
	}
	return components.NewEndpoints(s.ctx, s.prefix, args, s.providers)
}

// image is the reference of the proxy's image and the repository it is pulled
// from; the latter is nil outside ECR.
func (s *sharedStack) image() (reference, repositoryARN pulumi.StringInput, err error) {
	if uri := s.config.Image.URI; uri != "" {
		if arn := components.ECRRepositoryARN(uri); arn != "" {
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
		Tag:          imageTag(rendered, s.config.Task.Architecture),
		Architecture: s.config.Task.Architecture,
		Repository:   repository,
	}, s.providers, pulumi.Providers(dockerProvider))
	if err != nil {
		return nil, nil, err
	}
	return image.Reference, repository.ARN, nil
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
