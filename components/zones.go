package components

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// HostedZone is a private hosted zone and the alias records in it.
type HostedZone struct {
	// Name is the zone's domain, in lower case and without a dot at its end.
	// Required.
	Name string
	// ID is that of a zone that exists. Default: the zone is created.
	ID string
	// Associate associates an existing zone with the VPC. Default: false, and the
	// zone has to be associated already: clients in the VPC would not see its
	// records otherwise.
	Associate bool
	// Owner is the account that has an existing zone. Default: the account of the
	// component's AWS provider.
	Owner *Account
	// Records are the alias records. Default: none.
	Records []AliasRecord
	// Hosts are the custom domains that the zone is for. They are no
	// [HiddenNames]. Default: none.
	Hosts []string
}

// AliasRecord is an alias record of type A.
type AliasRecord struct {
	// Name is the record's name, fully qualified. Required.
	Name string
	// Target is what the name resolves to. Required.
	Target AliasTarget
	// DependsOn are created before the record. Default: nothing.
	DependsOn []pulumi.Resource
}

// AliasTarget is an AWS resource with a DNS name.
type AliasTarget struct {
	// DNSName is the resource's DNS name. Required.
	DNSName pulumi.StringInput
	// HostedZoneID is AWS's hosted zone of that name. Required.
	HostedZoneID pulumi.StringInput
}

// VPCAssociation is another VPC whose resolver answers from the zones.
type VPCAssociation struct {
	// VPCID is the VPC. Required.
	VPCID string
	// Region is the VPC's AWS region's code. Required.
	Region string
	// Owner is the account that has the VPC. Default: the account of the
	// component's AWS provider.
	Owner *Account
}

// Account is an account other than that of the component's AWS provider.
type Account struct {
	// ID is the account's number, 12 digits. Required.
	ID string
	// Provider is an AWS provider with a role of the account. Default: none, and
	// what has to be done in the account is left to its owner.
	Provider pulumi.ProviderResource
}

// id is the account's number; "" is that of the component's AWS provider.
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
	// Zones are the zones, of distinct names. Default: none.
	Zones []HostedZone
	// VPCID is the VPC whose clients resolve the names. Required.
	VPCID pulumi.StringInput
	// ExistingVPCID is VPCID where it is known in a preview, because the VPC isn't
	// created by the same program. Required where a zone has an ID and no Associate.
	ExistingVPCID string
	// Region is the VPC's AWS region's code. Required.
	Region string
	// Associations are the other VPCs whose clients resolve the names. Default:
	// none. AWS allows 300 VPCs a zone.
	Associations []VPCAssociation
	// ProfileID is a Route 53 Profile that shares the zones with every VPC that it
	// is associated with. Default: none.
	ProfileID string
	// PublicZones finds the public names that a new zone hides from clients in the
	// VPC. Default: they aren't looked for.
	PublicZones *PublicZones
	// OnHiddenNames is called for each new zone that hides public names. Default: a
	// warning is logged.
	OnHiddenNames func(HiddenNames) error
	// Tags are the zones'.
	Tags Tags
}

func (a *ZonesArgs) check(name string) error {
	m := arguments{component: "Zones", name: name}
	m.given(a.VPCID != nil, "VPCID")
	m.given(a.Region != "", "Region")
	for i, zone := range a.Zones {
		at := fmt.Sprintf("Zones[%d]", i)
		m.given(zone.Name != "", at+".Name")
		m.require(zone.ID == "" || zone.Associate || a.ExistingVPCID != "", at+".Associate",
			"a VPC that the same program creates has no existing zone", "set it, or ExistingVPCID")
		m.require(zone.Owner == nil || zone.Owner.Provider != nil, at+".Owner.Provider", "not set", "a zone in another account needs a provider there")
	}
	return m.err()
}

// Zones are the private hosted zones of the custom domains.
type Zones struct {
	pulumi.ResourceState
	children

	// Records are the alias records, for dependencies.
	Records []pulumi.Resource
	// AssociationCommands are the AWS CLI commands that the owners of VPCs have to
	// run whose accounts have no provider, one for each zone and VPC.
	AssociationCommands []pulumi.StringInput
}

// NewZones creates the private hosted zones that don't exist, and in all of them
// the alias records and associations. A zone that exists and doesn't serve is an
// [ExistingResourceError]. A record of the same name and type that exists is an
// error of the update, and is never overwritten; it can be adopted with
//
//	pulumi import aws:route53/record:Record NAME ZONEID_RECORD_A --parent zones=URN --provider aws=URN
func NewZones(ctx *pulumi.Context, name string, args *ZonesArgs, opts ...pulumi.ResourceOption) (*Zones, error) {
	if err := args.check(name); err != nil {
		return nil, err
	}
	zones := &Zones{}
	if err := register(ctx, "Zones", name, zones, opts); err != nil {
		return nil, err
	}
	if err := args.reportHiddenNames(ctx); err != nil {
		return nil, err
	}
	b := &zoneBuilder{ctx: ctx, parent: zones, name: name, args: args}
	for _, zone := range args.Zones {
		if err := b.build(zone); err != nil {
			return nil, err
		}
	}
	outputs := pulumi.Map{"associationCommands": stringArray(zones.AssociationCommands)}
	if err := complete(ctx, "Zones", name, zones, outputs); err != nil {
		return nil, err
	}
	return zones, nil
}

// zoneBuilder creates zones, one at a time.
type zoneBuilder struct {
	ctx    *pulumi.Context
	parent *Zones
	name   string
	args   *ZonesArgs
}

// hostedZone is a zone that exists or is created.
type hostedZone struct {
	name    string
	id, arn pulumi.StringInput
	owner   *Account
}

