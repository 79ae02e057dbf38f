package automation

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestACreateInDoubtIsLookedForByNameOrByTags(t *testing.T) {
	tags := map[string]string{"app": "portico", "Name": "portico-dev"}
	own := map[string]any{"app": "portico", "Name": "portico-dev", "__defaults": []any{}}
	lb := "arn:aws:elasticloadbalancing:us-east-1:111111111111:loadbalancer/app/portico-dev-lb-82baf0c/0d821b90b30a14dd"
	revision := "arn:aws:ecs:us-east-1:111111111111:task-definition/portico-dev:7"
	found := []taggedResource{
		{"arn:aws:ec2:us-east-1:111111111111:vpc/vpc-1", tags},
		{"arn:aws:ec2:us-east-1:111111111111:vpc/vpc-2", map[string]string{"app": "portico", "Name": "other"}},
		{"arn:aws:ec2:us-east-1:111111111111:subnet/subnet-1", map[string]string{"app": "portico", "Name": "portico-dev", "team": "a"}},
		{"arn:aws:route53:::hostedzone/Z1", map[string]string{"app": "portico", "Name": "portico-dev", "aws:cloudformation:stack-name": "x"}},
		{lb, tags},
		{revision, tags},
	}
	for name, c := range map[string]struct {
		typ    string
		inputs map[string]any
		known  string
		want   string
	}{
		"a role by its name":                      {typ: "aws:iam/role:Role", inputs: map[string]any{"name": "r-1"}, want: "r-1"},
		"a role's policy by both names":           {typ: "aws:iam/rolePolicy:RolePolicy", inputs: map[string]any{"role": "r-1", "name": "p"}, want: "r-1:p"},
		"a record without the final dot":          {typ: "aws:route53/record:Record", inputs: map[string]any{"zoneId": "Z1", "name": "_A.example.com.", "type": "CNAME"}, want: "Z1__a.example.com_CNAME"},
		"an association by what it joins":         {typ: "aws:ec2/routeTableAssociation:RouteTableAssociation", inputs: map[string]any{"subnetId": "subnet-1", "routeTableId": "rtb-1"}, want: "subnet-1/rtb-1"},
		"a VPC by its tags":                       {typ: "aws:ec2/vpc:Vpc", inputs: map[string]any{"tags": own}, want: "vpc-1"},
		"not one that the state has":              {typ: "aws:ec2/vpc:Vpc", inputs: map[string]any{"tags": own}, known: "vpc-1"},
		"not one with a further tag":              {typ: "aws:ec2/subnet:Subnet", inputs: map[string]any{"tags": own}},
		"AWS's own tags don't count":              {typ: "aws:route53/zone:Zone", inputs: map[string]any{"name": "example.com", "tags": own}, want: "Z1"},
		"a load balancer by its tags and name":    {typ: "aws:lb/loadBalancer:LoadBalancer", inputs: map[string]any{"name": "portico-dev-lb-82baf0c", "tags": own}, want: lb},
		"not a load balancer of another name":     {typ: "aws:lb/loadBalancer:LoadBalancer", inputs: map[string]any{"name": "portico-dev-lb-0000000", "tags": own}},
		"a task definition by its revision's ARN": {typ: "aws:ecs/taskDefinition:TaskDefinition", inputs: map[string]any{"family": "portico-dev", "tags": own}, want: revision},
	} {
		t.Run(name, func(t *testing.T) {
			id, _ := identify(doubt{"type": c.typ, "inputs": c.inputs}, found, map[string]bool{c.known: c.known != ""})
			require.Equal(t, c.want, id)
		})
	}
}

func TestAResourceThatStandsButDidNotComeUpIsNotInDoubt(t *testing.T) {
	state, err := readDeployment([]byte(`{"resources":[{"urn":"u1","id":"arn:1","initErrors":["no steady state"]},{"urn":"u2","id":"arn:2"}]}`))
	require.NoError(t, err)
	require.True(t, state.unfinished("u1"))
	require.False(t, state.unfinished("u2"))
}

func TestWhatIsAdoptedTakesThePlaceOfWhatItWasToReplace(t *testing.T) {
	state, err := readDeployment([]byte(`{"manifest":{"time":1},"resources":[
		{"urn":"urn:pulumi:dev::portico::aws:ec2/vpc:Vpc::v","id":"vpc-0","outputs":{"arn":"arn:old"}}],
		"pending_operations":[
		{"type":"creating","resource":{"urn":"urn:pulumi:dev::portico::aws:ec2/vpc:Vpc::v","type":"aws:ec2/vpc:Vpc","inputs":{"tags":{"a":"b"}}}},
		{"type":"updating","resource":{"urn":"urn:pulumi:dev::portico::aws:ec2/vpc:Vpc::other"}}]}`))
	require.NoError(t, err)
	creates := state.pendingCreates()
	require.Len(t, creates, 1)
	require.Len(t, state.whole["pending_operations"], 1, "the refresh reads what was being updated")

	state.resolve(creates[0], []taggedResource{{"arn:aws:ec2:us-east-1:111111111111:vpc/vpc-1", map[string]string{"a": "b"}}})
	resources := state.resources()
	require.Len(t, resources, 2)
	require.Equal(t, true, resources[0].(map[string]any)["delete"])
	require.Equal(t, "vpc-1", resources[1].(map[string]any)["id"])
	require.Empty(t, state.strays([]taggedResource{{"arn:aws:ec2:us-east-1:111111111111:vpc/vpc-1", nil}}))
	require.Equal(t, []string{"arn:aws:ec2:us-east-1:111111111111:vpc/vpc-2"},
		state.strays([]taggedResource{{"arn:aws:ec2:us-east-1:111111111111:vpc/vpc-2", nil}}))
}
