package fidelity

import "strings"

// translation is one API call by which the provider creates a resource: which
// input becomes which member. It is the only place where the two oracles learn
// what an input means to AWS.
//
// A path names a member of a member by a dot and each element of a list by [].
// A member's path may also name one element: by its index, [0], or as the
// element whose Key is given, [Key=idle_timeout.timeout_seconds]. What follows
// an equals sign at its end is sent in the value's place: the provider sends
// "host-header" where the condition has hostHeader.
//
// The provider leaves out what is empty, zero or false, except where the input's
// path ends in an exclamation mark.
type translation struct {
	operation string // "ec2.CreateVpc"
	members   map[string]string
	// constant are members that the provider sends where no input says another:
	// a text, in which {id}, {arn}, {name} and {priority} are the resource's.
	constant map[string]any
	// tagged is the type of the resource whose tags EC2 takes with the call.
	tagged string
	// when is an input without which the call is not made.
	when string
	// answers are the resource's ID and other outputs in the call's answer.
	answers map[string]string
}

const (
	keyValue = "{Key,Value}" // a map of tags as a list of pairs
	lowerKV  = "{key,value}"
	// nameValue is for CloudWatch's dimensions.
	nameValue = "{Name,Value}"
)

func calls(all ...translation) []translation { return all }

// actions are a listener's or a rule's, at a path of the inputs.
func actions(members map[string]string, from, to string) map[string]string {
	for input, member := range map[string]string{
		"type!": "Type", "order": "Order", "targetGroupArn": "TargetGroupArn",
		"fixedResponse.contentType!": "FixedResponseConfig.ContentType", "fixedResponse.messageBody": "FixedResponseConfig.MessageBody",
		"fixedResponse.statusCode!":     "FixedResponseConfig.StatusCode",
		"forward.targetGroups[].arn!":   "ForwardConfig.TargetGroups[].TargetGroupArn",
		"forward.targetGroups[].weight": "ForwardConfig.TargetGroups[].Weight",
		"redirect.statusCode!":          "RedirectConfig.StatusCode",
	} {
		members[from+"[]."+input] = to + "[]." + member
	}
	return members
}

// securityGroupRule is the call for one rule: who is on the other side decides
// where its members are.
func securityGroupRule(operation string) []translation {
	var all []translation
	for peer, member := range map[string]string{
		"cidrIpv4": "IpRanges[0].CidrIp", "prefixListId": "PrefixListIds[0].PrefixListId", "referencedSecurityGroupId": "UserIdGroupPairs[0].GroupId",
	} {
		list, _, _ := strings.Cut(member, ".")
		all = append(all, translation{operation: operation, when: peer, members: map[string]string{
			"securityGroupId!": "GroupId", "ipProtocol!": "IpPermissions[0].IpProtocol", "fromPort!": "IpPermissions[0].FromPort", "toPort!": "IpPermissions[0].ToPort",
			peer: "IpPermissions[0]." + member, "description": "IpPermissions[0]." + list + ".Description",
		}, answers: map[string]string{"id": "SecurityGroupRules[0].SecurityGroupRuleId"}})
	}
	return all
}

