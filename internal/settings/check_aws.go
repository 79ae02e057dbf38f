package settings

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"github.com/portico-iac/portico/internal/aws"
)

// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
const minExternalID, maxExternalID = 2, 1224

var externalIDPattern = regexp.MustCompile(`^[\w+=,.@:/-]+$`)

// The bounds of a role's session: those of AssumeRole, and the greatest maximum that a
// role may have.
const (
	minSession = 15 * time.Minute
	maxSession = 12 * time.Hour
)

func (a AWS) check(m *mistakes) {
	m.checkText(aws.IsRegion(a.Region), "aws.region", a.Region, "is not a region",
		"write the region's code, for instance us-east-1")
	if a.AccountID == "" {
		m.missing("aws.accountId", "write the number of the one account that this stack may touch, in quotes")
	}
	role, err := aws.ParseRoleARN(a.RoleARN)
	m.check(a.RoleARN == "" || err == nil, "aws.roleArn", strconv.Quote(a.RoleARN)+" is not a role's ARN",
		"write arn:aws:iam::ACCOUNT:role/NAME")
	if err == nil {
		a.checkPartition(m, "aws.roleArn", role.Partition)
	}
	if err == nil && a.NamesAccount() {
		m.check(role.AccountID == a.AccountID, "aws.roleArn", fmt.Sprintf("the role is of account %s, not %s", role.AccountID, a.AccountID),
			"write a role of the stack's account")
	}
	if a.Endpoint != "" {
		endpoint, err := url.Parse(a.Endpoint)
		m.check(err == nil && (endpoint.Scheme == "http" || endpoint.Scheme == "https") && endpoint.Host != "", "aws.endpoint",
			strconv.Quote(a.Endpoint)+" is not a URL", "write the emulator's URL, for instance http://localhost:5000")
	}
}

// checkPartition holds what an ARN names to the partition of the stack's region: no
// partition knows what another one has.
func (a AWS) checkPartition(m *mistakes, key, partition string) {
	own, known := aws.PartitionOf(a.Region)
	m.check(!known || partition == own.ID, key, fmt.Sprintf("the ARN is of partition %s, and region %s is of %s", partition, a.Region, own.ID),
		"write an ARN that begins with arn:"+own.ID+":")
}

// checkRole checks a role that the stack assumes in the account of what it is for, such
// as "zone"; empty: none.
func (a AWS) checkRole(m *mistakes, key, arn, of string) {
	if arn == "" {
		return
	}
	role, err := aws.ParseRoleARN(arn)
	if err != nil {
		m.add(key, strconv.Quote(arn)+" is not a role's ARN", "write a role of the "+of+"'s account, arn:aws:iam::ACCOUNT:role/NAME")
		return
	}
	a.checkPartition(m, key, role.Partition)
}

// checkSessions checks how roles are assumed. assumes reports whether the stack may
// assume a role at all.
func (a AWS) checkSessions(m *mistakes, assumes bool) {
	const none, role = "the stack assumes no role", "take it out, or write aws.roleArn"
	if a.ExternalID != "" {
		m.check(assumes, "aws.externalId", none, role)
		right := externalIDPattern.MatchString(a.ExternalID) && len(a.ExternalID) >= minExternalID && len(a.ExternalID) <= maxExternalID
		m.check(a.ExternalID == Unknown || right, "aws.externalId",
			strconv.Quote(a.ExternalID)+" is not an external ID", fmt.Sprintf("write %d to %d letters, digits and _+=,.@:/-, as the role's trust policy has it", minExternalID, maxExternalID))
	}
	if a.SessionDuration == "" {
		return
	}
	m.check(assumes, "aws.sessionDuration", none, role)
	session, err := time.ParseDuration(a.SessionDuration)
	whole := err == nil && session%time.Second == 0 && session >= minSession && session <= maxSession
	m.check(a.SessionDuration == Unknown || whole, "aws.sessionDuration",
		strconv.Quote(a.SessionDuration)+" is not how long a role's session may last", "write 15m to 12h, such as 1h or 90m")
}

// Session is SessionDuration; 0 where it isn't set.
func (a AWS) Session() time.Duration {
	session, err := time.ParseDuration(a.SessionDuration)
	if err != nil {
		return 0
	}
	return session
}

// NamesAccount reports whether AccountID is an account's number. In a provider
// account's stack it may be a name of the mapping's ACCOUNTS instead.
func (a AWS) NamesAccount() bool { return aws.IsAccountID(a.AccountID) }

// assumesRole reports whether the stack assumes a role, its own or one of another
// account.
func (c *Shared) assumesRole() bool {
	if c.AWS.RoleARN != "" || c.Certificates.assumesRole() {
		return true
	}
	for _, zone := range c.DNS.Existing {
		if zone.RoleARN != "" {
			return true
		}
	}
	for _, association := range c.DNS.Associations {
		if association.RoleARN != "" {
			return true
		}
	}
	return false
}

// assumesRole reports whether the stack assumes a role, or may assume one that the
// mapping's ACCOUNTS name.
func (c *Provider) assumesRole() bool {
	return c.AWS.RoleARN != "" || len(c.AllowedRoleARNs) > 0 || c.Certificates.assumesRole()
}

func (c Certificates) assumesRole() bool {
	for _, zone := range c.Zones {
		if zone.RoleARN != "" {
			return true
		}
	}
	return false
}
