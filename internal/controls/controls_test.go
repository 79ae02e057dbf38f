package controls_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/internal/controls"
)

// registered are the resources of a shared stack with an ALB, a VPC of its own and
// settings that meet every control that settings can meet.
func registered(t *testing.T) []controls.Resource {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"Pulumi.yaml": "name: portico\nruntime: go\n",
		"mapping.yaml": `APIS:
- {CUSTOM_DOMAIN_URL: a.example.com, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev", ACCOUNT: "222222222222"}
`,
		"Pulumi.dev.yaml": `config:
  portico:mapping: mapping.yaml
  portico:aws: {region: us-east-1, accountId: "111111111111"}
  portico:loadBalancer: {deletionProtection: true}
  portico:logs: {retentionDays: 365}
  portico:alarms: {topicArn: "arn:aws:sns:us-east-1:111111111111:on-call"}
`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	resources, err := controls.Registered("portico", "dev", controls.Existing{Region: "us-east-1"}, accounts.SharedFromFiles(dir))
	require.NoError(t, err)
	return resources
}

// verdicts are those on the resources, by the controls' numbers.
func verdicts(resources []controls.Resource) map[string]controls.Control {
	found := map[string]controls.Control{}
	for _, c := range controls.Judge(resources) {
		found[c.ID] = c
	}
	return found
}

// mutant changes the resources so that one control's verdict turns.
type mutant func([]controls.Resource) []controls.Resource

// set changes a property of every resource of a type, or takes it out.
func set(kind, key string, value any) mutant {
	return func(resources []controls.Resource) []controls.Resource {
		for i, r := range resources {
			if !strings.HasSuffix(r.Type, ":"+kind) {
				continue
			}
			inputs := maps.Clone(r.Inputs)
			if value == nil {
				delete(inputs, key)
			} else {
				inputs[key] = value
			}
			resources[i].Inputs = inputs
		}
		return resources
	}
}

// without takes the resources of a type out.
func without(kind string) mutant {
	return func(resources []controls.Resource) []controls.Resource {
		return slices.DeleteFunc(resources, func(r controls.Resource) bool { return strings.HasSuffix(r.Type, ":"+kind) })
	}
}

// with adds a resource that refers by a property to the resource of a type.
func with(kind, by, to string) mutant {
	return func(resources []controls.Resource) []controls.Resource {
		i := slices.IndexFunc(resources, func(r controls.Resource) bool { return strings.HasSuffix(r.Type, ":"+to) })
		return append(resources, controls.Resource{Type: kind, Name: "added", Inputs: map[string]any{by: resources[i].Name + "-id"}})
	}
}

// inContainer changes a member of every container.
func inContainer(t *testing.T, key string, value any) mutant {
	return func(resources []controls.Resource) []controls.Resource {
		for i, r := range resources {
			if !strings.HasSuffix(r.Type, ":TaskDefinition") {
				continue
			}
			var containers []map[string]any
			require.NoError(t, json.Unmarshal([]byte(r.Inputs["containerDefinitions"].(string)), &containers))
			for _, c := range containers {
				c[key] = value
			}
			data, err := json.Marshal(containers)
			require.NoError(t, err)
			resources = set("TaskDefinition", "containerDefinitions", string(data))(resources)
			require.NotEmpty(t, resources[i].Inputs)
		}
		return resources
	}
}

