package doctor

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// addr is an IP address.
type addr = netip.Addr

// end is one end of a connection.
type end struct {
	name      string
	groups    []string
	addresses []addr
}

// connections looks at the security groups of each connection from the clients to
// the endpoint.
func (w *walk) connections(balancer LoadBalancer, group TargetGroup, service *Service, targets []Target) {
	clients := end{name: "clients in the VPC", addresses: w.vpcAddresses()}
	front := end{name: "load balancer " + balancer.Name, groups: balancer.SecurityGroupIDs}
	w.lets(front, clients, httpsPort, false)
	endpoint, _ := w.readEndpoint()
	if service == nil {
		if endpoint != nil {
			w.connects(front, endEndpoint(endpoint), httpsPort)
		}
		return
	}
	tasks := end{name: "service " + service.Name, groups: service.SecurityGroupIDs}
	for _, target := range targets {
		if address, err := netip.ParseAddr(target.Address); err == nil {
			tasks.addresses = append(tasks.addresses, address)
		}
	}
	port := service.ContainerPort
	if port == 0 {
		port = group.Port
	}
	w.connects(front, tasks, port)
	if endpoint != nil {
		w.connects(tasks, endEndpoint(endpoint), httpsPort)
	}
}

func endEndpoint(endpoint *Endpoint) end {
	return end{name: "endpoint " + endpoint.ID, groups: endpoint.SecurityGroupIDs, addresses: endpoint.Addresses}
}

// vpcAddresses is an address of each range of the VPC; nil: unknown.
func (w *walk) vpcAddresses() []addr {
	id := w.environment.Shared.VPCID
	vpc, ok := ask(w, StepSecurityGroups, w.shared(), "vpc "+id, func(ctx context.Context, r Reader) (*VPC, error) { return r.VPC(ctx, id) })
	if !ok || vpc == nil {
		return nil
	}
	var addresses []addr
	for _, prefix := range vpc.CIDRs {
		addresses = append(addresses, prefix.Addr())
	}
	return addresses
}

// connects looks at both ends of a connection. Security groups are stateful: only
// the way there counts.
func (w *walk) connects(from, to end, port int) {
	w.lets(from, to, port, true)
	w.lets(to, from, port, false)
}

// lets looks for a rule of one end's own groups that lets the connection with a
// peer through. Without groups (a Network Load Balancer may have none) there is
// nothing to look at.
func (w *walk) lets(own, peer end, port int, egress bool) {
	if len(own.groups) == 0 {
		return
	}
	ids := slices.Sorted(slices.Values(own.groups))
	groups, ok := ask(w, StepSecurityGroups, w.shared(), "security groups "+strings.Join(ids, ","), func(ctx context.Context, r Reader) (map[string]SecurityGroup, error) {
		return r.SecurityGroups(ctx, ids)
	})
	if !ok {
		return
	}
	direction, toward := "ingress", "from"
	if egress {
		direction, toward = "egress", "to"
	}
	for _, id := range ids {
		group, exists := groups[id]
		if !exists {
			w.cause(StepSecurityGroups, w.shared(), id, "the security group of "+own.name+" doesn't exist", w.deployed())
			return
		}
		for _, rule := range group.Rules {
			if rule.Egress == egress && rule.covers(port) && rule.reaches(peer) {
				return
			}
		}
	}
	w.cause(StepSecurityGroups, w.shared(), strings.Join(ids, ", "),
		fmt.Sprintf("the security groups of %s have no %s rule for TCP port %d %s %s", own.name, direction, port, toward, peer.name), w.deployed())
}

func (r SecurityRule) covers(port int) bool {
	switch r.Protocol {
	case "-1":
		return true
	case "tcp", "6":
		return r.From <= port && port <= r.To
	}
	return false
}

// reaches reports whether the rule is about a peer. What a prefix list holds is not
// read, and where a peer's addresses are not known, neither is what a range covers:
// both count as about it.
func (r SecurityRule) reaches(peer end) bool {
	switch {
	case r.GroupID != "":
		return slices.Contains(peer.groups, r.GroupID)
	case r.PrefixListID != "", len(peer.addresses) == 0:
		return true
	}
	prefix, err := netip.ParsePrefix(r.CIDR)
	return err == nil && slices.ContainsFunc(peer.addresses, func(a addr) bool { return prefix.Contains(a) })
}
