package components

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// domainTimeout is how long an operation on a custom domain may take: AWS says
// that a PRIVATE one takes up to 15 minutes, and that each account gets one in
// 30 seconds.
const domainTimeout = 30 * time.Minute

// CustomDomainArgs describes a custom domain of API Gateway.
type CustomDomainArgs struct {
	Host string
	// CertificateARN is that of a certificate of the same account and region
	// that covers the host.
	CertificateARN pulumi.StringInput
	// Private makes the domain PRIVATE; nil: it is REGIONAL.
	Private *PrivateAccess
	// After is created first: AWS lets an account create one domain in 30 s.
	After []pulumi.Resource
	Tags  Tags
}

// PrivateAccess says who reaches a PRIVATE custom domain.
type PrivateAccess struct {
	Partition, Region, AccountID string
	// VPCEndpointIDs are the only endpoints through which the domain answers.
	VPCEndpointIDs []string
}

// CustomDomain is a custom domain of API Gateway and its base path mappings.
type CustomDomain struct {
	pulumi.ResourceState

	// ARN is the domain's, of which a PRIVATE one's ends with an identifier of
	// AWS's making.
	ARN pulumi.StringOutput `pulumi:"arn"`
	// Domain is the resource itself, for what has to wait for it.
	Domain *apigateway.DomainName

	name      string
	isPrivate bool
}

// NewCustomDomain makes a custom domain that leads nowhere yet.
func NewCustomDomain(ctx *pulumi.Context, name string, args *CustomDomainArgs, opts ...pulumi.ResourceOption) (*CustomDomain, error) {
	custom := &CustomDomain{name: name, isPrivate: args.Private != nil}
	if err := ctx.RegisterComponentResource("portico:index:CustomDomain", name, custom, opts...); err != nil {
		return nil, fmt.Errorf("register custom domain %q: %w", name, err)
	}
	domainArgs := &apigateway.DomainNameArgs{
		DomainName:     pulumi.String(args.Host),
		SecurityPolicy: pulumi.String("TLS_1_2"),
		Tags:           args.Tags.named(args.Host),
	}
	certificate := args.CertificateARN.ToStringOutput().ToStringPtrOutput()
	if args.Private == nil {
		domainArgs.EndpointConfiguration = apigateway.DomainNameEndpointConfigurationArgs{Types: pulumi.String("REGIONAL")}
		domainArgs.RegionalCertificateArn = certificate
	} else {
		policy, err := args.Private.policy(args.Host)
		if err != nil {
			return nil, fmt.Errorf("write policy of custom domain %s: %w", args.Host, err)
		}
		domainArgs.EndpointConfiguration = apigateway.DomainNameEndpointConfigurationArgs{Types: pulumi.String("PRIVATE")}
		domainArgs.CertificateArn = certificate
		domainArgs.Policy = pulumi.String(policy)
	}
	var err error
	if custom.Domain, err = apigateway.NewDomainName(ctx, name, domainArgs, pulumi.Parent(custom), pulumi.DependsOn(args.After), slowly()); err != nil {
		return nil, fmt.Errorf("create custom domain %s: %w", args.Host, err)
	}
	custom.ARN = custom.Domain.Arn
	if err := ctx.RegisterResourceOutputs(custom, pulumi.Map{"arn": custom.ARN}); err != nil {
		return nil, fmt.Errorf("register outputs of custom domain %q: %w", name, err)
	}
	return custom, nil
}

// Map sends what comes under a segment of the domain's path (empty: what no
// other segment takes) to a stage of an API, once after stands: the stage has to
// be there, and the API's policy is to be in effect before requests arrive.
func (d *CustomDomain) Map(ctx *pulumi.Context, segment, apiID, stage string, after []pulumi.Resource) (*apigateway.BasePathMapping, error) {
	args := &apigateway.BasePathMappingArgs{
		DomainName: d.Domain.DomainName,
		RestApi:    pulumi.String(apiID),
		StageName:  pulumi.String(stage),
	}
	name := d.name + "-mapping"
	if segment != "" {
		name += "-" + segment
		args.BasePath = pulumi.String(segment)
	}
	options := []pulumi.ResourceOption{pulumi.Parent(d), pulumi.DependsOn(after), slowly()}
	if d.isPrivate {
		args.DomainNameId = d.Domain.DomainNameId.ToStringPtrOutput()
		// The provider would update the mapping of the domain that was replaced.
		options = append(options, pulumi.ReplaceOnChanges([]string{"domainNameId"}))
	}
	mapping, err := apigateway.NewBasePathMapping(ctx, name, args, options...)
	if err != nil {
		return nil, fmt.Errorf("map path %q of custom domain %s: %w", segment, d.name, err)
	}
	return mapping, nil
}

func slowly() pulumi.ResourceOption {
	return pulumi.Timeouts(&pulumi.CustomTimeouts{
		Create: domainTimeout.String(), Update: domainTimeout.String(), Delete: domainTimeout.String(),
	})
}

// policy admits whoever comes through the endpoints, and nobody else; what they
// may do, the APIs' own policies say. AWS's examples write execute-api:/* for
// the domain, which API Gateway hands back written out, so that each update
// would see a difference (hashicorp/terraform-provider-aws#40834). The domain's
// identifier isn't known before it is made; written with a wildcard in its
// place, there is nothing to write out. Neither was tried on AWS.
func (p *PrivateAccess) policy(host string) (string, error) {
	resource := fmt.Sprintf("arn:%s:execute-api:%s:%s:/domainnames/%s+*", p.Partition, p.Region, p.AccountID, host)
	statement := func(effect string) map[string]any {
		return map[string]any{"Effect": effect, "Principal": "*", "Action": "execute-api:Invoke", "Resource": resource}
	}
	deny := statement("Deny")
	deny["Condition"] = map[string]any{"StringNotEquals": map[string]any{"aws:SourceVpce": p.VPCEndpointIDs}}
	text, err := json.Marshal(map[string]any{
		"Version":   "2012-10-17",
		"Statement": []any{statement("Allow"), deny},
	})
	return string(text), err
}
