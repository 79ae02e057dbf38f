package ram

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ram"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// Resource Access Manager shares what is one account's with others. Of what can
// be shared, PRIVATE custom domains of API Gateway and subnets are simulated.

// invitationLasts is how long an invitation to a share of custom domains waits.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-custom-domains-provider-share.html
const invitationLasts = 12 * time.Hour

// Service is Resource Access Manager.
func Service() engine.Service {
	return engine.Service{Authorization: authorization(), Types: []*engine.Type{resourceShareSpec(), resourceAssociationSpec(), principalAssociationSpec(), shareAccepterSpec()}, Functions: []*engine.Function{lookupFunction()}}
}

func resourceShareSpec() *engine.Type {
	return &engine.Type{
		Token: view.ResourceShareType, Title: "RAM Resource Share", Args: ram.ResourceShareArgs{}, State: ram.ResourceShare{},
		ID: "{arn}", ARN: "arn:{partition}:ram:{region}:{account}:resource-share/{uuid}",
		Properties: engine.Properties{
			"allowExternalPrincipals": {engine.Default(false)},
			"name":                    {engine.Autonamed(255), engine.Length(1, 255)},
			"permissionArns":          {engine.ForceNew, engine.Set, engine.Kept, engine.Otherwise([]any{})},
			"permissionArns[]":        {engine.ARNOf("ram")},
		},

		Quota:  engine.Quota{Name: "Resource shares", Limit: 5000, Code: "ResourceShareLimitExceededException"},
		Create: []string{"ram:CreateResourceShare", "ram:GetResourceShares", "ram:ListResourceSharePermissions", "ram:TagResource"},
		Read:   []string{"ram:GetResourceShares", "ram:ListResourceSharePermissions"},
		Update: []string{"ram:UpdateResourceShare", "ram:GetResourceShares", "ram:TagResource", "ram:UntagResource"},
		Delete: []string{"ram:DeleteResourceShare", "ram:GetResourceShares"},
		When:   map[string][]string{"ram:UpdateResourceShare": {"allowExternalPrincipals", "name"}},
	}
}

func resourceAssociationSpec() *engine.Type {
	return &engine.Type{
		Token: view.ResourceAssociationType, Title: "RAM Resource Association", Args: ram.ResourceAssociationArgs{}, State: ram.ResourceAssociation{},
		ID: "{resourceShareArn},{resourceArn}",
		Properties: engine.Properties{
			"resourceArn":      {engine.ForceNew, engine.ARNOf("[a-z0-9-]+"), engine.Refers{To: view.DomainNameType, Or: []string{view.SubnetType}, Key: "arn", Code: "MalformedArnException", Holds: engine.Cascades}},
			"resourceShareArn": {engine.ForceNew, engine.ARNOf("ram"), engine.Refers{To: view.ResourceShareType, Key: "arn", Code: "UnknownResourceException", Holds: engine.Cascades}},
		},

		Conflict: "InvalidParameterException",
		Create:   []string{"ram:AssociateResourceShare", "ram:GetResourceShareAssociations", "apigateway:UpdateDomainNameManagementPolicy"},
		Read:     []string{"ram:GetResourceShareAssociations"},
		Delete:   []string{"ram:DisassociateResourceShare", "ram:GetResourceShareAssociations", "apigateway:UpdateDomainNameManagementPolicy"},
		OnCreate: shareResource,
	}
}

func shareResource(op *engine.Op) error {
	arn := op.Inputs.Text("resourceArn")
	if op.Ref("resourceArn").Type == view.SubnetType {
		for _, association := range op.Having(view.PrincipalAssociationType, "resourceShareArn", op.Inputs.Text("resourceShareArn")) {
			if principal := association.Properties.Text("principal"); !oneOrganization(op, op.Account, principal) {
				return outsideOrganization(op, principal)
			}
		}
		return nil
	}
	if view.FindPrivateDomain(op, arn) == nil {
		return op.Refuse("InvalidParameterException", "The resource %s can't be shared: of custom domain names only PRIVATE ones can", arn)
	}
	return nil
}

// outsideOrganization is the refusal of a share that would lead subnets out of the
// organization.
// https://docs.aws.amazon.com/ram/latest/userguide/shareable.html#shareable-vpc
func outsideOrganization(op *engine.Op, principal string) error {
	return op.Refuse("OperationNotPermittedException", "Subnets are shared within an organization only, and account %s is not in that of account %s", principal, op.Account)
}

// sharesSubnets reports whether a share holds subnets.
func sharesSubnets(op *engine.Op, share string) bool {
	return slices.ContainsFunc(sharedResources(op, share), func(arn string) bool { return op.FindBy(view.SubnetType, "arn", arn) != nil })
}

