package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const endpointToken = "aws:ec2/vpcEndpoint:VpcEndpoint"

func endpointsArgs() *EndpointsArgs {
	return &EndpointsArgs{
		Region: "us-east-1", VPCID: pulumi.String("vpc-1"), ExistingVPCID: "vpc-1",
		SubnetIDs: inputs("subnet-1", "subnet-2"), RouteTableIDs: inputs("rtb-1"),
		ExecuteAPIGroupID: pulumi.String("sg-api"), InterfaceGroupID: pulumi.String("sg-interface"), TasksID: pulumi.String("sg-tasks"), TasksGroupID: pulumi.String("sg-tasks"),
		Tags: tags,
	}
}

// endpointsProgram runs endpoints beside another one at chosen addresses.
func endpointsProgram(args *EndpointsArgs, endpoints **Endpoints) func(*pulumi.Context, pulumi.ResourceOption) error {
	return func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		other, err := newPrerequisite(ctx, "other")
		if err != nil {
			return err
		}
		args.StaticEndpoints = []pulumi.Resource{other}
		*endpoints, err = NewEndpoints(ctx, "p", args, opts)
		return err
	}
}

func TestEndpointsAtChosenAddressesComeBeforeWhatTakesAddresses(t *testing.T) {
	args := endpointsArgs()
	args.Addresses = []string{"10.0.32.16", "10.0.0.16"}
	var endpoints *Endpoints
	m := (&monitor{}).deploy(t, endpointsProgram(args, &endpoints))
	require.Len(t, endpoints.StaticEndpoints, 2, "the other one and this one")
	api := m.named(t, endpointToken, "p-execute-api")
	require.Equal(t, []any{
		map[string]any{"subnetId": "subnet-1", "ipv4": "10.0.32.16"},
		map[string]any{"subnetId": "subnet-2", "ipv4": "10.0.0.16"},
	}, api.Inputs["subnetConfigurations"])
	require.Equal(t, []any{"subnet-1", "subnet-2"}, api.Inputs["subnetIds"], "AWS needs both")
	require.Empty(t, api.Dependencies)
	for _, name := range []string{"p-logs", "p-ecr-api", "p-ecr-dkr"} {
		service := m.named(t, endpointToken, name)
		requireOrder(t, api, service)
		requireOrder(t, m.named(t, prerequisiteToken, "other"), service)
	}
}

func TestPrivateDNSIsOnForTheFargateAgentsServicesAlone(t *testing.T) {
	m := (&monitor{}).deploy(t, endpointsProgram(endpointsArgs(), new(*Endpoints)))
	require.Equal(t, []string{"p-ecr-api", "p-ecr-dkr", "p-execute-api", "p-logs", "p-s3"}, m.names(endpointToken))
	api := m.named(t, endpointToken, "p-execute-api").Inputs
	require.Equal(t, []any{"com.amazonaws.us-east-1.execute-api", "Interface", false, []any{"sg-api"}},
		[]any{api["serviceName"], api["vpcEndpointType"], api["privateDnsEnabled"], api["securityGroupIds"]})
	for name, service := range map[string]string{"p-logs": "logs", "p-ecr-api": "ecr.api", "p-ecr-dkr": "ecr.dkr"} {
		endpoint := m.named(t, endpointToken, name).Inputs
		require.Equal(t, []any{"com.amazonaws.us-east-1." + service, "Interface", true, []any{"sg-interface"}},
			[]any{endpoint["serviceName"], endpoint["vpcEndpointType"], endpoint["privateDnsEnabled"], endpoint["securityGroupIds"]})
	}
	s3 := m.named(t, endpointToken, "p-s3").Inputs
	require.Equal(t, []any{"Gateway", []any{"rtb-1"}}, []any{s3["vpcEndpointType"], s3["routeTableIds"]})
	require.Empty(t, m.of(egressToken), "rules to the endpoints' groups are SecurityGroups'")
}

