package resourcepolicy

import (
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/awssim/iampolicy"
)

// The oracle says who may call, from the rows and in the words of the design;
// it knows neither ARNs nor statements.

// call is a request to the API and what its method's authorizer says of it.
type call struct {
	endpoint   string // empty: through none
	referer    string // empty: no header
	domain     string // the PRIVATE custom domain that it came by; empty: none
	method     string
	stage      string
	path       string // begins with "/"
	authorizer iampolicy.Authorizer
	identity   iampolicy.Outcome
}

// owner is an owner's part of a policy and what it says by itself.
type owner struct {
	document string
	silent   bool // has no statement
	allows   func(call) bool
	denies   func(call) bool
}

// visible are the rows that a call may use: those of the front door whose
// endpoint it comes through, of the host that it is known by there. held tells
// whether calls through the endpoint are held to rows at all.
func visible(r Request, c call) (rows []Grant, held bool) {
	switch {
	case c.endpoint == "":
		return nil, false
	case c.endpoint == r.VPCEndpointID:
		return chosen(r.Grants, func(g Grant) bool { return g.Host == c.referer }), true
	case c.endpoint == r.ALBEndpointID:
		return r.ALBGrants, true
	}
	i := slices.Index(r.NativeEndpointIDs, c.endpoint)
	consumers := i > 0
	if i < 0 || consumers && (len(r.NativeGrants) == 0 || slices.Contains(r.AdditionalVPCEndpointIDs, c.endpoint)) {
		return nil, false
	}
	return chosen(r.NativeGrants, func(g Grant) bool { return c.domain != "" && g.Host == c.domain }), true
}

func chosen(rows []Grant, of func(Grant) bool) []Grant {
	var some []Grant
	for _, row := range rows {
		if of(row) {
			some = append(some, row)
		}
	}
	return some
}

// rowAllows reports whether one of the rows names what is called.
func rowAllows(rows []Grant, c call) bool {
	for _, row := range rows {
		below := c.path == row.Path || strings.HasPrefix(c.path, row.Path+"/")
		if row.Stage == c.stage && below && namesMethod(row, c.method) {
			return true
		}
	}
	return false
}

func namesMethod(row Grant, method string) bool {
	for _, m := range row.Methods {
		if m == method {
			return true
		}
	}
	return row.Methods == nil
}

// mayCall is the truth that policies are held against.
func mayCall(r Request, o owner, c call) bool {
	rows, held := visible(r, c)
	additional := !held && slices.Contains(r.AdditionalVPCEndpointIDs, c.endpoint)
	allowed := o.allows(c) || additional || rowAllows(rows, c)
	denied := o.denies(c) || held && !rowAllows(rows, c) || o.silent && !held && !additional
	return admits(c, allowed, denied)
}

// admits combines what the resource policy says with what the authorizer says.
func admits(c call, allowed, denied bool) bool {
	if denied {
		return false
	}
	if c.authorizer == iampolicy.NoAuthorizer {
		return allowed
	}
	if c.identity == iampolicy.Unauthenticated || c.identity == iampolicy.ExplicitDeny {
		return false
	}
	if c.authorizer == iampolicy.IAMOtherAccount || c.authorizer == iampolicy.CognitoAuthorizer {
		return allowed && c.identity == iampolicy.Allowed
	}
	return allowed || c.identity == iampolicy.Allowed
}

// request is the call as API Gateway sees it.
func (c call) request() iampolicy.Request {
	context := map[string][]string{}
	if c.endpoint != "" {
		context["aws:SourceVpce"] = []string{c.endpoint}
	}
	if c.referer != "" {
		context["aws:Referer"] = []string{c.referer}
	}
	if c.domain != "" {
		context["execute-api:viaDomainArn"] = []string{"arn:aws:execute-api:us-east-1:222222222222:/domainnames/" + c.domain + "+f4g5h6"}
	}
	var principal string
	switch c.authorizer {
	case iampolicy.IAMSameAccount:
		principal = "arn:aws:iam::222222222222:role/caller"
	case iampolicy.IAMOtherAccount:
		principal = "arn:aws:iam::333333333333:role/caller"
	default: // callers of no account
	}
	return iampolicy.Request{
		Principal: principal, Action: "execute-api:Invoke", Context: context,
		Resource: "arn:aws:execute-api:us-east-1:222222222222:a1b2c3d4e5/" + c.stage + "/" + c.method + c.path,
	}
}

