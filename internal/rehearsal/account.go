package rehearsal

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/rehearsal/live"
)

// account reads one simulated account in one region. The types are named as
// Pulumi names them, since that is how the simulator keeps them.
type account struct {
	simulator  *awssim.Simulator
	id, region string
	// taken are the addresses in use.
	taken map[netip.Addr]bool
}

const networkInterfaceType = "aws:ec2/networkInterface:NetworkInterface"

func openAccount(simulator *awssim.Simulator, id, region string) *account {
	a := &account{simulator: simulator, id: id, region: region, taken: make(map[netip.Addr]bool)}
	for _, one := range a.all(networkInterfaceType) {
		if address, err := netip.ParseAddr(one.Properties.Text("privateIp")); err == nil {
			a.taken[address] = true
		}
	}
	return a
}

// all are the account's resources of a type in the region.
func (a *account) all(token string) []awssim.Resource {
	return a.simulator.Resources(awssim.Filter{Account: a.id, Region: a.region, Type: token})
}

// byARN finds a resource of a type by its ARN.
func (a *account) byARN(token, arn string) (awssim.Resource, error) {
	for _, r := range a.all(token) {
		if r.ARN == arn || r.Properties.Text("arn") == arn {
			return r, nil
		}
	}
	return awssim.Resource{}, fmt.Errorf("find %s: account %s has no %s of that ARN", arn, a.id, token)
}

// subnet is a subnet's network and its VPC.
func (a *account) subnet(id string) (network netip.Prefix, vpcID string, err error) {
	for _, r := range a.all("aws:ec2/subnet:Subnet") {
		if r.ID != id {
			continue
		}
		network, err := netip.ParsePrefix(r.Properties.Text("cidrBlock"))
		if err != nil {
			return netip.Prefix{}, "", fmt.Errorf("read subnet %s: %w", id, err)
		}
		return network, r.Properties.Text("vpcId"), nil
	}
	return netip.Prefix{}, "", fmt.Errorf("find subnet %s: account %s has none of that ID", id, a.id)
}

// bystander is a workload's network interface in a subnet, with the VPC's
// default security group. It has the highest free address: AWS and programs
// that choose addresses count from below.
func (a *account) bystander(subnetID string) (live.Interface, error) {
	network, vpcID, err := a.subnet(subnetID)
	if err != nil {
		return live.Interface{}, err
	}
	var groups []string
	for _, r := range a.all("aws:ec2/vpc:Vpc") {
		if id := r.Properties.Text("defaultSecurityGroupId"); r.ID == vpcID && id != "" {
			groups = append(groups, id)
		}
	}
	for address := last(network).Prev(); network.Contains(address); address = address.Prev() {
		if !a.taken[address] {
			return live.Interface{Name: "a workload of the VPC", VPCID: vpcID, Address: address, SubnetID: subnetID, SecurityGroupIDs: groups}, nil
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
func (a *account) interfaces(name, owner string) ([]live.Interface, error) {
	var found []live.Interface
	for _, r := range a.all(networkInterfaceType) {
		if r.Hidden.Text("owner") != owner {
			continue
		}
		address, err := netip.ParseAddr(r.Properties.Text("privateIp"))
		if err != nil {
			return nil, fmt.Errorf("read network interface %s: %w", r.ID, err)
		}
		found = append(found, live.Interface{
			Name: fmt.Sprintf("%s at %s", name, address), VPCID: r.Hidden.Text("vpcId"), Address: address,
			SubnetID: r.Properties.Text("subnetId"), SecurityGroupIDs: r.Properties.Texts("securityGroups"),
		})
	}
	return found, nil
}

// canonical is a DNS name as the data path writes names: in lower case, without
// a trailing dot.
func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// party is a network interface as the simulator's security groups judge it.
func party(one live.Interface) awssim.Party {
	return awssim.Party{Name: one.Name, SubnetID: one.SubnetID, Groups: one.SecurityGroupIDs, Address: one.Address}
}
