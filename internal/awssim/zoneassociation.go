package awssim

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
)

// A private hosted zone answers the resolvers of the VPCs that it is associated
// with. The VPC's account associates; where the zone is another account's, that
// one has to authorize it first. No two zones of one name may answer one VPC.

// vpcsPerZoneQuota limits the VPCs of a private zone.
const vpcsPerZoneQuota = "VPCs per private hosted zone"

// DNSProfiles are the Route 53 Profiles that there are.
type DNSProfiles []DNSProfile

// DNSProfile is a Route 53 Profile; Portico makes none.
type DNSProfile struct {
	Account, Region string
	ID              string   // "rp-0123456789abcdef"
	SharedWith      []string `json:",omitempty"` // accounts that may put zones into it
}

func zoneAssociationSpec() *typeSpec {
	return &typeSpec{
		token: zoneAssociationType, title: "Route 53 Hosted Zone Association", args: route53.ZoneAssociationArgs{}, state: route53.ZoneAssociation{},
		global: true, id: "{zoneId}:{vpcId}",
		immutable: []string{"vpcId", "vpcRegion", "zoneId"},
		create:    []string{"route53:AssociateVPCWithHostedZone", "route53:GetChange", "route53:ListHostedZonesByVPC", "ec2:DescribeVpcs"},
		read:      []string{"route53:ListHostedZonesByVPC", "ec2:DescribeVpcs"},
		delete:    []string{"route53:DisassociateVPCFromHostedZone", "route53:GetChange", "ec2:DescribeVpcs"},
		onCreate:  associateZone, onDelete: disassociateZone,
	}
}

func associateZone(c *call) error {
	vpcID, region := c.inputs.Text("vpcId"), c.regionOfVPC()
	zone := c.elsewhere(zoneType, c.inputs.Text("zoneId"))
	switch {
	case zone == nil:
		return c.refuse("NoSuchHostedZone", "No hosted zone found with ID: %s", c.inputs.Text("zoneId"))
	case isEmpty(zone.Properties["vpcs"]):
		return c.refuse("PublicZoneVPCAssociation", "You're trying to associate a VPC with the public hosted zone %s", zone.ID)
	case c.in(c.account, region).find(vpcType, vpcID) == nil:
		return c.refuse("InvalidVPCId", "The VPC: %s you provided is invalid: account %s has none of that ID in %s", vpcID, c.account, region)
	case zone.Account != c.account && c.in(zone.Account, c.region).find(zoneAuthorizationType, zone.ID+":"+vpcID) == nil:
		return c.refuse("NotAuthorizedException", "The VPC %s has not authorized to associate with your hosted zone %s", vpcID, zone.ID)
	}
	if err := c.checkNoOtherZone("", zone.Properties.Text("name"), vpcID, region); err != nil {
		return err
	}
	associated := zone.clone()
	vpcs := append(slices.Clone(associated.Properties["vpcs"].([]any)), map[string]any{"vpcId": vpcID, "vpcRegion": region})
	if limit := c.limit(vpcsPerZoneQuota, 300); len(vpcs) > limit {
		return c.refuse("LimitsExceeded", "Hosted zone %s is associated with %d VPCs, as many as it may be", zone.ID, limit)
	}
	associated.Properties["vpcs"] = vpcs
	c.put(associated)
	c.outputs["vpcRegion"], c.outputs["owningAccount"] = region, zone.Account
	return nil
}

// AssociateVPC is what `aws route53 associate-vpc-with-hosted-zone` does when
// somebody of the VPC's account runs it: the zone, which may be another
// account's, then answers the VPC too, if that account has authorized it.
func (s *Simulator) AssociateVPC(account, region, vpcID, zoneID string) error {
	_, err := s.root(account, region).create(zoneAssociationType, "command/"+zoneID+"/"+vpcID, Object{"zoneId": zoneID, "vpcId": vpcID})
	return err
}

func disassociateZone(c *call) error {
	zone := c.elsewhere(zoneType, c.outputs.Text("zoneId"))
	if zone == nil {
		return nil
	}
	left := zone.clone()
	left.Properties["vpcs"] = slices.DeleteFunc(slices.Clone(left.Properties["vpcs"].([]any)), func(vpc any) bool {
		return asObject(vpc).Text("vpcId") == c.outputs.Text("vpcId")
	})
	if isEmpty(left.Properties["vpcs"]) {
		return c.refuse("LastVPCAssociation", "The VPC that you're trying to disassociate from the private hosted zone %s is the last VPC that is associated with it", zone.ID)
	}
	c.put(left)
	return nil
}

// regionOfVPC is where an association's VPC is: in the provider's region unless
// the program says otherwise.
func (c *call) regionOfVPC() string {
	if region := c.inputs.Text("vpcRegion"); region != "" {
		return region
	}
	return c.region
}

// checkNoOtherZone refuses a zone for a VPC that another of that name answers
// already; except is the ID of the zone that may.
func (c *call) checkNoOtherZone(except, name, vpcID, region string) error {
	for _, other := range c.everywhere(zoneType) {
		sameVPC := func(o Object) bool { return o.Text("vpcId") == vpcID }
		if other.ID != except && canonicalName(other.Properties.Text("name")) == canonicalName(name) &&
			slices.ContainsFunc(other.Properties.Objects("vpcs"), sameVPC) {
			return c.refuse("ConflictingDomainExists", "The VPC %s in region %s has already been associated with the hosted zone %s with the same domain name", vpcID, region, other.ID)
		}
	}
	return nil
}

