// Package assumedrole gives clients of AWS's SDK the credentials of a role, as the AWS
// providers of the stacks have them.
package assumedrole

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Role is a role to assume.
type Role struct {
	// ARN is the role's. Empty: the caller's own credentials are kept.
	ARN string
	// ExternalID is what the role's trust policy may ask for. Empty: none.
	ExternalID string
	// Session is how long the credentials hold; they are asked for anew afterwards.
	// Zero: 15 minutes.
	Session time.Duration
}

// Assume has calls made with the role's credentials, which are asked for with those
// that the configuration has, at the first call. session names who calls, in the
// account's trail.
func (r Role) Assume(config *aws.Config, session string) {
	if r.ARN == "" {
		return
	}
	config.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(*config), r.ARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName, o.Duration = session, r.Session
		if r.ExternalID != "" {
			o.ExternalID = aws.String(r.ExternalID)
		}
	}))
}
