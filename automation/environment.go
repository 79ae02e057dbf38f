package automation

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"gopkg.in/yaml.v3"
)

// ProviderProject is the directory of the provider accounts' Pulumi project,
// below the shared account's.
const ProviderProject = "accounts/provider"

// DefaultParallel is how many provider accounts' stacks run side by side: each
// has an engine process of its own, of 100 to 200 MB.
const DefaultParallel = 4

// DefaultSettle is how long Up waits after it has moved names: the 60 seconds
// for which Route 53's aliases to load balancers and endpoints may be held, and
// half as much for what is slower than that.
const DefaultSettle = 90 * time.Second

// DefaultProvision is how long Up waits between associating a private custom
// domain and moving a name to it: the 15 minutes that AWS says an association may
// take to be ready, and a third as much. The API that creates it doesn't wait.
const DefaultProvision = 20 * time.Minute

// Environment is the stacks that make up one environment, such as "dev".
type Environment struct {
	// Name is the shared stack's name and the first part of the provider
	// stacks' names.
	Name string
	// Shared is the stack of the shared-services account.
	Shared Stack
	// Providers are the stacks of the provider accounts, by name. They read
	// the shared stack's outputs and not one another's.
	Providers []Stack
	// Parallel bounds how many provider stacks run side by side; 0 stands for
	// DefaultParallel.
	Parallel int
	// Settle is how long Up waits between moving a host's name to another front
	// door and taking the earlier way down, so that clients don't hold the old
	// answer any more; and before it moves a name that clients use, so that what
	// the APIs' account has just deployed is in effect. Discover sets
	// DefaultSettle; 0 is no wait.
	Settle time.Duration
	// Provision is how long Up waits between associating a private custom domain
	// with its endpoint and moving a name there that clients use. Discover sets
	// DefaultProvision; 0 is no wait.
	Provision time.Duration
	// Sleep waits for these times, or returns the context's error; nil waits in
	// real time. Simulated accounts have a time of their own.
	Sleep func(context.Context, time.Duration) error
	// Command runs the Pulumi CLI; nil stands for what FindCommand finds.
	Command auto.PulumiCommand
	// Env is added to the environment of every run of the Pulumi CLI, for
	// instance PULUMI_BACKEND_URL.
	Env map[string]string
	// Progress is told what happens as it happens; nil for nobody. It is
	// called from one goroutine at a time.
	Progress func(Event)
}

// Stack is a Pulumi stack and the program that describes its resources.
type Stack struct {
	// Name is the stack's name: "dev", "dev-orders".
	Name string
	// Dir is the directory with the project's Pulumi.yaml and the stack's
	// Pulumi.<name>.yaml.
	Dir string
	// Account is the 12-digit AWS account number, for reports; empty where the
	// stack's settings have none.
	Account string
	// Program describes the stack's resources; it runs in this process.
	Program pulumi.RunFunc
	// Tagged makes a program that changes nothing and tells the ARN and tags of
	// whatever carries the stack's tags in its account, so that what an
	// interrupted run created is found again; nil where there is none.
	Tagged func(tell func(arn string, tags map[string]string)) pulumi.RunFunc
}

// Programs makes the program of a role, given the project directory against
// which the relative paths of the stack's config are resolved.
type Programs struct {
	Shared, Provider func(dir string) pulumi.RunFunc
	// SharedTagged and ProviderTagged are the stacks' Tagged; nil where there is
	// none.
	SharedTagged, ProviderTagged func(dir string, tell func(arn string, tags map[string]string)) pulumi.RunFunc
}

// Discover finds the stacks of an environment: the shared stack by
// root/Pulumi.<name>.yaml, the provider accounts' stacks by
// root/accounts/provider/Pulumi.<name>-<account>.yaml. It is an error if the
// shared stack has no settings file; an environment may have no provider
// stacks yet.
func Discover(root, name string, programs Programs) (*Environment, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("find the project directory: %w", err)
	}
	shared, err := stackIn(root, name, programs.Shared, programs.SharedTagged)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("find environment %q: %s has no Pulumi.%s.yaml: %s",
			name, root, name, knownEnvironments(root))
	}
	if err != nil {
		return nil, err
	}
	env := &Environment{Name: name, Shared: shared, Settle: DefaultSettle, Provision: DefaultProvision}

	dir := filepath.Join(root, filepath.FromSlash(ProviderProject))
	names, err := stackNames(dir)
	if err != nil {
		return nil, err
	}
	environments, err := stackNames(root)
	if err != nil {
		return nil, err
	}
	for _, n := range ProviderStacks(name, environments, names) {
		s, err := stackIn(dir, n, programs.Provider, programs.ProviderTagged)
		if err != nil {
			return nil, err
		}
		env.Providers = append(env.Providers, s)
	}
	return env, nil
}

// ProviderStacks are those of the provider accounts' stacks that belong to an
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

func knownEnvironments(root string) string {
	names, err := stackNames(root)
	if err != nil || len(names) == 0 {
		return "no environment is described there; name the project's directory, or create the file"
	}
	return "the environments described there are " + strings.Join(names, ", ")
}

// stackNames are the names of the stacks that have a settings file in dir,
// sorted.
func stackNames(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(escapeGlob(dir), "Pulumi.*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("list the stacks of %s: %w", dir, err)
	}
	var names []string
	for _, f := range files {
		base := filepath.Base(f)
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(base, "Pulumi."), ".yaml"))
	}
	slices.Sort(names)
	return names, nil
}

var globMeta = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`)

// escapeGlob makes a directory's name match itself only.
func escapeGlob(dir string) string { return globMeta.Replace(dir) }

func stackIn(dir, name string, program func(string) pulumi.RunFunc,
	tagged func(string, func(string, map[string]string)) pulumi.RunFunc,
) (Stack, error) {
	account, err := accountOf(filepath.Join(dir, "Pulumi."+name+".yaml"))
	if err != nil {
		return Stack{}, err
	}
	s := Stack{Name: name, Dir: dir, Account: account, Program: program(dir)}
	if tagged != nil {
		s.Tagged = func(tell func(string, map[string]string)) pulumi.RunFunc { return tagged(dir, tell) }
	}
	return s, nil
}

// accountOf reads the account number out of a stack's settings, for reports
// only: whether it is a valid one is for the stack's program to say.
func accountOf(file string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the stack's settings: %w", err)
	}
	var settings struct {
		Config map[string]any `yaml:"config"`
	}
	if err := yaml.Unmarshal(data, &settings); err != nil {
		return "", fmt.Errorf("read the stack's settings: %s: %w", file, err)
	}
	aws, _ := settings.Config["portico:aws"].(map[string]any)
	account, _ := aws["accountId"].(string)
	return account, nil
}
