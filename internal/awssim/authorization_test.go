package awssim_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
)

// asked are the questions to IAM since a point, as "action on ARN".
func asked(s *awssim.Simulator, since int) []string {
	var questions []string
	for _, a := range s.Authorizations()[since:] {
		questions = append(questions, a.Action+" on "+a.ARN)
	}
	return questions
}

// IAM is asked about what the provider calls, reads included, on the ARNs that AWS
// checks; calls about tags are made when tags change.
func TestIAMIsAskedAboutWhatTheProviderCalls(t *testing.T) {
	simulator, err := awssim.New(testSetup())
	require.NoError(t, err)
	session := simulator.As(sharedAccount, "us-east-1", "arn:aws:iam::"+sharedAccount+":user/me")
	group, err := session.Create("aws:cloudwatch/logGroup:LogGroup", "portico-logs", awssim.Object{"retentionInDays": 7.0, "tags": map[string]any{"app": "portico"}})
	require.NoError(t, err)
	const arn = "arn:aws:logs:us-east-1:" + sharedAccount + ":log-group:portico-logs"
	require.Equal(t, []string{
		"logs:CreateLogGroup on " + arn, "logs:PutRetentionPolicy on " + arn, "logs:DescribeLogGroups on *", "logs:TagResource on " + arn,
		"logs:ListTagsForResource on " + arn, // the provider ends with reading
	}, asked(simulator, 0))
	created := simulator.Authorizations()[0]
	require.Equal(t, map[string][]string{"aws:RequestTag/app": {"portico"}}, created.Context, "a new resource has no tags yet")

	for what, c := range map[string]struct {
		inputs awssim.Object
		want   []string
	}{
		"another setting": {awssim.Object{"retentionInDays": 14.0, "tags": map[string]any{"app": "portico"}}, []string{"logs:PutRetentionPolicy"}},
		"another tag":     {awssim.Object{"retentionInDays": 7.0, "tags": map[string]any{"app": "portico", "owner": "me"}}, []string{"logs:TagResource"}},
		"a tag less":      {awssim.Object{"retentionInDays": 7.0}, []string{"logs:UntagResource"}},
		"nothing":         {awssim.Object{"retentionInDays": 7.0, "tags": map[string]any{"app": "portico"}}, nil},
	} {
		since := len(simulator.Authorizations())
		_, err := session.UpdateTo(group, c.inputs)
		require.NoError(t, err)
		var changes []string
		for _, a := range simulator.Authorizations()[since:] {
			if a.Action != "logs:DescribeLogGroups" && a.Action != "logs:ListTagsForResource" {
				changes = append(changes, a.Action)
				require.Contains(t, a.Context, "aws:ResourceTag/app", "%s: %s", what, a.Action)
			}
		}
		require.Equal(t, c.want, changes, what)
		_, err = session.UpdateTo(group, awssim.Object{"retentionInDays": 7.0, "tags": map[string]any{"app": "portico"}})
		require.NoError(t, err)
	}
}

// Reading a REST API lists its resources too (findResource in
// internal/service/apigateway/rest_api.go of the AWS provider).
func TestReadingARESTAPIListsItsResources(t *testing.T) {
	setup := testSetup()
	setup.RESTAPIs = []awssim.RESTAPI{{Account: providerAccount, Region: "us-east-1", ID: "abcdefghij", Name: "orders"}}
	setup.Accounts[1].Roles[0].Policies = []json.RawMessage{json.RawMessage(`{"Version":"2012-10-17","Statement":{
	  "Effect":"Allow","Action":"apigateway:GET","Resource":"arn:aws:apigateway:us-east-1::/restapis/??????????"}}`)}
	simulator, err := awssim.New(setup)
	require.NoError(t, err)
	session, err := simulator.Session(awssim.Object{"region": "us-east-1", "assumeRole": map[string]any{"roleArn": "arn:aws:iam::" + providerAccount + ":role/portico"}})
	require.NoError(t, err)
	_, err = session.Read(&awssim.Resource{Type: "aws:apigateway/restApi:RestApi", ID: "abcdefghij"})
	require.ErrorContains(t, err, "is not authorized to perform: apigateway:GET on resource: arn:aws:apigateway:us-east-1::/restapis/abcdefghij/resources")
}

