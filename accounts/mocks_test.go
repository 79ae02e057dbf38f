package accounts

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

var update = flag.Bool("update", false, "rewrite the expected resources under testdata")

// registered is a resource that a program registered or read.
type registered struct {
	Token, Name, Parent, Provider string
	Custom, Read, RetainOnDelete  bool
	Inputs                        map[string]any
	IgnoreChanges, Dependencies   []string
}

// monitor is a fake of the engine: it records what a program registers and
// answers as AWS would.
type monitor struct {
	mu        sync.Mutex
	resources []registered
	invokes   []string
	// unknown answers as a first preview does: nothing that AWS would decide is
	// known.
	unknown bool
	// policies are the resource policies that APIs have, by ID.
	policies map[string]string
	// endpointTypes are APIs' endpoint types where they aren't PRIVATE.
	endpointTypes map[string]string
	// missing are stages that APIs don't have, "api/stage".
	missing []string
	// absent are REST APIs that the account doesn't have.
	absent []string
	// deployments are the deployments of stages that are read, by "api/stage".
	deployments map[string]string
	// publicZones are the public hosted zones of the account.
	publicZones []string
	// severalZones are names of which the account has several public zones,
	// publicZoneIDs those that are found by ID, and delegations the name servers
	// in the zones above, by name.
	severalZones               []string
	publicZoneIDs, delegations map[string]string
	// published are the names in every public zone.
	published []string
	// privateZones are the existing ones, by ID; unassociated are the ones of them
	// that the VPC isn't associated with.
	privateZones, unassociated map[string]string
	// certificates are the existing ones in ACM, by ARN.
	certificates map[string]map[string]any
	// shared are the shared stack's outputs; nil: there is no such stack.
	shared map[string]any
	// outputs are those of the other stacks' last runs and of the stack's own,
	// by name; unreadable are stacks that the backend fails to read.
	// halfWritten is how many more reads of outputs meet half a checkpoint.
	halfWritten int
	outputs     map[string]map[string]any
	unreadable  map[string]bool
	// lookedUp is the endpoint that is found by its service; empty: another.
	// askedEndpoints are the IDs by which endpoints were looked up, "" where by
	// service.
	lookedUp       string
	askedEndpoints []string
	// inTheWay are endpoints that the VPC has already, by service; nil: the
	// question is denied. subnets are what subnets differ in, by ID.
	inTheWay map[string]map[string]any
	subnets  map[string]map[string]any
	// listed are the Availability Zones; nil: four of them in no order.
	listed []any
	// rules are those of existing security groups, by ID.
	// Where there are none, those of sg-of-services admit 10.0.0.0/8.
	rules map[string]map[string]any
	// privateDNSOff reports that existing endpoints have no private DNS.
	privateDNSOff bool
	// begun are the prefixes of names that the stack has resources of, without outputs.
	begun []string
	// quota is the value of every quota; 0: 50. noImage is ECR's answer that it has no
	// such image; empty: it has.
	quota   int
	noImage string
	// pushed is when ECR says that an image was pushed.
	pushed time.Time
	// registryDigest is what registries answer for an image's digest; empty: they refuse.
	registryDigest string
	// keyState is the state of every key of AWS KMS; empty: Enabled.
	keyState string
	// denied is a function that the role may not call.
	denied string
	// failing is a type of which no resource can be created.
	failing string
	// running is the task definition that the service runs after a deployment;
	// empty: the program's.
	running string
}

