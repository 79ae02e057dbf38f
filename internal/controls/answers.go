package controls

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The answers are what the programs need to go on to their last resource. No
// verdict depends on one of them.

const (
	account = "111111111111"
	// interfacePrefix begins the ID of an endpoint's network interface, and the
	// subnet's follows.
	interfacePrefix = "eni-"
	digest          = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
)

// computed is what AWS adds to a resource's properties.
func (m *monitor) computed(args pulumi.MockResourceArgs) map[string]any {
	inputs := args.Inputs.Mappable()
	arn := "arn:aws:mock::" + account + ":" + args.Name
	switch args.TypeToken {
	case "pulumi:pulumi:StackReference":
		return map[string]any{"outputs": map[string]any{}, "secretOutputNames": []any{}}
	case "aws:ec2/vpcEndpoint:VpcEndpoint":
		var interfaces []any
		if subnets, some := inputs["subnetIds"].([]any); some {
			for _, subnet := range subnets {
				interfaces = append(interfaces, interfacePrefix+fmt.Sprint(subnet))
			}
		}
		return map[string]any{
			"arn":                 arn,
			"dnsEntries":          []any{map[string]any{"dnsName": "vpce-0.execute-api.us-east-1.vpce.amazonaws.com", "hostedZoneId": "Z0"}},
			"networkInterfaceIds": interfaces,
		}
	case "aws:acm/certificate:Certificate":
		if names := m.existing.Certificates[args.ID]; len(names) > 0 {
			return map[string]any{"arn": args.ID, "status": "ISSUED", "domainName": names[0], "subjectAlternativeNames": names}
		}
		return map[string]any{"arn": arn, "domainValidationOptions": validations(inputs)}
	case "aws:apigateway/domainName:DomainName":
		return map[string]any{"arn": arn + "+a1b2c3d4e5", "domainNameId": "a1b2c3d4e5"}
	case "aws:apigateway/restApi:RestApi":
		return map[string]any{"endpointConfiguration": map[string]any{"types": "PRIVATE"}, "policy": ""}
	case "aws:ecr/repository:Repository":
		registry := account + ".dkr.ecr.us-east-1.amazonaws.com"
		return map[string]any{"arn": arn, "name": args.Name, "repositoryUrl": registry + "/" + args.Name, "registryId": account}
	case "docker:index/image:Image":
		return map[string]any{"repoDigest": account + ".dkr.ecr.us-east-1.amazonaws.com/" + args.Name + "@" + digest}
	case "aws:route53/record:Record":
		return map[string]any{"fqdn": inputs["name"]}
	}
	return map[string]any{"arn": arn, "name": args.Name, "dnsName": args.Name + ".elb.amazonaws.com", "zoneId": "Z0"}
}

// validations are the records that ACM asks for, one for each name.
func validations(inputs map[string]any) []any {
	names := []any{inputs["domainName"]}
	if more, some := inputs["subjectAlternativeNames"].([]any); some {
		names = append(names, more...)
	}
	options := make([]any, len(names))
	for i, name := range names {
		bare := strings.TrimPrefix(fmt.Sprint(name), "*.")
		options[i] = map[string]any{
			"domainName": name, "resourceRecordType": "CNAME",
			"resourceRecordName": "_v." + bare + ".", "resourceRecordValue": "_a." + bare + ".acm-validations.aws.",
		}
	}
	return options
}

const nameServer = "ns-1.example"

