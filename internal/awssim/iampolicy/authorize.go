package iampolicy

// Authorizer is how a method of an API authenticates its callers.
type Authorizer string

// The kinds of authorizers. IAM authorization differs by whether the caller's
// account owns the API.
const (
	NoAuthorizer      Authorizer = "none"
	LambdaAuthorizer  Authorizer = "Lambda"
	IAMSameAccount    Authorizer = "IAM, same account"
	IAMOtherAccount   Authorizer = "IAM, other account"
	CognitoAuthorizer Authorizer = "Cognito"
)

// combination is a row's key in AWS's tables: what the authorizer says (the
// identity's IAM policy, or the policy that a Lambda authorizer returned), and
// what the resource policy says.
type combination struct{ authorizer, resource Outcome }

// sameAccount is AWS's table A, "Account A calls API owned by account A".
var sameAccount = map[combination]Outcome{
	{Allowed, Allowed}:           Allowed,
	{Allowed, ImplicitDeny}:      Allowed,
	{Allowed, ExplicitDeny}:      ExplicitDeny,
	{ImplicitDeny, Allowed}:      Allowed,
	{ImplicitDeny, ImplicitDeny}: ImplicitDeny,
	{ImplicitDeny, ExplicitDeny}: ExplicitDeny,
	{ExplicitDeny, Allowed}:      ExplicitDeny,
	{ExplicitDeny, ImplicitDeny}: ExplicitDeny,
	{ExplicitDeny, ExplicitDeny}: ExplicitDeny,
}

// otherAccount is AWS's table B, "Account B calls API owned by account A".
var otherAccount = map[combination]Outcome{
	{Allowed, Allowed}:           Allowed,
	{Allowed, ImplicitDeny}:      ImplicitDeny,
	{Allowed, ExplicitDeny}:      ExplicitDeny,
	{ImplicitDeny, Allowed}:      ImplicitDeny,
	{ImplicitDeny, ImplicitDeny}: ImplicitDeny,
	{ImplicitDeny, ExplicitDeny}: ExplicitDeny,
	{ExplicitDeny, Allowed}:      ExplicitDeny,
	{ExplicitDeny, ImplicitDeny}: ExplicitDeny,
	{ExplicitDeny, ExplicitDeny}: ExplicitDeny,
}

// Authorize reports whether a private API invokes its method for a request. The
// policy is the API's, nil if it has none: a private API without one admits
// no caller. The outcome is the authorizer's or the identity's own; NoAuthorizer
// has none and ignores it.
//
// AWS's text demands an explicit Allow of the resource policy for Cognito
// while the title of table A names Cognito too; the text, the stricter, is
// followed.
func Authorize(policy *Policy, authorizer Authorizer, outcome Outcome, r Request) bool {
	if policy == nil {
		return false
	}
	resource := Evaluate(*policy, r).Outcome
	if authorizer != NoAuthorizer && outcome == Unauthenticated {
		return false
	}
	switch authorizer {
	case NoAuthorizer:
		return resource == Allowed
	case LambdaAuthorizer, IAMSameAccount:
		return sameAccount[combination{outcome, resource}] == Allowed
	case IAMOtherAccount:
		return otherAccount[combination{outcome, resource}] == Allowed
	case CognitoAuthorizer:
		return outcome == Allowed && resource == Allowed
	}
	return false
}
