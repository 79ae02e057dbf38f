package rehearsal

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
	"gopkg.in/yaml.v3"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/settings"
)

// inProcess runs the programs of an environment in this process against simulated
// accounts: the stack's registrations go to the simulated provider at once. It is
// what the questions to IAM need of an engine, in a hundredth of its time: it
// creates, updates, replaces and deletes, and knows no previews, parallelism,
// dependencies, retries or protection.
type inProcess struct {
	simulator *awssim.Simulator
	dir       string
	// environment is the shared stack's name.
	environment string
	stacks      map[string]*inProcessStack // by full name
	created     int
	// changed is called after each change of a resource; nil: nothing is.
	changed func()
}

func newInProcess(simulator *awssim.Simulator, dir, environment string) *inProcess {
	return &inProcess{simulator: simulator, dir: dir, environment: environment, stacks: map[string]*inProcessStack{}}
}

// settle runs the programs of an environment in turn until no host waits for a step
// at its front doors, and no row for its account, and waits in between. It counts what the runs changed.
func (p *inProcess) settle(t *testing.T, e *automation.Environment, sleep func(time.Duration) error) []Stack {
	t.Helper()
	stacks := append([]automation.Stack{e.Shared}, e.Providers...)
	results := make([]Stack, len(stacks))
	for _, stack := range p.stacks {
		stack.changes = automation.Changes{}
	}
	const mostRuns = 6
	for range mostRuns {
		var shared map[string]any
		for i, s := range stacks {
			project := providerProject
			if i == 0 {
				project = sharedProject
			}
			p.bring(t, project, s.Name, s.Dir, s.Program)
			stack := p.stacks["organization/"+project+"/"+s.Name]
			results[i] = Stack{Name: s.Name, Account: s.Account, Resources: len(stack.held), Changes: stack.changes}
			if i == 0 {
				shared = stack.outputs.Mappable()
			}
		}
		states, err := outputs.DecodeStates(shared)
		require.NoError(t, err)
		waiting := len(migration.Unsettled(states.Served)) > 0
		for _, host := range states.FrontDoors {
			waiting = waiting || !host.Settled()
		}
		if !waiting {
			return results
		}
		require.NoError(t, sleep(automation.DefaultProvision))
	}
	t.Fatalf("hosts still wait for a step after %d runs", mostRuns)
	return nil
}

// did counts a change of a resource, and calls changed.
func (m *inProcessMonitor) did(count func(*automation.Changes)) {
	m.mu.Lock()
	count(&m.stack.changes)
	m.mu.Unlock()
	if m.changed != nil {
		m.changed()
	}
}

// bring brings one stack up: what its program doesn't register any more is deleted.
func (p *inProcess) bring(t *testing.T, project, stack, dir string, program pulumi.RunFunc) {
	t.Helper()
	p.run(t, project, stack, dir, program).deleteUnseen(t)
}

type inProcessStack struct {
	name    string
	outputs resource.PropertyMap
	changes automation.Changes
	held    map[string]*heldResource // by URN
}

type heldResource struct {
	session  engine.Session
	resource awssim.Resource
	inputs   engine.Object
	retain   bool
	seen     bool
	number   int // in the order of creation
	// dependencies are the URNs of what the program made it depend on.
	dependencies []string
}

// bringUp brings an environment up: the shared stack and the provider accounts'
// stacks in turn, as often as hosts that change their front door need, with time
// for custom domains in between.
func (p *inProcess) bringUp(t *testing.T) (providers []string, dir string) {
	t.Helper()
	dir = filepath.Join(p.dir, "accounts", "provider")
	providers, err := settings.Project{Files: settings.Dir(dir)}.Stacks()
	require.NoError(t, err)
	for range 3 {
		p.bring(t, sharedProject, p.environment, p.dir, accounts.SharedIn(p.dir))
		for _, stack := range providers {
			p.bring(t, providerProject, stack, dir, accounts.ProviderIn(dir))
		}
		require.NoError(t, p.simulator.Pass(20*time.Minute))
	}
	return providers, dir
}

// deploy brings an environment up, and looks for what an interrupted update would
// have left.
func (p *inProcess) deploy(t *testing.T) {
	t.Helper()
	providers, dir := p.bringUp(t)
	// An interrupted update is looked for by tags.
	ignore := func(string, map[string]string) {}
	p.run(t, sharedProject, p.environment, p.dir, accounts.TaggedIn(p.dir, ignore))
	for _, stack := range providers {
		p.run(t, providerProject, stack, dir, accounts.ProviderTaggedIn(dir, ignore))
	}
}

