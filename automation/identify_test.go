package automation

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAPendingCreateIsLookedForByNameOrByTags(t *testing.T) {
	tags := map[string]string{"app": "portico", "Name": "portico-dev"}
	own := map[string]any{"app": "portico", "Name": "portico-dev", "__defaults": []any{}}
	lb := "arn:aws:elasticloadbalancing:us-east-1:111111111111:loadbalancer/app/portico-dev-lb-82baf0c/0d821b90b30a14dd"
	revision := "arn:aws:ecs:us-east-1:111111111111:task-definition/portico-dev:7"
	domains := map[string]string{"Name": "a.example.com"}
	ownDomain := func(kind string) map[string]any {
		return map[string]any{"domainName": "a.example.com", "endpointConfiguration": map[string]any{"types": kind}, "tags": map[string]any{"Name": "a.example.com"}}
	}
	found := []taggedResource{
		{"arn:aws:apigateway:us-east-1:222222222222:/domainnames/a.example.com+abcde12345", domains},
		{"arn:aws:apigateway:us-east-1::/domainnames/a.example.com", domains},
		{"arn:aws:apigateway:us-east-1:111111111111:/domainnameaccessassociations/domainname/a.example.com+abcde12345/vpcesource/vpce-1", domains},
		{"arn:aws:ram:us-east-1:222222222222:resource-share/0d821b90", tags},
		{"arn:aws:elasticloadbalancing:us-east-1:111111111111:listener-rule/app/portico/1/2/3", domains},
		{"arn:aws:ec2:us-east-1:111111111111:vpc/vpc-1", tags},
		{"arn:aws:ec2:us-east-1:111111111111:vpc/vpc-2", map[string]string{"app": "portico", "Name": "other"}},
		{"arn:aws:ec2:us-east-1:111111111111:subnet/subnet-1", map[string]string{"app": "portico", "Name": "portico-dev", "team": "a"}},
		{"arn:aws:route53:::hostedzone/Z1", map[string]string{"app": "portico", "Name": "portico-dev", "aws:cloudformation:stack-name": "x"}},
		{"arn:aws:ec2:us-east-1:111111111111:vpc-flow-log/fl-1", tags},
		{"arn:aws:route53resolver:us-east-1:111111111111:resolver-endpoint/rslvr-in-1", tags},
		{lb, tags},
		{revision, tags},
	}
	for name, c := range map[string]struct {
		typ    string
		inputs map[string]any
		known  string
		want   string
	}{
		"a role by its name":                                        {typ: "aws:iam/role:Role", inputs: map[string]any{"name": "r-1"}, want: "r-1"},
		"a flow log by its tags":                                    {typ: "aws:ec2/flowLog:FlowLog", inputs: map[string]any{"tags": own}, want: "fl-1"},
		"an inbound endpoint by its tags":                           {typ: "aws:route53/resolverEndpoint:ResolverEndpoint", inputs: map[string]any{"name": "portico-dev-resolver-inbound-0a1b2c3", "tags": own}, want: "rslvr-in-1"},
		"a bucket by its name":                                      {typ: "aws:s3/bucketV2:BucketV2", inputs: map[string]any{"bucket": "portico-dev-logs-0a1b2c3", "tags": own}, want: "portico-dev-logs-0a1b2c3"},
		"a role's policy by both names":                             {typ: "aws:iam/rolePolicy:RolePolicy", inputs: map[string]any{"role": "r-1", "name": "p"}, want: "r-1:p"},
		"a record without the final dot":                            {typ: "aws:route53/record:Record", inputs: map[string]any{"zoneId": "Z1", "name": "_A.example.com.", "type": "CNAME"}, want: "Z1__a.example.com_CNAME"},
		"an association by what it joins":                           {typ: "aws:ec2/routeTableAssociation:RouteTableAssociation", inputs: map[string]any{"subnetId": "subnet-1", "routeTableId": "rtb-1"}, want: "subnet-1/rtb-1"},
		"a VPC by its tags":                                         {typ: "aws:ec2/vpc:Vpc", inputs: map[string]any{"tags": own}, want: "vpc-1"},
		"not one that the state has":                                {typ: "aws:ec2/vpc:Vpc", inputs: map[string]any{"tags": own}, known: "vpc-1"},
		"not one with a further tag":                                {typ: "aws:ec2/subnet:Subnet", inputs: map[string]any{"tags": own}},
		"AWS's own tags don't count":                                {typ: "aws:route53/zone:Zone", inputs: map[string]any{"name": "example.com", "tags": own}, want: "Z1"},
		"a load balancer by its tags and name":                      {typ: "aws:lb/loadBalancer:LoadBalancer", inputs: map[string]any{"name": "portico-dev-lb-82baf0c", "tags": own}, want: lb},
		"not a load balancer of another name":                       {typ: "aws:lb/loadBalancer:LoadBalancer", inputs: map[string]any{"name": "portico-dev-lb-0000000", "tags": own}},
		"a task definition by its revision's ARN":                   {typ: "aws:ecs/taskDefinition:TaskDefinition", inputs: map[string]any{"family": "portico-dev", "tags": own}, want: revision},
		"a PRIVATE custom domain, not the REGIONAL one of its name": {typ: "aws:apigateway/domainName:DomainName", inputs: ownDomain("PRIVATE"), want: "a.example.com/abcde12345"},
		"a REGIONAL custom domain, not the PRIVATE one of its name": {typ: "aws:apigateway/domainName:DomainName", inputs: ownDomain("REGIONAL"), want: "a.example.com"},
		"an access association with its endpoint": {typ: accessAssociation, inputs: map[string]any{"accessAssociationSource": "vpce-1", "tags": map[string]any{"Name": "a.example.com"}},
			want: "arn:aws:apigateway:us-east-1:111111111111:/domainnameaccessassociations/domainname/a.example.com+abcde12345/vpcesource/vpce-1"},
		"not an access association of another endpoint":  {typ: accessAssociation, inputs: map[string]any{"accessAssociationSource": "vpce-2", "tags": map[string]any{"Name": "a.example.com"}}},
		"a resource share by its tags":                   {typ: "aws:ram/resourceShare:ResourceShare", inputs: map[string]any{"name": "portico-dev-domains-0a1b2c3", "tags": own}, want: "arn:aws:ram:us-east-1:222222222222:resource-share/0d821b90"},
		"a listener rule by its tags":                    {typ: "aws:lb/listenerRule:ListenerRule", inputs: map[string]any{"tags": map[string]any{"Name": "a.example.com"}}, want: "arn:aws:elasticloadbalancing:us-east-1:111111111111:listener-rule/app/portico/1/2/3"},
		"a base path mapping of a REGIONAL domain":       {typ: "aws:apigateway/basePathMapping:BasePathMapping", inputs: map[string]any{"domainName": "a.example.com", "basePath": "v1"}, want: "a.example.com/v1"},
		"a base path mapping of the root":                {typ: "aws:apigateway/basePathMapping:BasePathMapping", inputs: map[string]any{"domainName": "a.example.com"}, want: "a.example.com/"},
		"a base path mapping of a PRIVATE domain's root": {typ: "aws:apigateway/basePathMapping:BasePathMapping", inputs: map[string]any{"domainName": "a.example.com", "domainNameId": "abcde12345"}, want: "a.example.com//abcde12345"},
		"a share's principal":                            {typ: "aws:ram/principalAssociation:PrincipalAssociation", inputs: map[string]any{"resourceShareArn": "arn:s", "principal": "111111111111"}, want: "arn:s,111111111111"},
		"a share's resource":                             {typ: "aws:ram/resourceAssociation:ResourceAssociation", inputs: map[string]any{"resourceShareArn": "arn:s", "resourceArn": "arn:r"}, want: "arn:s,arn:r"},
		"a share that is accepted":                       {typ: "aws:ram/resourceShareAccepter:ResourceShareAccepter", inputs: map[string]any{"shareArn": "arn:s"}, want: "arn:s"},
		"a zone's association":                           {typ: "aws:route53/zoneAssociation:ZoneAssociation", inputs: map[string]any{"zoneId": "Z1", "vpcId": "vpc-1"}, want: "Z1:vpc-1"},
	} {
		t.Run(name, func(t *testing.T) {
			id, _ := identify(pendingCreate{"type": c.typ, "inputs": c.inputs}, found, map[string]bool{c.known: c.known != ""})
			require.Equal(t, c.want, id)
		})
	}
}

