package apigateway

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/iampolicy"
)

// Invocation is an anonymous request that reached execute-api for a stage.
type Invocation struct {
	Stage, Verb string
	Path        string // below the stage, with a leading slash

	// Context is the condition keys of the request: aws:SourceVpce,
	// aws:Referer and so on.
	Context map[string][]string
}

// Admits reports whether the API invokes its method for a request, by the policy
// that the stage was deployed with: one that was saved afterwards has no
// effect. On methods with a Lambda or Cognito authorizer, or with IAM
// authorization, outcome is what that says of the caller, whom the owner's
// account is taken to know.
func (a DeployedAPI) Admits(i Invocation, outcome iampolicy.Outcome) (bool, error) {
	snapshot, ok := a.Stages[i.Stage]
	if !ok {
		return false, nil
	}
	var policy *iampolicy.Policy
	if snapshot.Policy != "" {
		parsed, err := iampolicy.Parse([]byte(snapshot.Policy))
		if err != nil {
			return false, fmt.Errorf("evaluate policy of REST API %s, stage %s: %w", a.ID, i.Stage, err)
		}
		policy = &parsed
	}
	authorizer, known := snapshot.authorizer(i.Verb, i.Path)
	if !known {
		return false, nil
	}
	return iampolicy.Authorize(policy, authorizer, outcome, iampolicy.Request{
		Action: "execute-api:Invoke", Resource: a.methodARN(i), Context: i.Context,
	}), nil
}

// Denials name the statements of the policy that the stage was deployed with by
// which a request is denied: by Sid, or "a statement without a Sid".
func (a DeployedAPI) Denials(i Invocation) []string {
	policy, err := iampolicy.Parse([]byte(a.Stages[i.Stage].Policy))
	if err != nil {
		return nil
	}
	decision := iampolicy.Evaluate(policy, iampolicy.Request{Action: "execute-api:Invoke", Resource: a.methodARN(i), Context: i.Context})
	if decision.Outcome != iampolicy.ExplicitDeny {
		return nil
	}
	names := slices.Clone(decision.Sids)
	for i, name := range names {
		if name == "" {
			names[i] = "a statement without a Sid"
		}
	}
	return names
}

// methodARN is what policies call the method that a request asks for.
func (a DeployedAPI) methodARN(i Invocation) string {
	return fmt.Sprintf("arn:%s:execute-api:%s:%s:%s/%s/%s%s",
		engine.PartitionOf(a.Region), a.Region, a.Account, a.ID, i.Stage, i.Verb, i.Path)
}

var authorizers = map[string]iampolicy.Authorizer{
	"": iampolicy.NoAuthorizer, "NONE": iampolicy.NoAuthorizer, "CUSTOM": iampolicy.LambdaAuthorizer,
	"AWS_IAM": iampolicy.IAMSameAccount, "COGNITO_USER_POOLS": iampolicy.CognitoAuthorizer,
}

// authorizer is that of the method that answers a request; without one the
// request is refused whatever the policy says.
func (s Snapshot) authorizer(verb, path string) (iampolicy.Authorizer, bool) {
	if len(s.Methods) == 0 {
		return iampolicy.NoAuthorizer, true
	}
	for _, m := range s.Methods {
		if (m.Verb == verb || m.Verb == "ANY") && pathMatches(m.Path, path) {
			authorizer, ok := authorizers[m.Authorization]
			return authorizer, ok
		}
	}
	return "", false
}

// pathMatches holds a path to a resource's path, in which {name} matches
// one segment and {name+} for all that follow.
func pathMatches(template, path string) bool {
	want, got := strings.Split(strings.Trim(template, "/"), "/"), strings.Split(strings.Trim(path, "/"), "/")
	for i, segment := range want {
		if strings.HasSuffix(segment, "+}") {
			return len(got) > i && got[i] != ""
		}
		if i >= len(got) || (segment != got[i] && !strings.HasPrefix(segment, "{")) {
			return false
		}
	}
	return len(want) == len(got)
}
