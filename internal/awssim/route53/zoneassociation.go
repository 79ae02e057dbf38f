package route53

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
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

func zoneAssociationSpec() *engine.Type {
	return &engine.Type{
		Token: view.ZoneAssociationType, Title: "Route 53 Hosted Zone Association", Args: route53.ZoneAssociationArgs{}, State: route53.ZoneAssociation{},
		Global: true, ID: "{zoneId}:{vpcId}",
		Properties: engine.Properties{
			"vpcId":     {engine.ForceNew, engine.Length(1, 1024)},
			"vpcRegion": {engine.ForceNew, engine.IsRegion},
			"zoneId":    {engine.ForceNew},
		},

		Create:   []string{"route53:AssociateVPCWithHostedZone", "route53:GetChange", "route53:ListHostedZonesByVPC", "ec2:DescribeVpcs"},
		Read:     []string{"route53:ListHostedZonesByVPC", "ec2:DescribeVpcs"},
		Delete:   []string{"route53:DisassociateVPCFromHostedZone", "route53:GetChange", "ec2:DescribeVpcs"},
		OnCreate: associateZone, OnDelete: disassociateZone,
	}
}

func associateZone(op *engine.Op) error {
	vpcID, region := op.Inputs.Text("vpcId"), regionOfVPC(op)
	zone := op.Elsewhere(view.ZoneType, op.Inputs.Text("zoneId"))
	switch {
	case zone == nil:
		return op.Refuse("NoSuchHostedZone", "No hosted zone found with ID: %s", op.Inputs.Text("zoneId"))
	case engine.IsEmpty(zone.Properties["vpcs"]):
		return op.Refuse("PublicZoneVPCAssociation", "You're trying to associate a VPC with the public hosted zone %s", zone.ID)
	case op.In(op.Account, region).Find(view.VPCType, vpcID) == nil:
		return op.Refuse("InvalidVPCId", "The VPC: %s you provided is invalid: account %s has none of that ID in %s", vpcID, op.Account, region)
	case zone.Account != op.Account && op.In(zone.Account, op.Region).Find(view.ZoneAuthorizationType, zone.ID+":"+vpcID) == nil:
		return op.Refuse("NotAuthorizedException", "The VPC %s has not authorized to associate with your hosted zone %s", vpcID, zone.ID)
	}
	if err := checkNoOtherZone(op, "", zone.Properties.Text("name"), vpcID, region); err != nil {
		return err
	}
	associated := zone.Clone()
	vpcs := append(slices.Clone(associated.Properties["vpcs"].([]any)), map[string]any{"vpcId": vpcID, "vpcRegion": region})
	if limit := op.Limit(vpcsPerZoneQuota, 300); len(vpcs) > limit {
		return op.Refuse("LimitsExceeded", "Hosted zone %s is associated with %d VPCs, as many as it may be", zone.ID, limit)
	}
	associated.Properties["vpcs"] = vpcs
	op.Put(associated)
	op.Outputs["vpcRegion"], op.Outputs["owningAccount"] = region, zone.Account
	return nil
}

// AssociateVPC is what `aws route53 associate-vpc-with-hosted-zone` does when
// an administrator of the VPC's account runs it: the zone, which may be
// another account's, then answers the VPC too, if that account has authorized it.
func AssociateVPC(s *engine.Simulator, account, region, vpcID, zoneID string) error {
	_, err := s.Root(account, region).Create(view.ZoneAssociationType, "command/"+zoneID+"/"+vpcID, engine.Object{"zoneId": zoneID, "vpcId": vpcID})
	return err
}

func disassociateZone(op *engine.Op) error {
	zone := op.Elsewhere(view.ZoneType, op.Outputs.Text("zoneId"))
	if zone == nil {
		return nil
	}
	left := zone.Clone()
	left.Properties["vpcs"] = slices.DeleteFunc(slices.Clone(left.Properties["vpcs"].([]any)), func(vpc any) bool {
		return engine.AsObject(vpc).Text("vpcId") == op.Outputs.Text("vpcId")
	})
	if engine.IsEmpty(left.Properties["vpcs"]) {
		return op.Refuse("LastVPCAssociation", "The VPC that you're trying to disassociate from the private hosted zone %s is the last VPC that is associated with it", zone.ID)
	}
	op.Put(left)
	return nil
}

// regionOfVPC is where an association's VPC is: in the provider's region unless
// the program says otherwise.
func regionOfVPC(op *engine.Op) string {
	if region := op.Inputs.Text("vpcRegion"); region != "" {
		return region
	}
	return op.Region
}

