package rehearsal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/rehearsal/faults"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/mapping"
)

// DefaultEnvironment is the environment's name where nothing else is said.
const DefaultEnvironment = "dev"

// maxProbedRows bounds the rows of a large mapping that are probed.
const maxProbedRows = 100

// stopGrace bounds how long the data path may take to end.
const stopGrace = 10 * time.Second

// Options say what to rehearse.
type Options struct {
	// Mapping is the mapping file's path.
	Mapping string
	// StateDir keeps the simulated accounts and the Pulumi state, so that a
	// further rehearsal goes on where this one ended; empty: nothing is kept.
	StateDir string
	// KeepProject uses the project that StateDir holds as it is, with its settings.
	// Default: false, it is written anew by each rehearsal.
	KeepProject bool
	// Setup is the path of a JSON file that describes what exists before the
	// first deployment, an awssim.Setup; empty: what the mapping needs.
	Setup string
	// Environment is the shared stack's name; empty: DefaultEnvironment.
	Environment string
	// SharedAccount is the number of the shared-services account; empty:
	// 111111111111.
	SharedAccount mapping.AccountID
	// Config replaces settings of the shared stack, by key
	// ("portico:loadBalancer").
	Config map[string]any
	// ProviderConfig replaces settings of the provider accounts' stacks, by
	// account and key.
	ProviderConfig map[mapping.AccountID]map[string]any
	// Programs are the two roles' programs.
	Programs automation.Programs
	// Command runs the Pulumi CLI; nil: what automation finds.
	Command auto.PulumiCommand
	// Progress receives what happens, line by line; nil: nothing is written.
	Progress io.Writer
	// Events receives what happens to the stacks; nil: Progress receives it too.
	Events func(automation.Event)
	// Serve, if there is one, is called once with the report and with curl
	// command lines that reach the data path from this machine; then the path
	// stays up until the context ends.
	Serve func(*Report, []string) error
	// Edited, if there is one, is called for each edit of the mapping that is made
	// while Serve's path stays up: with the report on its deployment, or with the
	// error that left the former mapping in place, mapping.Errors for mistakes in the
	// mapping. Nil: edits are not looked for.
	Edited func(*Report, error) error
	// Pace is how much of AWS's waits an edit's deployment waits, above 0: with 1 as
	// long as on AWS. 0: DefaultPace.
	Pace float64

	// Doctor has the doctor look at what was brought up, and adds what it finds to the
	// report. Default: false.
	Doctor bool
	// Fault is the name of a fault that breaks one thing before the probes; empty:
	// none. See package faults.
	Fault string

	// afterUp changes the simulated accounts before they are made live, for
	// tests of what the probes notice.
	afterUp func(*awssim.Simulator) error
}

// Run rehearses a mapping. Its error says why there could be no rehearsal; that
// a stack or a probe failed is said by the report.
func Run(ctx context.Context, o Options) (report *Report, err error) {
	r, release, err := open(o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, release()) }()
	return r.run(ctx)
}

// open opens the simulated accounts of a rehearsal, and says how to let go of
// them.
func open(o Options) (r *rehearsal, release func() error, err error) {
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	if o.Events == nil {
		o.Events = automation.Lines(o.Progress)
	}
	o.Environment = cmp.Or(o.Environment, DefaultEnvironment)
	o.Pace = cmp.Or(o.Pace, DefaultPace)
	files := fingerprint(o.Mapping)
	m, err := mapping.Load(o.Mapping)
	if err != nil {
		return nil, nil, err
	}
	dir, remove, err := workDir(o.StateDir)
	if err != nil {
		return nil, nil, err
	}
	initial := initialState{mapping: m, shared: cmp.Or(o.SharedAccount, sharedAccount), region: regionOf(m)}
	accounts, err := openAccounts(initial, o.Setup, dir)
	if err != nil {
		return nil, nil, errors.Join(err, remove())
	}
	release = func() error { return errors.Join(accounts.Close(), remove()) }
	return &rehearsal{Options: o, initial: initial, dir: dir, simulator: accounts, files: files}, release, nil
}

