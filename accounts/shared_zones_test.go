package accounts

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	zoneToken        = "aws:route53/zone:Zone"
	associationToken = "aws:route53/zoneAssociation:ZoneAssociation"
)

func TestNarrowZonesAreOnePerCustomDomain(t *testing.T) {
	m := up(t, minimalShared+"  portico:dns: {scope: host}\n")
	var names []any
	for _, zone := range m.of(zoneToken) {
		names = append(names, zone.Inputs["name"])
	}
	require.Equal(t, []any{"a.internal.example.com", "b.private.example.net"}, names)
	record := m.named(t, "aws:route53/record:Record", "-a.internal.example.com").Inputs
	require.Equal(t, "a.internal.example.com", record["name"])
}

func TestOtherVPCsAreAssociatedByTheirAccounts(t *testing.T) {
	const role = "arn:aws:iam::333333333333:role/portico"
	require.Empty(t, up(t, minimalShared).of(zoneToken)[0].IgnoreChanges)
	m := up(t, minimalShared+`  portico:dns:
    associations:
      - {vpcId: vpc-0000000a}
      - {vpcId: vpc-0000000b, region: eu-west-1, roleArn: "`+role+`"}
    profileId: rp-0123456789abcdef
`)
	for _, zone := range m.of(zoneToken) {
		require.Equal(t, []string{"vpcs"}, zone.IgnoreChanges)
	}
	own := m.named(t, associationToken, "internal.example.com-vpc-0000000a")
	require.Equal(t, "us-east-1", own.Inputs["vpcRegion"])
	require.NotContains(t, own.Provider, "333333333333")
	theirs := m.named(t, associationToken, "internal.example.com-vpc-0000000b")
	require.Equal(t, "eu-west-1", theirs.Inputs["vpcRegion"])
	require.Contains(t, theirs.Provider, "aws-eu-west-1-333333333333-portico")
	require.Len(t, m.of("aws:route53/vpcAssociationAuthorization:VpcAssociationAuthorization"), 2, "one for each of the two zones")
	require.Len(t, theirs.Dependencies, 3)
	require.Contains(t, strings.Join(theirs.Dependencies, " "), "route53/record:Record", "a zone without records would hide names")
	authorization := m.named(t, "aws:route53/vpcAssociationAuthorization:VpcAssociationAuthorization", "internal.example.com-vpc-0000000b")
	require.NotContains(t, authorization.Provider, "333333333333", "the zone's account authorizes")
	var shared []any
	for _, entry := range m.of("aws:route53/profilesResourceAssociation:ProfilesResourceAssociation") {
		require.Regexp(t, `^[A-Za-z0-9_-]{1,64}$`, entry.Inputs["name"])
		shared = append(shared, entry.Inputs["profileId"])
	}
	require.Equal(t, []any{"rp-0123456789abcdef", "rp-0123456789abcdef"}, shared)
}

func TestExistingZonesAreUsedAsTheyAre(t *testing.T) {
	const zone = minimalShared + "  portico:dns: {existing: [{name: example.com, id: Z0EXISTING}]}\n"
	exists := map[string]string{"Z0EXISTING": "example.com"}
	t.Run("in a new VPC, which is associated", func(t *testing.T) {
		m := &monitor{privateZones: exists}
		require.NoError(t, shared(t, m, zone, twoRows))
		require.Equal(t, "private.example.net", m.only(t, zoneToken).Inputs["name"], "the other domain's")
		require.Equal(t, "Z0EXISTING", m.named(t, "aws:route53/record:Record", "dev-_wildcard.internal.example.com").Inputs["zoneId"])
		require.Equal(t, "Z0EXISTING", m.only(t, associationToken).Inputs["zoneId"])
	})
	t.Run("in an existing VPC that is associated with it", func(t *testing.T) {
		m := &monitor{privateZones: exists}
		require.NoError(t, shared(t, m, zone+existingVPC, twoRows))
		require.Empty(t, m.of(associationToken))
	})
	t.Run("in an existing VPC that isn't", func(t *testing.T) {
		m := &monitor{privateZones: exists, unassociated: exists}
		require.ErrorContains(t, shared(t, m, zone+existingVPC, twoRows), "clients there would not see its records: associate it, or set associate: true (portico:dns.existing)")
	})
	t.Run("of another name", func(t *testing.T) {
		m := &monitor{privateZones: map[string]string{"Z0EXISTING": "example.org"}}
		require.ErrorContains(t, shared(t, m, zone, twoRows), "it is the zone example.org (private: true), and the private zone example.com is wanted")
	})
	t.Run("that nothing is in", func(t *testing.T) {
		err := shared(t, &monitor{}, minimalShared+"  portico:dns: {existing: [{name: a.example.com, id: Z0EXISTING}]}\n", twoRows)
		require.ErrorContains(t, err, "use zone a.example.com (portico:dns.existing[0]): no custom domain of")
	})
}

func TestPublicNamesAreAskedForOnceAZone(t *testing.T) {
	m := up(t, minimalShared)
	asked := 0
	for _, token := range m.invokes {
		if token == "aws:route53/getRecords:getRecords" {
			asked++
		}
	}
	require.Equal(t, 2, asked, "example.com and example.net")
}

