package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ram"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// DomainShareArgs describes with whom PRIVATE custom domains are shared.
type DomainShareArgs struct {
	// Principals are the accounts whose endpoints may be associated with the
	// domains, 12 digits each.
	Principals []string
	// AllowExternalPrincipals admits accounts outside the organization, which
	// have to accept the share within 12 hours.
	AllowExternalPrincipals bool
	Tags                    Tags
}

// DomainShare is a share of AWS Resource Access Manager that PRIVATE custom
// domains are put into. RAM gives it the default permission for them, to
// associate endpoints.
type DomainShare struct {
	pulumi.ResourceState

	ARN pulumi.StringOutput `pulumi:"arn"`
	// Principals are the associations with the accounts.
	Principals []*ram.PrincipalAssociation

	name string
}

// NewDomainShare makes a share that holds nothing yet.
func NewDomainShare(ctx *pulumi.Context, name string, args *DomainShareArgs, opts ...pulumi.ResourceOption) (*DomainShare, error) {
	shared := &DomainShare{name: name}
	if err := ctx.RegisterComponentResource("portico:index:DomainShare", name, shared, opts...); err != nil {
		return nil, fmt.Errorf("register domain share %q: %w", name, err)
	}
	share, err := ram.NewResourceShare(ctx, name, &ram.ResourceShareArgs{
		AllowExternalPrincipals: pulumi.Bool(args.AllowExternalPrincipals),
		Tags:                    args.Tags.named(name),
	}, pulumi.Parent(shared))
	if err != nil {
		return nil, fmt.Errorf("create resource share %s: %w", name, err)
	}
	shared.ARN = share.Arn
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
	if err := ctx.RegisterResourceOutputs(shared, pulumi.Map{"arn": shared.ARN}); err != nil {
		return nil, fmt.Errorf("register outputs of domain share %q: %w", name, err)
	}
	return shared, nil
}

// Add puts a PRIVATE custom domain into the share.
func (s *DomainShare) Add(ctx *pulumi.Context, domain *CustomDomain) (*ram.ResourceAssociation, error) {
	association, err := ram.NewResourceAssociation(ctx, s.name+"-"+domain.name, &ram.ResourceAssociationArgs{
		ResourceArn:      domain.ARN,
		ResourceShareArn: s.ARN,
	}, pulumi.Parent(s))
	if err != nil {
		return nil, fmt.Errorf("share custom domain %s: %w", domain.name, err)
	}
	return association, nil
}
