package components

import (
	"errors"
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
			AcceptShares: []ReceivedShare{{ARN: "arn:aws:ram:us-east-1:222222222222:resource-share/one"}}, Tags: tags,
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

func TestAShareThatWasAcceptedIsImported(t *testing.T) {
	const arn = "arn:aws:ram:us-east-1:222222222222:resource-share/one"
	for sentence, test := range map[string]struct {
		name   string
		answer func(map[string]any) (map[string]any, error)
		want   string
	}{
		"accepted by hand": {"p-domains-0a1b", func(map[string]any) (map[string]any, error) { return map[string]any{"arn": arn}, nil }, arn},
		"pending": {"p-domains-0a1b", func(map[string]any) (map[string]any, error) {
			return nil, errors.New("no matching RAM Resource Share found")
		}, ""},
		"another share of the name": {"p-domains-0a1b", func(map[string]any) (map[string]any, error) { return map[string]any{"arn": arn + "2"}, nil }, ""},
		"a question that is denied": {"p-domains-0a1b", func(map[string]any) (map[string]any, error) { return nil, errors.New("AccessDenied") }, ""},
		"a stack that reports no name": {"", func(map[string]any) (map[string]any, error) {
			t.Error("asked without a name")
			return nil, errors.New("multiple RAM Resource Shares matched")
		}, ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			asked := map[string]any{}
			m := (&monitor{answers: map[string]func(map[string]any) (map[string]any, error){
				"aws:ram/getResourceShare:getResourceShare": func(arguments map[string]any) (map[string]any, error) {
					asked = arguments
					return test.answer(arguments)
				},
			}}).deploy(t, func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
				_, err := NewAccessAssociations(ctx, "p", &AccessAssociationsArgs{
					EndpointID: pulumi.String("vpce-1"), AcceptShares: []ReceivedShare{{ARN: arn, Name: test.name}}, Tags: tags,
				}, opts)
				return err
			})
			require.Equal(t, test.want, m.only(t, "aws:ram/resourceShareAccepter:ResourceShareAccepter").ImportID)
			if test.name != "" {
				require.Equal(t, map[string]any{"name": test.name, "resourceOwner": "OTHER-ACCOUNTS", "resourceShareStatus": "ACTIVE"}, asked)
			}
		})
	}
}

func TestAssociationsNeedAnEndpoint(t *testing.T) {
	m := &monitor{}
	err := m.run(func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		_, err := NewAccessAssociations(ctx, "p", &AccessAssociationsArgs{}, opts)
		return err
	})
	requireArguments(t, m, err, "EndpointID")
}