// translations are the calls of each simulated type, in their order.
var translations = map[string][]translation{
	"aws:ec2/vpc:Vpc": calls(
		translation{operation: "ec2.CreateVpc", members: map[string]string{"cidrBlock!": "CidrBlock", "instanceTenancy": "InstanceTenancy", "tags": "TagSpecifications[0].Tags" + keyValue},
			tagged: "vpc", answers: map[string]string{"id": "Vpc.VpcId"}},
		translation{operation: "ec2.ModifyVpcAttribute", when: "enableDnsSupport", members: map[string]string{"enableDnsSupport": "EnableDnsSupport.Value"}, constant: map[string]any{"VpcId": "{id}"}},
		translation{operation: "ec2.ModifyVpcAttribute", when: "enableDnsHostnames", members: map[string]string{"enableDnsHostnames": "EnableDnsHostnames.Value"}, constant: map[string]any{"VpcId": "{id}"}},
	),
	"aws:ec2/subnet:Subnet": calls(
		translation{operation: "ec2.CreateSubnet", members: map[string]string{"vpcId!": "VpcId", "cidrBlock": "CidrBlock", "availabilityZone": "AvailabilityZone", "availabilityZoneId": "AvailabilityZoneId", "tags": "TagSpecifications[0].Tags" + keyValue},
			tagged: "subnet", answers: map[string]string{"id": "Subnet.SubnetId"}},
		translation{operation: "ec2.ModifySubnetAttribute", when: "mapPublicIpOnLaunch", members: map[string]string{"mapPublicIpOnLaunch": "MapPublicIpOnLaunch.Value"}, constant: map[string]any{"SubnetId": "{id}"}},
		translation{operation: "ec2.ModifySubnetAttribute", when: "assignIpv6AddressOnCreation", members: map[string]string{"assignIpv6AddressOnCreation": "AssignIpv6AddressOnCreation.Value"}, constant: map[string]any{"SubnetId": "{id}"}},
	),
	"aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation": calls(
		translation{operation: "ec2.AssociateVpcCidrBlock", members: map[string]string{"vpcId!": "VpcId", "cidrBlock!": "CidrBlock"}, answers: map[string]string{"id": "CidrBlockAssociation.AssociationId"}},
	),
	"aws:ec2/subnetCidrReservation:SubnetCidrReservation": calls(
		translation{operation: "ec2.CreateSubnetCidrReservation", members: map[string]string{"subnetId!": "SubnetId", "cidrBlock!": "Cidr", "reservationType!": "ReservationType", "description": "Description"}},
	),
	"aws:s3/bucketV2:BucketV2": calls(
		translation{operation: "s3.CreateBucket", members: map[string]string{"bucket!": "Bucket"}},
		translation{operation: "s3.PutBucketTagging", when: "tags", members: map[string]string{"bucket": "Bucket", "tags": "Tagging.TagSet" + keyValue}},
	),
	"aws:s3/bucketPolicy:BucketPolicy": calls(
		translation{operation: "s3.PutBucketPolicy", members: map[string]string{"bucket!": "Bucket", "policy!": "Policy"}},
	),
	"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": calls(
		translation{operation: "s3.PutPublicAccessBlock", members: map[string]string{"bucket!": "Bucket",
			"blockPublicAcls": "PublicAccessBlockConfiguration.BlockPublicAcls", "blockPublicPolicy": "PublicAccessBlockConfiguration.BlockPublicPolicy",
			"ignorePublicAcls": "PublicAccessBlockConfiguration.IgnorePublicAcls", "restrictPublicBuckets": "PublicAccessBlockConfiguration.RestrictPublicBuckets"}},
	),
	"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": calls(
		translation{operation: "s3.PutBucketLifecycleConfiguration", members: map[string]string{"bucket!": "Bucket",
			"rules[].id": "LifecycleConfiguration.Rules[].ID", "rules[].status": "LifecycleConfiguration.Rules[].Status",
			"rules[].filter.prefix!":             "LifecycleConfiguration.Rules[].Filter.Prefix",
			"rules[].expiration.days":            "LifecycleConfiguration.Rules[].Expiration.Days",
			"transitionDefaultMinimumObjectSize": "TransitionDefaultMinimumObjectSize"}},
	),
	"aws:ec2/flowLog:FlowLog": calls(
		translation{operation: "ec2.CreateFlowLogs", members: map[string]string{
			"vpcId!": "ResourceIds[0]", "trafficType": "TrafficType", "logDestination": "LogDestination", "logDestinationType": "LogDestinationType", "logFormat": "LogFormat",
			"iamRoleArn": "DeliverLogsPermissionArn", "maxAggregationInterval": "MaxAggregationInterval", "tags": "TagSpecifications[0].Tags" + keyValue},
			constant: map[string]any{"ResourceType": "VPC"}, tagged: "vpc-flow-log", answers: map[string]string{"id": "FlowLogIds[0]"}},
	),
	"aws:ec2/internetGateway:InternetGateway": calls(
		translation{operation: "ec2.CreateInternetGateway", members: map[string]string{"tags": "TagSpecifications[0].Tags" + keyValue},
			tagged: "internet-gateway", answers: map[string]string{"id": "InternetGateway.InternetGatewayId"}},
		translation{operation: "ec2.AttachInternetGateway", when: "vpcId", members: map[string]string{"vpcId": "VpcId"}, constant: map[string]any{"InternetGatewayId": "{id}"}},
	),
	"aws:ec2/routeTable:RouteTable": calls(
		translation{operation: "ec2.CreateRouteTable", members: map[string]string{"vpcId!": "VpcId", "tags": "TagSpecifications[0].Tags" + keyValue},
			tagged: "route-table", answers: map[string]string{"id": "RouteTable.RouteTableId"}},
		translation{operation: "ec2.CreateRoute", when: "routes", members: map[string]string{"routes[0].cidrBlock": "DestinationCidrBlock", "routes[0].gatewayId": "GatewayId"}, constant: map[string]any{"RouteTableId": "{id}"}},
	),
	"aws:ec2/route:Route": calls(
		translation{operation: "ec2.CreateRoute", members: map[string]string{"routeTableId!": "RouteTableId", "destinationCidrBlock": "DestinationCidrBlock", "gatewayId": "GatewayId"}},
	),
	"aws:ec2/routeTableAssociation:RouteTableAssociation": calls(
		translation{operation: "ec2.AssociateRouteTable", members: map[string]string{"routeTableId!": "RouteTableId", "subnetId": "SubnetId"}, answers: map[string]string{"id": "AssociationId"}},
	),
	"aws:ec2/securityGroup:SecurityGroup": calls(
		translation{operation: "ec2.CreateSecurityGroup", members: map[string]string{"name!": "GroupName", "description!": "Description", "vpcId": "VpcId", "tags": "TagSpecifications[0].Tags" + keyValue},
			tagged: "security-group", answers: map[string]string{"id": "GroupId"}},
		translation{operation: "ec2.RevokeSecurityGroupEgress", constant: map[string]any{"GroupId": "{id}", "IpPermissions[0].IpProtocol": "-1", "IpPermissions[0].IpRanges[0].CidrIp": "0.0.0.0/0"}},
	),
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": securityGroupRule("ec2.AuthorizeSecurityGroupIngress"),
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":   securityGroupRule("ec2.AuthorizeSecurityGroupEgress"),
	"aws:ec2/vpcEndpoint:VpcEndpoint": calls(
		translation{operation: "ec2.CreateVpcEndpoint", members: map[string]string{
			"vpcId!": "VpcId", "serviceName": "ServiceName", "vpcEndpointType": "VpcEndpointType", "policy": "PolicyDocument", "privateDnsEnabled": "PrivateDnsEnabled",
			"routeTableIds[]": "RouteTableIds[]", "subnetIds[]": "SubnetIds[]", "securityGroupIds[]": "SecurityGroupIds[]", "ipAddressType": "IpAddressType", "serviceRegion": "ServiceRegion",
			"dnsOptions.dnsRecordIpType": "DnsOptions.DnsRecordIpType", "subnetConfigurations[].ipv4": "SubnetConfigurations[].Ipv4",
			"subnetConfigurations[].subnetId": "SubnetConfigurations[].SubnetId", "tags": "TagSpecifications[0].Tags" + keyValue,
		}, tagged: "vpc-endpoint", answers: map[string]string{"id": "VpcEndpoint.VpcEndpointId"}},
	),

	"aws:lb/loadBalancer:LoadBalancer": calls(
		translation{operation: "elbv2.CreateLoadBalancer", members: map[string]string{
			"name!": "Name", "subnets[]": "Subnets[]", "subnetMappings[].subnetId!": "SubnetMappings[].SubnetId", "subnetMappings[].privateIpv4Address": "SubnetMappings[].PrivateIPv4Address",
			"securityGroups[]": "SecurityGroups[]", "internal": "Scheme=internal", "loadBalancerType": "Type", "ipAddressType": "IpAddressType", "tags": "Tags" + keyValue,
		}, answers: map[string]string{"arn": "LoadBalancers[0].LoadBalancerArn", "dnsName": "LoadBalancers[0].DNSName", "zoneId": "LoadBalancers[0].CanonicalHostedZoneId"}},
		translation{operation: "elbv2.ModifyLoadBalancerAttributes", constant: map[string]any{"LoadBalancerArn": "{arn}"}, members: map[string]string{
			"enableDeletionProtection!": "Attributes[Key=deletion_protection.enabled].Value", "enableZonalShift!": "Attributes[Key=zonal_shift.config.enabled].Value", "idleTimeout": "Attributes[Key=idle_timeout.timeout_seconds].Value",
			"enableHttp2": "Attributes[Key=routing.http2.enabled].Value", "desyncMitigationMode": "Attributes[Key=routing.http.desync_mitigation_mode].Value",
			"clientKeepAlive":         "Attributes[Key=client_keep_alive.seconds].Value",
			"xffHeaderProcessingMode": "Attributes[Key=routing.http.xff_header_processing.mode].Value", "dnsRecordClientRoutingPolicy": "Attributes[Key=dns_record.client_routing_policy].Value",
		}},
		translation{operation: "elbv2.SetSecurityGroups", when: "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic", constant: map[string]any{"LoadBalancerArn": "{arn}"},
			members: map[string]string{"securityGroups[]": "SecurityGroups[]", "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic": "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"}},
	),
	"aws:lb/targetGroup:TargetGroup": calls(
		translation{operation: "elbv2.CreateTargetGroup", members: map[string]string{
			"name!": "Name", "port!": "Port", "protocol!": "Protocol", "protocolVersion": "ProtocolVersion", "vpcId!": "VpcId", "targetType": "TargetType", "ipAddressType": "IpAddressType",
			"healthCheck.enabled": "HealthCheckEnabled", "healthCheck.interval": "HealthCheckIntervalSeconds", "healthCheck.path": "HealthCheckPath", "healthCheck.port": "HealthCheckPort",
			"healthCheck.protocol": "HealthCheckProtocol", "healthCheck.timeout": "HealthCheckTimeoutSeconds", "healthCheck.healthyThreshold": "HealthyThresholdCount",
			"healthCheck.unhealthyThreshold": "UnhealthyThresholdCount", "healthCheck.matcher": "Matcher.HttpCode", "tags": "Tags" + keyValue,
		}, answers: map[string]string{"arn": "TargetGroups[0].TargetGroupArn"}},
		translation{operation: "elbv2.ModifyTargetGroupAttributes", constant: map[string]any{"TargetGroupArn": "{arn}"}, members: map[string]string{
			"deregistrationDelay!": "Attributes[Key=deregistration_delay.timeout_seconds].Value", "slowStart": "Attributes[Key=slow_start.duration_seconds].Value",
			"loadBalancingAlgorithmType": "Attributes[Key=load_balancing.algorithm.type].Value", "loadBalancingAnomalyMitigation": "Attributes[Key=load_balancing.algorithm.anomaly_mitigation].Value",
			"loadBalancingCrossZoneEnabled": "Attributes[Key=load_balancing.cross_zone.enabled].Value", "preserveClientIp": "Attributes[Key=preserve_client_ip.enabled].Value",
			"connectionTermination": "Attributes[Key=deregistration_delay.connection_termination.enabled].Value", "proxyProtocolV2": "Attributes[Key=proxy_protocol_v2.enabled].Value",
			"stickiness.type": "Attributes[Key=stickiness.type].Value",
		}},
	),
	"aws:lb/targetGroupAttachment:TargetGroupAttachment": calls(
		translation{operation: "elbv2.RegisterTargets", members: map[string]string{"targetGroupArn!": "TargetGroupArn", "targetId!": "Targets[0].Id", "port": "Targets[0].Port", "availabilityZone": "Targets[0].AvailabilityZone"}},
	),
	"aws:lb/listener:Listener": calls(
		translation{operation: "elbv2.CreateListener", members: actions(map[string]string{
			"loadBalancerArn!": "LoadBalancerArn", "port": "Port", "protocol": "Protocol", "sslPolicy": "SslPolicy", "certificateArn": "Certificates[0].CertificateArn", "alpnPolicy": "AlpnPolicy[0]", "tags": "Tags" + keyValue,
		}, "defaultActions", "DefaultActions"), answers: map[string]string{"arn": "Listeners[0].ListenerArn"}},
		translation{operation: "elbv2.ModifyListenerAttributes", when: "tcpIdleTimeoutSeconds", constant: map[string]any{"ListenerArn": "{arn}"}, members: map[string]string{"tcpIdleTimeoutSeconds": "Attributes[Key=tcp.idle_timeout.seconds].Value"}},
	),
	"aws:lb/listenerCertificate:ListenerCertificate": calls(
		translation{operation: "elbv2.AddListenerCertificates", members: map[string]string{"listenerArn!": "ListenerArn", "certificateArn!": "Certificates[0].CertificateArn"}},
	),
	"aws:lb/listenerRule:ListenerRule": calls(
		translation{operation: "elbv2.CreateRule", members: actions(map[string]string{
			"listenerArn!": "ListenerArn", "priority": "Priority", "tags": "Tags" + keyValue,
			"conditions[].hostHeader": "Conditions[].Field=host-header", "conditions[].hostHeader.values[]": "Conditions[].HostHeaderConfig.Values[]",
			"conditions[].pathPattern": "Conditions[].Field=path-pattern", "conditions[].pathPattern.values[]": "Conditions[].PathPatternConfig.Values[]",
			"conditions[].httpRequestMethod": "Conditions[].Field=http-request-method", "conditions[].httpRequestMethod.values[]": "Conditions[].HttpRequestMethodConfig.Values[]",
			"conditions[].httpHeader": "Conditions[].Field=http-header", "conditions[].httpHeader.values[]": "Conditions[].HttpHeaderConfig.Values[]", "conditions[].httpHeader.httpHeaderName": "Conditions[].HttpHeaderConfig.HttpHeaderName",
			"conditions[].sourceIp": "Conditions[].Field=source-ip", "conditions[].sourceIp.values[]": "Conditions[].SourceIpConfig.Values[]",
			"conditions[].queryStrings": "Conditions[].Field=query-string", "conditions[].queryStrings[].key": "Conditions[].QueryStringConfig.Values[].Key", "conditions[].queryStrings[].value": "Conditions[].QueryStringConfig.Values[].Value",
		}, "actions", "Actions"), constant: map[string]any{"Priority": "{priority}"}, answers: map[string]string{"arn": "Rules[0].RuleArn"}},
	),

	"aws:acm/certificate:Certificate": calls(
		translation{operation: "acm.RequestCertificate", when: "domainName", members: map[string]string{
			"domainName!": "DomainName", "subjectAlternativeNames[]": "SubjectAlternativeNames[]", "validationMethod": "ValidationMethod", "keyAlgorithm": "KeyAlgorithm", "certificateAuthorityArn": "CertificateAuthorityArn",
			"validationOptions[].domainName!": "DomainValidationOptions[].DomainName", "validationOptions[].validationDomain!": "DomainValidationOptions[].ValidationDomain",
			"options.certificateTransparencyLoggingPreference": "Options.CertificateTransparencyLoggingPreference", "tags": "Tags" + keyValue,
		}, answers: map[string]string{"arn": "CertificateArn"}},
		translation{operation: "acm.ImportCertificate", when: "certificateBody", members: map[string]string{
			"certificateBody!": "Certificate", "privateKey!": "PrivateKey", "certificateChain": "CertificateChain", "tags": "Tags" + keyValue,
		}, answers: map[string]string{"arn": "CertificateArn"}},
	),

	"aws:route53/zone:Zone": calls(
		translation{operation: "route53.CreateHostedZone", members: map[string]string{
			"name!": "Name", "comment": "HostedZoneConfig.Comment", "vpcs[0].vpcId!": "VPC.VPCId", "vpcs[0].vpcRegion": "VPC.VPCRegion", "delegationSetId": "DelegationSetId",
		}, constant: map[string]any{"CallerReference": "{id}"}, answers: map[string]string{"id": "HostedZone.Id"}},
		translation{operation: "route53.ChangeTagsForResource", when: "tags", members: map[string]string{"tags": "AddTags" + keyValue}, constant: map[string]any{"ResourceType": "hostedzone", "ResourceId": "{id}"}},
	),
	"aws:route53/record:Record": calls(
		translation{operation: "route53.ChangeResourceRecordSets", members: map[string]string{
			"zoneId!": "HostedZoneId", "name!": "ChangeBatch.Changes[0].ResourceRecordSet.Name", "type!": "ChangeBatch.Changes[0].ResourceRecordSet.Type",
			"ttl!": "ChangeBatch.Changes[0].ResourceRecordSet.TTL", "records[]": "ChangeBatch.Changes[0].ResourceRecordSet.ResourceRecords[].Value",
			"setIdentifier":    "ChangeBatch.Changes[0].ResourceRecordSet.SetIdentifier",
			"aliases[0].name!": "ChangeBatch.Changes[0].ResourceRecordSet.AliasTarget.DNSName", "aliases[0].zoneId!": "ChangeBatch.Changes[0].ResourceRecordSet.AliasTarget.HostedZoneId",
			"aliases[0].evaluateTargetHealth!": "ChangeBatch.Changes[0].ResourceRecordSet.AliasTarget.EvaluateTargetHealth",
		}, constant: map[string]any{"ChangeBatch.Changes[0].Action": "UPSERT"}},
	),
	"aws:route53/vpcAssociationAuthorization:VpcAssociationAuthorization": calls(
		translation{operation: "route53.CreateVPCAssociationAuthorization", members: map[string]string{"zoneId!": "HostedZoneId", "vpcId!": "VPC.VPCId", "vpcRegion": "VPC.VPCRegion"}},
	),
	"aws:route53/zoneAssociation:ZoneAssociation": calls(
		translation{operation: "route53.AssociateVPCWithHostedZone", members: map[string]string{"zoneId!": "HostedZoneId", "vpcId!": "VPC.VPCId", "vpcRegion": "VPC.VPCRegion"}},
	),
	"aws:route53/resolverEndpoint:ResolverEndpoint": calls(
		translation{operation: "route53resolver.CreateResolverEndpoint", members: map[string]string{
			"name!": "Name", "direction!": "Direction", "securityGroupIds[]": "SecurityGroupIds[]", "ipAddresses[].subnetId!": "IpAddresses[].SubnetId", "ipAddresses[].ip": "IpAddresses[].Ip",
			"protocols[]": "Protocols[]", "resolverEndpointType": "ResolverEndpointType", "tags": "Tags" + keyValue,
		}, constant: map[string]any{"CreatorRequestId": "{id}"}, answers: map[string]string{"id": "ResolverEndpoint.Id", "arn": "ResolverEndpoint.Arn"}},
	),
	"aws:route53/profilesResourceAssociation:ProfilesResourceAssociation": calls(
		translation{operation: "route53profiles.AssociateResourceToProfile", members: map[string]string{"name!": "Name", "profileId!": "ProfileId", "resourceArn!": "ResourceArn"}},
	),

	"aws:ecs/cluster:Cluster": calls(
		translation{operation: "ecs.CreateCluster", members: map[string]string{"name!": "clusterName", "settings[].name!": "settings[].name", "settings[].value!": "settings[].value", "tags": "tags" + lowerKV}, answers: map[string]string{"arn": "cluster.clusterArn"}},
	),
	"aws:ecs/taskDefinition:TaskDefinition": calls(
		translation{operation: "ecs.RegisterTaskDefinition", members: map[string]string{
			"family!": "family", "containerDefinitions!": "containerDefinitions", "cpu": "cpu", "memory": "memory", "executionRoleArn": "executionRoleArn", "taskRoleArn": "taskRoleArn", "networkMode": "networkMode",
			"requiresCompatibilities[]": "requiresCompatibilities[]", "runtimePlatform.cpuArchitecture": "runtimePlatform.cpuArchitecture", "runtimePlatform.operatingSystemFamily": "runtimePlatform.operatingSystemFamily",
			"ephemeralStorage.sizeInGib!": "ephemeralStorage.sizeInGiB", "ipcMode": "ipcMode", "pidMode": "pidMode", "enableFaultInjection": "enableFaultInjection", "tags": "tags" + lowerKV,
		}, answers: map[string]string{"arn": "taskDefinition.taskDefinitionArn"}},
	),
	"aws:ecs/service:Service": calls(
		translation{operation: "ecs.CreateService", members: map[string]string{
			"name!": "serviceName", "cluster": "cluster", "desiredCount!": "desiredCount", "launchType": "launchType", "platformVersion": "platformVersion", "taskDefinition": "taskDefinition", "schedulingStrategy": "schedulingStrategy",
			"healthCheckGracePeriodSeconds": "healthCheckGracePeriodSeconds", "deploymentMaximumPercent!": "deploymentConfiguration.maximumPercent", "deploymentMinimumHealthyPercent!": "deploymentConfiguration.minimumHealthyPercent",
			"deploymentCircuitBreaker.enable!": "deploymentConfiguration.deploymentCircuitBreaker.enable", "deploymentCircuitBreaker.rollback!": "deploymentConfiguration.deploymentCircuitBreaker.rollback",
			"loadBalancers[].containerName!": "loadBalancers[].containerName", "loadBalancers[].containerPort!": "loadBalancers[].containerPort", "loadBalancers[].targetGroupArn": "loadBalancers[].targetGroupArn",
			"networkConfiguration.subnets[]": "networkConfiguration.awsvpcConfiguration.subnets[]", "networkConfiguration.securityGroups[]": "networkConfiguration.awsvpcConfiguration.securityGroups[]",
			"networkConfiguration.assignPublicIp": "networkConfiguration.awsvpcConfiguration.assignPublicIp=ENABLED",
			"propagateTags":                       "propagateTags", "enableEcsManagedTags": "enableECSManagedTags", "availabilityZoneRebalancing": "availabilityZoneRebalancing", "iamRole": "role", "tags": "tags" + lowerKV,
		}, answers: map[string]string{"arn": "service.serviceArn"}},
	),
	"aws:ecr/repository:Repository": calls(
		translation{operation: "ecr.CreateRepository", members: map[string]string{
			"name!": "repositoryName", "imageTagMutability": "imageTagMutability", "imageScanningConfiguration.scanOnPush!": "imageScanningConfiguration.scanOnPush",
			"encryptionConfigurations[0].encryptionType": "encryptionConfiguration.encryptionType", "encryptionConfigurations[0].kmsKey": "encryptionConfiguration.kmsKey", "tags": "tags" + keyValue,
		}, answers: map[string]string{"arn": "repository.repositoryArn"}},
	),
	"aws:ecr/lifecyclePolicy:LifecyclePolicy": calls(
		translation{operation: "ecr.PutLifecyclePolicy", members: map[string]string{"repository!": "repositoryName", "policy!": "lifecyclePolicyText"}},
	),
	"aws:cloudwatch/logGroup:LogGroup": calls(
		translation{operation: "logs.CreateLogGroup", members: map[string]string{"name!": "logGroupName", "kmsKeyId": "kmsKeyId", "logGroupClass": "logGroupClass", "tags": "tags"}},
		translation{operation: "logs.PutRetentionPolicy", when: "retentionInDays", members: map[string]string{"name!": "logGroupName", "retentionInDays": "retentionInDays"}},
	),
	"aws:cloudwatch/dashboard:Dashboard": calls(
		translation{operation: "cloudwatch.PutDashboard", members: map[string]string{"dashboardName!": "DashboardName", "dashboardBody!": "DashboardBody"}},
	),
	"aws:cloudwatch/metricAlarm:MetricAlarm": calls(
		translation{operation: "cloudwatch.PutMetricAlarm", members: map[string]string{
			"name!": "AlarmName", "comparisonOperator!": "ComparisonOperator", "evaluationPeriods!": "EvaluationPeriods", "datapointsToAlarm": "DatapointsToAlarm", "threshold!": "Threshold",
			"thresholdMetricId": "ThresholdMetricId", "treatMissingData": "TreatMissingData", "actionsEnabled!": "ActionsEnabled", "alarmDescription": "AlarmDescription", "unit": "Unit",
			"alarmActions[]": "AlarmActions[]", "okActions[]": "OKActions[]", "insufficientDataActions[]": "InsufficientDataActions[]",
			"namespace": "Namespace", "metricName": "MetricName", "statistic": "Statistic", "extendedStatistic": "ExtendedStatistic", "period": "Period", "dimensions": "Dimensions" + nameValue,
			"metricQueries[].id!": "Metrics[].Id", "metricQueries[].expression": "Metrics[].Expression", "metricQueries[].label": "Metrics[].Label", "metricQueries[].period": "Metrics[].Period",
			"metricQueries[].returnData!": "Metrics[].ReturnData", "metricQueries[].metric.namespace": "Metrics[].MetricStat.Metric.Namespace",
			"metricQueries[].metric.metricName": "Metrics[].MetricStat.Metric.MetricName", "metricQueries[].metric.dimensions": "Metrics[].MetricStat.Metric.Dimensions" + nameValue,
			"metricQueries[].metric.period": "Metrics[].MetricStat.Period", "metricQueries[].metric.stat": "Metrics[].MetricStat.Stat", "metricQueries[].metric.unit": "Metrics[].MetricStat.Unit",
			"tags": "Tags" + keyValue,
		}},
	),
	"aws:cloudwatch/logMetricFilter:LogMetricFilter": calls(
		translation{operation: "logs.PutMetricFilter", members: map[string]string{"logGroupName!": "logGroupName", "name!": "filterName", "pattern!": "filterPattern",
			"metricTransformation.name!": "metricTransformations[0].metricName", "metricTransformation.namespace!": "metricTransformations[0].metricNamespace",
			"metricTransformation.value!": "metricTransformations[0].metricValue", "metricTransformation.defaultValue": "metricTransformations[0].defaultValue",
			"metricTransformation.dimensions": "metricTransformations[0].dimensions", "metricTransformation.unit": "metricTransformations[0].unit"}},
	),

	"aws:iam/role:Role": calls(
		translation{operation: "iam.CreateRole", members: map[string]string{"name!": "RoleName", "assumeRolePolicy!": "AssumeRolePolicyDocument", "path": "Path", "description": "Description",
			"maxSessionDuration": "MaxSessionDuration", "permissionsBoundary": "PermissionsBoundary", "tags": "Tags" + keyValue}, answers: map[string]string{"arn": "Role.Arn"}},
	),
	"aws:iam/rolePolicy:RolePolicy": calls(
		translation{operation: "iam.PutRolePolicy", members: map[string]string{"role!": "RoleName", "name!": "PolicyName", "policy!": "PolicyDocument"}},
	),
	"aws:iam/policy:Policy": calls(
		translation{operation: "iam.CreatePolicy", members: map[string]string{"name!": "PolicyName", "policy!": "PolicyDocument", "path": "Path", "description": "Description", "tags": "Tags" + keyValue}, answers: map[string]string{"arn": "Policy.Arn"}},
	),
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment": calls(
		translation{operation: "iam.AttachRolePolicy", members: map[string]string{"role!": "RoleName", "policyArn!": "PolicyArn"}},
	),

	"aws:appautoscaling/target:Target": calls(
		translation{operation: "application-autoscaling.RegisterScalableTarget", members: map[string]string{"serviceNamespace!": "ServiceNamespace", "resourceId!": "ResourceId", "scalableDimension!": "ScalableDimension",
			"minCapacity!": "MinCapacity", "maxCapacity!": "MaxCapacity", "roleArn": "RoleARN", "tags": "Tags"}},
	),
	"aws:appautoscaling/policy:Policy": calls(
		translation{operation: "application-autoscaling.PutScalingPolicy", members: map[string]string{
			"name!": "PolicyName", "serviceNamespace!": "ServiceNamespace", "resourceId!": "ResourceId", "scalableDimension!": "ScalableDimension", "policyType": "PolicyType",
			"targetTrackingScalingPolicyConfiguration.targetValue!":                                        "TargetTrackingScalingPolicyConfiguration.TargetValue",
			"targetTrackingScalingPolicyConfiguration.scaleInCooldown":                                     "TargetTrackingScalingPolicyConfiguration.ScaleInCooldown",
			"targetTrackingScalingPolicyConfiguration.scaleOutCooldown":                                    "TargetTrackingScalingPolicyConfiguration.ScaleOutCooldown",
			"targetTrackingScalingPolicyConfiguration.predefinedMetricSpecification.resourceLabel":         "TargetTrackingScalingPolicyConfiguration.PredefinedMetricSpecification.ResourceLabel",
			"targetTrackingScalingPolicyConfiguration.predefinedMetricSpecification.predefinedMetricType!": "TargetTrackingScalingPolicyConfiguration.PredefinedMetricSpecification.PredefinedMetricType",
		}},
	),

	"aws:apigateway/restApi:RestApi": calls(
		translation{operation: "apigateway.CreateRestApi", members: map[string]string{"name!": "name", "description": "description", "endpointConfiguration.types!": "endpointConfiguration.types[0]", "policy": "policy",
			"apiKeySource": "apiKeySource", "disableExecuteApiEndpoint": "disableExecuteApiEndpoint", "tags": "tags"}, answers: map[string]string{"id": "id"}},
	),
	"aws:apigateway/restApiPolicy:RestApiPolicy": calls(
		translation{operation: "apigateway.UpdateRestApi", members: map[string]string{"restApiId!": "restApiId", "policy!": "patchOperations[0].value"}, constant: map[string]any{"patchOperations[0].op": "replace", "patchOperations[0].path": "/policy"}},
	),
	"aws:apigateway/deployment:Deployment": calls(
		translation{operation: "apigateway.CreateDeployment", members: map[string]string{"restApi!": "restApiId", "description": "description", "stageName": "stageName", "stageDescription": "stageDescription", "variables": "variables"}},
	),
	"aws:apigateway/stage:Stage": calls(
		translation{operation: "apigateway.CreateStage", members: map[string]string{"restApi!": "restApiId", "stageName!": "stageName", "deployment!": "deploymentId", "description": "description", "variables": "variables", "tags": "tags"}},
	),
	"aws:apigateway/domainName:DomainName": calls(
		translation{operation: "apigateway.CreateDomainName", members: map[string]string{
			"domainName!": "domainName", "certificateArn": "certificateArn", "regionalCertificateArn": "regionalCertificateArn", "securityPolicy": "securityPolicy",
			"endpointConfiguration.types!": "endpointConfiguration.types[0]", "endpointConfiguration.ipAddressType": "endpointConfiguration.ipAddressType", "policy": "policy", "tags": "tags",
		}, answers: map[string]string{"domainNameId": "domainNameId", "arn": "domainNameArn", "regionalDomainName": "regionalDomainName", "regionalZoneId": "regionalHostedZoneId"}},
	),
	"aws:apigateway/basePathMapping:BasePathMapping": calls(
		translation{operation: "apigateway.CreateBasePathMapping", members: map[string]string{"domainName!": "domainName", "domainNameId": "domainNameId", "restApi!": "restApiId", "basePath": "basePath", "stageName": "stage"}},
	),
	"aws:apigateway/domainNameAccessAssociation:DomainNameAccessAssociation": calls(
		translation{operation: "apigateway.CreateDomainNameAccessAssociation", members: map[string]string{"domainNameArn!": "domainNameArn", "accessAssociationSource!": "accessAssociationSource",
			"accessAssociationSourceType!": "accessAssociationSourceType", "tags": "tags"}, answers: map[string]string{"arn": "domainNameAccessAssociationArn"}},
	),

	"aws:ram/resourceShare:ResourceShare": calls(
		translation{operation: "ram.CreateResourceShare", members: map[string]string{"name!": "name", "allowExternalPrincipals!": "allowExternalPrincipals", "permissionArns[]": "permissionArns[]", "tags": "tags" + lowerKV}, answers: map[string]string{"arn": "resourceShare.resourceShareArn"}},
	),
	"aws:ram/resourceAssociation:ResourceAssociation": calls(
		translation{operation: "ram.AssociateResourceShare", members: map[string]string{"resourceShareArn!": "resourceShareArn", "resourceArn!": "resourceArns[0]"}},
	),
	"aws:ram/principalAssociation:PrincipalAssociation": calls(
		translation{operation: "ram.AssociateResourceShare", members: map[string]string{"resourceShareArn!": "resourceShareArn", "principal!": "principals[0]"}},
	),
}

