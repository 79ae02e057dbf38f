package awssim

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/resourcegroupstaggingapi"
)

// taggingService is the Resource Groups Tagging API: what stands in a region
// with certain tags, whatever its service.
func taggingService() service {
	return service{functions: []*functionSpec{{
		token:   "aws:resourcegroupstaggingapi/getResources:getResources",
		args:    resourcegroupstaggingapi.GetResourcesArgs{},
		result:  resourcegroupstaggingapi.GetResourcesResult{},
		actions: []string{"tag:GetResources"},
		run:     taggedResources,
	}}}
}

// globalsListedIn is the region that lists the global resources.
const globalsListedIn = "us-east-1"

func taggedResources(c *call) (Object, error) {
	var found []*Resource
	for _, r := range c.inAccount() {
		if r.Region == "" && c.region != globalsListedIn || strings.HasPrefix(r.Type, "aws:iam/") {
			continue // IAM's roles are unknown to the tagging API
		}
		if r.ARN != "" && carries(r.Properties.Object("tagsAll"), c.inputs.Objects("tagFilters")) {
			found = append(found, r)
		}
	}
	list := []any{}
	for _, r := range found {
		list = append(list, map[string]any{
			"resourceArn": r.ARN, "tags": map[string]any(r.Properties.Object("tagsAll").Clone()), "complianceDetails": []any{},
		})
	}
	return Object{"id": c.region, "resourceTagMappingLists": list}, nil
}

// carries tells whether the tags satisfy every filter: one of its values, or
// any where it has none.
func carries(tags Object, filters []Object) bool {
	for _, filter := range filters {
		value, ok := tags[filter.Text("key")].(string)
		values := filter.Texts("values")
		if !ok || len(values) > 0 && !slices.Contains(values, value) {
			return false
		}
	}
	return true
}
