package components

import (
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// HostedZone is a private hosted zone and the alias records that it needs.
type HostedZone struct {
	Name string
	// ID is that of a zone that exists; empty: the zone is created.
	ID string
	// Associate has an existing zone associated with the VPC, where it isn't
	// already. Records in a zone that isn't would be seen by nobody.
	Associate bool
	// Owner is the account that has an existing zone; nil: the stack's.
	Owner   *Account
	Records []AliasRecord
	// Hosts are the custom domains, which the zone is meant to answer for.
	Hosts []string
}

// AliasRecord is an alias record.
type AliasRecord struct {
	// Name is fully qualified.
	Name   string
	Target AliasTarget
	// After has to stand before the name may lead to the target.
	After []pulumi.Resource
}

// AliasTarget is what an alias leads to: a DNS name of AWS's, and the hosted
// zone that it lies in.
type AliasTarget struct{ DNSName, HostedZoneID pulumi.StringInput }

// VPCAssociation is another VPC whose resolver answers from the zones.
type VPCAssociation struct {
	VPCID, Region string
	// Owner is the account that has the VPC; nil: the stack's.
	Owner *Account
}

// Account is an account other than the stack's.
type Account struct {
	ID string
	// Provider is the AWS provider that works there; nil: none may.
	Provider pulumi.ProviderResource
}

// id tells accounts apart; "" is the stack's.
func (a *Account) id() string {
	if a == nil {
		return ""
	}
	return a.ID
}

// options hand the account's AWS provider on.
func (a *Account) options(parent pulumi.Resource, further ...pulumi.ResourceOption) []pulumi.ResourceOption {
	options := append([]pulumi.ResourceOption{pulumi.Parent(parent)}, further...)
	if a != nil {
		options = append(options, pulumi.Provider(a.Provider))
	}
	return options
}

// invoke hands the account's AWS provider to a function.
func (a *Account) invoke(parent pulumi.Resource) pulumi.InvokeOption {
	if a != nil {
		return pulumi.Provider(a.Provider)
	}
	return pulumi.Parent(parent)
}

// ZonesArgs describes the private hosted zones.
type ZonesArgs struct {
	Zones []HostedZone
	VPCID pulumi.StringInput
	// ExistingVPCID is the same as VPCID, where the VPC isn't created.
	ExistingVPCID string
	// Region is the VPC's.
	Region       string
	Associations []VPCAssociation
	// ProfileID is a Route 53 Profile that shares the zones with every VPC that
	// it is applied to; empty: none.
	ProfileID string
	// PublicZones finds the public names that a new zone would hide; nil:
	// nobody looks.
	PublicZones *PublicZones
	Tags        Tags
}

// Zones are the private hosted zones of the custom domains.
type Zones struct {
	pulumi.ResourceState

	// Records are the alias records: what stands where they do.
	Records []pulumi.Resource
	// AssociationCommands are what has to be run in the accounts of VPCs in which
	// no AWS provider may work, for each zone.
	AssociationCommands []pulumi.StringInput
}

// NewZones creates the private hosted zones that don't exist, with their alias
// records and associations. A record of the same name and type that is there
// already is an error, never overwritten; it can be adopted with
//
//	pulumi import aws:route53/record:Record NAME ZONEID_RECORD_A --parent zones=URN
func NewZones(ctx *pulumi.Context, name string, args *ZonesArgs, opts ...pulumi.ResourceOption) (*Zones, error) {
	zones := &Zones{}
	if err := ctx.RegisterComponentResource("portico:index:Zones", name, zones, opts...); err != nil {
		return nil, fmt.Errorf("register zones %q: %w", name, err)
	}
	if err := warnOfHiddenNames(ctx, args.Zones, args.PublicZones); err != nil {
		return nil, err
	}
	b := &zoneBuilder{ctx: ctx, parent: zones, name: name, args: args}
	for _, zone := range args.Zones {
		if err := b.build(zone); err != nil {
			return nil, err
		}
	}
	if err := ctx.RegisterResourceOutputs(zones, pulumi.Map{}); err != nil {
		return nil, fmt.Errorf("register outputs of zones %q: %w", name, err)
	}
	return zones, nil
}

// zoneBuilder makes zones, one at a time.
type zoneBuilder struct {
	ctx    *pulumi.Context
	parent *Zones
	name   string
	args   *ZonesArgs
}

// standingZone is a zone that is there, or is being created.
type standingZone struct {
	name    string
	id, arn pulumi.StringInput
	owner   *Account
}

func (b *zoneBuilder) build(zone HostedZone) error {
	stand := b.create
	if zone.ID != "" {
		stand = b.adopt
	}
	standing, err := stand(zone)
	if err != nil {
		return err
	}
	for _, record := range zone.Records {
		if err := b.alias(standing, record); err != nil {
			return err
		}
	}
	for _, association := range b.args.Associations {
		if err := b.associate(standing, association); err != nil {
			return err
		}
	}
	return b.share(standing)
}

func (b *zoneBuilder) create(zone HostedZone) (*standingZone, error) {
	options := []pulumi.ResourceOption{pulumi.Parent(b.parent)}
	if len(b.args.Associations) > 0 {
		// Associations that stand for themselves show up among the zone's VPCs.
		options = append(options, pulumi.IgnoreChanges([]string{"vpcs"}))
	}
	hosted, err := route53.NewZone(b.ctx, b.name+"-"+zone.Name, &route53.ZoneArgs{
		Name:    pulumi.String(zone.Name),
		Comment: pulumi.String("custom domains of private APIs"),
		Vpcs:    route53.ZoneVpcArray{route53.ZoneVpcArgs{VpcId: b.args.VPCID}},
		Tags:    b.args.Tags.named(zone.Name),
	}, options...)
	if err != nil {
		return nil, fmt.Errorf("create private hosted zone %s: %w", zone.Name, err)
	}
	return &standingZone{name: zone.Name, id: hosted.ZoneId, arn: hosted.Arn}, nil
}

// adopt looks at a zone that exists, so that a wrong ID is known in a preview.
func (b *zoneBuilder) adopt(zone HostedZone) (*standingZone, error) {
	found, err := route53.LookupZone(b.ctx, &route53.LookupZoneArgs{ZoneId: &zone.ID}, zone.Owner.invoke(b.parent))
	if err != nil {
		return nil, fmt.Errorf("find private hosted zone %s (%s): %w", zone.ID, zone.Name, err)
	}
	isPrivate := found.PrivateZone != nil && *found.PrivateZone
	if name := strings.TrimSuffix(found.Name, "."); name != zone.Name || !isPrivate {
		return nil, fmt.Errorf("use hosted zone %s: it is the zone %s (private: %t), and the private zone %s is wanted: correct portico:dns.existing",
			zone.ID, name, isPrivate, zone.Name)
	}
	standing := &standingZone{zone.Name, pulumi.String(zone.ID), pulumi.String(found.Arn), zone.Owner}
	if zone.Associate {
		return standing, b.associateOwn(standing)
	}
	return standing, b.checkAssociated(zone)
}

// associateOwn has the stack's own VPC ask a zone that exists.
func (b *zoneBuilder) associateOwn(zone *standingZone) error {
	name := b.name + "-" + zone.name
	options := []pulumi.ResourceOption{pulumi.Parent(b.parent)}
	if zone.owner != nil {
		authorization, err := route53.NewVpcAssociationAuthorization(b.ctx, name, &route53.VpcAssociationAuthorizationArgs{
			ZoneId:    zone.id,
			VpcId:     b.args.VPCID,
			VpcRegion: pulumi.String(b.args.Region),
		}, zone.owner.options(b.parent)...)
		if err != nil {
			return fmt.Errorf("authorize the VPC for private hosted zone %s: %w", zone.name, err)
		}
		options = append(options, pulumi.DependsOn([]pulumi.Resource{authorization}))
	}
	_, err := route53.NewZoneAssociation(b.ctx, name, &route53.ZoneAssociationArgs{
		ZoneId: zone.id,
		VpcId:  b.args.VPCID,
	}, options...)
	if err != nil {
		return fmt.Errorf("associate private hosted zone %s with the VPC: %w", zone.name, err)
	}
	return nil
}

// checkAssociated sees to it that an existing VPC's resolver asks the zone.
func (b *zoneBuilder) checkAssociated(zone HostedZone) error {
	found, err := route53.LookupZone(b.ctx, &route53.LookupZoneArgs{
		Name:        &zone.Name,
		PrivateZone: pulumi.BoolRef(true),
		VpcId:       &b.args.ExistingVPCID,
	}, zone.Owner.invoke(b.parent))
	if err != nil || found.ZoneId != zone.ID {
		return fmt.Errorf("use private hosted zone %s (%s): it isn't associated with VPC %s, so that nobody there would see its records: associate it, or set associate: true in portico:dns.existing",
			zone.ID, zone.Name, b.args.ExistingVPCID)
	}
	return nil
}

func (b *zoneBuilder) alias(zone *standingZone, record AliasRecord) error {
	created, err := route53.NewRecord(b.ctx, b.name+"-"+resourceName(record.Name), &route53.RecordArgs{
		ZoneId: zone.id,
		Name:   pulumi.String(record.Name),
		Type:   pulumi.String("A"),
		Aliases: route53.RecordAliasArray{route53.RecordAliasArgs{
			Name:                 record.Target.DNSName,
			ZoneId:               record.Target.HostedZoneID,
			EvaluateTargetHealth: pulumi.Bool(false),
		}},
		// Somebody else's record of that name is an error, not overwritten.
		AllowOverwrite: pulumi.Bool(false),
	}, zone.owner.options(b.parent, pulumi.DependsOn(record.After))...)
	if err != nil {
		return fmt.Errorf("create alias record %s: %w", record.Name, err)
	}
	b.parent.Records = append(b.parent.Records, created)
	return nil
}

// associate has another VPC's resolver ask the zone. The VPC's account does
// that, with an authorization of the zone's where they differ. Where nobody may
// work in the VPC's account, its own people have to.
func (b *zoneBuilder) associate(zone *standingZone, with VPCAssociation) error {
	name := b.name + "-" + zone.name + "-" + with.VPCID
	var after []pulumi.Resource
	if with.Owner.id() != zone.owner.id() {
		authorization, err := route53.NewVpcAssociationAuthorization(b.ctx, name, &route53.VpcAssociationAuthorizationArgs{
			ZoneId:    zone.id,
			VpcId:     pulumi.String(with.VPCID),
			VpcRegion: pulumi.String(with.Region),
		}, zone.owner.options(b.parent)...)
		if err != nil {
			return fmt.Errorf("authorize VPC %s for private hosted zone %s: %w", with.VPCID, zone.name, err)
		}
		after = append(after, authorization)
	}
	if with.Owner != nil && with.Owner.Provider == nil {
		b.parent.AssociationCommands = append(b.parent.AssociationCommands, pulumi.Sprintf(
			"aws route53 associate-vpc-with-hosted-zone --hosted-zone-id %s --vpc VPCRegion=%s,VPCId=%s", zone.id, with.Region, with.VPCID))
		return nil
	}
	_, err := route53.NewZoneAssociation(b.ctx, name, &route53.ZoneAssociationArgs{
		ZoneId:    zone.id,
		VpcId:     pulumi.String(with.VPCID),
		VpcRegion: pulumi.String(with.Region),
	}, with.Owner.options(b.parent, pulumi.DependsOn(after))...)
	if err != nil {
		return fmt.Errorf("associate private hosted zone %s with VPC %s: %w", zone.name, with.VPCID, err)
	}
	return nil
}

// share puts the zone into the Route 53 Profile. The zone's account does that.
func (b *zoneBuilder) share(zone *standingZone) error {
	if b.args.ProfileID == "" {
		return nil
	}
	_, err := route53.NewProfilesResourceAssociation(b.ctx, b.name+"-"+zone.name, &route53.ProfilesResourceAssociationArgs{
		Name:        pulumi.String(profileEntryName(zone.name)),
		ProfileId:   pulumi.String(b.args.ProfileID),
		ResourceArn: zone.arn,
	}, zone.owner.options(b.parent)...)
	if err != nil {
		return fmt.Errorf("share private hosted zone %s through profile %s: %w", zone.name, b.args.ProfileID, err)
	}
	return nil
}

// profileEntryName names a zone's association with a profile: at most 64
// letters, digits, hyphens and underscores (Route 53 Profiles API reference,
// AssociateResourceToProfile), so not the domain itself.
func profileEntryName(zone string) string {
	h := fnv.New32a()
	h.Write([]byte(zone)) // hash.Hash never returns an error
	readable := strings.ReplaceAll(zone, ".", "-")
	return fmt.Sprintf("%s-%08x", readable[:min(len(readable), 55)], h.Sum32())
}
