package resourcepolicy

import (
	"slices"
	"strings"
)

// methods are the HTTP methods that a REST API can have
// (https://docs.aws.amazon.com/apigateway/latest/api/API_PutMethod.html); ANY
// appears in no request's ARN.
var methods = []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}

// arns are the patterns of the methods that the grant allows:
// prefix + stage/METHOD/path. "*" matches any run of characters, slashes
// included, so it is only at the end or for a whole stage: "dev/*/orders"
// would match dev/GET/x/orders.
func (g Grant) arns(prefix string) []string {
	allowed := g.Methods
	if allowed == nil || coversAll(allowed) {
		if g.Path == "" {
			return []string{prefix + g.Stage + "/*"}
		}
		allowed = methods
	}
	var arns []string
	for _, method := range allowed {
		root := prefix + g.Stage + "/" + method
		if g.Path != "" {
			arns = append(arns, root+g.Path)
		}
		arns = append(arns, root+g.Path+"/*")
	}
	return arns
}

func coversAll(allowed []string) bool {
	for _, m := range methods {
		if !slices.Contains(allowed, m) {
			return false
		}
	}
	return true
}

// withoutCovered sorts ARN patterns and drops those that another matches
// wholly. The patterns are literal, or literal up to a final "/*".
func withoutCovered(arns []string) []string {
	trees := map[string]bool{} // patterns that end in "*", without it
	for _, arn := range arns {
		if root, ok := strings.CutSuffix(arn, "*"); ok {
			trees[root] = true
		}
	}
	kept := make([]string, 0, len(arns))
	for _, arn := range arns {
		if !covered(arn, trees) {
			kept = append(kept, arn)
		}
	}
	slices.Sort(kept)
	return slices.Compact(kept)
}

// covered reports whether a tree other than the pattern's own holds it.
func covered(arn string, trees map[string]bool) bool {
	own := strings.TrimSuffix(arn, "*")
	for i := range len(own) {
		if own[i] == '/' && i+1 < len(own) && trees[own[:i+1]] {
			return true
		}
	}
	return false
}

// unlistedMethods are patterns of the methods that none of the patterns
// names, for each of their stages.
func unlistedMethods(prefix string, arns []string) []string {
	listed := map[string]map[string]bool{}
	for _, arn := range arns {
		stage, rest, _ := strings.Cut(strings.TrimPrefix(arn, prefix), "/")
		method, _, _ := strings.Cut(rest, "/")
		if listed[stage] == nil {
			listed[stage] = map[string]bool{}
		}
		listed[stage][method] = true
	}
	var unlisted []string
	for stage, seen := range listed {
		for _, method := range methods {
			if !seen[method] && !seen["*"] {
				unlisted = append(unlisted, prefix+stage+"/"+method+"/*")
			}
		}
	}
	slices.Sort(unlisted)
	return unlisted
}

// shortARN begins the form of an ARN that stands for the API it is attached to.
const shortARN = "execute-api:/"

// expandARN writes the short form of an ARN in full, as API Gateway does when
// it stores a policy. Other values stay as they are.
func expandARN(value string, api API) string {
	if rest, ok := strings.CutPrefix(value, shortARN); ok {
		return api.arnPrefix() + rest
	}
	return value
}

// The services under which a PRIVATE custom domain has an ARN: that of the
// resource, and that by which conditions know requests that come through it
// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_apigatewaymanagementapi.html).
const (
	managementService = ":apigateway:"
	invocationService = ":execute-api:"
)

// invokedDomain is a domain's ARN as execute-api:viaDomainArn has it.
func invokedDomain(arn string) string {
	return strings.Replace(arn, managementService, invocationService, 1)
}
