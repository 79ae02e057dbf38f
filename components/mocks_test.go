package components

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// registered is a resource that a program registered or read.
type registered struct {
	Token, Name, URN, Parent, Provider           string
	Custom, Read, RetainOnDelete                 bool
	Inputs                                       map[string]any
	Dependencies, IgnoreChanges, ReplaceOnChange []string
	// ImportID is the ID of the resource to import; "": it is created.
	ImportID string
	// Timeouts are those that the program set for creation, update and deletion.
	Timeouts [3]string
}

// monitor stands in for the engine and AWS: it records what a program registers.
type monitor struct {
	mu        sync.Mutex
	resources []registered
	// answers are those of invokes by their token, in place of the usual ones.
	answers map[string]func(arguments map[string]any) (map[string]any, error)
	// states are further properties of resources that are read, by ID.
	states map[string]map[string]any
	// preview is a run in which nothing that AWS decides is known.
	preview bool
	// previewOfUpdate is a preview that knows what AWS has decided before.
	previewOfUpdate bool
	// interfaces are those of each interface endpoint; nil: three.
	interfaces []any
	// hold are channels whose end resources of a type wait for.
	hold map[string]chan struct{}
}

func (m *monitor) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r := registered{Token: args.TypeToken, Name: args.Name, Provider: args.Provider, Custom: args.Custom, Inputs: args.Inputs.Mappable()}
	if rpc := args.RegisterRPC; rpc != nil {
		r.Parent, r.RetainOnDelete, r.Dependencies = rpc.GetParent(), rpc.GetRetainOnDelete(), rpc.GetDependencies()
		r.ImportID = rpc.GetImportId()
		r.IgnoreChanges, r.ReplaceOnChange = rpc.GetIgnoreChanges(), rpc.GetReplaceOnChanges()
		timeouts := rpc.GetCustomTimeouts()
		r.Timeouts = [3]string{timeouts.GetCreate(), timeouts.GetUpdate(), timeouts.GetDelete()}
	} else {
		r.Read, r.Custom, r.Parent = true, true, args.ReadRPC.GetParent()
	}
	r.URN = urnOf(r)
	m.mu.Lock()
	m.resources = append(m.resources, r)
	m.mu.Unlock()

	if held := m.hold[r.Token]; held != nil {
		<-held
	}
	state := args.Inputs.Copy()
	if r.Read {
		for key, value := range resource.NewPropertyMapFromMap(m.states[args.ID]) {
			state[key] = value
		}
		return args.ID, state, nil
	}
	if !args.Custom || m.preview {
		return "", state, nil
	}
	for key, value := range resource.NewPropertyMapFromMap(computed(r)) {
		state[key] = value
	}
	if _, ok := state["networkInterfaceIds"]; ok && m.interfaces != nil {
		state["networkInterfaceIds"] = resource.NewPropertyValue(m.interfaces)
	}
	return r.Name + "-id", state, nil
}

// urnOf is a resource's URN as the SDK's mocks make it: of the parent's own type.
func urnOf(r registered) string {
	var parent tokens.Type
	if urn := resource.URN(r.Parent); urn != "" && urn.QualifiedType() != resource.RootStackType {
		parent = urn.QualifiedType()
	}
	return string(resource.NewURN("test", "portico", parent, tokens.Type(r.Token), r.Name))
}

// computed are the properties that AWS adds.
func computed(r registered) map[string]any {
	arn := arnOf(r.Token, r.Name)
	switch r.Token {
	case "aws:ec2/vpcEndpoint:VpcEndpoint":
		return map[string]any{
			"dnsEntries":          []any{map[string]any{"dnsName": r.Name + ".vpce.amazonaws.com", "hostedZoneId": "ZVPCE"}},
			"networkInterfaceIds": []any{"eni-3", "eni-1", "eni-2"},
		}
	case "aws:acm/certificate:Certificate":
		return map[string]any{"arn": arn, "domainValidationOptions": validationOptions(r.Inputs)}
	case "aws:acm/certificateValidation:CertificateValidation":
		return map[string]any{"certificateArn": r.Inputs["certificateArn"].(string) + "?issued"}
	case "aws:route53/record:Record":
		return map[string]any{"fqdn": r.Inputs["name"]}
	case "aws:apigateway/domainName:DomainName":
		return map[string]any{"arn": arn, "domainNameId": "a1b2c3d4e5"}
	case "aws:route53/zone:Zone":
		return map[string]any{"zoneId": "Z" + r.Name, "arn": arn}
	case "aws:ecr/repository:Repository":
		return map[string]any{"arn": arn, "name": r.Name, "repositoryUrl": "registry/" + r.Name, "registryId": "111111111111"}
	case "docker:index/image:Image":
		return map[string]any{"repoDigest": "registry/portico@sha256:0"}
	default:
		return map[string]any{"arn": arn, "name": r.Name, "bucket": r.Name, "dnsName": r.Name + ".elb.amazonaws.com", "zoneId": "ZELB"}
	}
}

