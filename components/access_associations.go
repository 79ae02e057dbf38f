package components

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ram"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// AccessAssociationsArgs describes which PRIVATE custom domains are associated
// with an endpoint.
type AccessAssociationsArgs struct {
	// EndpointID is the execute-api endpoint that answers for the domains. Required.
	EndpointID pulumi.StringInput
	// Domains are the custom domains. Default: none.
	Domains []PrivateDomain
	// AcceptShares are resource shares that have to be accepted before their
	// domains can be associated: those of accounts outside the organization.
	// Default: none.
	AcceptShares []ReceivedShare
	// Tags are the associations'.
	Tags Tags
}

// PrivateDomain is a PRIVATE custom domain, of this or of another account.
type PrivateDomain struct {
	// Host is the domain's name. Required.
	Host string
	// ARN is the domain's ARN with its identifier. Required.
	ARN string
	// ShareARN is the resource share that lets this account associate the domain.
	// It matters where it is one of AcceptShares. Default: none.
	ShareARN string
}

// ReceivedShare is a resource share of another account.
type ReceivedShare struct {
	// ARN is the share's ARN. Required.
	ARN string
	// Name is the share's name, by which the account is asked whether the share was
	// accepted already: a share is accepted once. Default: it is not asked.
	Name string
}

// AccessAssociations are the access associations of PRIVATE custom domains with
// an endpoint, through which they are reached then. AWS takes up to 15 minutes to
// provision one, and doesn't say when it is done.
type AccessAssociations struct {
	pulumi.ResourceState
	children

	// ByHost are the access associations by the domains' names.
	ByHost map[string]pulumi.Resource
}

// NewAccessAssociations accepts the shares and creates an access association for
// each domain, in the endpoint's account. While an association exists, its domain
// can't be deleted.
func NewAccessAssociations(ctx *pulumi.Context, name string, args *AccessAssociationsArgs, opts ...pulumi.ResourceOption) (*AccessAssociations, error) {
	m := arguments{component: "AccessAssociations", name: name}
	m.given(args.EndpointID != nil, "EndpointID")
	if err := m.err(); err != nil {
		return nil, err
	}
	associations := &AccessAssociations{ByHost: map[string]pulumi.Resource{}}
	if err := register(ctx, "AccessAssociations", name, associations, opts); err != nil {
		return nil, err
	}
	accepted := map[string]pulumi.Resource{}
	for _, share := range args.AcceptShares {
		accepter, err := share.accept(ctx, name, associations)
		if err != nil {
			return nil, fmt.Errorf("accept resource share %s: %w", share.ARN, err)
		}
		accepted[share.ARN] = accepter
	}
	for _, domain := range args.Domains {
		options := []pulumi.ResourceOption{pulumi.Parent(associations)}
		if share := accepted[domain.ShareARN]; share != nil {
			options = append(options, pulumi.DependsOn([]pulumi.Resource{share}))
		}
		association, err := apigateway.NewDomainNameAccessAssociation(ctx, name+"-"+domain.Host, &apigateway.DomainNameAccessAssociationArgs{
			AccessAssociationSource:     args.EndpointID,
			AccessAssociationSourceType: pulumi.String("VPCE"),
			DomainNameArn:               pulumi.String(domain.ARN),
			Tags:                        args.Tags.named(domain.Host),
		}, options...)
		if err != nil {
			return nil, fmt.Errorf("associate private custom domain %s with the endpoint: %w", domain.Host, err)
		}
		associations.ByHost[domain.Host] = association
	}
	if err := complete(ctx, "AccessAssociations", name, associations, pulumi.Map{}); err != nil {
		return nil, err
	}
	return associations, nil
}

// accept accepts the share. One that was accepted before, by hand or by a run whose
// state was lost, has no pending invitation any more, which the AWS provider's
// creation needs: it is imported.
func (s ReceivedShare) accept(ctx *pulumi.Context, name string, parent pulumi.Resource) (*ram.ResourceShareAccepter, error) {
	options := []pulumi.ResourceOption{pulumi.Parent(parent)}
	known, err := s.isAccepted(ctx, parent)
	if err != nil {
		question := NotAsked{"ram:GetResourceShares", "whether resource share " + s.ARN + " was accepted already", err}
		if err := ctx.Log.Warn(question.String(), nil); err != nil {
			return nil, err
		}
	}
	if known {
		options = append(options, pulumi.Import(pulumi.ID(s.ARN)))
	}
	return ram.NewResourceShareAccepter(ctx, name+"-share-"+s.ARN[strings.LastIndexByte(s.ARN, '/')+1:], &ram.ResourceShareAccepterArgs{
		ShareArn: pulumi.String(s.ARN),
	}, options...)
}

// isAccepted reports, in previews too, whether the account sees the share: of other
// accounts, Resource Access Manager lists shares that were accepted.
func (s ReceivedShare) isAccepted(ctx *pulumi.Context, parent pulumi.Resource) (bool, error) {
	if s.Name == "" {
		return false, nil
	}
	found, err := ram.LookupResourceShare(ctx, &ram.LookupResourceShareArgs{
		Name: &s.Name, ResourceOwner: "OTHER-ACCOUNTS", ResourceShareStatus: pulumi.StringRef("ACTIVE"),
	}, pulumi.Parent(parent))
	switch {
	case err == nil:
		return found.Arn == s.ARN, nil
	case isNone(err):
		return false, nil
	}
	return false, err
}
