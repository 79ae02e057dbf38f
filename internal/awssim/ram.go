package awssim

import (
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ram"
)

// Resource Access Manager shares what is one account's with others. Of what can
// be shared, PRIVATE custom domains of API Gateway are simulated.

// invitationLasts is how long an invitation to a share of custom domains waits.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-custom-domains-provider-share.html
const invitationLasts = 12 * time.Hour

func ramService() service {
	return service{types: []*typeSpec{resourceShareSpec(), resourceAssociationSpec(), principalAssociationSpec(), shareAccepterSpec()}}
}

func resourceShareSpec() *typeSpec {
	return &typeSpec{
		token: resourceShareType, title: "RAM Resource Share", args: ram.ResourceShareArgs{}, state: ram.ResourceShare{},
		id: "{arn}",
		identify: func(c *call) {
			if c.id != "" { // stood before, with an ARN of its own
				c.arn = c.id
				return
			}
			h := c.hash(32)
			c.arn = c.fill("arn:{partition}:ram:{region}:{account}:resource-share/") + strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
		},
		autoname: "name", autonameMax: 255,
		defaults:  Object{"allowExternalPrincipals": false},
		immutable: []string{"permissionArns"},
		sets:      []string{"permissionArns"},
		rules:     map[string][]rule{"name": {length(1, 255)}, "permissionArns[]": {arnOf("ram")}},
		quota:     quota{name: "Resource shares", limit: 5000, code: "ResourceShareLimitExceededException"},
		create:    []string{"ram:CreateResourceShare", "ram:GetResourceShares", "ram:ListResourceSharePermissions", "ram:TagResource"},
		read:      []string{"ram:GetResourceShares", "ram:ListResourceSharePermissions"},
		update:    []string{"ram:UpdateResourceShare", "ram:GetResourceShares", "ram:TagResource", "ram:UntagResource"},
		delete:    []string{"ram:DeleteResourceShare", "ram:GetResourceShares"},
		onCreate: func(c *call) error {
			if c.outputs["permissionArns"] == nil {
				c.outputs["permissionArns"] = list()
			}
			return nil
		},
	}
}

func resourceAssociationSpec() *typeSpec {
	return &typeSpec{
		token: resourceAssociationType, title: "RAM Resource Association", args: ram.ResourceAssociationArgs{}, state: ram.ResourceAssociation{},
		id:        "{resourceShareArn},{resourceArn}",
		immutable: []string{"resourceArn", "resourceShareArn"},
		rules:     map[string][]rule{"resourceArn": {arnOf("[a-z0-9-]+")}, "resourceShareArn": {arnOf("ram")}},
		refs: []ref{
			{at: "resourceShareArn", to: resourceShareType, key: "arn", code: "UnknownResourceException", holds: cascades},
			{at: "resourceArn", to: domainNameType, key: "arn", code: "MalformedArnException", holds: cascades},
		},
		conflict: "InvalidParameterException",
		create:   []string{"ram:AssociateResourceShare", "ram:GetResourceShareAssociations"},
		read:     []string{"ram:GetResourceShareAssociations"},
		delete:   []string{"ram:DisassociateResourceShare", "ram:GetResourceShareAssociations"},
		onCreate: func(c *call) error {
			if arn := c.inputs.Text("resourceArn"); c.privateDomain(arn) == nil {
				return c.refuse("InvalidParameterException", "The resource %s can't be shared: of custom domain names only PRIVATE ones can", arn)
			}
			return nil
		},
	}
}

func principalAssociationSpec() *typeSpec {
	return &typeSpec{
		token: principalAssociationType, title: "RAM Principal Association", args: ram.PrincipalAssociationArgs{}, state: ram.PrincipalAssociation{},
		id:        "{resourceShareArn},{principal}",
		immutable: []string{"principal", "resourceShareArn"},
		rules: map[string][]rule{
			"principal":        {pattern(`\d{12}`, "an account ID (organizations and their units are not simulated)")},
			"resourceShareArn": {arnOf("ram")},
		},
		refs:     []ref{{at: "resourceShareArn", to: resourceShareType, key: "arn", code: "UnknownResourceException", holds: cascades}},
		conflict: "InvalidParameterException",
		create:   []string{"ram:AssociateResourceShare", "ram:GetResourceShareAssociations"},
		read:     []string{"ram:GetResourceShareAssociations"},
		delete:   []string{"ram:DisassociateResourceShare", "ram:GetResourceShareAssociations"},
		onCreate: invitePrincipal,
	}
}

// invitePrincipal shares with an account of the organization at once, and
// invites another one.
func invitePrincipal(c *call) error {
	principal := c.inputs.Text("principal")
	share := c.findBy(resourceShareType, "arn", c.inputs.Text("resourceShareArn"))
	switch {
	case principal == c.account:
		// Assumption: no page says that an account can be a principal of its own
		// share, and it needs none.
		return c.refuse("InvalidParameterException", "The account %s is the owner of the resource share %s", principal, share.ARN)
	case c.oneOrganization(c.account, principal):
		c.hidden["accepted"] = true
	case !share.Properties.Flag("allowExternalPrincipals"):
		return c.refuse("OperationNotPermittedException", "The resource share %s does not allow external principals, and account %s is not in the organization of account %s",
			share.ARN, principal, c.account)
	default:
		c.hidden["invitedAt"] = stamp(c.now())
	}
	return nil
}

