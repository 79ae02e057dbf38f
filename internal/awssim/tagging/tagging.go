package tagging

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/resourcegroupstaggingapi"

	"github.com/portico-iac/portico/internal/awssim/engine"
)

// Service is the Resource Groups Tagging API: the resources of a region
// that have certain tags, of any service.
func Service() engine.Service {
	return engine.Service{Authorization: authorization(), Functions: []*engine.Function{{
		Token:   "aws:resourcegroupstaggingapi/getResources:getResources",
		Args:    resourcegroupstaggingapi.GetResourcesArgs{},
		Result:  resourcegroupstaggingapi.GetResourcesResult{},
		Actions: []string{"tag:GetResources"},
		Run:     taggedResources,
	}}}
}

func taggedResources(op *engine.Op) (engine.Object, error) {
	var found []*engine.Resource
	for _, r := range op.InAccount() {
		if r.Region == "" && op.Region != op.GlobalRegion() || strings.HasPrefix(r.Type, "aws:iam/") {
			continue // IAM's roles are unknown to the tagging API
		}
		if r.ARN != "" && carries(r.Properties.Object("tagsAll"), op.Inputs.Objects("tagFilters")) {
			found = append(found, r)
		}
	}
	list := []any{}
	for _, r := range found {
		list = append(list, map[string]any{
			"resourceArn": r.ARN, "tags": map[string]any(r.Properties.Object("tagsAll").Clone()), "complianceDetails": []any{},
		})
	}
	return engine.Object{"id": op.Region, "resourceTagMappingLists": list}, nil
}

// carries reports whether the tags satisfy every filter: one of its values, or
// any where it has none.
func carries(tags engine.Object, filters []engine.Object) bool {
	for _, filter := range filters {
		value, ok := tags[filter.Text("key")].(string)
		values := filter.Texts("values")
		if !ok || len(values) > 0 && !slices.Contains(values, value) {
			return false
		}
	}
	return true
}
