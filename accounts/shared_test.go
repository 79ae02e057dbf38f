package accounts

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// container is the one container of the task definition.
func container(t *testing.T, m *monitor) map[string]any {
	t.Helper()
	var containers []map[string]any
	text := m.only(t, "aws:ecs/taskDefinition:TaskDefinition").Inputs["containerDefinitions"].(string)
	require.NoError(t, json.Unmarshal([]byte(text), &containers))
	require.Len(t, containers, 1)
	return containers[0]
}

// environment is the container's.
func environment(t *testing.T, m *monitor) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, variable := range container(t, m)["environment"].([]any) {
		pair := variable.(map[string]any)
		all[pair["name"].(string)] = pair["value"].(string)
	}
	return all
}

// example is a file of the project.
func example(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", name))
	require.NoError(t, err)
	return string(data)
}

// up runs the shared stack and returns what it registered.
func up(t *testing.T, s settingsText) *monitor {
	t.Helper()
	m := &monitor{}
	require.NoError(t, shared(t, m, s, twoRows))
	return m
}

func TestTheOutputsAreTheContract(t *testing.T) {
	e := &sharedRuns{settings: minimalShared, mapping: twoRows}
	e.up(t)
	exported := e.reported[ownStack]
	require.ElementsMatch(t, []string{"contract", "region", "accountId", "vpcId", "vpcEndpointId", "vpcEndpointDnsName",
		"loadBalancerDnsName", "ecsCluster", "ecsService", "logGroup", "mappingDigest", "hosts", "endpoints", "network", "repository", "loadBalancing", "namePrefix", "served", "zones", "baseImage", "defaultNames"}, slices.Collect(maps.Keys(exported)))
	require.EqualValues(t, 2, exported["contract"])
	require.Equal(t, []any{"a.internal.example.com", "b.private.example.net"}, exported["hosts"])
}

// What one stack exports is what the other reads, whatever the names are written
// for: every name is one of the contract, and reads back as it was meant.
func TestBothStacksExportWhatTheContractNames(t *testing.T) {
	e := &sharedRuns{
		settings: withProviders + "  portico:quotas: {certificatesPerLoadBalancer: 1, namesPerCertificate: 1}\n",
		mapping:  hosts(aHost+" nginx", bHost+" alb", cHost+" native", "d.other.example.com nginx", "e.third.example.com nginx"),
	}
	e.up(t)
	e.provide(cHost + " native")
	e.up(t)
	exported := e.reported[ownStack]
	require.Subset(t, outputs.SharedNames(), slices.Collect(maps.Keys(exported)))
	read, err := outputs.DecodeShared(exported)
	require.NoError(t, err)
	require.Equal(t, map[mapping.Host]outputs.HostState{
		bHost: {Target: mapping.FrontDoorALB, Pending: outputs.PendingProvider, Rows: []string{bHost}}, cHost: {Current: mapping.FrontDoorNative},
	}, read.FrontDoors)
	require.ElementsMatch(t, []outputs.LoadBalancer{
		{DNSName: theBalancer, CertificateNames: []mapping.Host{"*.internal.example.com", "*.other.example.com"}},
		{Name: "2", DNSName: "portico-dev-lb2.elb.amazonaws.com", CertificateNames: []mapping.Host{"*.third.example.com"}},
	}, read.LoadBalancers)
	require.Equal(t, "portico-dev-native-endpoint-id", read.Endpoints[mapping.FrontDoorNative])

	provider := outputsOf(t, &monitor{shared: frontDoorOutputs(nil)}, redeploying, threeFrontDoors)
	require.Subset(t, outputs.ProviderNames(), slices.Collect(maps.Keys(provider)))
	account, err := outputs.DecodeProvider(provider)
	require.NoError(t, err)
	require.Equal(t, map[mapping.FrontDoor][]string{"alb": {"b.internal.example.com/v1"}, "native": {"c.private.example.net"}}, account.Provisioned)
	require.Equal(t, outputs.Contract, account.Contract)
}

