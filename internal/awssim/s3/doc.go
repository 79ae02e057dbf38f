// Package s3 simulates buckets of Amazon S3 and who may write to them, without
// objects.
package s3
