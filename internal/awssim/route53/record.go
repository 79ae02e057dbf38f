package route53

import (
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/issuance"
	"github.com/portico-iac/portico/internal/awssim/view"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
)

func recordSpec() *engine.Type {
	return &engine.Type{
		Token: view.RecordType, Title: "Route 53 Record", Args: route53.RecordArgs{}, State: route53.Record{},
		Global:    true,
		Identify:  identifyRecord,
		Immutable: []string{"name", "setIdentifier", "type", "zoneId"},
		Sets:      []string{"records"},
		Rules: map[string][]engine.Rule{
			"name":           {engine.Length(0, 1024)},
			"zoneId":         {engine.Length(1, 32)},
			"type":           {engine.OneOf("A", "AAAA", "CAA", "CNAME", "DS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV", "TXT", "HTTPS", "SVCB", "SSHFP", "TLSA")},
			"ttl":            {engine.Between(0, 2147483647)},
			"aliases":        {engine.Items(0, 1)},
			"aliases[].name": {engine.Length(1, 1024)},
		},
		Check:    recordProblems,
		Refs:     []engine.Ref{{At: "zoneId", To: view.ZoneType, Code: "NoSuchHostedZone", Holds: engine.Ignored}},
		Conflict: "InvalidChangeBatch",
		Quota:    engine.Quota{Name: "Records per hosted zone", Limit: 10000, Per: "zoneId", Code: "InvalidChangeBatch"},
		Upserts:  func(inputs engine.Object) bool { return inputs.Flag("allowOverwrite") },
		Create:   []string{"route53:ChangeResourceRecordSets", "route53:GetHostedZone", "route53:GetChange", "route53:ListResourceRecordSets"},
		Read:     []string{"route53:GetHostedZone", "route53:ListResourceRecordSets"},
		Update:   []string{"route53:ChangeResourceRecordSets", "route53:GetHostedZone", "route53:GetChange", "route53:ListResourceRecordSets"},
		Delete:   []string{"route53:ChangeResourceRecordSets", "route53:GetHostedZone", "route53:GetChange"},
		OnCreate: placeRecord, OnUpdate: placeRecord,
	}
}

// identifyRecord names the record within its zone: a name that is not in the
// zone is taken as relative to it, as the provider does.
func identifyRecord(op *engine.Op) {
	zone := op.Find(view.ZoneType, op.Inputs.Text("zoneId"))
	op.Outputs["fqdn"] = expandName(op.Inputs.Text("name"), zone.Properties.Text("name"))
	op.ID = strings.Join([]string{zone.ID, op.Outputs.Text("fqdn"), op.Inputs.Text("type")}, "_")
	if set := op.Inputs.Text("setIdentifier"); set != "" {
		op.ID += "_" + set
	}
}

// expandName is the full name of a record in a zone.
func expandName(name, zone string) string {
	name, zone = view.CanonicalName(name), view.CanonicalName(zone)
	switch {
	case name == "":
		return zone
	case view.NameWithin(name, zone):
		return name
	}
	return name + "." + zone
}

func recordProblems(inputs engine.Object) []engine.Problem {
	hasAlias, hasRecords := inputs["aliases"] != nil && !engine.IsEmpty(inputs["aliases"]), inputs["records"] != nil && !engine.IsEmpty(inputs["records"])
	if !inputs.Known("aliases") || !inputs.Known("records") {
		return nil
	}
	switch {
	case hasAlias == hasRecords:
		return []engine.Problem{{Property: "records", Reason: "exactly one of aliases and records must be set"}}
	case hasRecords && inputs["ttl"] == nil:
		return []engine.Problem{{Property: "ttl", Reason: "is required with records"}}
	case hasAlias && inputs["ttl"] != nil:
		return []engine.Problem{{Property: "ttl", Reason: "an alias has its target's"}}
	case hasAlias && inputs.Text("type") == "CNAME":
		return []engine.Problem{{Property: "type", Reason: "an alias record of type CNAME only leads to another CNAME of the zone; use A"}}
	case inputs.Text("type") == "CNAME" && len(inputs.Texts("records")) > 1:
		return []engine.Problem{{Property: "records", Reason: "a CNAME has one value"}}
	}
	return nil
}

func placeRecord(op *engine.Op) error {
	zone := op.Find(view.ZoneType, op.Inputs.Text("zoneId"))
	fqdn, kind := op.Outputs.Text("fqdn"), op.Inputs.Text("type")
	if kind == "CNAME" && fqdn == view.CanonicalName(zone.Properties.Text("name")) {
		return op.Refuse("InvalidChangeBatch", "RRSet of type CNAME with DNS name %s. is not permitted at apex in zone %s.", fqdn, zone.Properties.Text("name"))
	}
	for _, other := range recordsOf(op, zone.ID) {
		otherKind := other.Properties.Text("type")
		if other.Properties.Text("fqdn") == fqdn && otherKind != kind && (otherKind == "CNAME" || kind == "CNAME") {
			return op.Refuse("InvalidChangeBatch", "RRSet of type %s with DNS name %s. is not permitted because a conflicting RRSet of type %s with the same DNS name already exists in zone %s",
				kind, fqdn, otherKind, zone.Properties.Text("name"))
		}
	}
	for _, alias := range op.Inputs.Objects("aliases") {
		if !aliasStands(op, alias, zone) {
			return op.Refuse("InvalidChangeBatch", "Tried to create an alias that targets %s, type %s in zone %s, but that target was not found", alias.Text("name"), kind, alias.Text("zoneId"))
		}
	}
	if op.Outputs["allowOverwrite"] == nil {
		op.Outputs["allowOverwrite"] = false
	}
	stageRecord(op, zone)
	return nil
}

// stageRecord shows the record to issuance, which it may complete.
func stageRecord(op *engine.Op, zone *engine.Resource) {
	if !engine.IsEmpty(zone.Properties["vpcs"]) {
		return
	}
	issuance.IssueCertificates(op, op.Staged())
}

// aliasStands tells whether an alias leads to something: a load balancer or
// VPC endpoint of any account, a regional API domain, or another record of the
// zone.
func aliasStands(op *engine.Op, alias engine.Object, zone *engine.Resource) bool {
	name, zoneID := view.CanonicalName(alias.Text("name")), alias.Text("zoneId")
	if zoneID == zone.ID {
		return slices.ContainsFunc(recordsOf(op, zone.ID), func(r *engine.Resource) bool { return r.Properties.Text("fqdn") == name })
	}
	for _, balancer := range op.Everywhere(view.LoadBalancerType) {
		dnsName := view.CanonicalName(balancer.Properties.Text("dnsName"))
		if (name == dnsName || name == "dualstack."+dnsName) && zoneID == balancer.Properties.Text("zoneId") {
			return true
		}
	}
	for _, endpoint := range op.Everywhere(view.VPCEndpointType) {
		for _, entry := range endpoint.Properties.Objects("dnsEntries") {
			if view.CanonicalName(entry.Text("dnsName")) == name && entry.Text("hostedZoneId") == zoneID {
				return true
			}
		}
	}
	return false
}
