package mapping

import (
	"fmt"
	"slices"
	"strings"
)

const (
	// maxALBHostPattern is the length of an Application Load Balancer's host
	// header condition.
	maxALBHostPattern = 128
	// maxMappingPath is the length of the path of a custom domain's API mapping
	// (API Gateway developer guide, API mappings for REST APIs, restrictions).
	maxMappingPath = 300
)

// reservedPaths are the root paths of custom domains that API Gateway answers
// itself (API Gateway developer guide, known issues).
var reservedPaths = []string{"ping", "sping"}

// refusals are the reasons for which the front door can't carry the row, as far
// as the row alone tells. Their fixes don't name other front doors yet.
func (r *Row) refusals(frontDoor FrontDoor) []Refusal {
	switch frontDoor {
	case FrontDoorNGINX:
		return r.refusalsOfProxy()
	case FrontDoorALB:
		return slices.Concat(r.refusalsOfDomain(frontDoor), r.refusalsOfALB())
	case FrontDoorNative:
		return slices.Concat(r.refusalsOfDomain(frontDoor), r.refusalsOfNative())
	default:
		return nil
	}
}

func (r *Row) refusal(frontDoor FrontDoor, field, reason, fix string) Refusal {
	return Refusal{Row: *r, Field: field, FrontDoor: frontDoor, Reason: reason, Fix: fix}
}

func (r *Row) refusalsOfProxy() []Refusal {
	if r.Auth != AuthIAM {
		return nil
	}
	return []Refusal{r.refusal(FrontDoorNGINX, "AUTH",
		"nginx can't carry signed requests, as its proxy rewrites Host and path, which Signature Version 4 covers",
		"delete AUTH if callers needn't sign")}
}

// refusalsOfDomain are those of API Gateway's custom domains, which alb and
// native have in common: a custom domain leads host and base path to a stage as
// it is.
func (r *Row) refusalsOfDomain(frontDoor FrontDoor) []Refusal {
	var refused []Refusal
	refuse := func(field, reason, fix string) {
		refused = append(refused, r.refusal(frontDoor, field, reason, fix))
	}
	if r.Host.IsWildcard() {
		refuse("CUSTOM_DOMAIN_URL", fmt.Sprintf("%s has no wildcard hosts, as its custom domains are of one name each", frontDoor),
			"write a row for each host")
	}
	segments := r.BasePath.Segments()
	switch {
	case len(segments) > 1:
		refuse("CUSTOM_DOMAIN_URL", fmt.Sprintf("the base path has %d segments; %s routes by one, as a custom domain's base path mapping does", len(segments), frontDoor),
			"write a base path of one segment")
	case len(segments) == 1 && slices.Contains(reservedPaths, segments[0]):
		refuse("CUSTOM_DOMAIN_URL", fmt.Sprintf("%s can't lead /%s to an API, as API Gateway answers that path of a custom domain itself", frontDoor, segments[0]),
			"write another base path")
	case strings.Contains(string(r.BasePath), "~"):
		refuse("CUSTOM_DOMAIN_URL", fmt.Sprintf("%s can't carry \"~\" in a base path, as a custom domain's base path mapping has no such character", frontDoor),
			"write a base path without it")
	case len(r.BasePath)-1 > maxMappingPath:
		refuse("CUSTOM_DOMAIN_URL", fmt.Sprintf("the base path is %d characters long; %s carries %d, as a custom domain's base path mapping does", len(r.BasePath)-1, frontDoor, maxMappingPath),
			"write a shorter base path")
	}
	if r.API.Path != "" {
		refuse("PRIVATE_API_URL", fmt.Sprintf("%s can't put %s in front of a request's path, as a custom domain leads to a stage as it is", frontDoor, quote(string(r.API.Path))),
			"write the URL up to its stage")
	}
	return refused
}

func (r *Row) refusalsOfALB() []Refusal {
	var refused []Refusal
	refuse := func(field, reason, fix string) {
		refused = append(refused, r.refusal(FrontDoorALB, field, reason, fix))
	}
	if len(r.Host) > maxALBHostPattern {
		refuse("CUSTOM_DOMAIN_URL", fmt.Sprintf("the host is %d characters long; alb carries %d, as a rule of an Application Load Balancer matches no more", len(r.Host), maxALBHostPattern),
			"write a shorter host")
	}
	if r.AccessMode == AccessModeStrict {
		refuse("ENDPOINT_ACCESS_MODE", "alb can't reach an API in STRICT mode, as a load balancer sends its targets no server name and goes through a REGIONAL custom domain",
			"set the API's endpoint access mode to BASIC")
	}
	if r.Stream {
		refuse("STREAM", "alb has no settings for streams, as its load balancer closes a connection that is idle for longer than the longest TIMEOUT",
			"delete STREAM")
	}
	return refused
}

func (r *Row) refusalsOfNative() []Refusal {
	var refused []Refusal
	if r.Timeout != DefaultTimeout {
		refused = append(refused, r.refusal(FrontDoorNative, "TIMEOUT",
			"native has no timeout of its own, as nothing is between callers and API Gateway",
			"delete TIMEOUT, so that API Gateway's integration timeout holds"))
	}
	if r.Stream {
		refused = append(refused, r.refusal(FrontDoorNative, "STREAM",
			"native has no settings for streams, as nothing is between callers and API Gateway, and carries them without",
			"delete STREAM"))
	}
	return refused
}
