package awssim

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// TestServicesActWithTheRightsOfTheCaller denies, one at a time, what services do for a
// call beside what it asks for.
func TestServicesActWithTheRightsOfTheCaller(t *testing.T) {
	forwarded := map[string][]string{
		view.LoadBalancerType:     {"ec2:DescribeAccountAttributes", "ec2:DescribeAddresses", "ec2:DescribeInternetGateways", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"},
		view.TargetGroupType:      {"ec2:DescribeInternetGateways", "ec2:DescribeVpcs"},
		view.TargetAttachmentType: {"ec2:DescribeInstances", "ec2:DescribeInternetGateways", "ec2:DescribeSubnets", "ec2:DescribeVpcs"},
		view.ScalableTargetType:   {"ecs:DescribeServices", "ecs:UpdateService"},
		view.ScalingPolicyType:    {"cloudwatch:DescribeAlarms", "cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"},
		view.VPCEndpointType:      {"route53:AssociateVPCWithHostedZone"},
	}
	tried := map[string]bool{}
	everything(t, func(l *lab, token, name string, inputs engine.Object) {
		for _, action := range forwarded[token] {
			accounts := l.Fork()
			statement, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": map[string]any{"Effect": "Deny", "Action": action, "Resource": "*"}})
			require.NoError(t, err)
			require.NoError(t, accounts.SetServiceControlPolicies(testAccount, statement))
			_, err = accounts.As(l.caller.Account, l.caller.Region, l.caller.Caller).Create(token, name, inputs)
			if token == view.VPCEndpointType && !inputs.Flag("privateDnsEnabled") {
				require.NoError(t, err, "%s %s has no private DNS", token, name)
				continue
			}
			tried[token] = true
			require.ErrorContains(t, err, "is not authorized to perform: "+action, "%s %s", token, name)
		}
	})
	require.Len(t, tried, len(forwarded))
}
