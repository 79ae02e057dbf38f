package logs

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/kms"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// forever is when a log group keeps what is written to it.
var forever = engine.Is("retentionInDays", 0.0)

// encrypted is when a key of AWS KMS encrypts a log group.
var encrypted = engine.Given("kmsKeyId")

// checkKey refuses a key whose policy doesn't let CloudWatch Logs of the region encrypt
// the log group with it.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
func checkKey(op *engine.Op) error {
	key := op.Inputs.Text("kmsKeyId")
	if key == "" {
		return nil
	}
	service := "logs." + op.Region + "." + op.DNSSuffix()
	context := map[string][]string{"kms:EncryptionContext:aws:logs:arn": {op.ARN}}
	if !kms.UsableBy(op, key, service, context, "kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey") {
		return op.Refuse("InvalidParameterException", "The specified KMS key does not exist or is not allowed to be used with LogGroup '%s'", op.ARN)
	}
	return nil
}

// Service is CloudWatch Logs' log groups and their metric filters.
func Service() engine.Service {
	return engine.Service{Authorization: authorization(), Types: []*engine.Type{logGroup(), metricFilter()}}
}

func logGroup() *engine.Type {
	return &engine.Type{
		Token: view.LogGroupType, Title: "CloudWatch Logs Log Group", Args: cloudwatch.LogGroupArgs{}, State: cloudwatch.LogGroup{},
		ID: "{name}", ARN: "arn:{partition}:logs:{region}:{account}:log-group:{name}",
		Properties: engine.Properties{
			"kmsKeyId":      {engine.ARNOf("kms")},
			"logGroupClass": {engine.ForceNew, engine.OneOf("STANDARD", "INFREQUENT_ACCESS", "DELIVERY"), engine.Otherwise("STANDARD")},
			"name":          {engine.Autonamed(512), engine.ForceNew, engine.Pattern(`[.\-_/#A-Za-z0-9]{1,512}`, "1 to 512 letters, digits and .-_/#")},
			"namePrefix":    {engine.ForceNew},
			// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
			// and 0, by which the provider says "never".
			"retentionInDays": {engine.Default(0.0), engine.NumberIn(0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)},
			"skipDestroy":     {engine.Default(false)},
		},

		Unique: []string{"name"}, Conflict: "ResourceAlreadyExistsException",
		Quota:  engine.Quota{Name: "Log groups", Limit: 1000000, Code: "LimitExceededException"},
		Create: []string{"logs:CreateLogGroup", "logs:PutRetentionPolicy", "logs:DescribeLogGroups", "logs:TagResource"},
		Read:   []string{"logs:DescribeLogGroups", "logs:ListTagsForResource"},
		Update: []string{"logs:PutRetentionPolicy", "logs:DeleteRetentionPolicy", "logs:AssociateKmsKey", "logs:DisassociateKmsKey", "logs:TagResource", "logs:UntagResource"},
		Delete: []string{"logs:DeleteLogGroup"},
		When: map[string][]string{
			"logs:PutRetentionPolicy": {"retentionInDays"}, "logs:DeleteRetentionPolicy": {"retentionInDays"},
			"logs:AssociateKmsKey": {"kmsKeyId"}, "logs:DisassociateKmsKey": {"kmsKeyId"},
		},
		// The provider makes the one call for a number of days and the other for 0, and
		// likewise for a key and for none: resourceGroupUpdate of
		// internal/service/logs/group.go.
		Only: map[string]engine.Condition{
			"logs:PutRetentionPolicy": engine.Not(forever), "logs:DeleteRetentionPolicy": forever,
			"logs:AssociateKmsKey": encrypted, "logs:DisassociateKmsKey": engine.Not(encrypted),
		},
		KeepWhen: engine.Is("skipDestroy", true),
		OnCreate: checkKey, OnUpdate: checkKey,
	}
}
