package awssim

import (
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
)

func targetGroupSpec() *typeSpec {
	return &typeSpec{
		token: targetGroupType, title: "ELBv2 Target Group", args: lb.TargetGroupArgs{}, state: lb.TargetGroup{},
		id: "{arn}", arn: "arn:{partition}:elasticloadbalancing:{region}:{account}:targetgroup/{name}/{hash16}",
		autoname: "name", autonameMax: 32,
		defaults:  Object{"targetType": "instance", "deregistrationDelay": 300.0, "slowStart": 0.0, "proxyProtocolV2": false},
		required:  []string{"port", "protocol", "vpcId"}, // Lambda targets are not simulated
		immutable: []string{"ipAddressType", "name", "namePrefix", "port", "protocol", "protocolVersion", "targetType", "vpcId"},
		rules: map[string][]rule{
			"name":                           lbName,
			"port":                           {between(1, 65535)},
			"protocol":                       {oneOf("HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP")},
			"protocolVersion":                {oneOf("GRPC", "HTTP1", "HTTP2")},
			"targetType":                     {oneOf("instance", "ip", "alb")},
			"ipAddressType":                  {oneOf("ipv4", "ipv6")},
			"deregistrationDelay":            {between(0, 3600)},
			"preserveClientIp":               {oneOf("true", "false")},
			"loadBalancingCrossZoneEnabled":  {oneOf("true", "false", "use_load_balancer_configuration")},
			"loadBalancingAlgorithmType":     {oneOf("round_robin", "least_outstanding_requests", "weighted_random")},
			"loadBalancingAnomalyMitigation": {oneOf("on", "off")},
			"slowStart":                      {slowStart},
			"stickiness.type":                {oneOf("lb_cookie", "app_cookie", "source_ip", "source_ip_dest_ip", "source_ip_dest_ip_proto")},
			"healthCheck.healthyThreshold":   {between(2, 10)},
			"healthCheck.unhealthyThreshold": {between(2, 10)},
			"healthCheck.interval":           {between(5, 300)},
			"healthCheck.timeout":            {between(2, 120)},
			"healthCheck.protocol":           {oneOf("HTTP", "HTTPS", "TCP")},
			"healthCheck.path":               {length(1, 1024), pattern(`/.*`, "a path that begins with /")},
			"healthCheck.port":               {pattern(`traffic-port|\d{1,5}`, "a port or traffic-port")},
			"healthCheck.matcher":            {pattern(`[2-5]\d\d(?:[-,][2-5]\d\d)*`, "status codes such as 200,403 or 200-299")},
		},
		check:  targetGroupProblems,
		refs:   []ref{{at: "vpcId", to: vpcType, code: "ValidationError"}},
		unique: []string{"name"}, conflict: "DuplicateTargetGroupName",
		quota:  quota{name: "Target groups per Region", limit: 3000, code: "TooManyTargetGroups"},
		create: []string{"elasticloadbalancing:CreateTargetGroup", "elasticloadbalancing:ModifyTargetGroupAttributes", "elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetGroupAttributes", "elasticloadbalancing:AddTags"},
		read:   []string{"elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetGroupAttributes", "elasticloadbalancing:DescribeTags"},
		update: []string{"elasticloadbalancing:ModifyTargetGroup", "elasticloadbalancing:ModifyTargetGroupAttributes", "elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"},
		delete: []string{"elasticloadbalancing:DeleteTargetGroup"},

		onCreate: placeTargetGroup, onUpdate: placeTargetGroup,
	}
}

func slowStart(v any) string {
	if seconds, _ := v.(float64); seconds != 0 && (seconds < 30 || seconds > 900) {
		return "is neither 0 nor between 30 and 900"
	}
	return ""
}

func targetGroupProblems(inputs Object) []problem {
	if !inputs.Known("protocol") {
		return nil
	}
	var problems []problem
	isApplication := slices.Contains(protocols["application"], inputs.Text("protocol"))
	networkOnly := []string{"connectionTermination", "preserveClientIp"}
	applicationOnly := []string{"loadBalancingAlgorithmType", "protocolVersion"}
	for _, name := range networkOnly {
		if isApplication && inputs.Has(name) {
			problems = append(problems, problem{name, "belongs to target groups of network load balancers (TCP, TLS, UDP)"})
		}
	}
	for _, name := range applicationOnly {
		if !isApplication && inputs.Has(name) {
			problems = append(problems, problem{name, "belongs to target groups of application load balancers (HTTP, HTTPS)"})
		}
	}
	if algorithm := inputs.Text("loadBalancingAlgorithmType"); inputs.Number("slowStart") > 0 && algorithm != "" && algorithm != "round_robin" {
		problems = append(problems, problem{"slowStart", "goes with round_robin only, not with " + algorithm})
	}
	check := inputs.Object("healthCheck")
	if check.Number("timeout") > 0 && check.Number("interval") > 0 && check.Number("timeout") >= check.Number("interval") {
		problems = append(problems, problem{"healthCheck.timeout", "must be smaller than the interval"})
	}
	if check.Text("protocol") == "TCP" && (check.Has("path") || check.Has("matcher")) {
		problems = append(problems, problem{"healthCheck.path", "path and matcher belong to HTTP and HTTPS health checks"})
	}
	if isApplication && check.Text("protocol") == "TCP" {
		problems = append(problems, problem{"healthCheck.protocol", "is TCP, which application load balancers don't check by"})
	}
	return problems
}

func placeTargetGroup(c *call) error {
	c.outputs["arnSuffix"] = c.arnSuffix("")
	protocol := c.inputs.Text("protocol")
	checkProtocol, version := "TCP", ""
	if slices.Contains(protocols["application"], protocol) {
		checkProtocol, version = "HTTP", "HTTP1"
	}
	for name, value := range (Object{"ipAddressType": "ipv4", "protocolVersion": version, "loadBalancingCrossZoneEnabled": "use_load_balancer_configuration", "loadBalancerArns": list()}) {
		if c.outputs[name] == nil {
			c.outputs[name] = value
		}
	}
	if c.outputs["healthCheck"] == nil {
		c.outputs["healthCheck"] = map[string]any{}
	}
	check := asObject(c.outputs["healthCheck"]).Clone()
	for name, value := range (Object{"enabled": true, "healthyThreshold": 3.0, "unhealthyThreshold": 3.0, "interval": 30.0, "port": "traffic-port", "protocol": checkProtocol}) {
		if check[name] == nil {
			check[name] = value
		}
	}
	if check.Text("protocol") != "TCP" && check["path"] == nil {
		check["path"] = "/"
	}
	c.outputs["healthCheck"] = map[string]any(check)
	return nil
}
