package rehearsal

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/internal/awssim"
)

// flowLogsOf is the flow logs of a run's shared account.
func flowLogsOf(run *inProcess) []awssim.Resource {
	return run.simulator.Resources(awssim.Filter{Type: "aws:ec2/flowLog:FlowLog"})
}

// A VPC that the stack makes has flow logs that deliver, unless the settings say no; an
// existing one keeps its owner's.
func TestAVPCThatIsMadeHasFlowLogsThatDeliver(t *testing.T) {
	options := func(network map[string]any) Options {
		return Options{Mapping: writeFile(t, "small.yaml", smallMapping), Config: map[string]any{"portico:network": network}}
	}
	run := begin(t, options(map[string]any{}), nil)
	run.deploy(t)
	logs := flowLogsOf(run)
	require.Len(t, logs, 1)
	vpcs := run.simulator.Resources(awssim.Filter{Type: "aws:ec2/vpc:Vpc"})
	require.Len(t, vpcs, 1)
	require.Equal(t, vpcs[0].ID, logs[0].Properties.Text("vpcId"))
	require.Equal(t, "dev", logs[0].Properties.Object("tags").Text("environment"))
	require.Empty(t, run.simulator.FlowLogErrors(string(sharedAccount), "us-east-1"))

	without := begin(t, options(map[string]any{"flowLogs": false}), nil)
	without.deploy(t)
	require.Empty(t, flowLogsOf(without))

	existing := options(nil)
	existing.Config, existing.Setup = existingNetwork(), existingSetup(t, smallMapping)
	run = begin(t, existing, nil)
	run.deploy(t)
	require.Empty(t, flowLogsOf(run))
}

// A boundary without the right to write logs lets flow logs be made that deliver
// nothing: the boundary of the documentation has to allow them.
func TestABoundaryWithoutLogsKeepsFlowLogsFromDelivering(t *testing.T) {
	run := begin(t, Options{Mapping: writeFile(t, "small.yaml", smallMapping), Setup: boundedOrganization(t, `"ecr:*"`),
		Config: map[string]any{"portico:iam": map[string]any{"permissionsBoundary": boundaryARN}}}, nil)
	_, err := run.try(t, sharedProject, run.environment, run.dir, accounts.SharedIn(run.dir))
	require.ErrorContains(t, err, "tasksPending")
	require.Len(t, run.simulator.FlowLogErrors(string(sharedAccount), "us-east-1"), 1)
}
