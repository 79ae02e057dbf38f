package s3

import (
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// authorization is what S3's actions are checked against: the bucket, whose tags
// they are not compared with.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
func authorization() engine.Authorization {
	bucket := func(op *engine.Op) []engine.Checked {
		name := op.Properties().Text("bucket")
		if op.Creating() && op.Token == view.BucketType {
			return []engine.Checked{{ARN: op.ARNOfNew(), Context: map[string][]string{}}}
		}
		return []engine.Checked{{ARN: "arn:" + op.Partition() + ":s3:::" + name, Context: map[string][]string{}}}
	}
	objects := func(op *engine.Op) []engine.Checked {
		on := bucket(op)
		on[0].ARN += "/*"
		return on
	}
	a := engine.Authorization{}
	a.Each(bucket, "s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:GetAccelerateConfiguration", "s3:GetBucketAcl", "s3:GetBucketCORS",
		"s3:GetBucketLogging", "s3:GetBucketObjectLockConfiguration", "s3:GetBucketPolicy", "s3:GetBucketPublicAccessBlock", "s3:GetBucketRequestPayment",
		"s3:GetBucketTagging", "s3:GetBucketVersioning", "s3:GetBucketWebsite", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration",
		"s3:GetReplicationConfiguration", "s3:ListBucket", "s3:ListBucketVersions", "s3:PutBucketPolicy", "s3:PutBucketPublicAccessBlock",
		"s3:PutBucketTagging", "s3:PutLifecycleConfiguration")
	a.Each(objects, "s3:DeleteObject", "s3:DeleteObjectVersion")
	return a
}