// Each verdict follows from what is registered: a resource that breaks the property,
// or has the one that was missing, turns it.
func TestEachVerdictHasItsMutant(t *testing.T) {
	open := func(from, to float64) mutant {
		return func(resources []controls.Resource) []controls.Resource {
			for key, value := range map[string]any{"cidrIpv4": "0.0.0.0/0", "fromPort": from, "toPort": to} {
				resources = set("SecurityGroupIngressRule", key, value)(resources)
			}
			return resources
		}
	}
	// An endpoint for one more service.
	endpoint := func(resources []controls.Resource) []controls.Resource {
		return append(resources, controls.Resource{
			Type: "aws:ec2/vpcEndpoint:VpcEndpoint", Name: "ssm", Inputs: map[string]any{"serviceName": "com.amazonaws.us-east-1.ssm"},
		})
	}
	mutants := map[string]struct {
		turn          mutant
		before, after controls.Verdict
	}{
		"ACM.1":         {set("Certificate", "validationMethod", "EMAIL"), controls.Met, controls.ByKey},
		"ACM.2":         {set("Certificate", "keyAlgorithm", "RSA_1024"), controls.Met, controls.NotMet},
		"ACM.3":         {set("Certificate", "tags", nil), controls.Met, controls.ByKey},
		"CloudWatch.15": {set("MetricAlarm", "alarmActions", nil), controls.Met, controls.ByKey},
		"CloudWatch.17": {set("MetricAlarm", "actionsEnabled", false), controls.Met, controls.NotMet},
		"CloudWatch.16": {set("LogGroup", "retentionInDays", 364.0), controls.Met, controls.ByKey},
		"EC2.2":         {with("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "vpcId", "Vpc"), controls.NotMet, controls.Met},
		"EC2.6":         {without("FlowLog"), controls.Met, controls.ByKey},
		"EC2.15":        {set("Subnet", "mapPublicIpOnLaunch", true), controls.Met, controls.NotMet},
		"EC2.18":        {open(8443, 8443), controls.Met, controls.NotMet},
		"EC2.19":        {open(8000, 9000), controls.Met, controls.NotMet},
		"EC2.42":        {set("RouteTable", "tags", nil), controls.Met, controls.ByKey},
		"EC2.43":        {set("SecurityGroup", "tags", nil), controls.Met, controls.ByKey},
		"EC2.44":        {set("Subnet", "tags", nil), controls.Met, controls.ByKey},
		"EC2.46":        {set("Vpc", "tags", map[string]any{"aws:x": "y"}), controls.Met, controls.ByKey},
		"EC2.48":        {set("FlowLog", "tags", nil), controls.Met, controls.ByKey},
		"EC2.55":        {without("VpcEndpoint"), controls.Met, controls.NotMet},
		"EC2.56":        {without("VpcEndpoint"), controls.Met, controls.NotMet},
		"EC2.57":        {endpoint, controls.NotMet, controls.Met},
		"ECR.1":         {set("Repository", "imageScanningConfiguration", nil), controls.Met, controls.NotMet},
		"ECR.2":         {set("Repository", "imageTagMutability", "IMMUTABLE"), controls.NotMet, controls.Met},
		"ECR.3":         {without("LifecyclePolicy"), controls.Met, controls.NotMet},
		"ECR.5": {set("Repository", "encryptionConfigurations",
			[]any{map[string]any{"encryptionType": "KMS", "kmsKey": "arn:aws:kms:us-east-1:111111111111:key/a"}}), controls.ByKey, controls.Met},
		"ECS.2":  {set("Service", "networkConfiguration", map[string]any{"assignPublicIp": true}), controls.Met, controls.NotMet},
		"ECS.3":  {set("TaskDefinition", "pidMode", "host"), controls.Met, controls.NotMet},
		"ECS.4":  {inContainer(t, "privileged", true), controls.Met, controls.NotMet},
		"ECS.5":  {inContainer(t, "readonlyRootFilesystem", false), controls.Met, controls.NotMet},
		"ECS.8":  {inContainer(t, "environment", []any{map[string]any{"name": "AWS_SECRET_ACCESS_KEY"}}), controls.Met, controls.NotMet},
		"ECS.9":  {inContainer(t, "logConfiguration", nil), controls.Met, controls.NotMet},
		"ECS.10": {set("Service", "platformVersion", "1.3.0"), controls.Met, controls.NotMet},
		"ECS.12": {set("Cluster", "settings", nil), controls.Met, controls.NotMet},
		"ECS.13": {set("Service", "tags", nil), controls.Met, controls.ByKey},
		"ECS.14": {set("Cluster", "tags", nil), controls.Met, controls.ByKey},
		"ECS.15": {set("TaskDefinition", "tags", nil), controls.Met, controls.ByKey},
		"ECS.17": {set("TaskDefinition", "networkMode", "host"), controls.Met, controls.NotMet},
		"ECS.20": {inContainer(t, "user", "0:0"), controls.Met, controls.NotMet},
		"ELB.1":  {set("Listener", "protocol", "HTTP"), controls.Met, controls.NotMet},
		"ELB.4":  {set("LoadBalancer", "dropInvalidHeaderFields", true), controls.NotMet, controls.Met},
		"ELB.5":  {set("LoadBalancer", "accessLogs", map[string]any{"enabled": true}), controls.ByKey, controls.Met},
		"ELB.6":  {set("LoadBalancer", "enableDeletionProtection", false), controls.Met, controls.ByKey},
		"ELB.12": {set("LoadBalancer", "desyncMitigationMode", "monitor"), controls.Met, controls.NotMet},
		"ELB.13": {set("LoadBalancer", "subnets", []any{"subnet-1"}), controls.Met, controls.ByKey},
		"ELB.16": {with("aws:wafv2/webAclAssociation:WebAclAssociation", "resourceArn", "LoadBalancer"), controls.NotMet, controls.Met},
		"ELB.17": {set("Listener", "sslPolicy", "ELBSecurityPolicy-2016-08"), controls.Met, controls.ByKey},
		"ELB.18": {set("Listener", "protocol", "TCP"), controls.Met, controls.NotMet},
		"ELB.21": {set("TargetGroup", "healthCheck", map[string]any{"protocol": "HTTP"}), controls.Met, controls.NotMet},
		"ELB.22": {set("TargetGroup", "protocol", "TCP"), controls.Met, controls.NotMet},
		"IAM.21": {set("RolePolicy", "policy", `{"Statement":{"Effect":"Allow","Action":"ecr:*","Resource":"*"}}`), controls.Met, controls.NotMet},
		"IAM.24": {set("Role", "tags", nil), controls.Met, controls.ByKey},
	}
	resources := registered(t)
	before := verdicts(resources)
	require.ElementsMatch(t, slices.Collect(maps.Keys(before)), slices.Collect(maps.Keys(mutants)), "every control has a mutant")
	for id, m := range mutants {
		t.Run(id, func(t *testing.T) {
			require.Equal(t, m.before, before[id].Verdict, before[id].Why)
			after := verdicts(m.turn(slices.Clone(resources)))[id]
			require.Equal(t, m.after, after.Verdict)
			require.NotEmpty(t, after.Why)
			require.NotEqual(t, before[id].Why, after.Why)
			require.Equal(t, m.after == controls.ByKey, after.Key != "")
		})
	}
}

// A control that is about nothing that the stack makes is left out.
func TestControlsAboutOtherResourcesAreLeftOut(t *testing.T) {
	resources := without("Repository")(registered(t))
	for id := range verdicts(resources) {
		require.False(t, strings.HasPrefix(id, "ECR."), id)
	}
}

func TestManyFaultsAreCounted(t *testing.T) {
	resources := set("SecurityGroup", "tags", nil)(registered(t))
	require.Regexp(t, `^\S+ has no tag; \S+ has no tag; \S+ has no tag; 1 more$`, verdicts(resources)["EC2.43"].Why)
}
