package awssim

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	testAccount = "111111111111"
	testRegion  = "us-east-1"
)

// lab creates resources as the engine would have the provider do it, without
// the engine.
type lab struct {
	*Simulator
	t      *testing.T
	caller session
}

func newLab(t *testing.T, world *World) *lab {
	t.Helper()
	world.Home = Identity{testAccount, "arn:aws:iam::" + testAccount + ":user/deployer"}
	s, err := New(world)
	require.NoError(t, err)
	return &lab{s, t, s.as(testAccount, testRegion, world.Home.Principal)}
}

// as is the lab for a caller of another account or region.
func (l *lab) as(account, region string) *lab {
	return &lab{l.Simulator, l.t, l.Simulator.as(account, region, l.caller.caller)}
}

func (l *lab) create(token, name string, inputs Object) (*Resource, error) {
	l.t.Helper()
	return l.caller.create(token, name, inputs)
}

func (l *lab) must(token, name string, inputs Object) *Resource {
	l.t.Helper()
	r, err := l.create(token, name, inputs)
	require.NoError(l.t, err)
	return r
}

func (l *lab) update(r *Resource, changes Object) (*Resource, error) {
	l.t.Helper()
	return l.caller.update(r, changes)
}

func (l *lab) delete(r *Resource) error {
	l.t.Helper()
	return l.caller.remove(r)
}

func (l *lab) read(r *Resource) *Resource {
	l.t.Helper()
	found, err := l.caller.read(r)
	require.NoError(l.t, err)
	return found
}