// The first resource of a service in an account has AWS make the service's role.
func TestTheFirstResourceNeedsTheServiceLinkedRole(t *testing.T) {
	simulator, err := awssim.New(testSetup())
	require.NoError(t, err)
	session := simulator.As(sharedAccount, "us-east-1", "arn:aws:iam::"+sharedAccount+":user/me")
	role := "iam:CreateServiceLinkedRole on arn:aws:iam::" + sharedAccount + ":role/aws-service-role/ecs.amazonaws.com/AWSServiceRole"
	for i, name := range []string{"one", "two"} {
		since := len(simulator.Authorizations())
		_, err := session.Create("aws:ecs/cluster:Cluster", name, awssim.Object{})
		require.NoError(t, err)
		require.Equal(t, i == 0, slices.Contains(asked(simulator, since), role), name)
	}
}

func TestAPolicyThatCannotBeReadIsRefusedAtTheBeginning(t *testing.T) {
	setup := testSetup()
	setup.Accounts[1].Roles[0].Policies = []json.RawMessage{
		json.RawMessage(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`),
		json.RawMessage(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"${aws:username}","Resource":"*"}}`),
	}
	_, err := awssim.New(setup)
	require.ErrorContains(t, err, "account "+providerAccount+": role portico: policy 2: parse policy: Statement[0]: Action:")
}

