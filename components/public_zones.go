package components

import (
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
}

// PublicZones finds public hosted zones. It asks AWS for each name once. It is no
// resource: several components may use one.
type PublicZones struct {
	ctx *pulumi.Context
	// own leads to the account's own zones.
	own       pulumi.InvokeOption
	elsewhere map[string]pulumi.ProviderResource
	ids       map[string]string // by zone name; "": there is no such zone
}

// NewPublicZones prepares to find zones; it asks AWS nothing yet.
func NewPublicZones(ctx *pulumi.Context, args *PublicZonesArgs) *PublicZones {
	return &PublicZones{ctx: ctx, own: pulumi.Provider(args.Provider), elsewhere: args.ZoneProviders, ids: map[string]string{}}
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
	id, known := z.ids[name]
	if !known {
		var err error
		if id, err = z.lookUp(name, owner); err != nil {
			return nil, err
		}
		z.ids[name] = id
	}
	if id == "" {
		return nil, nil
	}
	return &publicZone{name: name, id: id, owner: owner}, nil
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

func (z *PublicZones) lookUp(name string, owner pulumi.ProviderResource) (string, error) {
	option := z.own
	if owner != nil {
		option = pulumi.Provider(owner)
	}
	found, err := route53.LookupZone(z.ctx, &route53.LookupZoneArgs{
		Name:        &name,
		PrivateZone: pulumi.BoolRef(false),
	}, option)
	switch {
	case err == nil:
		return found.ZoneId, nil
	case !strings.Contains(err.Error(), "no matching Route 53 Hosted Zone found"): // the provider has no other sign for it
		return "", err
	case owner != nil:
		return "", &PublicZoneError{Name: name, Elsewhere: true}
	}
	return "", nil
}
