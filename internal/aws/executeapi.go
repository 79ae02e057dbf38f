package aws

import (
	"regexp"
	"strings"
)

// DomainARN is the ARN of a PRIVATE custom domain of API Gateway. It has two:
// service apigateway names the resource, and service execute-api names it in the
// condition key execute-api:viaDomainArn
// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_apigatewaymanagementapi.html).
type DomainARN struct {
	ARN
	// Name is the domain's name, ID the identifier that API Gateway made for it.
	Name, ID string
}

// ExecuteAPIDomainARN is what a resource policy's condition calls a PRIVATE custom
// domain of API Gateway.
func ExecuteAPIDomainARN(partition, region, accountID, name, id string) ARN {
	return ARN{partition, executeAPI, region, accountID, "/domainnames/" + name + "+" + id}
}

const executeAPI = "execute-api"

var domainResource = regexp.MustCompile(`^/domainnames/([a-z0-9-]+(?:\.[a-z0-9-]+)*)\+([a-z0-9]+)$`)

// ParseDomainARN reads either ARN of a PRIVATE custom domain:
// arn:{partition}:{service}:{region}:{account}:/domainnames/{name}+{id}.
func ParseDomainARN(text string) (DomainARN, error) {
	a, err := ParseARN(text)
	if err != nil {
		return DomainARN{}, err
	}
	parts := domainResource.FindStringSubmatch(a.Resource)
	if a.Service != executeAPI && a.Service != "apigateway" || a.Region == "" || a.AccountID == "" || parts == nil {
		return DomainARN{}, &GrammarError{text, "is not the ARN of a PRIVATE custom domain"}
	}
	return DomainARN{ARN: a, Name: parts[1], ID: parts[2]}, nil
}

// MethodPattern is what a resource policy's Resource calls methods of a REST API:
// arn:{partition}:execute-api:{region}:{account}:{api}/{methods}.
type MethodPattern struct {
	Partition, Region, AccountID, APIID string
	// Methods is {stage}/{METHOD}/{path}, in which "*" matches any characters,
	// slashes included, and "?" one. "*" alone is the whole API.
	Methods string
}

// String is the pattern as a policy has it.
func (p MethodPattern) String() string {
	return ARN{p.Partition, executeAPI, p.Region, p.AccountID, p.APIID + "/" + p.Methods}.String()
}

var restAPIID = regexp.MustCompile(`^[a-z0-9]+$`)

// IsRESTAPIID reports whether a text has the shape of a REST API's ID.
func IsRESTAPIID(text string) bool { return restAPIID.MatchString(text) }

// ParseMethodPattern reads a pattern whose partition, region, account and API are
// literal. It has no opinion on the rest, which the API's owner may spell in any
// way, but for line breaks.
func ParseMethodPattern(text string) (MethodPattern, error) {
	parts := strings.SplitN(text, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != executeAPI {
		return MethodPattern{}, &GrammarError{text, "is not the ARN of a REST API's methods"}
	}
	api, methods, _ := strings.Cut(parts[5], "/")
	p := MethodPattern{parts[1], parts[3], parts[4], api, methods}
	region, ok := PartitionOf(p.Region)
	switch {
	case !IsPartition(p.Partition):
		return MethodPattern{}, &GrammarError{p.Partition, "is no AWS partition"}
	case !ok || region.ID != p.Partition:
		return MethodPattern{}, &GrammarError{p.Region, "is no region of partition " + p.Partition}
	case !IsAccountID(p.AccountID) || !IsRESTAPIID(api) || methods == "" || strings.ContainsAny(methods, "\r\n"):
		return MethodPattern{}, &GrammarError{text, "is not the ARN of a REST API's methods"}
	}
	return p, nil
}
