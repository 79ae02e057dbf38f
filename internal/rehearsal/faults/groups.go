package faults

import (
	"slices"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
	"github.com/portico-iac/portico/internal/doctor"
	"github.com/portico-iac/portico/mapping"
)

var groupFaults = []Fault{
	{Name: "balancer-ingress-gone", Breaks: "removes the ingress rules of the load balancer's security group", FrontDoor: mapping.FrontDoorNGINX, Cause: doctor.StepSecurityGroups,
		inject: func(s *scene) error { return s.removeRules(view.IngressRuleType, (*scene).balancerGroups) }},
	{Name: "balancer-egress-gone", Breaks: "removes the egress rules of the load balancer's security group", FrontDoor: mapping.FrontDoorNGINX, Alarms: []string{tooFewTargets, unhealthyTargets}, Cause: doctor.StepSecurityGroups,
		inject: func(s *scene) error { return s.removeRules(view.EgressRuleType, (*scene).balancerGroups) }},
	{Name: "tasks-ingress-gone", Breaks: "removes the ingress rules of the tasks' security group", FrontDoor: mapping.FrontDoorNGINX, Alarms: []string{tooFewTargets, unhealthyTargets}, Cause: doctor.StepSecurityGroups,
		inject: func(s *scene) error { return s.removeRules(view.IngressRuleType, (*scene).taskGroups) }},
	{Name: "tasks-egress-gone", Breaks: "removes the egress rules of the tasks' security group", FrontDoor: mapping.FrontDoorNGINX, Alarms: []string{logDelivery}, Cause: doctor.StepSecurityGroups,
		inject: func(s *scene) error { return s.removeRules(view.EgressRuleType, (*scene).taskGroups) }},
	{Name: "endpoint-ingress-gone", Breaks: "removes the ingress rules of the endpoint's security group", FrontDoor: mapping.FrontDoorNGINX, Alarms: []string{proxyErrors}, Cause: doctor.StepSecurityGroups,
		inject: func(s *scene) error { return s.removeRules(view.IngressRuleType, (*scene).endpointGroups) }},
	{Name: "alb-endpoint-ingress-gone", Breaks: "removes the ingress rules of the security group of alb's endpoint", FrontDoor: mapping.FrontDoorALB, Cause: doctor.StepSecurityGroups,
		inject: func(s *scene) error { return s.removeRules(view.IngressRuleType, (*scene).endpointGroups) }},
	{Name: "native-endpoint-ingress-gone", Breaks: "removes the ingress rules of the security group of native's endpoint", FrontDoor: mapping.FrontDoorNative, Cause: doctor.StepSecurityGroups,
		inject: func(s *scene) error { return s.removeRules(view.IngressRuleType, (*scene).endpointGroups) }},
}

// removeRules removes the rules of security groups.
func (s *scene) removeRules(token string, of func(*scene, *engine.Op) []string) error {
	return s.shared(func(op *engine.Op) error {
		groups := of(s, op)
		return remove(op, token, func(r *engine.Resource) bool { return slices.Contains(groups, r.Properties.Text("securityGroupId")) })
	})
}

func (s *scene) balancerGroups(op *engine.Op) []string {
	listener := s.listener(op)
	if listener == nil {
		return nil
	}
	return op.FindBy(view.LoadBalancerType, "arn", listener.Properties.Text("loadBalancerArn")).Properties.Texts("securityGroups")
}

func (s *scene) taskGroups(op *engine.Op) []string {
	service := op.FindBy(view.ECSServiceType, "name", s.Shared.Service)
	if service == nil {
		return nil
	}
	return service.Properties.Object("networkConfiguration").Texts("securityGroups")
}

func (s *scene) endpointGroups(op *engine.Op) []string {
	endpoint := op.Find(view.VPCEndpointType, s.Shared.Endpoints[s.row.FrontDoor])
	if endpoint == nil {
		return nil
	}
	return endpoint.Properties.Texts("securityGroupIds")
}