func principalAssociationSpec() *engine.Type {
	return &engine.Type{
		Token: view.PrincipalAssociationType, Title: "RAM Principal Association", Args: ram.PrincipalAssociationArgs{}, State: ram.PrincipalAssociation{},
		ID: "{resourceShareArn},{principal}",
		Properties: engine.Properties{
			"principal":        {engine.ForceNew, engine.Pattern(`\d{12}`, "an account ID (organizations and their units are not simulated)")},
			"resourceShareArn": {engine.ForceNew, engine.ARNOf("ram"), engine.Refers{To: view.ResourceShareType, Key: "arn", Code: "UnknownResourceException", Holds: engine.Cascades}},
		},

		Conflict: "InvalidParameterException",
		Create:   []string{"ram:AssociateResourceShare", "ram:GetResourceShareAssociations"},
		Read:     []string{"ram:GetResourceShareAssociations"},
		Delete:   []string{"ram:DisassociateResourceShare", "ram:GetResourceShareAssociations"},
		OnCreate: invitePrincipal,
	}
}

// invitePrincipal shares with an account of the organization at once, and
// invites another one.
func invitePrincipal(op *engine.Op) error {
	principal := op.Inputs.Text("principal")
	share := op.Ref("resourceShareArn")
	switch {
	case principal == op.Account:
		// Assumption: no page says that an account can be a principal of its own
		// share, and it needs none.
		return op.Refuse("InvalidParameterException", "The account %s is the owner of the resource share %s", principal, share.ARN)
	case oneOrganization(op, op.Account, principal):
		op.Hidden["accepted"] = true
	case sharesSubnets(op, share.ARN):
		return outsideOrganization(op, principal)
	case !share.Properties.Flag("allowExternalPrincipals"):
		return op.Refuse("OperationNotPermittedException", "The resource share %s does not allow external principals, and account %s is not in the organization of account %s",
			share.ARN, principal, op.Account)
	default:
		op.Hidden["invitedAt"] = engine.Stamp(op.Now())
	}
	return nil
}

// oneOrganization reports whether two accounts are members of the one
// organization, in which sharing is enabled.
func oneOrganization(op *engine.Op, ids ...string) bool {
	for _, id := range ids {
		member := false
		for _, account := range op.Simulator.Setup.Accounts {
			member = member || account.ID == id && !account.OutsideOrganization
		}
		if !member {
			return false
		}
	}
	return true
}

func shareAccepterSpec() *engine.Type {
	return &engine.Type{
		Token: view.ShareAccepterType, Title: "RAM Resource Share Accepter", Args: ram.ResourceShareAccepterArgs{}, State: ram.ResourceShareAccepter{},
		ID:      "{shareArn}",
		Upserts: engine.Always, // acceptShare tells what has been accepted already
		Properties: engine.Properties{
			"shareArn": {engine.ForceNew, engine.ARNOf("ram")},
		},

		Create:   []string{"ram:AcceptResourceShareInvitation", "ram:GetResourceShareInvitations", "ram:GetResourceShares", "ram:ListResources"},
		Read:     []string{"ram:GetResourceShareInvitations", "ram:GetResourceShares", "ram:ListResources"},
		Delete:   []string{"ram:DisassociateResourceShare", "ram:GetResourceShares"},
		OnCreate: acceptShare,
		OnRead:   func(op *engine.Op) { describeShare(op, op.Outputs.Text("shareArn")) },
		OnDelete: func(op *engine.Op) error { // leaves the share
			if invited := invitation(op, op.Outputs.Text("shareArn"), op.Account); invited != nil {
				op.Remove(invited)
			}
			return nil
		},
	}
}

func acceptShare(op *engine.Op) error {
	arn := op.Inputs.Text("shareArn")
	invited := invitation(op, arn, op.Account)
	if invited == nil || invited.Hidden.Flag("accepted") || expired(op, invited) {
		return fmt.Errorf("No pending RAM Resource Share (%s) invitation found\n\n"+ //nolint:staticcheck // the provider's own words
			"NOTE: If both AWS accounts are in the same AWS Organization and RAM Sharing with AWS Organizations is enabled, this resource is not necessary", arn)
	}
	accepted := invited.Clone()
	accepted.Hidden["accepted"] = true
	op.Put(accepted)
	op.Outputs["invitationArn"] = fmt.Sprintf("arn:%s:ram:%s:%s:resource-share-invitation/%s", op.Partition(), op.Region, invited.Account, op.UUID("invitation"))
	op.Outputs["receiverAccountId"] = op.Account
	describeShare(op, arn)
	return nil
}

