package automation

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/internal/settings"
)

// ProviderProject is the directory of the provider accounts' Pulumi project,
// below the shared account's.
const ProviderProject = settings.ProviderProject

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
	// Parallel bounds how many provider stacks run side by side; 0 means
	// DefaultParallel.
	Parallel int
	// Settle is how long Up waits between moving a host's name to another front
	// door and removing the earlier one, so that clients don't hold the old
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
	// Now is the time; nil is the real one. It is that in which Sleep waits.
	Now func() time.Time
	// Command runs the Pulumi CLI; nil means what FindCommand finds.
	Command auto.PulumiCommand
	// Env is added to the environment of every run of the Pulumi CLI, for
	// instance PULUMI_BACKEND_URL.
	Env map[string]string
	// Progress is called with what happens as it happens, if it isn't nil. It is
	// called from one goroutine at a time.
	Progress func(Event)
	// PreviewFirst has Up preview the shared stack and ask the Questions of the
	// provider stacks before it runs any stack. What they find is one report, and
	// nothing is run. Discover sets it if Programs.ProviderQuestions is set.
	PreviewFirst bool
	// Check reports what is wrong with the stacks' settings, before Up and Preview
	// run any of them; nil: nothing is checked. Discover makes it of Programs.Check.
	Check func() error
	// Digests gives the digests of what updates of provider stacks are for, by the
	// stacks' names, from the shared stack's outputs and those that each stack had after
	// its last run. Up and Preview leave out a stack of which the digest is that of its
	// last run, if the policies of its APIs are those that the run has saved. Nil: every
	// stack is run. Discover makes it of Programs.ProviderDigests.
	Digests func(stacks []string, shared map[string]any, last map[string]map[string]any) map[string]string
	// AgainFlags are what the command that repeats a failed run of the shared stack has
	// beside --env, such as --refresh-image: without it the run would be another one.
	AgainFlags []string
	// All has Up and Preview run every stack, also where nothing has changed.
	All bool
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
	// Questions is a program that changes nothing, needs no other stack's outputs and
	// asks the stack's account what an update would meet: its error. Nil: nothing is
	// asked before the stack runs.
	Questions pulumi.RunFunc
	// Retired is Program as if all rows of the mapping were RETIRED. Destroy runs it
	// before it destroys the stack. Nil: the APIs' policies stay as they are.
	Retired pulumi.RunFunc
	// asked reports, of a stack whose program is its Questions, whether the program has
	// run to its end without an error.
	asked func() bool
	// Tagged makes a program that changes nothing and reports the ARN and tags of
	// whatever carries the stack's tags in its account, so that what an
	// interrupted run created is found again; nil where there is none.
	Tagged func(report func(arn string, tags map[string]string)) pulumi.RunFunc
	// StoppedTasks says why an ECS service of the stack doesn't run its tasks, a
	// sentence for each cause. An update that fails asks it about each of the
	// stack's services. Nil: the error has what the AWS provider says, which names
	// no cause.
	StoppedTasks func(ctx context.Context, serviceARN string) ([]string, error)
	// ProfileEntries gives the IDs of a Route 53 Profile's associations with
	// resources, by the resources' ARNs, so that one that an interrupted run created
	// is found again: they have no tags. Nil: it is not found.
	ProfileEntries func(ctx context.Context, profileID string) (map[string]string, error)
	// OthersAssociations gives the ARNs of the account's PRIVATE custom domains that
	// endpoints of other accounts are associated with, by the associations' ARNs. A
	// preview and a destroy that would delete such a domain ask it, since AWS refuses
	// the deletion. Nil: nothing is asked.
	OthersAssociations func(ctx context.Context) (map[string]string, error)
	// SavedPolicies reads the resource policies of REST APIs of the account, by the
	// APIs' IDs; one that doesn't exist is left out. Nil: they aren't read, and the stack
	// is run.
	SavedPolicies func(ctx context.Context, apis []string) (map[string]string, error)
	// rewritten are the policies that others have saved since the stack's last run, by
	// API.
	rewritten map[string]string
}

