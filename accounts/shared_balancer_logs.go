package accounts

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/aws"
	"github.com/portico-iac/portico/internal/settings"
)

// balancerLogs are where the load balancers' logs go; nil: none are written.
type balancerLogs struct {
	access, connections *components.LogDestination
	// bucket is the resources of the bucket that the stack creates for them.
	bucket []pulumi.Resource
}

// balancerLogs creates the bucket for logs of the load balancers, if the settings ask
// for one.
func (s *sharedStack) balancerLogs() (balancerLogs, error) {
	config := s.config.LoadBalancer
	var prefixes []string
	for _, logs := range []settings.BalancerLogs{config.AccessLogs, config.ConnectionLogs} {
		if logs.Create {
			prefixes = append(prefixes, logs.Prefix)
		}
	}
	var found balancerLogs
	var own pulumi.StringInput
	if len(prefixes) > 0 {
		partition, _ := aws.PartitionOf(s.config.AWS.Region)
		bucket, err := components.NewLogBucket(s.ctx, s.prefix+"-lb-logs", &components.LogBucketArgs{
			AccountID:     s.config.AWS.AccountID,
			Region:        s.config.AWS.Region,
			Partition:     partition.ID,
			Types:         s.balancerTypes(),
			Prefixes:      prefixes,
			RetentionDays: *s.config.Logs.RetentionDays,
			Tags:          s.tags,
		}, s.providers)
		if err != nil {
			return found, err
		}
		own, found.bucket = bucket.Name, bucket.Resources()
	}
	found.access, found.connections = destination(config.AccessLogs, own), destination(config.ConnectionLogs, own)
	return found, nil
}

// destination is where logs go; own is the bucket that the stack creates.
func destination(logs settings.BalancerLogs, own pulumi.StringInput) *components.LogDestination {
	switch {
	case logs.Create:
		return &components.LogDestination{Bucket: own, Prefix: logs.Prefix}
	case logs.Bucket != "":
		return &components.LogDestination{Bucket: pulumi.String(logs.Bucket), Prefix: logs.Prefix}
	}
	return nil
}

// balancerTypes are the types of the load balancers.
func (s *sharedStack) balancerTypes() []string {
	var types []string
	for _, balancer := range s.topology.LoadBalancers {
		if s.proxied(balancer) {
			types = append(types, s.config.LoadBalancer.Type)
		} else {
			types = append(types, components.ApplicationLoadBalancer)
		}
	}
	return types
}
