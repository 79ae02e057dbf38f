package automation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// taggedResource is a resource of an account that has the environment's tags.
type taggedResource struct {
	arn  string
	tags map[string]string
}

// kinds are the types whose resources are found by their tags, and how their
// ARNs go on after the account. Types that no ARN tells apart, such as rules of
// security groups in either direction, differ in their tags.
var kinds = map[string]string{
	"aws:acm/certificate:Certificate":                           "acm:certificate/",
	domainType:                                                  domainKind,
	accessAssociation:                                           "apigateway:/domainnameaccessassociations/",
	"aws:ec2/flowLog:FlowLog":                                   "ec2:vpc-flow-log/",
	"aws:ec2/internetGateway:InternetGateway":                   "ec2:internet-gateway/",
	"aws:ec2/routeTable:RouteTable":                             "ec2:route-table/",
	"aws:ec2/securityGroup:SecurityGroup":                       "ec2:security-group/",
	"aws:ec2/subnet:Subnet":                                     "ec2:subnet/",
	"aws:ec2/vpc:Vpc":                                           "ec2:vpc/",
	"aws:ec2/vpcEndpoint:VpcEndpoint":                           "ec2:vpc-endpoint/",
	"aws:ecr/repository:Repository":                             "ecr:repository/",
	"aws:ecs/cluster:Cluster":                                   "ecs:cluster/",
	"aws:ecs/service:Service":                                   "ecs:service/",
	"aws:ecs/taskDefinition:TaskDefinition":                     taskDefinitionKind,
	"aws:cloudwatch/logGroup:LogGroup":                          "logs:log-group:",
	"aws:cloudwatch/metricAlarm:MetricAlarm":                    "cloudwatch:alarm:",
	"aws:lb/listener:Listener":                                  "elasticloadbalancing:listener/",
	"aws:lb/listenerRule:ListenerRule":                          "elasticloadbalancing:listener-rule/",
	"aws:lb/loadBalancer:LoadBalancer":                          "elasticloadbalancing:loadbalancer/",
	"aws:lb/targetGroup:TargetGroup":                            "elasticloadbalancing:targetgroup/",
	"aws:ram/resourceShare:ResourceShare":                       "ram:resource-share/",
	"aws:route53/resolverEndpoint:ResolverEndpoint":             "route53resolver:resolver-endpoint/",
	"aws:route53/zone:Zone":                                     "route53:hostedzone/",
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":   "ec2:security-group-rule/",
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "ec2:security-group-rule/",
}

const (
	taskDefinitionKind = "ecs:task-definition/"
	domainKind         = "apigateway:/domainnames/"
)

// suits reports whether an ARN of the right kind can be that of a create. An
// account may have a REGIONAL and a PRIVATE custom domain of one name, with the
// same tags: the latter's ARN ends with an identifier.
func suits(create pendingCreate, arn string) bool {
	switch create.text("type") {
	case domainType:
		endpoint, _ := create.inputs()["endpointConfiguration"].(map[string]any)
		name := "/" + create.input("domainName")
		if endpoint["types"] == "PRIVATE" {
			return strings.Contains(arn, name+"+")
		}
		return strings.HasSuffix(arn, name)
	case accessAssociation:
		return strings.HasSuffix(arn, "/"+create.input("accessAssociationSource"))
	}
	return true
}

// kind is an ARN's service, kind of resource and name, without the region and
// the account: "ec2:vpc/vpc-0123".
func (t taggedResource) kind() string {
	parts := strings.SplitN(t.arn, ":", 6)
	if len(parts) < 6 {
		return ""
	}
	return parts[2] + ":" + parts[5]
}

// adoptable reports whether the resource is of a type that stacks hold. A task
// definition's older revisions stay listed when they are no longer used.
func (t taggedResource) adoptable() bool {
	kind := t.kind()
	if strings.HasPrefix(kind, taskDefinitionKind) {
		return false
	}
	for _, prefix := range kinds {
		if strings.HasPrefix(kind, prefix) {
			return true
		}
	}
	return false
}

