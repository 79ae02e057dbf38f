package awssim_test

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/portico-iac/portico/internal/awssim"
)

// client calls a simulated provider as the engine does, without the engine:
// rules are tried in milliseconds this way.
type client struct {
	t   *testing.T
	rpc pulumirpc.ResourceProviderClient
}

type properties = map[string]any

// newClient is one provider instance in us-east-1 of an account.
func newClient(t *testing.T, simulator *awssim.Simulator, account string) *client {
	t.Helper()
	c := connect(t, simulator)
	require.NoError(t, c.configure(account))
	return c
}

func connect(t *testing.T, simulator *awssim.Simulator) *client {
	t.Helper()
	server, err := simulator.Serve(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	connection, err := grpc.NewClient(server.AWS.String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, connection.Close()) })
	return &client{t, pulumirpc.NewResourceProviderClient(connection)}
}

func (c *client) configure(account string) error {
	config := properties{"region": "us-east-1", "allowedAccountIds": encoded(c.t, []string{account})}
	if account != sharedAccount {
		config["assumeRole"] = encoded(c.t, properties{"roleArn": "arn:aws:iam::" + account + ":role/portico"})
	}
	_, err := c.rpc.Configure(c.t.Context(), &pulumirpc.ConfigureRequest{Args: structOf(c.t, config)})
	return err
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	require.NoError(t, err)
	return string(data)
}

// structOf goes through JSON, so that tests may write typed slices.
func structOf(t *testing.T, p properties) *structpb.Struct {
	t.Helper()
	s := &structpb.Struct{}
	require.NoError(t, s.UnmarshalJSON([]byte(encoded(t, p))))
	return s
}

func urnOf(typ, name string) string { return "urn:pulumi:test::awssim::" + typ + "::" + name }

// check returns the inputs as the provider completes them, and its complaints.
func (c *client) check(typ, name string, inputs properties) (*structpb.Struct, []string) {
	c.t.Helper()
	response, err := c.rpc.Check(c.t.Context(), &pulumirpc.CheckRequest{
		Urn: urnOf(typ, name), News: structOf(c.t, inputs), RandomSeed: []byte(name),
	})
	require.NoError(c.t, err)
	var failures []string
	for _, f := range response.Failures {
		failures = append(failures, f.Reason)
	}
	return response.Inputs, failures
}

// resourceOf is what a test knows of a resource it created.
type resourceOf struct {
	id      string
	inputs  *structpb.Struct
	outputs *structpb.Struct
}

func (r resourceOf) text(property string) string { return r.outputs.Fields[property].GetStringValue() }

func (c *client) tryCreate(typ, name string, inputs properties) (resourceOf, error) {
	c.t.Helper()
	checked, failures := c.check(typ, name, inputs)
	if len(failures) > 0 {
		return resourceOf{}, errors.New(strings.Join(failures, "\n"))
	}
	response, err := c.rpc.Create(c.t.Context(), &pulumirpc.CreateRequest{Urn: urnOf(typ, name), Properties: checked})
	if err != nil {
		for _, detail := range rpcerror.Convert(err).Details() {
			if failed, ok := detail.(*pulumirpc.ErrorResourceInitFailed); ok {
				return resourceOf{failed.Id, checked, failed.Properties}, err
			}
		}
		return resourceOf{}, err
	}
	return resourceOf{response.Id, checked, response.Properties}, nil
}

func (c *client) create(typ, name string, inputs properties) resourceOf {
	c.t.Helper()
	r, err := c.tryCreate(typ, name, inputs)
	require.NoError(c.t, err)
	return r
}

func (c *client) delete(typ, name string, r resourceOf) error {
	c.t.Helper()
	_, err := c.rpc.Delete(c.t.Context(), &pulumirpc.DeleteRequest{Id: r.id, Urn: urnOf(typ, name), Properties: r.outputs})
	return err
}

// update changes a resource in place, as the engine does after a diff.
func (c *client) update(typ, name string, r resourceOf, inputs properties) (resourceOf, error) {
	c.t.Helper()
	return c.updateIgnoring(typ, name, r, inputs)
}

