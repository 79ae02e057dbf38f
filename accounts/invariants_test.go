package accounts

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/appautoscaling"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecr"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ram"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/stretchr/testify/require"
)

// argsTypes are the SDK's argument types of every AWS resource that the stacks
// register: they show which resources take tags.
var argsTypes = map[string]any{
	"aws:acm/certificate:Certificate":                                        acm.CertificateArgs{},
	"aws:acm/certificateValidation:CertificateValidation":                    acm.CertificateValidationArgs{},
	"aws:apigateway/basePathMapping:BasePathMapping":                         apigateway.BasePathMappingArgs{},
	"aws:apigateway/deployment:Deployment":                                   apigateway.DeploymentArgs{},
	"aws:apigateway/domainName:DomainName":                                   apigateway.DomainNameArgs{},
	"aws:apigateway/domainNameAccessAssociation:DomainNameAccessAssociation": apigateway.DomainNameAccessAssociationArgs{},
	"aws:apigateway/restApiPolicy:RestApiPolicy":                             apigateway.RestApiPolicyArgs{},
	"aws:appautoscaling/policy:Policy":                                       appautoscaling.PolicyArgs{},
	"aws:appautoscaling/target:Target":                                       appautoscaling.TargetArgs{},
	"aws:cloudwatch/dashboard:Dashboard":                                     cloudwatch.DashboardArgs{},
	"aws:cloudwatch/logGroup:LogGroup":                                       cloudwatch.LogGroupArgs{},
	"aws:ec2/flowLog:FlowLog":                                                ec2.FlowLogArgs{},
	"aws:cloudwatch/logMetricFilter:LogMetricFilter":                         cloudwatch.LogMetricFilterArgs{},
	"aws:cloudwatch/metricAlarm:MetricAlarm":                                 cloudwatch.MetricAlarmArgs{},
	"aws:ec2/internetGateway:InternetGateway":                                ec2.InternetGatewayArgs{},
	"aws:ec2/route:Route":                                                    ec2.RouteArgs{},
	"aws:ec2/routeTable:RouteTable":                                          ec2.RouteTableArgs{},
	"aws:ec2/routeTableAssociation:RouteTableAssociation":                    ec2.RouteTableAssociationArgs{},
	"aws:ec2/securityGroup:SecurityGroup":                                    ec2.SecurityGroupArgs{},
	"aws:ec2/subnet:Subnet":                                                  ec2.SubnetArgs{},
	"aws:ec2/vpc:Vpc":                                                        ec2.VpcArgs{},
	"aws:ec2/vpcEndpoint:VpcEndpoint":                                        ec2.VpcEndpointArgs{},
	"aws:ecr/lifecyclePolicy:LifecyclePolicy":                                ecr.LifecyclePolicyArgs{},
	"aws:ecr/repository:Repository":                                          ecr.RepositoryArgs{},
	"aws:ecs/cluster:Cluster":                                                ecs.ClusterArgs{},
	"aws:ecs/service:Service":                                                ecs.ServiceArgs{},
	"aws:ecs/taskDefinition:TaskDefinition":                                  ecs.TaskDefinitionArgs{},
	"aws:iam/role:Role":                                                      iam.RoleArgs{},
	"aws:iam/rolePolicy:RolePolicy":                                          iam.RolePolicyArgs{},
	"aws:lb/listener:Listener":                                               lb.ListenerArgs{},
	"aws:lb/listenerCertificate:ListenerCertificate":                         lb.ListenerCertificateArgs{},
	"aws:lb/listenerRule:ListenerRule":                                       lb.ListenerRuleArgs{},
	"aws:lb/loadBalancer:LoadBalancer":                                       lb.LoadBalancerArgs{},
	"aws:lb/targetGroup:TargetGroup":                                         lb.TargetGroupArgs{},
	"aws:lb/targetGroupAttachment:TargetGroupAttachment":                     lb.TargetGroupAttachmentArgs{},
	"aws:ram/principalAssociation:PrincipalAssociation":                      ram.PrincipalAssociationArgs{},
	"aws:ram/resourceAssociation:ResourceAssociation":                        ram.ResourceAssociationArgs{},
	"aws:ram/resourceShare:ResourceShare":                                    ram.ResourceShareArgs{},
	"aws:ram/resourceShareAccepter:ResourceShareAccepter":                    ram.ResourceShareAccepterArgs{},
	"aws:route53/record:Record":                                              route53.RecordArgs{},
	"aws:route53/resolverEndpoint:ResolverEndpoint":                          route53.ResolverEndpointArgs{},
	"aws:route53/zone:Zone":                                                  route53.ZoneArgs{},
	"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2":   s3.BucketLifecycleConfigurationV2Args{},
	"aws:s3/bucketPolicy:BucketPolicy":                                       s3.BucketPolicyArgs{},
	"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":                 s3.BucketPublicAccessBlockArgs{},
	"aws:s3/bucketV2:BucketV2":                                               s3.BucketV2Args{},
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":                vpc.SecurityGroupEgressRuleArgs{},
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":              vpc.SecurityGroupIngressRuleArgs{},
}

