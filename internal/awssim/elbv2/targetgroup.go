package elbv2

import (
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

func targetGroupSpec() *engine.Type {
	return &engine.Type{
		Token: view.TargetGroupType, Title: "ELBv2 Target Group", Args: lb.TargetGroupArgs{}, State: lb.TargetGroup{},
		ID: "{arn}", ARN: "arn:{partition}:elasticloadbalancing:{region}:{account}:targetgroup/{name}/{hex16}",
		// Lambda targets, which need none of the required ones, are not simulated.
		Properties: engine.Properties{
			"arnSuffix":                      {engine.Computed("{resource}")},
			"connectionTermination":          {ofNetworks},
			"deregistrationDelay":            {engine.Default(300.0), engine.Between(0, 3600)},
			"healthCheck.enabled":            {engine.Otherwise(true)},
			"healthCheck.healthyThreshold":   {engine.Between(2, 10), engine.Otherwise(3.0)},
			"healthCheck.interval":           {engine.Between(5, 300), engine.Otherwise(30.0)},
			"healthCheck.matcher":            {onHTTPChecks, engine.Pattern(`[2-5]\d\d(?:[-,][2-5]\d\d)*`, "status codes such as 200,403 or 200-299")},
			"healthCheck.path":               {onHTTPChecks, engine.Length(1, 1024), engine.Pattern(`/.*`, "a path that begins with /"), engine.OtherwiseWhen(engine.In("healthCheck", engine.Not(engine.Is("protocol", "TCP"))), "/")},
			"healthCheck.port":               {engine.Pattern(`traffic-port|\d{1,5}`, "a port or traffic-port"), engine.Otherwise("traffic-port")},
			"healthCheck.protocol":           {engine.OneOf("HTTP", "HTTPS", "TCP"), engine.OtherwiseWhen(application, "HTTP"), engine.Otherwise("TCP")},
			"healthCheck.timeout":            {engine.Between(2, 120), engine.Below("interval")},
			"healthCheck.unhealthyThreshold": {engine.Between(2, 10), engine.Otherwise(3.0)},
			"ipAddressType":                  {engine.ForceNew, engine.OneOf("ipv4", "ipv6"), engine.Otherwise("ipv4")},
			"loadBalancerArns":               {engine.Otherwise([]any{})},
			"loadBalancingAlgorithmType":     {ofApplications, engine.OneOf("round_robin", "least_outstanding_requests", "weighted_random")},
			"loadBalancingAnomalyMitigation": {engine.OneOf("on", "off")},
			"loadBalancingCrossZoneEnabled":  {engine.OneOf("true", "false", "use_load_balancer_configuration"), engine.Otherwise("use_load_balancer_configuration")},
			"name":                           {engine.Autonamed(32), engine.ForceNew, lbName},
			"namePrefix":                     {engine.ForceNew},
			"port":                           {engine.Required, engine.ForceNew, engine.Between(1, 65535)},
			"preserveClientIp":               {ofNetworks, engine.OneOf("true", "false"), engine.OtherwiseWhen(ownAddresses, "false"), engine.OtherwiseWhen(engine.Not(application), "true")},
			"protocol":                       {engine.Required, engine.ForceNew, engine.OneOf("HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP")},
			"protocolVersion":                {ofApplications, engine.ForceNew, engine.OneOf("GRPC", "HTTP1", "HTTP2"), engine.OtherwiseWhen(application, "HTTP1"), engine.Otherwise("")},
			"proxyProtocolV2":                {ofNetworks, engine.Default(false)},
			"slowStart":                      {engine.Default(0.0), slowStart, engine.OnlyWhen(engine.Not(engine.Is("loadBalancingAlgorithmType", "least_outstanding_requests", "weighted_random")), "the algorithm round_robin")},
			"stickiness.type":                {engine.OneOf("lb_cookie", "app_cookie", "source_ip", "source_ip_dest_ip", "source_ip_dest_ip_proto")},
			"targetType":                     {engine.ForceNew, engine.Default("instance"), engine.OneOf("instance", "ip", "alb")},
			"vpcId":                          {engine.Required, engine.ForceNew, engine.Refers{To: view.VPCType, Code: "ValidationError", Shared: true}},
		},

		Check:  targetGroupProblems,
		Unique: []string{"name"}, Conflict: "DuplicateTargetGroupName",
		Quota:  engine.Quota{Name: "Target groups per Region", Limit: 3000, Code: "TooManyTargetGroups"},
		Create: []string{"elasticloadbalancing:CreateTargetGroup", "elasticloadbalancing:ModifyTargetGroupAttributes", "elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetGroupAttributes", "elasticloadbalancing:AddTags"},
		Read:   []string{"elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetGroupAttributes", "elasticloadbalancing:DescribeTags"},
		Update: []string{"elasticloadbalancing:ModifyTargetGroup", "elasticloadbalancing:ModifyTargetGroupAttributes", "elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"},
		Delete: []string{"elasticloadbalancing:DeleteTargetGroup"},
		When: map[string][]string{
			"elasticloadbalancing:ModifyTargetGroup":           {"healthCheck"},
			"elasticloadbalancing:ModifyTargetGroupAttributes": {"deregistrationDelay", "loadBalancingAlgorithmType", "preserveClientIp", "proxyProtocolV2", "slowStart", "stickiness"},
		},
	}
}

var slowStart = engine.Never(func(v any) bool { seconds, _ := v.(float64); return seconds != 0 && (seconds < 30 || seconds > 900) }, "is neither 0 nor between 30 and 900")

// application is when a target group belongs to application load balancers.
var (
	application = engine.Is("protocol", "HTTP", "HTTPS")
	// ownAddresses is when targets get the load balancer's addresses unless
	// the program says otherwise.
	ownAddresses = engine.Both(engine.Is("targetType", "ip"), engine.Is("protocol", "TCP", "TLS"))

	ofApplications = engine.OnlyWhen(application, "target groups of application load balancers (HTTP, HTTPS)")
	ofNetworks     = engine.OnlyWhen(engine.Not(application), "target groups of network load balancers (TCP, TLS, UDP)")
	onHTTPChecks   = engine.OnlyWhen(engine.Not(engine.Is("protocol", "TCP")), "HTTP and HTTPS health checks")
)

func targetGroupProblems(inputs engine.Object) []engine.Problem {
	var problems []engine.Problem
	if slices.Contains(protocols["application"], inputs.Text("protocol")) && inputs.Object("healthCheck").Text("protocol") == "TCP" {
		problems = append(problems, engine.Problem{Property: "healthCheck.protocol", Reason: "is TCP, which application load balancers don't check by"})
	}
	if slices.Contains([]string{"UDP", "TCP_UDP"}, inputs.Text("protocol")) && inputs.Text("preserveClientIp") == "false" {
		problems = append(problems, engine.Problem{Property: "preserveClientIp", Reason: "is false, and client IP preservation can't be disabled for UDP"})
	}
	return problems
}
