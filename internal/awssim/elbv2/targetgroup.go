package elbv2

import (
	"slices"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
)

func targetGroupSpec() *engine.Type {
	return &engine.Type{
		Token: view.TargetGroupType, Title: "ELBv2 Target Group", Args: lb.TargetGroupArgs{}, State: lb.TargetGroup{},
		ID: "{arn}", ARN: "arn:{partition}:elasticloadbalancing:{region}:{account}:targetgroup/{name}/{hash16}",
		Autoname: "name", AutonameMax: 32,
		Defaults:  engine.Object{"targetType": "instance", "deregistrationDelay": 300.0, "slowStart": 0.0, "proxyProtocolV2": false},
		Required:  []string{"port", "protocol", "vpcId"}, // Lambda targets are not simulated
		Immutable: []string{"ipAddressType", "name", "namePrefix", "port", "protocol", "protocolVersion", "targetType", "vpcId"},
		Rules: map[string][]engine.Rule{
			"name":                           lbName,
			"port":                           {engine.Between(1, 65535)},
			"protocol":                       {engine.OneOf("HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP")},
			"protocolVersion":                {engine.OneOf("GRPC", "HTTP1", "HTTP2")},
			"targetType":                     {engine.OneOf("instance", "ip", "alb")},
			"ipAddressType":                  {engine.OneOf("ipv4", "ipv6")},
			"deregistrationDelay":            {engine.Between(0, 3600)},
			"preserveClientIp":               {engine.OneOf("true", "false")},
			"loadBalancingCrossZoneEnabled":  {engine.OneOf("true", "false", "use_load_balancer_configuration")},
			"loadBalancingAlgorithmType":     {engine.OneOf("round_robin", "least_outstanding_requests", "weighted_random")},
			"loadBalancingAnomalyMitigation": {engine.OneOf("on", "off")},
			"slowStart":                      {slowStart},
			"stickiness.type":                {engine.OneOf("lb_cookie", "app_cookie", "source_ip", "source_ip_dest_ip", "source_ip_dest_ip_proto")},
			"healthCheck.healthyThreshold":   {engine.Between(2, 10)},
			"healthCheck.unhealthyThreshold": {engine.Between(2, 10)},
			"healthCheck.interval":           {engine.Between(5, 300)},
			"healthCheck.timeout":            {engine.Between(2, 120)},
			"healthCheck.protocol":           {engine.OneOf("HTTP", "HTTPS", "TCP")},
			"healthCheck.path":               {engine.Length(1, 1024), engine.Pattern(`/.*`, "a path that begins with /")},
			"healthCheck.port":               {engine.Pattern(`traffic-port|\d{1,5}`, "a port or traffic-port")},
			"healthCheck.matcher":            {engine.Pattern(`[2-5]\d\d(?:[-,][2-5]\d\d)*`, "status codes such as 200,403 or 200-299")},
		},
		Check:  targetGroupProblems,
		Refs:   []engine.Ref{{At: "vpcId", To: view.VPCType, Code: "ValidationError"}},
		Unique: []string{"name"}, Conflict: "DuplicateTargetGroupName",
		Quota:  engine.Quota{Name: "Target groups per Region", Limit: 3000, Code: "TooManyTargetGroups"},
		Create: []string{"elasticloadbalancing:CreateTargetGroup", "elasticloadbalancing:ModifyTargetGroupAttributes", "elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetGroupAttributes", "elasticloadbalancing:AddTags"},
		Read:   []string{"elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetGroupAttributes", "elasticloadbalancing:DescribeTags"},
		Update: []string{"elasticloadbalancing:ModifyTargetGroup", "elasticloadbalancing:ModifyTargetGroupAttributes", "elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"},
		Delete: []string{"elasticloadbalancing:DeleteTargetGroup"},

		OnCreate: placeTargetGroup, OnUpdate: placeTargetGroup,
	}
}

func slowStart(v any) string {
	if seconds, _ := v.(float64); seconds != 0 && (seconds < 30 || seconds > 900) {
		return "is neither 0 nor between 30 and 900"
	}
	return ""
}

func targetGroupProblems(inputs engine.Object) []engine.Problem {
	if !inputs.Known("protocol") {
		return nil
	}
	var problems []engine.Problem
	isApplication := slices.Contains(protocols["application"], inputs.Text("protocol"))
	networkOnly := []string{"connectionTermination", "preserveClientIp"}
	applicationOnly := []string{"loadBalancingAlgorithmType", "protocolVersion"}
	for _, name := range networkOnly {
		if isApplication && inputs.Has(name) {
			problems = append(problems, engine.Problem{Property: name, Reason: "belongs to target groups of network load balancers (TCP, TLS, UDP)"})
		}
	}
	for _, name := range applicationOnly {
		if !isApplication && inputs.Has(name) {
			problems = append(problems, engine.Problem{Property: name, Reason: "belongs to target groups of application load balancers (HTTP, HTTPS)"})
		}
	}
	if algorithm := inputs.Text("loadBalancingAlgorithmType"); inputs.Number("slowStart") > 0 && algorithm != "" && algorithm != "round_robin" {
		problems = append(problems, engine.Problem{Property: "slowStart", Reason: "goes with round_robin only, not with " + algorithm})
	}
	check := inputs.Object("healthCheck")
	if check.Number("timeout") > 0 && check.Number("interval") > 0 && check.Number("timeout") >= check.Number("interval") {
		problems = append(problems, engine.Problem{Property: "healthCheck.timeout", Reason: "must be smaller than the interval"})
	}
	if check.Text("protocol") == "TCP" && (check.Has("path") || check.Has("matcher")) {
		problems = append(problems, engine.Problem{Property: "healthCheck.path", Reason: "path and matcher belong to HTTP and HTTPS health checks"})
	}
	if isApplication && check.Text("protocol") == "TCP" {
		problems = append(problems, engine.Problem{Property: "healthCheck.protocol", Reason: "is TCP, which application load balancers don't check by"})
	}
	return problems
}

func placeTargetGroup(op *engine.Op) error {
	op.Outputs["arnSuffix"] = arnSuffix(op, "")
	protocol := op.Inputs.Text("protocol")
	checkProtocol, version := "TCP", ""
	if slices.Contains(protocols["application"], protocol) {
		checkProtocol, version = "HTTP", "HTTP1"
	}
	for name, value := range (engine.Object{"ipAddressType": "ipv4", "protocolVersion": version, "loadBalancingCrossZoneEnabled": "use_load_balancer_configuration", "loadBalancerArns": engine.List()}) {
		if op.Outputs[name] == nil {
			op.Outputs[name] = value
		}
	}
	if op.Outputs["healthCheck"] == nil {
		op.Outputs["healthCheck"] = map[string]any{}
	}
	check := engine.AsObject(op.Outputs["healthCheck"]).Clone()
	for name, value := range (engine.Object{"enabled": true, "healthyThreshold": 3.0, "unhealthyThreshold": 3.0, "interval": 30.0, "port": "traffic-port", "protocol": checkProtocol}) {
		if check[name] == nil {
			check[name] = value
		}
	}
	if check.Text("protocol") != "TCP" && check["path"] == nil {
		check["path"] = "/"
	}
	op.Outputs["healthCheck"] = map[string]any(check)
	return nil
}