// workDir is the directory in which a rehearsal works, and what to do with it
// afterwards.
func workDir(stateDir string) (dir string, release func() error, err error) {
	release = func() error { return nil }
	if stateDir == "" {
		if dir, err = os.MkdirTemp("", "portico-rehearsal-"); err != nil {
			return "", nil, fmt.Errorf("make a directory for the rehearsal: %w", err)
		}
		release = func() error { return os.RemoveAll(dir) }
	} else if dir, err = filepath.Abs(stateDir); err != nil {
		return "", nil, fmt.Errorf("find the state directory: %w", err)
	}
	for _, part := range []string{backendDir(dir), accountsDir(dir)} {
		if err := os.MkdirAll(part, 0o755); err != nil {
			return "", nil, errors.Join(fmt.Errorf("make the state directory: %w", err), release())
		}
	}
	return dir, release, nil
}

func backendDir(dir string) string  { return filepath.Join(dir, "pulumi") }
func accountsDir(dir string) string { return filepath.Join(dir, "accounts") }

// regionOf is the region of a mapping's first API; the program refuses rows of
// another.
func regionOf(m *mapping.Mapping) string {
	if len(m.Rows) == 0 {
		return "us-east-1"
	}
	return m.Rows[0].API.Region
}

// openAccounts opens the simulated accounts that a directory keeps, with what
// existed before the first deployment.
func openAccounts(initial initialState, setupFile, dir string) (*awssim.Simulator, error) {
	w, err := initial.setupOr(setupFile)
	if err != nil {
		return nil, err
	}
	simulator, err := awssim.Open(accountsDir(dir), w)
	if err != nil {
		return nil, fmt.Errorf("open the simulated accounts: %w", err)
	}
	return simulator, nil
}

// rehearsal is one run.
type rehearsal struct {
	Options
	initial   initialState
	dir       string
	simulator *awssim.Simulator
	// files is the fingerprint of the mapping's files when they were read first.
	files []byte
	// injected is the fault that was injected into a copy of the whole accounts; nil: none
	// was.
	injected *faults.Injected
	whole    *awssim.Simulator
}

func (r *rehearsal) run(ctx context.Context) (*Report, error) {
	before := r.policies()
	deployed, err := r.deploy(ctx)
	if err != nil {
		return nil, err
	}
	report, rows := r.reportOn(deployed)
	if report.Deployed, err = r.whatWasDeployed(before); err != nil {
		return nil, err
	}
	if !report.deployed() {
		return report, nil
	}
	if r.afterUp != nil {
		if err := r.afterUp(r.simulator); err != nil {
			return nil, err
		}
	}
	if err := r.diagnose(ctx, deployed, report, rows); err != nil {
		return nil, err
	}
	if r.injected != nil {
		if report.Alarms, err = r.meet(ctx, rows); err != nil {
			return nil, err
		}
	}
	err = r.probe(ctx, report, rows)
	if err != nil && r.Fault != "" && ctx.Err() == nil {
		// Some faults leave nothing that could be made live.
		report.Probes = append(report.Probes, Probe{Name: "data path", Want: "made live", Got: "not made live", Detail: err.Error()})
		report.setOK()
		err = nil
	}
	return report, err
}

// reportOn begins the report on a deployment, and says which rows to probe.
func (r *rehearsal) reportOn(deployed *automation.Report) (*Report, []mapping.Row) {
	all := r.initial.mapping.Rows
	rows := sample(all, maxProbedRows)
	return &Report{Stacks: stacksOf(deployed), Probes: []Probe{}, Rows: len(all), ProbedRows: len(rows)}, rows
}

// deploy brings every stack up. The report describes a stack's failure.
func (r *rehearsal) deploy(ctx context.Context) (*automation.Report, error) {
	environment, stop, err := r.serve(ctx)
	if err != nil {
		return nil, err
	}
	deployed, err := r.up(ctx, environment)
	return deployed, errors.Join(err, stop())
}

// up brings an environment's stacks up. The report describes a stack's failure.
func (r *rehearsal) up(ctx context.Context, environment *automation.Environment) (*automation.Report, error) {
	deployed, err := environment.Up(ctx)
	if failure := new(automation.OperationError); errors.As(err, &failure) {
		fmt.Fprintln(r.Progress, failure)
		return failure.Report, nil
	}
	return deployed, err
}

// serve offers the simulated accounts to engines, and describes the stacks that
// run there.
func (r *rehearsal) serve(ctx context.Context) (environment *automation.Environment, stop func() error, err error) {
	server, err := r.simulator.Serve(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("serve the simulated accounts: %w", err)
	}
	environment, err = r.environment(server.DebugProviders())
	if err != nil {
		return nil, nil, errors.Join(err, server.Close())
	}
	return environment, server.Close, nil
}

