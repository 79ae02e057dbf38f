package elbv2

import (
	"strings"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/s3"
)

// checkLogs refuses buckets that don't let Elastic Load Balancing write. A Network
// Load Balancer's logs come by the service of CloudWatch Logs that delivers logs. AWS's
// page names no condition keys of an Application Load Balancer's.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/enable-access-logs.html
func checkLogs(op *engine.Op) error {
	for _, kind := range []string{"accessLogs", "connectionLogs"} {
		logs := op.Inputs.Object(kind)
		if !logs.Flag("enabled") {
			continue
		}
		network := op.Inputs.Text("loadBalancerType") == "network"
		if network && kind == "connectionLogs" {
			return op.Refuse("InvalidConfigurationRequest", "The attribute connection_logs.s3.enabled is not supported for load balancers of type network")
		}
		bucket, prefix := logs.Text("bucket"), logs.Text("prefix")
		if strings.Contains(prefix, "AWSLogs") {
			return op.Refuse("InvalidConfigurationRequest", "The prefix %s includes AWSLogs", prefix)
		}
		if prefix != "" {
			prefix += "/"
		}
		arn := "arn:" + op.Partition() + ":s3:::" + bucket
		object := arn + "/" + prefix + "AWSLogs/" + op.Account + "/ELBAccessLogTestFile"
		may := s3.MayWrite(op, op.Region, bucket, "logdelivery.elasticloadbalancing.amazonaws.com", "s3:PutObject", object, nil)
		if network {
			const delivery = "delivery.logs.amazonaws.com"
			source := map[string][]string{"aws:SourceAccount": {op.Account}, "aws:SourceArn": {op.Fill("arn:{partition}:logs:{region}:{account}:*")}}
			may = s3.MayWrite(op, op.Region, bucket, delivery, "s3:GetBucketAcl", arn, source)
			source["s3:x-amz-acl"] = []string{"bucket-owner-full-control"}
			may = may && s3.MayWrite(op, op.Region, bucket, delivery, "s3:PutObject", object, source)
		}
		if !may {
			return op.Refuse("InvalidConfigurationRequest", "Access Denied for bucket: %s. Please check S3bucket permission", bucket)
		}
	}
	return nil
}