func TestAResourceThatExistsButDidNotComeUpIsNotPending(t *testing.T) {
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
	require.True(t, state.unread(), "its outputs aren't known before the refresh")
	require.Empty(t, state.orphans([]taggedResource{{"arn:aws:ec2:us-east-1:111111111111:vpc/vpc-1", nil}}))
	require.Equal(t, []string{"arn:aws:ec2:us-east-1:111111111111:vpc/vpc-2"},
		state.orphans([]taggedResource{{"arn:aws:ec2:us-east-1:111111111111:vpc/vpc-2", nil}}))
}

func TestAStackThatIsDestroyedClearsWhatOthersRelyOn(t *testing.T) {
	state, err := readDeployment([]byte(`{"resources":[
		{"type":"x","outputs":{"frontDoors":{"b":1}}},
		{"type":"pulumi:pulumi:Stack","outputs":{"contract":2,"hosts":["a"],"frontDoors":{"a":{"current":"native"}}}}]}`))
	require.NoError(t, err)
	require.True(t, state.clearOutputs())
	require.Equal(t, []any{
		map[string]any{"type": "x", "outputs": map[string]any{"frontDoors": map[string]any{"b": json.Number("1")}}},
		map[string]any{"type": "pulumi:pulumi:Stack", "outputs": map[string]any{"contract": json.Number("2")}},
	}, state.resources())
	require.False(t, state.clearOutputs())

	empty, err := readDeployment([]byte(`{"resources":[{"type":"pulumi:pulumi:Stack","outputs":null}]}`))
	require.NoError(t, err)
	require.False(t, empty.clearOutputs())
}