// validationOptions are what ACM asks for a certificate's names, in an order of its
// own: a name and its wildcard have the same record.
func validationOptions(certificate map[string]any) []any {
	further, _ := certificate["subjectAlternativeNames"].([]any)
	var options []any
	for _, name := range slices.Backward(append([]any{certificate["domainName"]}, further...)) {
		text, _ := name.(string)
		bare := strings.TrimPrefix(text, "*.")
		options = append(options, map[string]any{"domainName": text, "resourceRecordType": "CNAME",
			"resourceRecordName": "_validate." + bare + ".", "resourceRecordValue": "_answer." + bare + ".acm-validations.aws."})
	}
	return options
}

// arnOf is the ARN of a resource.
func arnOf(token, name string) string {
	return "arn:aws:mock::111111111111:" + token[strings.LastIndexByte(token, ':')+1:] + "/" + name
}

func (m *monitor) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	arguments := args.Args.Mappable()
	if answer := m.answers[args.Token]; answer != nil {
		properties, err := answer(arguments)
		return resource.NewPropertyMapFromMap(properties), err
	}
	answer, err := usualAnswer(args.Token, arguments)
	return resource.NewPropertyMapFromMap(answer), err
}

func usualAnswer(token string, arguments map[string]any) (map[string]any, error) {
	text := func(key string) string {
		value, _ := arguments[key].(string)
		return value
	}
	switch token {
	case "aws:index/getAvailabilityZones:getAvailabilityZones":
		return map[string]any{"names": []any{"us-east-1c", "us-east-1a", "us-east-1e", "us-east-1b"}}, nil
	case "aws:ec2/getVpcEndpointService:getVpcEndpointService":
		return map[string]any{"availabilityZones": []any{"us-east-1a", "us-east-1b", "us-east-1c"}}, nil
	case "aws:ec2/getVpc:getVpc":
		return map[string]any{"id": text("id"), "cidrBlock": "10.7.0.0/16", "enableDnsHostnames": true, "enableDnsSupport": true,
			"cidrBlockAssociations": []any{
				map[string]any{"cidrBlock": "10.9.0.0/16", "state": "associated"},
				map[string]any{"cidrBlock": "10.7.0.0/16", "state": "associated"},
				map[string]any{"cidrBlock": "10.8.0.0/16", "state": "disassociated"},
			}}, nil
	case "aws:ec2/getSubnet:getSubnet":
		id := text("id")
		return map[string]any{"id": id, "vpcId": "vpc-1", "availabilityZone": "us-east-1" + id[len(id)-1:]}, nil
	case "aws:ec2/getRouteTables:getRouteTables":
		return map[string]any{"ids": []any{"rtb-1"}}, nil
	case "aws:ec2/getVpcEndpoint:getVpcEndpoint":
		return existingEndpoint(cmp.Or(text("id"), "vpce-found"), cmp.Or(text("serviceName"), "com.amazonaws.us-east-1.execute-api")), nil
	case "aws:ec2/getNetworkInterface:getNetworkInterface":
		number := strings.TrimPrefix(text("id"), "eni-")
		return map[string]any{"privateIp": "10.7.0." + number, "subnetId": "subnet-" + number}, nil
	case "aws:vpc/getSecurityGroupRules:getSecurityGroupRules":
		return map[string]any{"ids": []any{}}, nil // its owner admits no client yet
	case "aws:ec2/getPrefixList:getPrefixList":
		return map[string]any{"id": "pl-s3", "name": text("name")}, nil
	case "aws:ecr/getAuthorizationToken:getAuthorizationToken":
		return map[string]any{"userName": "AWS", "password": "secret"}, nil
	case "aws:ecs/getService:getService":
		return map[string]any{"taskDefinition": arnOf("aws:ecs/taskDefinition:TaskDefinition", text("serviceName"))}, nil
	}
	return nil, fmt.Errorf("unknown function %s", token)
}

