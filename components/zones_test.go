package components

import (
	"errors"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const (
	zoneToken          = "aws:route53/zone:Zone"
	recordToken        = "aws:route53/record:Record"
	associationToken   = "aws:route53/zoneAssociation:ZoneAssociation"
	authorizationToken = "aws:route53/vpcAssociationAuthorization:VpcAssociationAuthorization"
)

// zoneAnswer answers for one private zone that exists, associated with vpc-1.
func zoneAnswer(id, name string) map[string]func(map[string]any) (map[string]any, error) {
	return map[string]func(map[string]any) (map[string]any, error){
		"aws:route53/getZone:getZone": func(a map[string]any) (map[string]any, error) {
			if a["zoneId"] == id || a["name"] == name && a["vpcId"] == "vpc-1" {
				return map[string]any{"zoneId": id, "name": name + ".", "arn": "arn:" + id, "privateZone": true}, nil
			}
			return nil, errors.New("no matching Route 53 Hosted Zone found")
		},
	}
}

// zonesProgram runs zones; change has the provider of another account.
func zonesProgram(zones **Zones, change func(*ZonesArgs, pulumi.ProviderResource, pulumi.Resource)) func(*pulumi.Context, pulumi.ResourceOption) error {
	return func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		elsewhere, err := aws.NewProvider(ctx, "elsewhere", &aws.ProviderArgs{})
		if err != nil {
			return err
		}
		target, err := newPrerequisite(ctx, "target")
		if err != nil {
			return err
		}
		args := &ZonesArgs{VPCID: pulumi.String("vpc-1"), ExistingVPCID: "vpc-1", Region: "us-east-1", Tags: tags}
		change(args, elsewhere, target)
		*zones, err = NewZones(ctx, "p", args, opts)
		return err
	}
}

func wildcard(target pulumi.Resource) []AliasRecord {
	return []AliasRecord{{
		Name:      "*.a.example.com",
		Target:    AliasTarget{DNSName: pulumi.String("lb.amazonaws.com"), HostedZoneID: pulumi.String("ZELB")},
		DependsOn: []pulumi.Resource{target},
	}}
}

func TestARecordComesAfterItsTarget(t *testing.T) {
	var zones *Zones
	m := (&monitor{}).deploy(t, zonesProgram(&zones, func(a *ZonesArgs, _ pulumi.ProviderResource, target pulumi.Resource) {
		a.Zones = []HostedZone{{Name: "a.example.com", Records: wildcard(target)}}
	}))
	zone := m.only(t, zoneToken)
	require.Equal(t, []any{"a.example.com", []any{map[string]any{"vpcId": "vpc-1"}}}, []any{zone.Inputs["name"], zone.Inputs["vpcs"]})
	require.Empty(t, zone.IgnoreChanges)
	record := m.only(t, recordToken)
	require.Equal(t, "p-_wildcard.a.example.com", record.Name, "without an asterisk")
	require.Equal(t, []any{"Zp-a.example.com", "*.a.example.com", "A", false,
		[]any{map[string]any{"name": "lb.amazonaws.com", "zoneId": "ZELB", "evaluateTargetHealth": false}}},
		[]any{record.Inputs["zoneId"], record.Inputs["name"], record.Inputs["type"], record.Inputs["allowOverwrite"], record.Inputs["aliases"]})
	requireOrder(t, m.named(t, prerequisiteToken, "target"), record)
	require.Len(t, zones.Records, 1)
}

// TestARecordComesAfterTheRecordsAboveIt: a name that is above another and has no record
// yet is one that a wildcard record doesn't answer for.
func TestARecordComesAfterTheRecordsAboveIt(t *testing.T) {
	var zones *Zones
	m := (&monitor{}).deploy(t, zonesProgram(&zones, func(a *ZonesArgs, _ pulumi.ProviderResource, target pulumi.Resource) {
		at := wildcard(target)[0].Target
		a.Zones = []HostedZone{{Name: "example.com", Records: []AliasRecord{
			{Name: "*.b.a.example.com", Target: at}, {Name: "*.example.com", Target: at}, {Name: "a.example.com", Target: at}, {Name: "b.a.example.com", Target: at},
		}}}
	}))
	requireOrder(t, m.named(t, recordToken, "p-a.example.com"), m.named(t, recordToken, "p-b.a.example.com"))
	requireOrder(t, m.named(t, recordToken, "p-b.a.example.com"), m.named(t, recordToken, "p-_wildcard.b.a.example.com"))
}