// checkNoOtherZone refuses a zone for a VPC that another of that name answers
// already; except is the ID of the zone that may.
func checkNoOtherZone(op *engine.Op, except, name, vpcID, region string) error {
	for _, other := range op.Everywhere(view.ZoneType) {
		sameVPC := func(o engine.Object) bool { return o.Text("vpcId") == vpcID }
		if other.ID != except && view.CanonicalName(other.Properties.Text("name")) == view.CanonicalName(name) &&
			slices.ContainsFunc(other.Properties.Objects("vpcs"), sameVPC) {
			return op.Refuse("ConflictingDomainExists", "The VPC %s in region %s has already been associated with the hosted zone %s with the same domain name", vpcID, region, other.ID)
		}
	}
	return nil
}

// associatedBeside is the VPCs of a zone that were associated one by one, which
// an update of the zone's own list leaves alone.
func associatedBeside(op *engine.Op, own []any) []any {
	var beside []any
	for _, association := range op.HavingEverywhere(view.ZoneAssociationType, "zoneId", op.ID) {
		p := association.Properties
		listed := slices.ContainsFunc(own, func(vpc any) bool { return engine.AsObject(vpc).Text("vpcId") == p.Text("vpcId") })
		if !listed {
			beside = append(beside, map[string]any{"vpcId": p.Text("vpcId"), "vpcRegion": p.Text("vpcRegion")})
		}
	}
	return beside
}

// vpcID is the form of VPCs' IDs. A zone's account cannot see the VPCs of others.
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateVPCAssociationAuthorization.html
var vpcID = regexp.MustCompile(`^vpc-(?:[0-9a-f]{8}|[0-9a-f]{17})$`)

func zoneAuthorizationSpec() *engine.Type {
	return &engine.Type{
		Token: view.ZoneAuthorizationType, Title: "Route 53 VPC Association Authorization", Args: route53.VpcAssociationAuthorizationArgs{}, State: route53.VpcAssociationAuthorization{},
		Global: true, ID: "{zoneId}:{vpcId}",
		Properties: engine.Properties{
			"vpcId":     {engine.ForceNew, engine.Length(1, 1024)},
			"vpcRegion": {engine.ForceNew, engine.IsRegion},
			"zoneId":    {engine.ForceNew, engine.Refers{To: view.ZoneType, Code: "NoSuchHostedZone", Holds: engine.Ignored}},
		},

		Create: []string{"route53:CreateVPCAssociationAuthorization"},
		Read:   []string{"route53:ListVPCAssociationAuthorizations"},
		Delete: []string{"route53:DeleteVPCAssociationAuthorization"},
		OnCreate: func(op *engine.Op) error {
			if engine.IsEmpty(op.Ref("zoneId").Properties["vpcs"]) {
				return op.Refuse("InvalidInput", "Hosted zone %s is public", op.Inputs.Text("zoneId"))
			}
			if !vpcID.MatchString(op.Inputs.Text("vpcId")) {
				return op.Refuse("InvalidVPCId", "The VPC ID %q isn't a valid ID", op.Inputs.Text("vpcId"))
			}
			op.Outputs["vpcRegion"] = regionOfVPC(op)
			return nil
		},
	}
}

func profileEntrySpec() *engine.Type {
	return &engine.Type{
		Token: view.ProfileEntryType, Title: "Route 53 Profiles Resource Association", Args: route53.ProfilesResourceAssociationArgs{}, State: route53.ProfilesResourceAssociation{},
		ID: "rpr-{hex16}",
		Properties: engine.Properties{
			"name": {engine.Required, engine.ForceNew, engine.Length(1, 64), engine.Pattern(`[a-zA-Z0-9\-_' ]+`, "letters, digits, hyphens, underscores, apostrophes and spaces"),
				engine.Never(func(v any) bool { s, _ := v.(string); return strings.Trim(s, "0123456789") == "" }, "has digits alone")},
			"profileId":     {engine.ForceNew},
			"resourceArn":   {engine.ForceNew, engine.ARNOf("route53")},
			"resourceType":  {engine.Computed("PRIVATE_HOSTED_ZONE")},
			"status":        {engine.Computed("COMPLETE")},
			"statusMessage": {engine.Computed("")},
		},

		Unique: []string{"profileId", "resourceArn"}, Conflict: "ResourceExistsException",
		Create:   []string{"route53profiles:AssociateResourceToProfile", "route53profiles:GetProfileResourceAssociation"},
		Read:     []string{"route53profiles:GetProfileResourceAssociation"},
		Delete:   []string{"route53profiles:DisassociateResourceFromProfile"},
		OnCreate: putIntoProfile,
	}
}