// existingEndpoint is an endpoint that exists.
func existingEndpoint(id, service string) map[string]any {
	return map[string]any{"id": id, "serviceName": service, "privateDnsEnabled": true, "state": "available",
		"securityGroupIds": []any{"sg-b", "sg-a"}, "networkInterfaceIds": []any{"eni-9", "eni-8"},
		"dnsEntries": []any{map[string]any{"dnsName": id + ".vpce.amazonaws.com", "hostedZoneId": "ZVPCE"}}}
}

// tags are what tests give every component.
var tags = Tags{"app": "portico"}

// run runs a program with an AWS provider, which opts hands to components.
func (m *monitor) run(program func(ctx *pulumi.Context, opts pulumi.ResourceOption) error) error {
	return pulumi.RunErr(func(ctx *pulumi.Context) error {
		provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String("us-east-1")})
		if err != nil {
			return err
		}
		return program(ctx, pulumi.Providers(provider))
	}, pulumi.WithMocks("portico", "test", m), func(info *pulumi.RunInfo) { info.DryRun = m.preview || m.previewOfUpdate })
}

// deploy runs a program that succeeds, and holds what every component does: each
// child has a component as its parent, the component's provider and, where the
// type has tags, the component's tags and a name; and no child has timeouts but the
// service, the only one of the AWS provider's resources in use here that takes
// any (hashicorp/terraform-provider-aws, internal/service/ecs/service.go).
func (m *monitor) deploy(t *testing.T, program func(ctx *pulumi.Context, opts pulumi.ResourceOption) error) *monitor {
	t.Helper()
	require.NoError(t, m.run(program))
	for _, r := range m.resources {
		if strings.HasPrefix(r.Token, "pulumi:") || r.Token == prerequisiteToken {
			continue
		}
		if !r.Custom {
			require.Contains(t, r.Parent, "pulumi:pulumi:Stack", "parent of %s", r.URN)
			continue
		}
		require.Contains(t, r.Parent, "portico:index:", "parent of %s", r.URN)
		if strings.HasPrefix(r.Token, "aws:") {
			require.Regexp(t, "pulumi:providers:aws::(aws|elsewhere)::", r.Provider, "provider of %s", r.URN)
		}
		require.True(t, r.Timeouts == [3]string{} || r.Token == "aws:ecs/service:Service", "timeouts of %s", r.URN)
		if r.Read || slices.Contains(withoutTags, r.Token) {
			continue
		}
		given, _ := r.Inputs["tags"].(map[string]any)
		require.Equal(t, "portico", given["app"], "tags of %s", r.URN)
		require.NotEmpty(t, given["Name"], "tags of %s", r.URN)
	}
	return m
}

