package accounts

import (
	"fmt"
	"strings"
)

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