// delegation is the record by which a zone leads to a zone below it, whose name a
// pattern matches.
func delegation(pattern string) []any {
	if pattern == "" {
		return []any{}
	}
	name := strings.NewReplacer("^", "", "$", "", `\`, "").Replace(pattern)
	return []any{map[string]any{"name": name, "type": "NS", "resourceRecords": []any{map[string]any{"value": nameServer + "."}}}}
}

var availabilityZones = []any{"us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d", "us-east-1e", "us-east-1f"}

// subnet is an existing subnet: each that is asked for is in a zone of its own.
func (m *monitor) subnet(id string) map[string]any {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !slices.Contains(m.subnets, id) {
		m.subnets = append(m.subnets, id)
	}
	i := slices.Index(m.subnets, id)
	return map[string]any{
		"id": id, "vpcId": m.existing.VPC, "availabilityZone": availabilityZones[i%len(availabilityZones)],
		"availableIpAddressCount": 251, "cidrBlock": fmt.Sprintf("10.0.%d.0/24", i),
	}
}

// Call answers a question.
func (m *monitor) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	answer, err := m.answerTo(args)
	return resource.NewPropertyMapFromMap(answer), err
}

func (m *monitor) answerTo(args pulumi.MockCallArgs) (map[string]any, error) {
	text := func(key resource.PropertyKey) string {
		if value, ok := args.Args[key]; ok && value.IsString() {
			return value.StringValue()
		}
		return ""
	}
	switch args.Token {
	case "pulumi:pulumi:readStackOutputs":
		return nil, fmt.Errorf("invocation of pulumi:pulumi:readStackOutputs returned an error: unknown stack %q", text("name"))
	case "aws:index/getAvailabilityZones:getAvailabilityZones":
		return map[string]any{"names": availabilityZones}, nil
	case "aws:ec2/getVpcEndpointService:getVpcEndpointService":
		return map[string]any{"availabilityZones": availabilityZones}, nil
	case "aws:ec2/getVpc:getVpc":
		return map[string]any{
			"id": text("id"), "cidrBlock": "10.0.0.0/16", "enableDnsHostnames": true, "enableDnsSupport": true,
			"cidrBlockAssociations": []any{map[string]any{"cidrBlock": "10.0.0.0/16", "state": "associated"}},
		}, nil
	case "aws:ec2/getSubnet:getSubnet":
		return m.subnet(text("id")), nil
	case "aws:ec2/getRouteTables:getRouteTables":
		return map[string]any{"ids": []any{"rtb-0"}}, nil
	case "aws:ec2/getVpcEndpoint:getVpcEndpoint":
		if _, inTheWay := args.Args["filters"]; inTheWay {
			return nil, errors.New("no matching EC2 VPC Endpoint found")
		}
		service := text("serviceName")
		if known, given := m.existing.Endpoints[text("id")]; given {
			service = "com.amazonaws." + m.existing.Region + "." + known
		}
		return map[string]any{
			"id": cmp.Or(text("id"), "vpce-0"), "serviceName": service, "privateDnsEnabled": true, "state": "available",
			"securityGroupIds": []any{groupOf(service)}, "networkInterfaceIds": []any{interfacePrefix + "subnet-0"},
			"dnsEntries": []any{map[string]any{"dnsName": "vpce-0.example", "hostedZoneId": "Z0"}},
		}, nil
	case "aws:vpc/getSecurityGroupRules:getSecurityGroupRules":
		ids := []any{}
		if args.Args["filters"].ArrayValue()[0].ObjectValue()["values"].ArrayValue()[0].StringValue() == openGroup {
			ids = append(ids, "sgr-0")
		}
		return map[string]any{"ids": ids}, nil
	case "aws:vpc/getSecurityGroupRule:getSecurityGroupRule":
		return map[string]any{"id": "sgr-0", "securityGroupId": openGroup, "ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0"}, nil
	case "aws:ec2/getNetworkInterface:getNetworkInterface":
		return map[string]any{"privateIp": "10.0.0.4", "subnetId": strings.TrimPrefix(text("id"), interfacePrefix)}, nil
	case "aws:ec2/getPrefixList:getPrefixList":
		return map[string]any{"id": "pl-0", "name": text("name")}, nil
	case "aws:ecr/getAuthorizationToken:getAuthorizationToken":
		return map[string]any{"userName": "AWS", "password": "none"}, nil
	case "docker:index/getRegistryImage:getRegistryImage":
		return map[string]any{"name": text("name"), "sha256Digest": digest}, nil
	case "aws:ecs/getService:getService":
		return map[string]any{"taskDefinition": "arn:aws:mock::" + account + ":" + text("serviceName")}, nil
	case "aws:route53/getRecords:getRecords":
		return map[string]any{"resourceRecordSets": delegation(text("nameRegex"))}, nil
	case "aws:route53/getZone:getZone":
		if text("vpcId") != "" {
			return nil, errors.New("no matching Route 53 Hosted Zone found")
		}
		if name, private := m.existing.Zones[text("zoneId")]; private {
			return map[string]any{"zoneId": text("zoneId"), "name": name, "privateZone": true}, nil
		}
		return map[string]any{"zoneId": "Z0", "name": text("name"), "privateZone": false, "nameServers": []any{nameServer}}, nil
	}
	return nil, fmt.Errorf("no %s", args.Token)
}

// openGroup is the security group of existing endpoints that the tasks need to start:
// it admits them. That of an execute-api endpoint admits nothing.
const openGroup = "sg-1"

func groupOf(service string) string {
	if strings.HasSuffix(service, ".execute-api") {
		return "sg-0"
	}
	return openGroup
}
