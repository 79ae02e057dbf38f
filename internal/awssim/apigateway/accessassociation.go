package apigateway

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"

	"github.com/portico-iac/portico/internal/awssim/ec2"
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/publicuse"
	"github.com/portico-iac/portico/internal/awssim/ram"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// accessAssociationSpec is what lets a VPC endpoint call a PRIVATE custom
// domain. It belongs to the endpoint's account, which alone can delete it
// (documented).
func accessAssociationSpec() *engine.Type {
	return &engine.Type{
		Token: view.AccessAssociationType, Title: "API Gateway Domain Name Access Association",
		Args: apigateway.DomainNameAccessAssociationArgs{}, State: apigateway.DomainNameAccessAssociation{},
		ID: "{arn}",
		Identify: func(op *engine.Op) {
			domain := op.Inputs.Text("domainNameArn")
			op.ARN = fmt.Sprintf("arn:%s:apigateway:%s:%s:/domainnameaccessassociations/domainname/%s/vpcesource/%s", op.Partition(), op.Region, op.Account,
				domain[strings.LastIndexByte(domain, '/')+1:], op.Inputs.Text("accessAssociationSource"))
		},
		Properties: engine.Properties{
			"accessAssociationSource":     {engine.ForceNew, engine.Pattern(`vpce-[0-9a-z]+`, "a VPC endpoint ID"), engine.Refers{To: view.VPCEndpointType, Code: "BadRequestException", Holds: engine.Ignored}},
			"accessAssociationSourceType": {engine.ForceNew, engine.OneOf("VPCE")},
			"domainNameArn":               {engine.ForceNew, engine.ARNOf("apigateway")},
		},

		Quota: engine.Quota{Name: "Domain name access associations with private custom domain names per account per Region", Limit: 100,
			Code: "LimitExceededException"},
		Create: []string{"apigateway:POST", "apigateway:CreateAccessAssociation", "apigateway:PUT tags"},
		// The provider lists associations, and the tags of this one: internal/service/apigateway/domain_name_access_association.go.
		Read:     []string{"apigateway:GET", "apigateway:GET tags"},
		Update:   []string{"apigateway:PUT tags", "apigateway:DELETE tags"},
		Delete:   []string{"apigateway:DELETE"},
		OnCreate: associateDomain, OnDelete: releaseDomain,
		Conflict: "ConflictException",
	}
}

func associateDomain(op *engine.Op) error {
	arn := op.Inputs.Text("domainNameArn")
	domain := view.FindPrivateDomain(op, arn)
	if domain == nil {
		return op.Refuse("NotFoundException", "Invalid domain name identifier specified: there is no private custom domain name %s in %s", arn, op.Region)
	}
	if domain.Account != op.Account && !ram.SharedWith(op, arn, op.Account) {
		return op.Refuse("AccessDeniedException", "User: %s is not authorized to perform: apigateway:CreateAccessAssociation on resource: %s: "+
			"account %s shares it with account %s neither by a resource share nor by its management policy%s", op.Caller, arn, domain.Account, op.Account, ram.WhyNotShared(op, arn))
	}
	endpoint := op.Ref("accessAssociationSource")
	if p := endpoint.Properties; p.Text("vpcEndpointType") != "Interface" || ec2.ServiceOf(p.Text("serviceName"), op.Region) != "execute-api" {
		return op.Refuse("BadRequestException", "The VPC endpoint %s is none of execute-api", endpoint.ID)
	}
	if err := checkOneOfTheName(op, domain, endpoint.ID); err != nil {
		return err
	}
	op.Hidden["readyAt"] = engine.Stamp(op.Now().Add(provisioning))
	return publicuse.CheckPublicUse(op, op.Staged())
}

// checkOneOfTheName refuses a second domain of one name at an endpoint. AWS
// documents that such domains can't be invoked through one endpoint; that the
// association is refused is an assumption, on the strict side.
func checkOneOfTheName(op *engine.Op, domain *engine.Resource, endpoint string) error {
	for _, other := range op.All(view.AccessAssociationType) {
		if other.Properties.Text("accessAssociationSource") != endpoint || other.Properties.Text("domainNameArn") == domain.ARN {
			continue
		}
		existing := view.FindPrivateDomain(op, other.Properties.Text("domainNameArn"))
		if existing != nil && view.CanonicalName(existing.Properties.Text("domainName")) == view.CanonicalName(domain.Properties.Text("domainName")) {
			return op.Refuse("ConflictException", "The VPC endpoint %s is associated with %s already: private custom domain names of one name can't be called through one endpoint",
				endpoint, existing.ARN)
		}
	}
	return nil
}

// OthersAssociations is the ARNs of an account's PRIVATE domains that endpoints of
// other accounts are associated with, by the associations' ARNs: what
// GetDomainNameAccessAssociations lists of the owner OTHER_ACCOUNTS.
func OthersAssociations(s *engine.Simulator, account, region string) map[string]string {
	domains := map[string]string{}
	for _, domain := range s.Resources(engine.Filter{Account: account, Region: region, Type: view.DomainNameType}) {
		for _, association := range s.Resources(engine.Filter{Region: region, Type: view.AccessAssociationType}) {
			if association.Properties.Text("domainNameArn") == domain.ARN && association.Account != account {
				domains[association.ARN] = domain.ARN
			}
		}
	}
	return domains
}
