package awssim

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim/ec2"
	"github.com/portico-iac/portico/internal/awssim/ecr"
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

const (
	testAccount = "111111111111"
	testRegion  = "us-east-1"
)

// lab creates resources as the engine would have the provider do it, without
// the engine.
type lab struct {
	*Simulator
	t *testing.T
	// before is called with each resource that is about to be created, unless
	// it is nil.
	before func(l *lab, token, name string, inputs Object)
	caller engine.Session
}

func newLab(t *testing.T, setup *Setup) *lab {
	t.Helper()
	setup.Home = engine.Identity{Account: testAccount, Principal: "arn:aws:iam::" + testAccount + ":user/deployer"}
	s, err := New(setup)
	require.NoError(t, err)
	return &lab{Simulator: s, t: t, caller: s.As(testAccount, testRegion, setup.Home.Principal)}
}

// as is the lab for a caller of another account or region.
func (l *lab) as(account, region string) *lab {
	return &lab{l.Simulator, l.t, l.before, l.Simulator.As(account, region, l.caller.Caller)}
}

func (l *lab) create(token, name string, inputs engine.Object) (*engine.Resource, error) {
	l.t.Helper()
	if l.before != nil {
		l.before(l, token, name, inputs)
	}
	return l.caller.Create(token, name, inputs)
}

func (l *lab) must(token, name string, inputs engine.Object) *engine.Resource {
	l.t.Helper()
	r, err := l.create(token, name, inputs)
	require.NoError(l.t, err)
	return r
}

func (l *lab) update(r *engine.Resource, changes engine.Object) (*engine.Resource, error) {
	l.t.Helper()
	return l.caller.Update(r, changes)
}

func (l *lab) delete(r *engine.Resource) error {
	l.t.Helper()
	return l.caller.Delete(r)
}

func (l *lab) read(r *engine.Resource) *engine.Resource {
	l.t.Helper()
	found, err := l.caller.Read(r)
	require.NoError(l.t, err)
	return found
}

// environment is all that a proxy's service needs. Its inputs can be changed
// before they are created, and left out with nil.
type environment struct {
	*lab
	inputs  map[string]engine.Object
	created map[string]*engine.Resource
	context string  // the image's build context
	port    float64 // the container's port that the service names
	pulled  string  // the container's image
}

