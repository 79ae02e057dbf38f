package rehearsal

import (
	"encoding/json"
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
	// taken are the addresses in use, so that what has none is given a free one.
	taken map[netip.Addr]bool
}

func openAccount(simulator *awssim.Simulator, id, region string) *account {
	a := &account{simulator: simulator, id: id, region: region, taken: make(map[netip.Addr]bool)}
	for _, one := range a.all("aws:ec2/networkInterface:NetworkInterface") {
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

// global are the account's resources of a type that belongs to no region.
func (a *account) global(token string) []awssim.Resource {
	return a.simulator.Resources(awssim.Filter{Account: a.id, Type: token})
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

// attach makes a network interface in a subnet for what the simulated service
// gave none: load balancers' and tasks' interfaces come and go with them. The
// address is the highest that is free, since AWS keeps the first and fixed ones
// are usually low.
func (a *account) attach(name, subnetID string, groups []string) (live.Interface, error) {
	network, _, err := a.subnet(subnetID)
	if err != nil {
		return live.Interface{}, fmt.Errorf("attach %s: %w", name, err)
	}
	for address := last(network).Prev(); network.Contains(address); address = address.Prev() {
		if a.taken[address] {
			continue
		}
		a.taken[address] = true
		return live.Interface{Name: name, Address: address, SubnetID: subnetID, SecurityGroupIDs: groups}, nil
	}
	return live.Interface{}, fmt.Errorf("attach %s: subnet %s has no free address", name, subnetID)
}

// bystander is a workload's network interface in a subnet, with the VPC's
// default security group.
func (a *account) bystander(subnetID string) (live.Interface, error) {
	_, vpcID, err := a.subnet(subnetID)
	if err != nil {
		return live.Interface{}, err
	}
	var groups []string
	for _, r := range a.all("aws:ec2/vpc:Vpc") {
		if r.ID == vpcID && r.Properties.Text("defaultSecurityGroupId") != "" {
			groups = []string{r.Properties.Text("defaultSecurityGroupId")}
		}
	}
	return a.attach("a workload of the VPC", subnetID, groups)
}

// last is a network's last address.
func last(network netip.Prefix) netip.Addr {
	bytes := network.Masked().Addr().As4()
	for bit := network.Bits(); bit < 32; bit++ {
		bytes[bit/8] |= 0x80 >> (bit % 8)
	}
	return netip.AddrFrom4(bytes)
}

// interfaces are the network interfaces that a resource's IDs name.
func (a *account) interfaces(name string, ids, groups []string) ([]live.Interface, error) {
	var found []live.Interface
	for _, r := range a.all("aws:ec2/networkInterface:NetworkInterface") {
		for _, id := range ids {
			if r.ID != id {
				continue
			}
			address, err := netip.ParseAddr(r.Properties.Text("privateIp"))
			if err != nil {
				return nil, fmt.Errorf("read network interface %s: %w", id, err)
			}
			found = append(found, live.Interface{
				Name: fmt.Sprintf("%s at %s", name, address), Address: address,
				SubnetID: r.Properties.Text("subnetId"), SecurityGroupIDs: groups,
			})
		}
	}
	return found, nil
}

// decode reads a property that is a JSON document.
func decode(r awssim.Resource, property string, into any) error {
	if err := json.Unmarshal([]byte(r.Properties.Text(property)), into); err != nil {
		return fmt.Errorf("read %s of %s: %w", property, r.ID, err)
	}
	return nil
}

// canonical is a DNS name as the data path writes names: in lower case, without
// a trailing dot.
func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// party is a network interface as the simulator's security groups judge it.
func party(one live.Interface) awssim.Party {
	return awssim.Party{Name: one.Name, SubnetID: one.SubnetID, Groups: one.SecurityGroupIDs, Address: one.Address}
}
