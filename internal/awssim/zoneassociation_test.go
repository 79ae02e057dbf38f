package awssim_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
)

const (
	zoneAssociationType   = "aws:route53/zoneAssociation:ZoneAssociation"
	zoneAuthorizationType = "aws:route53/vpcAssociationAuthorization:VpcAssociationAuthorization"
	profileEntryType      = "aws:route53/profilesResourceAssociation:ProfilesResourceAssociation"
)

// vpcsOf are the VPCs that a zone answers.
func vpcsOf(s *awssim.Simulator, zone string) []string {
	var ids []string
	for _, found := range s.Resources(awssim.Filter{Type: zoneType, ID: zone}) {
		for _, vpc := range found.Properties.Objects("vpcs") {
			ids = append(ids, vpc.Text("vpcId"))
		}
	}
	return ids
}

func TestVPCsOfOtherAccountsNeedAnAuthorization(t *testing.T) {
	simulator, err := awssim.New(dnsSetup())
	require.NoError(t, err)
	n := networkOn(t, simulator)
	theirs := newClient(t, simulator, providerAccount)
	vpc := theirs.create(vpcType, "theirs", properties{"cidrBlock": "10.8.0.0/16"})
	zone := n.create(zoneType, "zone", properties{"name": "x.example.com", "vpcs": []properties{{"vpcId": n.vpc.id}}})
	association := properties{"zoneId": zone.id, "vpcId": vpc.id}

	_, err = theirs.tryCreate(zoneAssociationType, "a", association)
	require.ErrorContains(t, err, "NotAuthorizedException")
	_, err = n.tryCreate(zoneAssociationType, "a", association)
	require.ErrorContains(t, err, "InvalidVPCId", "the VPC's account associates it")
	n.create(zoneAuthorizationType, "a", association)
	made := theirs.create(zoneAssociationType, "a", association)
	require.Equal(t, sharedAccount, made.text("owningAccount"))
	require.Equal(t, []string{n.vpc.id, vpc.id}, vpcsOf(simulator, zone.id))

	second := n.create(zoneType, "second", properties{"name": "x.example.com", "vpcs": []properties{{"vpcId": n.create(vpcType, "other", properties{"cidrBlock": "10.7.0.0/16"}).id}}})
	n.create(zoneAuthorizationType, "b", but(association, properties{"zoneId": second.id}))
	_, err = theirs.tryCreate(zoneAssociationType, "b", but(association, properties{"zoneId": second.id}))
	require.ErrorContains(t, err, "ConflictingDomainExists", "two zones of one name can't answer one VPC")

	_, err = n.update(zoneType, "zone", zone, properties{"name": "x.example.com", "comment": "new", "vpcs": []properties{{"vpcId": n.vpc.id}}})
	require.NoError(t, err)
	require.Equal(t, []string{n.vpc.id, vpc.id}, vpcsOf(simulator, zone.id), "the zone's own list says nothing of it")
	require.NoError(t, theirs.delete(zoneAssociationType, "a", made))
	require.Equal(t, []string{n.vpc.id}, vpcsOf(simulator, zone.id))

	_, err = n.tryCreate(zoneAssociationType, "public", properties{"zoneId": "ZPUBLIC", "vpcId": n.vpc.id})
	require.ErrorContains(t, err, "PublicZoneVPCAssociation")
}

func TestEnvironmentsOfOneAccountHaveZonesOfTheSameNames(t *testing.T) {
	simulator, err := awssim.New(dnsSetup())
	require.NoError(t, err)
	n := networkOn(t, simulator)
	prod := n.create(vpcType, "prod", properties{"cidrBlock": "10.8.0.0/16"})
	zone := func(vpc string) properties {
		return properties{"name": "x.example.com", "vpcs": []properties{{"vpcId": vpc}}}
	}
	n.create(zoneType, "dev", zone(n.vpc.id))
	n.create(zoneType, "prod", zone(prod.id))
	_, err = n.tryCreate(zoneType, "again", zone(prod.id))
	require.ErrorContains(t, err, "ConflictingDomainExists")
}