// run runs one of a stack's programs, which has to succeed.
func (p *inProcess) run(t *testing.T, project, stack, dir string, program pulumi.RunFunc) *inProcessMonitor {
	t.Helper()
	m, err := p.try(t, project, stack, dir, program)
	require.NoError(t, err, "%s: %s", m.stack.name, strings.Join(m.said, "\n"))
	return m
}

func (p *inProcess) try(t *testing.T, project, stack, dir string, program pulumi.RunFunc) (*inProcessMonitor, error) {
	t.Helper()
	full := "organization/" + project + "/" + stack
	if p.stacks[full] == nil {
		p.stacks[full] = &inProcessStack{name: full, held: map[string]*heldResource{}}
	}
	m := &inProcessMonitor{inProcess: p, stack: p.stacks[full], project: project, name: stack, sessions: map[string]engine.Session{}}
	for _, held := range m.stack.held {
		held.seen = false
	}
	before := m.stack.outputs
	server := grpc.NewServer()
	pulumirpc.RegisterResourceMonitorServer(server, m)
	pulumirpc.RegisterEngineServer(server, &inProcessEngine{monitor: m})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = server.Serve(listener) }() // it ends with Stop
	defer server.Stop()
	address := listener.Addr().String()
	err = pulumi.RunErr(program, func(info *pulumi.RunInfo) {
		info.Project, info.Stack, info.Organization = project, stack, "organization"
		info.MonitorAddr, info.EngineAddr = address, address
		info.Config = configOf(t, filepath.Join(dir, "Pulumi."+stack+".yaml"))
		info.Parallel = 8
	})
	if err != nil && before != nil {
		// As the engine does: what a failed run doesn't say is what the last one said.
		kept := before.Copy()
		maps.Copy(kept, m.stack.outputs)
		m.stack.outputs = kept
	}
	return m, err
}

// configOf is a settings file as the engine gives it to programs.
func configOf(t *testing.T, path string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var file stackFile
	require.NoError(t, yaml.Unmarshal(data, &file))
	config := map[string]string{}
	for key, value := range file.Config {
		if text, ok := value.(string); ok {
			config[key] = text
			continue
		}
		text, err := json.Marshal(value)
		require.NoError(t, err)
		config[key] = string(text)
	}
	return config
}

// inProcessMonitor takes one stack's registrations.
type inProcessMonitor struct {
	pulumirpc.UnimplementedResourceMonitorServer
	*inProcess
	stack         *inProcessStack
	project, name string

	mu       sync.Mutex
	sessions map[string]engine.Session // by the provider's URN
	said     []string
}

type inProcessEngine struct {
	pulumirpc.UnimplementedEngineServer
	monitor *inProcessMonitor
}

func (e *inProcessEngine) Log(_ context.Context, request *pulumirpc.LogRequest) (*emptypb.Empty, error) {
	e.monitor.mu.Lock()
	defer e.monitor.mu.Unlock()
	e.monitor.said = append(e.monitor.said, request.Message)
	return &emptypb.Empty{}, nil
}

func (e *inProcessEngine) SetRootResource(context.Context, *pulumirpc.SetRootResourceRequest) (*pulumirpc.SetRootResourceResponse, error) {
	return &pulumirpc.SetRootResourceResponse{}, nil
}

func (m *inProcessMonitor) SupportsFeature(context.Context, *pulumirpc.SupportsFeatureRequest) (*pulumirpc.SupportsFeatureResponse, error) {
	return &pulumirpc.SupportsFeatureResponse{}, nil
}

