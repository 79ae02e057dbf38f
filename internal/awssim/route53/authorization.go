package route53

import (
	"strings"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// authorization is what Route 53's actions are checked against: zones have no
// account in their ARNs, and no tags in the conditions.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53.html
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html
func authorization() engine.Authorization {
	forVPCs := func(targets engine.Targets) engine.Targets { return engine.WithKey("route53:VPCs", vpcs, targets) }
	a := engine.Authorization{
		"route53:CreateHostedZone":         forVPCs(engine.NoResource),
		"route53:GetChange":                engine.At("arn:{partition}:route53:::change/C0123456789ABC"),
		"route53:ChangeResourceRecordSets": withRecord(zoneOf),
		"route53:ListHostedZones":          engine.NoResource,
		"route53:ListHostedZonesByVPC":     forVPCs(engine.NoResource),
	}
	a.Each(zoneOf, "route53:ChangeTagsForResource", "route53:DeleteHostedZone", "route53:GetHostedZone", "route53:ListResourceRecordSets",
		"route53:ListTagsForResource", "route53:ListVPCAssociationAuthorizations", "route53:UpdateHostedZoneComment")
	a.Each(forVPCs(zoneOf), "route53:AssociateVPCWithHostedZone", "route53:CreateVPCAssociationAuthorization",
		"route53:DeleteVPCAssociationAuthorization", "route53:DisassociateVPCFromHostedZone")
	profile := func(op *engine.Op) []engine.Checked {
		return engine.At("arn:{partition}:route53profiles:{region}:{account}:profile/{profileId}")(op)
	}
	// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53profiles.html
	a.Each(profile, "route53profiles:AssociateResourceToProfile", "route53profiles:DisassociateResourceFromProfile")
	a["route53profiles:GetProfileResourceAssociation"] = func(op *engine.Op) []engine.Checked {
		if op.Creating() {
			return engine.At("arn:{partition}:route53profiles:{region}:{account}:profile-resource-association/*")(op)
		}
		return engine.At("arn:{partition}:route53profiles:{region}:{account}:profile-resource-association/{id}")(op)
	}
	return a
}

// zoneOf is the zone that a call is about, by the name that the resource or the
// data source has for its ID.
func zoneOf(op *engine.Op) []engine.Checked {
	var id string
	switch {
	case op.Token == view.ZoneType && op.Creating():
		return engine.Created(op)
	case op.Token == view.ZoneType && op.Before != nil:
		id = op.Before.ID
	case op.Before != nil:
		id = op.Before.Properties.Text("zoneId")
	case op.Inputs.Has("zoneId"):
		id = op.Inputs.Text("zoneId")
	default: // the provider looks a zone up by its name in the list of all
		found, err := lookUpZone(op)
		if err != nil {
			return nil
		}
		id = found.Text("zoneId")
	}
	return []engine.Checked{{ARN: op.Fill("arn:{partition}:route53:::hostedzone/") + id, Context: map[string][]string{}}}
}

// vpcs are the VPCs that a call names, in lower case as conditions have them.
func vpcs(op *engine.Op) []string {
	properties := op.Properties()
	named := properties.Objects("vpcs")
	if properties.Has("vpcId") {
		named = append(named, properties)
	}
	var values []string
	for _, vpc := range named {
		region := vpc.Text("vpcRegion")
		if region == "" {
			region = op.Region
		}
		values = append(values, "VPCId="+vpc.Text("vpcId")+",VPCRegion="+region)
	}
	return values
}

// withRecord adds what a change of a record says: its name in lower case with
// Route 53's escapes and without the final dot, its type and the action.
func withRecord(targets engine.Targets) engine.Targets {
	return func(op *engine.Op) []engine.Checked {
		record, action := op.Inputs, "CREATE"
		switch {
		case op.Before != nil && op.Inputs == nil:
			record, action = op.Before.Properties, "DELETE"
		case op.Before != nil || op.Inputs.Flag("allowOverwrite"):
			action = "UPSERT"
		}
		zone := ""
		if found := op.Elsewhere(view.ZoneType, record.Text("zoneId")); found != nil {
			zone = found.Properties.Text("name")
		}
		name := strings.Replace(expandName(record.Text("name"), zone), "*", `\052`, 1)
		on := targets(op)
		for i := range on {
			on[i].Context["route53:ChangeResourceRecordSetsNormalizedRecordNames"] = []string{name}
			on[i].Context["route53:ChangeResourceRecordSetsRecordTypes"] = []string{record.Text("type")}
			on[i].Context["route53:ChangeResourceRecordSetsActions"] = []string{action}
		}
		return on
	}
}
