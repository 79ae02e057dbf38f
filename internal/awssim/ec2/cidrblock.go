package ec2

import (
	"net/netip"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// blocksQuota limits the IPv4 networks of a VPC, its first one counted.
const blocksQuota = "IPv4 CIDR blocks per VPC"

func cidrBlockAssociationSpec() *engine.Type {
	return &engine.Type{
		Token: view.CIDRBlockAssociationType, Title: "EC2 VPC IPv4 CIDR Block Association",
		Args: ec2.VpcIpv4CidrBlockAssociationArgs{}, State: ec2.VpcIpv4CidrBlockAssociation{},
		ID: "vpc-cidr-assoc-{ec2}",
		Properties: engine.Properties{
			"cidrBlock": {engine.Required, engine.ForceNew, engine.Ipv4Network(16, 28), engine.Against(besideOtherBlocks)}, // IPAM pools are not simulated
			"vpcId":     {engine.ForceNew, engine.Refers{To: view.VPCType, Code: "InvalidVpcID.NotFound", Holds: engine.Cascades}},
		},

		Create:   []string{"ec2:AssociateVpcCidrBlock", "ec2:DescribeVpcs"},
		Read:     []string{"ec2:DescribeVpcs"},
		Delete:   []string{"ec2:DisassociateVpcCidrBlock", "ec2:DescribeVpcs"},
		OnDelete: blockIsFree,
	}
}

// blocksOf is the networks of a VPC: the one that it was created with, and those
// that were associated since. Of other resources it is their one network.
func blocksOf(op *engine.Op, r *engine.Resource) []netip.Prefix {
	blocks := []netip.Prefix{NetworkOf(r)}
	for _, association := range ownersView(op, r).Having(view.CIDRBlockAssociationType, "vpcId", r.ID) {
		blocks = append(blocks, NetworkOf(association))
	}
	return blocks
}

// blockContains reports whether one of a VPC's networks contains another.
func blockContains(op *engine.Op, vpc *engine.Resource, network netip.Prefix) bool {
	for _, block := range blocksOf(op, vpc) {
		if block.Bits() <= network.Bits() && block.Contains(network.Addr()) {
			return true
		}
	}
	return false
}

// InVPC reports whether an address lies in a network of a VPC.
func InVPC(op *engine.Op, vpc *engine.Resource, address netip.Addr) bool {
	return blockContains(op, vpc, netip.PrefixFrom(address, address.BitLen()))
}

// privateRanges are those of RFC 1918. A VPC whose first network lies in one takes
// none of another.
var privateRanges = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
}

// besideOtherBlocks holds a network to AWS's restrictions on those of one VPC.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html#add-cidr-block-restrictions
func besideOtherBlocks(op *engine.Op, _ string, _ any) error {
	vpc, own := op.Ref("vpcId"), networkIn(op.Inputs)
	blocks := blocksOf(op, vpc)
	if limit := op.Limit(blocksQuota, 5); len(blocks) >= limit && !op.Owner {
		return op.Refuse("CidrLimitExceeded", "%s: the quota of %d is reached", blocksQuota, limit)
	}
	for _, block := range blocks {
		if block.Overlaps(own) {
			return op.Refuse("InvalidVpc.Range", "The CIDR '%s' overlaps with %s, which VPC %s has already", own, block, vpc.ID)
		}
	}
	first := blocks[0]
	for _, private := range privateRanges {
		for _, other := range privateRanges {
			if private != other && private.Contains(first.Addr()) && other.Overlaps(own) {
				return op.Refuse("InvalidVpc.Range", "The CIDR '%s' is restricted. Use a CIDR from the same private address range as the current VPC CIDR, %s, or use a publicly-routable CIDR", own, first)
			}
		}
	}
	return nil
}

// blockIsFree refuses to take a network with subnets in it from its VPC, as in
// https://github.com/hashicorp/terraform-provider-aws/issues/29077.
func blockIsFree(op *engine.Op) error {
	block, vpc := NetworkOf(op.Before), op.Before.Properties.Text("vpcId")
	for _, subnet := range op.Having(view.SubnetType, "vpcId", vpc) {
		if block.Overlaps(NetworkOf(subnet)) {
			return op.Refuse("InvalidCidrBlock.InUse", "The vpc %s currently has a subnet within CIDR block %s", vpc, block)
		}
	}
	return nil
}
