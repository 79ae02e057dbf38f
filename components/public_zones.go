package components

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// PublicZonesArgs describes where public hosted zones are looked up.
type PublicZonesArgs struct {
	// Provider is the AWS provider of the account whose zones are found. Required.
	Provider pulumi.ProviderResource
	// ZoneProviders are AWS providers of other accounts, by the names of the public
	// zones that are found there. Default: none.
	ZoneProviders map[string]pulumi.ProviderResource
	// ZoneIDs are the IDs of zones, by name, where an account has several of one
	// name. Default: none, and each zone is found by its name.
	ZoneIDs map[string]string
}

// PublicZones finds public hosted zones. It asks AWS for each name once. It is no
// resource: several components may use one.
type PublicZones struct {
	ctx *pulumi.Context
	// own leads to the account's own zones.
	own       pulumi.InvokeOption
	elsewhere map[string]pulumi.ProviderResource
	named     map[string]string                    // the zones' IDs that were named, by zone name
	found     map[string]*route53.LookupZoneResult // by zone name; nil: there is no such zone
	denied    map[string]error                     // by zone name
}

// NewPublicZones prepares to find zones; it asks AWS nothing yet.
func NewPublicZones(ctx *pulumi.Context, args *PublicZonesArgs) *PublicZones {
	return &PublicZones{ctx: ctx, own: pulumi.Provider(args.Provider), elsewhere: args.ZoneProviders, named: args.ZoneIDs,
		found: map[string]*route53.LookupZoneResult{}, denied: map[string]error{}}
}

// publicZone is a public hosted zone.
type publicZone struct {
	name, id string
	// owner is the AWS provider of the account that has it; nil: our own.
	owner pulumi.ProviderResource
}

// find is the zone of that name; nil where there is none.
func (z *PublicZones) find(name string) (*publicZone, error) {
	owner := z.elsewhere[name]
	if err := z.denied[name]; err != nil {
		return nil, err
	}
	found, known := z.found[name]
	if !known {
		var err error
		if found, err = z.lookUp(name, owner); err != nil {
			if isDenied(err) {
				z.denied[name] = err
			}
			return nil, err
		}
		z.found[name] = found
	}
	if found == nil {
		return nil, nil
	}
	return &publicZone{name: name, id: found.ZoneId, owner: owner}, nil
}

// nearest is the zone of that name or of its nearest parent that has one; nil
// where none has.
func (z *PublicZones) nearest(name string) (*publicZone, error) {
	for ; strings.Contains(name, "."); _, name, _ = strings.Cut(name, ".") {
		zone, err := z.find(name)
		if zone != nil || err != nil {
			return zone, err
		}
	}
	return nil, nil
}

// option leads to the account that has the zone.
func (z *PublicZones) option(owner pulumi.ProviderResource) pulumi.InvokeOption {
	if owner != nil {
		return pulumi.Provider(owner)
	}
	return z.own
}

func (z *PublicZones) lookUp(name string, owner pulumi.ProviderResource) (*route53.LookupZoneResult, error) {
	args := &route53.LookupZoneArgs{Name: &name, PrivateZone: pulumi.BoolRef(false)}
	id := z.named[name]
	if id != "" {
		args = &route53.LookupZoneArgs{ZoneId: &id}
	}
	found, err := route53.LookupZone(z.ctx, args, z.option(owner))
	switch {
	case err == nil && id != "" && !isPublicZone(found, name), err != nil && id != "" && isNone(err):
		return nil, &PublicZoneError{Name: name, ID: id, Elsewhere: true}
	case err == nil:
		return found, nil
	case strings.Contains(err.Error(), "multiple Route 53 Hosted Zones matched"):
		return nil, &PublicZoneError{Name: name, Several: true}
	case id != "":
		return nil, fmt.Errorf("find public hosted zone %s (%s): %w", id, name, err)
	case !isNone(err):
		return nil, err
	case owner != nil:
		return nil, &PublicZoneError{Name: name, Elsewhere: true}
	}
	return nil, nil
}

func isPublicZone(found *route53.LookupZoneResult, name string) bool {
	private := found.PrivateZone != nil && *found.PrivateZone
	return strings.TrimSuffix(found.Name, ".") == name && !private
}

// validating is the zone that validates a name: the one that was named for it, or the
// nearest parent.
func (z *PublicZones) validating(name, named string) (*publicZone, error) {
	name = strings.TrimPrefix(name, "*.")
	search, from := z.nearest, name
	if named != "" {
		search, from = z.find, named
	}
	zone, err := search(from)
	if err == nil && zone == nil {
		err = &PublicZoneError{Name: named, ValidatedName: name}
	}
	return zone, err
}

// Check finds the zones that validate names, and compares the name servers of each
// with those that its parent zone delegates to, where an account here has that one.
// zones are those that were named for a name, instead of the nearest. The error has
// everything that is wrong, each zone once. A preview goes on where a question is
// denied, and says so.
func (z *PublicZones) Check(names []string, zones map[string]string) error {
	var wrong []error
	checked := map[string]bool{}
	for _, name := range names {
		zone, err := z.validating(name, zones[name])
		if z.ctx.DryRun() && isDenied(err) {
			err = z.notFound(name, err).log(z.ctx)
		}
		if err == nil && zone != nil && !checked[zone.name] {
			checked[zone.name] = true
			err = z.checkDelegation(zone, name)
		}
		if err != nil && !checked[err.Error()] {
			checked[err.Error()] = true
			wrong = append(wrong, err)
		}
	}
	return errors.Join(wrong...)
}

// notFound is the question for the zone that validates a name.
func (z *PublicZones) notFound(name string, err error) NotAsked {
	return NotAsked{"route53:ListHostedZones, route53:GetHostedZone", "which public hosted zone validates " + name, err}
}

// checkDelegation compares a zone's name servers with its parent's NS record. What
// can't be read is passed over: the parent may belong to an account that is not
// known here.
func (z *PublicZones) checkDelegation(zone *publicZone, validated string) error {
	_, above, _ := strings.Cut(zone.name, ".")
	parent, err := z.nearest(above)
	if err != nil || parent == nil {
		return nil //nolint:nilerr // not known here
	}
	pattern := "^" + strings.ReplaceAll(zone.name, ".", "\\.") + "\\.?$"
	records, err := route53.GetRecords(z.ctx, &route53.GetRecordsArgs{ZoneId: parent.id, NameRegex: &pattern}, z.option(parent.owner))
	if err != nil {
		return z.ctx.Log.Warn(NotAsked{"route53:ListResourceRecordSets", fmt.Sprintf("whether zone %s delegates %s", parent.name, zone.name), err}.String(), nil)
	}
	var delegated []string
	for _, set := range records.ResourceRecordSets {
		for _, record := range set.ResourceRecords {
			if set.Type == "NS" {
				delegated = append(delegated, serverName(record.Value))
			}
		}
	}
	own := z.found[zone.name].NameServers
	if slices.ContainsFunc(own, func(server string) bool { return slices.Contains(delegated, serverName(server)) }) {
		return nil
	}
	return &PublicZoneError{Name: zone.name, ID: zone.id, ValidatedName: validated, Parent: parent.name, NameServers: own, Delegated: delegated}
}

func serverName(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }
