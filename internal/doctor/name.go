package doctor

import (
	"context"
	"strings"
)

// name follows the DNS name, and returns what it leads to; empty: unknown.
func (w *walk) name() string {
	vpc := w.environment.Shared.VPCID
	zones, ok := ask(w, StepName, w.shared(), "zones "+vpc, func(ctx context.Context, r Reader) ([]Zone, error) { return r.Zones(ctx, vpc) })
	if !ok {
		return ""
	}
	answering := answeringZone(zones, w.host)
	if answering == nil {
		w.noZone(vpc)
		return ""
	}
	record, ok := w.record(*answering)
	if !ok {
		return ""
	}
	if record == nil {
		w.noRecord(zones, *answering)
		return ""
	}
	switch {
	case record.AliasTarget != "":
		return record.AliasTarget
	case record.Type == "CNAME" && len(record.Values) == 1:
		return strings.TrimSuffix(strings.ToLower(record.Values[0]), ".")
	}
	w.cause(StepName, w.ownerOf(*answering), record.Name, "the record is no alias: it has the addresses "+strings.Join(record.Values, ", "),
		"replace it by an alias: "+w.deployed())
	return ""
}

func (w *walk) ownerOf(zone Zone) string {
	if zone.Account == "" {
		return w.shared()
	}
	return zone.Account
}

// answeringZone is the most specific zone that a name is within: Route 53 looks
// into no other one.
func answeringZone(zones []Zone, name string) *Zone {
	var best *Zone
	for i, zone := range zones {
		within := name == zone.Name || strings.HasSuffix(name, "."+zone.Name)
		if within && (best == nil || len(zone.Name) > len(best.Name)) {
			best = &zones[i]
		}
	}
	return best
}

// record is the zone's record that answers for the host: its own, or the nearest
// wildcard's.
func (w *walk) record(zone Zone) (*Record, bool) {
	names := []string{w.host}
	for rest := w.host; rest != zone.Name; {
		_, rest, _ = strings.Cut(rest, ".")
		if rest == "" {
			break
		}
		names = append(names, "*."+rest)
	}
	for _, name := range names {
		records, ok := ask(w, StepName, w.ownerOf(zone), "records "+zone.ID+" "+name, func(ctx context.Context, r Reader) ([]Record, error) {
			return r.Records(ctx, zone.ID, name)
		})
		if !ok {
			return nil, false
		}
		for _, record := range records {
			if record.Type == "A" || record.Type == "CNAME" {
				return &record, true
			}
		}
	}
	return nil, true
}

// noZone says why no zone answers: there is none, or it isn't associated.
func (w *walk) noZone(vpc string) {
	for rest := w.host; strings.Contains(rest, "."); _, rest, _ = strings.Cut(rest, ".") {
		named, ok := ask(w, StepZoneAssociation, w.shared(), "zones named "+rest, func(ctx context.Context, r Reader) ([]Zone, error) {
			return r.ZonesNamed(ctx, rest)
		})
		if !ok {
			break
		}
		if len(named) > 0 {
			w.cause(StepZoneAssociation, w.shared(), named[0].ID, "private hosted zone "+rest+" is not associated with VPC "+vpc+", so its names don't resolve there",
				"associate it: aws route53 associate-vpc-with-hosted-zone --hosted-zone-id "+named[0].ID+" --vpc VPCRegion="+w.environment.Shared.Region+",VPCId="+vpc)
			return
		}
	}
	w.cause(StepName, w.shared(), vpc, "no private hosted zone that answers VPC "+vpc+" is for this name", w.deployed())
}

// noRecord says that the zone that answers has no record for the host, and whether
// it hides a zone that has one.
func (w *walk) noRecord(zones []Zone, answering Zone) {
	var others []Zone
	for _, zone := range zones {
		if zone.ID != answering.ID && len(zone.Name) < len(answering.Name) {
			others = append(others, zone)
		}
	}
	if hidden := answeringZone(others, w.host); hidden != nil {
		if record, ok := w.record(*hidden); ok && record != nil {
			w.cause(StepName, w.ownerOf(answering), answering.ID, "private hosted zone "+answering.Name+" hides zone "+hidden.Name+
				", which has the host's record: Route 53 answers from the most specific zone alone",
				"take zone "+answering.Name+" away from VPC "+w.environment.Shared.VPCID+", or create the host's record there too")
			return
		}
	}
	w.cause(StepName, w.ownerOf(answering), answering.ID, "private hosted zone "+answering.Name+" has no record for the host, nor a wildcard that covers it", w.deployed())
}
