package s3

import (
	"fmt"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/iampolicy"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// Service is buckets.
func Service() engine.Service {
	return engine.Service{Authorization: authorization(), Types: []*engine.Type{bucketSpec(), bucketPolicySpec(), publicAccessBlockSpec(), lifecycleSpec()}}
}

// bucketName is S3's grammar of names.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
var bucketName = engine.Pattern(`[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]`, "3 to 63 lower-case letters, digits, dots and hyphens")

func bucketSpec() *engine.Type {
	return &engine.Type{
		Token: view.BucketType, Title: "S3 Bucket", Args: s3.BucketV2Args{}, State: s3.BucketV2{},
		ID: "{bucket}", ARN: "arn:{partition}:s3:::{bucket}",
		Properties: engine.Properties{
			"bucket":                             {engine.Autonamed(63), engine.ForceNew, bucketName},
			"bucketPrefix":                       {engine.ForceNew},
			"forceDestroy":                       {engine.Default(false)},
			"region":                             {engine.Computed("{region}")},
			"serverSideEncryptionConfigurations": {engine.Kept},
		},
		Unique: []string{"bucket"}, Conflict: "BucketAlreadyOwnedByYou",
		Quota:  engine.Quota{Name: "Buckets", Limit: 10000, Code: "TooManyBuckets"},
		Create: []string{"s3:CreateBucket", "s3:PutBucketTagging", "s3:ListBucket"},
		Read: []string{"s3:ListBucket", "s3:GetAccelerateConfiguration", "s3:GetBucketAcl", "s3:GetBucketCORS", "s3:GetBucketLogging",
			"s3:GetBucketObjectLockConfiguration", "s3:GetBucketPolicy", "s3:GetBucketRequestPayment", "s3:GetBucketTagging", "s3:GetBucketVersioning",
			"s3:GetBucketWebsite", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration"}, // internal/service/s3/bucket.go
		Update: []string{"s3:PutBucketTagging"},
		// With forceDestroy the provider empties the bucket after DeleteBucket's BucketNotEmpty.
		Delete:   []string{"s3:DeleteBucket", "s3:ListBucketVersions", "s3:DeleteObject", "s3:DeleteObjectVersion"},
		OnCreate: claimName,
	}
}

// claimName refuses a name that another account has: names are the partition's.
func claimName(op *engine.Op) error {
	for _, other := range op.HavingEverywhere(view.BucketType, "bucket", op.Outputs.Text("bucket")) {
		if other.Account != op.Account || other.Region != op.Region {
			return op.Refuse("BucketAlreadyExists", "The requested bucket name is not available: %s", other.ID)
		}
	}
	return nil
}

// ofBucket is a property of a type that configures a bucket.
var ofBucket = []engine.Rule{engine.Required, engine.ForceNew, engine.Refers{To: view.BucketType, Code: "NoSuchBucket", Holds: engine.Cascades}}

func bucketPolicySpec() *engine.Type {
	return &engine.Type{
		Token: view.BucketPolicyType, Title: "S3 Bucket Policy", Args: s3.BucketPolicyArgs{}, State: s3.BucketPolicy{},
		ID: "{bucket}", Upserts: engine.Always,
		Properties: engine.Properties{"bucket": ofBucket, "policy": {engine.Required, engine.JSON}},
		Create:     []string{"s3:PutBucketPolicy", "s3:GetBucketPolicy"},
		Read:       []string{"s3:GetBucketPolicy"},
		Update:     []string{"s3:PutBucketPolicy"},
		Delete:     []string{"s3:DeleteBucketPolicy"},
		OnCreate:   checkBucketPolicy,
		OnUpdate:   checkBucketPolicy,
	}
}

func checkBucketPolicy(op *engine.Op) error {
	text := op.Inputs.Text("policy")
	if len(text) > 20*1024 {
		return op.Refuse("PolicyTooLarge", "The policy has %d bytes, and may have 20480", len(text))
	}
	if _, err := iampolicy.Parse([]byte(text)); err != nil {
		return op.Refuse("MalformedPolicy", "%s", err)
	}
	return nil
}

func publicAccessBlockSpec() *engine.Type {
	return &engine.Type{
		Token: view.PublicAccessBlockType, Title: "S3 Bucket Public Access Block", Args: s3.BucketPublicAccessBlockArgs{}, State: s3.BucketPublicAccessBlock{},
		ID: "{bucket}", Upserts: engine.Always,
		Properties: engine.Properties{
			"bucket":          ofBucket,
			"blockPublicAcls": {engine.Default(false)}, "blockPublicPolicy": {engine.Default(false)},
			"ignorePublicAcls": {engine.Default(false)}, "restrictPublicBuckets": {engine.Default(false)},
		},
		Create: []string{"s3:PutBucketPublicAccessBlock", "s3:GetBucketPublicAccessBlock"},
		Read:   []string{"s3:GetBucketPublicAccessBlock"},
		Update: []string{"s3:PutBucketPublicAccessBlock"},
		Delete: []string{"s3:PutBucketPublicAccessBlock"},
	}
}

func lifecycleSpec() *engine.Type {
	return &engine.Type{
		Token: view.BucketLifecycleType, Title: "S3 Bucket Lifecycle Configuration",
		Args: s3.BucketLifecycleConfigurationV2Args{}, State: s3.BucketLifecycleConfigurationV2{},
		ID: "{bucket}", Upserts: engine.Always,
		Properties: engine.Properties{
			"bucket":                             ofBucket,
			"rules":                              {engine.Required},
			"rules[].id":                         {engine.Length(1, 255)},
			"rules[].status":                     {engine.OneOf("Enabled", "Disabled")},
			"rules[].expiration.days":            {engine.Between(1, 1<<31-1)},
			"transitionDefaultMinimumObjectSize": {engine.Otherwise("all_storage_classes_128K")},
		},
		Check:  ruleProblems,
		Create: []string{"s3:PutLifecycleConfiguration", "s3:GetLifecycleConfiguration"},
		Read:   []string{"s3:GetLifecycleConfiguration"},
		Update: []string{"s3:PutLifecycleConfiguration"},
		Delete: []string{"s3:PutLifecycleConfiguration"},
	}
}

// ruleProblems holds the rules of a lifecycle configuration to IDs of their own.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
func ruleProblems(inputs engine.Object) []engine.Problem {
	ids := map[string]bool{}
	for i, rule := range inputs.Objects("rules") {
		id := rule.Text("id")
		if id != "" && ids[id] {
			return []engine.Problem{{Property: fmt.Sprintf("rules[%d].id", i), Reason: "is another rule's; the ID must be unique"}}
		}
		ids[id] = true
	}
	return nil
}

// MayWrite reports whether a bucket of a region lets a service do an action on a
// resource of it, in a request with these condition keys.
func MayWrite(op *engine.Op, region, bucket, service, action, resource string, context map[string][]string) bool {
	for _, b := range op.HavingEverywhere(view.BucketType, "bucket", bucket) {
		if b.Region != region || byKMS(b) {
			continue
		}
		policy := op.In(b.Account, b.Region).Find(view.BucketPolicyType, bucket)
		if policy == nil {
			return false
		}
		document, err := iampolicy.Parse([]byte(policy.Properties.Text("policy")))
		request := iampolicy.Request{Principal: service, Action: action, Resource: resource, Context: context}
		return err == nil && iampolicy.Evaluate(document, request).Outcome == iampolicy.Allowed
	}
	return false
}

// byKMS reports whether a bucket encrypts by a key of KMS.
func byKMS(bucket *engine.Resource) bool {
	for _, configuration := range bucket.Properties.Objects("serverSideEncryptionConfigurations") {
		for _, rule := range configuration.Objects("rules") {
			for _, byDefault := range rule.Objects("applyServerSideEncryptionByDefaults") {
				if byDefault.Text("sseAlgorithm") != "AES256" {
					return true
				}
			}
		}
	}
	return false
}