func TestD09_TheProxyIsGivenTheEndpointsAddresses(t *testing.T) {
	t.Run("chosen ones in a new VPC, known in a preview", func(t *testing.T) {
		m := up(t, minimalShared)
		require.Equal(t, "10.0.0.16:443,10.0.32.16:443", environment(t, m)["PORTICO_UPSTREAMS"])
		endpoint := m.named(t, "aws:ec2/vpcEndpoint:VpcEndpoint", "-execute-api")
		var chosen []string
		for _, c := range endpoint.Inputs["subnetConfigurations"].([]any) {
			chosen = append(chosen, c.(map[string]any)["ipv4"].(string))
		}
		require.Equal(t, []string{"10.0.0.16", "10.0.32.16"}, chosen)
		require.Len(t, endpoint.Inputs["subnetIds"], 2, "subnet configurations need the subnets too")
		requireAfter(t, m, endpoint)
	})
	t.Run("in an existing VPC those of the network interfaces, in an order of their own", func(t *testing.T) {
		m := up(t, minimalShared+existingVPC)
		require.Equal(t, "10.7.0.1:443,10.7.0.3:443", environment(t, m)["PORTICO_UPSTREAMS"])
	})
}

// requireAfter requires that resources which take addresses of the subnets are
// created after the endpoint at chosen addresses, or AWS could give those away.
func requireAfter(t *testing.T, m *monitor, endpoint registered) {
	t.Helper()
	takers := append(m.of("aws:lb/loadBalancer:LoadBalancer"), m.of("aws:ecs/service:Service")...)
	for _, other := range m.of("aws:ec2/vpcEndpoint:VpcEndpoint") {
		if other.Name != endpoint.Name && other.Inputs["vpcEndpointType"] == "Interface" {
			takers = append(takers, other)
		}
	}
	require.Len(t, takers, 5)
	for _, taker := range takers {
		require.True(t, slices.ContainsFunc(taker.Dependencies, func(urn string) bool {
			return strings.HasSuffix(urn, "::"+endpoint.Name)
		}), taker.Name)
	}
}

func TestD17_TheTaskDefinitionDoesNotGrowWithTheMapping(t *testing.T) {
	length := func(rows string) int {
		m := &monitor{}
		require.NoError(t, shared(t, m, minimalShared, rows))
		return len(m.only(t, "aws:ecs/taskDefinition:TaskDefinition").Inputs["containerDefinitions"].(string))
	}
	require.Equal(t, length(manyRows(2, 2)), length(manyRows(1000, 2)))
}

// manyRows is a mapping of n rows under so many parent domains.
func manyRows(n, domains int) string {
	var b strings.Builder
	b.WriteString("APIS:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - {CUSTOM_DOMAIN_URL: h%d.zone%d.example.com, PRIVATE_API_URL: 'https://api%07d.execute-api.us-east-1.amazonaws.com/dev', ACCOUNT: \"222222222222\"}\n", i, i%domains, i)
	}
	return b.String()
}

func TestTenThousandRowsUnderFiftyDomainsStayBelow300Resources(t *testing.T) {
	m := &monitor{}
	start := time.Now()
	require.NoError(t, shared(t, m, minimalShared, manyRows(10_000, 50)))
	t.Logf("%d resources in %s", len(m.resources), time.Since(start).Round(time.Millisecond))
	require.LessOrEqual(t, len(m.resources), 300)
	require.Len(t, m.of("aws:lb/listenerCertificate:ListenerCertificate"), 6,
		"50 names, 10 a certificate with room for changes, one of them the default")
}

func TestD18_WhateverChangesTheImageChangesItsTag(t *testing.T) {
	rows, err := mapping.Parse("mapping.yaml", []byte(twoRows))
	require.NoError(t, err)
	derived, err := topology.Derive(rows, topology.Options{})
	require.NoError(t, err)
	rendered, err := nginxconf.Render(derived.Routes, nginxconf.Options{})
	require.NoError(t, err)
	tags := map[string]string{imageTag(rendered, "ARM64"): "as rendered"}
	unique := func(tag, change string) {
		require.NotContains(t, tags, tag, change)
		tags[tag] = change
	}
	unique(imageTag(rendered, "X86_64"), "another architecture")
	for i, file := range rendered.Files {
		rendered.Files[i].Data = append([]byte("#\n"), file.Data...)
		unique(imageTag(rendered, "ARM64"), "another "+file.Name)
		rendered.Files[i].Data = file.Data
	}
	m := up(t, minimalShared)
	require.Contains(t, m.only(t, "docker:index/image:Image").Inputs["imageName"], ":"+imageTag(rendered, "ARM64"))
	require.Contains(t, container(t, m)["image"], "@sha256:", "the task names the image by digest")
}