func (b *zoneBuilder) build(zone HostedZone) error {
	provision := b.create
	if zone.ID != "" {
		provision = b.lookUp
	}
	hosted, err := provision(zone)
	if err != nil {
		return err
	}
	records, err := b.aliases(hosted, zone.Records)
	if err != nil {
		return err
	}
	// An existing zone answers in a VPC from its association on, also for names of
	// which it has no record yet.
	if zone.ID != "" && zone.Associate {
		if err := b.associateOwn(hosted, records); err != nil {
			return err
		}
	}
	for _, association := range b.args.Associations {
		if err := b.associate(hosted, association, records); err != nil {
			return err
		}
	}
	return b.share(hosted)
}

func (b *zoneBuilder) create(zone HostedZone) (*hostedZone, error) {
	options := []pulumi.ResourceOption{pulumi.Parent(b.parent)}
	if len(b.args.Associations) > 0 {
		// Associations that are resources of their own appear among the zone's VPCs.
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
	return &hostedZone{name: zone.Name, id: hosted.ZoneId, arn: hosted.Arn}, nil
}

// lookUp reads a zone that exists, so that a wrong ID is reported in a preview. One
// that may not read it goes on: the zone's ARN alone is not known then.
func (b *zoneBuilder) lookUp(zone HostedZone) (*hostedZone, error) {
	option := zone.Owner.invoke(b.parent)
	hosted := &hostedZone{zone.Name, pulumi.String(zone.ID), unknownText(), zone.Owner}
	found, err := findExistingZone(b.ctx, option, zone)
	switch {
	case err == nil:
		hosted.arn = pulumi.String(found.Arn)
	case !b.ctx.DryRun() || !isDenied(err):
		return nil, err
	default:
		if err := zoneNotRead(zone, err).log(b.ctx); err != nil {
			return nil, err
		}
	}
	if zone.Associate {
		return hosted, nil
	}
	err = checkAssociated(b.ctx, option, b.args.ExistingVPCID, zone)
	if isDenied(err) {
		err = associationNotRead(b.args.ExistingVPCID, zone, err).log(b.ctx)
	}
	return hosted, err
}

// associateOwn associates a zone that exists with the component's own VPC, when it has
// its records.
func (b *zoneBuilder) associateOwn(zone *hostedZone, records []pulumi.Resource) error {
	name := b.name + "-" + zone.name
	options := []pulumi.ResourceOption{pulumi.Parent(b.parent), pulumi.DependsOn(records)}
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

// aliases creates the records of a zone, each after those of the names above its own,
// and so deletes it before them: a name without a record that is above another is
// answered by no wildcard record.
func (b *zoneBuilder) aliases(zone *hostedZone, records []AliasRecord) (all []pulumi.Resource, err error) {
	labels := func(r AliasRecord) int { return strings.Count(r.Name, ".") }
	ordered := slices.Clone(records)
	slices.SortStableFunc(ordered, func(x, y AliasRecord) int { return labels(x) - labels(y) })
	created := map[string]pulumi.Resource{}
	for _, record := range ordered {
		for name := record.Name; name != ""; {
			_, name, _ = strings.Cut(name, ".")
			if above := created[name]; above != nil {
				record.DependsOn = append(slices.Clone(record.DependsOn), above)
				break
			}
		}
		if created[record.Name], err = b.alias(zone, record); err != nil {
			return nil, err
		}
		all = append(all, created[record.Name])
	}
	return all, nil
}

func (b *zoneBuilder) alias(zone *hostedZone, record AliasRecord) (pulumi.Resource, error) {
	created, err := route53.NewRecord(b.ctx, b.name+"-"+resourceName(record.Name), &route53.RecordArgs{
		ZoneId: zone.id,
		Name:   pulumi.String(record.Name),
		Type:   pulumi.String("A"),
		Aliases: route53.RecordAliasArray{route53.RecordAliasArgs{
			Name:                 record.Target.DNSName,
			ZoneId:               record.Target.HostedZoneID,
			EvaluateTargetHealth: pulumi.Bool(false),
		}},
		// An existing record of that name is an error, not overwritten.
		AllowOverwrite: pulumi.Bool(false),
	}, zone.owner.options(b.parent, pulumi.DependsOn(record.DependsOn))...)
	if err != nil {
		return nil, fmt.Errorf("create alias record %s: %w", record.Name, err)
	}
	b.parent.Records = append(b.parent.Records, created)
	return created, nil
}

// associate associates the zone with another VPC, when it has its records. The VPC's account does that,
// with an authorization of the zone's account where they differ. Without a
// provider in the VPC's account its owner has to run the command.
func (b *zoneBuilder) associate(zone *hostedZone, with VPCAssociation, records []pulumi.Resource) error {
	name := b.name + "-" + zone.name + "-" + with.VPCID
	var authorizations []pulumi.Resource
	if with.Owner.id() != zone.owner.id() {
		authorization, err := route53.NewVpcAssociationAuthorization(b.ctx, name, &route53.VpcAssociationAuthorizationArgs{
			ZoneId:    zone.id,
			VpcId:     pulumi.String(with.VPCID),
			VpcRegion: pulumi.String(with.Region),
		}, zone.owner.options(b.parent)...)
		if err != nil {
			return fmt.Errorf("authorize VPC %s for private hosted zone %s: %w", with.VPCID, zone.name, err)
		}
		authorizations = append(authorizations, authorization)
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
	}, with.Owner.options(b.parent, pulumi.DependsOn(append(authorizations, records...)))...)
	if err != nil {
		return fmt.Errorf("associate private hosted zone %s with VPC %s: %w", zone.name, with.VPCID, err)
	}
	return nil
}

// share associates the zone with the Route 53 Profile, in the zone's account.
func (b *zoneBuilder) share(zone *hostedZone) error {
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