// untranslated are the types that no API call of their own creates.
var untranslated = map[string]string{
	"aws:acm/certificateValidation:CertificateValidation": "it waits for a certificate to be issued",
	"aws:ram/resourceShareAccepter:ResourceShareAccepter": "it accepts an invitation whose ARN the provider looks up by the share's",
	"docker:index/image:Image":                            "Docker pushes it, not AWS's API",
}

// ofProvider are the inputs that the provider keeps to itself, or that it makes
// other inputs of.
var ofProvider = []string{
	"namePrefix", "bucketPrefix", "revokeRulesOnDelete", "forceDelete", "forceDestroy", "forceDetachPolicies", "skipDestroy", "waitForSteadyState", "trackLatest", "allowOverwrite", "triggers",
	// Inputs that no environment sets.
	"accessLogs", "connectionLogs", "mutualAuthentication", "mutualAuthentication.mode", "mutualAuthentication.trustStoreArn", "serverSideEncryptionConfigurations", "inlinePolicies", "managedPolicyArns",
	// Inputs that no environment sets and the simulator refuses.
	"ingress", "egress", "inferenceAccelerators", "placementConstraints", "proxyConfiguration", "volumes", "body", "canarySettings",
	"certificateBody", "certificateName", "ownershipVerificationCertificateArn", "regionalCertificateName", "mutualTlsAuthentication",
}
