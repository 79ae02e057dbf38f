package components

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// logGroup is a log group of CloudWatch Logs.
type logGroup struct {
	// name is the log group's in AWS; nil: Pulumi chooses it.
	name pulumi.StringPtrInput
	// retentionDays is how long it keeps what is written to it; 0: for ever.
	retentionDays int
	// keyARN is the ARN of the key of AWS KMS that encrypts it; "": a key of AWS's own.
	keyARN string
	tags   Tags
}

// create creates the log group, as a child of parent.
func (g logGroup) create(ctx *pulumi.Context, name string, parent pulumi.Resource) (*cloudwatch.LogGroup, error) {
	described := &cloudwatch.LogGroupArgs{Name: g.name, RetentionInDays: pulumi.Int(g.retentionDays), Tags: g.tags.named(name)}
	if g.keyARN != "" {
		described.KmsKeyId = pulumi.String(g.keyARN)
	}
	group, err := cloudwatch.NewLogGroup(ctx, name, described, pulumi.Parent(parent))
	if err != nil {
		return nil, fmt.Errorf("create log group %s: %w", name, err)
	}
	return group, nil
}
