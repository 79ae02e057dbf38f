package ec2

import (
	"slices"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/ram"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// AWS RAM shares a subnet with accounts of the organization. Such a participant sees
// it, its VPC and its route table. It has security groups of its own there, and
// network interfaces of load balancers and tasks; what belongs to the VPC, endpoints
// included, is its owner's alone.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-share-limitations.html

// sharedSubnets is the subnets that are shared with the caller.
func sharedSubnets(op *engine.Op) []*engine.Resource {
	var shared []*engine.Resource
	for _, subnet := range op.Everywhere(view.SubnetType) {
		if subnet.Account != op.Account && subnet.Region == op.Region && ram.SharedWith(op, subnet.ARN, op.Account) {
			seen := asParticipant(subnet)
			// A zone's ID means one place; its name means that place in one account only.
			seen.Properties["availabilityZone"] = zoneOf(op, subnet.Properties.Text("availabilityZoneId"))
			shared = append(shared, seen)
		}
	}
	return shared
}

// sharedVPCs is the VPCs of which a subnet is shared with the caller.
func sharedVPCs(op *engine.Op) []*engine.Resource {
	return sharedWithSubnets(op, func(subnet *engine.Resource) *engine.Resource {
		return ownersView(op, subnet).Find(view.VPCType, subnet.Properties.Text("vpcId"))
	})
}

// sharedRouteTables is the route tables of the subnets that are shared with the
// caller.
func sharedRouteTables(op *engine.Op) []*engine.Resource {
	return sharedWithSubnets(op, func(subnet *engine.Resource) *engine.Resource { return RouteTableOf(op, subnet) })
}

// sharedWithSubnets is what subnets that are shared with the caller have or lie in,
// each once; nil: a subnet has none.
func sharedWithSubnets(op *engine.Op, of func(subnet *engine.Resource) *engine.Resource) []*engine.Resource {
	var shared []*engine.Resource
	for _, subnet := range sharedSubnets(op) {
		found := of(subnet)
		if found != nil && !slices.ContainsFunc(shared, func(r *engine.Resource) bool { return r.ID == found.ID }) {
			shared = append(shared, asParticipant(found))
		}
	}
	return shared
}

// asParticipant is a resource as accounts see it with which it is shared: without
// its tags.
func asParticipant(r *engine.Resource) *engine.Resource {
	seen := r.Clone()
	for _, name := range []string{"tags", "tagsAll"} {
		if seen.Properties[name] != nil {
			seen.Properties[name] = map[string]any{}
		}
	}
	return &seen
}

// ownersView is the call as the owner of a VPC's resource would make it.
func ownersView(op *engine.Op, r *engine.Resource) *engine.Op { return op.In(r.Account, op.Region) }