func TestAProfilesEntryIsFoundInTheProfile(t *testing.T) {
	create := func() pendingCreate {
		return pendingCreate{"urn": "u::entry", "type": profileEntryType, "inputs": map[string]any{"profileId": "rp-1", "resourceArn": "arn:zone", "name": "zone"}}
	}
	for sentence, test := range map[string]struct {
		found map[string]string
		err   error
		id    any
	}{
		"it was created":            {map[string]string{"arn:zone": "rpr-1", "arn:other": "rpr-2"}, nil, "rpr-1"},
		"it was not":                {map[string]string{"arn:other": "rpr-2"}, nil, nil},
		"the state knows it":        {map[string]string{"arn:zone": "rpr-0"}, nil, nil},
		"a question that is denied": {nil, errors.New("AccessDenied"), nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			state, err := readDeployment([]byte(`{"resources":[{"urn":"u::known","type":"` + profileEntryType + `","id":"rpr-0"}]}`))
			require.NoError(t, err)
			var asked []string
			s := Stack{ProfileEntries: func(_ context.Context, profile string) (map[string]string, error) {
				asked = append(asked, profile)
				return test.found, test.err
			}}
			other := pendingCreate{"urn": "u::vpc", "type": "aws:ec2/vpc:Vpc", "inputs": map[string]any{}}
			state.findEntries(t.Context(), s, []pendingCreate{create(), create(), other}, &watch{begin: time.Now(), send: func(Event) {}})
			require.Equal(t, []string{"rp-1"}, asked, "once for each profile")
			pending := create()
			state.resolve(pending, nil)
			require.Equal(t, test.id, pending["id"])
			state.resolve(other, nil)
			require.Nil(t, other["id"])
		})
	}
}