// oneOrganization reports whether two accounts are members of the one
// organization, in which sharing is enabled.
func (c *call) oneOrganization(ids ...string) bool {
	for _, id := range ids {
		member := false
		for _, account := range c.simulator.setup.Accounts {
			member = member || account.ID == id && !account.OutsideOrganization
		}
		if !member {
			return false
		}
	}
	return true
}

func shareAccepterSpec() *typeSpec {
	return &typeSpec{
		token: shareAccepterType, title: "RAM Resource Share Accepter", args: ram.ResourceShareAccepterArgs{}, state: ram.ResourceShareAccepter{},
		id:        "{shareArn}",
		upserts:   always, // acceptShare tells what has been accepted already
		immutable: []string{"shareArn"},
		rules:     map[string][]rule{"shareArn": {arnOf("ram")}},
		create:    []string{"ram:AcceptResourceShareInvitation", "ram:GetResourceShareInvitations", "ram:GetResourceShares", "ram:ListResources"},
		read:      []string{"ram:GetResourceShareInvitations", "ram:GetResourceShares", "ram:ListResources"},
		delete:    []string{"ram:DisassociateResourceShare", "ram:GetResourceShares"},
		onCreate:  acceptShare,
		onRead:    func(c *call) { c.describeShare(c.outputs.Text("shareArn")) },
		onDelete: func(c *call) error { // leaves the share
			if invited := c.invitation(c.outputs.Text("shareArn"), c.account); invited != nil {
				c.remove(invited)
			}
			return nil
		},
	}
}

func acceptShare(c *call) error {
	arn := c.inputs.Text("shareArn")
	invited := c.invitation(arn, c.account)
	if invited == nil || invited.Hidden.Flag("accepted") || c.expired(invited) {
		return fmt.Errorf("No pending RAM Resource Share (%s) invitation found\n\n"+ //nolint:staticcheck // the provider's own words
			"NOTE: If both AWS accounts are in the same AWS Organization and RAM Sharing with AWS Organizations is enabled, this resource is not necessary", arn)
	}
	accepted := invited.clone()
	accepted.Hidden["accepted"] = true
	c.put(accepted)
	h := c.hash(32)
	c.outputs["invitationArn"] = strings.Join([]string{fmt.Sprintf("arn:%s:ram:%s:%s:resource-share-invitation/%s", c.partition(), c.region, invited.Account, h[:8]), h[8:12], h[12:16], h[16:20], h[20:]}, "-")
	c.outputs["receiverAccountId"] = c.account
	c.describeShare(arn)
	return nil
}

// describeShare is what a receiver sees of a share.
func (c *call) describeShare(arn string) {
	resources := []string{}
	for _, association := range c.everywhere(resourceAssociationType) {
		if association.Properties.Text("resourceShareArn") == arn {
			resources = append(resources, association.Properties.Text("resourceArn"))
		}
	}
	c.outputs["resources"] = list(resources...)
	for _, share := range c.everywhere(resourceShareType) {
		if share.ARN == arn {
			c.outputs["senderAccountId"], c.outputs["shareName"], c.outputs["status"] = share.Account, share.Properties.Text("name"), "ACTIVE"
			c.outputs["shareId"] = "rs-" + arn[strings.LastIndexByte(arn, '/')+1:]
		}
	}
}

// invitation is a share's association with a principal, or nil.
func (c *call) invitation(share, principal string) *Resource {
	for _, association := range c.everywhere(principalAssociationType) {
		if p := association.Properties; p.Text("resourceShareArn") == share && p.Text("principal") == principal && association.Region == c.region {
			return association
		}
	}
	return nil
}

func (c *call) expired(invited *Resource) bool {
	return c.now().After(stamped(invited.Hidden, "invitedAt").Add(invitationLasts))
}

// sharedWith tells whether a resource is shared with an account that has
// accepted it, or needn't.
func (c *call) sharedWith(resource, account string) bool {
	for _, association := range c.everywhere(resourceAssociationType) {
		if p := association.Properties; p.Text("resourceArn") == resource {
			if invited := c.invitation(p.Text("resourceShareArn"), account); invited != nil && invited.Hidden.Flag("accepted") {
				return true
			}
		}
	}
	return false
}

// whyNotShared tells of an invitation that was not accepted.
func (c *call) whyNotShared(resource string) string {
	for _, association := range c.everywhere(resourceAssociationType) {
		p := association.Properties
		invited := c.invitation(p.Text("resourceShareArn"), c.account)
		if p.Text("resourceArn") != resource || invited == nil {
			continue
		}
		if c.expired(invited) {
			return "; the invitation to " + p.Text("resourceShareArn") + " was not accepted within 12 hours"
		}
		return "; the invitation to " + p.Text("resourceShareArn") + " is pending"
	}
	return ""
}
