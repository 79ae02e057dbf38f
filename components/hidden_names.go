package components

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// maxNamesShown is how many names a warning lists before it counts the rest.
const maxNamesShown = 5

// warnOfHiddenNames logs which public names clients in the VPC lose, because a
// private zone answers for everything below its own name. It only warns, so
// what it may not read is passed over.
func warnOfHiddenNames(ctx *pulumi.Context, zones []HostedZone, public *PublicZones) error {
	if public == nil {
		return nil
	}
	published := map[string][]string{} // by public zone's ID
	for _, zone := range zones {
		if zone.ID != "" {
			continue
		}
		parent, err := public.nearest(zone.Name)
		if err == nil && parent != nil && published[parent.id] == nil {
			published[parent.id], err = public.names(parent)
		}
		if err != nil {
			if err := ctx.Log.Info(fmt.Sprintf("can't tell which public names the private zone %s hides: %v", zone.Name, err), nil); err != nil {
				return fmt.Errorf("log: %w", err)
			}
			continue
		}
		if parent == nil {
			continue
		}
		if hidden := hiddenNames(zone, published[parent.id]); len(hidden) > 0 {
			if err := ctx.Log.Warn(hiddenWarning(zone.Name, parent.name, hidden), nil); err != nil {
				return fmt.Errorf("log: %w", err)
			}
		}
	}
	return nil
}

// hiddenNames are the public names for which the private zone answers instead;
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

func hiddenWarning(zone, parent string, hidden []string) string {
	shown := strings.Join(hidden[:min(len(hidden), maxNamesShown)], ", ")
	if more := len(hidden) - maxNamesShown; more > 0 {
		shown += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("the private zone %s hides names of the public zone %s from clients in the VPC: %s: "+
		"to leave them public, set portico:dns: {scope: host}, which makes a zone for each custom domain alone, or copy them into the private zone",
		zone, parent, shown)
}

// names are the names in a public zone that mean something to clients, sorted:
// neither its own NS and SOA nor the records that only ACM reads.
func (z *PublicZones) names(zone *publicZone) ([]string, error) {
	option := z.own
	if zone.owner != nil {
		option = pulumi.Provider(zone.owner)
	}
	found, err := route53.GetRecords(z.ctx, &route53.GetRecordsArgs{ZoneId: zone.id}, option)
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, set := range found.ResourceRecordSets {
		// Route 53 writes a wildcard's asterisk in octal.
		name := strings.Replace(strings.TrimSuffix(set.Name, "."), `\052`, "*", 1)
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