func TestTheBuildContextIsWrittenOnlyWhereItDiffers(t *testing.T) {
	rendered := &nginxconf.Context{Files: []nginxconf.File{{Name: "a", Mode: 0o644, Data: []byte("1")}}}
	dir := filepath.Join(t.TempDir(), "image")
	require.NoError(t, writeContext(rendered, dir))
	first, err := os.Stat(filepath.Join(dir, "a"))
	require.NoError(t, err)
	require.NoError(t, writeContext(rendered, dir))
	second, err := os.Stat(filepath.Join(dir, "a"))
	require.NoError(t, err)
	require.True(t, os.SameFile(first, second))

	require.NoError(t, os.WriteFile(filepath.Join(dir, "stale"), nil, 0o600))
	require.NoError(t, writeContext(rendered, dir))
	require.NoFileExists(t, filepath.Join(dir, "stale"))
}

func TestD19_AutoscalingFollowsItsSettings(t *testing.T) {
	m := up(t, minimalShared+"  portico:task: {min: 3, max: 9, cpuPercent: 55, memoryPercent: 65}\n")
	target := m.only(t, "aws:appautoscaling/target:Target").Inputs
	require.Equal(t, []any{3.0, 9.0}, []any{target["minCapacity"], target["maxCapacity"]})
	var aims []any
	for _, policy := range m.of("aws:appautoscaling/policy:Policy") {
		require.Equal(t, "TargetTrackingScaling", policy.Inputs["policyType"])
		aims = append(aims, policy.Inputs["targetTrackingScalingPolicyConfiguration"].(map[string]any)["targetValue"])
	}
	require.ElementsMatch(t, []any{55.0, 65.0}, aims)
}

func TestD20_ADeploymentLeavesTheDesiredCountToAutoscaling(t *testing.T) {
	service := up(t, minimalShared).only(t, "aws:ecs/service:Service")
	require.Equal(t, []string{"desiredCount"}, service.IgnoreChanges)
	require.InDelta(t, 2, service.Inputs["desiredCount"], 0)
}

func TestD21_EndpointsWithPrivateDNSAdmitTheWholeVPC(t *testing.T) {
	m := up(t, minimalShared+existingVPC)
	for _, service := range []string{"logs", "ecr-api", "ecr-dkr"} {
		endpoint := m.named(t, "aws:ec2/vpcEndpoint:VpcEndpoint", "-"+service)
		require.Equal(t, true, endpoint.Inputs["privateDnsEnabled"])
		require.Equal(t, []any{"portico-dev-interface-endpoints-id"}, endpoint.Inputs["securityGroupIds"])
	}
	rule := m.named(t, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "interface-endpoints-from-10.7.0.0-16")
	require.Equal(t, "10.7.0.0/16", rule.Inputs["cidrIpv4"])
}

func TestD32_OnlyTheTasksReachTheExecuteAPIEndpoint(t *testing.T) {
	m := up(t, minimalShared)
	var sources []any
	for _, rule := range m.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule") {
		if rule.Inputs["securityGroupId"] == "portico-dev-execute-api-id" {
			require.NotContains(t, rule.Inputs, "cidrIpv4")
			sources = append(sources, rule.Inputs["referencedSecurityGroupId"])
		}
	}
	require.Equal(t, []any{"portico-dev-tasks-id"}, sources)
}

func TestD41_TheExecuteAPIEndpointHasNoPrivateDNS(t *testing.T) {
	endpoint := up(t, minimalShared).named(t, "aws:ec2/vpcEndpoint:VpcEndpoint", "-execute-api")
	require.Equal(t, false, endpoint.Inputs["privateDnsEnabled"])
}

func TestD22_TasksMayLeaveForEveryEndpoint(t *testing.T) {
	egress := func(m *monitor) []any {
		var groups []any
		for _, rule := range m.of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule") {
			if rule.Inputs["securityGroupId"] == "portico-dev-tasks-id" && rule.Inputs["referencedSecurityGroupId"] != nil {
				groups = append(groups, rule.Inputs["referencedSecurityGroupId"])
			}
		}
		return groups
	}
	t.Run("a named group", func(t *testing.T) {
		m := up(t, minimalShared+existingVPC+"  portico:securityGroups: {endpointId: sg-0000000b}\n")
		require.Equal(t, []any{"sg-0000000b"}, egress(m))
		require.Equal(t, []any{"sg-0000000b"}, m.named(t, "aws:ec2/vpcEndpoint:VpcEndpoint", "-execute-api").Inputs["securityGroupIds"])
	})
	t.Run("the groups of endpoints that exist", func(t *testing.T) {
		m := up(t, minimalShared+existingVPC+"  portico:endpoints: {executeApi: {lookup: true}, logs: {lookup: true}}\n")
		require.Contains(t, egress(m), "sg-of-others")
	})
	t.Run("and S3", func(t *testing.T) {
		rule := up(t, minimalShared).named(t, "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "tasks-to-s3")
		require.Equal(t, "pl-63a5400a", rule.Inputs["prefixListId"])
	})
}

