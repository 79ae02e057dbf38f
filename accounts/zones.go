package accounts

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// scopeHost asks for one private hosted zone per custom domain.
const scopeHost = "host"

var (
	hostedZonePattern = regexp.MustCompile(`^Z[A-Z0-9]{1,31}$`)
	profilePattern    = regexp.MustCompile(`^rp-[a-z0-9]{1,61}$`)
)

func (c dnsConfig) check(m *mistakes, vpcsPerZone int) {
	oneOf(m, "dns.records", c.Records, "", "wildcard", "host")
	oneOf(m, "dns.scope", c.Scope, "", "parent", scopeHost)
	m.check(c.ProfileID == "" || profilePattern.MatchString(c.ProfileID), "dns.profileId",
		strconv.Quote(c.ProfileID)+" is not a Route 53 Profile's ID", "write rp- and what follows it")
	for i, zone := range c.Existing {
		key := fmt.Sprintf("dns.existing[%d]", i)
		m.check(domainPattern.MatchString(zone.Name), key+".name", quotedOrUnset(zone.Name, "is not a domain"),
			"write the private hosted zone's name, in lower case")
		m.check(hostedZonePattern.MatchString(zone.ID), key+".id", quotedOrUnset(zone.ID, "is not a hosted zone's ID"),
			"write Z and up to 31 capitals and digits")
		m.check(!slices.ContainsFunc(c.Existing[:i], func(other existingZoneConfig) bool { return other.Name == zone.Name }), key,
			zone.Name+" is named twice", "take one out")
	}
	for i, association := range c.Associations {
		association.check(m, fmt.Sprintf("dns.associations[%d]", i))
		same := func(other associationConfig) bool { return other.VPCID == association.VPCID }
		m.check(!slices.ContainsFunc(c.Associations[:i], same), fmt.Sprintf("dns.associations[%d]", i),
			association.VPCID+" is named twice", "take one out")
	}
	// The stack's own VPC is one of them.
	vpcs := len(c.Associations) + 1
	m.check(vpcs <= vpcsPerZone, "dns.associations", fmt.Sprintf("%d VPCs exceed the %d of a private hosted zone", vpcs, vpcsPerZone),
		"share the zones through a Route 53 Profile (dns.profileId), or have the quota raised and set quotas.vpcsPerZone")
}

func (c associationConfig) check(m *mistakes, key string) {
	checkID(m, key+".vpcId", c.VPCID, "vpc")
	m.check(c.Region == "" || regionPattern.MatchString(c.Region), key+".region", strconv.Quote(c.Region)+" is not a region",
		"write the code of the VPC's region, for instance us-east-1")
	m.check(c.RoleARN == "" || rolePattern.MatchString(c.RoleARN), key+".roleArn", strconv.Quote(c.RoleARN)+" is not a role's ARN",
		"write a role of the VPC's account, arn:aws:iam::ACCOUNT:role/NAME")
}

func (c dnsConfig) existingNames() []mapping.Zone {
	var names []mapping.Zone
	for _, zone := range c.Existing {
		names = append(names, mapping.Zone(zone.Name))
	}
	return names
}

// checkExisting reports existing zones that no custom domain is in.
func (c dnsConfig) checkExisting(zones []topology.Zone, source string) error {
	var wrong []error
	for i, existing := range c.Existing {
		used := slices.ContainsFunc(zones, func(zone topology.Zone) bool { return string(zone.Name) == existing.Name })
		if !used {
			wrong = append(wrong, fmt.Errorf("use zone %s (portico:dns.existing[%d]): no custom domain of %s is in it: correct its name, or take it out",
				existing.Name, i, source))
		}
	}
	return errors.Join(wrong...)
}

func (s *sharedStack) zones(network *components.Network, balancer *components.LoadBalancer) error {
	associations, err := s.associations()
	if err != nil {
		return err
	}
	var zones []components.HostedZone
	for _, zone := range s.topology.Zones {
		hosted := components.HostedZone{Name: string(zone.Name)}
		for _, record := range zone.Records {
			hosted.Records = append(hosted.Records, string(record.Name))
		}
		for _, host := range zone.Hosts {
			hosted.Hosts = append(hosted.Hosts, string(host))
		}
		for _, existing := range s.config.DNS.Existing {
			if existing.Name == hosted.Name {
				hosted.ID, hosted.Associate = existing.ID, existing.Associate || s.config.Network.creates()
			}
		}
		zones = append(zones, hosted)
	}
	_, err = components.NewZones(s.ctx, s.prefix, &components.ZonesArgs{
		Zones:               zones,
		VPCID:               network.VPCID,
		ExistingVPCID:       s.config.Network.VPCID,
		Associations:        associations,
		ProfileID:           s.config.DNS.ProfileID,
		PublicZones:         s.publicZones,
		LoadBalancerDNSName: balancer.DNSName,
		LoadBalancerZoneID:  balancer.HostedZoneID,
		Tags:                s.tags,
	}, s.providers)
	return err
}

// associations are the other VPCs, each with the provider of its account.
func (s *sharedStack) associations() ([]components.VPCAssociation, error) {
	var all []components.VPCAssociation
	for _, config := range s.config.DNS.Associations {
		association := components.VPCAssociation{VPCID: config.VPCID, Region: textOr(config.Region, s.config.AWS.Region)}
		if config.RoleARN != "" {
			owner, err := s.providerOf(config.RoleARN, association.Region)
			if err != nil {
				return nil, err
			}
			association.Owner = owner
		}
		all = append(all, association)
	}
	return all, nil
}