// estate is all that a proxy's service needs. Its inputs can be changed before
// they are created, and left out with nil.
type estate struct {
	*lab
	inputs  map[string]Object
	created map[string]*Resource
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

// prebuilt is images that nobody in the estate builds.
var prebuilt = []PublicImage{
	{Reference: "public.ecr.aws/team/proxy:1"},
	{Reference: proxyImage + ":prebuilt", ContainerImage: ContainerImage{Platform: "linux/arm64"}},
}

const proxyImage = testAccount + ".dkr.ecr." + testRegion + ".amazonaws.com/proxy"

func newEstate(t *testing.T) *estate {
	t.Helper()
	context := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(context, "Dockerfile"), []byte("FROM nginx:1.30\nCOPY nginx.conf /etc/proxy/\nUSER 101\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(context, "nginx.conf"), []byte("events {}\n"), 0o644))
	return &estate{newLab(t, &World{Images: prebuilt}), map[string]Object{}, map[string]*Resource{}, context, 8443, proxyImage + ":1"}
}

// container is the one container of the estate's task definition.
func (e *estate) container() map[string]any {
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

// part creates a part of the estate, if it is to be there, and gives its ID.
func (e *estate) part(token, name string, inputs Object) string {
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

func (e *estate) network() (subnets []any) {
	e.t.Helper()
	vpc := e.part(vpcType, "vpc", Object{"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": true})
	table := e.part(routeTableType, "table", Object{"vpcId": vpc})
	for _, zone := range []string{"a", "b"} {
		subnet := e.part(subnetType, "subnet-"+zone, Object{"vpcId": vpc, "availabilityZone": testRegion + zone,
			"cidrBlock": map[string]string{"a": "10.0.0.0/24", "b": "10.0.1.0/24"}[zone]})
		e.part(routeTableAssociationType, "association-"+zone, Object{"subnetId": subnet, "routeTableId": table})
		subnets = append(subnets, subnet)
	}
	for _, group := range []string{"balancer", "tasks", "apis", "services"} {
		e.part(securityGroupType, group, Object{"vpcId": vpc, "description": group})
	}
	allow := func(name, token, own, peer string, port float64) {
		e.part(token, name, Object{"securityGroupId": e.created[own].ID, "referencedSecurityGroupId": e.created[peer].ID,
			"ipProtocol": "tcp", "fromPort": port, "toPort": port})
	}
	allow("balancer to tasks", egressRuleType, "balancer", "tasks", 8443)
	allow("tasks from balancer", ingressRuleType, "tasks", "balancer", 8443)
	allow("tasks to services", egressRuleType, "tasks", "services", 443)
	allow("services from tasks", ingressRuleType, "services", "tasks", 443)
	allow("tasks to apis", egressRuleType, "tasks", "apis", 443)
	allow("apis from tasks", ingressRuleType, "apis", "tasks", 443)
	for _, name := range []string{"ecr.api", "ecr.dkr", "logs"} {
		e.part(vpcEndpointType, name, Object{"vpcId": vpc, "serviceName": "com.amazonaws.us-east-1." + name, "vpcEndpointType": "Interface",
			"subnetIds": subnets, "securityGroupIds": list(e.created["services"].ID), "privateDnsEnabled": true})
	}
	e.part(vpcEndpointType, "execute-api", Object{"vpcId": vpc, "serviceName": "com.amazonaws.us-east-1.execute-api",
		"vpcEndpointType": "Interface", "subnetIds": subnets, "securityGroupIds": list(e.created["apis"].ID)})
	e.part(vpcEndpointType, "s3", Object{"vpcId": vpc, "serviceName": "com.amazonaws.us-east-1.s3", "routeTableIds": list(table)})
	e.part(egressRuleType, "tasks to s3", Object{"securityGroupId": e.created["tasks"].ID, "prefixListId": prefixListID(testRegion, "s3"),
		"ipProtocol": "tcp", "fromPort": 443.0, "toPort": 443.0})
	return subnets
}

func (e *estate) image() {
	e.t.Helper()
	e.part(repositoryType, "proxy", Object{"imageTagMutability": "IMMUTABLE"})
	e.part(dockerImageType, "image", Object{"imageName": proxyImage + ":1",
		"build":    map[string]any{"context": e.context, "platform": "linux/arm64"},
		"registry": map[string]any{"server": proxyImage, "username": "AWS", "password": registryPassword(testAccount, testRegion)}})
}

func (e *estate) definition() Object {
	e.t.Helper()
	e.part(roleType, "execution", Object{"assumeRolePolicy": trustECSTasks})
	e.part(rolePolicyType, "execution-policy", Object{"role": "execution", "policy": pullAndLog})
	e.part(logGroupType, "/proxy", Object{})
	return Object{"family": "proxy", "networkMode": "awsvpc", "requiresCompatibilities": list("FARGATE"), "cpu": "512", "memory": "1024",
		"runtimePlatform": map[string]any{"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}, "executionRoleArn": e.created["execution"].ARN,
		"containerDefinitions": containersJSON(e.container())}
}

// service creates everything in order, and last the service.
func (e *estate) service() (*Resource, error) {
	e.t.Helper()
	subnets := e.network()
	e.image()
	e.part(taskDefinitionType, "definition", e.definition())
	cluster := e.part(clusterType, "cluster", Object{})
	balancer := e.part(loadBalancerType, "balancer-lb", Object{"internal": true, "loadBalancerType": "application", "subnets": subnets,
		"securityGroups": list(e.created["balancer"].ID)})
	group := e.part(targetGroupType, "group", Object{"vpcId": e.created["vpc"].ID, "port": 8443.0, "protocol": "HTTPS", "targetType": "ip"})
	e.part(listenerType, "listener", Object{"loadBalancerArn": balancer, "port": 80.0, "protocol": "HTTP",
		"defaultActions": []any{map[string]any{"type": "forward", "targetGroupArn": group}}})
	inputs := Object{"cluster": cluster, "taskDefinition": e.created["definition"].ARN, "launchType": "FARGATE", "desiredCount": 2.0,
		"waitForSteadyState":   true,
		"networkConfiguration": map[string]any{"subnets": subnets, "securityGroups": list(e.created["tasks"].ID)},
		"loadBalancers":        []any{map[string]any{"targetGroupArn": group, "containerName": "nginx", "containerPort": e.port}}}
	maps.Copy(inputs, e.inputs["service"])
	return e.create(ecsServiceType, "service", inputs)
}
