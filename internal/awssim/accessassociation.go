package awssim

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
)

// accessAssociationSpec is what lets a VPC endpoint call a PRIVATE custom
// domain. It belongs to the endpoint's account, which alone can delete it
// (documented).
func accessAssociationSpec() *typeSpec {
	return &typeSpec{
		token: accessAssociationType, title: "API Gateway Domain Name Access Association",
		args: apigateway.DomainNameAccessAssociationArgs{}, state: apigateway.DomainNameAccessAssociation{},
		id: "{arn}",
		identify: func(c *call) {
			domain := c.inputs.Text("domainNameArn")
			c.arn = fmt.Sprintf("arn:%s:apigateway:%s:%s:/domainnameaccessassociations/domainname/%s/vpcesource/%s", c.partition(), c.region, c.account,
				domain[strings.LastIndexByte(domain, '/')+1:], c.inputs.Text("accessAssociationSource"))
		},
		immutable: []string{"accessAssociationSource", "accessAssociationSourceType", "domainNameArn"},
		rules: map[string][]rule{
			"accessAssociationSource":     {pattern(`vpce-[0-9a-z]+`, "a VPC endpoint ID")},
			"accessAssociationSourceType": {oneOf("VPCE")},
			"domainNameArn":               {arnOf("apigateway")},
		},
		refs: []ref{{at: "accessAssociationSource", to: vpcEndpointType, code: "BadRequestException", holds: ignored}},
		quota: quota{name: "Domain name access associations with private custom domain names per account per Region", limit: 100,
			code: "LimitExceededException"},
		create:   []string{"apigateway:POST", "apigateway:CreateAccessAssociation"},
		read:     []string{"apigateway:GET"},
		update:   []string{"apigateway:PUT", "apigateway:DELETE"}, // tags
		delete:   []string{"apigateway:DELETE"},
		onCreate: associateDomain,
		conflict: "ConflictException",
	}
}

func associateDomain(c *call) error {
	arn := c.inputs.Text("domainNameArn")
	domain := c.privateDomain(arn)
	if domain == nil {
		return c.refuse("NotFoundException", "Invalid domain name identifier specified: there is no private custom domain name %s in %s", arn, c.region)
	}
	if domain.Account != c.account && !c.sharedWith(arn, c.account) {
		return c.refuse("AccessDeniedException", "User: %s is not authorized to perform: apigateway:CreateAccessAssociation on resource: %s: "+
			"account %s shares it with account %s neither by a resource share nor by its management policy%s", c.caller, arn, domain.Account, c.account, c.whyNotShared(arn))
	}
	endpoint := c.find(vpcEndpointType, c.inputs.Text("accessAssociationSource"))
	if p := endpoint.Properties; p.Text("vpcEndpointType") != "Interface" || serviceOf(p.Text("serviceName"), c.region) != "execute-api" {
		return c.refuse("BadRequestException", "The VPC endpoint %s is none of execute-api", endpoint.ID)
	}
	if err := c.checkOneOfTheName(domain, endpoint.ID); err != nil {
		return err
	}
	c.hidden["readyAt"] = stamp(c.now().Add(provisioning))
	return c.checkPublicUse(c.staged())
}

// checkOneOfTheName refuses a second domain of one name at an endpoint. AWS
// documents that such domains can't be invoked through one endpoint; that the
// association is refused is an assumption, on the strict side.
func (c *call) checkOneOfTheName(domain *Resource, endpoint string) error {
	for _, other := range c.all(accessAssociationType) {
		if other.Properties.Text("accessAssociationSource") != endpoint || other.Properties.Text("domainNameArn") == domain.ARN {
			continue
		}
		standing := c.privateDomain(other.Properties.Text("domainNameArn"))
		if standing != nil && canonicalName(standing.Properties.Text("domainName")) == canonicalName(domain.Properties.Text("domainName")) {
			return c.refuse("ConflictException", "The VPC endpoint %s is associated with %s already: private custom domain names of one name can't be called through one endpoint",
				endpoint, standing.ARN)
		}
	}
	return nil
}
