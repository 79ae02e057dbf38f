package aws_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/aws"
)

func TestDomainARNs(t *testing.T) {
	for id, names := range regions {
		for _, region := range names {
			text := fmt.Sprintf("arn:%s:execute-api:%s:222222222222:/domainnames/api.example.com+a1b2c3d4e5", id, region)
			require.Equal(t, text, aws.ExecuteAPIDomainARN(id, region, "222222222222", "api.example.com", "a1b2c3d4e5").String())
			d, err := aws.ParseDomainARN(text)
			require.NoError(t, err)
			require.Equal(t, []string{id, "execute-api", region, "222222222222", "api.example.com", "a1b2c3d4e5"},
				[]string{d.Partition, d.Service, d.Region, d.AccountID, d.Name, d.ID})
		}
	}
	for text, want := range map[string]string{
		"arn:aws:apigateway:us-east-1:222222222222:/domainnames/api.example.com+a1":     "",
		"arn:aws:execute-api:us-east-1:222222222222:/domainnames/localhost+a1":          "",
		"arn:aws:execute-api:us-east-1:222222222222:/domainnames/api.example.com":       "is not the ARN of a PRIVATE custom domain",
		"arn:aws:execute-api:us-east-1:222222222222:/domainnames/api.example.com+":      "is not the ARN of a PRIVATE custom domain",
		"arn:aws:execute-api:us-east-1:222222222222:/domainnames/API.example.com+a1":    "is not the ARN of a PRIVATE custom domain",
		"arn:aws:execute-api:us-east-1:222222222222:/domainnames/api..example.com+a1":   "is not the ARN of a PRIVATE custom domain",
		"arn:aws:execute-api:us-east-1:222222222222:/domainnames/*.example.com+a1":      "is not an ARN",
		"arn:aws:execute-api:us-east-1:222222222222:/domainnames/api.example.com+a1\n":  "is not an ARN",
		"arn:aws:execute-api:us-east-1::/domainnames/api.example.com+a1":                "is not the ARN of a PRIVATE custom domain",
		"arn:aws:execute-api::222222222222:/domainnames/api.example.com+a1":             "is not the ARN of a PRIVATE custom domain",
		"arn:aws:execute-api:cn-north-1:222222222222:/domainnames/api.example.com+a1":   "is no region of partition aws",
		"arn:aws-north:execute-api:us-east-1:222222222222:/domainnames/a.example.com+1": "is no AWS partition",
		"arn:aws:acm:us-east-1:222222222222:/domainnames/api.example.com+a1":            "is not the ARN of a PRIVATE custom domain",
		"arn:aws:execute-api:us-east-1:222222222222:a1b2c3d4e5/dev/GET/orders":          "is not the ARN of a PRIVATE custom domain",
	} {
		_, err := aws.ParseDomainARN(text)
		if want == "" {
			require.NoError(t, err, text)
		} else {
			require.ErrorContains(t, err, want, text)
		}
	}
}

func TestMethodPatterns(t *testing.T) {
	for text, want := range map[string]string{
		"arn:aws:execute-api:us-east-1:222222222222:a1b2c3d4e5/*":                  "",
		"arn:aws:execute-api:us-east-1:222222222222:a1b2c3d4e5/dev/GET/a%20b/~:c":  "",
		"arn:aws-cn:execute-api:cn-north-1:222222222222:a1b2c3d4e5/dev/*/o?ders/*": "",
		"arn:aws:execute-api:us-east-1:222222222222:a1b2c3d4e5":                    "is not the ARN of a REST API's methods",
		"arn:aws:execute-api:us-east-1:222222222222:a1b2c3d4e5/":                   "is not the ARN of a REST API's methods",
		"arn:aws:execute-api:us-east-1:222222222222:A1B2/*":                        "is not the ARN of a REST API's methods",
		"arn:aws:execute-api:us-east-1:222222222222:*/*":                           "is not the ARN of a REST API's methods",
		"arn:aws:execute-api:us-east-1:22222222222:a1b2c3d4e5/*":                   "is not the ARN of a REST API's methods",
		"arn:aws:execute-api:us-east-1:222222222222:a1b2c3d4e5/dev/GET/a\nb":       "is not the ARN of a REST API's methods",
		"arn:aws:execute-api:*:222222222222:a1b2c3d4e5/*":                          "is no region of partition aws",
		"arn:aws:execute-api:cn-north-1:222222222222:a1b2c3d4e5/*":                 "is no region of partition aws",
		"arn:amazon:execute-api:us-east-1:222222222222:a1b2c3d4e5/*":               "is no AWS partition",
		"arn:aws:lambda:us-east-1:222222222222:a1b2c3d4e5/*":                       "is not the ARN of a REST API's methods",
		"execute-api:/*": "is not the ARN of a REST API's methods",
		"arn:aws:execute-api:us-east-1:222222222222:/domainnames/api.example.com+a1": "is not the ARN of a REST API's methods",
	} {
		p, err := aws.ParseMethodPattern(text)
		if want == "" {
			require.NoError(t, err, text)
			require.Equal(t, text, p.String())
		} else {
			require.ErrorContains(t, err, want, text)
		}
	}
}

// FuzzExecuteAPIARNs: what is read is written as it was, and nothing is read as
// both a domain and methods.
func FuzzExecuteAPIARNs(f *testing.F) {
	f.Add("arn:aws:execute-api:us-east-1:222222222222:/domainnames/api.example.com+a1b2c3d4e5")
	f.Add("arn:aws:apigateway:us-east-1:222222222222:/domainnames/api.example.com+a1b2c3d4e5")
	f.Add("arn:aws:execute-api:us-east-1:222222222222:a1b2c3d4e5/dev/GET/*")
	f.Add("arn:aws:execute-api:us-east-1:222222222222:a1b2c3d4e5/*\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, domainErr := aws.ParseDomainARN(text)
		if domainErr == nil {
			require.Equal(t, text, d.String())
			require.Equal(t, "/domainnames/"+d.Name+"+"+d.ID, d.Resource)
		}
		p, methodErr := aws.ParseMethodPattern(text)
		if methodErr == nil {
			require.Equal(t, text, p.String())
			require.True(t, aws.IsAccountID(p.AccountID) && aws.IsPartition(p.Partition) && aws.IsRegion(p.Region) && aws.IsRESTAPIID(p.APIID))
			require.NotContains(t, p.Methods, "\n")
		}
		require.False(t, domainErr == nil && methodErr == nil)
	})
}
