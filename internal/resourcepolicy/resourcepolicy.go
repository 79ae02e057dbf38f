// Package resourcepolicy writes Portico's part of the resource policy of a
// private API Gateway REST API into the policy that the API's owner has.
//
// Each environment of Portico's has statements of its own, which their Sids and
// their shape tell from the owner's and from other environments'. Merge replaces
// them and leaves all others alone. What the statements hold, for
// callers that come through Portico's VPC endpoint: the methods, stages and
// paths of the rows, under the rows' hosts, and nothing else, whatever authorizer
// the API has. An Allow alone wouldn't hold that, since API Gateway admits
// what a Lambda authorizer or an IAM identity of the same account allows when
// the resource policy is silent; so every limit is a Deny too.
//
// Each front door has VPC endpoints of its own, and what tells its hosts apart
// differs. Through the proxy's endpoint it is the Referer header, which the
// proxy overwrites. A client could set the header as well: that it can't reach
// the endpoint but through the proxy is the work of the endpoint's security
// group. Through the endpoints of PRIVATE custom domains it is the domain's ARN.
// Through the load balancer's endpoint it is nothing.
//
// docs/design/resource-policies.md has the statements, their reasons and the
// alternatives.
package resourcepolicy

import (
	"slices"

	"github.com/portico-iac/portico/internal/aws"
)

// DefaultMaxSize is the most characters of a resource policy for which AWS asks
// no raised quota.
const DefaultMaxSize = aws.QuotaResourcePolicySize

// Request asks for the policy of one API.
type Request struct {
	Partition string // aws, aws-cn, aws-us-gov, …
	Region    string
	AccountID string // 12 digits; the account that owns the API
	APIID     string
	// App and Environment name the installation whose statements are written;
	// Environment empty: none is named, and Sids are without one.
	App, Environment string
	// VPCID is the VPC of Portico's own endpoints; empty: unknown. It is for
	// notices alone.
	VPCID string
	// VPCEndpointID is the execute-api endpoint that the proxy calls; empty: there
	// is none.
	VPCEndpointID string
	// ALBEndpointID is the execute-api endpoint that is the target of a load
	// balancer without a proxy; empty: there is none.
	ALBEndpointID string
	// NativeEndpointIDs are the execute-api endpoints that have access to
	// PRIVATE custom domains: Portico's own first, then consumers'.
	NativeEndpointIDs []string
	// AdditionalVPCEndpointIDs may call the whole API, whatever the rows say.
	// A consumer's endpoint may be one of NativeEndpointIDs too, and still call
	// the whole API; Portico's endpoints have their rows only.
	AdditionalVPCEndpointIDs []string
	// Grants, ALBGrants and NativeGrants are what the API's rows allow through
	// each front door. A row whose host is on its way from one front door to
	// another is in both. None at all: Portico's statements are taken out.
	Grants, ALBGrants, NativeGrants []Grant
	// ServedGrants are those of the rows that the proxy serves until it is
	// updated, where they are others than Grants: what either set allows is
	// allowed. nil: the same.
	ServedGrants []Grant
	// Existing is the API's policy in any form in which AWS's tools hand it
	// out: see decodeExisting. Empty: the API has none.
	Existing []byte
	// MaxSize is the quota in characters; 0: DefaultMaxSize.
	MaxSize int
	Form    DenyForm
}

// Grant is one row of the mapping: what a host may do with the API.
type Grant struct {
	Host string // as the proxy sends it in Referer; "*." is literal
	// BasePath is the row's: empty, or beginning with "/" and not ending with one.
	BasePath string
	Stage    string
	// Path is below the stage, empty or beginning with "/" and not ending
	// with one. What lies below an allowed path is allowed.
	Path string
	// Methods are the HTTP methods in upper case; nil: all.
	Methods []string
	// DomainARN is the PRIVATE custom domain's ARN in NativeGrants, either as
	// the resource has it (arn:aws:apigateway:…) or as conditions write it
	// (arn:aws:execute-api:…); others don't have one.
	DomainARN string
	// Signed tells that callers sign their requests as IAM identities; other
	// requests are anonymous to policies.
	Signed bool
	// Source names the row in messages: `APIS[3] (orders.example.com/v1)`. What
	// has the same Source is counted as one row.
	Source string
}

// DenyForm is how statements deny what the rows don't name.
type DenyForm string

const (
	// DenyNotResource denies everything but the rows' ARNs, by NotResource.
	// It is the default, also written "".
	DenyNotResource DenyForm = "notResource"
	// DenyVerbs denies the methods that no row of a host names, stage by
	// stage, without NotResource. On an API with an authorizer, paths and
	// stages outside the rows then rest on the proxy alone.
	DenyVerbs DenyForm = "verbs"
)

// AllowForm is how the statements allow what the rows name.
type AllowForm string

