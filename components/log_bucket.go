package components

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// LogBucketArgs describes a bucket for logs of load balancers.
type LogBucketArgs struct {
	// AccountID is the number of the account whose load balancers write. Required.
	AccountID string
	// Region is the code of their region, and Partition its partition. Required.
	Region, Partition string
	// Types are the types of the load balancers. Required: ApplicationLoadBalancer,
	// NetworkLoadBalancer, or both.
	Types []string
	// Prefixes are what the names of their logs begin with, such as [LogDestination]
	// has them. Required: 1 or more, of which one may be empty.
	Prefixes []string
	// RetentionDays is after how many days logs are deleted. Default: 0, never.
	RetentionDays int
	// Tags are those of the bucket.
	Tags Tags
}

// LogBucket is a bucket that Elastic Load Balancing writes logs to. It is encrypted by
// keys of S3 (SSE-S3), which every new bucket is, and the only encryption that load
// balancers' logs take. It is deleted with the logs in it.
type LogBucket struct {
	pulumi.ResourceState
	children

	// Name is the bucket's name.
	Name pulumi.StringOutput `pulumi:"name"`
}

// NewLogBucket creates a bucket. Let the load balancers depend on its Resources: they
// are refused before its policy lets them write.
func NewLogBucket(ctx *pulumi.Context, name string, args *LogBucketArgs, opts ...pulumi.ResourceOption) (*LogBucket, error) {
	m := arguments{component: "LogBucket", name: name}
	m.given(args.AccountID != "", "AccountID")
	m.given(args.Region != "", "Region")
	m.given(args.Partition != "", "Partition")
	m.given(len(args.Types) > 0, "Types")
	m.given(len(args.Prefixes) > 0, "Prefixes")
	if err := m.err(); err != nil {
		return nil, err
	}
	logs := &LogBucket{}
	if err := register(ctx, "LogBucket", name, logs, opts); err != nil {
		return nil, err
	}
	bucket, err := s3.NewBucketV2(ctx, name, &s3.BucketV2Args{ForceDestroy: pulumi.Bool(true), Tags: args.Tags.named(name)}, pulumi.Parent(logs))
	if err != nil {
		return nil, fmt.Errorf("create bucket for logs: %w", err)
	}
	block, err := s3.NewBucketPublicAccessBlock(ctx, name, &s3.BucketPublicAccessBlockArgs{
		Bucket:          bucket.Bucket,
		BlockPublicAcls: pulumi.Bool(true), BlockPublicPolicy: pulumi.Bool(true),
		IgnorePublicAcls: pulumi.Bool(true), RestrictPublicBuckets: pulumi.Bool(true),
	}, pulumi.Parent(logs))
	if err != nil {
		return nil, fmt.Errorf("block public access to the bucket for logs: %w", err)
	}
	// S3 refuses one of two changes of a bucket at a time (OperationAborted).
	_, err = s3.NewBucketPolicy(ctx, name, &s3.BucketPolicyArgs{
		Bucket: bucket.Bucket,
		Policy: bucket.Arn.ApplyT(args.policy).(pulumi.StringOutput),
	}, pulumi.Parent(logs), pulumi.DependsOn([]pulumi.Resource{block}))
	if err != nil {
		return nil, fmt.Errorf("create policy of the bucket for logs: %w", err)
	}
	if args.RetentionDays > 0 {
		_, err := s3.NewBucketLifecycleConfigurationV2(ctx, name, &s3.BucketLifecycleConfigurationV2Args{
			Bucket: bucket.Bucket,
			Rules: s3.BucketLifecycleConfigurationV2RuleArray{s3.BucketLifecycleConfigurationV2RuleArgs{
				Id: pulumi.String("expire"), Status: pulumi.String("Enabled"),
				Filter:     s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String("")},
				Expiration: s3.BucketLifecycleConfigurationV2RuleExpirationArgs{Days: pulumi.Int(args.RetentionDays)},
			}},
		}, pulumi.Parent(logs), pulumi.DependsOn([]pulumi.Resource{block}))
		if err != nil {
			return nil, fmt.Errorf("create lifecycle of the bucket for logs: %w", err)
		}
	}
	logs.Name = bucket.Bucket
	if err := complete(ctx, "LogBucket", name, logs, pulumi.Map{"name": logs.Name}); err != nil {
		return nil, err
	}
	return logs, nil
}

// bucketStatement is a statement of a bucket's policy.
type bucketStatement struct {
	Sid       string
	Effect    string
	Principal any
	Action    string
	Resource  []string
	Condition map[string]map[string]string `json:",omitempty"`
}

// policy lets load balancers of the account and region write, and no caller without TLS.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/enable-access-logs.html
func (a *LogBucketArgs) policy(bucketARN string) (string, error) {
	var objects []string
	for _, prefix := range a.Prefixes {
		if prefix != "" {
			prefix += "/"
		}
		objects = append(objects, bucketARN+"/"+prefix+"AWSLogs/"+a.AccountID+"/*")
	}
	slices.Sort(objects)
	objects = slices.Compact(objects)
	// AWS's example for Application Load Balancers has no condition: the account's number
	// in the names of the objects tells accounts apart.
	allow := func(sid, service, action string, on []string, source string, equal map[string]string) bucketStatement {
		s := bucketStatement{Sid: sid, Effect: "Allow", Principal: map[string]string{"Service": service}, Action: action, Resource: on,
			Condition: map[string]map[string]string{}}
		if source != "" {
			s.Condition["ArnLike"] = map[string]string{"aws:SourceArn": source}
		}
		if equal != nil {
			s.Condition["StringEquals"] = equal
		}
		return s
	}
	var statements []bucketStatement
	if slices.Contains(a.Types, ApplicationLoadBalancer) {
		statements = append(statements, allow("ApplicationLoadBalancers", "logdelivery.elasticloadbalancing.amazonaws.com", "s3:PutObject", objects, "", nil))
	}
	if slices.Contains(a.Types, NetworkLoadBalancer) {
		const delivery = "delivery.logs.amazonaws.com"
		source := "arn:" + a.Partition + ":logs:" + a.Region + ":" + a.AccountID + ":*"
		statements = append(statements,
			allow("NetworkLoadBalancers", delivery, "s3:PutObject", objects, source, map[string]string{"aws:SourceAccount": a.AccountID, "s3:x-amz-acl": "bucket-owner-full-control"}),
			allow("NetworkLoadBalancersAsk", delivery, "s3:GetBucketAcl", []string{bucketARN}, source, map[string]string{"aws:SourceAccount": a.AccountID}))
	}
	statements = append(statements, bucketStatement{Sid: "TLSOnly", Effect: "Deny", Principal: "*", Action: "s3:*", Resource: []string{bucketARN, bucketARN + "/*"},
		Condition: map[string]map[string]string{"Bool": {"aws:SecureTransport": "false"}}})
	text, err := json.Marshal(map[string]any{"Version": policyVersion, "Statement": statements})
	if err != nil {
		return "", fmt.Errorf("write policy of the bucket for logs: %w", err)
	}
	return string(text), nil
}
