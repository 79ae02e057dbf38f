package fidelity

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/assumedrole"
	"github.com/portico-iac/portico/internal/awsreader"
	"github.com/portico-iac/portico/internal/discovery"
	"github.com/portico-iac/portico/internal/doctor"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/resourcepolicy"
	"github.com/portico-iac/portico/mapping"
)

const (
	readShared = "111111111111"
	readOwner  = "222222222222"
	readOther  = "333333333333"
	readHost   = "orders.private.example.com"
)

// made is what was created in Moto for the reader to read.
type made struct {
	*moto
	vpc, group, endpoint, endpointName string
	zone, certificate                  string
	balancer, balancerName             string
	listener, targets                  string
	api, deployment, policy            string
}

// must makes a call that has to succeed.
func (m *made) must(account, operation string, params map[string]any) map[string]any {
	m.t.Helper()
	answer, failed := m.call(account, operation, params)
	require.Nil(m.t, failed, operation)
	return answer
}

// text is a string in an answer, by path: "Vpc.VpcId", "LoadBalancers.0.DNSName".
func text(t *testing.T, answer any, path string) string {
	t.Helper()
	for part := range strings.SplitSeq(path, ".") {
		switch v := answer.(type) {
		case map[string]any:
			answer = v[part]
		case []any:
			var i int
			_, err := fmt.Sscan(part, &i)
			require.NoError(t, err)
			answer = v[i]
		}
	}
	found, ok := answer.(string)
	require.True(t, ok, "%s: %v", path, answer)
	return found
}

type object = map[string]any

