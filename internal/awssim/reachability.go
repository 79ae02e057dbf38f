package awssim

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Party is one end of a connection within a VPC.
type Party struct {
	Name     string // for messages: "task of service portico"
	SubnetID string
	Groups   []string   // security group IDs
	Address  netip.Addr // what rules by CIDR compare; the zero value matches none
	PublicIP bool
}

// Network judges connections in one account and region as it stands.
type Network struct {
	simulator       *Simulator
	account, region string
}

// Network is the network of an account and region. It sees changes that come
// after.
func (s *Simulator) Network(account, region string) *Network {
	return &Network{s, account, region}
}

// network judges with the simulator locked by the call already.
func (c *call) network() judge { return judge{c} }

// Admits tells whether a TCP connection passes the security groups of both
// ends, or else which hop stops it.
func (n *Network) Admits(from, to Party, port int) (err error) {
	n.simulator.look(n.account, n.region, func(c *call) { err = c.network().admits(from, to, port) })
	return err
}

// ReachesService tells whether a party reaches an AWS service by its usual
// name, such as "ecr.api", "ecr.dkr", "logs" or "s3": through an interface
// endpoint with private DNS, a gateway endpoint, or the internet.
func (n *Network) ReachesService(from Party, service string) (err error) {
	n.simulator.look(n.account, n.region, func(c *call) { err = c.network().reachesService(from, service) })
	return err
}

// judge is what Network does, within a call.
type judge struct{ c *call }

// admits is stateful, as security groups are: only the way there counts.
func (j judge) admits(from, to Party, port int) error {
	return errors.Join(j.lets(from, to, port, egressRuleType, "egress"), j.lets(to, from, port, ingressRuleType, "ingress"))
}

// lets tells whether one party's own groups let the connection with a peer
// through.
func (j judge) lets(own, peer Party, port int, token, direction string) error {
	for _, id := range own.Groups {
		group := j.c.find(securityGroupType, id)
		if group == nil {
			continue
		}
		for _, p := range j.c.permissions(group, token, direction) {
			if p.coversPort(port) && j.coversPeer(&p, group, peer) {
				return nil
			}
		}
	}
	return fmt.Errorf("security groups %s of %s have no %s rule for tcp/%d with %s (security groups %s, address %s)",
		orNone(own.Groups), own.Name, direction, port, peer.Name, orNone(peer.Groups), peer.Address)
}

func (j judge) coversPeer(p *permission, group *Resource, peer Party) bool {
	byGroup := slices.ContainsFunc(peer.Groups, func(id string) bool {
		return slices.Contains(p.groups, id) || (p.anybodyIn && id == group.ID)
	})
	return byGroup || (peer.Address.IsValid() && p.coversAddress(j.c.region, peer.Address))
}

func orNone(ids []string) string {
	if len(ids) == 0 {
		return "(none)"
	}
	return strings.Join(ids, ", ")
}

// reachesService follows the name of a service from a subnet: private DNS
// leads to an interface endpoint; without it, the service's public addresses
// need a gateway endpoint in the route table, or the internet.
func (j judge) reachesService(from Party, service string) error {
	subnet := j.c.find(subnetType, from.SubnetID)
	if subnet == nil {
		return fmt.Errorf("%s: no subnet %s", from.Name, from.SubnetID)
	}
	for _, endpoint := range j.c.all(vpcEndpointType) {
		p := endpoint.Properties
		if p.Text("vpcId") != subnet.Properties.Text("vpcId") || serviceOf(p.Text("serviceName"), j.c.region) != service {
			continue
		}
		if p.Text("vpcEndpointType") == "Interface" && p.Flag("privateDnsEnabled") && j.resolvesPrivately(p.Text("vpcId")) {
			return j.reachesEndpoint(from, endpoint, 443)
		}
		table := j.c.routeTableOf(subnet)
		if p.Text("vpcEndpointType") == "Gateway" && table != nil && slices.Contains(p.Texts("routeTableIds"), table.ID) {
			return j.lets(from, publicSide(service), 443, egressRuleType, "egress")
		}
	}
	return j.reachesInternet(from, subnet, service)
}

// resolvesPrivately tells whether a VPC's resolver answers with private names.
func (j judge) resolvesPrivately(vpc string) bool {
	p := j.c.find(vpcType, vpc).Properties
	return p.Flag("enableDnsSupport") && p.Flag("enableDnsHostnames")
}

// reachesEndpoint tells whether a party reaches every network interface of an
// interface endpoint: names resolve to all of them.
func (j judge) reachesEndpoint(from Party, endpoint *Resource, port int) error {
	interfaces := j.c.interfacesOf(endpoint.ID)
	if len(interfaces) == 0 {
		return fmt.Errorf("endpoint %s has no network interfaces: it names no subnets", endpoint.ID)
	}
	var refusals []error
	for _, r := range interfaces {
		to := Party{Name: "endpoint " + endpoint.ID, SubnetID: r.Properties.Text("subnetId"),
			Groups: endpoint.Properties.Texts("securityGroupIds"), Address: parseAddress(r.Properties.Text("privateIp"))}
		refusals = append(refusals, j.admits(from, to, port))
	}
	return errors.Join(refusals...)
}

func (j judge) reachesInternet(from Party, subnet *Resource, service string) error {
	table := j.c.routeTableOf(subnet)
	switch {
	case table == nil || !j.c.leadsToInternet(table):
		return fmt.Errorf("subnet %s does not reach %s: its VPC has no interface endpoint for it with private DNS, "+
			"no gateway endpoint in the subnet's route table, and no route to the internet", subnet.ID, service)
	case !from.PublicIP:
		return fmt.Errorf("%s does not reach %s: subnet %s routes to an internet gateway, but it has no public address", from.Name, service, subnet.ID)
	}
	return j.lets(from, publicSide(service), 443, egressRuleType, "egress")
}

// publicSide stands for a service's public addresses.
func publicSide(service string) Party {
	address := netip.MustParseAddr("203.0.113.1")
	if slices.Contains(gatewayServices, service) {
		address = netip.MustParsePrefix(prefixListNetworks(service)[0]).Addr().Next()
	}
	return Party{Name: "service " + service, Address: address}
}
