package components_test

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
)

// shared deploys a VPC with the proxy in it, which answers for every host below
// internal.example.com. The proxy's image is in a registry already; its own
// configuration says which API answers for which host.
func shared(ctx *pulumi.Context) error {
	const name, region = "portico", "us-east-1"
	tags := components.Tags{"app": "portico"}
	awsProvider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{
		Region:            pulumi.String(region),
		AllowedAccountIds: pulumi.ToStringArray([]string{"111111111111"}),
	})
	if err != nil {
		return err
	}
	providers := pulumi.Providers(awsProvider)

	network, err := components.NewNetwork(ctx, name, &components.NetworkArgs{
		New:    &components.NewVPC{CIDR: netip.MustParsePrefix("10.0.0.0/16"), Zones: 2},
		Region: region,
		Tags:   tags,
	}, providers)
	if err != nil {
		return err
	}
	groups, err := components.NewSecurityGroups(ctx, name, &components.SecurityGroupsArgs{
		VPCID: network.VPCID, VPCCIDRs: network.CIDRs, Region: region, Proxy: true, Tags: tags,
	}, providers)
	if err != nil {
		return err
	}
	endpoints, err := components.NewEndpoints(ctx, name, &components.EndpointsArgs{
		Region: region, VPCID: network.VPCID, SubnetIDs: network.SubnetIDs, RouteTableIDs: network.RouteTableIDs,
		Addresses:         network.EndpointAddresses,
		ExecuteAPIGroupID: groups.ExecuteAPIID,
		InterfaceGroupID:  groups.InterfaceID,
		TasksGroupID:      groups.TasksID,
		Tags:              tags,
	}, providers)
	if err != nil {
		return err
	}

	request := components.CertificateRequest{Names: []string{"*.internal.example.com"}}
	certificates, err := components.NewCertificates(ctx, name, &components.CertificatesArgs{
		Sources: []components.CertificateSource{request}, Tags: tags,
	}, providers)
	if err != nil {
		return err
	}
	certificate, err := certificates.Of(request)
	if err != nil {
		return err
	}
	balancer, err := components.NewLoadBalancer(ctx, name+"-lb", &components.LoadBalancerArgs{
		Type: components.ApplicationLoadBalancer, Proxy: true,
		VPCID: network.VPCID, SubnetIDs: network.SubnetIDs, SecurityGroupID: groups.LoadBalancerID,
		Certificates:   []components.Certificate{certificate},
		LongestTimeout: 30 * time.Second,
		Tags:           tags,
	}, providers, pulumi.DependsOn(endpoints.StaticEndpoints))
	if err != nil {
		return err
	}

	cluster, err := components.NewCluster(ctx, name, &components.ClusterArgs{UniqueName: pulumi.String(name), LogRetentionDays: 30, Tags: tags}, providers)
	if err != nil {
		return err
	}
	roles, err := components.NewTaskRoles(ctx, name, &components.TaskRolesArgs{LogRetentionDays: 30, Tags: tags}, providers)
	if err != nil {
		return err
	}
	_, err = components.NewService(ctx, name, &components.ServiceArgs{
		Region: region, Cluster: cluster, Roles: roles,
		Image: pulumi.String("registry.example.com/proxy@sha256:4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a"),
		CPU:   512, Memory: 1024, Architecture: "ARM64", Min: 2, Max: 10, CPUPercent: 60, MemoryPercent: 70,
		Environment: map[string]pulumi.StringInput{
			"ENDPOINT_NAME": endpoints.ExecuteAPIDNSName,
		},
		SubnetIDs: network.SubnetIDs, SecurityGroupID: groups.TasksID,
		Targets:        balancer.Targets,
		LongestTimeout: 30 * time.Second,
		Tags:           tags,
	}, providers, pulumi.DependsOn(slices.Concat(balancer.Resources(), endpoints.Resources(), groups.Resources())))
	if err != nil {
		return err
	}

	_, err = components.NewZones(ctx, name, &components.ZonesArgs{
		Zones: []components.HostedZone{{
			Name: "internal.example.com",
			Records: []components.AliasRecord{{
				Name:   "*.internal.example.com",
				Target: components.AliasTarget{DNSName: balancer.DNSName, HostedZoneID: balancer.HostedZoneID},
			}},
		}},
		VPCID: network.VPCID, Region: region, Tags: tags,
	}, providers)
	if err != nil {
		return err
	}
	ctx.Export("vpcEndpointId", endpoints.ExecuteAPIID)
	return nil
}

// The account that owns the VPC runs the proxy. The program runs under an engine's
// stand-in here, which answers as AWS would; `pulumi up` runs the same function.
func Example() {
	recorded := &recorder{}
	if err := pulumi.RunErr(shared, pulumi.WithMocks("portico", "dev", recorded)); err != nil {
		fmt.Println(err)
	}
	fmt.Println(recorded.created("portico:index:"))
	fmt.Println(recorded.created("aws:lb/"))
	// Output:
	// [Certificates Cluster Endpoints LoadBalancer Network SecurityGroups Service TaskRoles Zones]
	// [Listener LoadBalancer TargetGroup]
}