var (
	authorizers = []iampolicy.Authorizer{
		iampolicy.NoAuthorizer, iampolicy.LambdaAuthorizer, iampolicy.IAMSameAccount,
		iampolicy.IAMOtherAccount, iampolicy.CognitoAuthorizer,
	}
	identities = []iampolicy.Outcome{
		iampolicy.Allowed, iampolicy.ImplicitDeny, iampolicy.ExplicitDeny, iampolicy.Unauthenticated,
	}
)

const (
	theirs    = "vpce-0cccccccccccccccc" // the owner's own consumers
	extra     = "vpce-0dddddddddddddddd" // of AdditionalVPCEndpointIDs
	balancers = "vpce-0eeeeeeeeeeeeeeee" // of front door alb
	native    = "vpce-0ffffffffffffffff" // of front door native
	consumers = "vpce-0123456789abcdef0" // a consumer's, of front door native
)

func never(call) bool { return false }

// owners are the policies that an API may have before Portico comes.
func owners() map[string]owner {
	const older = `{"Sid":"PorticoAllow7","Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/prod/GET/*",
	    "Condition":{"StringEquals":{"aws:Referer":"gone.example.com","aws:SourceVpce":"` + ours + `"}}},
	  {"Sid":"PorticoDenyHosts","Effect":"Deny","Principal":{"AWS":"*"},"Action":"execute-api:Invoke","Resource":"execute-api:/*",
	    "Condition":{"StringEquals":{"aws:sourceVpce":["` + ours + `"]},"StringNotEquals":{"aws:Referer":"gone.example.com"}}},
	  {"Sid":"PorticoDenyEndpoints","Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*",
	    "Condition":{"StringNotEquals":{"aws:SourceVpce":"` + ours + `"}}}`
	const allowsTheirs = `{"Sid":"Consumers","Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*","Condition":{"StringEquals":{"aws:SourceVpce":"` + theirs + `"}}}`
	fromTheirs := func(c call) bool { return c.endpoint == theirs }
	return map[string]owner{
		"no policy":                         {"", true, never, never},
		"a policy without statements":       {`{"Version":"2012-10-17","Statement":[]}`, true, never, never},
		"older statements of ours":          {`{"Version":"2012-10-17","Statement":[` + older + `]}`, true, never, never},
		"an allow of another endpoint":      {`{"Version":"2012-10-17","Statement":` + allowsTheirs + `}`, false, fromTheirs, never},
		"that and older statements of ours": {`{"Version":"2012-10-17","Statement":[` + older + `,` + allowsTheirs + `]}`, false, fromTheirs, never},
		"an allow of everybody and a deny": {
			`{"Version":"2012-10-17","Statement":[
			  {"Effect":"Allow","Principal":"*","Action":"execute-api:*","Resource":"*"},
			  {"Effect":"Deny","Principal":{"AWS":"*"},"Action":"execute-api:Invoke","Resource":["execute-api:/prod/POST/*"]}]}`,
			false,
			func(call) bool { return true },
			func(c call) bool { return c.stage == "prod" && c.method == "POST" },
		},
		"a deny of everybody but its endpoint": {
			`{"Version":"2012-10-17","Statement":[` + allowsTheirs + `,
			  {"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*","Condition":{"StringNotEquals":{"aws:SourceVpce":["` + theirs + `"]}}}]}`,
			false, fromTheirs,
			func(c call) bool { return c.endpoint != theirs },
		},
	}
}
