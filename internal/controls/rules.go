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

var rules = slices.Concat(certificateRules, logRules, networkRules, registryRules, taskRules, balancerRules, roleRules)

var certificateRules = []rule{
	{
		id: "ACM.1", title: "Imported and ACM-issued certificates should be renewed after a specified time period",
		of: []string{certificate},
		fault: func(r Resource, _ inventory) string {
			switch {
			case r.text("certificateBody") != "":
				return "is imported, and ACM renews no imported certificate"
			case r.text("validationMethod") == "EMAIL":
				return "is validated by e-mail, and somebody has to approve each renewal"
			}
			return ""
		},
		met: "ACM issues and renews the certificates by itself",
		key: "portico:certificates.source: dns",
	},
	{
		id: "ACM.2", title: "RSA certificates managed by ACM should use a key length of at least 2,048 bits",
		of: []string{certificate},
		fault: func(r Resource, _ inventory) string {
			if r.text("keyAlgorithm") == "RSA_1024" {
				return "has a key of 1,024 bits"
			}
			return ""
		},
		met: "the certificates that ACM issues have RSA keys of 2,048 bits", because: "the certificate's own key is too short",
	},
	{
		id: "ACM.3", title: "ACM certificates should be tagged", of: []string{certificate}, fault: tagged,
		met: "every certificate has the environment's tags", key: "portico:tags",
	},
}

