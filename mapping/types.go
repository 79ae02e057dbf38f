// Package mapping reads the mapping file: which custom domain leads to which
// private API Gateway endpoint, with which verbs, in which account.
//
// Load and Parse return either a Mapping in which every value has passed its
// grammar, or Errors with every mistake of the file, each with its position
// and what to write instead. Nothing of the file can leave this package except
// through one of the types below.
package mapping

import (
	"strings"
	"time"
)

// Mapping is a validated mapping file.
type Mapping struct {
	// Source is the file's name as it was given to Load or Parse.
	Source string
	// Accounts are the entries of ACCOUNTS, in the file's order.
	Accounts []Account
	// Rows are the entries of APIS, in the file's order.
	Rows []Row
	// Digest is the SHA-256, in hexadecimal, of the canonical form of the
	// mapping: comments, spelling variants and formatting don't change it.
	Digest string
}

// Account is an entry of ACCOUNTS: a name for an account number.
type Account struct {
	Name string
	ID   AccountID
	// RoleARN is the IAM role to assume in the account; empty: none.
	RoleARN string
	Pos     Position
}

// Row is an entry of APIS.
type Row struct {
	// Index is the row's place in APIS, from 0.
	Index int
	Pos   Position

	Host     Host
	BasePath BasePath
	API      PrivateAPI
	// Methods are the allowed verbs, sorted, without duplicates; nil: every
	// verb. CORS has already added OPTIONS.
	Methods []Method
	// Account is the account that owns the API; empty where the row names none.
	Account AccountID
	CORS    bool
	// Timeout is how long an answer may take, 1 to 300 seconds.
	Timeout   time.Duration
	Auth      Auth
	FrontDoor FrontDoor
	// PublicZone is the public hosted zone that validates the row's
	// certificate; empty: the nearest public parent zone.
	PublicZone  Zone
	Retired     bool
	Description string
	Owner       string
}

// Position is a place in the mapping file; lines and columns count from 1.
type Position struct{ Line, Column int }

// AccountID is a 12-digit AWS account number.
type AccountID string

// Host is a fully qualified domain name in lower case without a trailing dot,
// at most 253 characters of letters, digits and hyphens in labels of at most
// 63; the first label may be "*".
type Host string

// IsWildcard tells whether the host stands for every name one label longer
// than its parent.
func (h Host) IsWildcard() bool { return strings.HasPrefix(string(h), "*.") }

// Parent is the host without its first label.
func (h Host) Parent() Zone {
	_, parent, _ := strings.Cut(string(h), ".")
	return Zone(parent)
}

// Zone is a DNS zone's name, in lower case without a trailing dot.
type Zone string

// BasePath is the part of the custom domain's URL that routes: empty, or a
// path that begins with "/" and doesn't end with one.
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
	ID     APIID
	Region string
	// Partition is the AWS partition of the region: aws, aws-cn, aws-us-gov, ….
	Partition string
	// DNSSuffix is the partition's: amazonaws.com, amazonaws.com.cn, ….
	DNSSuffix string
	Stage     Stage
	// Path is what follows the stage: empty, or a path that begins with "/"
	// and doesn't end with one.
	Path APIPath
}

// APIID is the identifier of a REST API.
type APIID string

// Stage is the name of a REST API's stage.
type Stage string

// APIPath is a path below a stage: empty, or it begins with "/" and doesn't
// end with one.
type APIPath string

// Method is an HTTP verb that API Gateway knows.
type Method string

// Auth is what the API demands of its callers, where that matters to the
// front door.
type Auth string

// AuthIAM says that the API demands requests signed with Signature Version 4.
const AuthIAM Auth = "iam"

// FrontDoor is how requests for a row reach its API.
type FrontDoor string

// The front doors; see docs/front-doors.md.
const (
	FrontDoorNGINX  FrontDoor = "nginx"
	FrontDoorALB    FrontDoor = "alb"
	FrontDoorNative FrontDoor = "native"
)