func (m *monitor) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r := registered{Token: args.TypeToken, Name: args.Name, Provider: args.Provider, Custom: args.Custom, Inputs: args.Inputs.Mappable()}
	if rpc := args.RegisterRPC; rpc != nil {
		r.Parent, r.RetainOnDelete, r.IgnoreChanges, r.Dependencies = rpc.GetParent(), rpc.GetRetainOnDelete(), rpc.GetIgnoreChanges(), rpc.GetDependencies()
	} else {
		r.Read, r.Parent = true, args.ReadRPC.GetParent()
	}
	m.mu.Lock()
	m.resources = append(m.resources, r)
	m.mu.Unlock()

	if args.TypeToken == m.failing {
		return "", nil, errors.New("the association failed")
	}
	state := args.Inputs.Copy()
	switch args.TypeToken {
	case "pulumi:pulumi:StackReference":
		if m.shared == nil {
			return "", nil, fmt.Errorf("unknown stack %q", args.ID)
		}
		state["name"] = resource.NewStringProperty(args.ID)
		state["outputs"] = resource.NewObjectProperty(resource.NewPropertyMapFromMap(m.shared))
		state["secretOutputNames"] = resource.NewArrayProperty(nil)
		return args.ID, state, nil
	case "aws:apigateway/stage:Stage":
		state["deployment"] = resource.NewStringProperty(m.deployments[args.ID])
		return args.ID, state, nil
	case "aws:apigateway/restApi:RestApi":
		kind := cmp.Or(m.endpointTypes[args.ID], "PRIVATE")
		for key, value := range resource.NewPropertyMapFromMap(map[string]any{
			"endpointConfiguration": map[string]any{"types": kind},
			"policy":                m.policies[args.ID],
		}) {
			state[key] = value
		}
		return args.ID, state, nil
	case "aws:acm/certificate:Certificate":
		if r.Read {
			for key, value := range resource.NewPropertyMapFromMap(m.certificates[args.ID]) {
				state[key] = value
			}
			return args.ID, state, nil
		}
	}
	if !args.Custom || m.unknown {
		if args.TypeToken == "aws:ecr/repository:Repository" {
			// With it, the registry's password is known, too: Pulumi's mocks
			// can't carry a secret that isn't.
			state["registryId"] = resource.NewStringProperty("111111111111")
		}
		return "", state, nil
	}
	id := args.Name + "-id"
	for key, value := range resource.NewPropertyMapFromMap(computed(r)) {
		state[key] = value
	}
	return id, state, nil
}

// computed is what AWS adds to a resource's properties.
func computed(r registered) map[string]any {
	arn := "arn:aws:mock::111111111111:" + r.Name
	switch r.Token {
	case "aws:ec2/vpcEndpoint:VpcEndpoint":
		return map[string]any{
			"dnsEntries":          []any{map[string]any{"dnsName": "vpce-1.execute-api.us-east-1.vpce.amazonaws.com", "hostedZoneId": "Z7HUB22UULQXV"}},
			"networkInterfaceIds": interfacesIn(r.Inputs["subnetIds"]),
		}
	case "aws:acm/certificate:Certificate":
		if r.Inputs["validationMethod"] != "DNS" {
			return map[string]any{"arn": arn}
		}
		var options []any
		names := append([]any{r.Inputs["domainName"]}, r.Inputs["subjectAlternativeNames"].([]any)...)
		for _, name := range names {
			bare := strings.TrimPrefix(name.(string), "*.")
			options = append(options, map[string]any{
				"domainName":          name,
				"resourceRecordName":  "_validate." + bare + ".",
				"resourceRecordType":  "CNAME",
				"resourceRecordValue": "_answer." + bare + ".acm-validations.aws.",
			})
		}
		return map[string]any{"arn": arn, "domainValidationOptions": options}
	case "aws:apigateway/domainName:DomainName":
		arn := "arn:aws:apigateway:us-east-1:222222222222:/domainnames/" + r.Inputs["domainName"].(string)
		if r.Inputs["certificateArn"] == nil {
			return map[string]any{"arn": arn}
		}
		return map[string]any{"arn": arn + "+a1b2c3d4e5", "domainNameId": "a1b2c3d4e5"}
	case "aws:lb/listener:Listener":
		return map[string]any{"arn": "arn:aws:elasticloadbalancing:us-east-1:111111111111:listener/app/" + r.Name + "/50dc6c495c0c9188/f2f7dc8efc522ab2"}
	case "aws:route53/zone:Zone":
		return map[string]any{"zoneId": "Z" + r.Name}
	case "aws:route53/record:Record":
		return map[string]any{"fqdn": r.Inputs["name"]}
	case "aws:ecr/repository:Repository":
		return map[string]any{"arn": arn, "name": r.Name, "repositoryUrl": "111111111111.dkr.ecr.us-east-1.amazonaws.com/" + r.Name, "registryId": "111111111111"}
	case "docker:index/image:Image":
		return map[string]any{"repoDigest": "111111111111.dkr.ecr.us-east-1.amazonaws.com/portico@sha256:" + strings.Repeat("0", 64)}
	default:
		return map[string]any{"arn": arn, "name": r.Name, "dnsName": r.Name + ".elb.amazonaws.com", "zoneId": "Z35SXDOTRQ7X7K"}
	}
}