func TestTheAddressesAreSorted(t *testing.T) {
	var endpoints *Endpoints
	args := endpointsArgs()
	args.SubnetIDs = inputs("subnet-1", "subnet-2", "subnet-3")
	var got []string
	(&monitor{}).deploy(t, func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		if err := endpointsProgram(args, &endpoints)(ctx, opts); err != nil {
			return err
		}
		ctx.Export("addresses", endpoints.ExecuteAPIAddresses.ApplyT(func(all []string) []string { got = all; return all }))
		return nil
	})
	require.Equal(t, []string{"10.7.0.1", "10.7.0.2", "10.7.0.3"}, got)
}

func TestTasksReachTheGroupsOfExistingEndpoints(t *testing.T) {
	args := endpointsArgs()
	args.ExecuteAPI, args.Logs, args.S3 = EndpointSource{ID: "vpce-api"}, EndpointSource{Lookup: true}, EndpointSource{Lookup: true}
	args.ReachableGroupIDs = []string{"sg-a"}
	m := (&monitor{answers: map[string]func(map[string]any) (map[string]any, error){
		"aws:ec2/getVpcEndpoint:getVpcEndpoint": func(a map[string]any) (map[string]any, error) {
			if a["id"] != nil {
				return existingEndpoint("vpce-api", "com.amazonaws.us-east-1.execute-api"), nil
			}
			require.Equal(t, "vpc-1", a["vpcId"])
			return existingEndpoint("vpce-found", a["serviceName"].(string)), nil
		},
	}}).deploy(t, endpointsProgram(args, new(*Endpoints)))
	require.Equal(t, []string{"p-ecr-api", "p-ecr-dkr"}, m.names(endpointToken))
	require.Equal(t, []string{"sg-tasks 443 sg-b"}, m.rules(t, egressToken), "a group of several endpoints has one rule")
}

func TestExistingEndpointsThatDontServe(t *testing.T) {
	fail := func(change func(*EndpointsArgs), answer map[string]any) error {
		args := endpointsArgs()
		change(args)
		return (&monitor{answers: map[string]func(map[string]any) (map[string]any, error){
			"aws:ec2/getVpcEndpoint:getVpcEndpoint": func(map[string]any) (map[string]any, error) { return answer, nil },
		}}).run(endpointsProgram(args, new(*Endpoints)))
	}
	without := existingEndpoint("vpce-1", "com.amazonaws.us-east-1.logs")
	without["privateDnsEnabled"] = false
	err := fail(func(a *EndpointsArgs) { a.Logs.ID = "vpce-1" }, without)
	requireExisting(t, err, "endpoint", "vpce-1")
	require.ErrorContains(t, err, "private DNS")

	err = fail(func(a *EndpointsArgs) { a.ExecuteAPI.ID, a.ECRAPI.ID = "vpce-2", "vpce-3" }, existingEndpoint("vpce-2", "com.amazonaws.us-east-1.sqs"))
	requireExisting(t, err, "endpoint", "vpce-2")
	require.ErrorContains(t, err, "for execute-api")
	require.ErrorContains(t, err, "for ecr.api", "all mistakes at once")

	pending := existingEndpoint("vpce-4", "com.amazonaws.us-east-1.execute-api")
	pending["networkInterfaceIds"] = []any{}
	requireExisting(t, fail(func(a *EndpointsArgs) { a.ExecuteAPI.ID = "vpce-4" }, pending), "execute-api endpoint", "vpce-4")

	err = fail(func(a *EndpointsArgs) { a.ExistingVPCID, a.Logs.Lookup = "", true }, nil)
	require.ErrorContains(t, err, "its VPC is created by this stack")
}

func TestEndpointsSayEachArgumentThatTheyLack(t *testing.T) {
	m := &monitor{}
	err := m.run(func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		_, err := NewEndpoints(ctx, "p", &EndpointsArgs{Addresses: []string{"10.0.0.16"}}, opts)
		return err
	})
	requireArguments(t, m, err, "Region", "VPCID", "SubnetIDs", "Addresses", "ExecuteAPIGroupID", "InterfaceGroupID")
}
