package awssim

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
)

// route53Service is hosted zones and their records.
func route53Service() service {
	return service{
		types:  []*typeSpec{zoneSpec(), recordSpec(), zoneAssociationSpec(), zoneAuthorizationSpec(), profileEntrySpec()},
		quotas: []string{vpcsPerZoneQuota},
		functions: []*functionSpec{{
			token: "aws:route53/getZone:getZone", args: route53.LookupZoneArgs{}, result: route53.LookupZoneResult{},
			actions: []string{"route53:ListHostedZones", "route53:GetHostedZone", "route53:ListTagsForResource"}, run: lookUpZone,
		}, {
			token: "aws:route53/getRecords:getRecords", args: route53.GetRecordsArgs{}, result: route53.GetRecordsResult{},
			actions: []string{"route53:ListResourceRecordSets"}, run: listRecords,
		}},
	}
}

// HostedZone is a public hosted zone to which its domain is delegated.
type HostedZone struct {
	Account string // 12 digits
	ID      string // "Z0123456789ABCDEFGHIJ"
	Name    string // without trailing dot
}

// existing is the zone as a program would state it.
func (z HostedZone) existing() Existing {
	return Existing{Account: z.Account, Type: zoneType, ID: z.ID, Properties: Object{"name": z.Name}}
}

var dnsName = pattern(`(?:(?:\*|[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)\.)*[A-Za-z0-9_-]{1,63}\.?`, "a domain name")

func zoneSpec() *typeSpec {
	return &typeSpec{
		token: zoneType, title: "Route 53 Hosted Zone", args: route53.ZoneArgs{}, state: route53.Zone{},
		global: true,
		id:     "Z{hash}", arn: "arn:{partition}:route53:::hostedzone/{id}",
		identify: func(c *call) {
			if c.id == "" {
				c.id = "Z" + strings.ToUpper(c.hash(20))
			}
		},
		defaults:  Object{"comment": "Managed by Pulumi", "forceDestroy": false},
		required:  []string{"name"},
		immutable: []string{"delegationSetId", "name"},
		sets:      []string{"vpcs"},
		rules:     map[string][]rule{"name": {length(1, 255), dnsName}, "comment": {length(0, 256)}},
		quota:     quota{name: "Hosted zones", limit: 500, code: "TooManyHostedZones"},
		create:    []string{"route53:CreateHostedZone", "route53:GetHostedZone", "route53:GetChange", "route53:ChangeTagsForResource", "ec2:DescribeVpcs"},
		read:      []string{"route53:GetHostedZone", "route53:ListTagsForResource"},
		update:    []string{"route53:UpdateHostedZoneComment", "route53:AssociateVPCWithHostedZone", "route53:DisassociateVPCFromHostedZone", "route53:ChangeTagsForResource", "ec2:DescribeVpcs"},
		delete:    []string{"route53:DeleteHostedZone", "route53:ListResourceRecordSets", "route53:GetChange"},
		onCreate:  createZone, onUpdate: updateZone, onDelete: deleteZone,
	}
}

func createZone(c *call) error {
	if err := c.checkZoneVPCs(); err != nil {
		return err
	}
	c.outputs["name"] = strings.TrimSuffix(c.inputs.Text("name"), ".")
	c.outputs["zoneId"] = c.id
	c.hidden["delegated"] = c.owner
	var servers []string
	for i, suffix := range []string{"com", "net", "org", "co.uk"} {
		servers = append(servers, fmt.Sprintf("ns-%s-%d.awsdns.%s", c.partOf(6), i, suffix))
	}
	c.outputs["nameServers"], c.outputs["primaryNameServer"] = list(servers...), servers[0]
	return nil
}

func updateZone(c *call) error {
	if isEmpty(c.before.Properties["vpcs"]) != isEmpty(c.inputs["vpcs"]) {
		return c.refuse("InvalidInput", "A hosted zone is public or private for good: zone %s", c.id)
	}
	return c.checkZoneVPCs()
}

