package awssim

import (
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

const (
	awsDocs  = "https://docs.aws.amazon.com/"
	provider = "https://github.com/hashicorp/terraform-provider-aws/blob/v5.100.0/internal/service/"
	issues   = "https://github.com/hashicorp/terraform-provider-aws/issues/"
)

func documented(what, source string) engine.Behaviour {
	return engine.Behaviour{What: what, Basis: engine.Documented, Source: source}
}

func recorded(what, source string) engine.Behaviour {
	return engine.Behaviour{What: what, Basis: engine.Recorded, Source: source}
}

func assumed(what string) engine.Behaviour {
	return engine.Behaviour{What: what, Basis: engine.Assumed}
}

// CommonBehaviours are what accounts and the provider do with resources of every
// type.
var CommonBehaviours = []engine.Behaviour{
	documented("each call of the provider's, reads included, is asked of IAM, on the resources and with the condition keys that AWS lists for it",
		awsDocs+"service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html"),
	documented("IAM is asked about what services do for a call with the caller's rights: Elastic Load Balancing reads EC2's resources, ECR uses a key",
		awsDocs+"IAM/latest/UserGuide/access_forward_access_sessions.html"),
	documented("a service control policy's Deny refuses a call of each principal of its account, whatever else allows it; it is asked with the keys aws:PrincipalArn, aws:RequestedRegion, aws:RequestTag and aws:ResourceTag",
		awsDocs+"organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html"),
	assumed("accounts have FullAWSAccess beside the service control policies that they are given: a list of what is allowed alone is not simulated, nor are resource control policies"),
	recorded("the error of a call that a service control policy denies names the policy's kind, without the policy's ARN that AWS began to add in 2026", "https://aws.amazon.com/blogs/security/enhanced-access-denied-error-messages-with-policy-arns"),
	documented("a property that is no longer stated is reset by the call that changes it, unless AWS chooses it: then it stays, and no call is made",
		"https://developer.hashicorp.com/terraform/plugin/sdkv2/schemas/schema-behaviors"),
}

// behaviours are what types do beyond what their properties declare, by token.
var behaviours = map[string][]engine.Behaviour{
	view.VPCType: {
		documented("creates a main route table and a default security group of its own", awsDocs+"vpc/latest/userguide/VPC_Route_Tables.html"),
	},
	view.CIDRBlockAssociationType: {
		documented("overlaps no other of the VPC, and lies in no other private range than the VPC's first", awsDocs+"vpc/latest/userguide/vpc-cidr-blocks.html#add-cidr-block-restrictions"),
		recorded("is not taken away while a subnet lies in it", issues+"29077"),
	},
	view.SubnetType: {
		documented("its zone's name is the account's own; the zone's ID is the same for everybody", awsDocs+"global-infrastructure/latest/regions/az-ids.html"),
		documented("another account that it is shared with sees it and its VPC without tags, by its own name of the zone", awsDocs+"vpc/latest/userguide/vpc-sharing-share-subnet-working-with.html"),
		documented("another account has security groups, load balancers and tasks of its own in it, and nothing of the owner's", awsDocs+"vpc/latest/userguide/vpc-share-limitations.html"),
		documented("lies in the VPC's network and overlaps no other subnet; 5 addresses are reserved", awsDocs+"vpc/latest/userguide/subnet-sizing.html"),
	},
	view.FlowLogType: {
		documented("its role trusts the flow logs service, for the flow logs of the account", awsDocs+"vpc/latest/userguide/flow-logs-iam-role.html"),
		documented("is refused with a role that can't be assumed", provider+"ec2/vpc_flow_log.go"),
		documented("without the role's right to write events it is created, and delivers nothing", awsDocs+"vpc/latest/userguide/flow-logs-troubleshooting.html"),
	},
	view.RouteTableType: {documented("inline routes are the whole table", provider+"ec2/vpc_route_table.go")},
	view.RouteType:      {documented("a destination has one route, and the local one is not to be changed", awsDocs+"vpc/latest/userguide/VPC_Route_Tables.html")},
	view.ReservationType: {
		documented("lies in the subnet and overlaps no other reservation", awsDocs+"vpc/latest/userguide/subnet-cidr-reservation.html"),
	},
	view.SecurityGroupType: {
		documented("has no rule that lets everything out: the provider revokes it", provider+"ec2/vpc_security_group.go"),
		documented("is not deleted while an interface or a rule uses it", awsDocs+"vpc/latest/userguide/deleting-security-groups.html"),
	},
	view.IngressRuleType: {documented("names a prefix list, a group or a range that exists", awsDocs+"AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html")},
	view.EgressRuleType:  {documented("names a prefix list, a group or a range that exists", awsDocs+"AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupEgress.html")},
	view.VPCEndpointType: {
		recorded("is not created in subnets that another account shares", "https://repost.aws/knowledge-center/vpc-interface-endpoint-creation-errors"),
		documented("with private DNS asks whether the caller may associate AWS's zone of the service with the VPC", awsDocs+"service-authorization/latest/reference/list_amazonec2.html"),
		documented("has an interface in each subnet, one of a zone, in zones that the service serves", awsDocs+"vpc/latest/privatelink/create-interface-endpoint.html"),
		documented("a second private DNS name of one service in a VPC is refused", awsDocs+"vpc/latest/privatelink/manage-dns-names.html"),
		recorded("an update that adds a subnet is planned with the old list of interfaces", issues+"44824"),
		recorded("without a policy it has AWS's, which has a version for gateways only", awsDocs+"cli/latest/reference/ec2/describe-vpc-endpoints.html"),
		assumed("an address that is given again for a subnet keeps its interface"),
		assumed("the endpoint's certificate covers every name of execute-api below its own"),
	},

	view.LoadBalancerType: {
		documented("is created by callers who may read the VPC's networks, groups and gateways, the account's attributes and its addresses", awsDocs+"elasticloadbalancing/latest/userguide/elb-api-permissions.html"),
		documented("asks for eight free addresses in each new subnet", awsDocs+"elasticloadbalancing/latest/application/application-load-balancers.html#subnets-load-balancer"),
		documented("keeps its VPC; a Network Load Balancer with fewer or exchanged subnets is replaced", provider+"elbv2/load_balancer.go"),
		documented("an Application Load Balancer needs subnets in two zones, one of each", awsDocs+"elasticloadbalancing/latest/application/application-load-balancers.html"),
		documented("its logs go to a bucket of the region without a key of KMS, whose policy lets the service of its type write below AWSLogs and the account's number", awsDocs+"elasticloadbalancing/latest/application/enable-access-logging.html"),
		documented("a Network Load Balancer has access logs alone", awsDocs+"elasticloadbalancing/latest/network/load-balancer-access-logs.html"),
		documented("is not deleted while deletion protection is on", awsDocs+"elasticloadbalancing/latest/APIReference/API_DeleteLoadBalancer.html"),
		assumed("an Application Load Balancer sends its targets no SNI of the client's"),
	},
	view.TargetGroupType: {
		documented("is used by one load balancer", awsDocs+"elasticloadbalancing/latest/APIReference/API_CreateListener.html"),
		documented("its protocol and health check fit the load balancer's type", awsDocs+"elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html"),
		documented("preserves clients' addresses and speaks proxy protocol behind Network Load Balancers alone; both change in place", provider+"elbv2/target_group.go"),
		documented("preserves no clients' addresses for addresses by TCP or TLS unless asked to, and always for UDP", awsDocs+"elasticloadbalancing/latest/network/edit-target-group-attributes.html#client-ip-preservation"),
		documented("with proxy protocol, a header comes before the target's TLS, on connections of health checks too, which name no client", awsDocs+"elasticloadbalancing/latest/network/edit-target-group-attributes.html#proxy-protocol"),
		recorded("the header also goes to a health check's own port, and has the command LOCAL and 84 bytes after its first 16", "https://github.com/kubernetes/kubernetes/issues/57250, https://github.com/kubernetes/ingress-nginx/issues/10982"),
	},
	view.TargetAttachmentType: {
		documented("an address lies in the VPC, or in a private network beyond it with the zone all", awsDocs+"elasticloadbalancing/latest/APIReference/API_TargetDescription.html"),
		documented("the same target registered twice is one", awsDocs+"elasticloadbalancing/latest/APIReference/API_RegisterTargets.html"),
	},
	view.ListenerType: {
		documented("takes issued certificates only, and protocols of the load balancer's type", awsDocs+"elasticloadbalancing/latest/APIReference/API_CreateListener.html"),
		documented("its default action leads to another target group in place", provider+"elbv2/listener.go"),
		documented("its actions and a rule's end with the one that forwards, redirects or answers", awsDocs+"elasticloadbalancing/latest/application/rule-action-types.html"),
		assumed("connections that are open when the default action changes keep their target"),
	},
	view.ListenerCertificateType: {
		documented("takes issued certificates only, within the load balancer's quota, not counting defaults", awsDocs+"elasticloadbalancing/latest/application/load-balancer-limits.html"),
	},
	view.ListenerRuleType: {
		documented("has at most 5 values and 6 wildcards; a priority is the next one where none is given", awsDocs+"elasticloadbalancing/latest/application/load-balancer-limits.html"),
	},

	view.CertificateType: {
		documented("is issued when its validation record is in the public zone that answers for its name", awsDocs+"acm/latest/userguide/dns-validation.html"),
		documented("a validation record leads from _hex.name. to _hex.letters.acm-validations.aws.; the list of them has no order", awsDocs+"acm/latest/userguide/dns-validation.html"),
		documented("fails where CAA records let no authority of Amazon's issue for a name", awsDocs+"acm/latest/userguide/setup-caa.html"),
		documented("is not deleted while a listener or a custom domain uses it", awsDocs+"acm/latest/APIReference/API_DeleteCertificate.html"),
		documented("counts as in use for a while after its custom domain; the provider tries to delete it for 20 minutes", provider+"acm/certificate.go"),
		documented("an imported one holds a certificate for its key, valid now", awsDocs+"acm/latest/userguide/import-certificate-prerequisites.html"),
	},
	view.CertificateValidationType: {documented("waits until the certificate is issued, and fails after the timeout", provider+"acm/certificate_validation.go")},
	view.ZoneType: {
		documented("a private zone answers its VPCs, and no two zones of a name answer one VPC", awsDocs+"Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html"),
		documented("a public one has four name servers of a set of its own; private ones share a set, shown with dots", awsDocs+"Route53/latest/DeveloperGuide/SOA-NSrecords.html"),
		documented("is not deleted while it has records of others", awsDocs+"Route53/latest/APIReference/API_DeleteHostedZone.html"),
	},
	view.RecordType: {
		documented("a name outside the zone is taken as relative to it", provider+"route53/record.go"),
		documented("its name, and what a CNAME leads to, have labels of 1 to 63 printable characters", awsDocs+"Route53/latest/DeveloperGuide/DomainNameFormat.html"),
		documented("a CNAME excludes other types of its name; an alias's target exists", awsDocs+"Route53/latest/DeveloperGuide/resource-record-sets-choosing-alias-non-alias.html"),
	},
	view.ZoneAssociationType: {
		documented("another account's zone needs an authorization for the VPC", awsDocs+"Route53/latest/DeveloperGuide/hosted-zone-private-associate-vpcs-different-accounts.html"),
	},
	view.ZoneAuthorizationType: {documented("is asked in the zone's account for another account's VPC, whose ID it knows by its form alone", awsDocs+"Route53/latest/APIReference/API_CreateVPCAssociationAuthorization.html")},
	view.ResolverEndpointType: {
		documented("is inbound here, with IPv4 addresses in subnets of one VPC; outbound ones are refused", awsDocs+"Route53/latest/APIReference/API_route53resolver_CreateResolverEndpoint.html"),
		documented("makes a network interface for each address, in the caller's name", "https://github.com/awsdocs/amazon-route53-docs/blob/main/doc_source/r53-api-permissions-ref.md"),
		documented("an address without an IP gets a free one of its subnet, which the provider keeps", provider+"route53resolver/endpoint.go"),
		documented("other addresses come in place, new ones before old ones go; other security groups replace it", provider+"route53resolver/endpoint.go"),
		documented("has 2 to 6 addresses, also while they change; a region has 4 endpoints", awsDocs+"Route53/latest/DeveloperGuide/DNSLimitations.html#limits-api-entities-resolver"),
		recorded("its creation is checked on the ARN without an ID", "https://github.com/ministryofjustice/modernisation-platform/pull/8322"),
		recorded("its creation also needs ec2:DescribeNetworkInterfaceAttribute", "https://github.com/awsdocs/amazon-route53-docs/issues/10"),
		assumed("a further address needs ec2:CreateNetworkInterface as the first ones do; tags of a new one need route53resolver:TagResource"),
		assumed("an address that is taken or outside its subnet is refused with EC2's codes"),
	},
	view.ProfileEntryType: {documented("a zone is in a profile once", awsDocs+"Route53/latest/DeveloperGuide/profiles.html")},

	view.ClusterType: {documented("is not deleted while it has services", awsDocs+"AmazonECS/latest/APIReference/API_DeleteCluster.html")},
	view.TaskDefinitionType: {
		documented("containers are what RegisterTaskDefinition takes; CPU and memory are a Fargate pair", awsDocs+"AmazonECS/latest/developerguide/fargate-tasks-services.html"),
		recorded("capabilities are read back with both lists, and the provider sees a difference where one was left out", "https://github.com/terraform-aws-modules/terraform-aws-ecs/issues/176"),
		documented("containers are compared with their defaults, in the provider's order", provider+"ecs/task_definition_equivalency.go"),
		assumed("the limit of a definition's size is 64 KiB"),
	},
	view.ECSServiceType: {
		documented("is steady when its image, roles, log group and network let its tasks start and pass the health check", awsDocs+"AmazonECS/latest/developerguide/service-event-messages.html"),
		documented("a first deployment that cannot start is waited for until the timeout", provider+"ecs/service.go"),
		documented("is registered with target groups that a listener forwards to, by ports that its container maps", awsDocs+"AmazonECS/latest/developerguide/register-multiple-targetgroups.html"),
		assumed("it is steady when its tasks are healthy in each of its target groups"),
		documented("other target groups are taken in place, by a new deployment", awsDocs+"AmazonECS/latest/APIReference/API_UpdateService.html"),
		documented("a deployment that is rolled back takes the former target groups along with the task definition", awsDocs+"AmazonECS/latest/developerguide/service-revision.html"),
		documented("a deployment whose alarm begins goes back to the former tasks and is steady; it ends after a bake time; one that begins with an alarm in ALARM watches none", awsDocs+"AmazonECS/latest/developerguide/deployment-alarm-failure.html"),
		assumed("the bake time is as long as the slowest of the alarms looks back; a service is refused with an alarm that does not exist; a first deployment whose alarm begins keeps its tasks"),
		documented("tasks have an interface each, for which the subnet has an address", awsDocs+"AmazonECS/latest/developerguide/fargate-task-networking.html"),
	},
	view.RepositoryType: {
		documented("is not deleted while it has images, unless it is forced", awsDocs+"AmazonECR/latest/APIReference/API_DeleteRepository.html"),
		documented("an immutable tag refuses another digest", awsDocs+"AmazonECR/latest/userguide/image-tag-mutability.html"),
	},
	view.LifecyclePolicyType: {documented("rules have the form of lifecycle policies", awsDocs+"AmazonECR/latest/userguide/lifecycle_policy_parameters.html")},
	view.LogGroupType:        {documented("retention is one of the days that CloudWatch Logs knows", awsDocs+"AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html")},
	view.DashboardType: {
		documented("its body has the structure and syntax of dashboards; widgets of explorers and of custom functions are refused here", awsDocs+"AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html"),
		documented("belongs to the account, and one of a name is replaced by another of the name", awsDocs+"AmazonCloudWatch/latest/APIReference/API_PutDashboard.html"),
	},
	view.MetricAlarmType: {
		documented("is about one metric or about the one query of up to 20 that returns data, with at most 10 metrics of one period", awsDocs+"AmazonCloudWatch/latest/monitoring/alarm-combining.html"),
		documented("its dimensions are of printable ASCII characters, not blank, and don't begin with a colon", awsDocs+"AmazonCloudWatch/latest/APIReference/API_Dimension.html"),
		documented("its periods make a day at most, or a week with periods of an hour or more", awsDocs+"AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"),
		documented("reads expressions of metric math by their documented grammar; functions other than IF and FILL are refused here", awsDocs+"AmazonCloudWatch/latest/monitoring/using-metric-math.html"),
	},
	view.MetricFilterType: {
		documented("takes JSON patterns alone here, by their documented grammar; regular expressions and patterns of text are refused", awsDocs+"AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html"),
		documented("makes a value of each event that matches, and the default value of each other", awsDocs+"AmazonCloudWatch/latest/logs/MonitoringLogData.html"),
		documented("a filter of a name is replaced by another of the name", awsDocs+"AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html"),
		assumed("a comparison by != is false where the event has no such property"),
	},
	view.DockerImageType: {
		documented("the Dockerfile is read, and what it copies exists", "https://docs.docker.com/reference/dockerfile/"),
		recorded("the same content has another digest where file times or the base's layers differ", "https://github.com/moby/buildkit/issues/6348"),
	},
	view.ScalableTargetType: {
		documented("the service exists, and its desired count stays within the bounds", awsDocs+"autoscaling/application/APIReference/API_RegisterScalableTarget.html"),
		documented("is registered by callers who may describe and update the service", awsDocs+"autoscaling/application/userguide/security_iam_permission_validation.html"),
	},
	view.ScalingPolicyType: {
		documented("target tracking makes an alarm to scale out and one to scale in, which go with the policy", awsDocs+"autoscaling/application/userguide/application-auto-scaling-target-tracking.html"),
		documented("a resource label names a target group of the service behind its Application Load Balancer, for ALBRequestCountPerTarget alone", awsDocs+"autoscaling/application/APIReference/API_PredefinedMetricSpecification.html"),
		documented("is put by callers who may describe, put and delete its alarms", awsDocs+"autoscaling/application/userguide/security_iam_permission_validation.html"),
		assumed("Application Auto Scaling asks so of alarms that have no name, and of those that target tracking makes"),
		documented("a policy of a name is replaced by another of the name", awsDocs+"autoscaling/application/APIReference/API_PutScalingPolicy.html"),
	},

	view.RoleType: {
		documented("the trust policy names principals and sts:AssumeRole", awsDocs+"IAM/latest/APIReference/API_CreateRole.html"),
	},
	view.RolePolicyType: {documented("the policy is one of an identity, within the role's size", awsDocs+"IAM/latest/UserGuide/reference_iam-quotas.html")},
	view.PolicyType:     {documented("the policy is one of an identity, within its size", awsDocs+"IAM/latest/UserGuide/reference_iam-quotas.html")},

	view.BucketType:          {documented("its name is no other account's in the partition", awsDocs+"AmazonS3/latest/userguide/bucketnamingrules.html")},
	view.BucketLifecycleType: {documented("no two of its rules have one ID", awsDocs+"AmazonS3/latest/userguide/intro-lifecycle-rules.html")},
	view.BucketPolicyType:    {documented("the policy is one of a resource, of at most 20 KB", awsDocs+"AmazonS3/latest/userguide/example-bucket-policies.html")},

	view.RESTAPIType: {
		documented("a private API is reached by endpoints that its policy admits", awsDocs+"apigateway/latest/developerguide/apigateway-private-apis.html"),
		documented("is read with its resources", provider+"apigateway/rest_api.go"),
		documented("in STRICT mode the Host is the connection's server name and names the API", awsDocs+"apigateway/latest/developerguide/apigateway-security-policies.html"),
		documented("a security policy of TLS 1.3 takes no earlier version", awsDocs+"apigateway/latest/developerguide/apigateway-security-policies-list.html"),
		assumed("a request that names an API in STRICT mode otherwise is answered like one for an API that isn't there"),
		assumed("NotResource means in its policy what it means in others"),
		assumed("the header x-apigw-api-id comes before the Host header where they disagree"),
	},
	view.RESTAPIPolicyType: {
		documented("a relative resource is expanded, and the policy is stored escaped", awsDocs+"apigateway/latest/developerguide/apigateway-resource-policies.html"),
		documented("takes effect with the stage's next deployment", awsDocs+"apigateway/latest/developerguide/apigateway-resource-policies-create-attach.html"),
	},
	view.DeploymentType: {
		documented("publishes what is saved; one that a stage uses is not deleted", awsDocs+"apigateway/latest/api/API_DeleteDeployment.html"),
		assumed("without a description of the stage it keeps the stage's"),
		recorded("with canary settings it becomes the canary release of a stage that exists, whose own deployment stays", "https://github.com/localstack/localstack/blob/master/tests/aws/services/apigateway/test_apigateway_canary.snapshot.json"),
		assumed("without canary settings it ends the stage's canary release, as in LocalStack"),
	},
	view.StageType: {documented("refers to a deployment of its API", awsDocs+"apigateway/latest/api/API_CreateStage.html")},
	view.DomainNameType: {
		documented("takes an issued certificate that covers the name", awsDocs+"apigateway/latest/developerguide/apigateway-private-custom-domains.html"),
		recorded(`a private one's policy with the resource "*" comes back as it was`, provider+"apigateway/domain_name_test.go"),
		documented("is updated within 15 minutes, and not deleted while an association uses it", provider+"apigateway/domain_name.go"),
	},
	view.BasePathMappingType: {documented("a base path of a domain leads to one stage that exists", awsDocs+"apigateway/latest/api/API_CreateBasePathMapping.html")},
	view.AccessAssociationType: {
		assumed("its domain may have to wait for its deletion, to which API Gateway answers 202"),
		documented("the domain is shared with the account, whose endpoint it names; it works within 15 minutes", awsDocs+"apigateway/latest/developerguide/apigateway-private-custom-domains-associate.html"),
	},
	view.ResourceShareType: {documented("within the organization nothing has to be accepted", awsDocs+"ram/latest/userguide/getting-started-sharing.html")},
	view.ResourceAssociationType: {
		documented("a resource of the account is shared once", awsDocs+"ram/latest/APIReference/API_AssociateResourceShare.html"),
		documented("subnets are shared within the organization only", awsDocs+"ram/latest/userguide/shareable.html#shareable-vpc"),
	},
	view.PrincipalAssociationType: {documented("an account outside the organization is invited for 12 hours", awsDocs+"ram/latest/userguide/working-with-shared-invitations.html")},
	view.ShareAccepterType:        {documented("accepts an invitation, and leaves the share when it is deleted", provider+"ram/resource_share_accepter.go")},
}
