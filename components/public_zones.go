package components

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// PublicZones finds public hosted zones, and asks for each name once.
type PublicZones struct {
	ctx *pulumi.Context
	// own leads to the account's own zones.
	own       pulumi.InvokeOption
	elsewhere map[string]pulumi.ProviderResource
	ids       map[string]string // by zone name; "": there is no such zone
}

// NewPublicZones finds zones with an AWS provider of the account; those named
// in elsewhere are looked for with theirs, which is another account's.
func NewPublicZones(ctx *pulumi.Context, awsProvider pulumi.ProviderResource, elsewhere map[string]pulumi.ProviderResource) *PublicZones {
	return &PublicZones{ctx: ctx, own: pulumi.Provider(awsProvider), elsewhere: elsewhere, ids: map[string]string{}}
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
		return "", fmt.Errorf("the account that is named for it has no public hosted zone %s: correct portico:certificates.zones", name)
	}
	return "", nil
}
