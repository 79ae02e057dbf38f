package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

func TestAShareHoldsDomainsForAccounts(t *testing.T) {
	m := (&monitor{}).deploy(t, func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		share, err := NewDomainShare(ctx, "s", &DomainShareArgs{
			Principals: []string{"111111111111", "333333333333"}, AllowExternalPrincipals: true, Tags: tags,
		}, opts)
		if err != nil {
			return err
		}
		domain, err := NewCustomDomain(ctx, "d", &CustomDomainArgs{
			Host: "a.example.com", CertificateARN: pulumi.String("arn:cert"), Tags: tags,
			Private: &PrivateAccess{VPCEndpointIDs: []string{"vpce-1"}},
		}, opts)
		if err != nil {
			return err
		}
		_, err = share.Add(ctx, domain)
		return err
	})
	const shareToken = "aws:ram/resourceShare:ResourceShare"
	require.Equal(t, true, m.only(t, shareToken).Inputs["allowExternalPrincipals"])
	association := m.only(t, "aws:ram/resourceAssociation:ResourceAssociation").Inputs
	require.Equal(t, map[string]any{"resourceArn": arnOf(domainToken, "d"), "resourceShareArn": arnOf(shareToken, "s")}, association)
	var principals []any
	for _, principal := range m.of("aws:ram/principalAssociation:PrincipalAssociation") {
		principals = append(principals, principal.Inputs["principal"])
	}
	require.Equal(t, []any{"111111111111", "333333333333"}, principals)
}

func TestAShareNeedsSomeoneToShareWith(t *testing.T) {
	m := &monitor{}
	err := m.run(func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		_, err := NewDomainShare(ctx, "s", &DomainShareArgs{}, opts)
		return err
	})
	requireArguments(t, m, err, "Principals")
}
