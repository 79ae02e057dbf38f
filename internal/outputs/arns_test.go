package outputs_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

func TestARNsAreOfTheStacksAccountTheRegionAndTheirHost(t *testing.T) {
	const host = mapping.Host("a.example.com")
	const domain, share = "arn:aws:apigateway:us-east-1:222222222222:/domainnames/a.example.com+a1b2c3", "arn:aws:ram:us-east-1:222222222222:resource-share/7ab63972"
	for sentence, test := range map[string]struct{ domain, share, want string }{
		"both right":           {domain, share, ""},
		"no share":             {domain, "", ""},
		"another account":      {"arn:aws:apigateway:us-east-1:333333333333:/domainnames/a.example.com+a1b2c3", share, "output domainNameArns[a.example.com]: it has to be of apigateway in account 222222222222, region us-east-1, and is arn:"},
		"another region":       {"arn:aws:apigateway:eu-west-1:222222222222:/domainnames/a.example.com+a1b2c3", share, "output domainNameArns[a.example.com]: it has to be of apigateway in"},
		"another service":      {"arn:aws:execute-api:us-east-1:222222222222:/domainnames/a.example.com+a1b2c3", share, "it has to be of apigateway in"},
		"another host":         {"arn:aws:apigateway:us-east-1:222222222222:/domainnames/b.example.com+a1b2c3", share, "it has to be the ARN of a PRIVATE custom domain of that name"},
		"a REGIONAL domain":    {"arn:aws:apigateway:us-east-1:222222222222:/domainnames/a.example.com", share, "it has to be the ARN of a PRIVATE custom domain of that name"},
		"a wildcard":           {"arn:aws:apigateway:us-east-1:222222222222:/domainnames/a.example.com+*", share, "output domainNameArns[a.example.com]: "},
		"no ARN":               {"a.example.com", share, "is not an ARN"},
		"another's share":      {domain, "arn:aws:ram:us-east-1:333333333333:resource-share/7ab63972", "output resourceShareArn: it has to be of ram in account 222222222222"},
		"what is no share":     {domain, "arn:aws:ram:us-east-1:222222222222:permission/x", "output resourceShareArn: it has to be the ARN of a resource share"},
		"both of another type": {share, domain, "output resourceShareArn: it has to be of ram"},
	} {
		t.Run(sentence, func(t *testing.T) {
			provider := &outputs.Provider{AccountID: "222222222222", DomainNameARNs: map[mapping.Host]string{host: test.domain}, ResourceShareARN: test.share}
			err := provider.CheckARNs("us-east-1")
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.want)
			require.ErrorAs(t, err, new(*outputs.ValueError))
		})
	}
}
