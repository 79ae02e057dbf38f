// Package mapping reads the mapping file: which custom domain leads to which
// private API Gateway endpoint, with which verbs, in which account.
//
// Load, Read and Parse return either a Mapping in which every value has passed its
// grammar, or Errors with every mistake of the file, each with its position and
// what to write instead. Nothing of the file can leave this package except through
// one of the types below. New makes a Mapping of rows without a file, by the same
// rules, and Check says what a front door can't do for a row.
package mapping

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Mapping is a validated mapping. Load, Read, Parse and New make it.
type Mapping struct {
	// Source is the name of the file or directory as it was given to Load, Read,
	// Parse or ParseDirectory; empty for a mapping of New.
	Source string
	// Accounts are the entries of ACCOUNTS, in the file's order.
	Accounts []Account
	// Teams are the entries of TEAMS, in the order of portico.yaml; none for a
	// mapping that is a single file.
	Teams []Team
	// Rows are the entries of APIS, in the file's order; there is at least one. In
	// a mapping directory the teams' rows follow each other.
	Rows []Row
	// Digest is the SHA-256, in hexadecimal, of the canonical form of the
	// mapping: comments, order, spelling variants and formatting don't change
	// it.
	Digest string
}

// Account is an entry of ACCOUNTS: a name for an account number.
type Account struct {
	// Name is a letter, then up to 62 letters, digits, "_" and "-".
	Name string
	// ID is the account number.
	ID AccountID
	// RoleARN is the IAM role to assume in the account, whose number it bears:
	// arn:{partition}:iam::{account}:role/[{path}/]{name}; empty: none.
	RoleARN string
	// Pos is the name's place; zero for an account that no file holds.
	Pos Position
	// RoleARNPos is the place of ROLE_ARN's value; zero where the file has none.
	RoleARNPos Position
}

// Path leads to the entry from the file's top: "ACCOUNTS.orders".
func (a Account) Path() string { return "ACCOUNTS." + a.Name }

// Row is an entry of APIS.
type Row struct {
	// Index is the row's place in the mapping, from 0.
	Index int
	// InFile is the row's place in the APIS of its team's file, from 0; 0 where
	// Team is empty.
	InFile int
	// Team is the team whose file has the row; empty for a mapping that is a
	// single file.
	Team string
	// Pos is the place of the row's first key; zero for a row that no file holds.
	Pos Position

	// Host is the host of CUSTOM_DOMAIN_URL, where callers send requests.
	Host Host
	// BasePath is the path of CUSTOM_DOMAIN_URL. Empty: every path of the host.
	BasePath BasePath
	// API is where the requests go: PRIVATE_API_URL.
	API PrivateAPI
	// Methods are the allowed verbs, sorted, without duplicates; nil: every
	// verb. CORS has already added OPTIONS.
	Methods []Method
	// Account is the account that owns the API; empty where the row names none.
	Account AccountID
	// CORS says that OPTIONS is allowed too, for browsers' preflight requests.
	// Default: false.
	CORS bool
	// Timeout is how long an answer may take, in whole seconds. Default:
	// DefaultTimeout. 1 to 300 seconds.
	Timeout time.Duration
	// Stream says that the API streams its answers; see ReadTimeout.
	Stream bool
	// NoRewrite says that answers pass as the API wrote them: without it the
	// proxy leads their Location, cookies and the like back to the row's URL.
	NoRewrite bool
	// AccessMode is the API's endpoint access mode. Default: AccessModeBasic.
	AccessMode AccessMode
	// Auth is AuthIAM if the API demands signed requests. Default: empty.
	Auth Auth
	// FrontDoor is how requests reach the API. Default: FrontDoorNGINX. Rows of one
	// host have the same.
	FrontDoor FrontDoor
	// PublicZone is the public hosted zone that validates the row's
	// certificate; empty: the nearest public parent zone.
	PublicZone Zone
	// Retired rows have no route; they may share host and base path with the
	// row that replaced them.
	Retired bool
	// Description is a single line of at most 256 characters that print, for
	// reports only: nothing else may be made of it.
	Description string
	// Owner is such a line too.
	Owner string
}

// URL is the row's host and base path, as CUSTOM_DOMAIN_URL has them.
func (r Row) URL() string { return string(r.Host) + string(r.BasePath) }

// Path leads to the row from the file's top: "APIS[3]".
func (r Row) Path() string {
	index := r.Index
	if r.Team != "" {
		index = r.InFile
	}
	return "APIS[" + strconv.Itoa(index) + "]"
}

// Position names the row in messages: "mapping.yaml:12:5: APIS[3]", or
// "APIS[3]" for a row that no file holds. A key may follow it, as in
// row.Position() + ".VERBS".
func (r Row) Position() string {
	if place := r.Pos.String(); place != "" {
		return place + ": " + r.Path()
	}
	return r.Path()
}

// Position is a place in a mapping file. The zero Position is that of a row or
// an account that no file holds.
type Position struct {
	// File is the file's name as it was given to Load, Read or Parse.
	File string
	// Line and Column count from 1; columns count characters, not bytes.
	Line, Column int
}

// String is "file:line:column"; empty for the zero Position.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return p.File + ":" + strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Column)
}

// AccountID is an AWS account number: exactly 12 digits.
type AccountID string

// Host is a fully qualified domain name in lower case without a trailing dot:
// at least three labels of at most 63 letters, digits and hyphens, which don't
// begin or end with a hyphen; 253 characters in all (RFC 1035, RFC 1123). The
// first label may be "*". The last is no number, the parent domain no public
// suffix, and ACM's validation record for the parent fits DNS.
type Host string

