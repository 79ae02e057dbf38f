package accountreader

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/awssim/view"
	"github.com/portico-iac/portico/internal/doctor"
)

func (a *account) LoadBalancers(context.Context) ([]doctor.LoadBalancer, error) {
	var balancers []doctor.LoadBalancer
	for _, described := range view.All[view.LoadBalancer](a.simulator, a.here()) {
		balancers = append(balancers, doctor.LoadBalancer{
			ARN: described.ARN, Name: described.Name, DNSName: view.CanonicalName(described.DNSName), Type: described.Type, State: "active",
			VPCID: described.VPCID, SecurityGroupIDs: described.SecurityGroupIDs,
		})
	}
	return balancers, nil
}

func (a *account) Listeners(_ context.Context, loadBalancerARN string) ([]doctor.Listener, error) {
	further := view.All[view.ListenerCertificate](a.simulator, a.here())
	var listeners []doctor.Listener
	for _, r := range a.resources(view.ListenerType) {
		described := view.Of[view.Listener](&r)
		if described.LoadBalancerARN != loadBalancerARN {
			continue
		}
		listener := doctor.Listener{ARN: described.ARN, Port: int(described.Port), Protocol: described.Protocol, TargetGroupARNs: view.TargetsOf(r.Properties)}
		if described.CertificateARN != "" {
			listener.CertificateARNs = []string{described.CertificateARN}
		}
		for _, one := range further {
			if one.ListenerARN == described.ARN {
				listener.CertificateARNs = append(listener.CertificateARNs, one.CertificateARN)
			}
		}
		listeners = append(listeners, listener)
	}
	return listeners, nil
}

func (a *account) Rules(_ context.Context, listenerARN string) ([]doctor.Rule, error) {
	var rules []doctor.Rule
	for _, r := range a.resources(view.ListenerRuleType) {
		described := view.Of[view.ListenerRule](&r)
		if described.ListenerARN != listenerARN {
			continue
		}
		rule := doctor.Rule{ARN: described.ARN, Priority: described.Priority, Hosts: view.HostsOf(r.Properties), TargetGroupARNs: view.TargetsOf(r.Properties)}
		for _, condition := range described.Conditions {
			rule.Narrowed = rule.Narrowed || condition.HostHeader == nil
		}
		rules = append(rules, rule)
	}
	slices.SortFunc(rules, func(x, y doctor.Rule) int { return x.Priority - y.Priority })
	return rules, nil
}

// BalancerQuotas are AWS's defaults, or what the setup has in their place.
func (a *account) BalancerQuotas(context.Context) (map[string]int, error) {
	quotas := map[string]int{"certificates-per-application-load-balancer": 25, "certificates-per-network-load-balancer": 25, "rules-per-application-load-balancer": 100}
	for title, names := range map[string][]string{
		"Certificates per load balancer":      {"certificates-per-application-load-balancer", "certificates-per-network-load-balancer"},
		"Rules per Application Load Balancer": {"rules-per-application-load-balancer"},
	} {
		if own, set := a.simulator.Setup.Quotas[title]; set {
			for _, name := range names {
				quotas[name] = own
			}
		}
	}
	return quotas, nil
}

func (a *account) TargetGroup(_ context.Context, arn string) (*doctor.TargetGroup, error) {
	group := a.targetGroup(arn)
	if group == nil {
		return nil, nil
	}
	return &doctor.TargetGroup{ARN: arn, Name: group.Name, Protocol: group.Protocol, Port: int(group.Port)}, nil
}

func (a *account) targetGroup(arn string) *view.TargetGroup {
	for _, group := range view.All[view.TargetGroup](a.simulator, a.here()) {
		if group.ARN == arn {
			return &group
		}
	}
	return nil
}

// Targets are what was registered by hand, whose health the simulator knows, and the
// tasks of services.
func (a *account) Targets(_ context.Context, targetGroupARN string) ([]doctor.Target, error) {
	group := a.targetGroup(targetGroupARN)
	if group == nil {
		return nil, nil
	}
	var targets []doctor.Target
	for _, health := range a.simulator.TargetHealth(a.id, a.region) {
		if health.TargetGroupARN == targetGroupARN {
			targets = append(targets, target(health.Address.String(), health.Port, health.Unhealthy))
		}
	}
	services, err := a.simulator.Services(a.id, a.region)
	if err != nil {
		return nil, err
	}
	for _, service := range services {
		for _, binding := range service.Targets {
			if binding.TargetGroupARN != targetGroupARN {
				continue
			}
			for _, task := range service.Tasks {
				targets = append(targets, target(task.Address.String(), binding.ContainerPort, a.taskFails(*group, task, binding.ContainerPort)))
			}
		}
	}
	return targets, nil
}

