package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// provider speaks Pulumi's provider protocol for one package. One server
// serves many provider instances: the engine opens a connection for each, and
// what Configure said is kept with the connection (see connectionOf).
//
// Methods that are not here answer Unimplemented, which the engine takes as
// "not supported": Handshake, Parameterize, Construct, Call, List, GetMapping.
type provider struct {
	pulumirpc.UnimplementedResourceProviderServer
	simulator *Simulator
	pkg       string // "aws" or "docker"
	version   string
}

var _ pulumirpc.ResourceProviderServer = (*provider)(nil)

func (p *provider) Attach(context.Context, *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (p *provider) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (p *provider) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: p.version}, nil
}

// GetSchema answers with a package that has no resources: programs in Go carry
// their own schema, and nothing else asks.
func (p *provider) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	return &pulumirpc.GetSchemaResponse{Schema: fmt.Sprintf(`{"name":%q,"version":%q}`, p.pkg, p.version)}, nil
}

func (p *provider) CheckConfig(_ context.Context, request *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	if p.pkg == "aws" {
		raw, err := decode(request.News)
		if err != nil {
			return nil, err
		}
		if _, problems := providerConfig(raw); len(problems) > 0 {
			return &pulumirpc.CheckResponse{Failures: failures(problems)}, nil
		}
	}
	return &pulumirpc.CheckResponse{Inputs: request.News}, nil
}

func (p *provider) DiffConfig(_ context.Context, request *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	configs, err := decodeAll(request.OldInputs, request.News)
	if err != nil {
		return nil, err
	}
	if EqualValues(map[string]any(configs[0]), map[string]any(configs[1]), false) {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
	}
	return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_SOME}, nil
}

func (p *provider) Configure(ctx context.Context, request *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	raw, err := decode(request.Args)
	if err != nil {
		return nil, err
	}
	caller := &Session{Simulator: p.simulator, Owner: true}
	if p.pkg == "aws" {
		config, problems := providerConfig(raw)
		if len(problems) > 0 {
			return nil, joinProblems(problems)
		}
		if caller, err = p.simulator.authenticate(config); err != nil {
			return nil, err
		}
	}
	connectionOf(ctx).session.Store(caller)
	return &pulumirpc.ConfigureResponse{SupportsPreview: true}, nil
}

// sessionOf is the session that the connection's Configure began.
func sessionOf(ctx context.Context) (*Session, error) {
	if s := connectionOf(ctx).session.Load(); s != nil {
		return s, nil
	}
	return nil, status.Error(codes.FailedPrecondition, "this connection was never configured; each provider instance configures its own")
}