// id is the resource's ID in a stack's state.
func (t taggedResource) id() string {
	kind := t.kind()
	switch {
	case strings.HasPrefix(kind, "ec2:"), strings.HasPrefix(kind, "route53:"), strings.HasPrefix(kind, "route53resolver:"):
		return kind[strings.LastIndex(kind, "/")+1:]
	case strings.HasPrefix(kind, domainKind):
		return strings.Replace(strings.TrimPrefix(kind, domainKind), "+", "/", 1)
	case strings.HasPrefix(kind, "ecr:repository/"):
		return strings.TrimPrefix(kind, "ecr:repository/")
	case strings.HasPrefix(kind, "logs:log-group:"):
		return strings.TrimSuffix(strings.TrimPrefix(kind, "logs:log-group:"), ":*")
	}
	return t.arn
}

// is reports whether the resource is the one that a create was to make: of its
// type, with its tags, and with its name where the create gave one.
func (t taggedResource) is(create pendingCreate) bool {
	prefix, ok := kinds[create.text("type")]
	if !ok || !strings.HasPrefix(t.kind(), prefix) || !suits(create, t.arn) {
		return false
	}
	wanted, _ := create.inputs()["tags"].(map[string]any)
	for key, value := range wanted {
		if key != defaultsKey && t.tags[key] != value {
			return false
		}
	}
	for key := range t.tags {
		if _, ok := wanted[key]; !ok && !strings.HasPrefix(key, "aws:") {
			return false
		}
	}
	name, named := create.inputs()["name"].(string)
	return !named || namelessARN(t.kind()) || strings.Contains(t.arn, name)
}

// namelessARN reports whether the ARNs of a service hold an ID instead of a name.
func namelessARN(kind string) bool {
	service, _, _ := strings.Cut(kind, ":")
	return slices.Contains([]string{"apigateway", "ec2", "ram", "route53", "route53resolver"}, service)
}

// defaultsKey marks, in the inputs of bridged providers, what the program left
// to the provider.
const defaultsKey = "__defaults"

// identify is the ID under which to look for the resource of a create, and the
// outputs to begin with; empty where there is no telling. Without outputs the
// provider imports the resource by what may be another form of its ID.
func identify(create pendingCreate, found []taggedResource, known map[string]bool) (id string, outputs map[string]any) {
	outputs = maps.Clone(create.inputs())
	delete(outputs, defaultsKey)
	text := create.input
	switch create.text("type") {
	case "aws:iam/role:Role", "aws:ecr/repository:Repository", "aws:cloudwatch/logGroup:LogGroup",
		"aws:cloudwatch/logMetricFilter:LogMetricFilter", "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:appautoscaling/policy:Policy":
		id = text("name")
	case "aws:cloudwatch/dashboard:Dashboard":
		id = text("dashboardName")
	case "aws:s3/bucketV2:BucketV2":
		id = text("bucket")
	case "aws:iam/rolePolicy:RolePolicy":
		id = text("role") + ":" + text("name")
	case "aws:route53/record:Record":
		name := strings.ToLower(strings.TrimSuffix(text("name"), "."))
		id = fmt.Sprintf("%s_%s_%s", text("zoneId"), name, text("type"))
	case "aws:route53/vpcAssociationAuthorization:VpcAssociationAuthorization", "aws:route53/zoneAssociation:ZoneAssociation":
		id = text("zoneId") + ":" + text("vpcId")
	case "aws:apigateway/basePathMapping:BasePathMapping":
		id = strings.TrimSuffix(text("domainName")+"/"+text("basePath")+"/"+text("domainNameId"), "/")
		if text("domainNameId") == "" && text("basePath") == "" {
			id = text("domainName") + "/"
		}
	case "aws:ram/principalAssociation:PrincipalAssociation":
		id = text("resourceShareArn") + "," + text("principal")
	case "aws:ram/resourceAssociation:ResourceAssociation":
		id = text("resourceShareArn") + "," + text("resourceArn")
	case "aws:ram/resourceShareAccepter:ResourceShareAccepter":
		id = text("shareArn")
	case "aws:ec2/routeTableAssociation:RouteTableAssociation":
		return text("subnetId") + "/" + text("routeTableId"), map[string]any{}
	case "aws:ec2/route:Route":
		return text("routeTableId") + "_" + text("destinationCidrBlock"), map[string]any{}
	}
	if id != "" {
		outputs["id"] = id
		return id, outputs
	}
	for _, f := range found {
		if !f.is(create) || known[f.arn] || known[f.id()] {
			continue
		}
		if strings.HasPrefix(f.kind(), taskDefinitionKind) {
			return f.arn, map[string]any{} // its ID is its family's name; it is imported by its ARN
		}
		outputs["id"], outputs["arn"] = f.id(), f.arn
		return f.id(), outputs
	}
	return "", nil
}
