package awssim_test

import (
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
)

const vpcType = "aws:ec2/vpc:Vpc"

func TestProvidersOfTwoRolesInOneProgramReachTwoAccounts(t *testing.T) {
	e := newEngine(t, testSetup())
	program := func(ctx *pulumi.Context) error {
		for _, account := range []string{sharedAccount, providerAccount} {
			in, err := as(ctx, account)
			if err != nil {
				return err
			}
			identity, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{}, in)
			if err != nil {
				return err
			}
			ctx.Export(account, pulumi.String(identity.AccountId))
			vpc, err := ec2.NewVpc(ctx, "net-"+account, &ec2.VpcArgs{
				CidrBlock: pulumi.String("10.0.0.0/16"),
				Tags:      pulumi.StringMap{"owner": pulumi.ToSecret(pulumi.String("team-a")).(pulumi.StringOutput)},
			}, in)
			if err != nil {
				return err
			}
			ctx.Export("tags-"+account, vpc.Tags)
			_, err = ec2.NewSubnet(ctx, "subnet-"+account, &ec2.SubnetArgs{VpcId: vpc.ID(), CidrBlock: pulumi.String("10.0.1.0/24")}, in)
			if err != nil {
				return err
			}
		}
		return nil
	}
	e.preview(program)
	e.mustUp(program)
	outputs := e.outputs()
	require.Equal(t, providerAccount, outputs[providerAccount].Value)
	require.True(t, outputs["tags-"+providerAccount].Secret, "what came in as a secret goes out as one")
	for _, account := range []string{sharedAccount, providerAccount} {
		require.Len(t, e.Resources(awssim.Filter{Account: account, Region: "us-east-1", Type: vpcType}), 1, account)
	}
	again := e.mustUp(program)
	require.Equal(t, map[string]int{"same": 7}, again)
	e.refresh()
	said, err := e.destroy()
	require.NoError(t, err, said)
	require.Empty(t, e.Resources(awssim.Filter{}))
}
