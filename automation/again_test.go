package automation

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWhatAWSLetsGoOfInAWhileIsRecognized(t *testing.T) {
	const (
		certificate = "orders-cert: deleting urn:pulumi:dev-orders::p::aws:acm/certificate:Certificate::orders-cert: 1 error occurred:\n\t* deleting ACM Certificate (arn:aws:acm:us-east-1:222222222222:certificate/0a1b): operation error ACM: DeleteCertificate, https response error StatusCode: 400, RequestID: 0, ResourceInUseException: Certificate arn:aws:acm:us-east-1:222222222222:certificate/0a1b in account 222222222222 is in use."
		domain      = "native-a.example.com: deleting API Gateway Domain Name (a.example.com/0a1b): operation error API Gateway: DeleteDomainName, https response error StatusCode: 409, RequestID: 0, ConflictException: a.example.com has a domain name access association"
		update      = "native-a.example.com: waiting for API Gateway Domain Name (a.example.com/0a1b) update: timeout while waiting for state to become 'AVAILABLE' (last state: 'UPDATING', timeout: 15m0s)"
	)
	for sentence, test := range map[string]struct {
		problems []string
		waits    []string
	}{
		"a certificate":                      {[]string{certificate, "update failed"}, []string{"ACM counts certificate orders-cert as in use"}},
		"a domain":                           {[]string{domain}, []string{"API Gateway deletes an access association of custom domain native-a.example.com"}},
		"a domain's update":                  {[]string{update}, []string{"API Gateway updates custom domain native-a.example.com"}},
		"two of them":                        {[]string{domain, certificate}, []string{"API Gateway deletes an access association of custom domain native-a.example.com", "ACM counts certificate orders-cert as in use"}},
		"with a failure beside it":           {[]string{certificate, "vpc: creating EC2 VPC: api error VpcLimitExceeded"}, nil},
		"a certificate that is denied":       {[]string{"orders-cert: deleting ACM Certificate (arn): api error AccessDeniedException: no"}, nil},
		"a domain that is denied":            {[]string{"native-a.example.com: deleting API Gateway Domain Name (a.example.com/0a1b): api error AccessDeniedException: no"}, nil},
		"no problem that the engine reports": {nil, nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			waits, advice := held(test.problems)
			require.Equal(t, test.waits, waits)
			require.Len(t, advice, len(test.waits))
		})
	}
}

// TestARunGivesUpOnWhatAWSDoesNotLetGoOf has a stack fail until its hour is over.
func TestARunGivesUpOnWhatAWSDoesNotLetGoOf(t *testing.T) {
	f := newFake(t)
	f.Providers = f.Providers[:1]
	require.Equal(t, "dev-orders", f.Providers[0].Name)
	f.broken["dev-orders"] = errors.New("orders-cert: deleting ACM Certificate: ResourceInUseException: Certificate arn:0a1b in account 2 is in use.")
	now := time.Date(2026, 11, 28, 23, 50, 0, 0, time.UTC)
	f.Now = func() time.Time { return now }
	f.Sleep = func(context.Context, time.Duration) error { now = now.Add(35 * time.Minute); return nil }
	report, err := f.Up(t.Context())
	require.ErrorContains(t, err, "since 23:50 UTC: ACM counts certificate orders-cert as in use: aws acm describe-certificate --certificate-arn arn:0a1b --query Certificate.InUseBy")
	require.Len(t, report.Stacks[1].Phases, 3)

	f.Sleep = func(context.Context, time.Duration) error { f.broken["dev-orders"] = nil; return nil }
	report, err = f.Up(t.Context())
	require.NoError(t, err)
	require.Len(t, report.Stacks[1].Phases, 2)
}
