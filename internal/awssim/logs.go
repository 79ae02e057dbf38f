package awssim

import "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"

// logsService is CloudWatch Logs' log groups.
func logsService() service {
	return service{types: []*typeSpec{{
		token: logGroupType, title: "CloudWatch Logs Log Group", args: cloudwatch.LogGroupArgs{}, state: cloudwatch.LogGroup{},
		identify: func(c *call) {
			c.id = c.outputs.Text("name")
			c.arn = c.fill("arn:{partition}:logs:{region}:{account}:log-group:{name}")
		},
		autoname: "name", autonameMax: 512,
		defaults:  Object{"retentionInDays": 0.0, "skipDestroy": false},
		immutable: []string{"name", "namePrefix", "logGroupClass"},
		rules: map[string][]rule{
			"name": {pattern(`[.\-_/#A-Za-z0-9]{1,512}`, "1 to 512 letters, digits and .-_/#")},
			// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
			// and 0, by which the provider says "never".
			"retentionInDays": {numberIn(0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)},
			"logGroupClass":   {oneOf("STANDARD", "INFREQUENT_ACCESS", "DELIVERY")},
		},
		unique: []string{"name"}, conflict: "ResourceAlreadyExistsException",
		quota:  quota{name: "Log groups", limit: 1000000, code: "LimitExceededException"},
		create: []string{"logs:CreateLogGroup", "logs:PutRetentionPolicy", "logs:DescribeLogGroups", "logs:TagResource"},
		read:   []string{"logs:DescribeLogGroups", "logs:ListTagsForResource"},
		update: []string{"logs:PutRetentionPolicy", "logs:DeleteRetentionPolicy", "logs:TagResource", "logs:UntagResource"},
		delete: []string{"logs:DeleteLogGroup"},
		onCreate: func(c *call) error {
			if !c.outputs.Has("logGroupClass") {
				c.outputs["logGroupClass"] = "STANDARD"
			}
			return nil
		},
		onDelete: func(c *call) error {
			if c.outputs.Flag("skipDestroy") {
				c.put(c.before.clone())
			}
			return nil
		},
	}}}
}
