package discovery

import (
	"regexp"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/resourcepolicy"
)

// A VPC endpoint and a VPC that no policy names: those of a stranger.
const (
	strangeEndpoint = "vpce-00000000000000000"
	strangeVPC      = "vpc-00000000000000000"
)

// endpointID is a VPC endpoint's ID in a policy.
var endpointID = regexp.MustCompile(`vpce-[0-9a-f]{8,17}`)

// callersOf asks a policy about calls of a stranger, of a workload of the VPC and
// through each endpoint that it names. The policy admits them if it admits any of the
// methods that it allows to any caller.
func callersOf(policy string, api resourcepolicy.API, stages []string, vpc string) (Callers, []string, error) {
	endpoints := []string{}
	if policy == "" {
		return None, endpoints, nil
	}
	resources, err := resourcepolicy.AllowedResources([]byte(policy), api)
	if err != nil {
		return None, endpoints, err
	}
	samples := samplesOf(resources, api, stages)
	admits := func(endpoint, vpc string, signed bool) bool {
		return slices.ContainsFunc(samples, func(resource string) bool {
			decision, err := resourcepolicy.Decide([]byte(policy), resourcepolicy.Call{API: api, Resource: resource, VPCEndpointID: endpoint, VPCID: vpc, Signed: signed})
			return err == nil && decision.Admits()
		})
	}
	for _, id := range endpointID.FindAllString(policy, -1) {
		if !slices.Contains(endpoints, id) && admits(id, "", false) {
			endpoints = append(endpoints, id)
		}
	}
	slices.Sort(endpoints)
	switch {
	case admits(strangeEndpoint, strangeVPC, false):
		return Everybody, endpoints, nil
	case vpc != "" && admits(strangeEndpoint, vpc, false):
		return WholeVPC, endpoints, nil
	case len(endpoints) > 0:
		return Endpoints, endpoints, nil
	case len(samples) > 0 && (admits(strangeEndpoint, "", true)):
		return Others, endpoints, nil
	}
	return None, endpoints, nil
}

// samplesOf are methods that patterns of resources match, each for one.
func samplesOf(patterns []string, api resourcepolicy.API, stages []string) []string {
	stage := "stage"
	if len(stages) > 0 {
		stage = stages[0]
	}
	prefix := strings.TrimSuffix(api.MethodARN("", "", ""), "//")
	var samples []string
	for _, pattern := range patterns {
		// What the pattern says of stage, method and path; "*" may stand for several.
		parts := []string{stage, "GET", "sample"}
		if rest, own := strings.CutPrefix(pattern, prefix); own {
			for i, part := range strings.SplitN(strings.TrimPrefix(rest, "/"), "/", len(parts)) {
				if part != "*" && part != "" {
					parts[i] = strings.NewReplacer("*", "x", "?", "x").Replace(part)
				}
			}
		}
		sample := api.MethodARN(parts[0], parts[1], "/"+parts[2])
		if !slices.Contains(samples, sample) {
			samples = append(samples, sample)
		}
	}
	return samples
}