func target(address string, port int, unhealthy string) doctor.Target {
	t := doctor.Target{Address: address, Port: port, State: "healthy"}
	if unhealthy != "" {
		t.State, t.Reason = "unhealthy", unhealthy
	}
	return t
}

// taskFails is why a task of the proxy doesn't pass the health checks of its target
// group; empty: it does. The proxy speaks TLS and answers 200 at /healthz alone.
func (a *account) taskFails(group view.TargetGroup, task awssim.TaskInterface, port int) string {
	check := group.HealthCheck
	if checked, err := strconv.Atoi(check.Port); err == nil && checked != port {
		return fmt.Sprintf("Target.Timeout: nothing listens on port %d", checked)
	}
	switch {
	case check.Protocol == "HTTP":
		return "Target.ResponseCodeMismatch: Health checks failed with these codes: [400]"
	case check.Protocol == "HTTPS" && check.Path != "/healthz":
		return "Target.ResponseCodeMismatch: Health checks failed with these codes: [404]"
	}
	network := a.simulator.Network(a.id, a.region)
	to := awssim.Endpoint{Name: "task", SubnetID: task.SubnetID, Groups: task.SecurityGroupIDs, Address: task.Address}
	for _, balancer := range view.All[view.LoadBalancer](a.simulator, a.here()) {
		if !a.forwards(balancer.ARN, group.ARN) || len(balancer.SecurityGroupIDs) == 0 {
			continue
		}
		for _, one := range a.interfaces(balancer.ID) {
			from := awssim.Endpoint{Name: "load balancer", SubnetID: one.SubnetID, Groups: balancer.SecurityGroupIDs, Address: one.PrivateIP}
			if network.Admits(from, to, port) != nil {
				return "Target.Timeout: Request timed out"
			}
		}
	}
	return ""
}

// forwards reports whether a listener or a rule of a load balancer forwards to a
// target group.
func (a *account) forwards(loadBalancerARN, groupARN string) bool {
	for _, listener := range a.resources(view.ListenerType) {
		if listener.Properties.Text("loadBalancerArn") != loadBalancerARN {
			continue
		}
		if slices.Contains(view.TargetsOf(listener.Properties), groupARN) {
			return true
		}
		for _, rule := range a.resources(view.ListenerRuleType) {
			if rule.Properties.Text("listenerArn") == listener.ARN && slices.Contains(view.TargetsOf(rule.Properties), groupARN) {
				return true
			}
		}
	}
	return false
}

func (a *account) Service(_ context.Context, cluster, name string) (*doctor.Service, error) {
	services, err := a.simulator.Services(a.id, a.region)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(services, func(s awssim.RunningService) bool { return s.Name == name })
	if i < 0 {
		return nil, nil
	}
	running := services[i]
	p := a.find(view.ECSServiceType, running.ARN).Properties
	service := &doctor.Service{
		ARN: running.ARN, Name: name, Status: "ACTIVE", Desired: p.Number("desiredCount"), Running: len(running.Tasks),
		TaskDefinitionARN: running.TaskDefinitionARN, Rollout: "COMPLETED", Troubles: running.Events,
		SecurityGroupIDs: p.Object("networkConfiguration").Texts("securityGroups"),
	}
	if len(running.Events) > 0 {
		service.Rollout = "FAILED"
	}
	for _, binding := range running.Targets {
		service.TargetGroupARNs = append(service.TargetGroupARNs, binding.TargetGroupARN)
		service.ContainerPort = binding.ContainerPort
	}
	return service, nil
}

func (a *account) Containers(_ context.Context, taskDefinitionARN string) ([]doctor.Container, error) {
	services, err := a.simulator.Services(a.id, a.region)
	if err != nil {
		return nil, err
	}
	var containers []doctor.Container
	for _, service := range services {
		if service.TaskDefinitionARN == taskDefinitionARN {
			for _, c := range service.Containers {
				containers = append(containers, doctor.Container{Name: c.Name, Image: c.Image, Environment: c.Environment})
			}
		}
	}
	return containers, nil
}
