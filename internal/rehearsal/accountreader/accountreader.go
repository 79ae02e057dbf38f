// Package accountreader reads simulated accounts for the doctor, as AWS's calls would.
package accountreader

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/awssim/view"
	"github.com/portico-iac/portico/internal/doctor"
)

var _ doctor.Reader = (*account)(nil)

// Accounts are the readers of simulated accounts in a region.
func Accounts(simulator *awssim.Simulator, region string) doctor.Accounts {
	return func(id string) (doctor.Reader, error) {
		return &account{simulator: simulator, id: id, region: region}, nil
	}
}

// account is one simulated account in a region. It reads the accounts as they are
// at each question.
type account struct {
	simulator  *awssim.Simulator
	id, region string
}

func (a *account) here() awssim.Filter { return awssim.Filter{Account: a.id, Region: a.region} }

// resources are those of a type in the account.
func (a *account) resources(token string) []awssim.Resource {
	f := a.here()
	f.Type = token
	return a.simulator.Resources(f)
}

// find is the account's resource of an ID; nil: there is none.
func (a *account) find(token, id string) *awssim.Resource {
	for _, r := range a.resources(token) {
		if r.ID == id {
			return &r
		}
	}
	return nil
}

func (a *account) VPC(_ context.Context, id string) (*doctor.VPC, error) {
	for _, vpc := range view.All[view.VPC](a.simulator, a.here()) {
		if vpc.ID == id {
			return &doctor.VPC{ID: id, CIDRs: []netip.Prefix{vpc.CIDRBlock}}, nil
		}
	}
	return nil, nil
}

func (a *account) Zones(_ context.Context, vpcID string) ([]doctor.Zone, error) {
	var zones []doctor.Zone
	for _, zone := range view.All[view.HostedZone](a.simulator, awssim.Filter{}) {
		for _, vpc := range zone.VPCs {
			if vpc.VPCID == vpcID {
				zones = append(zones, doctor.Zone{ID: zone.ID, Name: view.CanonicalName(zone.Name), Account: zone.Account})
			}
		}
	}
	return zones, nil
}

func (a *account) ZonesNamed(_ context.Context, name string) ([]doctor.Zone, error) {
	var zones []doctor.Zone
	for _, zone := range view.All[view.HostedZone](a.simulator, awssim.Filter{Account: a.id}) {
		if len(zone.VPCs) > 0 && view.CanonicalName(zone.Name) == name {
			zones = append(zones, doctor.Zone{ID: zone.ID, Name: name, Account: a.id})
		}
	}
	return zones, nil
}

func (a *account) Records(_ context.Context, zoneID, name string) ([]doctor.Record, error) {
	var records []doctor.Record
	for _, described := range view.All[view.Record](a.simulator, awssim.Filter{Account: a.id}) {
		if described.HostedZoneID != zoneID || view.CanonicalName(described.FQDN) != name || !slices.Contains([]string{"A", "AAAA", "CNAME"}, described.Type) {
			continue
		}
		record := doctor.Record{Name: name, Type: described.Type, Values: described.Values}
		if len(described.Aliases) > 0 {
			record.AliasTarget = strings.TrimPrefix(view.CanonicalName(described.Aliases[0].Name), "dualstack.")
		}
		records = append(records, record)
	}
	return records, nil
}

func (a *account) Certificate(_ context.Context, arn string) (*doctor.Certificate, error) {
	for _, described := range view.All[view.Certificate](a.simulator, a.here()) {
		if described.ARN == arn {
			expires, _ := time.Parse(time.RFC3339, described.NotAfter) // those that Amazon issued have none here
			return &doctor.Certificate{ARN: arn, Names: described.Names(), Status: described.Status, NotAfter: expires}, nil
		}
	}
	return nil, nil
}

func (a *account) Endpoint(_ context.Context, id string) (*doctor.Endpoint, error) {
	for _, described := range view.All[view.VPCEndpoint](a.simulator, a.here()) {
		if described.ID != id {
			continue
		}
		endpoint := &doctor.Endpoint{
			ID: id, ServiceName: described.ServiceName, VPCID: described.VPCID, State: "available",
			Policy: described.Policy, SecurityGroupIDs: described.SecurityGroupIDs,
		}
		for _, entry := range described.DNSEntries {
			endpoint.DNSNames = append(endpoint.DNSNames, view.CanonicalName(entry.DNSName))
		}
		for _, one := range a.interfaces(id) {
			endpoint.Addresses = append(endpoint.Addresses, one.PrivateIP)
		}
		return endpoint, nil
	}
	return nil, nil
}

// interfaces are the network interfaces of a resource.
func (a *account) interfaces(owner string) []view.NetworkInterface {
	return slices.DeleteFunc(view.All[view.NetworkInterface](a.simulator, a.here()), func(one view.NetworkInterface) bool {
		return one.Hidden.Owner != owner
	})
}

func (a *account) SecurityGroups(_ context.Context, ids []string) (map[string]doctor.SecurityGroup, error) {
	groups := map[string]doctor.SecurityGroup{}
	for _, r := range a.resources(view.SecurityGroupType) {
		if !slices.Contains(ids, r.ID) {
			continue
		}
		group := doctor.SecurityGroup{ID: r.ID}
		for token, inline := range map[string]string{view.IngressRuleType: "ingress", view.EgressRuleType: "egress"} {
			egress := inline == "egress"
			for _, rule := range a.resources(token) {
				if p := rule.Properties; p.Text("securityGroupId") == r.ID {
					group.Rules = append(group.Rules, doctor.SecurityRule{
						Egress: egress, Protocol: p.Text("ipProtocol"), From: p.Number("fromPort"), To: p.Number("toPort"),
						CIDR: p.Text("cidrIpv4"), PrefixListID: p.Text("prefixListId"), GroupID: p.Text("referencedSecurityGroupId"),
					})
				}
			}
			for _, p := range r.Properties.Objects(inline) {
				rule := doctor.SecurityRule{Egress: egress, Protocol: p.Text("protocol"), From: p.Number("fromPort"), To: p.Number("toPort")}
				for _, rule.CIDR = range p.Texts("cidrBlocks") {
					group.Rules = append(group.Rules, rule)
				}
				rule.CIDR = ""
				for _, rule.GroupID = range p.Texts("securityGroups") {
					group.Rules = append(group.Rules, rule)
				}
				if p.Flag("self") {
					rule.GroupID = r.ID
					group.Rules = append(group.Rules, rule)
				}
			}
		}
		groups[r.ID] = group
	}
	return groups, nil
}
