package components_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
)

// A private API admits the requests that come through the shared account's
// endpoint, and its stage is redeployed when the policy changes. A real program
// keeps the owner's statements, which are in existing.
func ExampleNewPrivateAPI() {
	program := func(ctx *pulumi.Context) error {
		_, err := components.NewPrivateAPI(ctx, "orders", &components.PrivateAPIArgs{
			APIID:  "abcde12345",
			Stages: []string{"prod"},
			Policy: func(existing string, domainARNs map[string]string) (string, error) {
				policy, err := json.Marshal(map[string]any{
					"Version": "2012-10-17",
					"Statement": []any{map[string]any{
						"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke",
						"Resource":  "arn:aws:execute-api:us-east-1:222222222222:abcde12345/prod/*",
						"Condition": map[string]any{"StringEquals": map[string]any{"aws:SourceVpce": "vpce-0123456789abcdef0"}},
					}},
				})
				return string(policy), err
			},
		})
		return err
	}
	recorded := &recorder{}
	if err := pulumi.RunErr(program, pulumi.WithMocks("orders", "prod", recorded)); err != nil {
		fmt.Println(err)
	}
	fmt.Println(recorded.created("aws:apigateway/"))
	// Output: [Deployment RestApi RestApiPolicy]
}

// A custom domain that answers through one VPC endpoint only, and the account that
// the endpoint belongs to.
func ExampleNewCustomDomain() {
	program := func(ctx *pulumi.Context) error {
		share, err := components.NewDomainShare(ctx, "orders-domains", &components.DomainShareArgs{
			Principals: []string{"111111111111"},
		})
		if err != nil {
			return err
		}
		domain, err := components.NewCustomDomain(ctx, "orders", &components.CustomDomainArgs{
			Host:           "orders.internal.example.com",
			CertificateARN: pulumi.String("arn:aws:acm:us-east-1:222222222222:certificate/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"),
			Private:        &components.PrivateAccess{VPCEndpointIDs: []string{"vpce-0123456789abcdef0"}},
		})
		if err != nil {
			return err
		}
		if _, err := domain.Map(ctx, &components.BasePathMappingArgs{APIID: "abcde12345", Stage: "prod"}); err != nil {
			return err
		}
		_, err = share.Add(ctx, domain)
		return err
	}
	recorded := &recorder{}
	if err := pulumi.RunErr(program, pulumi.WithMocks("orders", "prod", recorded)); err != nil {
		fmt.Println(err)
	}
	fmt.Println(recorded.created("aws:"))
	// Output: [BasePathMapping DomainName PrincipalAssociation ResourceAssociation ResourceShare]
}

// Mistakes are typed, and all of them are reported at once.
func ExampleArgumentError() {
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		_, err := components.NewNetwork(ctx, "portico", &components.NetworkArgs{
			New:    &components.NewVPC{CIDR: netip.MustParsePrefix("10.0.0.0/28"), Zones: 6},
			Region: "us-east-1",
		})
		return err
	}, pulumi.WithMocks("portico", "dev", &recorder{}))
	var argument *components.ArgumentError
	if errors.As(err, &argument) {
		fmt.Println(argument.Argument, "of", argument.Component+":", argument.Fix)
	}
	// Output: New.CIDR of Network: write an IPv4 range from /16 to /23
}
