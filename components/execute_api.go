package components

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// executeAPIArgs describes an interface endpoint of API Gateway to create.
type executeAPIArgs struct {
	region    string
	vpcID     pulumi.StringInput
	subnetIDs []pulumi.StringInput
	groupID   pulumi.StringInput
	// addresses are one for each subnet; nil: AWS chooses.
	addresses []string
	// prerequisites are what the endpoint depends on; nil: nothing.
	prerequisites pulumi.ResourceOption
	tags          Tags
}

// executeAPI is an interface endpoint of API Gateway.
type executeAPI struct {
	id pulumi.StringOutput
	// dnsName is the endpoint's regional DNS name, and hostedZoneID the zone of
	// it, for aliases.
	dnsName, hostedZoneID pulumi.StringOutput
	// addresses are its network interfaces', sorted; count is how many.
	addresses pulumi.StringArrayOutput
	count     int
	// static is the endpoint where it is created at chosen addresses, and
	// existingID its ID where it isn't created.
	static     []pulumi.Resource
	existingID string
}

func createExecuteAPI(ctx *pulumi.Context, parent pulumi.Resource, name string, args *executeAPIArgs) (*executeAPI, error) {
	endpointArgs := &ec2.VpcEndpointArgs{
		VpcId:            args.vpcID,
		ServiceName:      pulumi.String(endpointService(args.region, "execute-api")),
		VpcEndpointType:  pulumi.String("Interface"),
		SubnetIds:        stringArray(args.subnetIDs),
		SecurityGroupIds: pulumi.StringArray{args.groupID},
		// With private DNS, the VPC's other workloads would lose every public
		// API's default name to this endpoint.
		PrivateDnsEnabled: pulumi.Bool(false),
		Tags:              args.tags.named(name),
	}
	if args.addresses != nil {
		var configurations ec2.VpcEndpointSubnetConfigurationArray
		for i, address := range args.addresses {
			configurations = append(configurations, ec2.VpcEndpointSubnetConfigurationArgs{
				SubnetId: args.subnetIDs[i].ToStringOutput().ToStringPtrOutput(),
				Ipv4:     pulumi.StringPtr(address),
			})
		}
		endpointArgs.SubnetConfigurations = configurations
	}
	options := []pulumi.ResourceOption{pulumi.Parent(parent)}
	if args.prerequisites != nil {
		options = append(options, args.prerequisites)
	}
	created, err := ec2.NewVpcEndpoint(ctx, name, endpointArgs, options...)
	if err != nil {
		return nil, fmt.Errorf("create execute-api endpoint: %w", err)
	}
	first := created.DnsEntries.Index(pulumi.Int(0))
	endpoint := &executeAPI{
		id:           created.ID().ToStringOutput(),
		dnsName:      first.DnsName().Elem(),
		hostedZoneID: first.HostedZoneId().Elem(),
		count:        len(args.subnetIDs),
	}
	if args.addresses != nil {
		endpoint.static = []pulumi.Resource{created}
		endpoint.addresses = pulumi.ToStringArray(slices.Sorted(slices.Values(args.addresses))).ToStringArrayOutput()
		return endpoint, nil
	}
	// An endpoint has one network interface in each of its subnets.
	interfaces := make([]pulumi.StringInput, len(args.subnetIDs))
	for i := range interfaces {
		interfaces[i] = created.NetworkInterfaceIds.Index(pulumi.Int(i))
	}
	endpoint.addresses = interfaceAddresses(ctx, parent, interfaces)
	return endpoint, nil
}

func existingExecuteAPI(ctx *pulumi.Context, parent pulumi.Resource, existing *ec2.LookupVpcEndpointResult) (*executeAPI, error) {
	if len(existing.DnsEntries) == 0 || len(existing.NetworkInterfaceIds) == 0 {
		return nil, &ExistingResourceError{Kind: "execute-api endpoint", ID: existing.Id,
			Problem: fmt.Sprintf("it has no DNS name or no network interface (state %s)", existing.State), Fix: "wait until it is available, or name another one"}
	}
	var interfaces []pulumi.StringInput
	for _, id := range existing.NetworkInterfaceIds {
		interfaces = append(interfaces, pulumi.String(id))
	}
	return &executeAPI{
		id:           pulumi.String(existing.Id).ToStringOutput(),
		dnsName:      pulumi.String(existing.DnsEntries[0].DnsName).ToStringOutput(),
		hostedZoneID: pulumi.String(existing.DnsEntries[0].HostedZoneId).ToStringOutput(),
		addresses:    interfaceAddresses(ctx, parent, interfaces),
		count:        len(interfaces),
		existingID:   existing.Id,
	}, nil
}

// interfaceAddresses are the private addresses of network interfaces, sorted:
// the order in which AWS lists an endpoint's interfaces has no meaning, and a
// change of it must not make a new task definition.
func interfaceAddresses(ctx *pulumi.Context, parent pulumi.Resource, ids []pulumi.StringInput) pulumi.StringArrayOutput {
	addresses := make(pulumi.StringArray, len(ids))
	for i, id := range ids {
		addresses[i] = ec2.LookupNetworkInterfaceOutput(ctx, ec2.LookupNetworkInterfaceOutputArgs{
			Id: id.ToStringOutput().ToStringPtrOutput(),
		}, pulumi.Parent(parent)).PrivateIp()
	}
	return addresses.ToStringArrayOutput().ApplyT(func(all []string) []string {
		return slices.Sorted(slices.Values(all))
	}).(pulumi.StringArrayOutput)
}
