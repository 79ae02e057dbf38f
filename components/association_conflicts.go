package components

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// AssociationsCheckArgs describes the VPCs that are to resolve new private zones.
type AssociationsCheckArgs struct {
	// AccountID is the account of the zones. Required.
	AccountID string
	// Zones are the names of the private hosted zones to create. Default: none.
	Zones []string
	// Associations are the other VPCs. One whose account has no provider is not asked.
	// Default: none.
	Associations []VPCAssociation
	// Tags tell what belongs to this installation already.
	Tags Tags
	// Provider is the AWS provider of the account. Required.
	Provider pulumi.ProviderResource
}

// CheckAssociations asks whether VPCs have private zones of the names already: Route 53
// refuses the association then (ConflictingDomainExists of AssociateVPCWithHostedZone,
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_AssociateVPCWithHostedZone.html).
// Zones are asked for in the VPC's account; those of further accounts are not listed
// to it. It registers no resource.
func CheckAssociations(ctx *pulumi.Context, args *AssociationsCheckArgs) *Findings {
	found := new(Findings)
	for _, association := range args.Associations {
		account, asked := args.AccountID, args.Provider
		if owner := association.Owner; owner != nil {
			account, asked = owner.ID, owner.Provider
		}
		if asked == nil {
			continue
		}
		check := &vpcCheck{Findings: found, ctx: ctx, option: pulumi.Provider(asked),
			args: &ExistingVPCArgs{AccountID: account, VPCID: association.VPCID, Tags: args.Tags}}
		check.checkAssociation(args.Zones)
	}
	return found
}

func (c *vpcCheck) checkAssociation(zones []string) {
	if more := len(zones) - maxHostQuestions; more > 0 {
		zones = zones[:maxHostQuestions]
		c.notAsked("route53:ListHostedZones", fmt.Sprintf("whether VPC %s has %d further private zones", c.args.VPCID, more), errTooMany)
	}
	for _, name := range zones {
		found, err := c.privateZone(name)
		switch {
		case err == nil && !c.isOwn(found.Tags):
			c.refuse("associated zone", found.ZoneId, name, fmt.Sprintf("VPC %s resolves it, and takes one zone of a name", c.args.VPCID),
				"have the VPC taken out of that zone, or leave it out of the associations")
		case err != nil && !isNone(err):
			c.notAsked("route53:ListHostedZones", "which private zones VPC "+c.args.VPCID+" has", err)
			return // the answer is the same for each
		}
	}
}
