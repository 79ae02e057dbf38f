package rehearsal

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/awssim/view"
	"github.com/portico-iac/portico/internal/rehearsal/live"
)

// account reads one simulated account in one region.
type account struct {
	simulator  *awssim.Simulator
	id, region string
	// taken are the addresses in use.
	taken map[netip.Addr]bool
}

func openAccount(simulator *awssim.Simulator, id, region string) *account {
	a := &account{simulator: simulator, id: id, region: region, taken: make(map[netip.Addr]bool)}
	for _, one := range view.All[view.NetworkInterface](simulator, a.here()) {
		a.taken[one.PrivateIP] = true
	}
	return a
}

// here chooses the account's resources in the region.
func (a *account) here() awssim.Filter { return awssim.Filter{Account: a.id, Region: a.region} }

// subnet is the account's subnet of an ID.
func (a *account) subnet(id string) (view.Subnet, error) {
	for _, subnet := range view.All[view.Subnet](a.simulator, a.here()) {
		if subnet.ID == id {
			return subnet, nil
		}
	}
	return view.Subnet{}, fmt.Errorf("find subnet %s: account %s has none of that ID", id, a.id)
}

// client is a workload's network interface in a subnet, with the VPC's default
// security group. It has the highest free address: AWS and programs that choose
// addresses count from below.
func (a *account) client(subnetID string) (live.Interface, error) {
	subnet, err := a.subnet(subnetID)
	if err != nil {
		return live.Interface{}, err
	}
	var groups []string
	for _, vpc := range view.All[view.VPC](a.simulator, a.here()) {
		if vpc.ID == subnet.VPCID && vpc.DefaultSecurityGroupID != "" {
			groups = append(groups, vpc.DefaultSecurityGroupID)
		}
	}
	for address := last(subnet.CIDRBlock).Prev(); subnet.CIDRBlock.Contains(address); address = address.Prev() {
		if !a.taken[address] {
			return live.Interface{Name: "a workload of the VPC", VPCID: subnet.VPCID, Address: address, SubnetID: subnetID, SecurityGroupIDs: groups}, nil
		}
	}
	return live.Interface{}, fmt.Errorf("place a workload: subnet %s has no free address", subnetID)
}

// last is a network's last address.
func last(network netip.Prefix) netip.Addr {
	bytes := network.Masked().Addr().As4()
	for bit := network.Bits(); bit < 32; bit++ {
		bytes[bit/8] |= 0x80 >> (bit % 8)
	}
	return netip.AddrFrom4(bytes)
}

// interfaces are the network interfaces that were attached for a resource.
func (a *account) interfaces(name, owner string) []live.Interface {
	var found []live.Interface
	for _, one := range view.All[view.NetworkInterface](a.simulator, a.here()) {
		if one.Hidden.Owner != owner {
			continue
		}
		found = append(found, live.Interface{
			Name: fmt.Sprintf("%s at %s", name, one.PrivateIP), VPCID: one.Hidden.VPCID, Address: one.PrivateIP,
			SubnetID: one.SubnetID, SecurityGroupIDs: one.SecurityGroupIDs,
		})
	}
	return found
}

// canonical is a DNS name as the data path writes names: in lower case, without
// a trailing dot.
func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// endpointOf is a network interface as the simulator's security groups see it.
func endpointOf(one live.Interface) awssim.Endpoint {
	return awssim.Endpoint{Name: one.Name, SubnetID: one.SubnetID, Groups: one.SecurityGroupIDs, Address: one.Address}
}
