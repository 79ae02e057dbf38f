package settings

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/aws"
)

// Environment is the settings of all stacks of one environment: what each of them
// says alone may contradict what another says.
type Environment struct {
	// Shared is the stack of the shared-services account.
	Shared Source
	// Providers are the stacks of the provider accounts.
	Providers []Source
}

// Check reports every mistake in the settings of all stacks, the shared stack's
// first. The error is of type Errors, or says which file can't be read.
func (e Environment) Check() error {
	_, _, err := e.Read()
	return err
}

// Read is Check that returns what it has read: the shared stack's settings, nil where
// their file can't be read, and the provider stacks' in order, but those whose files
// can't be read.
func (e Environment) Read() (*Shared, []NamedProvider, error) {
	var all Errors
	var unreadable []error
	var providers []NamedProvider
	add := func(m *mistakes, err error) {
		var wrong Errors
		switch {
		case m != nil:
			errors.As(m.err(), &wrong)
			all = append(all, wrong...)
		case errors.As(err, &wrong):
			all = append(all, wrong...)
		default:
			unreadable = append(unreadable, err)
		}
	}
	shared, m, err := e.Shared.readShared()
	if m != nil {
		e.checkNames(shared, m)
		e.checkListed(shared, m)
	}
	add(m, err)
	for _, source := range e.Providers {
		provider, m, err := source.readProvider()
		if provider != nil {
			providers = append(providers, NamedProvider{source.Stack, provider})
		}
		if m != nil {
			e.checkShared(provider, m)
			e.checkStatements(source, provider, m)
			if shared != nil {
				e.checkAlike(shared, source, provider, m)
			}
		}
		add(m, err)
	}
	slices.SortStableFunc(all, (*Error).compare)
	if len(all) == 0 {
		return shared, providers, errors.Join(unreadable...)
	}
	if len(unreadable) == 0 {
		return shared, providers, all
	}
	return shared, providers, errors.Join(all, errors.Join(unreadable...))
}

// NamedProvider is the settings of a provider stack.
type NamedProvider struct {
	// Stack is the stack's name.
	Stack string
	// Settings are the stack's.
	Settings *Provider
}

// checkShared reports a provider stack that reads another environment's shared
// stack: its APIs would admit the endpoint of that environment.
func (e Environment) checkShared(c *Provider, m *mistakes) {
	named := stackPattern.MatchString(c.Shared.Stack)
	parts := []string{"organization", "portico"}
	if named {
		parts = strings.Split(c.Shared.Stack, "/")
	}
	project, err := e.Shared.Name()
	if err != nil || project == "" {
		project = parts[1]
	}
	want := strings.Join([]string{parts[0], project, e.Shared.Stack}, "/")
	if !named {
		m.refix("shared.stack", "write organization/project/stack, here "+want) // that it is no full name is reported
		return
	}
	m.check(c.Shared.Stack == want, "shared.stack",
		fmt.Sprintf("%s is not the shared stack of this environment, so that the APIs would admit another one's endpoint", c.Shared.Stack), "write "+want)
}

// checkAlike reports what has to be the same in the shared stack and a provider
// stack.
func (e Environment) checkAlike(shared *Shared, source Source, c *Provider, m *mistakes) {
	if aws.IsRegion(shared.AWS.Region) && aws.IsRegion(c.AWS.Region) {
		m.check(shared.AWS.Region == c.AWS.Region, "aws.region",
			fmt.Sprintf("%s is not the region of stack %s, whose endpoint reaches APIs of its own region only", c.AWS.Region, e.Shared.Stack),
			"write "+shared.AWS.Region)
	}
	if !known(shared.Mapping) || !known(c.Mapping) {
		return
	}
	theirs := e.Shared.Project
	if theirs.exists(shared.Mapping) != nil {
		return // the shared stack reports it
	}
	switch err := source.Project.exists(c.Mapping); {
	case isAbsent(err):
		m.check(false, "mapping", "there is no "+source.Project.shown(c.Mapping), "name the mapping of stack "+e.Shared.Stack+", "+theirs.shown(shared.Mapping))
	case err == nil:
		m.check(sameMapping(source.Project, c.Mapping, theirs, shared.Mapping), "mapping",
			fmt.Sprintf("%s is another mapping than that of stack %s, %s", c.Mapping, e.Shared.Stack, theirs.shown(shared.Mapping)),
			"name the same file")
	}
}