func putIntoProfile(op *engine.Op) error {
	profiles := engine.Fact[DNSProfiles](op.Simulator)
	i := slices.IndexFunc(profiles, func(p DNSProfile) bool {
		return p.ID == op.Inputs.Text("profileId") && p.Region == op.Region && (p.Account == op.Account || slices.Contains(p.SharedWith, op.Account))
	})
	if i < 0 {
		return op.Refuse("ResourceNotFoundException", "Profile %s not found", op.Inputs.Text("profileId"))
	}
	zone := op.FindBy(view.ZoneType, "arn", op.Inputs.Text("resourceArn"))
	if zone == nil || engine.IsEmpty(zone.Properties["vpcs"]) {
		return op.Refuse("InvalidParameterException", "The resource %s is not a private hosted zone of account %s", op.Inputs.Text("resourceArn"), op.Account)
	}
	op.Outputs["ownerId"] = profiles[i].Account
	return nil
}

// ProfileEntries is the IDs of a Route 53 Profile's associations with resources, by
// the resources' ARNs, as ListProfileResourceAssociations lists them.
func ProfileEntries(s *engine.Simulator, profileID string) map[string]string {
	ids := map[string]string{}
	for _, entry := range s.Resources(engine.Filter{Type: view.ProfileEntryType}) {
		if entry.Properties.Text("profileId") == profileID {
			ids[entry.Properties.Text("resourceArn")] = entry.ID
		}
	}
	return ids
}

// listRecords is a zone's records as the API writes their names.
func listRecords(op *engine.Op) (engine.Object, error) {
	zone := op.Find(view.ZoneType, op.Inputs.Text("zoneId"))
	if zone == nil {
		return nil, op.Refuse("NoSuchHostedZone", "No hosted zone found with ID: %s", op.Inputs.Text("zoneId"))
	}
	wanted, err := regexp.Compile(op.Inputs.Text("nameRegex"))
	if err != nil {
		return nil, op.Fail("nameRegex is no regular expression: %w", err)
	}
	name := zone.Properties.Text("name") + "."
	soa := strings.TrimSuffix(zone.Properties.Text("primaryNameServer"), ".") + ". awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"
	sets := []any{recordSet(name, "NS", inFull(zone.Properties.Texts("nameServers"))), recordSet(name, "SOA", []string{soa})}
	for _, below := range delegatedBelow(op, zone) {
		sets = append(sets, recordSet(below.Properties.Text("name")+".", "NS", inFull(below.Properties.Texts("nameServers"))))
	}
	for _, record := range recordsOf(op, zone.ID) {
		p := record.Properties
		set := recordSet(view.CanonicalName(p.Text("fqdn"))+".", p.Text("type"), p.Texts("records"))
		for _, alias := range p.Objects("aliases") {
			set["aliasTarget"] = map[string]any{"dnsName": strings.ToLower(alias.Text("name")) + ".", "hostedZoneId": alias.Text("zoneId"), "evaluateTargetHealth": alias.Flag("evaluateTargetHealth")}
		}
		sets = append(sets, set)
	}
	sets = slices.DeleteFunc(sets, func(set any) bool { return !wanted.MatchString(engine.AsObject(set).Text("name")) })
	return engine.Object{"id": zone.ID, "zoneId": zone.ID, "nameRegex": op.Inputs["nameRegex"], "resourceRecordSets": sets}, nil
}

// inFull is names as records have them, with the dot at the end.
func inFull(names []string) []string {
	full := make([]string, len(names))
	for i, name := range names {
		full[i] = strings.TrimSuffix(name, ".") + "."
	}
	return full
}

// delegatedBelow are the public zones of the setup that a public zone is the nearest
// one above: its owner has delegated them, in NS records that no program made.
func delegatedBelow(op *engine.Op, zone *engine.Resource) []*engine.Resource {
	isPublic := func(z *engine.Resource) bool { return engine.IsEmpty(z.Properties["vpcs"]) }
	within := func(inner, outer *engine.Resource) bool {
		a, b := view.CanonicalName(inner.Properties.Text("name")), view.CanonicalName(outer.Properties.Text("name"))
		return a != b && view.NameWithin(a, b)
	}
	all := slices.DeleteFunc(op.Everywhere(view.ZoneType), func(z *engine.Resource) bool { return !isPublic(z) })
	if !isPublic(zone) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(all), func(z *engine.Resource) bool {
		between := func(other *engine.Resource) bool { return within(z, other) && within(other, zone) }
		return !z.Hidden.Flag("delegated") || !within(z, zone) || slices.ContainsFunc(all, between)
	})
}

func recordSet(name, kind string, values []string) map[string]any {
	records := []any{}
	for _, value := range values {
		records = append(records, map[string]any{"value": value})
	}
	return map[string]any{"name": strings.Replace(name, "*", `\052`, 1), "type": kind, "resourceRecords": records}
}
