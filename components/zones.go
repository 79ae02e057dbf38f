package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// HostedZone is a private hosted zone to create.
type HostedZone struct {
	Name string
	// Records are the alias records' fully qualified names.
	Records []string
}

// ZonesArgs describes the private hosted zones and what their records lead to.
type ZonesArgs struct {
	Zones []HostedZone
	VPCID pulumi.StringInput
	// LoadBalancerDNSName and LoadBalancerZoneID are the alias target.
	LoadBalancerDNSName, LoadBalancerZoneID pulumi.StringInput
	Tags                                    Tags
}

// Zones are the private hosted zones of the custom domains.
type Zones struct {
	pulumi.ResourceState
}

// NewZones creates the private hosted zones and their alias records.
func NewZones(ctx *pulumi.Context, name string, args *ZonesArgs, opts ...pulumi.ResourceOption) (*Zones, error) {
	zones := &Zones{}
	if err := ctx.RegisterComponentResource("portico:index:Zones", name, zones, opts...); err != nil {
		return nil, fmt.Errorf("register zones %q: %w", name, err)
	}
	for _, zone := range args.Zones {
		if err := zones.create(ctx, name, zone, args); err != nil {
			return nil, err
		}
	}
	if err := ctx.RegisterResourceOutputs(zones, pulumi.Map{}); err != nil {
		return nil, fmt.Errorf("register outputs of zones %q: %w", name, err)
	}
	return zones, nil
}

func (z *Zones) create(ctx *pulumi.Context, name string, zone HostedZone, args *ZonesArgs) error {
	hosted, err := route53.NewZone(ctx, name+"-"+zone.Name, &route53.ZoneArgs{
		Name:    pulumi.String(zone.Name),
		Comment: pulumi.String("custom domains of private APIs"),
		Vpcs:    route53.ZoneVpcArray{route53.ZoneVpcArgs{VpcId: args.VPCID}},
		Tags:    args.Tags.named(zone.Name),
	}, pulumi.Parent(z))
	if err != nil {
		return fmt.Errorf("create private hosted zone %s: %w", zone.Name, err)
	}
	for _, record := range zone.Records {
		_, err := route53.NewRecord(ctx, name+"-"+resourceName(record), &route53.RecordArgs{
			ZoneId: hosted.ZoneId,
			Name:   pulumi.String(record),
			Type:   pulumi.String("A"),
			Aliases: route53.RecordAliasArray{route53.RecordAliasArgs{
				Name:                 args.LoadBalancerDNSName,
				ZoneId:               args.LoadBalancerZoneID,
				EvaluateTargetHealth: pulumi.Bool(false),
			}},
			// Somebody else's record of that name is an error, not overwritten.
			AllowOverwrite: pulumi.Bool(false),
		}, pulumi.Parent(z))
		if err != nil {
			return fmt.Errorf("create alias record %s: %w", record, err)
		}
	}
	return nil
}