func TestD25_TheEndpointIsTheStacksOwnOrNamed(t *testing.T) {
	m := up(t, minimalShared+existingVPC)
	require.Empty(t, m.askedEndpoints, "nothing is picked from what the VPC happens to have")
}

func TestD26_TheListenersPolicyIsSet(t *testing.T) {
	require.Equal(t, "ELBSecurityPolicy-TLS13-1-2-2021-06", up(t, minimalShared).only(t, "aws:lb/listener:Listener").Inputs["sslPolicy"])
	m := up(t, minimalShared+"  portico:loadBalancer: {sslPolicy: ELBSecurityPolicy-TLS13-1-3-2021-06}\n")
	require.Equal(t, "ELBSecurityPolicy-TLS13-1-3-2021-06", m.only(t, "aws:lb/listener:Listener").Inputs["sslPolicy"])
}

func TestD28_CallersOutsideTheVPCReachTheLoadBalancer(t *testing.T) {
	m := up(t, minimalShared+"  portico:loadBalancer: {allowedCidrs: [172.16.0.0/12]}\n")
	var admitted []any
	for _, rule := range m.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule") {
		if rule.Inputs["securityGroupId"] == "portico-dev-load-balancer-id" {
			require.InDelta(t, 443, rule.Inputs["fromPort"], 0)
			admitted = append(admitted, rule.Inputs["cidrIpv4"])
		}
	}
	require.ElementsMatch(t, []any{"10.0.0.0/16", "172.16.0.0/12"}, admitted)
}

func TestD30_RecordsOfOthersAreNotOverwritten(t *testing.T) {
	m := up(t, minimalShared)
	for _, record := range m.of("aws:route53/record:Record") {
		require.Equal(t, false, record.Inputs["allowOverwrite"], record.Name)
	}
	require.Len(t, m.of("aws:route53/zone:Zone"), 2, "one zone for each parent domain")

	t.Run("but for validation records that another environment's certificates share", func(t *testing.T) {
		for _, record := range up(t, minimalShared+"  portico:certificates: {sharedRecords: true}\n").of("aws:route53/record:Record") {
			validation := strings.Contains(record.Name, "-validation-")
			require.Equal(t, validation, record.Inputs["allowOverwrite"], record.Name)
			require.Equal(t, validation, record.RetainOnDelete, record.Name)
		}
	})
}

func TestD42_TheNearestPublicParentZoneValidates(t *testing.T) {
	m := up(t, minimalShared)
	validation := m.named(t, "aws:route53/record:Record", "validation-internal.example.com").Inputs
	require.Equal(t, "ZPUBLIC-example.com", validation["zoneId"])
	require.Equal(t, "_validate.internal.example.com.", validation["name"])
	require.Equal(t, []any{"_answer.internal.example.com.acm-validations.aws."}, validation["records"])

	err := shared(t, &monitor{}, minimalShared, strings.ReplaceAll(twoRows, "example.com", "example.org"))
	require.ErrorContains(t, err, "find the public hosted zone of internal.example.org")
}

func TestD43_NamesAreRefusedRatherThanCut(t *testing.T) {
	err := shared(t, &monitor{}, minimalShared+"  portico:app: {name: reverse-proxy, environment: production}\n", twoRows)
	require.ErrorContains(t, err, "portico:app: reverse-proxy-production is too long")
	m := up(t, minimalShared+"  portico:app: {name: reverse-proxy, environment: prod}\n")
	require.LessOrEqual(t, len(m.only(t, "aws:lb/loadBalancer:LoadBalancer").Name)+8, 32, "Pulumi's suffix takes 8 characters")
}

