package components

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// CustomDomainArgs describes a custom domain of API Gateway.
type CustomDomainArgs struct {
	// Host is the domain's name, which may begin with "*.". Required.
	Host string
	// CertificateARN is that of an issued certificate of ACM that covers Host, of
	// the domain's account and region. Required.
	CertificateARN pulumi.StringInput
	// Private makes the domain PRIVATE. Default: the domain is REGIONAL.
	Private *PrivateAccess
	// Tags are the domain's.
	Tags Tags
}

// PrivateAccess says through which endpoints a PRIVATE custom domain answers.
type PrivateAccess struct {
	// VPCEndpointIDs are the only execute-api endpoints through which the domain
	// answers, of any account. Required: 1 or more.
	VPCEndpointIDs []string
}

func (a *CustomDomainArgs) check(name string) error {
	m := arguments{component: "CustomDomain", name: name}
	m.given(a.Host != "", "Host")
	m.given(a.CertificateARN != nil, "CertificateARN")
	if p := a.Private; p != nil {
		m.given(len(p.VPCEndpointIDs) > 0, "Private.VPCEndpointIDs")
	}
	return m.err()
}

// CustomDomain is a custom domain of API Gateway and its base path mappings.
type CustomDomain struct {
	pulumi.ResourceState
	children

	// ARN is the domain's ARN. A PRIVATE domain's ends with an identifier that AWS
	// chooses.
	ARN pulumi.StringOutput `pulumi:"arn"`
	// Domain is the resource itself, for dependencies.
	Domain *apigateway.DomainName

	name      string
	isPrivate bool
}

// NewCustomDomain creates a custom domain without base path mappings. AWS lets an
// account create one domain in 30 s: let each depend on another's Domain.
func NewCustomDomain(ctx *pulumi.Context, name string, args *CustomDomainArgs, opts ...pulumi.ResourceOption) (*CustomDomain, error) {
	if err := args.check(name); err != nil {
		return nil, err
	}
	custom := &CustomDomain{name: name, isPrivate: args.Private != nil}
	if err := register(ctx, "CustomDomain", name, custom, opts); err != nil {
		return nil, err
	}
	prerequisites, err := dependsOn(opts)
	if err != nil {
		return nil, err
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
		policy, err := args.Private.policy()
		if err != nil {
			return nil, fmt.Errorf("write policy of custom domain %s: %w", args.Host, err)
		}
		domainArgs.EndpointConfiguration = apigateway.DomainNameEndpointConfigurationArgs{Types: pulumi.String("PRIVATE")}
		domainArgs.CertificateArn = certificate
		domainArgs.Policy = pulumi.String(policy)
	}
	if custom.Domain, err = apigateway.NewDomainName(ctx, name, domainArgs, pulumi.Parent(custom), prerequisites); err != nil {
		return nil, fmt.Errorf("create custom domain %s: %w", args.Host, err)
	}
	custom.ARN = custom.Domain.Arn
	if err := complete(ctx, "CustomDomain", name, custom, pulumi.Map{"arn": custom.ARN}); err != nil {
		return nil, err
	}
	return custom, nil
}

// BasePathMappingArgs describes which stage answers below a base path of a custom
// domain.
type BasePathMappingArgs struct {
	// BasePath is one segment of a path, without slashes. Default: empty, which
	// takes whatever no other mapping takes.
	BasePath string
	// APIID is the REST API, of the domain's account and region. Required.
	APIID string
	// Stage is the API's stage. Required: it has to exist when the mapping is
	// created.
	Stage string
}

// Map maps a base path to a stage. Let it depend on the API's policy and
// deployment, so that the stage exists and the policy is in effect before
// requests arrive.
func (d *CustomDomain) Map(ctx *pulumi.Context, args *BasePathMappingArgs, opts ...pulumi.ResourceOption) (*apigateway.BasePathMapping, error) {
	mapping := &apigateway.BasePathMappingArgs{
		DomainName: d.Domain.DomainName,
		RestApi:    pulumi.String(args.APIID),
		StageName:  pulumi.String(args.Stage),
	}
	name := d.name + "-mapping"
	if args.BasePath != "" {
		name += "-" + args.BasePath
		mapping.BasePath = pulumi.String(args.BasePath)
	}
	opts = append([]pulumi.ResourceOption{pulumi.Parent(d)}, opts...)
	if d.isPrivate {
		mapping.DomainNameId = d.Domain.DomainNameId.ToStringPtrOutput()
		// The provider would update the mapping of the domain that was replaced.
		opts = append(opts, pulumi.ReplaceOnChanges([]string{"domainNameId"}))
	}
	created, err := apigateway.NewBasePathMapping(ctx, name, mapping, opts...)
	if err != nil {
		return nil, fmt.Errorf("map base path %q of custom domain %s: %w", args.BasePath, d.name, err)
	}
	return created, nil
}

// policy allows every request that comes through the endpoints and denies all
// others; the APIs' own resource policies say what a request may do. The policy is
// the domain's, so that "*" is the domain. AWS's examples write execute-api:/*,
// which API Gateway returns as the domain's ARN, so that each update would see a
// difference (hashicorp/terraform-provider-aws issue 40834). "*" comes back as it
// was: that provider's acceptance test for PRIVATE domains has it.
func (p *PrivateAccess) policy() (string, error) {
	statement := func(effect string) map[string]any {
		return map[string]any{"Effect": effect, "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"}
	}
	deny := statement("Deny")
	deny["Condition"] = map[string]any{"StringNotEquals": map[string]any{"aws:SourceVpce": p.VPCEndpointIDs}}
	text, err := json.Marshal(map[string]any{
		"Version":   "2012-10-17",
		"Statement": []any{statement("Allow"), deny},
	})
	return string(text), err
}
