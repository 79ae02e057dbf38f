package automation

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/require"
)

func TestOtherAccountsAssociationsOfDomainsAreNamedBeforeTheirDeletion(t *testing.T) {
	const (
		domain  = "arn:aws:apigateway:us-east-1:222222222222:/domainnames/a.example.com+0a1b"
		theirs  = "arn:aws:apigateway:us-east-1:333333333333:/domainnameaccessassociations/domainname/a.example.com+0a1b/vpcesource/vpce-3"
		ours    = "arn:aws:apigateway:us-east-1:111111111111:/domainnameaccessassociations/domainname/a.example.com+0a1b/vpcesource/vpce-1"
		another = "arn:aws:apigateway:us-east-1:333333333333:/domainnameaccessassociations/domainname/b.example.com+0a1b/vpcesource/vpce-3"
		named   = "native-a.example.com: account 333333333333 has access association " + theirs + " with the custom domain, which can't be deleted before"
	)
	w := &watch{begin: time.Now(), send: func(Event) {}, done: map[string]bool{}}
	step := func(op apitype.OpType, token, arn string) {
		w.read(apitype.EngineEvent{ResourcePreEvent: &apitype.ResourcePreEvent{Metadata: apitype.StepEventMetadata{
			Op: op, Type: token, URN: "urn:pulumi:dev-orders::p::" + token + "::native-a.example.com",
			Old: &apitype.StepEventStateMetadata{Outputs: map[string]any{"arn": arn}},
		}}})
	}
	step(apitype.OpSame, domainType, domain+"2")
	step(apitype.OpDelete, "aws:acm/certificate:Certificate", "arn:certificate")
	require.Empty(t, w.deletedDomains)
	step(apitype.OpDelete, domainType, domain)
	require.Equal(t, map[string]string{domain: "native-a.example.com"}, w.deletedDomains)
	state, err := readDeployment([]byte(`{"resources":[{"urn":"u::native-a.example.com","type":"aws:apigateway/domainName:DomainName","id":"a","outputs":{"arn":"` + domain + `"}},
		{"urn":"u::v","type":"aws:ec2/vpc:Vpc","id":"v","outputs":{"arn":"arn:vpc"}}]}`))
	require.NoError(t, err)
	require.Equal(t, w.deletedDomains, state.domains())

	for sentence, test := range map[string]struct {
		domains      map[string]string
		associations map[string]string
		err          error
		asked        bool
		want, note   string
	}{
		"another account's":              {w.deletedDomains, map[string]string{theirs: domain, ours: domain}, nil, true, named, ""},
		"the environment's own alone":    {w.deletedDomains, map[string]string{ours: domain}, nil, true, "", ""},
		"another domain's":               {w.deletedDomains, map[string]string{another: domain + "2"}, nil, true, "", ""},
		"a question that is denied":      {w.deletedDomains, nil, errors.New("AccessDenied"), true, "", "not asked: which accounts have access associations"},
		"no domain that is deleted":      {nil, nil, nil, false, "", ""},
		"a REGIONAL domain is not asked": {map[string]string{"arn:aws:apigateway:us-east-1::/domainnames/a.example.com": "alb-a.example.com"}, nil, nil, false, "", ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			asked, note := false, ""
			r := &run{Environment: &Environment{Shared: Stack{Name: "dev", Account: "111111111111"}}}
			s := Stack{Name: "dev-orders", OthersAssociations: func(context.Context) (map[string]string, error) {
				asked = true
				return test.associations, test.err
			}}
			err := r.checkAssociations(t.Context(), s, test.domains, func(text string) { note = text })
			require.Equal(t, test.asked, asked)
			require.Contains(t, note, test.note)
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, "reject-domain-name-access-association --domain-name-access-association-arn "+theirs+" --domain-name-arn "+domain)
			require.NotContains(t, err.Error(), ours)
		})
	}
}
