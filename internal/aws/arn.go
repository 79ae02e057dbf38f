package aws

import (
	"regexp"
	"strings"
)

// ARN is an Amazon Resource Name:
// arn:{partition}:{service}:{region}:{account}:{resource} (IAM user guide,
// Amazon Resource Names).
type ARN struct {
	Partition, Service string
	// Region and AccountID are empty for resources that belong to none.
	Region, AccountID string
	// Resource is what follows the fifth colon, in the service's own form.
	Resource string
}

// String is the ARN as AWS writes it.
func (a ARN) String() string {
	return strings.Join([]string{"arn", a.Partition, a.Service, a.Region, a.AccountID, a.Resource}, ":")
}

// serviceName and resourceText hold an ARN's parts to characters that no shell,
// template or policy takes for anything else: wildcards are no resource's name.
var (
	serviceName  = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)
	resourceText = regexp.MustCompile(`^[A-Za-z0-9+=,.@_/:-]+$`)
)

// maxARN is IAM's limit of an ARN, in characters (IAM API reference, arnType).
const maxARN = 2048

// ParseARN reads the ARN of one resource. Its partition is known, its region is of
// the partition or empty, and its account is 12 digits or empty.
func ParseARN(text string) (ARN, error) {
	parts := strings.SplitN(text, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || len(text) > maxARN {
		return ARN{}, &GrammarError{text, "is not an ARN"}
	}
	a := ARN{parts[1], parts[2], parts[3], parts[4], parts[5]}
	if !IsPartition(a.Partition) {
		return ARN{}, &GrammarError{a.Partition, "is no AWS partition"}
	}
	if p, ok := PartitionOf(a.Region); a.Region != "" && (!ok || p.ID != a.Partition) {
		return ARN{}, &GrammarError{a.Region, "is no region of partition " + a.Partition}
	}
	if !serviceName.MatchString(a.Service) || a.AccountID != "" && !IsAccountID(a.AccountID) || !resourceText.MatchString(a.Resource) {
		return ARN{}, &GrammarError{text, "is not an ARN"}
	}
	return a, nil
}

// RoleARN is the ARN of an IAM role: arn:{partition}:iam::{account}:role{path}{name}.
type RoleARN struct {
	Partition, AccountID string
	// Path begins and ends with "/", and is "/" for most roles.
	Path string
	Name string
}

// RoleARNPattern is the form of a role's ARN, a regular expression that RE2 and
// ECMA 262 read alike. ParseRoleARN checks what it can't say: which partitions
// there are, and how long the path may be.
//
// It has IAM's characters for a role's path and name (IAM API reference,
// CreateRole), but for those that mean something elsewhere: no wildcard and no
// quote is among them.
const RoleARNPattern = `^arn:(aws(?:-[a-z]+)*):iam::([0-9]{12}):role/(?:[A-Za-z0-9+=,.@_-]+/)*[A-Za-z0-9+=,.@_-]{1,64}$`

// MaxRolePath is IAM's limit of a role's path, in characters (IAM API reference,
// CreateRole).
const MaxRolePath = 512

var roleARN = regexp.MustCompile(RoleARNPattern)

// ParseRoleARN reads the ARN of an IAM role.
func ParseRoleARN(text string) (RoleARN, error) {
	parts := roleARN.FindStringSubmatch(text)
	if parts == nil {
		return RoleARN{}, &GrammarError{text, "is not the ARN of an IAM role"}
	}
	_, resource, _ := strings.Cut(text, ":role")
	name := strings.LastIndexByte(resource, '/') + 1
	r := RoleARN{Partition: parts[1], AccountID: parts[2], Path: resource[:name], Name: resource[name:]}
	switch {
	case !IsPartition(r.Partition):
		return RoleARN{}, &GrammarError{r.Partition, "is no AWS partition"}
	case len(r.Path) > MaxRolePath:
		return RoleARN{}, &GrammarError{text, "is not the ARN of an IAM role, whose path is 512 characters long at most"}
	}
	return r, nil
}

// String is the ARN as IAM writes it.
func (r RoleARN) String() string {
	return ARN{Partition: r.Partition, Service: "iam", AccountID: r.AccountID, Resource: "role" + r.Path + r.Name}.String()
}

// policyARN is the ARN of a managed policy (IAM user guide, IAM identifiers); AWS's
// own ones have "aws" in place of an account.
var policyARN = regexp.MustCompile(`^arn:([a-z0-9-]+):iam::(aws|[0-9]{12}):policy/([\x21-\x7e]{0,510}/)?[\w+=,.@-]{1,128}$`)

// ParsePolicyARN reads the ARN of a managed policy, and returns the partition and the
// account that it is of: 12 digits, or "aws" for AWS's own ones.
func ParsePolicyARN(text string) (partition, owner string, err error) {
	parts := policyARN.FindStringSubmatch(text)
	if parts == nil || !IsPartition(parts[1]) {
		return "", "", &GrammarError{text, "is not the ARN of a managed policy"}
	}
	return parts[1], parts[2], nil
}

// topicName is a topic's (Amazon SNS API reference, CreateTopic). Names of FIFO topics
// end with .fifo, and CloudWatch's alarms tell standard topics alone.
var topicName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

// ParseTopicARN reads the ARN of a standard topic of Amazon SNS, and is its region.
func ParseTopicARN(text string) (region string, err error) {
	a, err := ParseARN(text)
	if err != nil || a.Service != "sns" || a.Region == "" || a.AccountID == "" || !topicName.MatchString(a.Resource) {
		return "", &GrammarError{text, "is not the ARN of a standard topic of Amazon SNS"}
	}
	return a.Region, nil
}

// kmsKeyARN is the ARN of a key of AWS KMS (KMS developer guide, key identifiers); those
// of several regions begin with "mrk-".
var kmsKeyARN = regexp.MustCompile(`^arn:([a-z0-9-]+):kms:([a-z0-9-]+):([0-9]{12}):key/([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$`)

// ParseKMSKeyARN reads the ARN of a key of AWS KMS, and returns the region that it is in.
func ParseKMSKeyARN(text string) (region string, err error) {
	parts := kmsKeyARN.FindStringSubmatch(text)
	if _, err := ParseARN(text); parts == nil || err != nil {
		return "", &GrammarError{text, "is not the ARN of a key of AWS KMS"}
	}
	return parts[2], nil
}

// RolePattern is a set of roles of one account: the ARN of a role, in whose path
// and name "*" stands for any characters, "/" among them.
type RolePattern struct {
	text      string
	accountID string
}

// rolePattern names the partition and the account in full: a pattern never spans
// accounts.
var rolePattern = regexp.MustCompile(`^arn:(aws(?:-[a-z]+)*):iam::([0-9]{12}):role/[A-Za-z0-9+=,.@_/*-]+$`)

// ParseRolePattern reads a pattern of role ARNs, such as
// arn:aws:iam::222222222222:role/portico-*.
func ParseRolePattern(text string) (RolePattern, error) {
	parts := rolePattern.FindStringSubmatch(text)
	if parts == nil {
		return RolePattern{}, &GrammarError{text, "is not the ARN of roles of one account"}
	}
	if !IsPartition(parts[1]) {
		return RolePattern{}, &GrammarError{parts[1], "is no AWS partition"}
	}
	return RolePattern{text, parts[2]}, nil
}

// AccountID is the account of the roles.
func (p RolePattern) AccountID() string { return p.accountID }

// String is the pattern as it was written.
func (p RolePattern) String() string { return p.text }

// Matches reports whether the role is one of the pattern's.
func (p RolePattern) Matches(role RoleARN) bool {
	parts := strings.Split(p.text, "*")
	text := role.String()
	if len(parts) == 1 {
		return text == p.text
	}
	rest, begins := strings.CutPrefix(text, parts[0])
	if !begins {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		at := strings.Index(rest, part)
		if at < 0 {
			return false
		}
		rest = rest[at+len(part):]
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

// resourceID is the identifier that ACM and ACM PCA make of their resources.
var resourceID = regexp.MustCompile(`^[0-9a-f-]+$`)

// ParseCertificateARN reads the ARN of an ACM certificate:
// arn:{partition}:acm:{region}:{account}:certificate/{id}.
func ParseCertificateARN(text string) (ARN, error) {
	return parseRegional(text, "acm", "certificate/", "is not a certificate's ARN")
}

// ParseCertificateAuthorityARN reads the ARN of a private certificate authority:
// arn:{partition}:acm-pca:{region}:{account}:certificate-authority/{id}.
func ParseCertificateAuthorityARN(text string) (ARN, error) {
	return parseRegional(text, "acm-pca", "certificate-authority/", "is not a private certificate authority's ARN")
}

func parseRegional(text, service, kind, problem string) (ARN, error) {
	a, err := ParseARN(text)
	if err != nil {
		return ARN{}, err
	}
	id, found := strings.CutPrefix(a.Resource, kind)
	if a.Service != service || a.Region == "" || a.AccountID == "" || !found || !resourceID.MatchString(id) {
		return ARN{}, &GrammarError{text, problem}
	}
	return a, nil
}