// Programs makes the program of a role, given the project directory against
// which the relative paths of the stack's config are resolved.
type Programs struct {
	// Shared and Provider make the programs of the shared stack and of a provider
	// stack, such as accounts.SharedIn and accounts.ProviderIn.
	Shared, Provider func(dir string) pulumi.RunFunc
	// Check reports what is wrong with the settings of an environment's stacks, such
	// as accounts.CheckSettings; nil: nothing is checked before the stacks run. It is
	// given the directories of the two projects and the names of the stacks.
	Check func(sharedDir, shared, providerDir string, providers []string) error
	// ProviderQuestions makes a provider stack's Questions, such as
	// accounts.ProviderQuestionsIn; nil where there are none.
	ProviderQuestions func(dir string) pulumi.RunFunc
	// ProviderRetired makes a provider stack's Retired, such as
	// accounts.ProviderRetiredIn; nil where there is none.
	ProviderRetired func(dir string) pulumi.RunFunc
	// SharedTagged and ProviderTagged are the stacks' Tagged; nil where there is
	// none.
	SharedTagged, ProviderTagged func(dir string, report func(arn string, tags map[string]string)) pulumi.RunFunc
	// StoppedTasks makes the shared stack's StoppedTasks, such as
	// accounts.StoppedTasksIn; nil where there is none.
	StoppedTasks func(dir string) func(ctx context.Context, stack, serviceARN string) ([]string, error)
	// ProfileEntries makes the shared stack's ProfileEntries, such as
	// accounts.ProfileEntriesIn; nil where there is none.
	ProfileEntries func(dir string) func(ctx context.Context, stack, profileID string) (map[string]string, error)
	// OthersAssociations makes the provider stacks' OthersAssociations, such as
	// accounts.OthersAssociationsIn; nil where there is none.
	OthersAssociations func(dir string) func(ctx context.Context, stack string) (map[string]string, error)
	// ProviderDigests makes Environment.Digests, such as accounts.ProviderDigestsIn; nil:
	// Up and Preview run every stack.
	ProviderDigests func(dir string) func(stacks []string, shared map[string]any, last map[string]map[string]any) map[string]string
	// SavedPolicies makes the provider stacks' SavedPolicies, such as
	// accounts.SavedPoliciesIn; nil where there is none.
	SavedPolicies func(dir string) func(ctx context.Context, stack string, apis []string) (map[string]string, error)
}

