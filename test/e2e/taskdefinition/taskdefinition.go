// Package taskdefinition gives tests the task definition that a shared stack
// registers, so that what runs in them is what runs on Fargate.
package taskdefinition

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
)

// Definition is a task definition, as far as it says how the container runs.
type Definition struct {
	Container Container
	// Volumes are the names of the task's empty volumes.
	Volumes []string
}

// Container is the one container's definition.
type Container struct {
	Image                  string
	User                   string
	ReadonlyRootFilesystem bool
	StopTimeout            int
	PortMappings           []struct{ ContainerPort int }
	Environment            []struct{ Name, Value string }
	MountPoints            []struct {
		SourceVolume, ContainerPath string
		ReadOnly                    bool
	}
	LinuxParameters struct {
		Capabilities struct{ Add, Drop []string }
	}
	Ulimits []struct {
		Name                 string
		SoftLimit, HardLimit int
	}
	SystemControls        []SystemControl
	DockerSecurityOptions []string
	Privileged            bool
	Command, EntryPoint   []string
}

// SystemControl is a kernel parameter of the task's own.
type SystemControl struct{ Namespace, Value string }

// Of is the task definition that components.NewService registers for an image
// with that environment.
func Of(t testing.TB, image string, environment map[string]string) Definition {
	t.Helper()
	inputs := make(map[string]pulumi.StringInput)
	for name, value := range environment {
		inputs[name] = pulumi.String(value)
	}
	m := &monitor{}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		cluster, err := components.NewCluster(ctx, "portico", &components.ClusterArgs{UniqueName: pulumi.String("portico")})
		if err != nil {
			return err
		}
		roles, err := components.NewTaskRoles(ctx, "portico", &components.TaskRolesArgs{LogRetentionDays: 30})
		if err != nil {
			return err
		}
		_, err = components.NewService(ctx, "portico", &components.ServiceArgs{
			Region: "us-east-1", Cluster: cluster, Roles: roles, Image: pulumi.String(image),
			CPU: 512, Memory: 1024, Architecture: "X86_64", Min: 2, Max: 4, CPUPercent: 80, MemoryPercent: 70,
			Environment: inputs, SubnetIDs: []pulumi.StringInput{pulumi.String("subnet-0")},
			SecurityGroupID: pulumi.String("sg-0"), LongestTimeout: 30 * time.Second,
			Targets: []components.Target{{TargetGroupARN: pulumi.String("arn:aws:elasticloadbalancing:us-east-1:111111111111:targetgroup/portico/0"), Port: components.ProxyPort}},
		})
		return err
	}, pulumi.WithMocks("portico", "test", m))
	if err != nil {
		t.Fatal(err)
	}
	return m.definition(t)
}

// monitor takes the place of the engine and retains the task definition.
type monitor struct {
	mu     sync.Mutex
	inputs []resource.PropertyMap
}

const token = "aws:ecs/taskDefinition:TaskDefinition"

// NewResource implements pulumi.MockResourceMonitor.
func (m *monitor) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	state := args.Inputs.Copy()
	if args.TypeToken == token {
		m.mu.Lock()
		m.inputs = append(m.inputs, args.Inputs)
		m.mu.Unlock()
	}
	arn := fmt.Sprintf("arn:aws:mock:us-east-1:111111111111:%s", args.Name)
	state["arn"] = resource.NewStringProperty(arn)
	if args.TypeToken == "aws:ecs/service:Service" {
		// The service runs what it was told to.
		state["id"] = resource.NewStringProperty(arn)
	}
	return args.Name, state, nil
}

// Call implements pulumi.MockResourceMonitor.
func (m *monitor) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	if args.Token == "aws:ecs/getService:getService" {
		return resource.PropertyMap{
			"taskDefinition": resource.NewStringProperty("arn:aws:mock:us-east-1:111111111111:portico"),
		}, nil
	}
	return args.Args, nil
}

func (m *monitor) definition(t testing.TB) Definition {
	t.Helper()
	if len(m.inputs) != 1 {
		t.Fatalf("the service has %d task definitions, not one", len(m.inputs))
	}
	var containers []Container
	if err := json.Unmarshal([]byte(m.inputs[0]["containerDefinitions"].StringValue()), &containers); err != nil {
		t.Fatal(err)
	}
	if len(containers) != 1 {
		t.Fatalf("the task definition has %d containers, not one", len(containers))
	}
	d := Definition{Container: containers[0]}
	for _, volume := range m.inputs[0]["volumes"].ArrayValue() {
		d.Volumes = append(d.Volumes, volume.ObjectValue()["name"].StringValue())
	}
	return d
}