// associatedBeside is the VPCs of a zone that were associated one by one, which
// an update of the zone's own list leaves alone.
func (c *call) associatedBeside(own []any) []any {
	var beside []any
	for _, association := range c.everywhere(zoneAssociationType) {
		p := association.Properties
		listed := slices.ContainsFunc(own, func(vpc any) bool { return asObject(vpc).Text("vpcId") == p.Text("vpcId") })
		if p.Text("zoneId") == c.id && !listed {
			beside = append(beside, map[string]any{"vpcId": p.Text("vpcId"), "vpcRegion": p.Text("vpcRegion")})
		}
	}
	return beside
}

func zoneAuthorizationSpec() *typeSpec {
	return &typeSpec{
		token: zoneAuthorizationType, title: "Route 53 VPC Association Authorization", args: route53.VpcAssociationAuthorizationArgs{}, state: route53.VpcAssociationAuthorization{},
		global: true, id: "{zoneId}:{vpcId}",
		immutable: []string{"vpcId", "vpcRegion", "zoneId"},
		refs:      []ref{{at: "zoneId", to: zoneType, code: "NoSuchHostedZone", holds: ignored}},
		create:    []string{"route53:CreateVPCAssociationAuthorization"},
		read:      []string{"route53:ListVPCAssociationAuthorizations"},
		delete:    []string{"route53:DeleteVPCAssociationAuthorization"},
		onCreate: func(c *call) error {
			if isEmpty(c.find(zoneType, c.inputs.Text("zoneId")).Properties["vpcs"]) {
				return c.refuse("InvalidInput", "Hosted zone %s is public", c.inputs.Text("zoneId"))
			}
			c.outputs["vpcRegion"] = c.regionOfVPC()
			return nil
		},
	}
}

func profileEntrySpec() *typeSpec {
	return &typeSpec{
		token: profileEntryType, title: "Route 53 Profiles Resource Association", args: route53.ProfilesResourceAssociationArgs{}, state: route53.ProfilesResourceAssociation{},
		id:        "rpr-{hash}",
		required:  []string{"name"},
		immutable: []string{"name", "profileId", "resourceArn"},
		rules: map[string][]rule{
			"name":        {length(1, 64), pattern(`[a-zA-Z0-9\-_' ]+`, "letters, digits, hyphens, underscores, apostrophes and spaces")},
			"resourceArn": {arnOf("route53")},
		},
		unique: []string{"profileId", "resourceArn"}, conflict: "ResourceExistsException",
		create:   []string{"route53profiles:AssociateResourceToProfile", "route53profiles:GetProfileResourceAssociation"},
		read:     []string{"route53profiles:GetProfileResourceAssociation"},
		delete:   []string{"route53profiles:DisassociateResourceFromProfile"},
		onCreate: putIntoProfile,
	}
}

func putIntoProfile(c *call) error {
	profiles := factOf[DNSProfiles](c.simulator)
	i := slices.IndexFunc(profiles, func(p DNSProfile) bool {
		return p.ID == c.inputs.Text("profileId") && p.Region == c.region && (p.Account == c.account || slices.Contains(p.SharedWith, c.account))
	})
	if i < 0 {
		return c.refuse("ResourceNotFoundException", "Profile %s not found", c.inputs.Text("profileId"))
	}
	zone := c.findBy(zoneType, "arn", c.inputs.Text("resourceArn"))
	if zone == nil || isEmpty(zone.Properties["vpcs"]) {
		return c.refuse("InvalidParameterException", "The resource %s is not a private hosted zone of account %s", c.inputs.Text("resourceArn"), c.account)
	}
	c.outputs["status"], c.outputs["statusMessage"], c.outputs["ownerId"] = "COMPLETE", "", profiles[i].Account
	c.outputs["resourceType"] = "PRIVATE_HOSTED_ZONE"
	return nil
}

// listRecords is a zone's records as the API writes their names.
func listRecords(c *call) (Object, error) {
	zone := c.find(zoneType, c.inputs.Text("zoneId"))
	if zone == nil {
		return nil, c.refuse("NoSuchHostedZone", "No hosted zone found with ID: %s", c.inputs.Text("zoneId"))
	}
	wanted, err := regexp.Compile(c.inputs.Text("nameRegex"))
	if err != nil {
		return nil, c.fail("nameRegex is no regular expression: %w", err)
	}
	name := zone.Properties.Text("name") + "."
	sets := []any{recordSet(name, "NS", zone.Properties.Texts("nameServers")), recordSet(name, "SOA", []string{"simulated"})}
	for _, record := range c.recordsOf(zone.ID) {
		p := record.Properties
		sets = append(sets, recordSet(canonicalName(p.Text("fqdn"))+".", p.Text("type"), p.Texts("records")))
	}
	sets = slices.DeleteFunc(sets, func(set any) bool { return !wanted.MatchString(asObject(set).Text("name")) })
	return Object{"id": zone.ID, "zoneId": zone.ID, "nameRegex": c.inputs["nameRegex"], "resourceRecordSets": sets}, nil
}

func recordSet(name, kind string, values []string) map[string]any {
	records := []any{}
	for _, value := range values {
		records = append(records, map[string]any{"value": value})
	}
	return map[string]any{"name": strings.Replace(name, "*", `\052`, 1), "type": kind, "resourceRecords": records}
}
