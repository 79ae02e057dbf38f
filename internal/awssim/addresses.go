package awssim

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
)

func reservationSpec() *typeSpec {
	return &typeSpec{
		token: reservationType, title: "EC2 Subnet CIDR Reservation",
		args: ec2.SubnetCidrReservationArgs{}, state: ec2.SubnetCidrReservation{},
		id:        "scr-{hash}",
		immutable: []string{"cidrBlock", "description", "reservationType", "subnetId"},
		rules: map[string][]rule{
			"cidrBlock":       {ipv4Network(16, 32)},
			"reservationType": {oneOf("explicit", "prefix")},
		},
		refs:   []ref{{at: "subnetId", to: subnetType, code: "InvalidSubnetID.NotFound", holds: cascades}},
		create: []string{"ec2:CreateSubnetCidrReservation"},
		read:   []string{"ec2:GetSubnetCidrReservations"},
		delete: []string{"ec2:DeleteSubnetCidrReservation"},
		onCreate: func(c *call) error {
			reserved := netip.MustParsePrefix(c.inputs.Text("cidrBlock"))
			subnet := c.find(subnetType, c.inputs.Text("subnetId"))
			if !within(reserved, networkOf(subnet)) {
				return c.refuse("InvalidParameterValue", "The CIDR %s is not within the subnet's %s", reserved, networkOf(subnet))
			}
			for _, other := range c.all(reservationType) {
				if other.Properties.Text("subnetId") == subnet.ID && reserved.Overlaps(networkOf(other)) {
					return c.refuse("InvalidSubnetCidrReservation.Conflict", "The CIDR %s overlaps with reservation %s", reserved, other.ID)
				}
			}
			c.outputs["ownerId"] = c.account
			return nil
		},
	}
}

// networkOf is the network of a VPC, subnet or reservation.
func networkOf(r *Resource) netip.Prefix {
	return netip.MustParsePrefix(r.Properties.Text("cidrBlock"))
}

// attach stages a network interface in a subnet. Without an address it gets
// the lowest that is free and not reserved.
func (c *call) attach(subnet *Resource, address string, groups []string, description string) (*Resource, error) {
	var chosen netip.Addr
	var err error
	if address == "" {
		chosen, err = c.freeAddress(subnet)
	} else {
		chosen, err = c.fixedAddress(subnet, address)
	}
	if err != nil {
		return nil, err
	}
	id := "eni-" + c.derived(fmt.Sprint("interface ", subnet.ID, chosen), 17)
	r := Resource{Account: c.account, Region: c.region, Type: networkInterfaceType, ID: id}
	r.ARN = "arn:" + c.partition() + ":ec2:" + c.region + ":" + c.account + ":network-interface/" + id
	r.Properties = Object{
		"arn": r.ARN, "description": description, "ownerId": c.account, "subnetId": subnet.ID,
		"privateIp": chosen.String(), "privateIps": list(chosen.String()), "securityGroups": list(groups...),
	}
	r.Hidden = Object{"owner": c.id, "availabilityZone": subnet.Properties.Text("availabilityZone"), "vpcId": subnet.Properties.Text("vpcId")}
	c.put(r)
	return &r, nil
}

// detachAll stages the removal of the interfaces that were attached for the
// resource of that ID.
func (c *call) detachAll(owner string) {
	for _, r := range c.interfacesOf(owner) {
		c.remove(r)
	}
}

// interfacesOf is the network interfaces that were attached for a resource.
func (c *call) interfacesOf(owner string) []*Resource {
	return slices.DeleteFunc(c.all(networkInterfaceType), func(r *Resource) bool { return r.Hidden.Text("owner") != owner })
}

func (c *call) fixedAddress(subnet *Resource, address string) (netip.Addr, error) {
	chosen, err := netip.ParseAddr(address)
	network := networkOf(subnet)
	switch {
	case err != nil || !network.Contains(chosen):
		return chosen, c.refuse("InvalidParameterValue", "Address %s does not fall within the subnet's address range %s", address, network)
	case keptByAWS(network, chosen):
		return chosen, c.refuse("InvalidParameterValue", "Address %s is in subnet's reserved address range", address)
	case c.taken(subnet)[chosen]:
		return chosen, c.refuse("InvalidIPAddress.InUse", "Address %s is in use", address)
	}
	return chosen, nil
}

func (c *call) freeAddress(subnet *Resource) (netip.Addr, error) {
	network, taken := networkOf(subnet), c.taken(subnet)
	var reserved []netip.Prefix
	for _, r := range c.all(reservationType) {
		if r.Properties.Text("subnetId") == subnet.ID {
			reserved = append(reserved, networkOf(r))
		}
	}
	for address := network.Addr(); network.Contains(address); address = address.Next() {
		isReserved := slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(address) })
		if !taken[address] && !isReserved && !keptByAWS(network, address) {
			return address, nil
		}
	}
	return netip.Addr{}, c.refuse("InsufficientFreeAddressesInSubnet", "The subnet %s has not enough free addresses", subnet.ID)
}

// keptByAWS tells whether AWS keeps an address of a subnet for itself: the
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
// staged included.
func (c *call) taken(subnet *Resource) map[netip.Addr]bool {
	taken := map[netip.Addr]bool{}
	for _, r := range slices.Concat(c.all(networkInterfaceType), c.staging()) {
		if r.Type != networkInterfaceType || r.Properties.Text("subnetId") != subnet.ID || c.removing(r) {
			continue
		}
		if address, err := netip.ParseAddr(r.Properties.Text("privateIp")); err == nil {
			taken[address] = true
		}
	}
	return taken
}
