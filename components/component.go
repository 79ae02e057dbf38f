package components

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// children are a component's own resources.
type children struct {
	mu  sync.Mutex
	all []pulumi.Resource
}

// Resources are the resources that the component has created, for
// pulumi.DependsOn. A dependency on the component itself may miss some of them:
// Pulumi's SDK takes those that are known to it when the dependent resource is
// registered, and learns of a component's children concurrently.
func (c *children) Resources() []pulumi.Resource {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.all)
}

func (c *children) add(child pulumi.Resource) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, child)
}

// component is a component with children.
type component interface {
	pulumi.ComponentResource
	add(child pulumi.Resource)
}

// register registers a component under its type token, portico:index:KIND.
func register(ctx *pulumi.Context, kind, name string, component component, opts []pulumi.ResourceOption) error {
	// A transformation is the SDK's one call for each child, in the order of the
	// program. It changes nothing.
	note := func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
		if args.Resource != component {
			component.add(args.Resource)
		}
		return nil
	}
	opts = append(slices.Clone(opts), pulumi.Transformations([]pulumi.ResourceTransformation{note}))
	if err := ctx.RegisterComponentResource("portico:index:"+kind, name, component, opts...); err != nil {
		return fmt.Errorf("register %s %q: %w", kind, name, err)
	}
	return nil
}

// complete registers a component's outputs.
func complete(ctx *pulumi.Context, kind, name string, component pulumi.Resource, outputs pulumi.Map) error {
	if err := ctx.RegisterResourceOutputs(component, outputs); err != nil {
		return fmt.Errorf("register outputs of %s %q: %w", kind, name, err)
	}
	return nil
}

// dependsOn has a child depend on what the component depends on. A child comes
// after its component, and so after that, in any case. The engine has to know it
// of the child itself for updates that delete the child alone: it then deletes
// the child first.
func dependsOn(opts []pulumi.ResourceOption, further ...pulumi.Resource) (pulumi.ResourceOption, error) {
	component, err := pulumi.NewResourceOptions(opts...)
	if err != nil {
		return nil, fmt.Errorf("read resource options: %w", err)
	}
	return pulumi.DependsOn(slices.Concat(component.DependsOn, further)), nil
}

// Tags are the tags of an AWS resource. Each component adds the tag Name to them,
// which the AWS consoles show as the title. Nil: Name alone. AWS allows 50 tags, with Name.
type Tags map[string]string

// named is t with the tag Name.
func (t Tags) named(name string) pulumi.StringMap {
	all := maps.Clone(map[string]string(t))
	if all == nil {
		all = map[string]string{}
	}
	all["Name"] = name
	return pulumi.ToStringMap(all)
}

// ofRole is t with the tag Name, for a role. IAM doesn't tell capitals from small
// letters in keys, and refuses a role with both "Environment" and "environment": of
// two such keys the one that isn't Portico's stays.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
func (t Tags) ofRole(name string) pulumi.StringMap {
	all := t.named(name)
	for _, own := range []string{"app", "environment", "managed-by", "Name"} {
		for key := range t {
			if key != own && strings.EqualFold(key, own) {
				delete(all, own)
			}
		}
	}
	return all
}

func stringArray(inputs []pulumi.StringInput) pulumi.StringArray {
	return pulumi.StringArray(inputs)
}
