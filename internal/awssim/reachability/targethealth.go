package reachability

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/portico-iac/portico/internal/awssim/ec2"
	"github.com/portico-iac/portico/internal/awssim/elbv2"
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// TargetHealth is what a load balancer's health checks find out of a target that
// was registered by hand.
type TargetHealth struct {
	TargetGroupARN  string
	LoadBalancerARN string // "" when no load balancer forwards to the group
	Address         netip.Addr
	Port            int

	// VPCEndpointID is the endpoint whose address it is, or "".
	VPCEndpointID string

	// Unhealthy is why the target gets no requests; "" if it does.
	Unhealthy string
}

// TargetHealthOf is the health of all targets that were registered by hand in an
// account and region, by target group, address and port. Targets of the same
// group are one each, however often they were registered.
//
// A target is healthy if every node of the load balancer may connect to it by
// the security groups of both, and it answers: of what has no task, that is known
// of execute-api endpoints only, which speak TLS on port 443 and answer 403 to a
// request whose Host they don't know, as that of a health check is.
func TargetHealthOf(s *engine.Simulator, account, region string) []TargetHealth {
	var all []TargetHealth
	s.Look(account, region, func(op *engine.Op) { all = targetHealth(op) })
	return all
}

func targetHealth(op *engine.Op) []TargetHealth {
	var all []TargetHealth
	seen := map[elbv2.Target]bool{}
	for _, attachment := range op.All(view.TargetAttachmentType) {
		t := elbv2.TargetOf(op, attachment.Properties)
		if !seen[t] {
			seen[t] = true
			all = append(all, healthOf(op, t))
		}
	}
	slices.SortFunc(all, func(a, b TargetHealth) int {
		if order := strings.Compare(a.TargetGroupARN, b.TargetGroupARN); order != 0 {
			return order
		}
		return netip.AddrPortFrom(a.Address, uint16(a.Port)).Compare(netip.AddrPortFrom(b.Address, uint16(b.Port)))
	})
	return all
}

func healthOf(op *engine.Op, t elbv2.Target) TargetHealth {
	health := TargetHealth{TargetGroupARN: t.Group, Address: ec2.ParseAddress(t.ID), Port: t.Port}
	group := op.FindBy(view.TargetGroupType, "arn", t.Group)
	listeners := elbv2.ListenersOf(op, t.Group)
	if len(listeners) == 0 {
		health.Unhealthy = "Target.NotInUse: the target group is not configured to receive traffic from a load balancer"
		return health
	}
	health.LoadBalancerARN = listeners[0].Properties.Text("loadBalancerArn")
	owner := interfaceAt(op, health.Address, group.Properties.Text("vpcId"))
	if owner == nil {
		health.Unhealthy = fmt.Sprintf("Target.Timeout: no network interface of VPC %s has the address %s", group.Properties.Text("vpcId"), health.Address)
		return health
	}
	if endpoint := op.In(owner.Account, op.Region).Find(view.VPCEndpointType, owner.Hidden.Text("owner")); endpoint != nil {
		health.VPCEndpointID = endpoint.ID
		health.Unhealthy = endpointFails(op, endpoint, group.Properties, t.Port)
	}
	if health.Unhealthy == "" {
		health.Unhealthy = nodesFail(op, health.LoadBalancerARN, owner, t.Port)
	}
	return health
}

// interfaceAt is the network interface that has an address of a VPC, or nil.
func interfaceAt(op *engine.Op, address netip.Addr, vpc string) *engine.Resource {
	for _, r := range op.Everywhere(view.NetworkInterfaceType) {
		if r.Hidden.Text("vpcId") == vpc && ec2.ParseAddress(r.Properties.Text("privateIp")) == address {
			return r
		}
	}
	return nil
}

// endpointFails tells why an endpoint doesn't pass a group's health checks.
func endpointFails(op *engine.Op, endpoint *engine.Resource, group engine.Object, port int) string {
	check := group.Object("healthCheck")
	checked := port
	if own, err := strconv.Atoi(check.Text("port")); err == nil {
		checked = own
	}
	switch {
	case ec2.ServiceOf(endpoint.Properties.Text("serviceName"), op.Region) != "execute-api":
		return fmt.Sprintf("Target.FailedHealthChecks: what endpoint %s answers is not simulated: it is none of execute-api", endpoint.ID)
	case port != 443 || checked != 443:
		return fmt.Sprintf("Target.Timeout: endpoint %s listens on port 443; traffic goes to %d, health checks to %d", endpoint.ID, port, checked)
	case group.Text("protocol") == "HTTP" || check.Text("protocol") == "HTTP":
		return fmt.Sprintf("Target.FailedHealthChecks: endpoint %s speaks TLS; the target group speaks %s, its health check %s",
			endpoint.ID, group.Text("protocol"), check.Text("protocol"))
	case check.Text("protocol") == "HTTPS" && !matcherTakes(check.Text("matcher"), 403):
		return "Target.ResponseCodeMismatch: Health checks failed with these codes: [403]"
	}
	return ""
}

// matcherTakes reports whether codes such as "200,403" or "200-299" hold one. An
// Application Load Balancer wants 200 unless told otherwise.
func matcherTakes(matcher string, code int) bool {
	if matcher == "" {
		matcher = "200"
	}
	for part := range strings.SplitSeq(matcher, ",") {
		low, high, isRange := strings.Cut(part, "-")
		if !isRange {
			high = low
		}
		first, errFirst := strconv.Atoi(low)
		last, errLast := strconv.Atoi(high)
		if errFirst == nil && errLast == nil && first <= code && code <= last {
			return true
		}
	}
	return false
}

// nodesFail tells why nodes of a load balancer can't connect to an interface.
func nodesFail(op *engine.Op, loadBalancer string, owner *engine.Resource, port int) string {
	to := Endpoint{Name: owner.Properties.Text("description"), SubnetID: owner.Properties.Text("subnetId"),
		Groups: owner.Properties.Texts("securityGroups"), Address: ec2.ParseAddress(owner.Properties.Text("privateIp"))}
	var reasons []string
	for _, err := range NodesReach(op, loadBalancer, to, []int{port}) {
		reasons = append(reasons, err.Error())
	}
	if len(reasons) == 0 {
		return ""
	}
	return "Target.Timeout: " + strings.Join(reasons, "; ")
}

// NodesReach is what keeps a load balancer's nodes from a target.
func NodesReach(op *engine.Op, loadBalancer string, target Endpoint, ports []int) []error {
	balancer := op.FindBy(view.LoadBalancerType, "arn", loadBalancer)
	if balancer == nil {
		return nil
	}
	var found []error
	for _, r := range ec2.InterfacesOf(op, balancer.ID) {
		from := Endpoint{Name: "load balancer " + balancer.Properties.Text("name"), SubnetID: r.Properties.Text("subnetId"),
			Groups: balancer.Properties.Texts("securityGroups"), Address: ec2.ParseAddress(r.Properties.Text("privateIp"))}
		for _, port := range ports {
			err := Of(op).admits(from, target, port)
			if len(from.Groups) == 0 { // a Network Load Balancer without security groups sends what it likes
				err = Of(op).lets(target, from, port, view.IngressRuleType, "ingress")
			}
			if err != nil {
				found = append(found, err)
			}
		}
	}
	return found
}
