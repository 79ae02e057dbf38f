package ram

import (
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// authorization is what AWS RAM's actions are checked against.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsresourceaccessmanagerram.html
//
// RAM writes the management policy of a PRIVATE domain that is shared. Whose
// rights it uses is documented nowhere; that the caller has to have
// UpdateDomainNameManagementPolicy is an assumption, on the strict side.
func authorization() engine.Authorization {
	share := engine.SelfOr(view.ResourceShareType, engine.Its("resourceShareArn"))
	a := engine.Authorization{
		"ram:CreateResourceShare":           engine.At("arn:{partition}:ram:{region}:{account}:resource-share/*"),
		"ram:TagResource":                   engine.Tagged(""),
		"ram:AcceptResourceShareInvitation": invitations,
		"ram:DisassociateResourceShare": func(op *engine.Op) []engine.Checked {
			if op.Token == view.ShareAccepterType {
				return engine.At("{shareArn}")(op)
			}
			return share(op)
		},
		"apigateway:UpdateDomainNameManagementPolicy": domains,
	}
	a.Each(share, "ram:AssociateResourceShare", "ram:DeleteResourceShare", "ram:ListResourceSharePermissions", "ram:UntagResource", "ram:UpdateResourceShare")
	a.Each(engine.NoResource, "ram:GetResourceShareAssociations", "ram:GetResourceShareInvitations", "ram:GetResourceShares", "ram:ListResources")
	return a
}

// domains are those that are shared, of all resources.
func domains(op *engine.Op) []engine.Checked {
	return slices.DeleteFunc(engine.Its("resourceArn")(op), func(c engine.Checked) bool { return !strings.Contains(c.ARN, ":apigateway:") })
}

// invitations are those of the account that shares. Their ARN has its number, and
// so has ram:ShareOwnerAccountId.
func invitations(op *engine.Op) []engine.Checked {
	owner := ""
	if parts := strings.Split(op.Inputs.Text("shareArn"), ":"); len(parts) > 4 {
		owner = parts[4]
	}
	checked := engine.At("arn:{partition}:ram:{region}:" + owner + ":resource-share-invitation/*")(op)
	for i := range checked {
		checked[i].Context["ram:ShareOwnerAccountId"] = []string{owner}
	}
	return checked
}