// Discover finds the stacks of an environment by their settings files: the
// shared stack by root/Pulumi.<name>.yaml, the provider accounts' stacks by
// root/accounts/provider/Pulumi.<name>-<account>.yaml. The files are in the
// directory of stackConfigDir if Pulumi.yaml has one, and end in .yml if it does.
// It is an error if the shared stack has no settings file; an environment may
// have no provider stacks yet.
func Discover(root, name string, programs Programs) (*Environment, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("find the project directory: %w", err)
	}
	shared := settings.Project{Files: settings.Dir(root), Shown: root}
	account, err := sharedAccount(settings.Source{Project: shared, Stack: name})
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("find environment %q: %s has no Pulumi.%s.yaml: %s",
			name, root, name, knownEnvironments(shared))
	}
	// Check reports all that can't be read at once.
	reportedLater := func(err error) bool { return programs.Check != nil && errors.As(err, new(settings.Errors)) }
	if err != nil && !reportedLater(err) {
		return nil, err
	}
	env := &Environment{Name: name, Settle: DefaultSettle, Provision: DefaultProvision, PreviewFirst: programs.ProviderQuestions != nil}
	env.Shared = stackIn(root, name, account, programs.Shared, programs.SharedTagged)
	if programs.StoppedTasks != nil {
		ask := programs.StoppedTasks(root)
		env.Shared.StoppedTasks = func(ctx context.Context, serviceARN string) ([]string, error) { return ask(ctx, name, serviceARN) }
	}
	if programs.ProfileEntries != nil {
		ask := programs.ProfileEntries(root)
		env.Shared.ProfileEntries = func(ctx context.Context, profileID string) (map[string]string, error) {
			return ask(ctx, name, profileID)
		}
	}

	environments, err := shared.Stacks()
	if err != nil {
		return nil, err
	}
	provider := shared
	provider.Dir = ProviderProject
	names, err := provider.Stacks()
	if err != nil {
		return nil, err
	}
	for _, n := range ProviderStacks(name, environments, names) {
		account, err := providerAccount(settings.Source{Project: provider, Stack: n})
		if err != nil && !reportedLater(err) {
			return nil, err
		}
		dir := filepath.Join(root, filepath.FromSlash(ProviderProject))
		stack := stackIn(dir, n, account, programs.Provider, programs.ProviderTagged)
		if programs.ProviderQuestions != nil {
			stack.Questions = programs.ProviderQuestions(dir)
		}
		if programs.ProviderRetired != nil {
			stack.Retired = programs.ProviderRetired(dir)
		}
		if programs.OthersAssociations != nil {
			ask := programs.OthersAssociations(dir)
			stack.OthersAssociations = func(ctx context.Context) (map[string]string, error) { return ask(ctx, n) }
		}
		if programs.SavedPolicies != nil {
			read := programs.SavedPolicies(dir)
			stack.SavedPolicies = func(ctx context.Context, apis []string) (map[string]string, error) { return read(ctx, n, apis) }
		}
		env.Providers = append(env.Providers, stack)
	}
	if programs.ProviderDigests != nil {
		env.Digests = programs.ProviderDigests(filepath.Join(root, filepath.FromSlash(ProviderProject)))
	}
	if programs.Check != nil {
		env.Check = func() error {
			dir, names := filepath.Join(root, filepath.FromSlash(ProviderProject)), make([]string, len(env.Providers))
			for i, s := range env.Providers {
				names[i] = s.Name
			}
			return programs.Check(root, name, dir, names)
		}
	}
	return env, nil
}

// ProviderStacks lists the provider accounts' stacks that belong to an
// environment: their names begin with its name and a hyphen, and with no longer
// environment's. With the environments "dev" and "dev-eu", "dev-eu-orders" is
// the latter's.
func ProviderStacks(environment string, environments, stacks []string) []string {
	return settings.ProviderStacks(environment, environments, stacks)
}

func knownEnvironments(project settings.Project) string {
	names, err := project.Stacks()
	if err != nil || len(names) == 0 {
		return "no environment is described there; name the project's directory, or create the file"
	}
	return "the environments described there are " + strings.Join(names, ", ")
}

func stackIn(dir, name, account string, program func(string) pulumi.RunFunc,
	tagged func(string, func(string, map[string]string)) pulumi.RunFunc,
) Stack {
	s := Stack{Name: name, Dir: dir, Account: account, Program: program(dir)}
	if tagged != nil {
		s.Tagged = func(report func(string, map[string]string)) pulumi.RunFunc { return tagged(dir, report) }
	}
	return s
}

// sharedAccount reads a shared stack's account number, for reports only:
// mistakes in the settings are for the stack's program to report.
func sharedAccount(source settings.Source) (string, error) {
	c, err := source.Shared()
	if c == nil {
		return "", err
	}
	return knownAccount(c.AWS), nil
}

// providerAccount is sharedAccount for a provider account's stack.
func providerAccount(source settings.Source) (string, error) {
	c, err := source.Provider()
	if c == nil {
		return "", err
	}
	return knownAccount(c.AWS), nil
}

func knownAccount(aws settings.AWS) string {
	if aws.AccountID == settings.Unknown {
		return ""
	}
	return aws.AccountID
}
