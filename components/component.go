package components

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// register registers a component under its type token, portico:index:KIND.
func register(ctx *pulumi.Context, kind, name string, component pulumi.ComponentResource, opts []pulumi.ResourceOption) error {
	if err := ctx.RegisterComponentResource("portico:index:"+kind, name, component, opts...); err != nil {
		return fmt.Errorf("register %s %q: %w", kind, name, err)
	}
	return nil
}

// complete registers a component's outputs, after which it has no more children.
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
// which the AWS consoles show as the title. Nil: Name alone. AWS allows 50 tags.
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

func stringArray(inputs []pulumi.StringInput) pulumi.StringArray {
	return pulumi.StringArray(inputs)
}
