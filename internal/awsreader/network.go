package awsreader

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/doctor"
)

func (a *account) VPC(ctx context.Context, id string) (*doctor.VPC, error) {
	var out struct {
		VPCs []struct {
			CIDR    string   `xml:"cidrBlock"`
			Further []string `xml:"cidrBlockAssociationSet>item>cidrBlock"`
		} `xml:"vpcSet>item"`
	}
	if err := a.ec2.call(ctx, "DescribeVpcs", url.Values{"VpcId.1": {id}}, &out); err != nil {
		return nil, a.failed("ec2:DescribeVpcs", err)
	}
	for _, described := range out.VPCs {
		vpc := &doctor.VPC{ID: id}
		blocks := append(described.Further, described.CIDR)
		slices.Sort(blocks)
		for _, block := range slices.Compact(blocks) {
			if prefix, err := netip.ParsePrefix(block); err == nil {
				vpc.CIDRs = append(vpc.CIDRs, prefix)
			}
		}
		return vpc, nil
	}
	return nil, nil
}

// filtered are the parameters that choose resources by the values of one filter,
// which finds those that exist.
func filtered(name string, values []string) url.Values {
	parameters := url.Values{"Filter.1.Name": {name}}
	for i, value := range values {
		parameters.Set(fmt.Sprintf("Filter.1.Value.%d", i+1), value)
	}
	return parameters
}

// permission is a permission of a security group as EC2 describes it.
type permission struct {
	Protocol string   `xml:"ipProtocol"`
	From     int      `xml:"fromPort"`
	To       int      `xml:"toPort"`
	CIDRs    []string `xml:"ipRanges>item>cidrIp"`
	Groups   []string `xml:"groups>item>groupId"`
	Lists    []string `xml:"prefixListIds>item>prefixListId"`
}

func (a *account) SecurityGroups(ctx context.Context, ids []string) (map[string]doctor.SecurityGroup, error) {
	groups := map[string]doctor.SecurityGroup{}
	parameters := filtered("group-id", ids)
	for {
		var out struct {
			Groups []struct {
				ID      string       `xml:"groupId"`
				Ingress []permission `xml:"ipPermissions>item"`
				Egress  []permission `xml:"ipPermissionsEgress>item"`
			} `xml:"securityGroupInfo>item"`
			Next string `xml:"nextToken"`
		}
		if err := a.ec2.call(ctx, "DescribeSecurityGroups", parameters, &out); err != nil {
			return nil, a.failed("ec2:DescribeSecurityGroups", err)
		}
		for _, described := range out.Groups {
			groups[described.ID] = doctor.SecurityGroup{ID: described.ID, Rules: append(rules(described.Ingress, false), rules(described.Egress, true)...)}
		}
		if out.Next == "" {
			return groups, nil
		}
		parameters.Set("NextToken", out.Next)
	}
}

// rules are permissions, one for each source or destination.
func rules(permissions []permission, egress bool) []doctor.SecurityRule {
	var all []doctor.SecurityRule
	for _, p := range permissions {
		for _, cidr := range p.CIDRs {
			all = append(all, doctor.SecurityRule{Egress: egress, Protocol: p.Protocol, From: p.From, To: p.To, CIDR: cidr})
		}
		for _, group := range p.Groups {
			all = append(all, doctor.SecurityRule{Egress: egress, Protocol: p.Protocol, From: p.From, To: p.To, GroupID: group})
		}
		for _, list := range p.Lists {
			all = append(all, doctor.SecurityRule{Egress: egress, Protocol: p.Protocol, From: p.From, To: p.To, PrefixListID: list})
		}
	}
	return all
}

func (a *account) Endpoint(ctx context.Context, id string) (*doctor.Endpoint, error) {
	var out struct {
		Endpoints []struct {
			ServiceName string   `xml:"serviceName"`
			VPCID       string   `xml:"vpcId"`
			State       string   `xml:"state"`
			Policy      string   `xml:"policyDocument"`
			Groups      []string `xml:"groupSet>item>groupId"`
			DNSNames    []string `xml:"dnsEntrySet>item>dnsName"`
			Interfaces  []string `xml:"networkInterfaceIdSet>item"`
		} `xml:"vpcEndpointSet>item"`
	}
	if err := a.ec2.call(ctx, "DescribeVpcEndpoints", url.Values{"VpcEndpointId.1": {id}}, &out); err != nil {
		return nil, a.failed("ec2:DescribeVpcEndpoints", err)
	}
	if len(out.Endpoints) == 0 {
		return nil, nil
	}
	described := out.Endpoints[0]
	endpoint := &doctor.Endpoint{
		ID: id, ServiceName: described.ServiceName, VPCID: described.VPCID, State: strings.ToLower(described.State), Policy: described.Policy,
		SecurityGroupIDs: described.Groups,
	}
	for _, name := range described.DNSNames {
		endpoint.DNSNames = append(endpoint.DNSNames, canonical(name))
	}
	if len(described.Interfaces) == 0 {
		return endpoint, nil
	}
	var err error
	endpoint.Addresses, err = a.addresses(ctx, described.Interfaces)
	return endpoint, err
}

// addresses are those of network interfaces: one for each zone of an endpoint, which
// fit one page.
func (a *account) addresses(ctx context.Context, interfaces []string) ([]netip.Addr, error) {
	var out struct {
		Addresses []string `xml:"networkInterfaceSet>item>privateIpAddress"`
	}
	if err := a.ec2.call(ctx, "DescribeNetworkInterfaces", filtered("network-interface-id", interfaces), &out); err != nil {
		return nil, a.failed("ec2:DescribeNetworkInterfaces", err)
	}
	var addresses []netip.Addr
	for _, text := range out.Addresses {
		if address, err := netip.ParseAddr(text); err == nil {
			addresses = append(addresses, address)
		}
	}
	return addresses, nil
}
