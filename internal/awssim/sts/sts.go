package sts

import (
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"

	"github.com/portico-iac/portico/internal/awssim/ec2"
	"github.com/portico-iac/portico/internal/awssim/engine"
)

// Service is who and where the caller is.
func Service() engine.Service {
	return engine.Service{Authorization: authorization(), Functions: []*engine.Function{{
		Token: "aws:index/getCallerIdentity:getCallerIdentity", Args: struct{}{}, Result: aws.GetCallerIdentityResult{},
		Actions: []string{"sts:GetCallerIdentity"},
		Run: func(op *engine.Op) (engine.Object, error) {
			return engine.Object{"id": op.Account, "accountId": op.Account, "arn": op.Caller, "userId": "AIDASIMULATED"}, nil
		},
	}, {
		Token: "aws:index/getRegion:getRegion", Args: aws.GetRegionArgs{}, Result: aws.GetRegionResult{},
		Run: func(op *engine.Op) (engine.Object, error) {
			name := op.Inputs.Text("name")
			if name == "" {
				name = op.Region
			}
			if engine.Zones(name) == "" {
				return nil, op.Fail("no region %q", name)
			}
			return engine.Object{"id": name, "name": name, "description": name, "endpoint": "ec2." + name + "." + op.DNSSuffix()}, nil
		},
	}, {
		Token: "aws:index/getPartition:getPartition", Args: aws.GetPartitionArgs{}, Result: aws.GetPartitionResult{},
		Run: func(op *engine.Op) (engine.Object, error) {
			return engine.Object{"id": op.Partition(), "partition": op.Partition(), "dnsSuffix": op.DNSSuffix(), "reverseDnsPrefix": "com.amazonaws"}, nil
		},
	}, {
		Token: "aws:index/getAvailabilityZones:getAvailabilityZones", Args: aws.GetAvailabilityZonesArgs{}, Result: aws.GetAvailabilityZonesResult{},
		Actions: []string{"ec2:DescribeAvailabilityZones"},
		Run:     availabilityZones,
	}}}
}

func availabilityZones(op *engine.Op) (engine.Object, error) {
	if state := op.Inputs.Text("state"); state != "" && state != "available" {
		return engine.Object{"id": op.Region, "names": engine.List(), "zoneIds": engine.List(), "groupNames": engine.List()}, nil
	}
	var names, ids []string
	for _, letter := range op.ZonesOffered(op.Region) {
		name := op.Region + string(letter)
		if slices.Contains(op.Inputs.Texts("excludeNames"), name) || slices.Contains(op.Inputs.Texts("excludeZoneIds"), ec2.ZoneID(op.Account, name)) {
			continue
		}
		names, ids = append(names, name), append(ids, ec2.ZoneID(op.Account, name))
	}
	return engine.Object{"id": op.Region, "names": engine.List(names...), "zoneIds": engine.List(ids...), "groupNames": engine.List(op.Region)}, nil
}
