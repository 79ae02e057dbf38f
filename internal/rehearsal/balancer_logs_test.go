package rehearsal

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/internal/awssim"
)

// logging is a setup whose settings have load balancers log.
func logging(t *testing.T, balancer map[string]any, change func(*awssim.Setup)) Options {
	return Options{Mapping: writeFile(t, "small.yaml", smallMapping), Setup: setupFor(t, smallMapping, change),
		Config: map[string]any{"portico:loadBalancer": balancer}}
}

// The bucket that the stack makes lets load balancers of both types write, which the
// simulated ones ask of its policy.
func TestLoadBalancersLogToTheStacksBucket(t *testing.T) {
	for balancer, config := range map[string]map[string]any{
		"ALB": {"accessLogs": map[string]any{"create": true, "prefix": "requests"}, "connectionLogs": map[string]any{"create": true}},
		"NLB": {"type": "NLB", "accessLogs": map[string]any{"create": true, "prefix": "requests"}},
	} {
		t.Run(balancer, func(t *testing.T) {
			run := begin(t, logging(t, config, func(*awssim.Setup) {}), nil)
			run.deploy(t)
			buckets := run.simulator.Resources(awssim.Filter{Type: "aws:s3/bucketV2:BucketV2"})
			require.Len(t, buckets, 1)
			require.Equal(t, "dev", buckets[0].Properties.Object("tags").Text("environment"))
			balancers := run.simulator.Resources(awssim.Filter{Type: "aws:lb/loadBalancer:LoadBalancer"})
			require.Len(t, balancers, 1)
			logs := balancers[0].Properties.Object("accessLogs")
			require.Equal(t, []any{true, buckets[0].ID, "requests"}, []any{logs["enabled"], logs["bucket"], logs["prefix"]})
			if balancer == "ALB" {
				require.Equal(t, buckets[0].ID, balancers[0].Properties.Object("connectionLogs").Text("bucket"))
			}
		})
	}
}

// An existing bucket needs the policy that docs/operations.md has; without it, the
// update says so.
func TestAnExistingBucketHasToLetLoadBalancersWrite(t *testing.T) {
	existing := func(service string) Options {
		in := func(token, id string, properties awssim.Object) awssim.Existing {
			return awssim.Existing{Account: string(sharedAccount), Region: "us-east-1", Type: token, ID: id, Properties: properties}
		}
		return logging(t, map[string]any{"accessLogs": map[string]any{"bucket": "team-logs"}}, func(w *awssim.Setup) {
			w.Existing = append(w.Existing,
				in("aws:s3/bucketV2:BucketV2", "team-logs", awssim.Object{"bucket": "team-logs"}),
				in("aws:s3/bucketPolicy:BucketPolicy", "team-logs", awssim.Object{"bucket": "team-logs", "policy": `{"Version":"2012-10-17","Statement":[
					{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::team-logs/AWSLogs/111111111111/*"}]}`}))
		})
	}
	run := begin(t, existing("logdelivery.elasticloadbalancing.amazonaws.com"), nil)
	run.deploy(t)
	require.Len(t, run.simulator.Resources(awssim.Filter{Type: "aws:s3/bucketV2:BucketV2"}), 1, "no other bucket is made")

	run = begin(t, existing("delivery.logs.amazonaws.com"), nil)
	_, err := run.try(t, sharedProject, run.environment, run.dir, accounts.SharedIn(run.dir))
	require.ErrorContains(t, err, "Access Denied for bucket: team-logs")
}
