package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

func TestALogBucketLetsItsTypesOfLoadBalancersWriteBelowTheirPrefixes(t *testing.T) {
	deploy := func(types ...string) *monitor {
		return (&monitor{}).deploy(t, func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
			_, err := NewLogBucket(ctx, "p", &LogBucketArgs{AccountID: "111111111111", Region: "us-east-1", Partition: "aws",
				Types: types, Prefixes: []string{"requests", "", "requests"}, RetentionDays: 30, Tags: tags}, opts)
			return err
		})
	}
	bucket := arnOf("aws:s3/bucketV2:BucketV2", "p")
	objects := `["` + bucket + `/AWSLogs/111111111111/*", "` + bucket + `/requests/AWSLogs/111111111111/*"]`
	tls := `{"Sid": "TLSOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["` + bucket + `", "` + bucket + `/*"],
		"Condition": {"Bool": {"aws:SecureTransport": "false"}}}`
	m := deploy(ApplicationLoadBalancer)
	require.JSONEq(t, `{"Version": "2012-10-17", "Statement": [
		{"Sid": "ApplicationLoadBalancers", "Effect": "Allow", "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
		 "Action": "s3:PutObject", "Resource": `+objects+`}, `+tls+`]}`, m.only(t, "aws:s3/bucketPolicy:BucketPolicy").Inputs["policy"].(string))
	block := m.only(t, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock").Inputs
	for _, key := range []string{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"} {
		require.Equal(t, true, block[key], key)
	}
	rule := m.only(t, "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2").Inputs["rules"].([]any)[0].(map[string]any)
	require.Equal(t, map[string]any{"days": 30.0}, rule["expiration"])

	require.JSONEq(t, `{"Version": "2012-10-17", "Statement": [
		{"Sid": "NetworkLoadBalancers", "Effect": "Allow", "Principal": {"Service": "delivery.logs.amazonaws.com"}, "Action": "s3:PutObject", "Resource": `+objects+`,
		 "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:logs:us-east-1:111111111111:*"},
			"StringEquals": {"aws:SourceAccount": "111111111111", "s3:x-amz-acl": "bucket-owner-full-control"}}},
		{"Sid": "NetworkLoadBalancersAsk", "Effect": "Allow", "Principal": {"Service": "delivery.logs.amazonaws.com"}, "Action": "s3:GetBucketAcl", "Resource": ["`+bucket+`"],
		 "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:logs:us-east-1:111111111111:*"}, "StringEquals": {"aws:SourceAccount": "111111111111"}}},
		`+tls+`]}`, deploy(NetworkLoadBalancer).only(t, "aws:s3/bucketPolicy:BucketPolicy").Inputs["policy"].(string))
}
