package components_test

import (
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// recorder stands in for the engine and for AWS.
type recorder struct {
	mu    sync.Mutex
	types []string
}

// created are the names of the types that were registered or read, of those that
// begin with a prefix.
func (r *recorder) created(prefix string) []string {
	var names []string
	for _, kind := range r.types {
		if strings.HasPrefix(kind, prefix) {
			names = append(names, kind[strings.LastIndexByte(kind, ':')+1:])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// NewResource implements pulumi.MockResourceMonitor.
func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r.mu.Lock()
	r.types = append(r.types, args.TypeToken)
	r.mu.Unlock()
	state := args.Inputs.Copy()
	for key, value := range resource.NewPropertyMapFromMap(map[string]any{
		"arn": "arn:aws:mock:us-east-1:111111111111:" + args.Name, "name": args.Name,
		"dnsName": args.Name + ".elb.amazonaws.com", "zoneId": "Z35SXDOTRQ7X7K", "fqdn": args.Name, "domainNameId": "a1b2c3d4e5",
		"dnsEntries": []any{map[string]any{"dnsName": "vpce.amazonaws.com", "hostedZoneId": "Z7HUB22UULQXV"}},
	}) {
		if _, given := state[key]; !given {
			state[key] = value
		}
	}
	switch args.TypeToken {
	case "aws:acm/certificate:Certificate":
		state["domainValidationOptions"] = resource.NewPropertyValue([]any{map[string]any{
			"domainName": "*.internal.example.com", "resourceRecordName": "_a.internal.example.com.", "resourceRecordValue": "_b.acm-validations.aws.",
		}})
	case "aws:apigateway/restApi:RestApi":
		state["endpointConfiguration"] = resource.NewPropertyValue(map[string]any{"types": "PRIVATE"})
		return args.ID, state, nil
	}
	return args.Name + "-id", state, nil
}

// Call implements pulumi.MockResourceMonitor.
func (r *recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	answers := map[string]map[string]any{
		"aws:index/getAvailabilityZones:getAvailabilityZones": {"names": []any{"us-east-1a", "us-east-1b", "us-east-1c"}},
		"aws:ec2/getVpcEndpointService:getVpcEndpointService": {"availabilityZones": []any{"us-east-1a", "us-east-1b", "us-east-1c"}},
		"aws:ec2/getPrefixList:getPrefixList":                 {"id": "pl-63a5400a"},
		"aws:route53/getZone:getZone":                         {"zoneId": "Z0123456789ABCDEFGHIJ"},
		"aws:ecs/getService:getService":                       {"taskDefinition": "arn:aws:mock:us-east-1:111111111111:portico"},
	}
	return resource.NewPropertyMapFromMap(answers[args.Token]), nil
}