// AcceptInvitation is what `aws ram accept-resource-share-invitation` does when an
// administrator of the receiving account runs it.
func AcceptInvitation(s *engine.Simulator, account, region, shareARN string) error {
	_, err := s.Root(account, region).Create(view.ShareAccepterType, "command/"+shareARN, engine.Object{"shareArn": shareARN})
	return err
}

// lookupFunction finds a share by its name: one of the caller's, or, of other
// accounts, one that was accepted (GetResourceShares lists no pending ones).
// https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/ram/resource_share_data_source.go
func lookupFunction() *engine.Function {
	return &engine.Function{
		Token: "aws:ram/getResourceShare:getResourceShare", Args: ram.LookupResourceShareArgs{}, Result: ram.LookupResourceShareResult{},
		Actions: []string{"ram:GetResourceShares", "ram:ListResources"},
		Run: func(op *engine.Op) (engine.Object, error) {
			name, owner := op.Inputs.Text("name"), op.Inputs.Text("resourceOwner")
			var found []*engine.Resource
			for _, share := range op.Everywhere(view.ResourceShareType) {
				received := invitation(op, share.ARN, op.Account)
				seen := owner == "SELF" && share.Account == op.Account || owner == "OTHER-ACCOUNTS" && received != nil && received.Hidden.Flag("accepted")
				if seen && share.Region == op.Region && (name == "" || share.Properties.Text("name") == name) {
					found = append(found, share)
				}
			}
			switch len(found) {
			case 0:
				return nil, errors.New("no matching RAM Resource Share found")
			case 1:
			default:
				return nil, errors.New("multiple RAM Resource Shares matched; use additional constraints to reduce matches to a single RAM Resource Share")
			}
			share := found[0]
			return engine.Object{
				"id": share.ARN, "arn": share.ARN, "name": share.Properties.Text("name"), "owningAccountId": share.Account, "resourceOwner": owner,
				"resourceArns": engine.List(sharedResources(op, share.ARN)...), "status": "ACTIVE", "tags": map[string]any{},
			}, nil
		},
	}
}

// sharedResources are the ARNs of what a share holds.
func sharedResources(op *engine.Op, arn string) []string {
	resources := []string{}
	for _, association := range op.HavingEverywhere(view.ResourceAssociationType, "resourceShareArn", arn) {
		resources = append(resources, association.Properties.Text("resourceArn"))
	}
	return resources
}

// describeShare is what a receiver sees of a share.
func describeShare(op *engine.Op, arn string) {
	op.Outputs["resources"] = engine.List(sharedResources(op, arn)...)
	for _, share := range op.Everywhere(view.ResourceShareType) {
		if share.ARN == arn {
			op.Outputs["senderAccountId"], op.Outputs["shareName"], op.Outputs["status"] = share.Account, share.Properties.Text("name"), "ACTIVE"
			op.Outputs["shareId"] = "rs-" + arn[strings.LastIndexByte(arn, '/')+1:]
		}
	}
}

// invitation is a share's association with a principal, or nil.
func invitation(op *engine.Op, share, principal string) *engine.Resource {
	for _, association := range op.HavingEverywhere(view.PrincipalAssociationType, "resourceShareArn", share) {
		if association.Properties.Text("principal") == principal && association.Region == op.Region {
			return association
		}
	}
	return nil
}

func expired(op *engine.Op, invited *engine.Resource) bool {
	return op.Now().After(engine.Stamped(invited.Hidden, "invitedAt").Add(invitationLasts))
}

// SharedWith reports whether a resource is shared with an account that has
// accepted it, or needn't.
func SharedWith(op *engine.Op, resource, account string) bool {
	for _, association := range op.HavingEverywhere(view.ResourceAssociationType, "resourceArn", resource) {
		if invited := invitation(op, association.Properties.Text("resourceShareArn"), account); invited != nil && invited.Hidden.Flag("accepted") {
			return true
		}
	}
	return false
}

// WhyNotShared tells of an invitation that was not accepted.
func WhyNotShared(op *engine.Op, resource string) string {
	for _, association := range op.HavingEverywhere(view.ResourceAssociationType, "resourceArn", resource) {
		share := association.Properties.Text("resourceShareArn")
		invited := invitation(op, share, op.Account)
		switch {
		case invited == nil:
		case expired(op, invited):
			return "; the invitation to " + share + " was not accepted within 12 hours"
		default:
			return "; the invitation to " + share + " is pending"
		}
	}
	return ""
}
