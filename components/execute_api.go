package components

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// executeAPIArgs describes an interface endpoint of API Gateway to create.
type executeAPIArgs struct {
	region    string
	vpcID     pulumi.StringInput
	subnetIDs []pulumi.StringInput
	groupID   pulumi.StringInput
	// addresses are those of the first subnets; in the others AWS chooses.
	addresses []string
	// policy is the endpoint's, in JSON; "": full access.
	policy string
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
	// addresses are its network interfaces'.
	addresses []endpointAddress
	// static is the endpoint where it is created at chosen addresses, and
	// existingID its ID where it isn't created.
	static     []pulumi.Resource
	existingID string
}

// endpointAddress is the address of one of an endpoint's network interfaces.
type endpointAddress struct {
	// name is a part of resources' names. It stays with the address while others
	// come and go.
	name  string
	value pulumi.StringInput
}

// sorted are the addresses, sorted: the order in which AWS lists an endpoint's
// interfaces has no meaning, and a change of it must not make a new task definition.
func (e *executeAPI) sorted() pulumi.StringArrayOutput {
	return e.inOrder().ApplyT(func(all []string) []string {
		return slices.Sorted(slices.Values(all))
	}).(pulumi.StringArrayOutput)
}

func (e *executeAPI) inOrder() pulumi.StringArrayOutput {
	var all pulumi.StringArray
	for _, address := range e.addresses {
		all = append(all, address.value)
	}
	return all.ToStringArrayOutput()
}

// fullAccess is the policy that AWS gives an interface endpoint of which nothing is said.
// https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
const fullAccess = `{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}`

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
		// The provider leaves a policy as it is where nothing is said of it.
		Policy: pulumi.String(cmp.Or(args.policy, fullAccess)),
		Tags:   args.tags.named(name),
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
	if args.addresses != nil {
		// The provider sends all configurations when one has changed, and an address
		// that is given for a subnet that the endpoint has "replaces" the network
		// interface, which "temporarily disconnects" the endpoint. Whether AWS makes
		// an exception for the address that the interface has is not documented.
		// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcEndpoint.html
		// So they count when the endpoint is created, and never again: in a further
		// subnet AWS chooses the address, which the provider then takes for a
		// configuration too.
		options = append(options, pulumi.IgnoreChanges([]string{"subnetConfigurations"}))
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
	}
	if args.addresses != nil {
		endpoint.static = []pulumi.Resource{created}
	}
	var chosenByAWS pulumi.StringArrayOutput
	if len(args.addresses) < len(args.subnetIDs) {
		chosenByAWS = interfaceAddresses(ctx, parent, created, args.subnetIDs)
	}
	for i := range args.subnetIDs {
		address := endpointAddress{strconv.Itoa(i + 1), nil}
		if i < len(args.addresses) {
			address.value = pulumi.String(args.addresses[i])
		} else {
			address.value = chosenByAWS.Index(pulumi.Int(i))
		}
		endpoint.addresses = append(endpoint.addresses, address)
	}
	return endpoint, nil
}

// interfaceAddresses are the addresses of a created endpoint's network interfaces,
// one for each subnet, in the subnets' order.
//
// In the preview of an update that changes the subnets, the provider shows the
// interfaces from before the update:
// https://github.com/hashicorp/terraform-provider-aws/issues/44824. The addresses
// are unknown then.
func interfaceAddresses(ctx *pulumi.Context, parent pulumi.Resource, created *ec2.VpcEndpoint, subnets []pulumi.StringInput) pulumi.StringArrayOutput {
	return pulumi.All(created.NetworkInterfaceIds, stringArray(subnets)).ApplyT(func(known []any) (pulumi.StringArrayOutput, error) {
		ids, subnets := known[0].([]string), known[1].([]string)
		bySubnet := map[string]string{}
		for _, id := range ids {
			found, err := ec2.LookupNetworkInterface(ctx, &ec2.LookupNetworkInterfaceArgs{Id: &id}, pulumi.Parent(parent))
			if err != nil {
				return pulumi.StringArrayOutput{}, fmt.Errorf("look network interface %s of the endpoint up: %w", id, err)
			}
			bySubnet[found.SubnetId] = found.PrivateIp
		}
		addresses := make([]string, len(subnets))
		for i, subnet := range subnets {
			switch addresses[i] = bySubnet[subnet]; {
			case addresses[i] != "":
			case ctx.DryRun():
				return unknownAddresses(), nil
			default:
				return pulumi.StringArrayOutput{}, fmt.Errorf("read the endpoint's addresses: it has no network interface in subnet %s: run the update again when AWS has created it", subnet)
			}
		}
		return pulumi.ToStringArray(addresses).ToStringArrayOutput(), nil
	}).(pulumi.StringArrayOutput)
}

func unknownAddresses() pulumi.StringArrayOutput {
	return pulumi.UnsafeUnknownOutput(nil).ApplyT(func(any) []string { return nil }).(pulumi.StringArrayOutput)
}

func existingExecuteAPI(ctx *pulumi.Context, parent pulumi.Resource, existing *ec2.LookupVpcEndpointResult) (*executeAPI, error) {
	if err := checkConnects(existing, "execute-api"); err != nil {
		return nil, err
	}
	var addresses []string
	for _, id := range existing.NetworkInterfaceIds {
		found, err := ec2.LookupNetworkInterface(ctx, &ec2.LookupNetworkInterfaceArgs{Id: &id}, pulumi.Parent(parent))
		if err != nil {
			return nil, fmt.Errorf("look network interface %s of the endpoint %s up: %w", id, existing.Id, err)
		}
		addresses = append(addresses, found.PrivateIp)
	}
	slices.Sort(addresses)
	endpoint := &executeAPI{
		id:           pulumi.String(existing.Id).ToStringOutput(),
		dnsName:      pulumi.String(existing.DnsEntries[0].DnsName).ToStringOutput(),
		hostedZoneID: pulumi.String(existing.DnsEntries[0].HostedZoneId).ToStringOutput(),
		existingID:   existing.Id,
	}
	for _, address := range addresses {
		endpoint.addresses = append(endpoint.addresses, endpointAddress{address, pulumi.String(address)})
	}
	return endpoint, nil
}