func (m *inProcessMonitor) SignalAndWaitForShutdown(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (m *inProcessMonitor) RegisterResourceOutputs(_ context.Context, request *pulumirpc.RegisterResourceOutputsRequest) (*emptypb.Empty, error) {
	if urn.URN(request.Urn).Type() == "pulumi:pulumi:Stack" {
		outputs, err := plugin.UnmarshalProperties(request.Outputs, plugin.MarshalOptions{})
		if err != nil {
			return nil, err
		}
		m.stack.outputs = outputs
	}
	return &emptypb.Empty{}, nil
}

func (m *inProcessMonitor) RegisterResource(_ context.Context, request *pulumirpc.RegisterResourceRequest) (*pulumirpc.RegisterResourceResponse, error) {
	parent := urn.URN(request.Parent)
	var parentType tokens.Type
	if request.Parent != "" && parent.Type() != "pulumi:pulumi:Stack" {
		parentType = parent.QualifiedType()
	}
	made := urn.New(tokens.QName(m.name), tokens.PackageName(m.project), parentType, tokens.Type(request.Type), request.Name)
	response := &pulumirpc.RegisterResourceResponse{Urn: string(made), Object: request.Object}
	inputs, err := objectOf(request.Object)
	if err != nil || !request.Custom {
		return response, err
	}
	if strings.HasPrefix(request.Type, "pulumi:providers:") {
		response.Id = request.Name
		if request.Type != "pulumi:providers:aws" {
			return response, nil
		}
		session, err := m.simulator.Session(inputs)
		if err != nil {
			return nil, err
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		m.sessions[string(made)] = session
		return response, nil
	}
	r, err := m.register(string(made), request, inputs)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	if held := m.stack.held[string(made)]; held != nil {
		held.dependencies = request.Dependencies
	}
	m.mu.Unlock()
	response.Id = r.ID
	response.Object, err = structOf(r.Properties)
	return response, err
}

// register makes a resource what its inputs say.
func (m *inProcessMonitor) register(made string, request *pulumirpc.RegisterResourceRequest, inputs engine.Object) (*awssim.Resource, error) {
	session, err := m.session(request.Provider, request.Type)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	held := m.stack.held[made]
	m.mu.Unlock()
	create := func() (*awssim.Resource, error) {
		if request.ImportId != "" {
			return session.Read(&awssim.Resource{Type: request.Type, ID: request.ImportId})
		}
		return session.Create(request.Type, request.Name+"-0a1b2c3", inputs)
	}
	if held == nil {
		r, err := create()
		if err != nil {
			return nil, err
		}
		defer m.did(func(c *automation.Changes) { c.Create++ })
		m.keep(made, &heldResource{session: session, resource: *r, inputs: inputs, retain: request.GetRetainOnDelete(), seen: true})
		return r, nil
	}
	held.seen, held.session = true, session
	for _, name := range request.IgnoreChanges {
		inputs[name] = held.inputs[name]
	}
	spec := m.simulator.Catalog.Types[request.Type]
	diff := spec.Diff(held.resource.Properties, held.inputs, inputs)
	switch {
	case diff.Changes == pulumirpc.DiffResponse_DIFF_NONE:
		return &held.resource, nil
	case len(diff.Replaces) > 0:
		defer m.did(func(c *automation.Changes) { c.Replace++ })
		if spec.DeleteBeforeReplace || diff.DeleteBeforeReplace {
			if err := session.Delete(&held.resource); err != nil {
				return nil, err
			}
		}
		r, err := create()
		if err != nil {
			return nil, err
		}
		if !spec.DeleteBeforeReplace && !diff.DeleteBeforeReplace && r.ID != held.resource.ID {
			m.keep(made+"#replaced", &heldResource{session: session, resource: held.resource, inputs: held.inputs, retain: held.retain})
		}
		held.resource, held.inputs = *r, inputs
		return r, nil
	}
	r, err := session.UpdateTo(&held.resource, inputs)
	if err != nil {
		return nil, err
	}
	defer m.did(func(c *automation.Changes) { c.Update++ })
	held.resource, held.inputs = *r, inputs
	return r, nil
}

func (m *inProcessMonitor) keep(made string, held *heldResource) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.created++
	held.number = m.created
	m.stack.held[made] = held
}

// deleteUnseen deletes what the program did not register, dependents first, and of
// the rest what was created last.
func (m *inProcessMonitor) deleteUnseen(t *testing.T) {
	t.Helper()
	require.NoError(t, m.tryToDeleteUnseen())
}

func (m *inProcessMonitor) tryToDeleteUnseen() error {
	for {
		var failure error
		left, deleted := 0, 0
		last := func(a, b string) int { return m.stack.held[b].number - m.stack.held[a].number }
		for _, made := range slices.SortedFunc(maps.Keys(m.stack.held), last) {
			held := m.stack.held[made]
			if held.seen {
				continue
			}
			if m.neededByUnseen(made) {
				left++
				continue
			}
			if !held.retain {
				if err := held.session.Delete(&held.resource); err != nil {
					left, failure = left+1, err
					continue
				}
				m.did(func(c *automation.Changes) { c.Delete++ })
			}
			deleted++
			delete(m.stack.held, made)
		}
		if left == 0 {
			return nil
		}
		if deleted == 0 {
			return failure
		}
	}
}

// neededByUnseen reports whether a resource that is to be deleted depends on another,
// and so has to be deleted before it.
func (m *inProcessMonitor) neededByUnseen(made string) bool {
	for other, held := range m.stack.held {
		if other != made && !held.seen && slices.Contains(held.dependencies, made) {
			return true
		}
	}
	return false
}

// session is the caller of a provider reference, URN::ID.
func (m *inProcessMonitor) session(reference, token string) (engine.Session, error) {
	if strings.HasPrefix(token, "docker:") {
		session := m.simulator.As(m.simulator.Setup.Home.Account, "us-east-1", "")
		session.Owner = true
		return session, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	name := reference[:max(strings.LastIndex(reference, "::"), 0)]
	session, ok := m.sessions[name]
	if !ok {
		return session, fmt.Errorf("%s has no provider (%q)", token, reference)
	}
	return session, nil
}

func (m *inProcessMonitor) ReadResource(_ context.Context, request *pulumirpc.ReadResourceRequest) (*pulumirpc.ReadResourceResponse, error) {
	made := urn.New(tokens.QName(m.name), tokens.PackageName(m.project), "", tokens.Type(request.Type), request.Name)
	response := &pulumirpc.ReadResourceResponse{Urn: string(made)}
	if request.Type == "pulumi:pulumi:StackReference" {
		other := m.stacks[request.Id]
		if other == nil {
			return nil, fmt.Errorf("unknown stack %q", request.Id)
		}
		state, err := plugin.MarshalProperties(resource.PropertyMap{
			"name": resource.NewStringProperty(request.Id), "outputs": resource.NewObjectProperty(other.outputs), "secretOutputNames": resource.NewArrayProperty(nil),
		}, plugin.MarshalOptions{})
		response.Properties = state
		return response, err
	}
	session, err := m.session(request.Provider, request.Type)
	if err != nil {
		return nil, err
	}
	r, err := session.Read(&awssim.Resource{Type: request.Type, ID: request.Id})
	if err != nil || r == nil {
		return nil, fmt.Errorf("read %s %s: %w", request.Type, request.Id, err)
	}
	response.Properties, err = structOf(r.Properties)
	return response, err
}

func (m *inProcessMonitor) Invoke(_ context.Context, request *pulumirpc.ResourceInvokeRequest) (*pulumirpc.InvokeResponse, error) {
	args, err := objectOf(request.Args)
	if err != nil {
		return nil, err
	}
	if request.Tok == "pulumi:pulumi:readStackOutputs" {
		var outputs resource.PropertyMap
		if other := m.stacks[args.Text("name")]; other != nil {
			outputs = other.outputs
		} else {
			return nil, fmt.Errorf("unknown stack %q", args.Text("name"))
		}
		answer, err := plugin.MarshalProperties(resource.PropertyMap{
			"name": resource.NewStringProperty(args.Text("name")), "outputs": resource.NewObjectProperty(outputs),
		}, plugin.MarshalOptions{})
		return &pulumirpc.InvokeResponse{Return: answer}, err
	}
	session, err := m.session(request.Provider, request.Tok)
	if err != nil {
		return nil, err
	}
	result, err := session.Invoke(request.Tok, args)
	if err != nil {
		return nil, err
	}
	answer, err := structOf(result)
	return &pulumirpc.InvokeResponse{Return: answer}, err
}

func objectOf(s *structpb.Struct) (engine.Object, error) {
	properties, err := plugin.UnmarshalProperties(s, plugin.MarshalOptions{SkipNulls: true})
	if err != nil {
		return nil, err
	}
	return engine.CloneValue(properties.Mappable()).(map[string]any), nil
}

func structOf(o engine.Object) (*structpb.Struct, error) {
	return plugin.MarshalProperties(resource.NewPropertyMapFromMap(o), plugin.MarshalOptions{})
}
