package faults

import (
	"strings"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
	"github.com/portico-iac/portico/internal/doctor"
	"github.com/portico-iac/portico/mapping"
)

var nameFaults = []Fault{
	{Name: "dns-record-gone", Breaks: "removes the host's alias record", FrontDoor: mapping.FrontDoorNGINX, Cause: doctor.StepName, inject: func(s *scene) error {
		return s.shared(func(op *engine.Op) error {
			return remove(op, view.RecordType, func(r *engine.Resource) bool { return s.covers(r.Properties.Text("fqdn")) })
		})
	}},
	{Name: "dns-record-elsewhere", Breaks: "points the host's alias record at a load balancer that is gone", FrontDoor: mapping.FrontDoorNGINX, Cause: doctor.StepName, inject: (*scene).pointElsewhere},
	{Name: "zone-gone", Breaks: "deletes the private hosted zone", FrontDoor: mapping.FrontDoorNGINX, Cause: doctor.StepName, inject: func(s *scene) error {
		return s.shared(func(op *engine.Op) error {
			zone := s.zone(op)
			if zone == nil {
				return errNothing
			}
			op.Remove(zone)
			return remove(op, view.RecordType, with("zoneId", zone.ID))
		})
	}},
	{Name: "zone-association-gone", Breaks: "takes the private hosted zone away from the VPC", FrontDoor: mapping.FrontDoorNGINX, Cause: doctor.StepZoneAssociation, inject: func(s *scene) error {
		return s.shared(func(op *engine.Op) error {
			zone := s.zone(op)
			if zone == nil {
				return errNothing
			}
			changed := zone.Clone()
			changed.Properties["vpcs"] = []any{map[string]any{"vpcId": "vpc-0aaaaaaaaaaaaaaaa", "vpcRegion": s.Shared.Region}}
			op.Put(changed)
			return nil
		})
	}},
	{Name: "zone-hidden", Breaks: "creates an empty private hosted zone of the host's own name in the VPC", FrontDoor: mapping.FrontDoorNGINX, Cause: doctor.StepName, inject: func(s *scene) error {
		return s.shared(func(op *engine.Op) error {
			zone := s.zone(op)
			if zone == nil || zone.Properties.Text("name") == s.host() {
				return errNothing
			}
			hiding := zone.Clone()
			hiding.ID = "Z0HIDING"
			hiding.ARN = strings.ReplaceAll(zone.ARN, zone.ID, hiding.ID)
			hiding.Properties["name"], hiding.Properties["zoneId"], hiding.Properties["arn"] = s.host(), hiding.ID, hiding.ARN
			op.Put(hiding)
			return nil
		})
	}},
}

// zone is the private hosted zone that answers for the host.
func (s *scene) zone(op *engine.Op) *engine.Resource {
	var best *engine.Resource
	for _, r := range op.All(view.ZoneType) {
		name := view.CanonicalName(r.Properties.Text("name"))
		if engine.IsEmpty(r.Properties["vpcs"]) || !view.NameWithin(s.host(), name) {
			continue
		}
		if best == nil || len(name) > len(view.CanonicalName(best.Properties.Text("name"))) {
			best = r
		}
	}
	return best
}

// pointElsewhere leaves the alias of a host behind at a name that is gone.
func (s *scene) pointElsewhere() error {
	return s.shared(func(op *engine.Op) error {
		return change(op, view.RecordType, func(r *engine.Resource) bool { return s.covers(r.Properties.Text("fqdn")) }, func(r *engine.Resource) {
			for _, alias := range r.Properties.Objects("aliases") {
				alias["name"] = "gone-0123456789." + s.Shared.Region + ".elb.amazonaws.com"
			}
		})
	})
}
