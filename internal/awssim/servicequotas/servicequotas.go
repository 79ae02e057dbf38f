package servicequotas

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/servicequotas"

	"github.com/portico-iac/portico/internal/awssim/engine"
)

// Service answers for the quotas in known.
func Service() engine.Service {
	return engine.Service{
		// https://docs.aws.amazon.com/service-authorization/latest/reference/list_servicequotas.html
		Authorization: engine.Authorization{"servicequotas:GetServiceQuota": engine.NoResource, "servicequotas:GetAWSDefaultServiceQuota": engine.NoResource},
		Functions: []*engine.Function{{
			Token: "aws:servicequotas/getServiceQuota:getServiceQuota",
			Args:  servicequotas.LookupServiceQuotaArgs{}, Result: servicequotas.LookupServiceQuotaResult{},
			// internal/service/servicequotas/service_quota_data_source.go reads both.
			Actions: []string{"servicequotas:GetAWSDefaultServiceQuota", "servicequotas:GetServiceQuota"},
			Run:     quota,
		}},
	}
}

// known are quotas by their service and code: AWS's name of each, the name by which the
// simulated service holds it, and AWS's default.
var known = map[[2]string]struct {
	title, name string
	limit       int
}{
	{"vpc", "L-F678F1CE"}:                  {"VPCs per Region", "VPCs per Region", 5},
	{"elasticloadbalancing", "L-53DA6B97"}: {"Application Load Balancers per Region", "Application or Network Load Balancers per Region", 50},
	{"elasticloadbalancing", "L-69A177A2"}: {"Network Load Balancers per Region", "Application or Network Load Balancers per Region", 50},
}

func quota(op *engine.Op) (engine.Object, error) {
	service, code := op.Inputs.Text("serviceCode"), op.Inputs.Text("quotaCode")
	found, ok := known[[2]string{service, code}]
	if !ok {
		return nil, op.Refuse("NoSuchResourceException", "The request failed because the specified service quota %s of %s does not exist", code, service)
	}
	return engine.Object{
		"id": code, "quotaCode": code, "serviceCode": service, "quotaName": found.title, "adjustable": true, "globalQuota": false,
		"defaultValue": float64(found.limit), "value": float64(op.Limit(found.name, found.limit)), "usageMetrics": []any{},
	}, nil
}
