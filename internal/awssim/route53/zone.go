package route53

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// Service is hosted zones and their records.
func Service() engine.Service {
	return engine.Service{
		Authorization: authorization(),
		Types:         []*engine.Type{zoneSpec(), recordSpec(), zoneAssociationSpec(), zoneAuthorizationSpec(), profileEntrySpec()},
		Quotas:        []string{vpcsPerZoneQuota},
		Functions: []*engine.Function{{
			Token: "aws:route53/getZone:getZone", Args: route53.LookupZoneArgs{}, Result: route53.LookupZoneResult{},
			Actions: []string{"route53:ListHostedZones", "route53:GetHostedZone", "route53:ListTagsForResource"}, Run: lookUpZone,
		}, {
			Token: "aws:route53/getRecords:getRecords", Args: route53.GetRecordsArgs{}, Result: route53.GetRecordsResult{},
			Actions: []string{"route53:ListResourceRecordSets"}, Run: listRecords,
		}},
	}
}

// HostedZone is a public hosted zone to which its domain is delegated.
type HostedZone struct {
	Account string // 12 digits
	ID      string // "Z0123456789ABCDEFGHIJ"
	Name    string // without trailing dot
}

// Existing is the zone as a program would state it.
func (z HostedZone) Existing() engine.Existing {
	return engine.Existing{Account: z.Account, Type: view.ZoneType, ID: z.ID, Properties: engine.Object{"name": z.Name}}
}

// DNSName is the grammar of a zone's or a record's name.
var DNSName = engine.Pattern(`(?:(?:\*|[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)\.)*[A-Za-z0-9_-]{1,63}\.?`, "a domain name")

func zoneSpec() *engine.Type {
	return &engine.Type{
		Token: view.ZoneType, Title: "Route 53 Hosted Zone", Args: route53.ZoneArgs{}, State: route53.Zone{},
		Global: true,
		ID:     "Z{capitals20}", ARN: "arn:{partition}:route53:::hostedzone/{id}",
		Properties: engine.Properties{
			"comment":         {engine.Default("Managed by Pulumi"), engine.Length(0, 256)},
			"delegationSetId": {engine.ForceNew},
			"forceDestroy":    {engine.Default(false)},
			"name":            {engine.Required, engine.ForceNew, engine.Length(1, 255), DNSName},
			"vpcs":            {engine.Set},
			"zoneId":          {engine.Computed("{id}")},
		},

		Quota:  engine.Quota{Name: "Hosted zones", Limit: 500, Code: "TooManyHostedZones"},
		Create: []string{"route53:CreateHostedZone", "route53:GetHostedZone", "route53:GetChange", "route53:ChangeTagsForResource", "ec2:DescribeVpcs"},
		Read:   []string{"route53:GetHostedZone", "route53:ListResourceRecordSets", "route53:ListTagsForResource"}, // getNameServers of internal/service/route53/zone.go
		Update: []string{"route53:UpdateHostedZoneComment", "route53:AssociateVPCWithHostedZone", "route53:DisassociateVPCFromHostedZone", "route53:ChangeTagsForResource", "ec2:DescribeVpcs"},
		Delete: []string{"route53:DeleteHostedZone", "route53:ListResourceRecordSets", "route53:GetChange"},
		When: map[string][]string{
			"route53:UpdateHostedZoneComment": {"comment"}, "ec2:DescribeVpcs": {"vpcs"},
			"route53:AssociateVPCWithHostedZone": {"vpcs"}, "route53:DisassociateVPCFromHostedZone": {"vpcs"},
		},
		OnCreate: createZone, OnUpdate: updateZone, OnDelete: deleteZone,
	}
}

func createZone(op *engine.Op) error {
	if err := checkZoneVPCs(op); err != nil {
		return err
	}
	op.Outputs["name"] = strings.TrimSuffix(op.Inputs.Text("name"), ".")
	op.Hidden["delegated"] = op.Owner
	servers := nameServers(op)
	op.Outputs["nameServers"], op.Outputs["primaryNameServer"] = engine.List(slices.Sorted(slices.Values(servers))...), servers[0]
	return nil
}

// nameServers is the four of a zone's delegation set, the primary one first. A set
// has one of 512 servers of each domain, 8 of which share a name's second label.
// Private zones share one set, which the provider shows as the NS record has it.
func nameServers(op *engine.Op) []string {
	var servers []string
	for i, domain := range []string{"com", "net", "org", "co.uk"} {
		number, end := 0, "."
		if engine.IsEmpty(op.Inputs["vpcs"]) {
			number, _ = strconv.Atoi(engine.Characters(engine.Digits, op.ID+domain, 4))
			number, end = number%512, ""
		}
		servers = append(servers, fmt.Sprintf("ns-%d.awsdns-%02d.%s%s", 512*i+number, number/8, domain, end))
	}
	primary, _ := strconv.Atoi(engine.Characters(engine.Digits, op.ID, 1))
	return append(servers[primary%4:], servers[:primary%4]...)
}

