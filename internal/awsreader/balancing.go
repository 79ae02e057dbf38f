package awsreader

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/portico-iac/portico/internal/doctor"
)

func (a *account) LoadBalancers(ctx context.Context) ([]doctor.LoadBalancer, error) {
	var balancers []doctor.LoadBalancer
	pages := elb.NewDescribeLoadBalancersPaginator(a.elb, &elb.DescribeLoadBalancersInput{})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return nil, a.failed("elasticloadbalancing:DescribeLoadBalancers", err)
		}
		for _, described := range out.LoadBalancers {
			balancer := doctor.LoadBalancer{
				ARN: aws.ToString(described.LoadBalancerArn), Name: aws.ToString(described.LoadBalancerName), DNSName: canonical(aws.ToString(described.DNSName)),
				Type: string(described.Type), VPCID: aws.ToString(described.VpcId), SecurityGroupIDs: described.SecurityGroups,
			}
			if described.State != nil {
				balancer.State = string(described.State.Code)
			}
			balancers = append(balancers, balancer)
		}
	}
	return balancers, nil
}

func (a *account) Listeners(ctx context.Context, loadBalancerARN string) ([]doctor.Listener, error) {
	var listeners []doctor.Listener
	pages := elb.NewDescribeListenersPaginator(a.elb, &elb.DescribeListenersInput{LoadBalancerArn: &loadBalancerARN})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return nil, a.failed("elasticloadbalancing:DescribeListeners", err)
		}
		for _, described := range out.Listeners {
			listener := doctor.Listener{
				ARN: aws.ToString(described.ListenerArn), Port: int(aws.ToInt32(described.Port)), Protocol: string(described.Protocol),
				TargetGroupARNs: targetsOf(described.DefaultActions),
			}
			for _, certificate := range described.Certificates {
				listener.CertificateARNs = append(listener.CertificateARNs, aws.ToString(certificate.CertificateArn))
			}
			if len(described.Certificates) > 0 {
				if err := a.furtherCertificates(ctx, &listener); err != nil {
					return nil, err
				}
			}
			listeners = append(listeners, listener)
		}
	}
	return listeners, nil
}

// furtherCertificates adds a listener's certificates beside its default one.
func (a *account) furtherCertificates(ctx context.Context, listener *doctor.Listener) error {
	in := &elb.DescribeListenerCertificatesInput{ListenerArn: &listener.ARN}
	for {
		out, err := a.elb.DescribeListenerCertificates(ctx, in)
		if err != nil {
			return a.failed("elasticloadbalancing:DescribeListenerCertificates", err)
		}
		for _, certificate := range out.Certificates {
			if arn := aws.ToString(certificate.CertificateArn); !slices.Contains(listener.CertificateARNs, arn) {
				listener.CertificateARNs = append(listener.CertificateARNs, arn)
			}
		}
		if aws.ToString(out.NextMarker) == "" {
			return nil
		}
		in.Marker = out.NextMarker
	}
}

// targetsOf are the target groups to which actions forward.
func targetsOf(actions []elbtypes.Action) []string {
	var arns []string
	add := func(arn *string) {
		if text := aws.ToString(arn); text != "" && !slices.Contains(arns, text) {
			arns = append(arns, text)
		}
	}
	for _, action := range actions {
		if action.Type != elbtypes.ActionTypeEnumForward {
			continue
		}
		add(action.TargetGroupArn)
		if action.ForwardConfig != nil {
			for _, group := range action.ForwardConfig.TargetGroups {
				add(group.TargetGroupArn)
			}
		}
	}
	return arns
}

func (a *account) Rules(ctx context.Context, listenerARN string) ([]doctor.Rule, error) {
	var all []doctor.Rule
	in := &elb.DescribeRulesInput{ListenerArn: &listenerARN}
	for {
		out, err := a.elb.DescribeRules(ctx, in)
		if err != nil {
			return nil, a.failed("elasticloadbalancing:DescribeRules", err)
		}
		for _, described := range out.Rules {
			priority, err := strconv.Atoi(aws.ToString(described.Priority))
			if err != nil {
				continue // the default rule
			}
			rule := doctor.Rule{ARN: aws.ToString(described.RuleArn), Priority: priority, TargetGroupARNs: targetsOf(described.Actions)}
			for _, condition := range described.Conditions {
				switch {
				case aws.ToString(condition.Field) != "host-header":
					rule.Narrowed = true
				case condition.HostHeaderConfig != nil:
					rule.Hosts = append(rule.Hosts, condition.HostHeaderConfig.Values...)
					rule.Narrowed = rule.Narrowed || len(condition.HostHeaderConfig.Values) == 0
				default:
					rule.Hosts = append(rule.Hosts, condition.Values...)
				}
			}
			all = append(all, rule)
		}
		if aws.ToString(out.NextMarker) == "" {
			break
		}
		in.Marker = out.NextMarker
	}
	slices.SortFunc(all, func(x, y doctor.Rule) int { return cmp.Compare(x.Priority, y.Priority) })
	return all, nil
}

