package components

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
)

// UsedEndpoint is an interface endpoint that exists and is to be used.
type UsedEndpoint struct {
	// Key tells the endpoint from the others in [Findings.EndpointIDs]. Required.
	Key string
	// Service is the endpoint's service, such as "execute-api" or "logs". Required.
	Service string
	// Source says which endpoint it is. Required.
	Source EndpointSource
	// Clients are what reaches the service through it. Required.
	Clients Callers
	// Alone reports that an endpoint of execute-api may admit Clients alone.
	// Default: false.
	Alone bool
	// ClientGroupID is the security group of the clients. Default: it is made by this
	// installation, and has no rule of the endpoint's owner yet.
	ClientGroupID string
	// ClientGroupExists reports that this installation has made the security group of
	// the clients, so that rules which admit it may be there. Default: false.
	ClientGroupExists bool
}

// checkEndpoints looks at the endpoints that are to be used: whether they are there,
// serve, and admit their clients.
func (c *vpcCheck) checkEndpoints() {
	for _, used := range c.args.UsedEndpoints {
		found, err := lookUpEndpoint(c.ctx, c.option, used.Source, c.args.Region, c.args.VPCID, used.Service)
		if err == nil {
			err = errors.Join(checkPrivateDNSOn(found, used.Service), checkConnects(found, used.Service))
		}
		if isDenied(err) {
			c.notAsked("ec2:DescribeVpcEndpoints", fmt.Sprintf("whether the %s endpoint serves that %s use", used.Service, used.Clients), err)
			continue
		}
		if found != nil {
			c.EndpointIDs[used.Key] = found.Id
		}
		switch {
		case err != nil:
			c.Errors = append(c.Errors, err)
		case used.Alone && used.Clients == ProxyTasks:
			c.checkAlone(tasksAlone(found.SecurityGroupIds, nil, used.ClientGroupID), used.Clients)
		case used.Alone:
			c.checkAlone(loadBalancerAlone(found.SecurityGroupIds, nil, used.ClientGroupID), used.Clients)
		case slices.Contains(interfaceServices, used.Service):
			c.checkAdmits(found, used)
		}
	}
	for _, group := range c.args.ExistingGroups {
		c.checkAlone(group.check(), group.Callers)
	}
}

// checkConnects reports an endpoint of execute-api that requests can't be sent to.
func checkConnects(found *ec2.LookupVpcEndpointResult, service string) error {
	if service != "execute-api" || len(found.DnsEntries) > 0 && len(found.NetworkInterfaceIds) > 0 {
		return nil
	}
	return &ExistingResourceError{Kind: "execute-api endpoint", ID: found.Id,
		Problem: fmt.Sprintf("it has no DNS name or no network interface (state %s)", found.State), Fix: "wait until it is available, or name another one"}
}

// checkPrivateDNSOn reports an endpoint whose service is reached by its default name,
// which leads to the endpoint by private DNS alone.
func checkPrivateDNSOn(found *ec2.LookupVpcEndpointResult, service string) error {
	if found.PrivateDnsEnabled || !slices.Contains(interfaceServices, service) {
		return nil
	}
	return &ExistingResourceError{Kind: "endpoint", ID: found.Id, Purpose: service,
		Problem: "its private DNS is off, so tasks would not find it", Fix: "enable private DNS on it"}
}

// checkAdmits refuses an endpoint whose security groups keep clients out: requests
// would get no answer, and tasks would not start. A prefix list may admit them.
func (c *vpcCheck) checkAdmits(endpoint *ec2.LookupVpcEndpointResult, used UsedEndpoint) {
	all, err := callerCheck{purpose: theEndpoint, port: 443, groups: endpoint.SecurityGroupIds}.callers(c.ctx, c.option)
	if err != nil {
		c.notAsked("ec2:DescribeSecurityGroupRules", fmt.Sprintf("whether endpoint %s of %s admits %s", endpoint.Id, used.Service, used.Clients), err)
		return
	}
	var ranges []netip.Prefix
	var rules []string
	for _, rule := range all {
		switch prefix, err := netip.ParsePrefix(rule.source); {
		case err == nil:
			ranges = append(ranges, prefix)
		case !rule.isGroup, rule.source == used.ClientGroupID, used.ClientGroupExists:
			return
		}
		rules = append(rules, fmt.Sprintf("%s (rule %s of %s)", rule.source, rule.rule, rule.group))
	}
	var outside []string
	for _, subnet := range c.subnets {
		if !within(subnet.CidrBlock, ranges) {
			outside = append(outside, fmt.Sprintf("%s (%s)", subnet.Id, subnet.CidrBlock))
		}
	}
	if len(outside) == 0 {
		return
	}
	admitted := "nothing"
	if len(rules) > 0 {
		admitted = strings.Join(rules, ", ")
	}
	groups := strings.Join(endpoint.SecurityGroupIds, ", ")
	c.refuse("endpoint", endpoint.Id, used.Service, fmt.Sprintf("its security groups, %s, admit %s to port 443, and not %s in %s", groups, admitted, used.Clients, strings.Join(outside, ", ")),
		"add an ingress rule for TCP 443 from these ranges to "+endpoint.SecurityGroupIds[0])
}

// within reports whether one of the ranges holds a subnet's.
func within(subnet string, ranges []netip.Prefix) bool {
	own, err := netip.ParsePrefix(subnet)
	return err != nil || slices.ContainsFunc(ranges, func(r netip.Prefix) bool {
		return r.Bits() <= own.Bits() && r.Contains(own.Addr())
	})
}
