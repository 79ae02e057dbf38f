package fidelity

// reading is the call that shows a resource, and where it shows the inputs.
type reading struct {
	operation string
	members   map[string]string // of inputs, as a translation's
	constant  map[string]any
	shows     map[string]string // the inputs' paths, and the answer's
}

// asked are the lists in which Moto shows more than was asked for, with the member
// that has to equal an input: it takes no notice of PolicyNames.
var asked = map[string]struct{ list, member, input string }{
	"aws:appautoscaling/policy:Policy": {"ScalingPolicies", "PolicyName", "name"},
}

// readings are what is read back of each type.
var readings = map[string]reading{
	"aws:ec2/vpc:Vpc": {"ec2.DescribeVpcs", nil, map[string]any{"VpcIds[0]": "{id}"}, map[string]string{"cidrBlock": "Vpcs[0].CidrBlock"}},
	"aws:ec2/subnet:Subnet": {"ec2.DescribeSubnets", nil, map[string]any{"SubnetIds[0]": "{id}"}, map[string]string{
		"cidrBlock": "Subnets[0].CidrBlock", "availabilityZone": "Subnets[0].AvailabilityZone", "vpcId": "Subnets[0].VpcId", "mapPublicIpOnLaunch": "Subnets[0].MapPublicIpOnLaunch"}},
	"aws:ec2/routeTable:RouteTable": {"ec2.DescribeRouteTables", nil, map[string]any{"RouteTableIds[0]": "{id}"}, map[string]string{"vpcId": "RouteTables[0].VpcId"}},
	"aws:ec2/flowLog:FlowLog": {"ec2.DescribeFlowLogs", nil, map[string]any{"FlowLogIds[0]": "{id}"}, map[string]string{
		"vpcId": "FlowLogs[0].ResourceId", "trafficType": "FlowLogs[0].TrafficType", "iamRoleArn": "FlowLogs[0].DeliverLogsPermissionArn",
		"maxAggregationInterval": "FlowLogs[0].MaxAggregationInterval"}},
	"aws:ec2/internetGateway:InternetGateway": {"ec2.DescribeInternetGateways", nil, map[string]any{"InternetGatewayIds[0]": "{id}"}, map[string]string{
		"vpcId": "InternetGateways[0].Attachments[0].VpcId"}},
	"aws:ec2/securityGroup:SecurityGroup": {"ec2.DescribeSecurityGroups", nil, map[string]any{"GroupIds[0]": "{id}"}, map[string]string{
		"name": "SecurityGroups[0].GroupName", "description": "SecurityGroups[0].Description", "vpcId": "SecurityGroups[0].VpcId"}},
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": securityGroupReading,
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":   securityGroupReading,
	"aws:ec2/vpcEndpoint:VpcEndpoint": {"ec2.DescribeVpcEndpoints", nil, map[string]any{"VpcEndpointIds[0]": "{id}"}, map[string]string{
		"vpcId": "VpcEndpoints[0].VpcId", "serviceName": "VpcEndpoints[0].ServiceName", "vpcEndpointType": "VpcEndpoints[0].VpcEndpointType",
		"subnetIds[]": "VpcEndpoints[0].SubnetIds[]", "routeTableIds[]": "VpcEndpoints[0].RouteTableIds[]"}},

	"aws:lb/loadBalancer:LoadBalancer": {"elbv2.DescribeLoadBalancers", nil, map[string]any{"LoadBalancerArns[0]": "{arn}"}, map[string]string{
		"name": "LoadBalancers[0].LoadBalancerName", "loadBalancerType": "LoadBalancers[0].Type", "subnets[]": "LoadBalancers[0].AvailabilityZones[].SubnetId",
		"securityGroups[]": "LoadBalancers[0].SecurityGroups[]"}},
	"aws:lb/targetGroup:TargetGroup": {"elbv2.DescribeTargetGroups", nil, map[string]any{"TargetGroupArns[0]": "{arn}"}, map[string]string{
		"name": "TargetGroups[0].TargetGroupName", "port": "TargetGroups[0].Port", "protocol": "TargetGroups[0].Protocol", "vpcId": "TargetGroups[0].VpcId", "targetType": "TargetGroups[0].TargetType",
		"healthCheck.path": "TargetGroups[0].HealthCheckPath", "healthCheck.interval": "TargetGroups[0].HealthCheckIntervalSeconds", "healthCheck.timeout": "TargetGroups[0].HealthCheckTimeoutSeconds",
		"healthCheck.healthyThreshold": "TargetGroups[0].HealthyThresholdCount", "healthCheck.unhealthyThreshold": "TargetGroups[0].UnhealthyThresholdCount", "healthCheck.protocol": "TargetGroups[0].HealthCheckProtocol"}},
	"aws:lb/listener:Listener": {"elbv2.DescribeListeners", nil, map[string]any{"ListenerArns[0]": "{arn}"}, map[string]string{
		"port": "Listeners[0].Port", "protocol": "Listeners[0].Protocol", "sslPolicy": "Listeners[0].SslPolicy", "certificateArn": "Listeners[0].Certificates[0].CertificateArn",
		"defaultActions[].type": "Listeners[0].DefaultActions[].Type", "defaultActions[].fixedResponse.statusCode": "Listeners[0].DefaultActions[].FixedResponseConfig.StatusCode"}},
	"aws:lb/listenerRule:ListenerRule": {"elbv2.DescribeRules", nil, map[string]any{"RuleArns[0]": "{arn}"}, map[string]string{
		"conditions[].hostHeader.values[]": "Rules[0].Conditions[].HostHeaderConfig.Values[]", "conditions[].pathPattern.values[]": "Rules[0].Conditions[].PathPatternConfig.Values[]",
		"conditions[].httpRequestMethod.values[]": "Rules[0].Conditions[].HttpRequestMethodConfig.Values[]", "actions[].type": "Rules[0].Actions[].Type"}},

	"aws:acm/certificate:Certificate": {"acm.DescribeCertificate", nil, map[string]any{"CertificateArn": "{arn}"}, map[string]string{"domainName": "Certificate.DomainName"}},
	"aws:route53/zone:Zone":           {"route53.GetHostedZone", nil, map[string]any{"Id": "{id}"}, map[string]string{"name": "HostedZone.Name", "vpcs[0].vpcId": "VPCs[0].VPCId"}},
	"aws:route53/record:Record": {"route53.ListResourceRecordSets", map[string]string{"zoneId": "HostedZoneId", "name": "StartRecordName", "type": "StartRecordType"}, map[string]any{"MaxItems": "1"}, map[string]string{
		"type": "ResourceRecordSets[0].Type", "ttl": "ResourceRecordSets[0].TTL", "records[]": "ResourceRecordSets[0].ResourceRecords[].Value",
		"aliases[0].name": "ResourceRecordSets[0].AliasTarget.DNSName", "aliases[0].zoneId": "ResourceRecordSets[0].AliasTarget.HostedZoneId"}},
	"aws:route53/resolverEndpoint:ResolverEndpoint": {"route53resolver.GetResolverEndpoint", nil, map[string]any{"ResolverEndpointId": "{id}"}, map[string]string{
		"name": "ResolverEndpoint.Name", "direction": "ResolverEndpoint.Direction", "securityGroupIds[]": "ResolverEndpoint.SecurityGroupIds[]", "hostVpcId": "ResolverEndpoint.HostVPCId"}},

	"aws:ecs/cluster:Cluster": {"ecs.DescribeClusters", map[string]string{"name": "clusters[0]"}, nil, map[string]string{"name": "clusters[0].clusterName"}},
	"aws:ecs/taskDefinition:TaskDefinition": {"ecs.DescribeTaskDefinition", nil, map[string]any{"taskDefinition": "{arn}"}, map[string]string{
		"family": "taskDefinition.family", "cpu": "taskDefinition.cpu", "memory": "taskDefinition.memory", "networkMode": "taskDefinition.networkMode",
		"executionRoleArn": "taskDefinition.executionRoleArn", "runtimePlatform.cpuArchitecture": "taskDefinition.runtimePlatform.cpuArchitecture"}},
	"aws:ecs/service:Service": {"ecs.DescribeServices", map[string]string{"cluster": "cluster", "name": "services[0]"}, nil, map[string]string{
		"name": "services[0].serviceName", "desiredCount": "services[0].desiredCount", "taskDefinition": "services[0].taskDefinition", "launchType": "services[0].launchType",
		"loadBalancers[].containerPort": "services[0].loadBalancers[].containerPort", "loadBalancers[].targetGroupArn": "services[0].loadBalancers[].targetGroupArn"}},
	"aws:ecr/repository:Repository": {"ecr.DescribeRepositories", map[string]string{"name": "repositoryNames[0]"}, nil, map[string]string{
		"name": "repositories[0].repositoryName", "imageTagMutability": "repositories[0].imageTagMutability", "imageScanningConfiguration.scanOnPush": "repositories[0].imageScanningConfiguration.scanOnPush"}},
	"aws:ecr/lifecyclePolicy:LifecyclePolicy": {"ecr.GetLifecyclePolicy", map[string]string{"repository": "repositoryName"}, nil, map[string]string{"policy": "lifecyclePolicyText"}},
	"aws:cloudwatch/logGroup:LogGroup": {"logs.DescribeLogGroups", map[string]string{"name": "logGroupNamePrefix"}, nil, map[string]string{
		"name": "logGroups[0].logGroupName", "retentionInDays": "logGroups[0].retentionInDays"}},
	"aws:cloudwatch/dashboard:Dashboard": {"cloudwatch.GetDashboard", map[string]string{"dashboardName": "DashboardName"}, nil, map[string]string{
		"dashboardName": "DashboardName", "dashboardBody": "DashboardBody", "dashboardArn": "DashboardArn"}},
	"aws:cloudwatch/metricAlarm:MetricAlarm": {"cloudwatch.DescribeAlarms", map[string]string{"name": "AlarmNames[0]"}, nil, map[string]string{
		"comparisonOperator": "MetricAlarms[0].ComparisonOperator", "evaluationPeriods": "MetricAlarms[0].EvaluationPeriods", "datapointsToAlarm": "MetricAlarms[0].DatapointsToAlarm",
		"threshold": "MetricAlarms[0].Threshold", "treatMissingData": "MetricAlarms[0].TreatMissingData"}},
	"aws:cloudwatch/logMetricFilter:LogMetricFilter": {"logs.DescribeMetricFilters", map[string]string{"logGroupName": "logGroupName", "name": "filterNamePrefix"}, nil, map[string]string{
		"pattern": "metricFilters[0].filterPattern", "metricTransformation.name": "metricFilters[0].metricTransformations[0].metricName", "metricTransformation.value": "metricFilters[0].metricTransformations[0].metricValue"}},
	"aws:iam/role:Role":             {"iam.GetRole", map[string]string{"name": "RoleName"}, nil, map[string]string{"name": "Role.RoleName", "path": "Role.Path", "assumeRolePolicy": "Role.AssumeRolePolicyDocument"}},
	"aws:iam/rolePolicy:RolePolicy": {"iam.GetRolePolicy", map[string]string{"role": "RoleName", "name": "PolicyName"}, nil, map[string]string{"policy": "PolicyDocument"}},
	"aws:appautoscaling/target:Target": {"application-autoscaling.DescribeScalableTargets", map[string]string{"serviceNamespace": "ServiceNamespace", "resourceId": "ResourceIds[0]"}, nil, map[string]string{
		"minCapacity": "ScalableTargets[0].MinCapacity", "maxCapacity": "ScalableTargets[0].MaxCapacity"}},
	"aws:appautoscaling/policy:Policy": {"application-autoscaling.DescribeScalingPolicies", map[string]string{"serviceNamespace": "ServiceNamespace", "name": "PolicyNames[0]"}, nil, map[string]string{
		"targetTrackingScalingPolicyConfiguration.targetValue": "ScalingPolicies[0].TargetTrackingScalingPolicyConfiguration.TargetValue"}},
	"aws:apigateway/restApiPolicy:RestApiPolicy": {"apigateway.GetRestApi", map[string]string{"restApiId": "restApiId"}, nil, map[string]string{"policy": "policy"}},
	"aws:apigateway/domainName:DomainName":       {"apigateway.GetDomainName", map[string]string{"domainName": "domainName"}, nil, map[string]string{"domainName": "domainName"}},
}

var securityGroupReading = reading{"ec2.DescribeSecurityGroupRules", nil, map[string]any{"SecurityGroupRuleIds[0]": "{id}"}, map[string]string{
	"securityGroupId": "SecurityGroupRules[0].GroupId", "ipProtocol": "SecurityGroupRules[0].IpProtocol", "fromPort": "SecurityGroupRules[0].FromPort",
	"toPort": "SecurityGroupRules[0].ToPort", "cidrIpv4": "SecurityGroupRules[0].CidrIpv4",
}}

// motoLacks are the operations that Moto does not have.
var motoLacks = map[string]bool{
	"apigateway.CreateDomainNameAccessAssociation": true,
	"ram.AssociateResourceShare":                   true,
	"route53.CreateVPCAssociationAuthorization":    true,
	"route53profiles.AssociateResourceToProfile":   true,
}

// motoDiffers are the operations that Moto refuses where AWS does not, and why.
var motoDiffers = map[string]string{
	"ec2.CreateFlowLogs":                 "it compares MaxAggregationInterval, a number, with the texts 60 and 600",
	"route53.AssociateVPCWithHostedZone": "it does not know an authorization by another account",
}
