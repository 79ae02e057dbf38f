package components

import (
	"fmt"
	"maps"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// InboundCheckArgs describes the inbound endpoint of Route 53 Resolver that is to be
// made in a VPC that exists.
type InboundCheckArgs struct {
	// AccountID is the account that is asked, and VPCID the VPC. Required.
	AccountID, VPCID string
	// Name is that of the component. Required.
	Name string
	// SubnetIDs are the subnets that take its addresses, as far as they are known.
	// Default: none.
	SubnetIDs []string
	// Addresses are the chosen addresses that it has not yet. Default: none.
	Addresses []string
	// Tags tell what belongs to this installation already.
	Tags Tags
	// Provider is the AWS provider of the account. Required.
	Provider pulumi.ProviderResource
}

// CheckInbound asks whether the VPC has the addresses free that the inbound endpoint
// is to take. It registers no resource, and asks in previews too.
func CheckInbound(ctx *pulumi.Context, args *InboundCheckArgs) *Findings {
	found, option := new(Findings), pulumi.Provider(args.Provider)
	refuse := func(kind, id, problem, fix string) {
		found.Errors = append(found.Errors, &ExistingResourceError{Kind: kind, ID: id, AccountID: args.AccountID, Purpose: "the inbound endpoint of Route 53 Resolver", Problem: problem, Fix: fix})
	}
	own := maps.Clone(args.Tags)
	own["Name"] = args.Name + "-" + inboundRole
	// What an interrupted update has made has its addresses already.
	_, err := ec2.LookupSecurityGroup(ctx, &ec2.LookupSecurityGroupArgs{VpcId: &args.VPCID, Tags: own}, option)
	switch {
	case err == nil || strings.Contains(err.Error(), "multiple "):
		return found
	case !isNone(err):
		found.NotAsked = append(found.NotAsked, NotAsked{"ec2:DescribeSecurityGroups", "whether the inbound endpoint exists in VPC " + args.VPCID, err})
		return found
	}
	for _, id := range args.SubnetIDs {
		subnet, err := ec2.LookupSubnet(ctx, &ec2.LookupSubnetArgs{Id: &id}, option)
		if err == nil && subnet.AvailableIpAddressCount < 1 { // the network reports what it can't do without
			refuse("subnet", id, "none of the addresses of "+subnet.CidrBlock+" is free, and it takes one", "free an address in the subnet, or choose addresses in others")
		}
	}
	for _, address := range args.Addresses {
		taken, err := ec2.LookupNetworkInterface(ctx, &ec2.LookupNetworkInterfaceArgs{Filters: []ec2.GetNetworkInterfaceFilter{
			{Name: "vpc-id", Values: []string{args.VPCID}}, {Name: "private-ip-address", Values: []string{address}},
		}}, option)
		switch {
		case err == nil:
			refuse("address", address, fmt.Sprintf("network interface %s has it (%s)", taken.Id, taken.Description), "write another address of the subnet")
		case !isNone(err):
			found.NotAsked = append(found.NotAsked, NotAsked{"ec2:DescribeNetworkInterfaces", "whether address " + address + " is free", err})
		}
	}
	return found
}
