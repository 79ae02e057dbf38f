package awssim

import (
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
)

// stsService is who and where the caller is.
func stsService() service {
	return service{functions: []*functionSpec{{
		token: "aws:index/getCallerIdentity:getCallerIdentity", args: struct{}{}, result: aws.GetCallerIdentityResult{},
		actions: []string{"sts:GetCallerIdentity"},
		run: func(c *call) (Object, error) {
			return Object{"id": c.account, "accountId": c.account, "arn": c.caller, "userId": "AIDASIMULATED"}, nil
		},
	}, {
		token: "aws:index/getRegion:getRegion", args: aws.GetRegionArgs{}, result: aws.GetRegionResult{},
		run: func(c *call) (Object, error) {
			name := c.inputs.Text("name")
			if name == "" {
				name = c.region
			}
			if _, ok := regions[name]; !ok {
				return nil, c.fail("no region %q", name)
			}
			return Object{"id": name, "name": name, "description": name, "endpoint": "ec2." + name + "." + c.dnsSuffix()}, nil
		},
	}, {
		token: "aws:index/getPartition:getPartition", args: aws.GetPartitionArgs{}, result: aws.GetPartitionResult{},
		run: func(c *call) (Object, error) {
			return Object{"id": c.partition(), "partition": c.partition(), "dnsSuffix": c.dnsSuffix(), "reverseDnsPrefix": "com.amazonaws"}, nil
		},
	}, {
		token: "aws:index/getAvailabilityZones:getAvailabilityZones", args: aws.GetAvailabilityZonesArgs{}, result: aws.GetAvailabilityZonesResult{},
		actions: []string{"ec2:DescribeAvailabilityZones"},
		run:     availabilityZones,
	}}}
}

func availabilityZones(c *call) (Object, error) {
	if state := c.inputs.Text("state"); state != "" && state != "available" {
		return Object{"id": c.region, "names": list(), "zoneIds": list(), "groupNames": list()}, nil
	}
	var names, ids []string
	for _, letter := range regions[c.region] {
		name := c.region + string(letter)
		if slices.Contains(c.inputs.Texts("excludeNames"), name) || slices.Contains(c.inputs.Texts("excludeZoneIds"), zoneID(name)) {
			continue
		}
		names, ids = append(names, name), append(ids, zoneID(name))
	}
	return Object{"id": c.region, "names": list(names...), "zoneIds": list(ids...), "groupNames": list(c.region)}, nil
}