func TestD44_ZonesAreThoseThatOfferTheEndpoint(t *testing.T) {
	zones := func(m *monitor) []any {
		var all []any
		for _, subnet := range m.of("aws:ec2/subnet:Subnet") {
			all = append(all, subnet.Inputs["availabilityZone"])
		}
		return all
	}
	require.Equal(t, []any{"us-east-1a", "us-east-1b"}, zones(up(t, minimalShared)))
	require.Equal(t, []any{"us-east-1a", "us-east-1b", "us-east-1c"}, zones(up(t, minimalShared+"  portico:network: {zones: 3}\n")))
}

func TestAPrebuiltImageRegistersNothingOfDocker(t *testing.T) {
	m := up(t, minimalShared+"  portico:image: {uri: \"111111111111.dkr.ecr.us-east-1.amazonaws.com/proxy:1\"}\n")
	for _, r := range m.resources {
		require.NotContains(t, r.Token, "docker")
		require.NotContains(t, r.Token, ":ecr/")
	}
	require.Equal(t, "111111111111.dkr.ecr.us-east-1.amazonaws.com/proxy:1", container(t, m)["image"])
	require.Contains(t, m.named(t, "aws:iam/rolePolicy:RolePolicy", "-execution").Inputs["policy"], "arn:aws:ecr:us-east-1:111111111111:repository/proxy")
}

