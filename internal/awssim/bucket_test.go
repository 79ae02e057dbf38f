package awssim

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// letBalancersLog is a policy of a bucket that lets load balancers of the test's
// account write their logs below a prefix.
func letBalancersLog(bucket string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"Service":"logdelivery.elasticloadbalancing.amazonaws.com"},"Action":"s3:PutObject",
		 "Resource":"arn:aws:s3:::%[1]s/lb/AWSLogs/%[2]s/*"},
		{"Effect":"Allow","Principal":{"Service":"delivery.logs.amazonaws.com"},"Action":"s3:GetBucketAcl","Resource":"arn:aws:s3:::%[1]s",
		 "Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:logs:%[3]s:%[2]s:*"}}},
		{"Effect":"Allow","Principal":{"Service":"delivery.logs.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::%[1]s/lb/AWSLogs/%[2]s/*",
		 "Condition":{"StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control"}}}]}`, bucket, testAccount, testRegion)
}

func TestLoadBalancersLogToBucketsThatLetThem(t *testing.T) {
	for sentence, test := range map[string]struct {
		kind, logs, prefix string
		policy             func(string) string
		bucket             engine.Object
		want               string
	}{
		"an Application Load Balancer":        {kind: "application", logs: "accessLogs", prefix: "lb"},
		"its connections":                     {kind: "application", logs: "connectionLogs", prefix: "lb"},
		"a Network Load Balancer":             {kind: "network", logs: "accessLogs", prefix: "lb"},
		"connections of a Network one":        {kind: "network", logs: "connectionLogs", prefix: "lb", want: "not supported"},
		"another prefix":                      {kind: "application", logs: "accessLogs", want: "Access Denied for bucket: logs"},
		"a Network one's other prefix":        {kind: "network", logs: "accessLogs", prefix: "other", want: "Access Denied for bucket: logs"},
		"a prefix of AWS's":                   {kind: "application", logs: "accessLogs", prefix: "AWSLogs", want: "includes AWSLogs"},
		"a policy for another region's":       {kind: "network", logs: "accessLogs", prefix: "lb", policy: func(p string) string { return strings.ReplaceAll(p, testRegion, "eu-west-1") }, want: "Access Denied"},
		"a policy without the access list":    {kind: "network", logs: "accessLogs", prefix: "lb", policy: func(p string) string { return strings.ReplaceAll(p, "s3:GetBucketAcl", "s3:GetBucketTagging") }, want: "Access Denied"},
		"a bucket that encrypts by a KMS key": {kind: "application", logs: "accessLogs", prefix: "lb", bucket: engine.Object{"serverSideEncryptionConfigurations": []any{map[string]any{"rules": []any{map[string]any{"applyServerSideEncryptionByDefaults": []any{map[string]any{"sseAlgorithm": "aws:kms"}}}}}}}, want: "Access Denied"},
	} {
		t.Run(sentence, func(t *testing.T) {
			e := newEnvironment(t)
			e.inputs["logs-of-balancers"], e.inputs["bucket policy"], e.inputs["bucket block"], e.inputs["bucket lifecycle"] = nil, nil, nil, nil
			subnets := e.network()
			bucket := engine.Object{"bucket": "logs"}
			for key, value := range test.bucket {
				bucket[key] = value
			}
			e.must(view.BucketType, "logs", bucket)
			policy := letBalancersLog("logs")
			if test.policy != nil {
				policy = test.policy(policy)
			}
			e.must(view.BucketPolicyType, "policy", engine.Object{"bucket": "logs", "policy": policy})
			_, err := e.create(view.LoadBalancerType, "logging", engine.Object{"internal": true, "loadBalancerType": test.kind, "subnets": subnets,
				"securityGroups": engine.List(e.created["balancer"].ID), test.logs: map[string]any{"enabled": true, "bucket": "logs", "prefix": test.prefix}})
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestABucketsNameIsNoOthers(t *testing.T) {
	l := newLab(t, &Setup{})
	l.must(view.BucketType, "logs", engine.Object{"bucket": "logs"})
	_, err := l.create(view.BucketType, "again", engine.Object{"bucket": "logs"})
	require.ErrorContains(t, err, "BucketAlreadyOwnedByYou")
	_, err = l.create(view.BucketType, "short", engine.Object{"bucket": "lo"})
	require.ErrorContains(t, err, "3 to 63")
}
