package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ram"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// DomainShareArgs describes with which accounts PRIVATE custom domains are shared.
type DomainShareArgs struct {
	// Principals are the accounts whose endpoints may be associated with the
	// domains, 12 digits each. Required: 1 or more.
	Principals []string
	// AllowExternalPrincipals allows accounts outside the organization, which
	// have to accept the share within 12 hours. Default: false.
	AllowExternalPrincipals bool
	// Tags are the share's.
	Tags Tags
}

// DomainShare is a resource share of AWS Resource Access Manager for PRIVATE
// custom domains. RAM gives it the default permission for them, which is to
// associate endpoints.
type DomainShare struct {
	pulumi.ResourceState
	children

	// ARN is the share's ARN.
	ARN pulumi.StringOutput `pulumi:"arn"`
	// Name is the share's name, by which receivers look it up.
	Name pulumi.StringOutput `pulumi:"name"`
	// Principals are the associations with the accounts, in the order of the
	// arguments.
	Principals []*ram.PrincipalAssociation

	name string
}

// NewDomainShare creates a share without domains.
func NewDomainShare(ctx *pulumi.Context, name string, args *DomainShareArgs, opts ...pulumi.ResourceOption) (*DomainShare, error) {
	m := arguments{component: "DomainShare", name: name}
	m.given(len(args.Principals) > 0, "Principals")
	if err := m.err(); err != nil {
		return nil, err
	}
	shared := &DomainShare{name: name}
	if err := register(ctx, "DomainShare", name, shared, opts); err != nil {
		return nil, err
	}
	share, err := ram.NewResourceShare(ctx, name, &ram.ResourceShareArgs{
		AllowExternalPrincipals: pulumi.Bool(args.AllowExternalPrincipals),
		Tags:                    args.Tags.named(name),
	}, pulumi.Parent(shared))
	if err != nil {
		return nil, fmt.Errorf("create resource share %s: %w", name, err)
	}
	shared.ARN, shared.Name = share.Arn, share.Name
	for _, account := range args.Principals {
		principal, err := ram.NewPrincipalAssociation(ctx, name+"-"+account, &ram.PrincipalAssociationArgs{
			Principal:        pulumi.String(account),
			ResourceShareArn: share.Arn,
		}, pulumi.Parent(shared))
		if err != nil {
			return nil, fmt.Errorf("share custom domains with account %s: %w", account, err)
		}
		shared.Principals = append(shared.Principals, principal)
	}
	if err := complete(ctx, "DomainShare", name, shared, pulumi.Map{"arn": shared.ARN, "name": shared.Name}); err != nil {
		return nil, err
	}
	return shared, nil
}

// Add adds a PRIVATE custom domain to the share.
func (s *DomainShare) Add(ctx *pulumi.Context, domain *CustomDomain, opts ...pulumi.ResourceOption) (*ram.ResourceAssociation, error) {
	association, err := ram.NewResourceAssociation(ctx, s.name+"-"+domain.name, &ram.ResourceAssociationArgs{
		ResourceArn:      domain.ARN,
		ResourceShareArn: s.ARN,
	}, append([]pulumi.ResourceOption{pulumi.Parent(s)}, opts...)...)
	if err != nil {
		return nil, fmt.Errorf("share custom domain %s: %w", domain.name, err)
	}
	return association, nil
}
