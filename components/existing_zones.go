package components

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ExistingZonesArgs describes private hosted zones that exist and are to be used.
type ExistingZonesArgs struct {
	// Zones are the zones, each with its ID. Default: none.
	Zones []HostedZone
	// VPCID is the VPC whose clients are to resolve the names. Required for zones
	// without Associate.
	VPCID string
	// Provider is the AWS provider of the account. Required.
	Provider pulumi.ProviderResource
}

// CheckExistingZones asks whether the zones are those that they are named for, and
// whether the VPC is associated with them. It registers no resource.
func CheckExistingZones(ctx *pulumi.Context, args *ExistingZonesArgs) *Findings {
	found := new(Findings)
	for _, zone := range args.Zones {
		option := pulumi.Provider(args.Provider)
		if zone.Owner != nil {
			option = pulumi.Provider(zone.Owner.Provider)
		}
		if _, err := findExistingZone(ctx, option, zone); err != nil {
			if ctx.DryRun() && isDenied(err) {
				found.NotAsked = append(found.NotAsked, zoneNotRead(zone, err))
			} else {
				found.Errors = append(found.Errors, err)
			}
			continue
		}
		if zone.Associate {
			continue
		}
		switch err := checkAssociated(ctx, option, args.VPCID, zone); {
		case isDenied(err):
			found.NotAsked = append(found.NotAsked, associationNotRead(args.VPCID, zone, err))
		case err != nil:
			found.Errors = append(found.Errors, err)
		}
	}
	return found
}

func zoneNotRead(zone HostedZone, err error) NotAsked {
	return NotAsked{"route53:GetHostedZone", fmt.Sprintf("whether %s is the private zone %s", zone.ID, zone.Name), err}
}

func associationNotRead(vpcID string, zone HostedZone, err error) NotAsked {
	return NotAsked{"route53:ListHostedZones", fmt.Sprintf("whether VPC %s is associated with zone %s (%s)", vpcID, zone.ID, zone.Name), err}
}

// findExistingZone reads a zone that exists.
func findExistingZone(ctx *pulumi.Context, option pulumi.InvokeOption, zone HostedZone) (*route53.LookupZoneResult, error) {
	found, err := route53.LookupZone(ctx, &route53.LookupZoneArgs{ZoneId: &zone.ID}, option)
	if err != nil {
		return nil, &ExistingResourceError{Kind: "hosted zone", ID: zone.ID, Purpose: zone.Name,
			Problem: err.Error(), Fix: "name the ID of the private zone, and the role of its account if that is another"}
	}
	isPrivate := found.PrivateZone != nil && *found.PrivateZone
	if name := strings.TrimSuffix(found.Name, "."); name != zone.Name || !isPrivate {
		return nil, &ExistingResourceError{Kind: "hosted zone", ID: zone.ID,
			Problem: fmt.Sprintf("it is the zone %s (private: %t), and the private zone %s is wanted", name, isPrivate, zone.Name),
			Fix:     "name the ID of that private zone"}
	}
	return found, nil
}

// checkAssociated checks that an existing zone is associated with an existing VPC.
func checkAssociated(ctx *pulumi.Context, option pulumi.InvokeOption, vpcID string, zone HostedZone) error {
	found, err := route53.LookupZone(ctx, &route53.LookupZoneArgs{Name: &zone.Name, PrivateZone: pulumi.BoolRef(true), VpcId: &vpcID}, option)
	if isDenied(err) {
		return err
	}
	if err != nil || found.ZoneId != zone.ID {
		return &ExistingResourceError{Kind: "private hosted zone", ID: zone.ID, Purpose: zone.Name,
			Problem: fmt.Sprintf("it isn't associated with VPC %s, so that clients there would not see its records", vpcID),
			Fix:     "associate it, or set associate: true"}
	}
	return nil
}
