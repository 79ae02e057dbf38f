package reachability

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/awssim/ec2"
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// Endpoint is one end of a connection within a VPC.
type Endpoint struct {
	Name     string // for messages: "task of service portico"
	SubnetID string
	Groups   []string   // security group IDs
	Address  netip.Addr // what rules by CIDR compare; the zero value matches none
	PublicIP bool
}

// Network checks connections in one account and region as it is now.
type Network struct {
	simulator       *engine.Simulator
	account, region string
}

// NetworkOf is the network of an account and region. It sees changes that come
// after.
func NetworkOf(s *engine.Simulator, account, region string) *Network {
	return &Network{s, account, region}
}

// Of is the reachability within a call, which has locked the simulator already.
func Of(op *engine.Op) Reachability { return Reachability{op} }

// Admits returns nil if a TCP connection passes the security groups of both
// ends, or else an error that names the hop that stops it.
func (n *Network) Admits(from, to Endpoint, port int) (err error) {
	n.simulator.Look(n.account, n.region, func(op *engine.Op) { err = Of(op).admits(from, to, port) })
	return err
}

// ReachesService returns nil if an endpoint reaches an AWS service by its usual
// name, such as "ecr.api", "ecr.dkr", "logs" or "s3": through an interface
// endpoint with private DNS, a gateway endpoint, or the internet.
func (n *Network) ReachesService(from Endpoint, service string) (err error) {
	n.simulator.Look(n.account, n.region, func(op *engine.Op) { err = Of(op).ReachesService(from, service) })
	return err
}

// Reachability is what Network does, within a call.
type Reachability struct{ c *engine.Op }

// admits is stateful, as security groups are: only the way there counts.
func (j Reachability) admits(from, to Endpoint, port int) error {
	return errors.Join(j.lets(from, to, port, view.EgressRuleType, "egress"), j.lets(to, from, port, view.IngressRuleType, "ingress"))
}

// lets returns nil if one endpoint's own groups let the connection with a peer
// through.
func (j Reachability) lets(own, peer Endpoint, port int, token, direction string) error {
	for _, id := range own.Groups {
		group := j.c.Elsewhere(view.SecurityGroupType, id) // of any account in a shared VPC
		if group == nil {
			continue
		}
		for _, p := range ec2.Permissions(j.c.In(group.Account, j.c.Region), group, token, direction) {
			if p.CoversPort(port) && j.coversPeer(&p, group, peer) {
				return nil
			}
		}
	}
	return fmt.Errorf("security groups %s of %s have no %s rule for tcp/%d with %s (security groups %s, address %s)",
		orNone(own.Groups), own.Name, direction, port, peer.Name, orNone(peer.Groups), peer.Address)
}

func (j Reachability) coversPeer(p *ec2.Permission, group *engine.Resource, peer Endpoint) bool {
	byGroup := slices.ContainsFunc(peer.Groups, func(id string) bool {
		return slices.Contains(p.Groups, id) || (p.AnybodyIn && id == group.ID)
	})
	return byGroup || (peer.Address.IsValid() && p.CoversAddress(j.c.Region, peer.Address))
}

func orNone(ids []string) string {
	if len(ids) == 0 {
		return "(none)"
	}
	return strings.Join(ids, ", ")
}

// ReachesService follows the name of a service from a subnet: private DNS
// leads to an interface endpoint; without it, the service's public addresses
// need a gateway endpoint in the route table, or the internet.
func (j Reachability) ReachesService(from Endpoint, service string) error {
	subnet := j.c.See(view.SubnetType, from.SubnetID)
	if subnet == nil {
		return fmt.Errorf("%s: no subnet %s", from.Name, from.SubnetID)
	}
	for _, endpoint := range j.c.In(subnet.Account, j.c.Region).All(view.VPCEndpointType) {
		p := endpoint.Properties
		if p.Text("vpcId") != subnet.Properties.Text("vpcId") || ec2.ServiceOf(p.Text("serviceName"), j.c.Region) != service {
			continue
		}
		if p.Text("vpcEndpointType") == "Interface" && p.Flag("privateDnsEnabled") && j.resolvesPrivately(p.Text("vpcId")) {
			return j.ReachesEndpoint(from, endpoint, 443)
		}
		table := ec2.RouteTableOf(j.c, subnet)
		if p.Text("vpcEndpointType") == "Gateway" && table != nil && slices.Contains(p.Texts("routeTableIds"), table.ID) {
			return j.lets(from, publicSide(service), 443, view.EgressRuleType, "egress")
		}
	}
	return j.reachesInternet(from, subnet, service)
}

// resolvesPrivately reports whether a VPC's resolver answers with private names.
func (j Reachability) resolvesPrivately(vpc string) bool {
	p := j.c.See(view.VPCType, vpc).Properties
	return p.Flag("enableDnsSupport") && p.Flag("enableDnsHostnames")
}

// ReachesEndpoint returns nil if a client reaches every network interface of an
// interface endpoint: names resolve to all of them.
func (j Reachability) ReachesEndpoint(from Endpoint, endpoint *engine.Resource, port int) error {
	interfaces := ec2.InterfacesOf(j.c.In(endpoint.Account, j.c.Region), endpoint.ID)
	if len(interfaces) == 0 {
		return fmt.Errorf("endpoint %s has no network interfaces: it names no subnets", endpoint.ID)
	}
	var refusals []error
	for _, r := range interfaces {
		to := Endpoint{Name: "endpoint " + endpoint.ID, SubnetID: r.Properties.Text("subnetId"),
			Groups: endpoint.Properties.Texts("securityGroupIds"), Address: ec2.ParseAddress(r.Properties.Text("privateIp"))}
		refusals = append(refusals, j.admits(from, to, port))
	}
	return errors.Join(refusals...)
}

func (j Reachability) reachesInternet(from Endpoint, subnet *engine.Resource, service string) error {
	table := ec2.RouteTableOf(j.c, subnet)
	switch {
	case table == nil || !ec2.LeadsToInternet(j.c, table):
		return fmt.Errorf("subnet %s does not reach %s: its VPC has no interface endpoint for it with private DNS, "+
			"no gateway endpoint in the subnet's route table, and no route to the internet", subnet.ID, service)
	case !from.PublicIP:
		return fmt.Errorf("%s does not reach %s: subnet %s routes to an internet gateway, but it has no public address", from.Name, service, subnet.ID)
	}
	return j.lets(from, publicSide(service), 443, view.EgressRuleType, "egress")
}

// publicSide is a service's public addresses as one endpoint.
func publicSide(service string) Endpoint {
	address := netip.MustParseAddr("203.0.113.1")
	if slices.Contains(ec2.GatewayServices, service) {
		address = netip.MustParsePrefix(ec2.PrefixListNetworks(service)[0]).Addr().Next()
	}
	return Endpoint{Name: "service " + service, Address: address}
}