const trustECSTasks = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}}`

const pullAndLog = `{"Version":"2012-10-17","Statement":[
	{"Effect":"Allow","Action":"ecr:GetAuthorizationToken","Resource":"*"},
	{"Effect":"Allow","Action":["ecr:BatchCheckLayerAvailability","ecr:GetDownloadUrlForLayer","ecr:BatchGetImage"],
	 "Resource":"arn:aws:ecr:us-east-1:111111111111:repository/proxy"},
	{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"arn:aws:logs:us-east-1:111111111111:log-group:/proxy:*"}]}`

// prebuilt is the images that the environment uses without building them.
var prebuilt = []ecr.PublicImage{
	{Reference: "public.ecr.aws/team/proxy:1"},
	{Reference: proxyImage + ":prebuilt", ContainerImage: ecr.ContainerImage{Platform: "linux/arm64"}},
}

const proxyImage = testAccount + ".dkr.ecr." + testRegion + ".amazonaws.com/proxy"

func newEnvironment(t *testing.T) *environment {
	t.Helper()
	context := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(context, "Dockerfile"), []byte("FROM nginx:1.30\nCOPY nginx.conf /etc/proxy/\nUSER 101\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(context, "nginx.conf"), []byte("events {}\n"), 0o644))
	// An image's digest follows from its files' times: the same in each environment.
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	require.NoError(t, os.Chtimes(filepath.Join(context, "nginx.conf"), at, at))
	return &environment{newLab(t, &Setup{Images: prebuilt}), map[string]engine.Object{}, map[string]*engine.Resource{}, context, 8443, proxyImage + ":1"}
}

// container is the one container of the environment's task definition.
func (e *environment) container() map[string]any {
	return map[string]any{
		"name": "nginx", "image": e.pulled, "portMappings": []any{map[string]any{"containerPort": 8443}},
		"environment": []any{map[string]any{"name": "PORT", "value": "8443"}},
		"logConfiguration": map[string]any{"logDriver": "awslogs", "options": map[string]any{
			"awslogs-group": "/proxy", "awslogs-region": testRegion, "awslogs-stream-prefix": "nginx",
		}},
	}
}

func containersJSON(containers ...map[string]any) string {
	data, err := json.Marshal(containers)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// part creates a part of the environment, if it is to be there, and gives its ID.
func (e *environment) part(token, name string, inputs engine.Object) string {
	e.t.Helper()
	if changes, ok := e.inputs[name]; ok {
		if changes == nil {
			return ""
		}
		maps.Copy(inputs, changes)
	}
	r := e.must(token, name, inputs)
	e.created[name] = r
	return r.ID
}

func (e *environment) network() (subnets []any) {
	e.t.Helper()
	vpc := e.part(view.VPCType, "vpc", engine.Object{"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": true})
	bucket := e.part(view.BucketType, "logs-of-balancers", engine.Object{"forceDestroy": true})
	e.part(view.BucketPolicyType, "bucket policy", engine.Object{"bucket": bucket, "policy": letBalancersLog("logs-of-balancers")})
	e.part(view.PublicAccessBlockType, "bucket block", engine.Object{"bucket": bucket, "blockPublicAcls": true})
	e.part(view.BucketLifecycleType, "bucket lifecycle", engine.Object{"bucket": bucket, "rules": []any{
		map[string]any{"id": "expire", "status": "Enabled", "filter": map[string]any{}, "expiration": map[string]any{"days": 30.0}}}})
	e.part(view.LogGroupType, "/flows", engine.Object{})
	e.part(view.RoleType, "flows", engine.Object{"assumeRolePolicy": trustFlowLogs})
	e.part(view.FlowLogType, "flow log", engine.Object{"vpcId": vpc, "logDestination": e.created["/flows"].ARN, "iamRoleArn": e.created["flows"].ARN, "trafficType": "ALL"})
	table := e.part(view.RouteTableType, "table", engine.Object{"vpcId": vpc})
	for _, zone := range []string{"a", "b"} {
		subnet := e.part(view.SubnetType, "subnet-"+zone, engine.Object{"vpcId": vpc, "availabilityZone": testRegion + zone,
			"cidrBlock": map[string]string{"a": "10.0.0.0/24", "b": "10.0.1.0/24"}[zone]})
		e.part(view.RouteTableAssociationType, "association-"+zone, engine.Object{"subnetId": subnet, "routeTableId": table})
		subnets = append(subnets, subnet)
	}
	for _, group := range []string{"balancer", "tasks", "apis", "services"} {
		e.part(view.SecurityGroupType, group, engine.Object{"vpcId": vpc, "description": group})
	}
	allow := func(name, token, own, peer string, port float64) {
		e.part(token, name, engine.Object{"securityGroupId": e.created[own].ID, "referencedSecurityGroupId": e.created[peer].ID,
			"ipProtocol": "tcp", "fromPort": port, "toPort": port})
	}
	allow("balancer to tasks", view.EgressRuleType, "balancer", "tasks", 8443)
	allow("tasks from balancer", view.IngressRuleType, "tasks", "balancer", 8443)
	allow("tasks to services", view.EgressRuleType, "tasks", "services", 443)
	allow("services from tasks", view.IngressRuleType, "services", "tasks", 443)
	allow("tasks to apis", view.EgressRuleType, "tasks", "apis", 443)
	allow("apis from tasks", view.IngressRuleType, "apis", "tasks", 443)
	for _, name := range []string{"ecr.api", "ecr.dkr", "logs"} {
		e.part(view.VPCEndpointType, name, engine.Object{"vpcId": vpc, "serviceName": "com.amazonaws.us-east-1." + name, "vpcEndpointType": "Interface",
			"subnetIds": subnets, "securityGroupIds": engine.List(e.created["services"].ID), "privateDnsEnabled": true})
	}
	e.part(view.VPCEndpointType, "execute-api", engine.Object{"vpcId": vpc, "serviceName": "com.amazonaws.us-east-1.execute-api",
		"vpcEndpointType": "Interface", "subnetIds": subnets, "securityGroupIds": engine.List(e.created["apis"].ID)})
	e.part(view.VPCEndpointType, "s3", engine.Object{"vpcId": vpc, "serviceName": "com.amazonaws.us-east-1.s3", "routeTableIds": engine.List(table)})
	e.part(view.EgressRuleType, "tasks to s3", engine.Object{"securityGroupId": e.created["tasks"].ID, "prefixListId": ec2.PrefixListID(testRegion, "s3"),
		"ipProtocol": "tcp", "fromPort": 443.0, "toPort": 443.0})
	return subnets
}

func (e *environment) image() {
	e.t.Helper()
	e.part(view.RepositoryType, "proxy", engine.Object{"imageTagMutability": "IMMUTABLE"})
	e.part(view.DockerImageType, "image", engine.Object{"imageName": proxyImage + ":1",
		"build":    map[string]any{"context": e.context, "platform": "linux/arm64"},
		"registry": map[string]any{"server": proxyImage, "username": "AWS", "password": ecr.RegistryPassword(testAccount, testRegion)}})
}

func (e *environment) definition() engine.Object {
	e.t.Helper()
	e.part(view.RoleType, "execution", engine.Object{"assumeRolePolicy": trustECSTasks})
	e.part(view.RolePolicyType, "execution-policy", engine.Object{"role": "execution", "policy": pullAndLog})
	e.part(view.LogGroupType, "/proxy", engine.Object{})
	return engine.Object{"family": "proxy", "networkMode": "awsvpc", "requiresCompatibilities": engine.List("FARGATE"), "cpu": "512", "memory": "1024",
		"runtimePlatform": map[string]any{"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}, "executionRoleArn": e.created["execution"].ARN,
		"containerDefinitions": containersJSON(e.container())}
}

// service creates everything in order, and last the service.
func (e *environment) service() (*engine.Resource, error) {
	e.t.Helper()
	subnets := e.network()
	e.image()
	e.part(view.TaskDefinitionType, "definition", e.definition())
	cluster := e.part(view.ClusterType, "cluster", engine.Object{})
	balancer := e.part(view.LoadBalancerType, "balancer-lb", engine.Object{"internal": true, "loadBalancerType": "application", "subnets": subnets,
		"securityGroups": engine.List(e.created["balancer"].ID)})
	group := e.part(view.TargetGroupType, "group", engine.Object{"vpcId": e.created["vpc"].ID, "port": 8443.0, "protocol": "HTTPS", "targetType": "ip"})
	e.part(view.ListenerType, "listener", engine.Object{"loadBalancerArn": balancer, "port": 80.0, "protocol": "HTTP",
		"defaultActions": []any{map[string]any{"type": "forward", "targetGroupArn": group}}})
	inputs := engine.Object{"cluster": cluster, "taskDefinition": e.created["definition"].ARN, "launchType": "FARGATE", "desiredCount": 2.0,
		"waitForSteadyState":   true,
		"networkConfiguration": map[string]any{"subnets": subnets, "securityGroups": engine.List(e.created["tasks"].ID)},
		"loadBalancers":        []any{map[string]any{"targetGroupArn": group, "containerName": "nginx", "containerPort": e.port}}}
	maps.Copy(inputs, e.inputs["service"])
	return e.create(view.ECSServiceType, "service", inputs)
}
