package accounts

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

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
		m.check(zone.RoleARN == "" || rolePattern.MatchString(zone.RoleARN), key+".roleArn", strconv.Quote(zone.RoleARN)+" is not a role's ARN",
			"write a role of the zone's account, arn:aws:iam::ACCOUNT:role/NAME")
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
	m.check(c.AccountID == "" || accountPattern.MatchString(c.AccountID), key+".accountId", strconv.Quote(c.AccountID)+" is not an account number",
		"write 12 digits in quotes")
	m.check(c.AccountID == "" || c.RoleARN == "", key, "the VPC's account is named both by a role and by its number", "keep roleArn, or accountId where the account offers no role")
}

func (c dnsConfig) existingNames() []mapping.Zone {
	var names []mapping.Zone
	for _, zone := range c.Existing {
		names = append(names, mapping.Zone(zone.Name))
	}
	return names
}

// checkExisting reports existing zones that no custom domain is in. Those count
// that have no record yet, because their front door isn't ready.
func (c dnsConfig) checkExisting(rows *mapping.Mapping) error {
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

// zones makes the private hosted zones, whose records lead to the front doors.
func (s *sharedStack) zones(network *components.Network, doors *frontDoors) (*components.Zones, error) {
	associations, err := s.associations()
	if err != nil {
		return nil, err
	}
	var zones []components.HostedZone
	for _, zone := range s.topology.Zones {
		hosted := components.HostedZone{Name: string(zone.Name)}
		for _, record := range zone.Records {
			moves := s.topology.Placements[record.Name].Waits == topology.WaitsForClients
			hosted.Records = append(hosted.Records, doors.alias(record, moves))
		}
		for _, host := range zone.Hosts {
			hosted.Hosts = append(hosted.Hosts, string(host))
		}
		for _, existing := range s.config.DNS.Existing {
			if existing.Name != hosted.Name {
				continue
			}
			hosted.ID, hosted.Associate = existing.ID, existing.Associate || s.config.Network.creates()
			if hosted.Owner, err = s.account(existing.RoleARN, s.config.AWS.Region); err != nil {
				return nil, err
			}
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
		Tags:          s.tags,
	}, s.providers)
}

// associations are the other VPCs, each with its account.
func (s *sharedStack) associations() ([]components.VPCAssociation, error) {
	var all []components.VPCAssociation
	for _, config := range s.config.DNS.Associations {
		association := components.VPCAssociation{VPCID: config.VPCID, Region: textOr(config.Region, s.config.AWS.Region)}
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

// account is that of a role; nil: the stack's own.
func (s *sharedStack) account(roleARN, region string) (*components.Account, error) {
	role := rolePattern.FindStringSubmatch(roleARN)
	if role == nil || role[1] == s.config.AWS.AccountID {
		return nil, nil
	}
	awsProvider, err := s.providerOf(roleARN, region)
	if err != nil {
		return nil, err
	}
	return &components.Account{ID: role[1], Provider: awsProvider}, nil
}