// A service control policy denies to every principal of its account, on condition of
// tags and regions too, until it is taken away.
func TestAServiceControlPolicyDeniesInItsAccount(t *testing.T) {
	setup := testSetup()
	simulator, err := awssim.New(setup)
	require.NoError(t, err)
	me := simulator.As(sharedAccount, "us-east-1", "arn:aws:iam::"+sharedAccount+":user/me")
	theirs := simulator.As(providerAccount, "us-east-1", "arn:aws:iam::"+providerAccount+":user/them")
	require.NoError(t, simulator.SetServiceControlPolicies(sharedAccount, json.RawMessage(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Deny","Action":"logs:CreateLogGroup","Resource":"*","Condition":{"Null":{"aws:RequestTag/cost":"true"}}},
		{"Effect":"Deny","NotAction":"iam:*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["us-east-1"]}}}]}`)))
	group := awssim.Object{"retentionInDays": 7.0}
	tagged := awssim.Object{"retentionInDays": 7.0, "tags": map[string]any{"cost": "1"}}
	_, err = me.Create("aws:cloudwatch/logGroup:LogGroup", "a", group)
	require.ErrorContains(t, err, "api error AccessDenied: User: arn:aws:iam::"+sharedAccount+":user/me is not authorized to perform: logs:CreateLogGroup on resource: arn:aws:logs:us-east-1:"+sharedAccount+":log-group:a with an explicit deny in a service control policy")
	_, err = me.Create("aws:cloudwatch/logGroup:LogGroup", "b", tagged)
	require.NoError(t, err)
	_, err = simulator.As(sharedAccount, "eu-west-1", "arn:aws:iam::"+sharedAccount+":user/me").Create("aws:cloudwatch/logGroup:LogGroup", "b", tagged)
	require.ErrorContains(t, err, "with an explicit deny in a service control policy")
	_, err = theirs.Create("aws:cloudwatch/logGroup:LogGroup", "a", group)
	require.NoError(t, err, "it is another account's")
	require.NoError(t, simulator.SetServiceControlPolicies(sharedAccount))
	_, err = me.Create("aws:cloudwatch/logGroup:LogGroup", "a", group)
	require.NoError(t, err)

	require.ErrorContains(t, simulator.SetServiceControlPolicies("999999999999"), "there is no such account")
	setup.Accounts[0].ServiceControlPolicies = []json.RawMessage{json.RawMessage(`{"Statement":[]}`)}
	_, err = awssim.New(setup)
	require.ErrorContains(t, err, "service control policies: policy 1: parse policy: it has no statement")
}

// A property that the program no longer states is reset by the calls that would
// change it; what AWS chooses (Optional and Computed in the provider's schema) stays,
// with no call.
func TestWhatIsNoLongerStatedIsAskedOfIAM(t *testing.T) {
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	const boundary = "arn:aws:iam::aws:policy/PowerUserAccess"
	anything := []any{map[string]any{"protocol": "-1", "fromPort": 0.0, "toPort": 0.0, "cidrBlocks": []any{"10.0.0.0/8"}}}
	for what, c := range map[string]struct {
		token   string
		stated  awssim.Object
		without string
		want    []string
		left    any // the property afterwards
	}{
		"a boundary":         {"aws:iam/role:Role", awssim.Object{"assumeRolePolicy": trust, "permissionsBoundary": boundary}, "permissionsBoundary", []string{"iam:DeleteRolePermissionsBoundary"}, nil},
		"a description":      {"aws:iam/role:Role", awssim.Object{"assumeRolePolicy": trust, "description": "runs the proxy"}, "description", []string{"iam:UpdateRoleDescription"}, nil},
		"no description":     {"aws:iam/role:Role", awssim.Object{"assumeRolePolicy": trust, "description": ""}, "description", nil, nil},
		"policies of a role": {"aws:iam/role:Role", awssim.Object{"assumeRolePolicy": trust, "managedPolicyArns": []any{boundary}}, "managedPolicyArns", nil, []any{boundary}},
		"a role's tags":      {"aws:iam/role:Role", awssim.Object{"assumeRolePolicy": trust, "tags": map[string]any{"app": "portico"}}, "tags", []string{"iam:UntagRole"}, nil},
		"a retention":        {"aws:cloudwatch/logGroup:LogGroup", awssim.Object{"retentionInDays": 7.0}, "retentionInDays", []string{"logs:DeleteRetentionPolicy"}, 0.0},
		"inline rules":       {"aws:ec2/securityGroup:SecurityGroup", awssim.Object{"description": "d", "vpcId": "vpc-1", "ingress": anything}, "ingress", nil, anything},
		"a cluster's insights": {"aws:ecs/cluster:Cluster", awssim.Object{"settings": []any{map[string]any{"name": "containerInsights", "value": "enabled"}}}, "settings", nil,
			[]any{map[string]any{"name": "containerInsights", "value": "enabled"}}},
		"scanning of images": {"aws:ecr/repository:Repository", awssim.Object{"imageScanningConfiguration": map[string]any{"scanOnPush": true}}, "imageScanningConfiguration", nil, map[string]any{"scanOnPush": true}},
	} {
		simulator, err := awssim.New(testSetup())
		require.NoError(t, err)
		session := simulator.As(sharedAccount, "us-east-1", "arn:aws:iam::"+sharedAccount+":user/me")
		if c.stated.Text("vpcId") != "" {
			vpc, err := session.Create("aws:ec2/vpc:Vpc", "vpc", awssim.Object{"cidrBlock": "10.0.0.0/16"})
			require.NoError(t, err)
			c.stated["vpcId"] = vpc.ID
		}
		r, err := session.Create(c.token, "one", c.stated)
		require.NoError(t, err, what)
		since := len(simulator.Authorizations())
		inputs := c.stated.Clone()
		delete(inputs, c.without)
		if c.without == "retentionInDays" {
			inputs[c.without] = 0.0 // the provider's default
		}
		updated, err := session.UpdateTo(r, inputs)
		require.NoError(t, err, what)
		var calls []string
		for _, a := range simulator.Authorizations()[since:] {
			if _, verb, _ := strings.Cut(a.Action, ":"); !strings.HasPrefix(verb, "Get") && !strings.HasPrefix(verb, "List") && !strings.HasPrefix(verb, "Describe") {
				calls = append(calls, a.Action)
			}
		}
		require.Equal(t, c.want, calls, what)
		require.Equal(t, c.left, updated.Properties[c.without], what)
	}
}
