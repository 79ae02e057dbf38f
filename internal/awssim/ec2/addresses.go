package ec2

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

func reservationSpec() *engine.Type {
	return &engine.Type{
		Token: view.ReservationType, Title: "EC2 Subnet CIDR Reservation",
		Args: ec2.SubnetCidrReservationArgs{}, State: ec2.SubnetCidrReservation{},
		ID: "scr-{ec2}",
		Properties: engine.Properties{
			"cidrBlock":       {engine.ForceNew, engine.Ipv4Network(16, 32), within("subnetId", "InvalidParameterValue"), apart("subnetId", "InvalidSubnetCidrReservation.Conflict")},
			"description":     {engine.ForceNew},
			"ownerId":         {engine.Computed("{account}")},
			"reservationType": {engine.ForceNew, engine.OneOf("explicit", "prefix")},
			"subnetId":        {engine.ForceNew, engine.Refers{To: view.SubnetType, Code: "InvalidSubnetID.NotFound", Holds: engine.Cascades}},
		},

		Create: []string{"ec2:CreateSubnetCidrReservation"},
		Read:   []string{"ec2:GetSubnetCidrReservations"},
		Delete: []string{"ec2:DeleteSubnetCidrReservation"},
	}
}

// within holds a network to lie in that of the resource that another property
// refers to.
func within(reference, code string) engine.Rule {
	return engine.Against(func(op *engine.Op, _ string, _ any) error {
		own, outer := networkIn(op.Inputs), op.Ref(reference)
		if !blockContains(op, outer, own) {
			return op.Refuse(code, "The CIDR '%s' is invalid: it is not within the %s's %s", own, strings.TrimSuffix(reference, "Id"), joined(blocksOf(op, outer)))
		}
		return nil
	})
}

func joined(networks []netip.Prefix) string {
	var texts []string
	for _, network := range networks {
		texts = append(texts, network.String())
	}
	return strings.Join(texts, ", ")
}

// apart holds a network to overlap with no other of the type whose property
// refers to the same resource.
func apart(reference, code string) engine.Rule {
	return engine.Against(func(op *engine.Op, _ string, _ any) error {
		own := networkIn(op.Inputs)
		for _, other := range op.All(op.Token) {
			if other != op.Before && other.Properties[reference] == op.Inputs[reference] && own.Overlaps(NetworkOf(other)) {
				return op.Refuse(code, "The CIDR '%s' conflicts with another: it overlaps with %s", own, other.ID)
			}
		}
		return nil
	})
}

// NetworkOf is the network of a VPC, subnet or reservation.
func NetworkOf(r *engine.Resource) netip.Prefix { return networkIn(r.Properties) }

// networkIn is the network that properties state, or the zero one, which holds
// no address.
func networkIn(o engine.Object) netip.Prefix {
	network, err := netip.ParsePrefix(o.Text("cidrBlock"))
	if err != nil {
		return netip.Prefix{}
	}
	return network
}

// Attach stages a network interface in a subnet. Without an address it gets
// the lowest that is free and not reserved.
func Attach(op *engine.Op, subnet *engine.Resource, address string, groups []string, description string) (*engine.Resource, error) {
	var chosen netip.Addr
	var err error
	if address == "" {
		chosen, err = freeAddress(op, subnet)
	} else {
		chosen, err = fixedAddress(op, subnet, address)
	}
	if err != nil {
		return nil, err
	}
	id := "eni-" + op.EC2(fmt.Sprint("interface ", subnet.ID, chosen))
	r := engine.Resource{Account: op.Account, Region: op.Region, Type: view.NetworkInterfaceType, ID: id}
	r.ARN = "arn:" + op.Partition() + ":ec2:" + op.Region + ":" + op.Account + ":network-interface/" + id
	r.Properties = engine.Object{
		"arn": r.ARN, "description": description, "ownerId": op.Account, "subnetId": subnet.ID,
		"privateIp": chosen.String(), "privateIps": engine.List(chosen.String()), "securityGroups": engine.List(groups...),
	}
	r.Hidden = engine.Object{"owner": op.ID, "availabilityZone": subnet.Properties.Text("availabilityZone"), "vpcId": subnet.Properties.Text("vpcId")}
	op.Put(r)
	return &r, nil
}

// DetachAll stages the removal of the interfaces that were attached for the
// resource of that ID.
func DetachAll(op *engine.Op, owner string) {
	for _, r := range InterfacesOf(op, owner) {
		op.Remove(r)
	}
}

// InterfacesOf is the network interfaces that were attached for a resource.
func InterfacesOf(op *engine.Op, owner string) []*engine.Resource {
	return slices.DeleteFunc(op.All(view.NetworkInterfaceType), func(r *engine.Resource) bool { return r.Hidden.Text("owner") != owner })
}

// FreeAddresses is how many addresses of a subnet are neither in use nor kept by
// AWS (availableIpAddressCount of DescribeSubnets).
func FreeAddresses(op *engine.Op, subnet *engine.Resource) int {
	return 1<<(32-NetworkOf(subnet).Bits()) - 5 - len(taken(op, subnet))
}

func fixedAddress(op *engine.Op, subnet *engine.Resource, address string) (netip.Addr, error) {
	chosen, err := netip.ParseAddr(address)
	network := NetworkOf(subnet)
	switch {
	case err != nil || !network.Contains(chosen):
		return chosen, op.Refuse("InvalidParameterValue", "Address %s does not fall within the subnet's address range %s", address, network)
	case keptByAWS(network, chosen):
		return chosen, op.Refuse("InvalidParameterValue", "Address %s is in subnet's reserved address range", address)
	case taken(op, subnet)[chosen]:
		return chosen, op.Refuse("InvalidIPAddress.InUse", "Address %s is in use", address)
	}
	return chosen, nil
}

func freeAddress(op *engine.Op, subnet *engine.Resource) (netip.Addr, error) {
	network, taken := NetworkOf(subnet), taken(op, subnet)
	var reserved []netip.Prefix
	for _, r := range ownersView(op, subnet).All(view.ReservationType) {
		if r.Properties.Text("subnetId") == subnet.ID {
			reserved = append(reserved, NetworkOf(r))
		}
	}
	for address := network.Addr(); network.Contains(address); address = address.Next() {
		isReserved := slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(address) })
		if !taken[address] && !isReserved && !keptByAWS(network, address) {
			return address, nil
		}
	}
	return netip.Addr{}, op.Refuse("InsufficientFreeAddressesInSubnet", "The subnet %s has not enough free addresses", subnet.ID)
}

// keptByAWS reports whether AWS keeps an address of a subnet for itself: the
// first four and the last.
func keptByAWS(network netip.Prefix, address netip.Addr) bool {
	first := network.Masked().Addr()
	for range 4 {
		if address == first {
			return true
		}
		first = first.Next()
	}
	return !network.Contains(address.Next())
}

// taken is the addresses of a subnet that are in use, those that this call has
// staged and those of accounts with which it is shared included.
func taken(op *engine.Op, subnet *engine.Resource) map[netip.Addr]bool {
	taken := map[netip.Addr]bool{}
	for _, r := range slices.Concat(op.Everywhere(view.NetworkInterfaceType), op.Staging()) {
		if r.Type != view.NetworkInterfaceType || r.Properties.Text("subnetId") != subnet.ID || op.Removing(r) {
			continue
		}
		if address, err := netip.ParseAddr(r.Properties.Text("privateIp")); err == nil {
			taken[address] = true
		}
	}
	return taken
}