// sharedVariants are the shapes that a shared stack can take.
func sharedVariants(t *testing.T) map[string]settingsText {
	t.Helper()
	return map[string]settingsText{
		"a new VPC with every default": minimalShared,
		"alarms":                       minimalShared + alarmed,
		"a new VPC of three zones with public subnets, a Network Load Balancer and a record per host": minimalShared + `
  portico:network: {zones: 3, publicSubnets: true, cidr: 10.64.0.0/20}
  portico:loadBalancer: {type: NLB}
  portico:dns: {records: host}
  portico:certificates: {namesPerCertificate: 1}
`,
		"logs of the load balancers in a bucket of the stack's": minimalShared + `
  portico:loadBalancer: {accessLogs: {create: true, prefix: requests}, connectionLogs: {create: true}}
`,
		"an existing VPC with endpoints of every origin": minimalShared + existingVPC + `
  portico:endpoints: {executeApi: {lookup: true}, logs: {lookup: true}, s3: {id: vpce-0a1b2c3d4e5f60714}}
`,
		"an existing VPC with security groups of others": minimalShared + existingVPC + `
  portico:securityGroups: {loadBalancerId: sg-0000000a, endpointId: sg-0000000b, tasksId: sg-0000000c}
`,
		"a prebuilt image": minimalShared + `
  portico:image: {uri: "111111111111.dkr.ecr.us-east-1.amazonaws.com/proxy:1"}
`,
		"front doors of every kind in a new VPC": withProviders,
		"front doors of every kind in an existing VPC, whose endpoints exist": withProviders + existingVPC + `
  portico:endpoints: {alb: {id: vpce-0a1b2c3d4e5f60715}, native: {id: vpce-0a1b2c3d4e5f60716}}
  portico:alb: {loadBalancer: own}
  portico:native: {acceptShares: ["222222222222"]}
`,
		"the development example": settingsText(example(t, "Pulumi.dev.yaml")),
		"the production example":  settingsText(example(t, "Pulumi.prod.yaml")),
	}
}

const existingVPC = `
  portico:network:
    vpcId: vpc-0a1b2c3d4e5f60718
    subnetIds: [subnet-0a1b2c3d4e5f6071a, subnet-0a1b2c3d4e5f6071b]
`

// variantMappings are what each shape is tried with where it names provider
// stacks; shapes without provider stacks have rows of nginx.
var variantMappings = map[string]string{
	"nginx, alb and native": hosts(aHost+" nginx", bHost+" alb", cHost+" native"),
	"alb":                   hosts(bHost + " alb"),
	"native":                hosts(cHost + " native"),
}

// eachVariant runs a test on every shape of a shared stack, with what its
// mappings need.
func eachVariant(t *testing.T, test func(t *testing.T, s settingsText, mapping string, reported map[string]map[string]any)) {
	t.Helper()
	for name, s := range sharedVariants(t) {
		if !strings.Contains(string(s), "portico:providers") {
			t.Run(name, func(t *testing.T) { test(t, s, twoRows, nil) })
			continue
		}
		for frontDoors, mapping := range variantMappings {
			t.Run(name+": "+frontDoors, func(t *testing.T) {
				test(t, s, mapping, afterProvisioning(bHost+" alb", cHost+" native"))
			})
			t.Run(name+": "+frontDoors+", which wait", func(t *testing.T) { test(t, s, mapping, nil) })
		}
	}
}

// variantConfig is a variant's configuration with the test's mapping.
func variantConfig(t *testing.T, s settingsText) map[string]string {
	t.Helper()
	config := s.config(t)
	config["portico:mapping"] = "mapping.yaml"
	return config
}

func TestEveryResourceHasItsParentItsTagsAndTheExplicitProvider(t *testing.T) {
	eachVariant(t, func(t *testing.T, s settingsText, mapping string, reported map[string]map[string]any) {
		m := &monitor{publicZones: publicZones, outputs: reported}
		config := variantConfig(t, s)
		config["portico:tags"] = mostTags()
		require.NoError(t, run(t, m, SharedIn(project(t, "dev", s, mapping)), "dev", config))
		requireInvariants(t, m, true)
	})
	for _, redeploy := range []string{"true", "false"} {
		t.Run("a provider account, redeploy "+redeploy, func(t *testing.T) {
			m := &monitor{shared: sharedStackOutputs}
			require.NoError(t, provider(t, m, minimalProvider+settingsText("  portico:redeploy: "+redeploy+"\n"), twoRows))
			requireInvariants(t, m, false)
		})
		t.Run("a provider account with every front door, redeploy "+redeploy, func(t *testing.T) {
			m := &monitor{shared: frontDoorOutputs(nil), publicZones: publicZones}
			require.NoError(t, provider(t, m, minimalProvider+settingsText("  portico:tags: {team: payments, cost-center: \"4711\"}\n  portico:redeploy: "+redeploy+"\n"), threeFrontDoors))
			requireInvariants(t, m, true)
		})
	}
}