// network makes the VPC, the security group, the endpoint, the zone and the balancer.
func (m *made) network() {
	t := m.t
	m.vpc = text(t, m.must(readShared, "ec2.CreateVpc", object{"CidrBlock": "10.7.0.0/16"}), "Vpc.VpcId")
	var subnets []string
	for i, zone := range []string{"us-east-1a", "us-east-1b"} {
		subnets = append(subnets, text(t, m.must(readShared, "ec2.CreateSubnet", object{"VpcId": m.vpc, "CidrBlock": fmt.Sprintf("10.7.%d.0/24", i), "AvailabilityZone": zone}), "Subnet.SubnetId"))
	}
	m.group = text(t, m.must(readShared, "ec2.CreateSecurityGroup", object{"GroupName": "portico", "Description": "x", "VpcId": m.vpc}), "GroupId")
	m.must(readShared, "ec2.AuthorizeSecurityGroupIngress", object{"GroupId": m.group, "IpPermissions": []object{
		{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": []object{{"CidrIp": "10.7.0.0/16"}}},
		{"IpProtocol": "tcp", "FromPort": 8443, "ToPort": 8443, "UserIdGroupPairs": []object{{"GroupId": m.group}}},
	}})
	endpoint := m.must(readShared, "ec2.CreateVpcEndpoint", object{
		"VpcEndpointType": "Interface", "VpcId": m.vpc, "ServiceName": "com.amazonaws.us-east-1.execute-api", "SubnetIds": subnets,
		"SecurityGroupIds": []string{m.group}, "PrivateDnsEnabled": false,
		"PolicyDocument": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`,
	})
	m.endpoint = text(t, endpoint, "VpcEndpoint.VpcEndpointId")
	m.certificate = text(t, m.must(readShared, "acm.RequestCertificate", object{"DomainName": "*.private.example.com", "ValidationMethod": "DNS"}), "CertificateArn")
	balancer := m.must(readShared, "elbv2.CreateLoadBalancer", object{"Name": "portico", "Subnets": subnets, "SecurityGroups": []string{m.group}, "Scheme": "internal"})
	m.balancer, m.balancerName = text(t, balancer, "LoadBalancers.0.LoadBalancerArn"), text(t, balancer, "LoadBalancers.0.DNSName")
	group := m.must(readShared, "elbv2.CreateTargetGroup", object{"Name": "portico", "Protocol": "HTTPS", "Port": 8443, "VpcId": m.vpc, "TargetType": "ip"})
	m.targets = text(t, group, "TargetGroups.0.TargetGroupArn")
	m.must(readShared, "elbv2.RegisterTargets", object{"TargetGroupArn": m.targets, "Targets": []object{{"Id": "10.7.0.9", "Port": 8443}}})
	forward := []object{{"Type": "forward", "TargetGroupArn": m.targets}}
	listener := m.must(readShared, "elbv2.CreateListener", object{
		"LoadBalancerArn": m.balancer, "Protocol": "HTTPS", "Port": 443, "Certificates": []object{{"CertificateArn": m.certificate}}, "DefaultActions": forward,
	})
	m.listener = text(t, listener, "Listeners.0.ListenerArn")
	for priority, host := range map[int]string{20: "b.private.example.com", 10: "a.private.example.com"} {
		m.must(readShared, "elbv2.CreateRule", object{"ListenerArn": m.listener, "Priority": priority, "Actions": forward,
			"Conditions": []object{{"Field": "host-header", "HostHeaderConfig": object{"Values": []string{host}}}}})
	}
	zone := m.must(readShared, "route53.CreateHostedZone", object{"Name": "private.example.com.", "CallerReference": "1", "HostedZoneConfig": object{"PrivateZone": true, "Comment": "x"}, "VPC": object{"VPCRegion": region, "VPCId": m.vpc}})
	m.zone = strings.TrimPrefix(text(t, zone, "HostedZone.Id"), "/hostedzone/")
	m.record("CREATE")
}

// record creates or deletes the zone's wildcard alias.
func (m *made) record(action string) {
	m.must(readShared, "route53.ChangeResourceRecordSets", object{"HostedZoneId": m.zone, "ChangeBatch": object{"Changes": []object{{"Action": action, "ResourceRecordSet": object{
		"Name": "*.private.example.com.", "Type": "A", "AliasTarget": object{"HostedZoneId": "Z35SXDOTRQ7X7K", "DNSName": "dualstack." + m.balancerName + ".", "EvaluateTargetHealth": false},
	}}}}})
}

// service makes the proxy's ECS service.
func (m *made) service() {
	m.must(readShared, "ecs.CreateCluster", object{"clusterName": "portico"})
	m.must(readShared, "ecs.RegisterTaskDefinition", object{"family": "portico", "networkMode": "awsvpc", "requiresCompatibilities": []string{"FARGATE"}, "cpu": "256", "memory": "512",
		"containerDefinitions": []object{{"name": "proxy", "image": "proxy:1", "environment": []object{{"name": "PORTICO_UPSTREAMS", "value": "10.7.0.200:443"}}}}})
	m.must(readShared, "ecs.CreateService", object{"cluster": "portico", "serviceName": "proxy", "taskDefinition": "portico", "desiredCount": 2,
		"loadBalancers": []object{{"targetGroupArn": m.targets, "containerName": "proxy", "containerPort": 8443}}})
}

// apis makes an API that the policy's digest says Portico has deployed, and one in
// another account that its owner deployed.
func (m *made) apis() {
	t := m.t
	m.policy = fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpce":"%s"}}}]}`, m.endpoint)
	for _, account := range []string{readOwner, readOther} {
		id := text(t, m.must(account, "apigateway.CreateRestApi", object{"name": "orders", "policy": m.policy, "endpointConfiguration": object{"types": []string{"PRIVATE"}}}), "id")
		root := text(t, m.must(account, "apigateway.GetResources", object{"restApiId": id}), "items.0.id")
		m.must(account, "apigateway.PutMethod", object{"restApiId": id, "resourceId": root, "httpMethod": "ANY", "authorizationType": "NONE"})
		m.must(account, "apigateway.PutIntegration", object{"restApiId": id, "resourceId": root, "httpMethod": "ANY", "type": "MOCK"})
		description := "release 41"
		if account == readOwner {
			canonical, err := resourcepolicy.Canonical([]byte(m.policy), resourcepolicy.API{Partition: "aws", Region: region, AccountID: account, APIID: id})
			require.NoError(t, err)
			m.api, description = id, resourcepolicy.DeploymentDescription(resourcepolicy.Digest(canonical, "portico", "dev"))
		}
		deployment := m.must(account, "apigateway.CreateDeployment", object{"restApiId": id, "stageName": "v1", "description": description})
		if account == readOwner {
			m.deployment = text(t, deployment, "id")
		}
	}
	m.must(readOwner, "apigateway.CreateDomainName", object{"domainName": readHost, "regionalCertificateArn": m.certificate, "endpointConfiguration": object{"types": []string{"REGIONAL"}}})
	m.must(readOwner, "apigateway.CreateBasePathMapping", object{"domainName": readHost, "basePath": "v1", "restApiId": m.api, "stage": "v1"})
}

// readers are the reader's accounts: roles in each, assumed from the first.
func (m *made) readers() doctor.Accounts {
	m.t.Setenv("AWS_ACCESS_KEY_ID", "test")
	m.t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	m.t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	m.t.Setenv("AWS_ENDPOINT_URL", text(m.t, m.must("", "moto.Endpoint", object{}), "url"))
	var accounts []awsreader.Account
	for _, id := range []string{readShared, readOwner, readOther} {
		accounts = append(accounts, awsreader.Account{ID: id, Region: region, Role: assumedrole.Role{ARN: "arn:aws:iam::" + id + ":role/test"}})
	}
	readers, err := awsreader.New(context.Background(), accounts)
	require.NoError(m.t, err)
	return readers
}

// TestTheReaderReadsWhatMotoHolds creates a path of requests in three accounts of Moto
// by botocore, and reads it by the doctor's reader over HTTP, with assumed roles.
func TestTheReaderReadsWhatMotoHolds(t *testing.T) {
	m := &made{moto: startMoto(t)}
	m.network()
	m.service()
	m.apis()
	accounts := m.readers()
	ctx := context.Background()
	shared, err := accounts(readShared)
	require.NoError(t, err)
	owner, err := accounts(readOwner)
	require.NoError(t, err)

	vpc, err := shared.VPC(ctx, m.vpc)
	require.NoError(t, err)
	require.Equal(t, &doctor.VPC{ID: m.vpc, CIDRs: []netip.Prefix{netip.MustParsePrefix("10.7.0.0/16")}}, vpc)
	zones, err := shared.Zones(ctx, m.vpc)
	require.NoError(t, err)
	require.Len(t, zones, 1)
	require.Equal(t, m.zone, zones[0].ID)
	require.Equal(t, "private.example.com", zones[0].Name)
	named, err := shared.ZonesNamed(ctx, "private.example.com")
	require.NoError(t, err)
	require.Len(t, named, 1)
	records, err := shared.Records(ctx, m.zone, "*.private.example.com")
	require.NoError(t, err)
	require.Equal(t, []doctor.Record{{Name: "*.private.example.com", Type: "A", AliasTarget: strings.ToLower(m.balancerName)}}, records)
	none, err := shared.Records(ctx, m.zone, readHost)
	require.NoError(t, err)
	require.Empty(t, none)
	certificate, err := shared.Certificate(ctx, m.certificate)
	require.NoError(t, err)
	require.Equal(t, []string{"*.private.example.com"}, certificate.Names)
	require.NotEmpty(t, certificate.Status)
	balancers, err := shared.LoadBalancers(ctx)
	require.NoError(t, err)
	require.Len(t, balancers, 1)
	require.Equal(t, []string{m.group}, balancers[0].SecurityGroupIDs)
	listeners, err := shared.Listeners(ctx, m.balancer)
	require.NoError(t, err)
	require.Equal(t, []doctor.Listener{{ARN: m.listener, Port: 443, Protocol: "HTTPS", CertificateARNs: []string{m.certificate}, TargetGroupARNs: []string{m.targets}}}, listeners)
	rules, err := shared.Rules(ctx, m.listener)
	require.NoError(t, err)
	require.Len(t, rules, 2)
	require.Equal(t, 10, rules[0].Priority)
	require.Equal(t, []string{"a.private.example.com"}, rules[0].Hosts)
	require.False(t, rules[0].Narrowed)
	quotas, err := shared.BalancerQuotas(ctx)
	require.NoError(t, err)
	require.Positive(t, quotas["rules-per-application-load-balancer"])
	group, err := shared.TargetGroup(ctx, m.targets)
	require.NoError(t, err)
	require.Equal(t, &doctor.TargetGroup{ARN: m.targets, Name: "portico", Protocol: "HTTPS", Port: 8443}, group)
	targets, err := shared.Targets(ctx, m.targets)
	require.NoError(t, err)
	require.Len(t, targets, 1)
	require.Equal(t, "10.7.0.9", targets[0].Address)
	require.NotEmpty(t, targets[0].State)
	service, err := shared.Service(ctx, "portico", "proxy")
	require.NoError(t, err)
	require.Equal(t, 2, service.Desired)
	require.Equal(t, []string{m.targets}, service.TargetGroupARNs)
	containers, err := shared.Containers(ctx, service.TaskDefinitionARN)
	require.NoError(t, err)
	require.Equal(t, []doctor.Container{{Name: "proxy", Image: "proxy:1", Environment: map[string]string{"PORTICO_UPSTREAMS": "10.7.0.200:443"}}}, containers)
	groups, err := shared.SecurityGroups(ctx, []string{m.group, "sg-0fffffffffffffff0"})
	require.NoError(t, err)
	require.Len(t, groups, 1)
	require.Contains(t, groups[m.group].Rules, doctor.SecurityRule{Protocol: "tcp", From: 443, To: 443, CIDR: "10.7.0.0/16"})
	require.Contains(t, groups[m.group].Rules, doctor.SecurityRule{Protocol: "tcp", From: 8443, To: 8443, GroupID: m.group})
	require.True(t, slices.ContainsFunc(groups[m.group].Rules, func(r doctor.SecurityRule) bool { return r.Egress && r.Protocol == "-1" }))
	endpoint, err := shared.Endpoint(ctx, m.endpoint)
	require.NoError(t, err)
	require.Equal(t, "available", endpoint.State)
	require.Equal(t, []string{m.group}, endpoint.SecurityGroupIDs)
	require.NotEmpty(t, endpoint.Policy)

	api, err := owner.RESTAPI(ctx, m.api)
	require.NoError(t, err)
	require.Equal(t, "PRIVATE", api.EndpointType)
	apis, err := owner.RESTAPIs(ctx)
	require.NoError(t, err)
	require.Len(t, apis, 1, "another account's is another's")
	stages, err := owner.Stages(ctx, m.api)
	require.NoError(t, err)
	require.Equal(t, []doctor.Stage{{Name: "v1", DeploymentID: m.deployment}}, stages)
	deployments, err := owner.Deployments(ctx, m.api)
	require.NoError(t, err)
	require.Len(t, deployments, 1)
	require.True(t, strings.HasPrefix(deployments[0].Description, "Portico: "))
	require.False(t, deployments[0].Created.IsZero())
	domain, err := owner.Domain(ctx, readHost, "")
	require.NoError(t, err)
	require.Equal(t, "REGIONAL", domain.Type)
	require.Equal(t, []doctor.BasePathMapping{{BasePath: "v1", APIID: m.api, Stage: "v1"}}, domain.Mappings)

	absent, err := owner.RESTAPI(ctx, "zzzzzzzzzz")
	require.NoError(t, err)
	require.Nil(t, absent)
	gone, err := shared.Endpoint(ctx, "vpce-0fffffffffffffff0")
	require.NoError(t, err)
	require.Nil(t, gone)
	m.diagnosed(accounts)
	m.discovered(accounts)
}

// diagnosed asks the doctor about the host: Moto runs no tasks. Without the record
// that is the first cause.
func (m *made) diagnosed(accounts doctor.Accounts) {
	t := m.t
	rows, err := mapping.Parse("mapping.yaml", []byte(fmt.Sprintf("APIS:\n  - {CUSTOM_DOMAIN_URL: %s, PRIVATE_API_URL: \"https://%s.execute-api.us-east-1.amazonaws.com/v1\", ACCOUNT: \"%s\"}\n", readHost, m.api, readOwner)))
	require.NoError(t, err)
	environment := doctor.Environment{Name: "dev", Mapping: rows, Shared: &outputs.Shared{
		AccountID: readShared, Region: region, VPCID: m.vpc, Hosts: []mapping.Host{readHost}, Cluster: "portico", Service: "proxy",
		LoadBalancerDNSName: m.balancerName, Endpoints: map[mapping.FrontDoor]string{mapping.FrontDoorNGINX: m.endpoint},
	}}
	steps := func() []doctor.Step {
		report := doctor.New(environment, accounts, nil).Diagnose(context.Background(), readHost)
		require.Empty(t, report.Unread)
		var all []doctor.Step
		for _, cause := range report.Causes {
			all = append(all, cause.Step)
		}
		return all
	}
	found := steps()
	require.Contains(t, found, doctor.StepTasks)
	require.NotContains(t, found, doctor.StepName)
	require.NotContains(t, found, doctor.StepRule)
	require.NotContains(t, found, doctor.StepPolicy)
	require.NotContains(t, found, doctor.StepDeployedPolicy)
	m.record("DELETE")
	require.Equal(t, doctor.StepName, steps()[0])
	other := strings.ReplaceAll(m.policy, m.endpoint, "vpce-0fffffffffffffff0")
	m.must(readOwner, "apigateway.UpdateRestApi", object{"restApiId": m.api, "patchOperations": []object{{"op": "replace", "path": "/policy", "value": other}}})
	found = steps()
	require.Contains(t, found, doctor.StepPolicy)
	require.Contains(t, found, doctor.StepDeployedPolicy)
}

// discovered finds the APIs of both accounts.
func (m *made) discovered(accounts doctor.Accounts) {
	t := m.t
	rows, err := mapping.Parse("mapping.yaml", []byte(fmt.Sprintf("APIS:\n  - {CUSTOM_DOMAIN_URL: %s, PRIVATE_API_URL: \"https://%s.execute-api.us-east-1.amazonaws.com/v1\", ACCOUNT: \"%s\"}\n", readHost, m.api, readOwner)))
	require.NoError(t, err)
	result := discovery.Discover(context.Background(), accounts, discovery.Options{
		Mapping: rows, Partition: "aws", Region: region, VPCID: m.vpc, Owners: []mapping.AccountID{readOwner, readOther}, Template: discovery.DefaultTemplate,
	})
	data, err := json.Marshal(result)
	require.NoError(t, err)
	require.Empty(t, result.Unread, string(data))
	require.Len(t, result.APIs, 2, string(data))
	require.Equal(t, []string{readHost}, result.APIs[0].Rows)
	require.Equal(t, discovery.Endpoints, result.APIs[1].Callers)
	require.Equal(t, []string{m.endpoint}, result.APIs[1].Endpoints)
	require.Equal(t, "orders."+readOther+".private.example.com", result.APIs[1].Proposed[0].CustomDomainURL)
}
