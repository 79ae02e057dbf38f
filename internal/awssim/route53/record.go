package route53

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/issuance"
	"github.com/portico-iac/portico/internal/awssim/view"
)

func recordSpec() *engine.Type {
	return &engine.Type{
		Token: view.RecordType, Title: "Route 53 Record", Args: route53.RecordArgs{}, State: route53.Record{},
		Global:   true,
		Identify: identifyRecord,
		Properties: engine.Properties{
			"aliases":        {engine.Items(0, 1)},
			"aliases[].name": {engine.Length(1, 1024), DNSName},
			"allowOverwrite": {engine.Otherwise(false)},
			"name":           {engine.ForceNew, engine.Length(0, 1024), recordName},
			"records":        {engine.Set, engine.ExactlyOneOf("aliases")},
			"records[]":      {engine.Length(1, 4000), oneLine},
			"setIdentifier":  {engine.ForceNew},
			"ttl":            {engine.RequiredWhen(engine.Given("records")), engine.ConflictsWhen(engine.Given("aliases")), engine.Between(0, 2147483647)},
			"type":           {engine.ForceNew, engine.OneOf("A", "AAAA", "CAA", "CNAME", "DS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV", "TXT", "HTTPS", "SVCB", "SSHFP", "TLSA")},
			"zoneId":         {engine.ForceNew, engine.Length(1, 32), engine.Refers{To: view.ZoneType, Code: "NoSuchHostedZone", Holds: engine.Ignored}},
		},

		Check:    recordProblems,
		Conflict: "InvalidChangeBatch",
		Quota:    engine.Quota{Name: "Records per hosted zone", Limit: 10000, Per: "zoneId", Code: "InvalidChangeBatch"},
		Upserts:  engine.Is("allowOverwrite", true),
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
	zone := op.Ref("zoneId")
	op.Outputs["fqdn"] = expandName(op.Inputs.Text("name"), zone.Properties.Text("name"))
	op.ID = strings.Join([]string{zone.ID, op.Outputs.Text("fqdn"), op.Inputs.Text("type")}, "_")
	if set := op.Inputs.Text("setIdentifier"); set != "" {
		op.ID += "_" + set
	}
}

// recordName is a record's name, or the name that it leads to: labels of letters,
// digits, - and _, a wildcard for one, and other octets as Route 53 escapes them.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html
var recordName = engine.Pattern(`(?:(?:[!--/-\x5b\x5d-~]|\\\d{3}){1,63}(?:\.(?:[!--/-\x5b\x5d-~]|\\\d{3}){1,63})*\.?)?`, "a domain name: labels of 1 to 63 characters, spaces and control characters written as \\040")

var oneLine = engine.Never(func(v any) bool { s, _ := v.(string); return strings.ContainsAny(s, "\r\n") }, "has a line break; each value is an element of its own")

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
	switch {
	case !engine.IsEmpty(inputs["aliases"]) && inputs.Text("type") == "CNAME":
		return []engine.Problem{{Property: "type", Reason: "an alias record of type CNAME only leads to another CNAME of the zone; use A"}}
	case inputs.Text("type") == "CNAME" && len(inputs.Texts("records")) > 1:
		return []engine.Problem{{Property: "records", Reason: "a CNAME has one value"}}
	case inputs.Text("type") == "CNAME" && len(inputs.Texts("records")) == 1:
		if reason := recordName(inputs.Texts("records")[0]); reason != "" {
			return []engine.Problem{{Property: "records[0]", Reason: reason}}
		}
	}
	return nil
}

func placeRecord(op *engine.Op) error {
	zone := op.Ref("zoneId")
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
		if !aliasTargetExists(op, alias, zone) {
			return op.Refuse("InvalidChangeBatch", "Tried to create an alias that targets %s, type %s in zone %s, but that target was not found", alias.Text("name"), kind, alias.Text("zoneId"))
		}
	}
	if engine.IsEmpty(zone.Properties["vpcs"]) {
		issuance.IssueCertificates(op, op.Staged())
	}
	return nil
}

// aliasTargetExists reports whether an alias's target exists: a load balancer or
// VPC endpoint of any account, a regional API domain, or another record of the
// zone.
func aliasTargetExists(op *engine.Op, alias engine.Object, zone *engine.Resource) bool {
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