// checkListed reports stacks of other environments in portico:providers.
func (e Environment) checkListed(c *Shared, m *mistakes) {
	if len(e.Providers) == 0 {
		return
	}
	project, err := e.Providers[0].Name()
	stacks, stacksErr := e.Providers[0].Stacks()
	if err != nil || stacksErr != nil {
		return
	}
	for i, full := range c.Providers {
		parts := strings.Split(full, "/")
		stack := parts[len(parts)-1]
		if len(parts) != 3 || parts[1] != project || !slices.Contains(stacks, stack) {
			continue // one of another project, or none at all: its outputs can't be read then
		}
		own := slices.ContainsFunc(e.Providers, func(s Source) bool { return s.Stack == stack })
		m.check(own, fmt.Sprintf("providers[%d]", i), full+" is a stack of another environment", "name the provider stacks of "+e.Shared.Stack+": "+e.providerNames())
	}
}

func (e Environment) providerNames() string {
	names := make([]string, len(e.Providers))
	for i, source := range e.Providers {
		names[i] = source.Stack
	}
	return strings.Join(names, ", ")
}

// checkNames reports a stack whose resources would have the names of those of
// another stack of the project, in the same account and region.
func (e Environment) checkNames(c *Shared, m *mistakes) {
	stacks, err := e.Shared.Stacks()
	if err != nil || !known(c.AWS.AccountID) || !known(c.AWS.Region) {
		return
	}
	for _, name := range stacks {
		if name == e.Shared.Stack {
			continue
		}
		other, _, _ := Source{Project: e.Shared.Project, Stack: name, Now: e.Shared.Now}.readShared()
		if other == nil || other.App.Prefix() != c.App.Prefix() || other.AWS.AccountID != c.AWS.AccountID || other.AWS.Region != c.AWS.Region {
			continue
		}
		m.add("app.environment", fmt.Sprintf("the resources would have the names of those of stack %s, %s-..., in the same account and region", name, c.App.Prefix()),
			"write a name of this environment's own, such as "+e.Shared.Stack)
	}
}

// checkStatements reports a provider stack whose statements in the APIs' policies would
// have the names of those of another environment's stack in the same account: each
// update would replace the other's, whose requests get 403 from then on.
func (e Environment) checkStatements(source Source, c *Provider, m *mistakes) {
	if c.App.Environment == c.Shared.Stack[strings.LastIndexByte(c.Shared.Stack, '/')+1:] {
		return // the default; checkShared reports another environment's
	}
	stacks, err := source.Stacks()
	if err != nil || !known(c.AWS.AccountID) || !known(c.AWS.Region) {
		return
	}
	for _, name := range stacks {
		if slices.ContainsFunc(e.Providers, func(s Source) bool { return s.Stack == name }) {
			continue
		}
		other, _, _ := Source{Project: source.Project, Stack: name, Now: source.Now}.readProvider()
		if other == nil || other.App != c.App || other.AWS.AccountID != c.AWS.AccountID || other.AWS.Region != c.AWS.Region {
			continue
		}
		m.add("app.environment", fmt.Sprintf("the statements in the APIs' policies would have the names of those of stack %s, %s-..., and take their place, in the same account and region", name, c.App.App().Prefix()),
			"write a name of this environment's own, such as "+e.Shared.Stack)
	}
}

// known reports whether a setting has a value, and one that the files show.
func known(value string) bool { return value != "" && value != Unknown }

// ProviderProject is the directory of the provider accounts' Pulumi project, below
// the shared account's.
const ProviderProject = "accounts/provider"

// ProviderStacks lists the provider accounts' stacks that belong to an
// environment: their names begin with its name and a hyphen, and with no longer
// environment's. With the environments "dev" and "dev-eu", "dev-eu-orders" is
// the latter's.
func ProviderStacks(environment string, environments, stacks []string) []string {
	var own []string
	for _, stack := range stacks {
		longer := func(other string) bool {
			return len(other) > len(environment) && strings.HasPrefix(stack, other+"-")
		}
		if strings.HasPrefix(stack, environment+"-") && !slices.ContainsFunc(environments, longer) {
			own = append(own, stack)
		}
	}
	return own
}