func TestProfilesTakePrivateZones(t *testing.T) {
	setup := dnsSetup()
	setup.DNSProfiles = []awssim.DNSProfile{
		{Account: strangerAccount, Region: "us-east-1", ID: "rp-shared", SharedWith: []string{sharedAccount}},
		{Account: strangerAccount, Region: "us-east-1", ID: "rp-theirs"},
	}
	simulator, err := awssim.New(setup)
	require.NoError(t, err)
	n := networkOn(t, simulator)
	zone := n.create(zoneType, "zone", properties{"name": "x.example.com", "vpcs": []properties{{"vpcId": n.vpc.id}}})
	other := n.create(zoneType, "other", properties{"name": "y.example.com", "vpcs": []properties{{"vpcId": n.vpc.id}}})
	entry := properties{"name": "x", "profileId": "rp-shared", "resourceArn": zone.text("arn")}
	require.Equal(t, strangerAccount, n.create(profileEntryType, "e", entry).text("ownerId"))
	n.create(profileEntryType, "f", but(entry, properties{"name": "y", "resourceArn": other.text("arn")}))
	for sentence, test := range map[string]struct {
		changes properties
		want    string
	}{
		"a profile that isn't shared": {properties{"profileId": "rp-theirs"}, "ResourceNotFoundException"},
		"a public zone":               {properties{"resourceArn": "arn:aws:route53:::hostedzone/ZPUBLIC"}, "InvalidParameterException"},
		"a zone that is in already":   {properties{"name": "z"}, "ResourceExistsException"},
	} {
		t.Run(sentence, func(t *testing.T) {
			_, err := n.tryCreate(profileEntryType, sentence, but(entry, test.changes))
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestRecordsAreListedAsTheAPIWritesThem(t *testing.T) {
	simulator, err := awssim.New(dnsSetup())
	require.NoError(t, err)
	c := newClient(t, simulator, sharedAccount)
	c.create(recordType, "r", properties{"zoneId": "ZPUBLIC", "name": "*.www.example.com", "type": "A", "ttl": 60, "records": []string{"192.0.2.1"}})
	listed, err := c.invoke("aws:route53/getRecords:getRecords", properties{"zoneId": "ZPUBLIC", "nameRegex": "www"})
	require.NoError(t, err)
	sets := listed["resourceRecordSets"].([]any)
	require.Len(t, sets, 1)
	require.Equal(t, `\052.www.example.com.`, sets[0].(map[string]any)["name"])
	_, err = c.invoke("aws:route53/getRecords:getRecords", properties{"zoneId": "ZDELEGATED"})
	require.ErrorContains(t, err, "NoSuchHostedZone")
}

// theirZone is a setup in which the provider account has a private zone for its
// own network.
func theirZone() *awssim.Setup {
	setup := dnsSetup()
	setup.Existing = []awssim.Existing{
		{Account: providerAccount, Region: "us-east-1", Type: vpcType, ID: "vpc-0123456789abcdef0", Properties: awssim.Object{"cidrBlock": "10.8.0.0/16", "enableDnsHostnames": true}},
		{Account: providerAccount, Region: "us-east-1", Type: zoneType, ID: "ZTHEIRS", Properties: awssim.Object{
			"name": "x.example.com", "vpcs": []any{map[string]any{"vpcId": "vpc-0123456789abcdef0"}}}},
	}
	return setup
}

func TestPrivateZonesOfOtherAccountsAreWrittenThroughTheirRole(t *testing.T) {
	simulator, err := awssim.New(theirZone())
	require.NoError(t, err)
	ours, theirs := networkOn(t, simulator), newClient(t, simulator, providerAccount)
	balancer := ours.create(loadBalancerType, "alb", properties{"internal": true, "subnets": ours.subnets})
	record := properties{"zoneId": "ZTHEIRS", "name": "orders.x.example.com", "type": "A", "aliases": []properties{
		{"name": balancer.text("dnsName"), "zoneId": balancer.text("zoneId"), "evaluateTargetHealth": true}}}
	_, err = ours.tryCreate(recordType, "alias", record)
	require.ErrorContains(t, err, "NoSuchHostedZone")
	made := theirs.create(recordType, "alias", record)
	require.Equal(t, "ZTHEIRS_orders.x.example.com_A", made.id)
	require.Empty(t, theirs.diff(recordType, "alias", made, record).Diffs)
	require.ErrorContains(t, theirs.delete(zoneType, "zone", resourceOf{id: "ZTHEIRS"}), "HostedZoneNotEmpty")
	require.NoError(t, theirs.delete(recordType, "alias", made))
	require.Len(t, simulator.Resources(awssim.Filter{Type: zoneType, ID: "ZTHEIRS"}), 1)
}

func TestWhoHasNoRoleAuthorizesAndTheOtherAccountAssociates(t *testing.T) {
	simulator, err := awssim.New(theirZone())
	require.NoError(t, err)
	n := networkOn(t, simulator)
	zone := n.create(zoneType, "zone", properties{"name": "y.example.com", "vpcs": []properties{{"vpcId": n.vpc.id}}})
	associate := func() error {
		return simulator.AssociateVPC(providerAccount, "us-east-1", "vpc-0123456789abcdef0", zone.id)
	}
	require.ErrorContains(t, associate(), "NotAuthorizedException")
	authorization := n.create(zoneAuthorizationType, "theirs", properties{"zoneId": zone.id, "vpcId": "vpc-0123456789abcdef0"})
	require.Equal(t, []string{n.vpc.id}, vpcsOf(simulator, zone.id), "an authorization associates nothing")
	require.NoError(t, associate())
	require.Equal(t, []string{n.vpc.id, "vpc-0123456789abcdef0"}, vpcsOf(simulator, zone.id))
	require.ErrorContains(t, associate(), "already")

	require.NoError(t, n.delete(zoneAuthorizationType, "theirs", authorization))
	require.Equal(t, []string{n.vpc.id, "vpc-0123456789abcdef0"}, vpcsOf(simulator, zone.id), "what is associated stays so")
	require.NoError(t, n.delete(zoneType, "zone", zone))
	require.Empty(t, simulator.Resources(awssim.Filter{Type: zoneAssociationType}), "gone with the zone")
}
