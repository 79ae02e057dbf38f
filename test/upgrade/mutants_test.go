package upgrade

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// formerly has the state of a release have a resource by another name, a component by
// another type, and a rule below another parent than the program.
var formerly = strings.NewReplacer(
	"RolePolicy::portico-dev-flows", "RolePolicy::portico-dev-flow-logs",
	"portico:index:AccessAssociations", "portico:index:Associations",
	"portico:index:ExecuteAPIEndpoint$aws:vpc/securityGroupIngressRule:", "portico:index:Network$aws:vpc/securityGroupIngressRule:",
)

// formerNames are the aliases that the program lacks then, by type.
var formerNames = map[string]pulumi.Alias{
	"aws:iam/rolePolicy:RolePolicy":                             {Name: pulumi.String("portico-dev-flow-logs")},
	"portico:index:AccessAssociations":                          {Type: pulumi.String("portico:index:Associations")},
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {ParentURN: pulumi.URN("urn:pulumi:dev::portico::portico:index:Network::portico-dev")},
}

// transformed is a program whose resources are changed before they are registered.
func transformed(program pulumi.RunFunc, change func(args *pulumi.ResourceTransformationArgs) []pulumi.ResourceOption) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		err := ctx.RegisterStackTransformation(func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
			return &pulumi.ResourceTransformationResult{Opts: append(args.Opts, change(args)...), Props: args.Props}
		})
		if err != nil {
			return err
		}
		return program(ctx)
	}
}

// withAliases gives resources their former names.
func withAliases(args *pulumi.ResourceTransformationArgs) []pulumi.ResourceOption {
	if alias, renamed := formerNames[args.Type]; renamed {
		return []pulumi.ResourceOption{pulumi.Aliases([]pulumi.Alias{alias})}
	}
	return nil
}

// rejectedOnly changes what flow logs can't change in place.
func rejectedOnly(args *pulumi.ResourceTransformationArgs) []pulumi.ResourceOption {
	if log, ok := args.Props.(*ec2.FlowLogArgs); ok {
		log.TrafficType = pulumi.String("REJECT")
	}
	return nil
}

// TestARenameIsFoundUnlessAnAliasSaysTheFormerName renames resources by their name, their
// type and their parent, and has one replaced.
func TestARenameIsFoundUnlessAnAliasSaysTheFormerName(t *testing.T) {
	f := read(t, newest(t, "custom-domains-alone"))
	state := "pulumi/.pulumi/stacks/portico/dev.json"
	before := f.Files[state]
	f.Files[state] = formerly.Replace(before)
	require.NotEqual(t, before, f.Files[state])
	p := prepare(t, f.options(t))
	shared := p.Environment.Shared
	program := shared.Program

	shared.Program = transformed(program, rejectedOnly)
	steps := preview(t, p, shared)
	const alias = " would be deleted: where the program has renamed it, moved it to another parent or given it another type, " +
		"let the resource's options have its former URN (pulumi.Aliases)"
	const otherwise = "; where it has to be, add it to exceptions and tell it in CHANGELOG.md"
	require.Equal(t, []string{
		"aws:apigateway/domainNameAccessAssociation:DomainNameAccessAssociation portico-dev-catalog.internal.example.com" + alias + otherwise,
		"aws:apigateway/domainNameAccessAssociation:DomainNameAccessAssociation portico-dev-partner.native.example.org" + alias + otherwise,
		"aws:ec2/flowLog:FlowLog portico-dev-flows would be replaced, for its trafficType" + otherwise,
		"aws:iam/rolePolicy:RolePolicy portico-dev-flow-logs" + alias + otherwise,
		"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule portico-dev-native-endpoint-from-10.0.0.0-16" + alias + otherwise,
		"portico:index:Associations portico-dev" + alias + otherwise,
	}, problems(steps, nil, nil))

	excepted := []exception{{resource: "aws:iam/rolePolicy:RolePolicy portico-dev-flow-logs"}, {resource: "aws:ec2/flowLog:FlowLog portico-dev-flows"}}
	met := map[string]bool{}
	require.Len(t, problems(steps, excepted, met), 4)
	require.Equal(t, map[string]bool{excepted[0].resource: true, excepted[1].resource: true}, met)

	shared.Program = transformed(program, withAliases)
	require.Empty(t, problems(preview(t, p, shared), nil, nil))
}