// IsWildcard reports whether the host stands for every name one label longer
// than its parent.
func (h Host) IsWildcard() bool { return strings.HasPrefix(string(h), "*.") }

// Wildcard is the name of the wildcard certificate that covers the host, and
// every other host with its parent: "*.example.com" for "api.example.com" and
// for "*.example.com".
func (h Host) Wildcard() Host { return h.Parent().Wildcard() }

// CoveredBy reports whether a certificate with these subject alternative names
// is valid for the host: by its own name, or by the wildcard of its parent. A
// wildcard covers exactly one label (RFC 6125, section 6.4.3).
func (h Host) CoveredBy(names []Host) bool {
	return slices.Contains(names, h) || slices.Contains(names, h.Wildcard())
}

// Parent is the host without its first label.
func (h Host) Parent() Zone {
	_, parent, _ := strings.Cut(string(h), ".")
	return Zone(parent)
}

// Zone is a DNS zone's name, in lower case without a trailing dot: at least two
// labels with a host's characters.
type Zone string

// Wildcard is the name of every host directly below the zone: "*.example.com"
// for "example.com".
func (z Zone) Wildcard() Host { return Host("*." + z) }

// BasePath is the part of the custom domain's URL that routes: empty, or up to
// 16 segments, each with a "/" in front. Segments are of URL's unreserved
// characters (RFC 3986: letters, digits, "-", ".", "_", "~"), case-sensitive,
// and neither "." nor ".."; the path is at most 512 characters long. There is
// no percent-encoding, since the proxy compares raw paths byte for byte.
type BasePath string

// Segments are the path's segments; none for the empty path.
func (p BasePath) Segments() []string {
	if p == "" {
		return nil
	}
	return strings.Split(string(p[1:]), "/")
}

// PrivateAPI is the endpoint that PRIVATE_API_URL names.
type PrivateAPI struct {
	// ID is the REST API's identifier.
	ID APIID
	// Region is lower-case words and a number with hyphens between them, in
	// the shape of its partition's regions: us-east-1, us-gov-west-1, ….
	Region string
	// Partition is the AWS partition of the region: aws, aws-cn, aws-us-gov, ….
	Partition string
	// DNSSuffix is the partition's: amazonaws.com, amazonaws.com.cn, ….
	DNSSuffix string
	// Stage is the API's stage.
	Stage Stage
	// Path is what follows the stage.
	Path APIPath
}

// APIID is the identifier of a REST API: 1 to 32 lower-case letters and digits,
// of which any may come first. API Gateway itself gives ten.
type APIID string

// Stage is the name of a REST API's stage: 1 to 128 letters, digits, "_" and
// "-", case-sensitive.
type Stage string

// APIPath is a path below a stage: empty, or segments like a BasePath's, at
// most 1,024 characters in all. Nothing in it is a wildcard in a policy's ARN.
type APIPath string

// Method is an HTTP verb that API Gateway knows, one of AllMethods.
type Method string

// Auth is what the API demands of its callers, where that matters to the
// front door.
type Auth string

// AuthIAM says that the API demands requests signed with Signature Version 4.
const AuthIAM Auth = "iam"

// AccessMode is API Gateway's endpoint access mode of an API: how strictly the
// names of the TLS connection and of the request have to agree.
type AccessMode string

// The endpoint access modes. An API in STRICT mode takes only connections whose
// server name is the host that the request names.
const (
	AccessModeBasic  AccessMode = "BASIC"
	AccessModeStrict AccessMode = "STRICT"
)

// StreamIdleTimeout is how long a stream of a private API may be silent before
// API Gateway ends it (API Gateway developer guide, response streaming).
const StreamIdleTimeout = 5 * time.Minute

// MaxStreamDuration is the longest that API Gateway lets a stream last (API
// Gateway developer guide, response streaming).
const MaxStreamDuration = 15 * time.Minute

// ReadTimeout is how long the proxy waits for the answer to begin, and between
// two of its parts: Timeout, or StreamIdleTimeout for a stream.
func (r *Row) ReadTimeout() time.Duration {
	if r.Stream {
		return StreamIdleTimeout
	}
	return r.Timeout
}

// DrainMargin is how much longer than its longest request a task of the proxy gets,
// when it is taken out of the load balancer and again when it is stopped.
const DrainMargin = 10 * time.Second

// MaxStopTimeout is the longest that Fargate waits for a task that it stops (Amazon
// ECS developer guide, stopTimeout of task definitions).
const MaxStopTimeout = 120 * time.Second

// CutAfter is how long an answer goes on that is under way when a deployment takes its
// task of the proxy away. false: no answer is cut, since no row is behind the proxy, or
// one streams and deployments wait for MaxStreamDuration.
func (m *Mapping) CutAfter() (time.Duration, bool) {
	var longest time.Duration
	for i := range m.Rows {
		row := &m.Rows[i]
		if row.Retired || row.FrontDoor != FrontDoorNGINX {
			continue
		}
		if row.Stream {
			return 0, false
		}
		longest = max(longest, row.ReadTimeout())
	}
	drain := longest + DrainMargin
	return drain + min(MaxStopTimeout, drain), longest > 0
}

// FrontDoor is how requests for a row reach its API.
type FrontDoor string

// The front doors; see docs/front-doors.md.
const (
	FrontDoorNGINX  FrontDoor = "nginx"
	FrontDoorALB    FrontDoor = "alb"
	FrontDoorNative FrontDoor = "native"
)
