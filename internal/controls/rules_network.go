package controls

import (
	"fmt"
	"slices"
	"strings"
)

var networkRules = []rule{
	{
		id: "EC2.2", title: "VPC default security groups should not allow inbound or outbound traffic",
		of: []string{vpc}, fault: has("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "vpcId", "has a default security group with AWS's rules"),
		met: "the default security group has no rules", because: "nothing of Portico's is in the group, and Portico leaves it as AWS made it",
	},
	{
		id: "EC2.6", title: "VPC flow logging should be enabled in all VPCs",
		of: []string{vpc}, fault: has(flowLog, "vpcId", "has no flow log"),
		met: "the VPC has a flow log", key: "portico:network.flowLogs: true",
	},
	{
		id: "EC2.15", title: "Amazon EC2 subnets should not automatically assign public IP addresses",
		of:    []string{subnet},
		fault: when("mapPublicIpOnLaunch", "assigns public addresses"),
		met:   "no subnet assigns public addresses", because: "public subnets assign public addresses",
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
	tags("EC2.42", "EC2 route tables should be tagged", routeTable, "every route table"),
	tags("EC2.43", "EC2 security groups should be tagged", securityGroup, "every security group"),
	tags("EC2.44", "EC2 subnets should be tagged", subnet, "every subnet"),
	tags("EC2.46", "Amazon VPCs should be tagged", vpc, "the VPC"),
	tags("EC2.48", "Amazon VPC flow logs should be tagged", flowLog, "the flow log"),
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