// mostTags are as many tags as the settings take, one of them in capitals of a tag of
// Portico's.
func mostTags() string {
	tags := map[string]string{"team": "payments", "cost-center": "4711", "Environment": "production"}
	for i := len(tags); i < 46; i++ {
		tags[fmt.Sprintf("further-%d", i)] = "x"
	}
	text, _ := json.Marshal(tags)
	return string(text)
}

func requireInvariants(t *testing.T, m *monitor, tagged bool) {
	t.Helper()
	for _, r := range m.resources {
		label := r.Token + " " + r.Name
		component := strings.HasPrefix(r.Token, "portico:index:")
		if strings.HasPrefix(r.Token, "pulumi:") {
			continue
		}
		require.Contains(t, r.Parent, map[bool]string{true: "pulumi:pulumi:Stack", false: "portico:index:"}[component], "parent of "+label)
		if component {
			continue
		}
		if strings.HasPrefix(r.Token, "docker:") {
			require.Contains(t, r.Provider, "pulumi:providers:docker::docker::", label)
			continue
		}
		require.Contains(t, r.Provider, "pulumi:providers:aws::aws-us-east-1::", label)
		if r.Read {
			continue
		}
		args, known := argsTypes[r.Token]
		require.True(t, known, "%s: add the type to argsTypes", label)
		if _, taggable := reflect.TypeOf(args).FieldByName("Tags"); taggable && tagged {
			tags, _ := r.Inputs["tags"].(map[string]any)
			require.Equal(t, "portico", tags["app"], "tags of "+label)
			require.LessOrEqual(t, len(tags), 50, "tags of "+label)
			if _, replaced := tags["Environment"]; replaced && r.Token == "aws:iam/role:Role" {
				require.NotContains(t, tags, "environment", "IAM doesn't tell the keys apart: "+label)
			} else {
				require.NotEmpty(t, tags["environment"], "tags of "+label)
			}
			require.Equal(t, "portico", tags["managed-by"], "tags of "+label)
			require.Equal(t, "payments", tags["team"], "tags of "+label)
			require.Equal(t, "4711", tags["cost-center"], "tags of "+label)
		}
	}
}

// A resource that is created inside an apply is missing from a preview in which
// the apply's input is unknown.
func TestAFirstPreviewShowsEveryResource(t *testing.T) {
	eachVariant(t, func(t *testing.T, s settingsText, mapping string, reported map[string]map[string]any) {
		known := &monitor{publicZones: publicZones, outputs: reported}
		unknown := &monitor{publicZones: publicZones, outputs: reported, unknown: true}
		dir := project(t, "dev", s, mapping)
		require.NoError(t, run(t, known, SharedIn(dir), "dev", variantConfig(t, s)))
		require.NoError(t, run(t, unknown, SharedIn(dir), "dev", variantConfig(t, s)))
		require.Equal(t, known.identities(), unknown.identities())
	})
	t.Run("a provider account with every front door", func(t *testing.T) {
		known := &monitor{shared: frontDoorOutputs(nil), publicZones: publicZones}
		unknown := &monitor{shared: frontDoorOutputs(nil), publicZones: publicZones, unknown: true}
		require.NoError(t, provider(t, known, redeploying, threeFrontDoors))
		require.NoError(t, provider(t, unknown, redeploying, threeFrontDoors))
		require.Equal(t, known.identities(), unknown.identities())
	})
}

// IAM takes some seconds to make a new role known, and the AWS provider doesn't
// repeat a RegisterTaskDefinition that is refused meanwhile. A load balancer, which
// takes minutes, depends on no role and comes before the task definition.
func TestTheTaskDefinitionWaitsForWhatTakesMinutesAndItsRolesWaitForNothing(t *testing.T) {
	eachVariant(t, func(t *testing.T, s settingsText, mapping string, reported map[string]map[string]any) {
		m := &monitor{publicZones: publicZones, outputs: reported}
		dir := project(t, "dev", s, mapping)
		require.NoError(t, run(t, m, SharedIn(dir), "dev", variantConfig(t, s)))
		for _, definition := range m.of("aws:ecs/taskDefinition:TaskDefinition") {
			require.Contains(t, strings.Join(definition.Dependencies, " "), "aws:lb/loadBalancer:LoadBalancer", definition.Name)
			require.Contains(t, strings.Join(definition.Dependencies, " "), "aws:iam/role:Role", definition.Name)
			for _, role := range m.of("aws:iam/role:Role") {
				require.Empty(t, role.Dependencies, role.Name)
			}
		}
	})
}
