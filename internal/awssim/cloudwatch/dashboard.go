package cloudwatch

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"

	"github.com/portico-iac/portico/internal/awssim/dashboardbody"
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// dashboard belongs to the account: "All dashboards in your account are global, not
// region-specific". One of a name is replaced by another of the name.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
//
// The provider reads and writes no tags of dashboards, and waits for nothing:
// https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/cloudwatch/dashboard.go
func dashboard() *engine.Type {
	return &engine.Type{
		Token: view.DashboardType, Title: "CloudWatch Dashboard", Args: cloudwatch.DashboardArgs{}, State: cloudwatch.Dashboard{},
		Global: true,
		ID:     "{dashboardName}", ARN: "arn:{partition}:cloudwatch::{account}:dashboard/{dashboardName}",
		Upserts: engine.Always,
		Properties: engine.Properties{
			"dashboardArn":  {engine.Computed("arn:{partition}:cloudwatch::{account}:dashboard/{dashboardName}")},
			"dashboardBody": {engine.Required, engine.JSON, engine.Value(dashboardBody)},
			"dashboardName": {engine.Required, engine.ForceNew, engine.Pattern(`[A-Za-z0-9_-]{1,255}`, "1 to 255 letters, digits, - and _")},
		},

		Create: []string{"cloudwatch:PutDashboard", "cloudwatch:GetDashboard"},
		Read:   []string{"cloudwatch:GetDashboard"},
		Update: []string{"cloudwatch:PutDashboard", "cloudwatch:GetDashboard"},
		Delete: []string{"cloudwatch:DeleteDashboards"},
	}
}

func dashboardBody(v any) string {
	text, _ := v.(string)
	return strings.Join(dashboardbody.Problems(text), "; ")
}