// updateIgnoring is update for a program that ignores changes of properties.
func (c *client) updateIgnoring(typ, name string, r resourceOf, inputs properties, ignored ...string) (resourceOf, error) {
	c.t.Helper()
	require.Empty(c.t, c.diffIgnoring(typ, name, r, inputs, ignored...).Replaces)
	checked, err := c.rpc.Check(c.t.Context(), &pulumirpc.CheckRequest{Urn: urnOf(typ, name), News: structOf(c.t, inputs), Olds: r.inputs})
	require.NoError(c.t, err)
	response, err := c.rpc.Update(c.t.Context(), &pulumirpc.UpdateRequest{
		Id: r.id, Urn: urnOf(typ, name), Olds: r.outputs, OldInputs: r.inputs, News: checked.Inputs, IgnoreChanges: ignored,
	})
	if err != nil {
		return resourceOf{}, err
	}
	return resourceOf{r.id, checked.Inputs, response.Properties}, nil
}

// diff compares the resource with new inputs.
func (c *client) diff(typ, name string, r resourceOf, inputs properties) *pulumirpc.DiffResponse {
	c.t.Helper()
	return c.diffIgnoring(typ, name, r, inputs)
}

// foresee is what the preview of an update shows.
func (c *client) foresee(typ, name string, r resourceOf, inputs properties) *structpb.Struct {
	c.t.Helper()
	response, err := c.rpc.Update(c.t.Context(), &pulumirpc.UpdateRequest{
		Id: r.id, Urn: urnOf(typ, name), Olds: r.outputs, OldInputs: r.inputs, News: structOf(c.t, inputs), Preview: true,
	})
	require.NoError(c.t, err)
	return response.Properties
}

// diffIgnoring is diff for a program that ignores changes of properties.
func (c *client) diffIgnoring(typ, name string, r resourceOf, inputs properties, ignored ...string) *pulumirpc.DiffResponse {
	c.t.Helper()
	response, err := c.rpc.Check(c.t.Context(), &pulumirpc.CheckRequest{Urn: urnOf(typ, name), News: structOf(c.t, inputs), Olds: r.inputs})
	require.NoError(c.t, err)
	require.Empty(c.t, response.Failures)
	diff, err := c.rpc.Diff(c.t.Context(), &pulumirpc.DiffRequest{
		Id: r.id, Urn: urnOf(typ, name), Olds: r.outputs, OldInputs: r.inputs, News: response.Inputs, IgnoreChanges: ignored,
	})
	require.NoError(c.t, err)
	return diff
}

func (c *client) invoke(token string, args properties) (properties, error) {
	c.t.Helper()
	response, err := c.rpc.Invoke(c.t.Context(), &pulumirpc.InvokeRequest{Tok: token, Args: structOf(c.t, args)})
	if err != nil {
		return nil, err
	}
	require.Empty(c.t, response.Failures)
	return response.Return.AsMap(), nil
}

// but is properties with some changed; nil takes one away.
func but(p, changes properties) properties {
	p = maps.Clone(p)
	maps.Copy(p, changes)
	maps.DeleteFunc(p, func(_ string, v any) bool { return v == nil })
	return p
}

// network is a VPC with two subnets in two zones, as most tests need it.
type network struct {
	*client
	simulator *awssim.Simulator
	vpc       resourceOf
	subnets   []string
	groups    map[string]string
}

func newNetwork(t *testing.T) *network {
	t.Helper()
	simulator, err := awssim.New(testSetup())
	require.NoError(t, err)
	return networkOn(t, simulator)
}

func networkOn(t *testing.T, simulator *awssim.Simulator) *network {
	t.Helper()
	n := &network{client: newClient(t, simulator, sharedAccount), simulator: simulator, groups: map[string]string{}}
	n.vpc = n.create(vpcType, "net", properties{"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": true})
	for i, zone := range []string{"a", "b"} {
		cidr := []string{"10.0.0.0/24", "10.0.1.0/24"}[i]
		subnet := n.create(subnetType, "subnet-"+zone, properties{"vpcId": n.vpc.id, "cidrBlock": cidr, "availabilityZone": "us-east-1" + zone})
		n.subnets = append(n.subnets, subnet.id)
	}
	for _, name := range []string{"lb", "tasks", "endpoints"} {
		n.groups[name] = n.create(securityGroupType, name, properties{"vpcId": n.vpc.id}).id
	}
	return n
}

// zone is the account's name of the zone that has an ID.
func (n *network) zone(id string) string {
	n.t.Helper()
	zones, err := n.invoke("aws:index/getAvailabilityZones:getAvailabilityZones", properties{})
	require.NoError(n.t, err)
	return zones["names"].([]any)[slices.Index(zones["zoneIds"].([]any), any(id))].(string)
}

func (n *network) rule(typ, group string, inputs properties) {
	n.t.Helper()
	name := typ + group + encoded(n.t, inputs)
	n.create(typ, name, but(properties{"securityGroupId": n.groups[group], "ipProtocol": "tcp"}, inputs))
}