// environment lays the projects out and describes their stacks.
func (r *rehearsal) environment(debugProviders string) (*automation.Environment, error) {
	p := project{dir: filepath.Join(r.dir, "project"), environment: r.Environment}
	if !r.KeepProject {
		if err := p.writeWithMapping(r.initial, r.Mapping, r.config(), r.ProviderConfig); err != nil {
			return nil, err
		}
	}
	environment, err := automation.Discover(p.dir, r.Environment, r.Programs)
	if err != nil {
		return nil, err
	}
	r.simulator.BuildIn(p.dir)
	environment.Command = r.Command
	// What is in the way fails the update, which costs nothing here.
	environment.PreviewFirst = false
	// Waiting advances the simulated accounts' clock; it takes no real time.
	environment.Sleep = func(_ context.Context, d time.Duration) error { return r.simulator.Pass(d) }
	environment.Now = r.simulator.Now
	environment.Progress = r.Events
	environment.Shared.StoppedTasks = func(_ context.Context, serviceARN string) ([]string, error) {
		return r.simulator.StoppedTasks(serviceARN), nil
	}
	environment.Shared.ProfileEntries = func(_ context.Context, profileID string) (map[string]string, error) {
		return r.simulator.ProfileEntries(profileID), nil
	}
	for i := range environment.Providers {
		stack := &environment.Providers[i]
		stack.SavedPolicies = r.savedPolicies(*stack)
	}
	environment.Env = engineEnv(r.dir, debugProviders, r.initial.region)
	return environment, nil
}

// savedPolicies reads resource policies in the simulated accounts, by the role that a
// provider stack's settings name.
func (r *rehearsal) savedPolicies(stack automation.Stack) func(context.Context, []string) (map[string]string, error) {
	return func(_ context.Context, apis []string) (map[string]string, error) {
		config, err := settings.Source{Project: settings.Project{Files: settings.Dir(stack.Dir)}, Stack: stack.Name}.Provider()
		if err != nil {
			return nil, err
		}
		account, _ := config.AccountIn(r.initial.mapping)
		role, err := config.RoleOf(account, stack.Name)
		if err != nil {
			return nil, err
		}
		caller := awssim.Object{"region": config.AWS.Region}
		if role != "" {
			caller["assumeRole"] = awssim.Object{"roleArn": role, "sessionName": "portico", "externalId": config.AWS.ExternalID, "duration": config.AWS.SessionDuration}
		}
		return r.simulator.SavedPolicies(caller, apis)
	}
}

// engineEnv is the environment in which the Pulumi CLI works on simulated
// accounts.
func engineEnv(dir, debugProviders, region string) map[string]string {
	return map[string]string{
		"PULUMI_DEBUG_PROVIDERS": debugProviders,
		"PULUMI_BACKEND_URL":     "file://" + backendDir(dir),
		// There is nothing to keep secret.
		"PULUMI_CONFIG_PASSPHRASE": "",
		"PULUMI_SKIP_UPDATE_CHECK": "true",
		"AWS_REGION":               region,
	}
}

// deployed reports whether every stack is.
func (r *Report) deployed() bool {
	for _, stack := range r.Stacks {
		if stack.Error != "" {
			return false
		}
	}
	return true
}

// probe makes the simulated accounts live, asks them, and serves them if asked
// to.
func (r *rehearsal) probe(ctx context.Context, report *Report, rows []mapping.Row) (err error) {
	begin := time.Now()
	begun, err := r.goLive(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, begun.close(ctx)) }()
	path := begun.path
	p := newProber(path, begun.environment, begun.clients, r.initial.mapping)
	if len(rows) < report.Rows {
		fmt.Fprintf(r.Progress, "probing %d of %d rows\n", len(rows), report.Rows)
	}
	report.Probes = ask(ctx, p.checks(rows))
	report.setOK()
	fmt.Fprintf(r.Progress, "%d probes done (%.1f s)\n", len(report.Probes), time.Since(begin).Seconds())
	if log := path.TaskLog(); !report.OK && log != "" {
		fmt.Fprintf(r.Progress, "the proxy's last words:\n%s", log)
	}
	if r.Serve == nil {
		return nil
	}
	if err := r.Serve(report, p.commands()); err != nil {
		return err
	}
	if r.Edited != nil {
		return r.watch(ctx, path)
	}
	<-ctx.Done()
	return nil
}