// withoutTags are the types in use here that have no tags.
var withoutTags = []string{
	"aws:acm/certificateValidation:CertificateValidation",
	"aws:apigateway/basePathMapping:BasePathMapping",
	"aws:apigateway/deployment:Deployment",
	"aws:apigateway/restApiPolicy:RestApiPolicy",
	"aws:appautoscaling/policy:Policy",
	"aws:cloudwatch/logMetricFilter:LogMetricFilter",
	"aws:ec2/route:Route",
	"aws:ec2/routeTableAssociation:RouteTableAssociation",
	"aws:ecr/lifecyclePolicy:LifecyclePolicy",
	"aws:iam/rolePolicy:RolePolicy",
	"aws:lb/listenerCertificate:ListenerCertificate",
	"aws:lb/targetGroupAttachment:TargetGroupAttachment",
	"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
	"aws:s3/bucketPolicy:BucketPolicy",
	"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
	"aws:ram/principalAssociation:PrincipalAssociation",
	"aws:ram/resourceAssociation:ResourceAssociation",
	"aws:ram/resourceShareAccepter:ResourceShareAccepter",
	"aws:route53/profilesResourceAssociation:ProfilesResourceAssociation",
	"aws:route53/record:Record",
	"aws:route53/vpcAssociationAuthorization:VpcAssociationAuthorization",
	"aws:route53/zoneAssociation:ZoneAssociation",
	"docker:index/image:Image",
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

// names are the names of a type's resources, sorted.
func (m *monitor) names(token string) []string {
	names := []string{}
	for _, r := range m.of(token) {
		names = append(names, r.Name)
	}
	return names
}

// only is the one resource of a type.
func (m *monitor) only(t *testing.T, token string) registered {
	t.Helper()
	found := m.of(token)
	require.Len(t, found, 1, token)
	return found[0]
}

// named is the resource of a type and name.
func (m *monitor) named(t *testing.T, token, name string) registered {
	t.Helper()
	for _, r := range m.of(token) {
		if r.Name == name {
			return r
		}
	}
	require.Failf(t, "no such resource", "%s %s", token, name)
	return registered{}
}

// requireOrder requires that the engine creates first before then, and deletes
// then before first, even where it deletes nothing else.
func requireOrder(t *testing.T, first, then registered) {
	t.Helper()
	require.Contains(t, then.Dependencies, first.URN, "%s comes after", then.URN)
}

// prerequisite is a resource that components are told to depend on.
type prerequisite struct{ pulumi.CustomResourceState }

const prerequisiteToken = "test:index:Prerequisite"

func newPrerequisite(ctx *pulumi.Context, name string, opts ...pulumi.ResourceOption) (*prerequisite, error) {
	p := &prerequisite{}
	return p, ctx.RegisterResource(prerequisiteToken, name, nil, p, opts...)
}

// requireArguments requires an error that names these arguments, and that nothing
// was registered.
func requireArguments(t *testing.T, m *monitor, err error, arguments ...string) {
	t.Helper()
	var first *ArgumentError
	require.ErrorAs(t, err, &first)
	require.Equal(t, arguments[0], first.Argument)
	var named []string
	walk(err, func(e error) {
		if argument, ok := e.(*ArgumentError); ok {
			named = append(named, argument.Argument)
		}
	})
	require.Equal(t, arguments, named)
	for _, r := range m.resources {
		require.NotContains(t, r.Token, "portico:index:")
	}
}

// walk visits an error and all that it wraps.
func walk(err error, visit func(error)) {
	if err == nil {
		return
	}
	visit(err)
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			walk(inner, visit)
		}
	case interface{ Unwrap() error }:
		walk(e.Unwrap(), visit)
	case interface{ WrappedErrors() []error }:
		for _, inner := range e.WrappedErrors() {
			walk(inner, visit)
		}
	}
}

// requireExisting requires an error about an existing resource.
func requireExisting(t *testing.T, err error, kind, id string) {
	t.Helper()
	var existing *ExistingResourceError
	require.ErrorAs(t, err, &existing)
	require.Equal(t, []string{kind, id}, []string{existing.Kind, existing.ID})
	require.NotEmpty(t, existing.Fix)
}

func inputs(ids ...string) []pulumi.StringInput {
	all := make([]pulumi.StringInput, len(ids))
	for i, id := range ids {
		all[i] = pulumi.String(id)
	}
	return all
}

// TestErrorsTellAll holds every typed error to what happened and what to do.
func TestErrorsTellAll(t *testing.T) {
	for want, err := range map[string]error{
		`create Service "portico": CPU: not set: it has no default: set it`: &ArgumentError{Component: "Service", Name: "portico", Argument: "CPU", Problem: "not set", Fix: "it has no default: set it"},
		"use endpoint vpce-1 for logs: its private DNS is off: enable it":   &ExistingResourceError{Kind: "endpoint", ID: "vpce-1", Purpose: "logs", Problem: "its private DNS is off", Fix: "enable it"},
		"use VPC vpc-1: its DNS support is off: enable it":                  &ExistingResourceError{Kind: "VPC", ID: "vpc-1", Problem: "its DNS support is off", Fix: "enable it"},
	} {
		require.EqualError(t, err, want)
		require.Equal(t, reflect.Pointer, reflect.TypeOf(err).Kind())
		require.ErrorIs(t, fmt.Errorf("deploy: %w", err), err)
	}
}
