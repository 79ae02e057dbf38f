package controls

import (
	"fmt"
	"slices"
	"strings"
)

// Pulumi's type tokens.
const (
	certificate    = "aws:acm/certificate:Certificate"
	cluster        = "aws:ecs/cluster:Cluster"
	flowLog        = "aws:ec2/flowLog:FlowLog"
	ingressRule    = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	alarm          = "aws:cloudwatch/metricAlarm:MetricAlarm"
	lifecycle      = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
	listener       = "aws:lb/listener:Listener"
	loadBalancer   = "aws:lb/loadBalancer:LoadBalancer"
	logGroup       = "aws:cloudwatch/logGroup:LogGroup"
	repository     = "aws:ecr/repository:Repository"
	role           = "aws:iam/role:Role"
	rolePolicy     = "aws:iam/rolePolicy:RolePolicy"
	routeTable     = "aws:ec2/routeTable:RouteTable"
	securityGroup  = "aws:ec2/securityGroup:SecurityGroup"
	service        = "aws:ecs/service:Service"
	subnet         = "aws:ec2/subnet:Subnet"
	targetGroup    = "aws:lb/targetGroup:TargetGroup"
	taskDefinition = "aws:ecs/taskDefinition:TaskDefinition"
	vpc            = "aws:ec2/vpc:Vpc"
	vpcEndpoint    = "aws:ec2/vpcEndpoint:VpcEndpoint"
	webACL         = "aws:wafv2/webAclAssociation:WebAclAssociation"
)

func application(r Resource) bool { return r.text("loadBalancerType") == "application" }

var rules = slices.Concat(certificateRules, logRules, alarmRules, networkRules, registryRules, taskRules, balancerRules, roleRules)

var certificateRules = []rule{
	{
		id: "ACM.1", title: "Imported and ACM-issued certificates should be renewed after a specified time period",
		of: []string{certificate},
		fault: func(r Resource, _ inventory) string {
			switch {
			case r.text("certificateBody") != "":
				return "is imported, and ACM renews no imported certificate"
			case r.text("validationMethod") == "EMAIL":
				return "is validated by e-mail, and the mailbox's owner has to approve each renewal"
			}
			return ""
		},
		met: "ACM issues and renews the certificates by itself",
		key: "portico:certificates.source: dns",
	},
	{
		id: "ACM.2", title: "RSA certificates managed by ACM should use a key length of at least 2,048 bits",
		of:    []string{certificate},
		fault: is("keyAlgorithm", "RSA_1024", "has a key of 1,024 bits"),
		met:   "the certificates' RSA keys have 2,048 bits or more", because: "the certificate's own key is too short",
	},
	tags("ACM.3", "ACM certificates should be tagged", certificate, "every certificate"),
}

var logRules = []rule{
	{
		id: "CloudWatch.15", title: "CloudWatch alarms should have specified actions configured",
		of: []string{alarm},
		fault: func(r Resource, _ inventory) string {
			if len(r.list("alarmActions")) == 0 {
				return "has no action for the state ALARM"
			}
			return ""
		},
		met: "the alarms tell the topic", key: "portico:alarms.topicArn: TOPIC_ARN",
	},
	{
		id: "CloudWatch.16", title: "CloudWatch log groups should be retained for a specified time period",
		of: []string{logGroup},
		fault: func(r Resource, _ inventory) string {
			// The control's default is 365 days; 0 or nothing keeps logs for ever.
			if days := r.number("retentionInDays"); days != 0 && days < 365 {
				return fmt.Sprintf("keeps %.0f days", days)
			}
			return ""
		},
		met: "the logs are kept for 365 days or longer", key: "portico:logs.retentionDays: 365",
	},
}

var alarmRules = []rule{
	{
		id: "CloudWatch.17", title: "CloudWatch alarm actions should be activated",
		of: []string{alarm},
		fault: func(r Resource, _ inventory) string {
			if enabled, stated := r.Inputs["actionsEnabled"].(bool); stated && !enabled {
				return "has its actions turned off"
			}
			return ""
		},
		met: "the alarms' actions are on", because: "an alarm's actions are turned off",
	},
}

var roleRules = []rule{
	{
		id: "IAM.21", title: "IAM customer managed policies that you create should not allow wildcard actions for services",
		of: []string{rolePolicy},
		fault: inStatements(func(s statement) string {
			for _, action := range s.Action {
				if action == "*" || strings.HasSuffix(action, ":*") {
					return "allows " + action
				}
			}
			return ""
		}),
		met: "the roles' policies name each action", because: "a policy allows every action of a service",
	},
	tags("IAM.24", "IAM roles should be tagged", role, "every role"),
}