const (
	// AllowNothing says that Portico has no statement in the policy.
	AllowNothing AllowForm = ""
	// AllowExact lists the rows' ARNs in the Allow statements too.
	AllowExact AllowForm = "exact"
	// AllowCompact has one Allow statement for everything that comes through
	// the endpoint. The Deny statements alone make it exact. Merge takes it
	// when AllowExact is too large.
	AllowCompact AllowForm = "compact"
)

// Result is a merged policy.
type Result struct {
	// Policy is the canonical JSON document; empty when there is nothing left
	// to say: no grants, and no statements of the owner's or of another
	// environment's.
	Policy []byte
	// Size is the policy's length in characters, ARNs in full, no white space.
	Size int
	// MaxSize is the quota that Size was held against.
	MaxSize int
	Allow   AllowForm
	// OwnerStatements counts the statements that aren't Portico's.
	OwnerStatements int
	// Notices say what of the existing policy will keep the rows from working,
	// whose access the merge takes away, and which statements it took for the
	// owner's although their Sids begin as Portico's do.
	Notices []string
}

// Merge writes Portico's statements for the grants into the existing policy.
//
// The errors are *InputError for a request that can't be carried into a policy,
// *DocumentError for an existing policy that can't be read, *SizeError for
// a policy larger than the quota, and *ConflictError for an endpoint that
// another environment uses for the same API.
func Merge(r Request) (*Result, error) {
	parts, err := r.divideExisting()
	if err != nil {
		return nil, err
	}
	result := &Result{MaxSize: r.MaxSize, OwnerStatements: len(parts.owner.statements)}
	w := newWriter(r, parts)
	if w.rows() == 0 {
		result.Policy = w.policy(0, form{})
		result.Size = size(result.Policy)
		return result, nil
	}
	if err := parts.conflict(&r); err != nil {
		return nil, err
	}
	result.Notices = slices.Concat(w.refusals(), parts.owner.consumerConflicts(r.consumers()), parts.notices(&r))

	for _, form := range w.forms() {
		if w.leavesRoom(form) {
			policy := w.policy(w.rows(), form)
			if n := size(policy); n <= r.MaxSize {
				result.Policy, result.Size, result.Allow = policy, n, form.allow
				if w.narrows && !form.spellings {
					result.Notices = append(result.Notices, unspelled)
				}
				return result, nil
			}
		}
	}
	return nil, w.tooLarge()
}

// unspelled says that a policy has no room for the spellings of narrower paths.
const unspelled = "the quota has no room to deny other spellings (such as /v1//admin and /v1/admin;x) of paths that a narrower row holds to fewer verbs: that rests on the proxy alone"

// Holds reports whether the existing policy has statements of the request's
// environment, which a merge without grants would take out. The errors are those of
// Merge for the request and for the existing policy.
func Holds(r Request) (bool, error) {
	parts, err := r.divideExisting()
	return len(parts.ours) > 0, err
}

// divideExisting divides the existing policy, when it has set the request's defaults
// and checked it.
func (r *Request) divideExisting() (division, error) {
	if r.MaxSize == 0 {
		r.MaxSize = DefaultMaxSize
	}
	if r.Form == "" {
		r.Form = DenyNotResource
	}
	if err := r.check(); err != nil {
		return division{}, err
	}
	existing, err := parseDocument(r.Existing, r.APIID)
	if err != nil {
		return division{}, err
	}
	return existing.canonical(r.api()).divide(r), nil
}

// Closed is the policy of an API whose owner had none and whose rows are all
// retired: where Merge has nothing left to say. A private API without a policy
// allows no caller and can't be deployed either, so that what was granted would
// stay in effect; this says the same in a form that can be. The additional
// endpoints stay admitted. Its Sids mark it as Portico's, to be replaced when
// the API gets a row again. Existing is not looked at.
//
// The error is *InputError.
func Closed(r Request) ([]byte, error) {
	r.Grants, r.ServedGrants, r.ALBGrants, r.NativeGrants, r.Form = nil, nil, nil, nil, DenyNotResource
	if err := r.check(); err != nil {
		return nil, err
	}
	w := newWriter(r, division{})
	return w.parts.owner.encode(append(w.allowEndpoints(), w.closed(w.additional))), nil
}

// API names a REST API.
type API struct {
	Partition, Region, AccountID, APIID string
}

// arnPrefix is what the ARNs of the API's methods begin with.
func (a API) arnPrefix() string {
	return aws.ARN{Partition: a.Partition, Service: "execute-api", Region: a.Region, AccountID: a.AccountID, Resource: a.APIID + "/"}.String()
}

func (r *Request) api() API {
	return API{Partition: r.Partition, Region: r.Region, AccountID: r.AccountID, APIID: r.APIID}
}