func updateZone(op *engine.Op) error {
	if engine.IsEmpty(op.Before.Properties["vpcs"]) != engine.IsEmpty(op.Inputs["vpcs"]) {
		return op.Refuse("InvalidInput", "A hosted zone is public or private for good: zone %s", op.ID)
	}
	return checkZoneVPCs(op)
}

// checkZoneVPCs holds a private zone's VPCs to exist and to have no other zone
// of that name.
func checkZoneVPCs(op *engine.Op) error {
	vpcs := op.Inputs.Objects("vpcs")
	var described []any
	for _, association := range vpcs {
		region := association.Text("vpcRegion")
		if region == "" {
			region = op.Region
		}
		id := association.Text("vpcId")
		if op.In(op.Account, region).Find(view.VPCType, id) == nil {
			return op.Refuse("InvalidVPCId", "The VPC: %s you provided is invalid: account %s has none of that ID in %s", id, op.Account, region)
		}
		if err := checkNoOtherZone(op, op.ID, op.Inputs.Text("name"), id, region); err != nil {
			return err
		}
		described = append(described, engine.With(association, "vpcRegion", region))
	}
	if described != nil {
		op.Outputs["vpcs"] = append(described, associatedBeside(op, described)...)
	}
	return nil
}

func deleteZone(op *engine.Op) error {
	for _, record := range recordsOf(op, op.ID) {
		if !op.Outputs.Flag("forceDestroy") {
			return op.Refuse("HostedZoneNotEmpty", "The specified hosted zone contains non-required resource record sets and so cannot be deleted: %s", record.ID)
		}
		op.Remove(record)
	}
	// What VPCs of other accounts had of the zone goes with it.
	for _, token := range []string{view.ZoneAssociationType, view.ZoneAuthorizationType} {
		for _, r := range op.HavingEverywhere(token, "zoneId", op.ID) {
			op.Remove(r)
		}
	}
	return nil
}

// recordsOf is the records of a zone.
func recordsOf(op *engine.Op, zone string) []*engine.Resource {
	return op.Having(view.RecordType, "zoneId", zone)
}

func lookUpZone(op *engine.Op) (engine.Object, error) {
	name, id := view.CanonicalName(op.Inputs.Text("name")), op.Inputs.Text("zoneId")
	if (name == "") == (id == "") {
		return nil, op.Fail("either name or zoneId must be set")
	}
	var found []*engine.Resource
	for _, zone := range op.All(view.ZoneType) {
		if isZone(op, zone, name, id) {
			found = append(found, zone)
		}
	}
	switch len(found) {
	case 0:
		return nil, op.Fail("no matching Route 53 Hosted Zone found")
	case 1:
		return describeZone(op, found[0]), nil
	}
	return nil, op.Fail("multiple Route 53 Hosted Zones matched; use additional constraints to reduce matches to a single Route 53 Hosted Zone")
}

func isZone(op *engine.Op, zone *engine.Resource, name, id string) bool {
	if id != "" {
		return zone.ID == id
	}
	isPrivate := !engine.IsEmpty(zone.Properties["vpcs"])
	vpcID := op.Inputs.Text("vpcId")
	inVPC := vpcID == "" || slices.ContainsFunc(zone.Properties.Objects("vpcs"), func(o engine.Object) bool { return o.Text("vpcId") == vpcID })
	tags := zone.Properties.Object("tagsAll")
	for tag, value := range op.Inputs.Object("tags") {
		if tags[tag] != value {
			return false
		}
	}
	return view.CanonicalName(zone.Properties.Text("name")) == name && isPrivate == (op.Inputs.Flag("privateZone") || vpcID != "") && inVPC
}

func describeZone(op *engine.Op, zone *engine.Resource) engine.Object {
	p := zone.Properties
	result := engine.Object{
		"id": zone.ID, "zoneId": zone.ID, "callerReference": "simulated", "linkedServiceDescription": "", "linkedServicePrincipal": "",
		"privateZone": !engine.IsEmpty(p["vpcs"]), "resourceRecordSetCount": float64(2 + len(recordsOf(op, zone.ID))), "tags": map[string]any(p.Object("tagsAll")),
	}
	for _, name := range []string{"arn", "comment", "name", "nameServers", "primaryNameServer"} {
		result[name] = p[name]
	}
	return maps.Clone(result)
}
