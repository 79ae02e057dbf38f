package awssim

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
)

func recordSpec() *typeSpec {
	return &typeSpec{
		token: recordType, title: "Route 53 Record", args: route53.RecordArgs{}, state: route53.Record{},
		global:    true,
		identify:  identifyRecord,
		immutable: []string{"name", "setIdentifier", "type", "zoneId"},
		sets:      []string{"records"},
		rules: map[string][]rule{
			"name":           {length(0, 1024)},
			"zoneId":         {length(1, 32)},
			"type":           {oneOf("A", "AAAA", "CAA", "CNAME", "DS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV", "TXT", "HTTPS", "SVCB", "SSHFP", "TLSA")},
			"ttl":            {between(0, 2147483647)},
			"aliases":        {items(0, 1)},
			"aliases[].name": {length(1, 1024)},
		},
		check:    recordProblems,
		refs:     []ref{{at: "zoneId", to: zoneType, code: "NoSuchHostedZone", holds: ignored}},
		conflict: "InvalidChangeBatch",
		quota:    quota{name: "Records per hosted zone", limit: 10000, per: "zoneId", code: "InvalidChangeBatch"},
		upserts:  func(inputs Object) bool { return inputs.Flag("allowOverwrite") },
		create:   []string{"route53:ChangeResourceRecordSets", "route53:GetHostedZone", "route53:GetChange", "route53:ListResourceRecordSets"},
		read:     []string{"route53:GetHostedZone", "route53:ListResourceRecordSets"},
		update:   []string{"route53:ChangeResourceRecordSets", "route53:GetHostedZone", "route53:GetChange", "route53:ListResourceRecordSets"},
		delete:   []string{"route53:ChangeResourceRecordSets", "route53:GetHostedZone", "route53:GetChange"},
		onCreate: placeRecord, onUpdate: placeRecord,
	}
}

// identifyRecord names the record within its zone: a name that is not in the
// zone is taken as relative to it, as the provider does.
func identifyRecord(c *call) {
	zone := c.find(zoneType, c.inputs.Text("zoneId"))
	c.outputs["fqdn"] = expandName(c.inputs.Text("name"), zone.Properties.Text("name"))
	c.id = strings.Join([]string{zone.ID, c.outputs.Text("fqdn"), c.inputs.Text("type")}, "_")
	if set := c.inputs.Text("setIdentifier"); set != "" {
		c.id += "_" + set
	}
}

// expandName is the full name of a record in a zone.
func expandName(name, zone string) string {
	name, zone = canonicalName(name), canonicalName(zone)
	switch {
	case name == "":
		return zone
	case nameWithin(name, zone):
		return name
	}
	return name + "." + zone
}

func recordProblems(inputs Object) []problem {
	hasAlias, hasRecords := inputs["aliases"] != nil && !isEmpty(inputs["aliases"]), inputs["records"] != nil && !isEmpty(inputs["records"])
	if !inputs.Known("aliases") || !inputs.Known("records") {
		return nil
	}
	switch {
	case hasAlias == hasRecords:
		return []problem{{"records", "exactly one of aliases and records must be set"}}
	case hasRecords && inputs["ttl"] == nil:
		return []problem{{"ttl", "is required with records"}}
	case hasAlias && inputs["ttl"] != nil:
		return []problem{{"ttl", "an alias has its target's"}}
	case hasAlias && inputs.Text("type") == "CNAME":
		return []problem{{"type", "an alias record of type CNAME only leads to another CNAME of the zone; use A"}}
	case inputs.Text("type") == "CNAME" && len(inputs.Texts("records")) > 1:
		return []problem{{"records", "a CNAME has one value"}}
	}
	return nil
}

func placeRecord(c *call) error {
	zone := c.find(zoneType, c.inputs.Text("zoneId"))
	fqdn, kind := c.outputs.Text("fqdn"), c.inputs.Text("type")
	if kind == "CNAME" && fqdn == canonicalName(zone.Properties.Text("name")) {
		return c.refuse("InvalidChangeBatch", "RRSet of type CNAME with DNS name %s. is not permitted at apex in zone %s.", fqdn, zone.Properties.Text("name"))
	}
	for _, other := range c.recordsOf(zone.ID) {
		otherKind := other.Properties.Text("type")
		if other.Properties.Text("fqdn") == fqdn && otherKind != kind && (otherKind == "CNAME" || kind == "CNAME") {
			return c.refuse("InvalidChangeBatch", "RRSet of type %s with DNS name %s. is not permitted because a conflicting RRSet of type %s with the same DNS name already exists in zone %s",
				kind, fqdn, otherKind, zone.Properties.Text("name"))
		}
	}
	for _, alias := range c.inputs.Objects("aliases") {
		if !c.aliasStands(alias, zone) {
			return c.refuse("InvalidChangeBatch", "Tried to create an alias that targets %s, type %s in zone %s, but that target was not found", alias.Text("name"), kind, alias.Text("zoneId"))
		}
	}
	if c.outputs["allowOverwrite"] == nil {
		c.outputs["allowOverwrite"] = false
	}
	c.stageRecord(zone)
	return nil
}

// stageRecord shows the record to issuance, which it may complete.
func (c *call) stageRecord(zone *Resource) {
	if !isEmpty(zone.Properties["vpcs"]) {
		return
	}
	c.issueCertificates(c.staged())
}

// aliasStands tells whether an alias leads to something: a load balancer or
// VPC endpoint of any account, a regional API domain, or another record of the
// zone.
func (c *call) aliasStands(alias Object, zone *Resource) bool {
	name, zoneID := canonicalName(alias.Text("name")), alias.Text("zoneId")
	if zoneID == zone.ID {
		return slices.ContainsFunc(c.recordsOf(zone.ID), func(r *Resource) bool { return r.Properties.Text("fqdn") == name })
	}
	for _, balancer := range c.everywhere(loadBalancerType) {
		dnsName := canonicalName(balancer.Properties.Text("dnsName"))
		if (name == dnsName || name == "dualstack."+dnsName) && zoneID == balancer.Properties.Text("zoneId") {
			return true
		}
	}
	for _, endpoint := range c.everywhere(vpcEndpointType) {
		for _, entry := range endpoint.Properties.Objects("dnsEntries") {
			if canonicalName(entry.Text("dnsName")) == name && entry.Text("hostedZoneId") == zoneID {
				return true
			}
		}
	}
	return false
}
