package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

func TestDomainsAreAssociatedOnceTheirShareIsAccepted(t *testing.T) {
	var associations *AccessAssociations
	m := (&monitor{}).deploy(t, func(ctx *pulumi.Context, opts pulumi.ResourceOption) (err error) {
		associations, err = NewAccessAssociations(ctx, "p", &AccessAssociationsArgs{
			EndpointID: pulumi.String("vpce-1"),
			Domains: []PrivateDomain{
				{Host: "a.example.com", ARN: "arn:domain-a", ShareARN: "arn:aws:ram:us-east-1:222222222222:resource-share/one"},
				{Host: "b.example.com", ARN: "arn:domain-b", ShareARN: "arn:aws:ram:us-east-1:333333333333:resource-share/two"},
			},
			AcceptShareARNs: []string{"arn:aws:ram:us-east-1:222222222222:resource-share/one"}, Tags: tags,
		}, opts)
		return err
	})
	const associationToken = "aws:apigateway/domainNameAccessAssociation:DomainNameAccessAssociation"
	accepted := m.only(t, "aws:ram/resourceShareAccepter:ResourceShareAccepter")
	require.Equal(t, []string{"p-share-one"}, []string{accepted.Name})
	external, internal := m.named(t, associationToken, "p-a.example.com"), m.named(t, associationToken, "p-b.example.com")
	requireOrder(t, accepted, external)
	require.Empty(t, internal.Dependencies, "accounts of one organization see each other's shares")
	require.Equal(t, []any{"vpce-1", "VPCE", "arn:domain-a"},
		[]any{external.Inputs["accessAssociationSource"], external.Inputs["accessAssociationSourceType"], external.Inputs["domainNameArn"]})
	require.Len(t, associations.ByHost, 2)
}

func TestAssociationsNeedAnEndpoint(t *testing.T) {
	m := &monitor{}
	err := m.run(func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		_, err := NewAccessAssociations(ctx, "p", &AccessAssociationsArgs{}, opts)
		return err
	})
	requireArguments(t, m, err, "EndpointID")
}