const authorizationToken = "aws:route53/vpcAssociationAuthorization:VpcAssociationAuthorization"

func TestAnExistingZoneOfAnotherAccountIsWrittenByItsRole(t *testing.T) {
	const role = "arn:aws:iam::333333333333:role/dns/private"
	const theirs = "aws-us-east-1-333333333333-dns-private"
	const zone = minimalShared + "  portico:dns: {existing: [{name: example.com, id: Z0EXISTING, roleArn: \"" + role + "\"}], profileId: rp-0123456789abcdef}\n"
	exists := map[string]string{"Z0EXISTING": "example.com"}
	t.Run("in a new VPC, which its account authorizes and ours associates", func(t *testing.T) {
		m := &monitor{privateZones: exists}
		require.NoError(t, shared(t, m, zone, twoRows))
		require.Contains(t, m.named(t, recordToken, "dev-_wildcard.internal.example.com").Provider, theirs)
		require.NotContains(t, m.named(t, recordToken, "dev-_wildcard.private.example.net").Provider, theirs)
		authorization := m.only(t, authorizationToken)
		require.Contains(t, authorization.Provider, theirs)
		require.Equal(t, "portico-dev-vpc-id", authorization.Inputs["vpcId"])
		association := m.only(t, associationToken)
		require.NotContains(t, association.Provider, theirs)
		require.Contains(t, strings.Join(association.Dependencies, " "), "VpcAssociationAuthorization::")
		require.Contains(t, m.named(t, "aws:route53/profilesResourceAssociation:ProfilesResourceAssociation", "-example.com").Provider, theirs)
	})
	t.Run("beside a VPC of the same account, which needs no authorization", func(t *testing.T) {
		m := &monitor{privateZones: exists}
		s := settingsText(strings.Replace(string(zone), "profileId: rp-0123456789abcdef",
			"associations: [{vpcId: vpc-0000000b, roleArn: \""+role+"\"}, {vpcId: vpc-0000000c}]", 1))
		require.NoError(t, shared(t, m, s, twoRows))
		require.Contains(t, m.named(t, associationToken, "-example.com-vpc-0000000b").Provider, theirs)
		require.NotContains(t, m.named(t, associationToken, "-example.com-vpc-0000000c").Provider, theirs)
		require.Contains(t, m.named(t, associationToken, "-private.example.net-vpc-0000000b").Provider, theirs)
		var authorized []string
		for _, authorization := range m.of(authorizationToken) {
			authorized = append(authorized, authorization.Name)
		}
		require.Equal(t, []string{"portico-dev-example.com", "portico-dev-example.com-vpc-0000000c", "portico-dev-private.example.net-vpc-0000000b"}, authorized)
	})
	t.Run("in an existing VPC, which the zone's account knows of", func(t *testing.T) {
		m := &monitor{privateZones: exists}
		require.NoError(t, shared(t, m, zone+existingVPC, twoRows))
		require.Empty(t, m.of(associationToken))
	})
}

func TestVPCsOfAccountsWithoutARoleAreAuthorizedAndTheCommandIsTold(t *testing.T) {
	e := &sharedRuns{settings: minimalShared + "  portico:dns: {associations: [{vpcId: vpc-0000000a, region: eu-west-1, accountId: \"333333333333\"}]}\n", mapping: twoRows}
	m := e.up(t)
	require.Len(t, m.of(authorizationToken), 2)
	require.Empty(t, m.of(associationToken))
	require.Equal(t, []any{
		"aws route53 associate-vpc-with-hosted-zone --hosted-zone-id Zportico-dev-internal.example.com --vpc VPCRegion=eu-west-1,VPCId=vpc-0000000a",
		"aws route53 associate-vpc-with-hosted-zone --hosted-zone-id Zportico-dev-private.example.net --vpc VPCRegion=eu-west-1,VPCId=vpc-0000000a",
	}, e.reported[ownStack]["associationCommands"])
	for _, zone := range m.of(zoneToken) {
		require.Equal(t, []string{"vpcs"}, zone.IgnoreChanges, "what they make shows up among the zone's VPCs")
	}
	own := &sharedRuns{settings: minimalShared + "  portico:dns: {associations: [{vpcId: vpc-0000000a, accountId: \"111111111111\"}]}\n", mapping: twoRows}
	require.Len(t, own.up(t).of(associationToken), 2, "the stack's own account has a role")
}

// Zones are distinguished by their VPCs: nothing that an environment registers is
// found by a zone's name.
func TestEnvironmentsHaveZonesOfTheSameNames(t *testing.T) {
	zones := func(stack string) []registered {
		m := &monitor{publicZones: publicZones}
		require.NoError(t, run(t, m, SharedIn(project(t, stack, minimalShared, twoRows)), stack, minimalShared.config(t)))
		return m.of(zoneToken)
	}
	dev, prod := zones("dev"), zones("prod")
	require.Len(t, dev, 2)
	for i := range dev {
		require.Equal(t, dev[i].Inputs["name"], prod[i].Inputs["name"])
		require.NotEqual(t, dev[i].Name, prod[i].Name)
		require.NotEqual(t, dev[i].Inputs["vpcs"], prod[i].Inputs["vpcs"])
	}
}