var logRules = []rule{
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

var networkRules = []rule{
	{
		id: "EC2.2", title: "VPC default security groups should not allow inbound or outbound traffic",
		of: []string{vpc}, fault: has("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "vpcId", "has a default security group with AWS's rules"),
		met: "the default security group has no rules", because: "nothing of Portico's is in the group, and Portico leaves it as AWS made it",
	},
	{
		id: "EC2.6", title: "VPC flow logging should be enabled in all VPCs",
		of: []string{vpc}, fault: has(flowLog, "vpcId", "has no flow log"),
		met: "the VPC has a flow log", because: "Portico makes no flow logs",
	},
	{
		id: "EC2.15", title: "Amazon EC2 subnets should not automatically assign public IP addresses",
		of: []string{subnet},
		fault: func(r Resource, _ inventory) string {
			if r.isTrue("mapPublicIpOnLaunch") {
				return "assigns public addresses"
			}
			return ""
		},
		met: "no subnet assigns public addresses", because: "public subnets assign public addresses",
	},
	{
		id: "EC2.18", title: "Security groups should only allow unrestricted incoming traffic for authorized ports",
		of: []string{ingressRule},
		fault: func(r Resource, _ inventory) string {
			if anywhere(r) && (r.number("fromPort") != r.number("toPort") || !slices.Contains([]float64{80, 443}, r.number("fromPort"))) {
				return "admits every address to ports other than 80 and 443"
			}
			return ""
		},
		met: "no rule admits every address to another port than 443", because: "the rule is too wide",
	},
	{
		id: "EC2.19", title: "Security groups should not allow unrestricted access to ports with high risk",
		of: []string{ingressRule},
		fault: func(r Resource, _ inventory) string {
			if !anywhere(r) {
				return ""
			}
			for _, port := range highRisk {
				if r.text("ipProtocol") == "-1" || r.number("fromPort") <= port && port <= r.number("toPort") {
					return fmt.Sprintf("admits every address to port %.0f", port)
				}
			}
			return ""
		},
		met: "no rule admits every address to a port with high risk", because: "the rule is too wide",
	},
	{
		id: "EC2.42", title: "EC2 route tables should be tagged", of: []string{routeTable}, fault: tagged,
		met: "every route table has the environment's tags", key: "portico:tags",
	},
	{
		id: "EC2.43", title: "EC2 security groups should be tagged", of: []string{securityGroup}, fault: tagged,
		met: "every security group has the environment's tags", key: "portico:tags",
	},
	{
		id: "EC2.44", title: "EC2 subnets should be tagged", of: []string{subnet}, fault: tagged,
		met: "every subnet has the environment's tags", key: "portico:tags",
	},
	{
		id: "EC2.46", title: "Amazon VPCs should be tagged", of: []string{vpc}, fault: tagged,
		met: "the VPC has the environment's tags", key: "portico:tags",
	},
	{
		id: "EC2.55", title: "VPCs should be configured with an interface endpoint for ECR API",
		of: []string{vpc}, fault: endpointFor(".ecr.api"),
		met: "the VPC has one", because: "an image of another registry needs none",
	},
	{
		id: "EC2.56", title: "VPCs should be configured with an interface endpoint for Docker Registry",
		of: []string{vpc}, fault: endpointFor(".ecr.dkr"),
		met: "the VPC has one", because: "an image of another registry needs none",
	},
	{
		id: "EC2.57", title: "VPCs should be configured with an interface endpoint for Systems Manager",
		of: []string{vpc}, fault: endpointFor(".ssm"),
		met: "the VPC has one", because: "nothing in the VPC calls Systems Manager, and nothing there leads to it",
	},
}

// highRisk are the ports of EC2.19.
var highRisk = []float64{20, 21, 22, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 3389, 4333, 5000, 5432, 5500, 5601, 8080, 8088, 8888, 9200, 9300}

// anywhere reports whether an ingress rule admits every address.
func anywhere(r Resource) bool {
	return r.text("cidrIpv4") == "0.0.0.0/0" || r.text("cidrIpv6") == "::/0"
}

// endpointFor is a fault where a stack's VPC has no interface endpoint of a service.
func endpointFor(suffix string) func(Resource, inventory) string {
	return func(_ Resource, all inventory) string {
		for _, endpoint := range all[vpcEndpoint] {
			if strings.HasSuffix(endpoint.text("serviceName"), suffix) {
				return ""
			}
		}
		return "has no interface endpoint for " + suffix[1:]
	}
}

var registryRules = []rule{
	{
		id: "ECR.1", title: "ECR private repositories should have image scanning configured",
		of: []string{repository},
		fault: func(r Resource, _ inventory) string {
			if scanned, _ := r.object("imageScanningConfiguration")["scanOnPush"].(bool); scanned {
				return ""
			}
			return "scans no image"
		},
		met: "ECR scans every image that is pushed", because: "the repository scans no image",
	},
	{
		id: "ECR.2", title: "ECR private repositories should have tag immutability configured",
		of: []string{repository},
		fault: func(r Resource, _ inventory) string {
			if r.text("imageTagMutability") == "IMMUTABLE" {
				return ""
			}
			return "has mutable tags"
		},
		met:     "tags are immutable",
		because: "the tasks run an image by its digest, and an earlier mapping's image can be pushed again under its tag",
	},
	{
		id: "ECR.3", title: "ECR repositories should have at least one lifecycle policy configured",
		of: []string{repository}, fault: has(lifecycle, "repository", "has no lifecycle policy"),
		met: "old images are deleted", because: "the repository keeps every image",
	},
	{
		id: "ECR.5", title: "ECR repositories should be encrypted with customer managed AWS KMS keys",
		of: []string{repository},
		fault: func(r Resource, _ inventory) string {
			for _, one := range r.list("encryptionConfigurations") {
				encryption, _ := one.(map[string]any)
				if key, _ := encryption["kmsKey"].(string); encryption["encryptionType"] == "KMS" && key != "" {
					return ""
				}
			}
			return "is encrypted with a key of AWS's"
		},
		met: "the repository is encrypted with a key of yours", because: "Portico has no setting for a key; give it an image of your own repository by portico:image.uri",
	},
}

var taskRules = []rule{
	{
		id: "ECS.2", title: "ECS services should not have public IP addresses assigned to them automatically",
		of: []string{service},
		fault: func(r Resource, _ inventory) string {
			if public, _ := r.object("networkConfiguration")["assignPublicIp"].(bool); public {
				return "assigns public addresses"
			}
			return ""
		},
		met: "the tasks have private addresses alone", because: "the service assigns public addresses",
	},
	{
		id: "ECS.3", title: "ECS task definitions should not share the host's process namespace",
		of: []string{taskDefinition},
		fault: func(r Resource, _ inventory) string {
			if r.text("pidMode") == "host" {
				return "shares the host's process namespace"
			}
			return ""
		},
		met: "the tasks have a process namespace of their own", because: "pidMode is host",
	},
	{
		id: "ECS.4", title: "ECS containers should run as non-privileged",
		of: []string{taskDefinition},
		fault: inContainers(func(c container) string {
			if c.Privileged {
				return "is privileged"
			}
			return ""
		}),
		met: "no container is privileged", because: "a container is privileged",
	},
	{
		id: "ECS.5", title: "ECS task definitions should configure containers to be limited to read-only access to root filesystems",
		of: []string{taskDefinition},
		fault: inContainers(func(c container) string {
			if c.ReadonlyRootFilesystem {
				return ""
			}
			return "writes to its root file system"
		}),
		met: "the containers' root file systems are read-only", because: "a root file system can be written to",
	},
	{
		id: "ECS.8", title: "Secrets should not be passed as container environment variables",
		of: []string{taskDefinition},
		fault: inContainers(func(c container) string {
			for _, variable := range c.Environment {
				if slices.Contains([]string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "ECS_ENGINE_AUTH_DATA"}, variable.Name) {
					return "has " + variable.Name
				}
			}
			return ""
		}),
		met: "the proxy has no secrets: its certificate is made when it starts", because: "a secret is in the environment",
	},
	{
		id: "ECS.9", title: "ECS task definitions should have a logging configuration",
		of: []string{taskDefinition},
		fault: inContainers(func(c container) string {
			if c.LogConfiguration != nil && c.LogConfiguration.LogDriver != "" {
				return ""
			}
			return "has no log"
		}),
		met: "the containers write to a log group", because: "a container has no log",
	},
	{
		id: "ECS.10", title: "ECS Fargate services should run on the latest Fargate platform version",
		of: []string{service},
		fault: func(r Resource, _ inventory) string {
			if version := r.text("platformVersion"); version != "" && version != "LATEST" && version != "1.4.0" {
				return "runs on " + version
			}
			return ""
		},
		met: "the service runs on the latest version", because: "the version is fixed",
	},
	{
		id: "ECS.12", title: "ECS clusters should use Container Insights",
		of: []string{cluster},
		fault: func(r Resource, _ inventory) string {
			for _, one := range r.list("settings") {
				setting, _ := one.(map[string]any)
				if value := setting["value"]; setting["name"] == "containerInsights" && (value == "enabled" || value == "enhanced") {
					return ""
				}
			}
			return "has no Container Insights"
		},
		met: "the cluster has Container Insights", because: "Container Insights are off",
	},
	{
		id: "ECS.13", title: "ECS services should be tagged", of: []string{service}, fault: tagged,
		met: "the service has the environment's tags", key: "portico:tags",
	},
	{
		id: "ECS.14", title: "ECS clusters should be tagged", of: []string{cluster}, fault: tagged,
		met: "the cluster has the environment's tags", key: "portico:tags",
	},
	{
		id: "ECS.15", title: "ECS task definitions should be tagged", of: []string{taskDefinition}, fault: tagged,
		met: "the task definition has the environment's tags", key: "portico:tags",
	},
	{
		id: "ECS.17", title: "ECS task definitions should not use host network mode",
		of: []string{taskDefinition},
		fault: func(r Resource, _ inventory) string {
			if r.text("networkMode") == "host" {
				return "uses the host's network"
			}
			return ""
		},
		met: "each task has a network interface of its own", because: "networkMode is host",
	},
	{
		id: "ECS.20", title: "ECS task definitions should configure non-root users in Linux container definitions",
		of: []string{taskDefinition},
		fault: inContainers(func(c container) string {
			if user, _, _ := strings.Cut(c.User, ":"); user == "" || user == "0" || user == "root" {
				return "runs as root"
			}
			return ""
		}),
		met: "the containers run as a user without privileges", because: "a container runs as root",
	},
}

var balancerRules = []rule{
	{
		id: "ELB.1", title: "Application Load Balancer should be configured to redirect all HTTP requests to HTTPS",
		of: []string{listener},
		fault: func(r Resource, _ inventory) string {
			if r.text("protocol") == "HTTP" && !redirects(r) {
				return "answers plain HTTP"
			}
			return ""
		},
		met: "there is no HTTP listener", because: "a listener answers plain HTTP",
	},
	{
		id: "ELB.4", title: "Application Load Balancer should be configured to drop invalid HTTP headers",
		of: []string{loadBalancer}, only: application,
		fault: unless("dropInvalidHeaderFields", "passes headers on whatever their names are"),
		met:   "headers with invalid names are dropped", because: "an API may depend on headers with odd names; the proxy removes those that could mislead an API",
	},
	{
		id: "ELB.5", title: "Application and Classic Load Balancers logging should be enabled",
		of: []string{loadBalancer}, only: application,
		fault: func(r Resource, _ inventory) string {
			if enabled, _ := r.object("accessLogs")["enabled"].(bool); enabled {
				return ""
			}
			return "writes no access log"
		},
		met: "the load balancers write access logs", because: "Portico has no setting for it; the proxy's own log in CloudWatch has every request of nginx rows",
	},
	{
		id: "ELB.6", title: "Application, Gateway, and Network Load Balancers should have deletion protection enabled",
		of: []string{loadBalancer}, fault: unless("enableDeletionProtection", "can be deleted"),
		met: "the load balancers are protected from deletion", key: "portico:loadBalancer.deletionProtection: true",
	},
	{
		id: "ELB.12", title: "Application Load Balancer should be configured with defensive or strictest desync mitigation mode",
		of: []string{loadBalancer}, only: application,
		fault: func(r Resource, _ inventory) string {
			if mode := r.text("desyncMitigationMode"); mode == "monitor" {
				return "only monitors"
			}
			return ""
		},
		met: "the mode is defensive, which is the default", because: "the mode is monitor",
	},
	{
		id: "ELB.13", title: "Application, Network and Gateway Load Balancers should span multiple Availability Zones",
		of: []string{loadBalancer},
		fault: func(r Resource, _ inventory) string {
			if len(r.list("subnets"))+len(r.list("subnetMappings")) < 2 {
				return "is in one zone"
			}
			return ""
		},
		met: "the load balancers are in two zones or more", key: "portico:network.zones: 2",
	},
	{
		id: "ELB.16", title: "Application Load Balancers should be associated with an AWS WAF web ACL",
		of: []string{loadBalancer}, only: application, fault: has(webACL, "resourceArn", "has no web ACL"),
		met: "the load balancers have a web ACL", because: "Portico makes no web ACL; associate one of your own with the load balancer",
	},
	{
		id: "ELB.17", title: "Application and Network Load Balancers with listeners should use recommended security policies",
		of: []string{listener}, only: func(r Resource) bool { return r.text("protocol") != "TCP" },
		fault: func(r Resource, _ inventory) string {
			if !slices.Contains(recommendedPolicies, r.text("sslPolicy")) {
				return "has the policy " + r.text("sslPolicy")
			}
			return ""
		},
		met: "the listeners have a recommended policy", key: "portico:loadBalancer.sslPolicy: ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
	},
	{
		id: "ELB.18", title: "Application and Network Load Balancer listeners should use secure protocols to encrypt data in transit",
		of: []string{listener},
		fault: func(r Resource, _ inventory) string {
			if !slices.Contains([]string{"HTTPS", "TLS"}, r.text("protocol")) {
				return "is not encrypted"
			}
			return ""
		},
		met: "every listener speaks TLS", because: "a listener is not encrypted",
	},
	{
		id: "ELB.21", title: "Application and Network Load Balancer target groups should use encrypted health check protocols",
		of: []string{targetGroup},
		fault: func(r Resource, _ inventory) string {
			if r.object("healthCheck")["protocol"] != "HTTPS" {
				return "is checked without TLS"
			}
			return ""
		},
		met: "the targets are checked by HTTPS", because: "a health check is not encrypted",
	},
	{
		id: "ELB.22", title: "ELB target groups should use encrypted transport protocols",
		of: []string{targetGroup},
		fault: func(r Resource, _ inventory) string {
			if !slices.Contains([]string{"HTTPS", "TLS"}, r.text("protocol")) {
				return "is not encrypted"
			}
			return ""
		},
		met: "the way to the targets is encrypted", because: "the way to the targets is not encrypted",
	},
}

// recommendedPolicies are those of the control ELB.17.
var recommendedPolicies = []string{
	"ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04",
	"ELBSecurityPolicy-TLS13-1-3-2021-06", "ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04",
	"ELBSecurityPolicy-TLS13-1-2-Res-2021-06", "ELBSecurityPolicy-TLS13-1-2-Res-FIPS-2023-04",
}

// redirects reports whether a listener's first action leads to HTTPS.
func redirects(r Resource) bool {
	for _, one := range r.list("defaultActions") {
		action, _ := one.(map[string]any)
		redirect, _ := action["redirect"].(map[string]any)
		return redirect["protocol"] == "HTTPS"
	}
	return false
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
	{
		id: "IAM.24", title: "IAM roles should be tagged", of: []string{role}, fault: tagged,
		met: "every role has the environment's tags", key: "portico:tags",
	},
}