func TestOtherVPCsAreAssociatedByTheirAccounts(t *testing.T) {
	var zones *Zones
	m := (&monitor{}).deploy(t, zonesProgram(&zones, func(a *ZonesArgs, elsewhere pulumi.ProviderResource, _ pulumi.Resource) {
		a.Zones = []HostedZone{{Name: "a.example.com"}}
		a.ProfileID = "rp-1"
		a.Associations = []VPCAssociation{
			{VPCID: "vpc-own", Region: "us-east-1"},
			{VPCID: "vpc-other", Region: "eu-west-1", Owner: &Account{ID: "222222222222", Provider: elsewhere}},
			{VPCID: "vpc-closed", Region: "us-east-1", Owner: &Account{ID: "333333333333"}},
		}
	}))
	require.Equal(t, []string{"vpcs"}, m.only(t, zoneToken).IgnoreChanges, "associations appear among them")
	own, other := m.named(t, associationToken, "p-a.example.com-vpc-own"), m.named(t, associationToken, "p-a.example.com-vpc-other")
	require.Contains(t, own.Provider, "::aws::")
	require.Contains(t, other.Provider, "::elsewhere::", "the VPC's account associates")
	require.Equal(t, "eu-west-1", other.Inputs["vpcRegion"])
	authorization := m.named(t, authorizationToken, "p-a.example.com-vpc-other")
	require.Contains(t, authorization.Provider, "::aws::", "the zone's account authorizes")
	requireOrder(t, authorization, other)
	require.Equal(t, []string{"p-a.example.com-vpc-closed", "p-a.example.com-vpc-other"}, m.names(authorizationToken))
	require.Len(t, m.of(associationToken), 2)
	require.Len(t, zones.AssociationCommands, 1, "which the owner of the third VPC runs")
	shared := m.only(t, "aws:route53/profilesResourceAssociation:ProfilesResourceAssociation").Inputs
	require.Equal(t, []any{"rp-1", arnOf(zoneToken, "p-a.example.com")}, []any{shared["profileId"], shared["resourceArn"]})
	require.Regexp(t, `^[\w-]{1,64}$`, shared["name"])
}

func TestAnExistingZoneOfAnotherAccountIsAssociatedByBothAccounts(t *testing.T) {
	m := (&monitor{answers: zoneAnswer("Z1", "a.example.com")}).deploy(t, zonesProgram(new(*Zones), func(a *ZonesArgs, elsewhere pulumi.ProviderResource, target pulumi.Resource) {
		a.Zones = []HostedZone{{Name: "a.example.com", ID: "Z1", Associate: true, Owner: &Account{ID: "222222222222", Provider: elsewhere}, Records: wildcard(target)}}
	}))
	require.Empty(t, m.of(zoneToken))
	authorization, association := m.only(t, authorizationToken), m.only(t, associationToken)
	require.Contains(t, authorization.Provider, "::elsewhere::")
	require.Contains(t, association.Provider, "::aws::")
	requireOrder(t, authorization, association)
	require.Contains(t, m.only(t, recordToken).Provider, "::elsewhere::")
}

func TestExistingZonesThatDontServe(t *testing.T) {
	fail := func(answers map[string]func(map[string]any) (map[string]any, error)) error {
		return (&monitor{answers: answers}).run(zonesProgram(new(*Zones), func(a *ZonesArgs, _ pulumi.ProviderResource, _ pulumi.Resource) {
			a.Zones = []HostedZone{{Name: "a.example.com", ID: "Z1"}}
		}))
	}
	require.NoError(t, fail(zoneAnswer("Z1", "a.example.com")))
	requireExisting(t, fail(zoneAnswer("Z1", "b.example.com")), "hosted zone", "Z1")

	unassociated := zoneAnswer("Z1", "a.example.com")
	all := unassociated["aws:route53/getZone:getZone"]
	unassociated["aws:route53/getZone:getZone"] = func(a map[string]any) (map[string]any, error) {
		if a["vpcId"] != nil {
			return nil, errors.New("no matching Route 53 Hosted Zone found")
		}
		return all(a)
	}
	requireExisting(t, fail(unassociated), "private hosted zone", "Z1")
}

func TestZonesSayEachArgumentThatTheyLack(t *testing.T) {
	m := &monitor{}
	err := m.run(func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		_, err := NewZones(ctx, "p", &ZonesArgs{Zones: []HostedZone{{}, {Name: "a.example.com", ID: "Z1", Owner: &Account{ID: "222222222222"}}}}, opts)
		return err
	})
	requireArguments(t, m, err, "VPCID", "Region", "Zones[0].Name", "Zones[1].Associate", "Zones[1].Owner.Provider")
}
