package acm

import (
	"math"
	"time"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/logs"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// publishes is how often ACM publishes how long a certificate is still valid: "at least
// twice every day", and no more once it has expired.
// https://docs.aws.amazon.com/acm/latest/userguide/cloudwatch-metrics.html
const publishes = 12 * time.Hour

// DaysToExpiry is what ACM publishes, from one time up to another, of the certificates of
// an account in a region of which it is known when they expire.
func DaysToExpiry(accounts view.Reader, account, region string, from, to time.Time) []logs.Datum {
	var data []logs.Datum
	for _, certificate := range view.All[view.Certificate](accounts, engine.Filter{Account: account, Region: region}) {
		end, err := time.Parse(time.RFC3339, certificate.NotAfter)
		if err != nil {
			continue
		}
		for at := from; at.Before(to) && at.Before(end); at = at.Add(publishes) {
			data = append(data, logs.Datum{
				Namespace: "AWS/CertificateManager", Name: "DaysToExpiry", Unit: "Count", Time: at,
				Dimensions: map[string]string{"CertificateArn": certificate.ARN},
				Value:      math.Floor(end.Sub(at).Hours() / 24),
			})
		}
	}
	return data
}
