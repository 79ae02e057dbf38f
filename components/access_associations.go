package components

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ram"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// associationTimeout is how long an access association may take: AWS says up to
// 15 minutes.
const associationTimeout = "30m"

// PrivateDomain is a PRIVATE custom domain of another account.
type PrivateDomain struct {
	Host, ARN string
	// ShareARN is the resource share that lets this account associate the
	// domain, where this account has to accept it first; empty: it need not.
	ShareARN string
}

// AccessAssociationsArgs describes what connects PRIVATE custom domains with their
// endpoint.
type AccessAssociationsArgs struct {
	// Endpoint answers for the domains.
	Endpoint *ExecuteAPIEndpoint
	Domains  []PrivateDomain
	// ShareARNs are the resource shares to accept. Accounts of one organization
	// see each other's shares without that.
	ShareARNs []string
	Tags      Tags
}

// AccessAssociations connects PRIVATE custom domains with the endpoint through which
// they are reached.
type AccessAssociations struct {
	pulumi.ResourceState

	// Associations are the domains' access associations, by host: what stands
	// where they do.
	Associations map[string]pulumi.Resource
}

// NewAccessAssociations accepts the shares and creates an access association for each
// domain. It belongs to the endpoint's account; while it stands, the domain's
// account can't delete the domain.
func NewAccessAssociations(ctx *pulumi.Context, name string, args *AccessAssociationsArgs, opts ...pulumi.ResourceOption) (*AccessAssociations, error) {
	door := &AccessAssociations{Associations: map[string]pulumi.Resource{}}
	if err := ctx.RegisterComponentResource("portico:index:AccessAssociations", name, door, opts...); err != nil {
		return nil, fmt.Errorf("register front door native %q: %w", name, err)
	}
	accepted := map[string]pulumi.Resource{}
	for _, arn := range args.ShareARNs {
		share, err := ram.NewResourceShareAccepter(ctx, name+"-share-"+arn[strings.LastIndexByte(arn, '/')+1:], &ram.ResourceShareAccepterArgs{
			ShareArn: pulumi.String(arn),
		}, pulumi.Parent(door))
		if err != nil {
			return nil, fmt.Errorf("accept resource share %s: %w", arn, err)
		}
		accepted[arn] = share
	}
	for _, domain := range args.Domains {
		options := []pulumi.ResourceOption{
			pulumi.Parent(door),
			pulumi.Timeouts(&pulumi.CustomTimeouts{Create: associationTimeout, Delete: associationTimeout}),
		}
		if share := accepted[domain.ShareARN]; share != nil {
			options = append(options, pulumi.DependsOn([]pulumi.Resource{share}))
		}
		association, err := apigateway.NewDomainNameAccessAssociation(ctx, name+"-"+domain.Host, &apigateway.DomainNameAccessAssociationArgs{
			AccessAssociationSource:     args.Endpoint.EndpointID,
			AccessAssociationSourceType: pulumi.String("VPCE"),
			DomainNameArn:               pulumi.String(domain.ARN),
			Tags:                        args.Tags.named(domain.Host),
		}, options...)
		if err != nil {
			return nil, fmt.Errorf("associate private custom domain %s with the endpoint: %w", domain.Host, err)
		}
		door.Associations[domain.Host] = association
	}
	if err := ctx.RegisterResourceOutputs(door, pulumi.Map{}); err != nil {
		return nil, fmt.Errorf("register outputs of front door native %q: %w", name, err)
	}
	return door, nil
}