// operation finds the caller and the type of a request about a resource, and reads
// the properties that it has.
func (p *provider) operation(ctx context.Context, rawURN string, properties ...*structpb.Struct) (*Session, *Type, []Object, error) {
	s, err := sessionOf(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	token := string(urn.URN(rawURN).Type())
	spec, ok := p.simulator.Catalog.Types[token]
	if !ok || !strings.HasPrefix(token, p.pkg+":") {
		return nil, nil, nil, status.Errorf(codes.Unimplemented, "type %s is not simulated; simulated are %s",
			token, namesOf(p.simulator.Catalog.Types))
	}
	objects, err := decodeAll(properties...)
	return s, spec, objects, err
}

func (p *provider) Check(ctx context.Context, request *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	_, spec, objects, err := p.operation(ctx, request.Urn, request.Olds, request.News)
	if err != nil {
		return nil, err
	}
	olds, inputs := objects[0], p.simulator.withDefaults(spec, objects[1])
	nameProblem := spec.setName(inputs, olds, request)
	problems := spec.problems(inputs)
	if len(problems) == 0 && spec.Look != nil {
		problems = spec.Look(p.simulator, inputs)
	}
	if nameProblem != nil {
		problems = append(problems, *nameProblem)
	}
	response := &pulumirpc.CheckResponse{Failures: failures(problems)}
	response.Inputs, err = encode(inputs)
	return response, err
}

func (p *provider) Diff(ctx context.Context, request *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	_, spec, objects, err := p.operation(ctx, request.Urn, request.Olds, request.OldInputs, request.News)
	if err != nil {
		return nil, err
	}
	return ignoring(spec.Diff(objects[0], objects[1], objects[2]), request.IgnoreChanges), nil
}

// ignoring leaves a difference without the properties whose changes the program
// ignores, as Pulumi's bridge does with Terraform's, also where what was read
// differs from what the program has stated:
// https://github.com/pulumi/pulumi-terraform-bridge/blob/master/pkg/tfbridge/provider.go
func ignoring(diff *pulumirpc.DiffResponse, names []string) *pulumirpc.DiffResponse {
	ignored := func(name string) bool { return slices.Contains(names, name) }
	diff.Diffs, diff.Replaces = slices.DeleteFunc(diff.Diffs, ignored), slices.DeleteFunc(diff.Replaces, ignored)
	for _, name := range names {
		delete(diff.DetailedDiff, name)
	}
	if len(diff.Diffs) == 0 {
		diff.Changes = pulumirpc.DiffResponse_DIFF_NONE
	}
	diff.DeleteBeforeReplace = diff.DeleteBeforeReplace && len(diff.Replaces) > 0
	return diff
}

func decodeAll(properties ...*structpb.Struct) (objects []Object, err error) {
	for _, encoded := range properties {
		o, mistake := decode(encoded)
		objects, err = append(objects, o), errors.Join(err, mistake)
	}
	return objects, err
}

func (p *provider) Create(ctx context.Context, request *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	s, spec, objects, err := p.operation(ctx, request.Urn, request.Properties)
	if err != nil {
		return nil, err
	}
	inputs := objects[0]
	if request.Preview {
		properties, err := encode(spec.Foreseen(nil, inputs))
		return &pulumirpc.CreateResponse{Properties: properties}, err
	}
	op := s.op(spec, request.Urn)
	op.Timeout = seconds(request.Timeout)
	defer p.simulator.creating(op)()
	r, err := p.do(op, func() (*Resource, error) { return op.createFor(inputs) })
	id, properties, err := made(r, request.Properties, err)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CreateResponse{Id: id, Properties: properties}, nil
}

// seconds is a timeout as the protocol has it.
func seconds(timeout float64) time.Duration { return time.Duration(timeout * float64(time.Second)) }

// made is what an operation answers that has made or changed a resource. One that
// exists but did not come up it reports by the error that makes the engine keep the
// resource in its state.
func made(r *Resource, inputs *structpb.Struct, failure error) (id string, properties *structpb.Struct, err error) {
	if r == nil {
		return "", nil, failure
	}
	properties, err = encode(r.Properties)
	if err == nil && failure != nil {
		err = rpcerror.WithDetails(rpcerror.New(codes.Unknown, failure.Error()), &pulumirpc.ErrorResourceInitFailed{
			Id: r.ID, Properties: properties, Inputs: inputs, Reasons: []string{failure.Error()},
		})
	}
	return r.ID, properties, err
}

func (p *provider) Read(ctx context.Context, request *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	s, spec, objects, err := p.operation(ctx, request.Urn, request.Inputs)
	if err != nil {
		return nil, err
	}
	if spec.ReadsNothing {
		return &pulumirpc.ReadResponse{Id: request.Id, Properties: request.Properties, Inputs: request.Inputs}, nil
	}
	op := s.op(spec, request.Urn)
	r, err := p.do(op, func() (*Resource, error) { return op.readFor(request.Id) })
	if err != nil || r == nil {
		return &pulumirpc.ReadResponse{}, err
	}
	properties, err := encode(r.Properties)
	if err != nil {
		return nil, err
	}
	inputs, err := encode(spec.InputsOf(r.Properties, objects[0]))
	return &pulumirpc.ReadResponse{Id: r.ID, Properties: properties, Inputs: inputs}, err
}

// InputsOf is a program that would have brought the resource forth: of a
// resource that a program created, the properties that it stated, as they are
// now; of one that is imported, whatever could be stated.
func (t *Type) InputsOf(state, old Object) Object {
	inputs := Object{DefaultsKey: []any{}}
	for name := range t.Schema().Inputs {
		value, exists := state[name]
		before, wasStated := old[name]
		switch {
		case exists && len(old) == 0:
			inputs[name] = value
		case exists && wasStated:
			inputs[name] = stated(value, before, before)
		}
	}
	if marks, ok := old[DefaultsKey]; ok {
		inputs[DefaultsKey] = marks
	}
	return inputs
}

func (p *provider) Update(ctx context.Context, request *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	s, spec, objects, err := p.operation(ctx, request.Urn, request.Olds, request.News)
	if err != nil {
		return nil, err
	}
	olds, inputs := objects[0], objects[1]
	if request.Preview {
		properties, err := encode(spec.Foreseen(olds, inputs))
		return &pulumirpc.UpdateResponse{Properties: properties}, err
	}
	op := s.op(spec, request.Urn)
	op.Ignored = request.IgnoreChanges
	op.Timeout = seconds(request.Timeout)
	r, err := p.do(op, func() (*Resource, error) { return op.updateFor(request.Id, inputs) })
	_, properties, err := made(r, request.News, err)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.UpdateResponse{Properties: properties}, nil
}

func (p *provider) Delete(ctx context.Context, request *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	s, spec, _, err := p.operation(ctx, request.Urn)
	if err != nil {
		return nil, err
	}
	op := s.op(spec, request.Urn)
	op.Timeout = seconds(request.Timeout)
	_, err = p.do(op, func() (*Resource, error) { return nil, op.deleteFor(request.Id) })
	return &emptypb.Empty{}, err
}

func (p *provider) Invoke(ctx context.Context, request *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	s, err := sessionOf(ctx)
	if err != nil {
		return nil, err
	}
	spec, ok := p.simulator.Catalog.Functions[request.Tok]
	if !ok || !strings.HasPrefix(request.Tok, p.pkg+":") {
		return nil, status.Errorf(codes.Unimplemented, "function %s is not simulated; simulated are %s",
			request.Tok, namesOf(p.simulator.Catalog.Functions))
	}
	inputs, err := decode(request.Args)
	if err != nil {
		return nil, err
	}
	if problems := schemaProblems(InputFields(spec.Args), inputs, ""); len(problems) > 0 {
		return &pulumirpc.InvokeResponse{Failures: failures(problems)}, nil
	}
	op := &Op{Session: *s, Token: request.Tok, Inputs: inputs, Operation: "invoking " + request.Tok}
	var result Object
	_, err = p.do(op, func() (*Resource, error) {
		result, err = op.Invoke(spec)
		return nil, err
	})
	if err != nil {
		return nil, err
	}
	encoded, err := encode(result)
	return &pulumirpc.InvokeResponse{Return: encoded}, err
}

// Invoke asks a data source: IAM about each of its actions, then the function.
func (op *Op) Invoke(spec *Function) (Object, error) {
	for i, action := range spec.Actions {
		if i == 0 {
			op.Action = action
		}
		if err := op.request(action); err != nil {
			return nil, err
		}
	}
	result, err := spec.Run(op)
	if err == nil {
		err = op.answered()
	}
	if err != nil {
		return nil, err
	}
	known := InputFields(spec.Result)
	for name := range result {
		if _, ok := known[name]; !ok {
			return nil, fmt.Errorf("simulated function %s returns %q, which the SDK's result does not have", op.Token, name)
		}
	}
	return CloneValue(map[string]any(result)).(map[string]any), nil
}

// do runs an operation with the simulator to itself, then tells the hook of
// the API calls that were made.
func (p *provider) do(op *Op, run func() (*Resource, error)) (*Resource, error) {
	s := p.simulator
	r, err := func() (*Resource, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return run()
	}()
	s.mu.Lock()
	hook := s.hook
	s.mu.Unlock()
	if hook != nil {
		for _, made := range op.made {
			hook(made)
		}
	}
	return r, err
}

// Foreseen is what a preview can tell of a resource's outputs: its inputs, and
// of one that exists also its state. All else is unknown.
func (t *Type) Foreseen(state, inputs Object) Object {
	if t.PreviewsAnew {
		state = nil
	}
	outputs := inputs.Clone()
	if state != nil {
		outputs = overlay(state, inputs, t)
	}
	for name := range outputs {
		if strings.HasPrefix(name, "__") {
			delete(outputs, name)
		}
	}
	for name := range t.Schema().Outputs {
		if _, ok := outputs[name]; !ok && state == nil && name != "id" {
			outputs[name] = Unknown{}
		}
	}
	return outputs
}
