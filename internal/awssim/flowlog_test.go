package awssim

import (
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

const trustFlowLogs = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"vpc-flow-logs.amazonaws.com"},
	"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceAccount":"111111111111"}}}]}`

// flowLogOf creates a VPC, a log group and a role of that trust, and the inputs of
// a flow log of them.
func flowLogOf(l *lab, trust string) engine.Object {
	vpc := l.must(view.VPCType, "vpc", engine.Object{"cidrBlock": "10.0.0.0/16"})
	group := l.must(view.LogGroupType, "/flows", engine.Object{})
	role := l.must(view.RoleType, "flows", engine.Object{"assumeRolePolicy": trust})
	return engine.Object{"vpcId": vpc.ID, "logDestination": group.ARN, "iamRoleArn": role.ARN, "trafficType": "ALL"}
}

func TestAFlowLogNeedsARoleThatItsServiceMayAssume(t *testing.T) {
	for sentence, test := range map[string]struct {
		trust   string
		changes engine.Object
		want    string
	}{
		"another service's role":           {trustECSTasks, nil, "Unable to assume given IAM role"},
		"a role for another account":       {strings.ReplaceAll(trustFlowLogs, "111111111111", "222222222222"), nil, "Unable to assume given IAM role"},
		"a log group that isn't there":     {trustFlowLogs, engine.Object{"logDestination": "arn:aws:logs:us-east-1:111111111111:log-group:nowhere"}, "InvalidParameter"},
		"a VPC that isn't there":           {trustFlowLogs, engine.Object{"vpcId": "vpc-0123456789abcdef0"}, "InvalidVpcId.NotFound"},
		"some traffic":                     {trustFlowLogs, engine.Object{"trafficType": "SOME"}, "is not one of"},
		"an aggregation of five minutes":   {trustFlowLogs, engine.Object{"maxAggregationInterval": 300.0}, "is not one of"},
		"a destination that isn't a group": {trustFlowLogs, engine.Object{"logDestination": "arn:aws:s3:::bucket"}, "ARN"},
	} {
		t.Run(sentence, func(t *testing.T) {
			l := newLab(t, &Setup{})
			inputs := flowLogOf(l, test.trust)
			maps.Copy(inputs, test.changes)
			_, err := l.create(view.FlowLogType, "refused", inputs)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestAFlowLogDeliversWhatItsRoleMayWrite(t *testing.T) {
	l := newLab(t, &Setup{})
	inputs := flowLogOf(l, trustFlowLogs)
	log := l.must(view.FlowLogType, "flows", inputs)
	require.Contains(t, l.FlowLogErrors(testAccount, testRegion)[log.ID], "may not write")
	l.must(view.RolePolicyType, "flows", engine.Object{"role": "flows", "policy": `{"Version":"2012-10-17","Statement":{"Effect":"Allow",
		"Action":["logs:CreateLogStream","logs:DescribeLogStreams","logs:PutLogEvents"],"Resource":["` + inputs.Text("logDestination") + `:*","` + inputs.Text("logDestination") + `"]}}`})
	require.Empty(t, l.FlowLogErrors(testAccount, testRegion))
}
