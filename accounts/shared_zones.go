package accounts

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/aws"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// checkExistingZones reports existing zones that no custom domain is in. A
// custom domain counts also if it has no record yet.
func checkExistingZones(c settings.DNS, rows *mapping.Mapping) error {
	used := map[string]bool{}
	for _, row := range rows.Rows {
		nearest := ""
		for _, existing := range c.Existing {
			host := string(row.Host)
			if covers := host == existing.Name || strings.HasSuffix(host, "."+existing.Name); covers && len(existing.Name) > len(nearest) {
				nearest = existing.Name
			}
		}
		used[nearest] = used[nearest] || !row.Retired
	}
	var wrong []error
	for i, existing := range c.Existing {
		if !used[existing.Name] {
			wrong = append(wrong, fmt.Errorf("use zone %s (portico:dns.existing[%d]): no custom domain of %s is in it: correct its name, or take it out",
				existing.Name, i, rows.Source))
		}
	}
	return errors.Join(wrong...)
}

// zones creates the private hosted zones with the alias records of the front doors.
func (s *sharedStack) zones(network *components.Network, deployed *deployedFrontDoors) (*components.Zones, error) {
	associations, err := s.associations()
	if err != nil {
		return nil, err
	}
	var zones []components.HostedZone
	for _, zone := range s.topology.Zones {
		hosted := components.HostedZone{Name: string(zone.Name)}
		for _, record := range zone.Records {
			moves := s.topology.Plan[record.Name].Pending == outputs.PendingClients
			hosted.Records = append(hosted.Records, deployed.alias(record, moves))
		}
		for _, host := range zone.Hosts {
			hosted.Hosts = append(hosted.Hosts, string(host))
		}
		if err := s.useExisting(&hosted); err != nil {
			return nil, err
		}
		zones = append(zones, hosted)
	}
	return components.NewZones(s.ctx, s.prefix, &components.ZonesArgs{
		Zones:         zones,
		VPCID:         network.VPCID,
		ExistingVPCID: s.config.Network.VPCID,
		Region:        s.config.AWS.Region,
		Associations:  associations,
		ProfileID:     s.config.DNS.ProfileID,
		PublicZones:   s.publicZones,
		OnHiddenNames: s.warnOfHiddenNames,
		Tags:          s.tags,
	}, s.providers)
}

// useExisting says which zone that exists a zone is; none: it is created.
func (s *sharedStack) useExisting(zone *components.HostedZone) error {
	at := s.existingZone(mapping.Zone(zone.Name))
	if at < 0 {
		return nil
	}
	existing := s.config.DNS.Existing[at]
	zone.ID, zone.Associate = existing.ID, existing.Associate || s.config.Network.Creates()
	var err error
	zone.Owner, err = s.account(existing.RoleARN, s.config.AWS.Region)
	return err
}

// existingZones are the private hosted zones that exist and get records.
func (s *sharedStack) existingZones() ([]components.HostedZone, error) {
	var zones []components.HostedZone
	for _, derived := range s.topology.Zones {
		zone := components.HostedZone{Name: string(derived.Name)}
		if err := s.useExisting(&zone); err != nil {
			return nil, err
		}
		if zone.ID != "" {
			zones = append(zones, zone)
		}
	}
	return zones, nil
}

// alias is the alias record of a custom domain at its front door. A name moves to
// the proxy only after the proxy's update, which may be part of this run.
func (d *deployedFrontDoors) alias(record topology.Record, moves bool) components.AliasRecord {
	alias := components.AliasRecord{Name: string(record.Name)}
	if record.FrontDoor == mapping.FrontDoorNative {
		alias.Target = components.AliasTarget{DNSName: d.native.DNSName, HostedZoneID: d.native.HostedZoneID}
		alias.DependsOn = []pulumi.Resource{d.associations.ByHost[alias.Name]}
		return alias
	}
	balancer := d.balancers[record.LoadBalancer]
	alias.Target = components.AliasTarget{DNSName: balancer.DNSName, HostedZoneID: balancer.HostedZoneID}
	if record.FrontDoor == mapping.FrontDoorALB {
		alias.DependsOn = d.albRoutings[record.LoadBalancer].Resources()
	}
	if record.FrontDoor == mapping.FrontDoorNGINX && moves {
		alias.DependsOn = d.proxy.Resources()
	}
	return alias
}

// warnOfHiddenNames logs which public names clients in the VPC lose to a new zone.
func (s *sharedStack) warnOfHiddenNames(hidden components.HiddenNames) error {
	return s.ctx.Log.Warn(hidden.String()+": to leave them public, set "+
		"portico:dns: {scope: host}, which makes a zone for each custom domain alone, or copy them into the private zone", nil)
}

// associations are the other VPCs, each with its account.
func (s *sharedStack) associations() ([]components.VPCAssociation, error) {
	var all []components.VPCAssociation
	for _, config := range s.config.DNS.Associations {
		association := components.VPCAssociation{VPCID: config.VPCID, Region: cmp.Or(config.Region, s.config.AWS.Region)}
		owner, err := s.account(config.RoleARN, association.Region)
		if err != nil {
			return nil, err
		}
		if association.Owner = owner; config.AccountID != "" && config.AccountID != s.config.AWS.AccountID {
			association.Owner = &components.Account{ID: config.AccountID}
		}
		all = append(all, association)
	}
	return all, nil
}

// account is the account of a role; nil if it is the stack's own.
func (s *sharedStack) account(roleARN, region string) (*components.Account, error) {
	role, err := aws.ParseRoleARN(roleARN)
	if err != nil || role.AccountID == s.config.AWS.AccountID {
		return nil, nil
	}
	awsProvider, err := s.awsProviderOf(roleARN, region)
	if err != nil {
		return nil, err
	}
	return &components.Account{ID: role.AccountID, Provider: awsProvider}, nil
}
