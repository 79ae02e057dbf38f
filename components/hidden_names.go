package components

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// maxNamesShown is how many names HiddenNames.String lists before it counts the
// rest.
const maxNamesShown = 5

// HiddenNames are public names that clients in the VPC lose to a new private
// zone, which answers for every name below its own.
type HiddenNames struct {
	// Zone is the private zone's domain.
	Zone string
	// PublicZone is the public zone's domain.
	PublicZone string
	// Names are the public zone's names that the private zone hides, sorted.
	Names []string
}

// String says which names are hidden, and lists the first five.
func (h HiddenNames) String() string {
	shown := strings.Join(h.Names[:min(len(h.Names), maxNamesShown)], ", ")
	if more := len(h.Names) - maxNamesShown; more > 0 {
		shown += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("the private zone %s hides names of the public zone %s from clients in the VPC: %s", h.Zone, h.PublicZone, shown)
}

// reportHiddenNames reports the public names that new zones hide. Zones work
// without the report, so what can't be read is logged and passed over.
func (a *ZonesArgs) reportHiddenNames(ctx *pulumi.Context) error {
	if a.PublicZones == nil {
		return nil
	}
	report := a.OnHiddenNames
	if report == nil {
		report = func(hidden HiddenNames) error {
			return ctx.Log.Warn(hidden.String()+": to leave them public, make a zone for each custom domain alone, or copy them into the private zone", nil)
		}
	}
	published := map[string][]string{} // by public zone's ID
	for _, zone := range a.Zones {
		if zone.ID != "" {
			continue
		}
		parent, err := a.PublicZones.nearest(zone.Name)
		if err == nil && parent != nil && published[parent.id] == nil {
			published[parent.id], err = a.PublicZones.names(parent)
		}
		if err != nil {
			if err := (NotAsked{"route53:ListResourceRecordSets", "which public names the private zone " + zone.Name + " hides", err}).log(ctx); err != nil {
				return err
			}
			continue
		}
		if parent == nil {
			continue
		}
		if names := hiddenNames(zone, published[parent.id]); len(names) > 0 {
			if err := report(HiddenNames{Zone: zone.Name, PublicZone: parent.name, Names: names}); err != nil {
				return fmt.Errorf("report the names that zone %s hides: %w", zone.Name, err)
			}
		}
	}
	return nil
}

// hiddenNames are the published names for which the private zone answers instead;
// the custom domains are meant to be such.
func hiddenNames(zone HostedZone, published []string) []string {
	var hidden []string
	for _, name := range published {
		within := name == zone.Name || strings.HasSuffix(name, "."+zone.Name)
		if within && !slices.Contains(zone.Hosts, name) {
			hidden = append(hidden, name)
		}
	}
	return hidden
}

// names are the names in a public zone that clients resolve, sorted: neither its
// own NS and SOA records nor the records that only ACM reads.
func (z *PublicZones) names(zone *publicZone) ([]string, error) {
	found, err := route53.GetRecords(z.ctx, &route53.GetRecordsArgs{ZoneId: zone.id}, z.option(zone.owner))
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, set := range found.ResourceRecordSets {
		name := recordName(set.Name)
		own := name == zone.name && (set.Type == "NS" || set.Type == "SOA")
		validation := slices.ContainsFunc(set.ResourceRecords, func(r route53.GetRecordsResourceRecordSetResourceRecord) bool {
			return strings.HasSuffix(strings.TrimSuffix(r.Value, "."), ".acm-validations.aws")
		})
		if !own && !validation {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
