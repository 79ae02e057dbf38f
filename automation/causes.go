package automation

import (
	"regexp"
	"strings"
)

// cause recognizes an error of AWS that does not say what to do about it.
type cause struct {
	pattern *regexp.Regexp
	// why says what has happened and what to do; $1 is the pattern's group.
	why string
}

// goesOn ends the causes that only other people can remove.
const goesOn = "; the next up goes on from here"

// causes are tried in their order; the first that fits counts.
var causes = []cause{
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
	{regexp.MustCompile(`not authorized to perform: (\S+).*explicit deny in a service control policy`),
		"a service control policy of the organization denies $1 in this account: ask the organization's administrators to allow it to the deploying role" + goesOn},
	{regexp.MustCompile(`not authorized to perform: (\S+).*no service control policy allows`),
		"no service control policy of the organization allows $1 in this account: ask the organization's administrators to allow it to the deploying role" + goesOn},
	{regexp.MustCompile(`not authorized to perform: (\S+).*explicit deny in a resource control policy`),
		"a resource control policy of the organization denies $1 on the resource: ask the organization's administrators to allow it to the deploying role" + goesOn},
	{regexp.MustCompile(`not authorized to perform: (\S+).*(?:explicit deny in|no) (?:a )?permissions boundary`),
		"the permissions boundary of the deploying role does not allow $1: have it allowed there" + goesOn},
	{regexp.MustCompile(`not authorized to perform: (\S+).*(?:no identity-based policy allows|explicit deny in an identity-based policy)`),
		"the deploying role may not do $1: compare its policies with docs/iam" + goesOn},
	// https://docs.aws.amazon.com/acm/latest/userguide/troubleshooting-caa.html
	{regexp.MustCompile(`(CAA_ERROR)`),
		`a CAA record of the certificate's domain, or of a domain above it, lets other authorities issue and not Amazon: add the record 0 issue "amazon.com" there, and for a wildcard 0 issuewild "amazon.com" if the domain has such records, then delete the failed certificate` + goesOn},
	{regexp.MustCompile(`waiting for ACM Certificate \((\S+)\) to be issued: timeout`),
		"ACM did not find the validation record: the public zone that has it does not answer for the name; compare the zone's name servers with those of dig NS, correct the delegation, or name the zone that answers by ROUTE53_PUBLIC_DOMAIN of the row" + goesOn},
	// https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html: an account's
	// certificates of one name have the same record.
	{regexp.MustCompile(`InvalidChangeBatch.*\b(_[0-9a-f]{32})\..*already exists`),
		"the validation record is there already, as where another environment of the account has a certificate of the same name: write portico:certificates.sharedRecords: true in each of these environments, or delete the record if nothing uses it" + goesOn},
	{regexp.MustCompile(`(InvalidChangeBatch).*already exists`),
		"the zone has a record of the name that this stack did not make, and it is never overwritten: delete it, or hand it to the stack with pulumi import aws:route53/record:Record, as accounts/README.md shows" + goesOn},
	// https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateHostedZone.html
	{regexp.MustCompile(`(ConflictingDomainExists)`),
		"the VPC has a private hosted zone of the name already, in this account or another: name it in portico:dns.existing, or have its owner take the VPC out of it" + goesOn},
}

// causeOf says what a problem comes from and what to do about it; empty: no more is
// known than the problem says.
func causeOf(problem string) string {
	line := strings.Join(strings.Fields(problem), " ")
	for _, c := range causes {
		if match := c.pattern.FindStringSubmatchIndex(line); match != nil {
			return string(c.pattern.ExpandString(nil, c.why, line, match))
		}
	}
	return ""
}
