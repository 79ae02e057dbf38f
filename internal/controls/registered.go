package controls

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Resource is a resource that a program would register.
type Resource struct {
	// Type is Pulumi's type token, such as "aws:lb/loadBalancer:LoadBalancer".
	Type string
	// Name is the logical name.
	Name string
	// Inputs are the properties by Pulumi's names.
	Inputs map[string]any
}

// Existing is what the settings of a stack say that its account has already.
type Existing struct {
	// Region is the stack's region.
	Region string
	// VPC is the ID of the network.
	VPC string
	// Zones are the names of private hosted zones by their IDs.
	Zones map[string]string
	// Endpoints are the services of VPC endpoints by their IDs, such as "s3".
	Endpoints map[string]string
	// Certificates are the names of ACM's certificates by their ARNs.
	Certificates map[string][]string
}

// Registered runs a program without an engine and returns the resources that it
// registers, sorted by type and name, those that exist already excepted. Questions
// to AWS are answered as by an account that has what the settings name.
func Registered(project, stack string, existing Existing, program pulumi.RunFunc) ([]Resource, error) {
	m := &monitor{existing: existing}
	err := pulumi.RunErr(program, pulumi.WithMocks(project, stack, m))
	if err != nil {
		return nil, fmt.Errorf("find what %s would register: %w", stack, err)
	}
	slices.SortFunc(m.resources, func(a, b Resource) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name))
	})
	return m.resources, nil
}

// monitor stands in for the engine.
type monitor struct {
	mu        sync.Mutex
	resources []Resource
	existing  Existing
	// subnets are the existing ones that were asked for.
	subnets []string
}

func (m *monitor) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	if args.RegisterRPC != nil && args.Custom && strings.Contains(args.TypeToken, "/") {
		m.mu.Lock()
		m.resources = append(m.resources, Resource{args.TypeToken, args.Name, args.Inputs.Mappable()})
		m.mu.Unlock()
	}
	state := args.Inputs.Copy()
	if !args.Custom && args.ReadRPC == nil {
		return "", state, nil
	}
	for key, value := range resource.NewPropertyMapFromMap(m.computed(args)) {
		if _, given := state[key]; !given {
			state[key] = value
		}
	}
	return cmp.Or(args.ID, args.Name+"-id"), state, nil
}