// checkZoneVPCs holds a private zone's VPCs to exist and to have no other zone
// of that name.
func (c *call) checkZoneVPCs() error {
	vpcs := c.inputs.Objects("vpcs")
	var described []any
	for _, association := range vpcs {
		region := association.Text("vpcRegion")
		if region == "" {
			region = c.region
		}
		id := association.Text("vpcId")
		if c.in(c.account, region).find(vpcType, id) == nil {
			return c.refuse("InvalidVPCId", "The VPC: %s you provided is invalid: account %s has none of that ID in %s", id, c.account, region)
		}
		if err := c.checkNoOtherZone(c.id, c.inputs.Text("name"), id, region); err != nil {
			return err
		}
		described = append(described, with(association, "vpcRegion", region))
	}
	if described != nil {
		c.outputs["vpcs"] = append(described, c.associatedBeside(described)...)
	}
	return nil
}

func deleteZone(c *call) error {
	for _, record := range c.recordsOf(c.id) {
		if !c.outputs.Flag("forceDestroy") {
			return c.refuse("HostedZoneNotEmpty", "The specified hosted zone contains non-required resource record sets and so cannot be deleted: %s", record.ID)
		}
		c.remove(record)
	}
	// What VPCs of other accounts had of the zone goes with it.
	for _, token := range []string{zoneAssociationType, zoneAuthorizationType} {
		for _, r := range c.everywhere(token) {
			if r.Properties.Text("zoneId") == c.id {
				c.remove(r)
			}
		}
	}
	return nil
}

// recordsOf is the records of a zone.
func (c *call) recordsOf(zone string) []*Resource {
	return slices.DeleteFunc(c.all(recordType), func(r *Resource) bool { return r.Properties.Text("zoneId") != zone })
}

func lookUpZone(c *call) (Object, error) {
	name, id := canonicalName(c.inputs.Text("name")), c.inputs.Text("zoneId")
	if (name == "") == (id == "") {
		return nil, c.fail("either name or zoneId must be set")
	}
	var found []*Resource
	for _, zone := range c.all(zoneType) {
		if c.isZone(zone, name, id) {
			found = append(found, zone)
		}
	}
	switch len(found) {
	case 0:
		return nil, c.fail("no matching Route 53 Hosted Zone found")
	case 1:
		return c.describeZone(found[0]), nil
	}
	return nil, c.fail("multiple Route 53 Hosted Zones matched; use additional constraints to reduce matches to a single Route 53 Hosted Zone")
}

func (c *call) isZone(zone *Resource, name, id string) bool {
	if id != "" {
		return zone.ID == id
	}
	isPrivate := !isEmpty(zone.Properties["vpcs"])
	vpcID := c.inputs.Text("vpcId")
	inVPC := vpcID == "" || slices.ContainsFunc(zone.Properties.Objects("vpcs"), func(o Object) bool { return o.Text("vpcId") == vpcID })
	tags := zone.Properties.Object("tagsAll")
	for tag, value := range c.inputs.Object("tags") {
		if tags[tag] != value {
			return false
		}
	}
	return canonicalName(zone.Properties.Text("name")) == name && isPrivate == (c.inputs.Flag("privateZone") || vpcID != "") && inVPC
}

func (c *call) describeZone(zone *Resource) Object {
	p := zone.Properties
	result := Object{
		"id": zone.ID, "zoneId": zone.ID, "callerReference": "simulated", "linkedServiceDescription": "", "linkedServicePrincipal": "",
		"privateZone": !isEmpty(p["vpcs"]), "resourceRecordSetCount": float64(2 + len(c.recordsOf(zone.ID))), "tags": map[string]any(p.Object("tagsAll")),
	}
	for _, name := range []string{"arn", "comment", "name", "nameServers", "primaryNameServer"} {
		result[name] = p[name]
	}
	return maps.Clone(result)
}