func TestTheLoadBalancersFitTheProxy(t *testing.T) {
	t.Run("Application Load Balancer", func(t *testing.T) {
		m := up(t, minimalShared)
		balancer := m.only(t, "aws:lb/loadBalancer:LoadBalancer").Inputs
		require.InDelta(t, 130, balancer["idleTimeout"], 0, "the longest TIMEOUT is 120 s")
		require.Equal(t, true, balancer["internal"])
		group := m.only(t, "aws:lb/targetGroup:TargetGroup").Inputs
		require.Equal(t, []any{"HTTPS", 8443.0, 130.0}, []any{group["protocol"], group["port"], group["deregistrationDelay"]})
		require.Equal(t, "HTTPS", m.only(t, "aws:lb/listener:Listener").Inputs["protocol"])
	})
	t.Run("D4, D5: Network Load Balancer", func(t *testing.T) {
		m := up(t, minimalShared+"  portico:loadBalancer: {type: NLB}\n")
		balancer := m.only(t, "aws:lb/loadBalancer:LoadBalancer").Inputs
		require.Equal(t, "network", balancer["loadBalancerType"])
		require.Equal(t, []any{"portico-dev-load-balancer-id"}, balancer["securityGroups"])
		require.Equal(t, "TLS", m.only(t, "aws:lb/targetGroup:TargetGroup").Inputs["protocol"], "the proxy speaks TLS only")
		require.Equal(t, "TLS", m.only(t, "aws:lb/listener:Listener").Inputs["protocol"])
	})
	t.Run("the security groups let the load balancer through to the tasks", func(t *testing.T) {
		m := up(t, minimalShared)
		out := m.named(t, "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "load-balancer-to-tasks").Inputs
		in := m.named(t, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "tasks-from-load-balancer").Inputs
		require.Equal(t, []any{8443.0, "portico-dev-tasks-id"}, []any{out["fromPort"], out["referencedSecurityGroupId"]})
		require.Equal(t, []any{8443.0, "portico-dev-load-balancer-id"}, []any{in["fromPort"], in["referencedSecurityGroupId"]})
	})
}

// TestRetiredRowsLengthenNoTimeout: what clients and tasks wait for follows from
// the rows in use.
func TestRetiredRowsLengthenNoTimeout(t *testing.T) {
	m := &monitor{}
	require.NoError(t, shared(t, m, minimalShared, `APIS:
  - CUSTOM_DOMAIN_URL: a.internal.example.com
    PRIVATE_API_URL: https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev
    TIMEOUT: 80
  - CUSTOM_DOMAIN_URL: b.internal.example.com
    PRIVATE_API_URL: https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev
    TIMEOUT: 300
    RETIRED: true
`))
	require.InDelta(t, 90, m.only(t, "aws:lb/loadBalancer:LoadBalancer").Inputs["idleTimeout"], 0)
	require.InDelta(t, 90, m.only(t, "aws:lb/targetGroup:TargetGroup").Inputs["deregistrationDelay"], 0)
	require.InDelta(t, 90, container(t, m)["stopTimeout"], 0, "less than the 120 s that Fargate waits at most")
}

// TestStreamsEndBeforeTheirTaskDoes: a task that is replaced has the 15 minutes
// of a stream, the load balancer the 5 minutes of its silence.
func TestStreamsEndBeforeTheirTaskDoes(t *testing.T) {
	m := &monitor{}
	require.NoError(t, shared(t, m, minimalShared, `APIS:
  - CUSTOM_DOMAIN_URL: a.internal.example.com
    PRIVATE_API_URL: https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev
    STREAM: true
`))
	require.InDelta(t, 310, m.only(t, "aws:lb/loadBalancer:LoadBalancer").Inputs["idleTimeout"], 0)
	require.InDelta(t, 910, m.only(t, "aws:lb/targetGroup:TargetGroup").Inputs["deregistrationDelay"], 0)
	require.InDelta(t, 120, container(t, m)["stopTimeout"], 0)
}

func TestTheContainerIsConfined(t *testing.T) {
	m := up(t, minimalShared)
	c := container(t, m)
	require.Equal(t, true, c["readonlyRootFilesystem"])
	require.Equal(t, "101", c["user"])
	require.InDelta(t, 120, c["stopTimeout"], 0)
	options := c["logConfiguration"].(map[string]any)["options"].(map[string]any)
	require.Equal(t, "portico-dev-logs", options["awslogs-group"])
	require.Equal(t, "25m", options["max-buffer-size"])
	definition := m.only(t, "aws:ecs/taskDefinition:TaskDefinition").Inputs
	require.NotEqual(t, definition["executionRoleArn"], definition["taskRoleArn"])
	for _, policy := range m.of("aws:iam/rolePolicy:RolePolicy") {
		require.Contains(t, []any{"portico-dev-execution", "portico-dev-flows"}, policy.Inputs["role"], "the proxy's own role has no rights")
	}
	roles := m.of("aws:iam/role:Role")
	require.Len(t, roles, 3)
	for _, role := range roles {
		require.Equal(t, "/portico/dev/", role.Inputs["path"], "docs/iam tells environments' roles apart by it")
	}
}

func TestADeploymentThatWasRolledBackFails(t *testing.T) {
	m := &monitor{running: "arn:aws:mock::111111111111:older"}
	require.ErrorContains(t, shared(t, m, minimalShared, twoRows), "ECS rolled the deployment back")
}

func TestTheServiceWaitsForWhatItsTasksNeed(t *testing.T) {
	dependencies := strings.Join(up(t, minimalShared).only(t, "aws:ecs/service:Service").Dependencies, " ")
	for _, needed := range []string{"lb/listener:Listener::", "VpcEndpoint::portico-dev-logs", "VpcEndpoint::portico-dev-s3",
		"SecurityGroupIngressRule::portico-dev-tasks-from-load-balancer", "iam/rolePolicy:RolePolicy::"} {
		require.Contains(t, dependencies, needed)
	}
}

func TestTheSharedStackRefusesRowsThatItCantServe(t *testing.T) {
	err := shared(t, &monitor{}, minimalShared, strings.ReplaceAll(twoRows, "fghij67890.execute-api.us-east-1", "fghij67890.execute-api.eu-west-1"))
	require.ErrorContains(t, err, "APIS[1].PRIVATE_API_URL: the API is in eu-west-1")
	err = shared(t, &monitor{}, minimalShared, strings.ReplaceAll(twoRows, "/dev/x\n", "/dev\n    FRONT_DOOR: alb\n"))
	require.ErrorContains(t, err, `APIS[1].FRONT_DOOR: alb needs the provider accounts' stacks, which report when they have provisioned the rows: set portico:providers`)
	err = shared(t, &monitor{}, minimalShared, strings.ReplaceAll(twoRows, "ACCOUNT:", "RETIRED: true\n    ACCOUNT:"))
	require.ErrorContains(t, err, "it has no row that isn't retired: add one, or destroy the stack")
}

func TestSubnetsThatDontFitAreAllReported(t *testing.T) {
	err := shared(t, &monitor{}, minimalShared+`  portico:network:
    vpcId: vpc-0000000f
    subnetIds: [subnet-0000000a, subnet-0000001a]
`, twoRows)
	require.ErrorContains(t, err, "use subnet subnet-0000000a: it belongs to vpc-0a1b2c3d4e5f60718")
	require.ErrorContains(t, err, "use subnet subnet-0000001a: it is in us-east-1a as subnet-0000000a is")
}