// interfacesIn are the IDs of an endpoint's network interfaces, in no order of the
// subnets'.
func interfacesIn(subnets any) []any {
	ids, _ := subnets.([]any)
	interfaces := make([]any, len(ids))
	for i, subnet := range ids {
		interfaces[len(ids)-1-i] = "eni-" + subnet.(string)
	}
	return interfaces
}

// addressIn is the address that AWS chooses in a subnet, by the subnet's last digit.
func addressIn(subnet string) string {
	last := strings.TrimSuffix(subnet, "-id")
	return "10.7.0." + cmp.Or(map[string]string{"a": "1", "b": "3", "c": "2"}[last[len(last)-1:]], last[len(last)-1:])
}

func (m *monitor) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	m.mu.Lock()
	m.invokes = append(m.invokes, args.Token)
	m.mu.Unlock()
	if m.denied == args.Token {
		return nil, fmt.Errorf("api error AccessDenied: User: reader is not authorized to perform: %s", args.Token)
	}
	answer, err := m.answer(args)
	return resource.NewPropertyMapFromMap(answer), err
}

func (m *monitor) answer(args pulumi.MockCallArgs) (map[string]any, error) {
	text := func(key resource.PropertyKey) string {
		if value, ok := args.Args[key]; ok && value.IsString() {
			return value.StringValue()
		}
		return ""
	}
	switch args.Token {
	case "pulumi:pulumi:readStackOutputs":
		outputs, found := m.outputs[text("name")]
		if !found && m.shared != nil && text("name") == ownStack {
			outputs, found = m.shared, true
		}
		switch {
		case m.halfWritten > 0:
			m.halfWritten--
			return nil, errors.New("invocation of pulumi:pulumi:readStackOutputs returned an error: failed to load checkpoint: EOF")
		case m.unreadable[text("name")]:
			return nil, errors.New("the bucket is gone")
		case !found:
			return nil, fmt.Errorf("invocation of pulumi:pulumi:readStackOutputs returned an error: unknown stack %q", text("name"))
		}
		return map[string]any{"name": text("name"), "outputs": outputs, "secretOutputNames": []any{}}, nil
	case "pulumi:pulumi:readStackResourceOutputs":
		resources := map[string]any{}
		for _, prefix := range m.begun {
			resources["urn:pulumi:dev::portico::portico:index:Network::"+prefix] = map[string]any{"type": "portico:index:Network", "outputs": map[string]any{}}
		}
		return map[string]any{"name": text("stackName"), "outputs": resources}, nil
	case "aws:index/getAvailabilityZones:getAvailabilityZones":
		if m.listed != nil {
			return map[string]any{"names": m.listed}, nil
		}
		return map[string]any{"names": []any{"us-east-1c", "us-east-1a", "us-east-1e", "us-east-1b"}}, nil
	case "aws:ec2/getVpcEndpointService:getVpcEndpointService":
		return map[string]any{"availabilityZones": []any{"us-east-1a", "us-east-1b", "us-east-1c"}}, nil
	case "aws:ec2/getVpc:getVpc":
		return map[string]any{"id": text("id"), "cidrBlock": "10.7.0.0/16", "enableDnsHostnames": true, "enableDnsSupport": true,
			"cidrBlockAssociations": []any{
				map[string]any{"cidrBlock": "10.7.0.0/16", "state": "associated"},
				map[string]any{"cidrBlock": "10.9.0.0/16", "state": "disassociated"},
			}}, nil
	case "aws:ec2/getVpcs:getVpcs":
		if args.Args["tags"].IsObject() {
			return map[string]any{"ids": []any{}}, nil
		}
		return map[string]any{"ids": []any{"vpc-1", "vpc-2"}}, nil
	case "aws:lb/getLbs:getLbs":
		return map[string]any{"arns": []any{}}, nil
	case "aws:servicequotas/getServiceQuota:getServiceQuota":
		return map[string]any{"value": cmp.Or(m.quota, 50), "quotaName": text("quotaCode")}, nil
	case "docker:index/getRegistryImage:getRegistryImage":
		if m.registryDigest == "" {
			return nil, errors.New("Got bad response from registry: 401 Unauthorized")
		}
		return map[string]any{"name": text("name"), "sha256Digest": m.registryDigest}, nil
	case "aws:ecr/getImage:getImage":
		if m.noImage != "" {
			return nil, errors.New(m.noImage)
		}
		return map[string]any{"imageDigest": cmp.Or(text("imageDigest"), oldDigest), "imagePushedAt": m.pushed.Unix()}, nil
	case "aws:kms/getKey:getKey":
		state := cmp.Or(m.keyState, "Enabled")
		return map[string]any{"arn": text("keyId"), "enabled": state == "Enabled", "keyState": state, "keySpec": "SYMMETRIC_DEFAULT"}, nil
	case "aws:ec2/getSubnet:getSubnet":
		return m.subnet(text("id")), nil
	case "aws:ec2/getRouteTables:getRouteTables":
		filter := args.Args["filters"].ArrayValue()[0].ObjectValue()
		if filter["name"].StringValue() == "association.main" {
			return map[string]any{"ids": []any{"rtb-main"}}, nil
		}
		return map[string]any{"ids": []any{}}, nil
	case "aws:ec2/getSecurityGroup:getSecurityGroup":
		return nil, fmt.Errorf("no matching EC2 Security Group found")
	case "aws:ec2/getVpcEndpoint:getVpcEndpoint":
		id, service := text("id"), text("serviceName")
		if _, question := args.Args["filters"]; question {
			return m.endpointInTheWay(service)
		}
		if id != "" {
			service = "com.amazonaws.us-east-1." + endpointServices[id]
		}
		m.mu.Lock()
		m.askedEndpoints = append(m.askedEndpoints, id)
		m.mu.Unlock()
		groups := []any{"sg-of-others"}
		if !strings.HasSuffix(service, "execute-api") {
			groups = append(groups, "sg-of-services")
		}
		return map[string]any{"id": cmp.Or(id, m.lookedUp, "vpce-adopted"), "serviceName": service, "privateDnsEnabled": !m.privateDNSOff, "state": "available",
			"securityGroupIds": groups, "networkInterfaceIds": []any{"eni-9"},
			"dnsEntries": []any{map[string]any{"dnsName": "vpce-adopted.example", "hostedZoneId": "Z1"}}}, nil
	case "aws:ec2/getNetworkInterface:getNetworkInterface":
		subnet := strings.TrimPrefix(text("id"), "eni-")
		return map[string]any{"privateIp": addressIn(subnet), "subnetId": subnet}, nil
	case "aws:vpc/getSecurityGroupRules:getSecurityGroupRules":
		group := args.Args["filters"].ArrayValue()[0].ObjectValue()["values"].ArrayValue()[0].StringValue()
		ids := []any{}
		for id, rule := range m.rules {
			if rule["securityGroupId"] == group {
				ids = append(ids, id)
			}
		}
		if group == "sg-of-services" && m.rules == nil {
			ids = append(ids, "sgr-of-services")
		}
		return map[string]any{"ids": ids}, nil
	case "aws:vpc/getSecurityGroupRule:getSecurityGroupRule":
		answer := map[string]any{"id": text("securityGroupRuleId")}
		if text("securityGroupRuleId") == "sgr-of-services" {
			maps.Copy(answer, map[string]any{"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "10.0.0.0/8"})
		}
		maps.Copy(answer, m.rules[text("securityGroupRuleId")])
		return answer, nil
	case "aws:ec2/getPrefixList:getPrefixList":
		return map[string]any{"id": "pl-63a5400a", "name": text("name")}, nil
	case "aws:ecr/getAuthorizationToken:getAuthorizationToken":
		return map[string]any{"userName": "AWS", "password": "secret"}, nil
	case "aws:apigateway/getExport:getExport":
		if slices.Contains(m.absent, text("restApiId")) {
			return nil, errors.New("api error NotFoundException: Invalid API identifier specified")
		}
		if slices.Contains(m.missing, text("restApiId")+"/"+text("stageName")) {
			return nil, fmt.Errorf("reading API Gateway Export: operation error API Gateway: GetExport, api error NotFoundException: Invalid stage identifier specified")
		}
		return map[string]any{"body": "{}"}, nil
	case "aws:ecs/getService:getService":
		running := cmp.Or(m.running, "arn:aws:mock::111111111111:"+text("serviceName"))
		return map[string]any{"taskDefinition": running}, nil
	case "aws:route53/getRecords:getRecords":
		var sets []any
		for _, name := range m.published {
			sets = append(sets, map[string]any{"name": name + ".", "type": "A"})
		}
		for _, name := range slices.Sorted(maps.Keys(m.delegations)) {
			if pattern := text("nameRegex"); pattern != "" && regexp.MustCompile(pattern).MatchString(name+".") {
				sets = append(sets, map[string]any{"name": name + ".", "type": "NS", "resourceRecords": []any{map[string]any{"value": m.delegations[name] + "."}}})
			}
		}
		return map[string]any{"resourceRecordSets": sets}, nil
	case "aws:route53/getZone:getZone":
		if name, public := m.publicZoneIDs[text("zoneId")]; public {
			return map[string]any{"zoneId": text("zoneId"), "name": name, "privateZone": false}, nil
		}
		if id := text("zoneId"); id != "" || text("vpcId") != "" {
			return m.privateZone(id, text("name"))
		}
		if slices.Contains(m.severalZones, text("name")) {
			return nil, fmt.Errorf("multiple Route 53 Hosted Zones matched; use additional constraints to reduce matches to a single Route 53 Hosted Zone")
		}
		if slices.Contains(m.publicZones, text("name")) {
			return map[string]any{"zoneId": "ZPUBLIC-" + text("name"), "name": text("name"), "nameServers": []any{"ns-1." + text("name"), "ns-2." + text("name")}}, nil
		}
		return nil, fmt.Errorf("no matching Route 53 Hosted Zone found")
	}
	return nil, fmt.Errorf("unknown function %s", args.Token)
}

// subnet is a subnet of the existing VPC; its zone is its ID's last letter, or the
// letter of its last digit, a for 1.
func (m *monitor) subnet(id string) map[string]any {
	zone := strings.NewReplacer("1", "a", "2", "b", "3", "c").Replace(id[len(id)-1:])
	subnet := map[string]any{"id": id, "vpcId": "vpc-0a1b2c3d4e5f60718", "availabilityZone": "us-east-1" + zone,
		"availableIpAddressCount": 251, "cidrBlock": "10.7.0.0/24"}
	maps.Copy(subnet, m.subnets[id])
	return subnet
}

// endpointInTheWay answers which endpoint of a service the VPC has already.
func (m *monitor) endpointInTheWay(service string) (map[string]any, error) {
	found, ok := m.inTheWay[service]
	if !ok {
		return nil, fmt.Errorf("no matching EC2 VPC Endpoint found")
	}
	if found == nil {
		return nil, fmt.Errorf("UnauthorizedOperation: not authorized to perform: ec2:DescribeVpcEndpoints")
	}
	return found, nil
}

// privateZone answers for a zone's ID, or for a name in the VPC.
func (m *monitor) privateZone(id, name string) (map[string]any, error) {
	for known, itsName := range m.privateZones {
		if known == id || itsName == name && m.unassociated[known] == "" {
			return map[string]any{"zoneId": known, "name": itsName, "arn": "arn:aws:route53:::hostedzone/" + known, "privateZone": true}, nil
		}
	}
	return nil, fmt.Errorf("no matching Route 53 Hosted Zone found")
}

// of are the resources of a type, by name.
func (m *monitor) of(token string) []registered {
	var found []registered
	for _, r := range m.resources {
		if r.Token == token {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b registered) int { return cmp.Compare(a.Name, b.Name) })
	return found
}

// only is the one resource of a type.
func (m *monitor) only(t *testing.T, token string) registered {
	t.Helper()
	found := m.of(token)
	require.Len(t, found, 1, token)
	return found[0]
}

// named is the resource of a type whose name ends so.
func (m *monitor) named(t *testing.T, token, suffix string) registered {
	t.Helper()
	for _, r := range m.of(token) {
		if strings.HasSuffix(r.Name, suffix) {
			return r
		}
	}
	require.Failf(t, "no such resource", "%s …%s", token, suffix)
	return registered{}
}

// identities are the resources' types and names, sorted.
func (m *monitor) identities() []string {
	var all []string
	for _, r := range m.resources {
		all = append(all, r.Token+" "+r.Name)
	}
	slices.Sort(all)
	return all
}

// settingsText is a stack's configuration as a settings file has it.
type settingsText string

// config is what Pulumi hands to the program: JSON for what isn't text.
func (s settingsText) config(t *testing.T) map[string]string {
	t.Helper()
	var file struct {
		Config map[string]any `yaml:"config"`
	}
	require.NoError(t, yaml.Unmarshal([]byte(s), &file))
	config := map[string]string{}
	for key, value := range file.Config {
		if text, ok := value.(string); ok {
			config[key] = text
			continue
		}
		data, err := json.Marshal(value)
		require.NoError(t, err)
		config[key] = string(data)
	}
	return config
}

// project is a project's directory with a mapping file and a settings file.
func project(t *testing.T, stack string, s settingsText, mapping string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi."+stack+".yaml"), []byte(s), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "mapping.yaml"), []byte(mapping), 0o600))
	return dir
}

// run runs a program against m.
func run(t *testing.T, m *monitor, program pulumi.RunFunc, stack string, config map[string]string) error {
	t.Helper()
	return pulumi.RunErr(program, pulumi.WithMocks("portico", stack, m), func(info *pulumi.RunInfo) {
		info.Config = config
		info.DryRun = m.unknown
	})
}

// endpointServices are the services of the endpoints that exist, by ID.
var endpointServices = map[string]string{
	"vpce-0a1b2c3d4e5f60714": "s3",
	"vpce-0a1b2c3d4e5f60715": "execute-api",
	"vpce-0a1b2c3d4e5f60716": "execute-api",
	"vpce-adopted":           "execute-api",
}

// publicZones are those of the mappings in these tests.
var publicZones = []string{"example.com", "example.net", "dev.example.net"}

// readSettings reads the settings of the shared stack as its program does, and
// returns the errors.
func readSettings(t *testing.T, s settingsText) string {
	t.Helper()
	dir := project(t, "dev", s, twoRows)
	var failure error
	program := func(ctx *pulumi.Context) error {
		_, failure = sourceOf(ctx, dir).Shared()
		return nil
	}
	require.NoError(t, run(t, &monitor{}, program, "dev", s.config(t)))
	if failure == nil {
		return ""
	}
	require.ErrorAs(t, failure, new(SettingsErrors))
	return failure.Error()
}

// shared runs the shared stack's program.
func shared(t *testing.T, m *monitor, s settingsText, mapping string) error {
	t.Helper()
	m.publicZones = publicZones
	return run(t, m, SharedIn(project(t, "dev", s, mapping)), "dev", s.config(t))
}

const minimalShared settingsText = `config:
  portico:mapping: mapping.yaml
  portico:aws: {region: us-east-1, accountId: "111111111111"}
`

const twoRows = `APIS:
  - CUSTOM_DOMAIN_URL: a.internal.example.com
    PRIVATE_API_URL: https://abcde12345.execute-api.us-east-1.amazonaws.com/dev
    VERBS: [GET]
    ACCOUNT: "222222222222"
  - CUSTOM_DOMAIN_URL: b.private.example.net
    PRIVATE_API_URL: https://fghij67890.execute-api.us-east-1.amazonaws.com/dev/x
    TIMEOUT: 120
    ACCOUNT: "222222222222"
`