func (a *account) BalancerQuotas(ctx context.Context) (map[string]int, error) {
	quotas := map[string]int{}
	in := &elb.DescribeAccountLimitsInput{}
	for {
		out, err := a.elb.DescribeAccountLimits(ctx, in)
		if err != nil {
			return nil, a.failed("elasticloadbalancing:DescribeAccountLimits", err)
		}
		for _, limit := range out.Limits {
			if most, err := strconv.Atoi(aws.ToString(limit.Max)); err == nil {
				quotas[aws.ToString(limit.Name)] = most
			}
		}
		if aws.ToString(out.NextMarker) == "" {
			return quotas, nil
		}
		in.Marker = out.NextMarker
	}
}

func (a *account) TargetGroup(ctx context.Context, arn string) (*doctor.TargetGroup, error) {
	out, err := a.elb.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{TargetGroupArns: []string{arn}})
	if err != nil {
		return nil, a.failed("elasticloadbalancing:DescribeTargetGroups", err)
	}
	for _, group := range out.TargetGroups {
		return &doctor.TargetGroup{ARN: arn, Name: aws.ToString(group.TargetGroupName), Protocol: string(group.Protocol), Port: int(aws.ToInt32(group.Port))}, nil
	}
	return nil, nil
}

func (a *account) Targets(ctx context.Context, targetGroupARN string) ([]doctor.Target, error) {
	out, err := a.elb.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: &targetGroupARN})
	if err != nil {
		return nil, a.failed("elasticloadbalancing:DescribeTargetHealth", err)
	}
	var targets []doctor.Target
	for _, described := range out.TargetHealthDescriptions {
		target := doctor.Target{Address: aws.ToString(described.Target.Id), Port: int(aws.ToInt32(described.Target.Port))}
		if health := described.TargetHealth; health != nil {
			target.State = string(health.State)
			target.Reason = strings.TrimSpace(string(health.Reason) + " " + aws.ToString(health.Description))
		}
		targets = append(targets, target)
	}
	return targets, nil
}

func (a *account) Service(ctx context.Context, cluster, name string) (*doctor.Service, error) {
	out, err := a.ecs.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &cluster, Services: []string{name}})
	if err != nil {
		return nil, a.failed("ecs:DescribeServices", err)
	}
	if len(out.Services) == 0 {
		return nil, nil
	}
	described := out.Services[0]
	service := &doctor.Service{
		ARN: aws.ToString(described.ServiceArn), Name: name, Status: aws.ToString(described.Status),
		Desired: int(described.DesiredCount), Running: int(described.RunningCount), Pending: int(described.PendingCount),
		TaskDefinitionARN: aws.ToString(described.TaskDefinition),
	}
	if network := described.NetworkConfiguration; network != nil && network.AwsvpcConfiguration != nil {
		service.SecurityGroupIDs = network.AwsvpcConfiguration.SecurityGroups
	}
	for _, binding := range described.LoadBalancers {
		service.TargetGroupARNs = append(service.TargetGroupARNs, aws.ToString(binding.TargetGroupArn))
		service.ContainerPort = int(aws.ToInt32(binding.ContainerPort))
	}
	failedTasks := int32(0)
	for _, deployment := range described.Deployments {
		if aws.ToString(deployment.Status) == "PRIMARY" {
			service.Rollout, service.RolloutReason = string(deployment.RolloutState), aws.ToString(deployment.RolloutStateReason)
			failedTasks = deployment.FailedTasks
		}
	}
	if service.Rollout != "FAILED" {
		service.RolloutReason = ""
	}
	if service.Running < service.Desired || service.Rollout == "FAILED" || failedTasks > 0 {
		service.Troubles, err = a.troubles(ctx, cluster, name)
	}
	return service, err
}

// replaced begins the reason of tasks that ECS stopped because nothing needs them.
const replaced = "Scaling activity initiated by"

// troubles are why ECS stopped the service's tasks lately, each once.
func (a *account) troubles(ctx context.Context, cluster, name string) ([]string, error) {
	listed, err := a.ecs.ListTasks(ctx, &ecs.ListTasksInput{Cluster: &cluster, ServiceName: &name, DesiredStatus: ecstypes.DesiredStatusStopped})
	if err != nil {
		return nil, a.failed("ecs:ListTasks", err)
	}
	if len(listed.TaskArns) == 0 {
		return nil, nil
	}
	out, err := a.ecs.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &cluster, Tasks: listed.TaskArns})
	if err != nil {
		return nil, a.failed("ecs:DescribeTasks", err)
	}
	var reasons []string
	for _, task := range out.Tasks {
		reason := aws.ToString(task.StoppedReason)
		for _, container := range task.Containers {
			if own := aws.ToString(container.Reason); own != "" && !strings.Contains(reason, own) {
				reason += ": " + own
			}
		}
		if reason != "" && !strings.HasPrefix(reason, replaced) && !slices.Contains(reasons, reason) {
			reasons = append(reasons, reason)
		}
	}
	return reasons, nil
}

func (a *account) Containers(ctx context.Context, taskDefinitionARN string) ([]doctor.Container, error) {
	out, err := a.ecs.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &taskDefinitionARN})
	if err != nil {
		return nil, a.failed("ecs:DescribeTaskDefinition", err)
	}
	var containers []doctor.Container
	for _, definition := range out.TaskDefinition.ContainerDefinitions {
		container := doctor.Container{Name: aws.ToString(definition.Name), Image: aws.ToString(definition.Image), Environment: map[string]string{}}
		for _, variable := range definition.Environment {
			container.Environment[aws.ToString(variable.Name)] = aws.ToString(variable.Value)
		}
		containers = append(containers, container)
	}
	return containers, nil
}
