package accounts

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// networkType is the type of the component that every update of a shared stack
// registers first, by the prefix of all names.
const networkType = "portico:index:Network"

// begunPrefix is what the names of the stack's resources begin with after a first
// update that stopped half-way, which has left no outputs; empty: there are none, the
// names are those of app, or the state can't be read. It is the engine's own function
// behind that of the Node.js SDK's StackReference; its keys are the resources' URNs.
func begunPrefix(ctx *pulumi.Context, app App) string {
	args := struct {
		Name string `pulumi:"stackName"`
	}{strings.Join([]string{ctx.Organization(), ctx.Project(), ctx.Stack()}, "/")}
	var found struct {
		Outputs map[string]struct {
			Type string `pulumi:"type"`
		} `pulumi:"outputs"`
	}
	if _, err := ctx.InvokePackageRaw("pulumi:pulumi:readStackResourceOutputs", &args, &found, ""); err != nil {
		return "" // it decides on a warning alone
	}
	var prefixes []string
	for urn, resource := range found.Outputs {
		if resource.Type == networkType {
			prefixes = append(prefixes, urn[strings.LastIndex(urn, "::")+len("::"):])
		}
	}
	if len(prefixes) == 0 || slices.Contains(prefixes, app.Prefix()) {
		return ""
	}
	return slices.Min(prefixes)
}

// renamed says that the names of the stack's resources change, and which key keeps
// them; empty: they don't, or the stack was never brought up. before is what they
// begin with. AWS's resources have
// no other names than those that they were created with.
func renamed(before string, app App, stack string) string {
	now := app.Prefix()
	if before == "" || before == now {
		return ""
	}
	keeps := "set portico:app.name and portico:app.environment as they were"
	if environment, ok := strings.CutPrefix(before, app.Name+"-"); ok {
		keeps = "set portico:app.environment: " + environment
	} else if name, ok := strings.CutSuffix(before, "-"+app.Environment); ok {
		keeps = "set portico:app.name: " + name
	}
	why := ""
	if app.Environment == stack {
		why = "; the environment's name is the stack's, " + stack + ", where portico:app.environment is not set"
	}
	return fmt.Sprintf("the names of all resources begin with %s, and will begin with %s: everything is created anew, and what exists is deleted%s: to keep what exists, %s",
		before, now, why, keeps)
}
