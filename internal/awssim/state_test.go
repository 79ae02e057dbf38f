package awssim_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
)

func open(t *testing.T, dir string, setup *awssim.Setup) *awssim.Simulator {
	t.Helper()
	simulator, err := awssim.Open(dir, setup)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, simulator.Close()) })
	return simulator
}

func TestWhatWasAcknowledgedOutlivesTheProcess(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir, dnsSetup()) // never told that the process ends
	n := networkOn(t, first)
	n.create(recordType, "r", properties{"zoneId": "ZPUBLIC", "name": "a", "type": "A", "ttl": 60, "records": []string{"10.0.0.1"}})
	require.NoError(t, n.delete(subnetType, "subnet-b", resourceOf{id: n.subnets[1]}))
	want := first.Resources(awssim.Filter{})

	second := open(t, dir, dnsSetup())
	require.Equal(t, want, second.Resources(awssim.Filter{}))
	again := newClient(t, second, sharedAccount).create(subnetType, "subnet-b", properties{"vpcId": n.vpc.id, "cidrBlock": "10.0.1.0/24"})
	require.NotEqual(t, n.subnets[1], again.id, "AWS gives no ID twice")
}

func TestALineThatWasCutShortNeverHappened(t *testing.T) {
	dir := t.TempDir()
	n := networkOn(t, open(t, dir, testSetup()))
	path := filepath.Join(dir, "accounts.jsonl")
	before := n.simulator.Resources(awssim.Filter{})
	n.create(vpcType, "other", properties{"cidrBlock": "10.9.0.0/16"})
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, data[:len(data)-10], 0o600))
	require.Equal(t, before, open(t, dir, testSetup()).Resources(awssim.Filter{}))
}

func TestADamagedStateDirectoryIsNamed(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "accounts.jsonl"), []byte("{}\nnot JSON\n"), 0o600))
	_, err := awssim.Open(dir, testSetup())
	require.ErrorContains(t, err, "accounts.jsonl:2:")
}

func TestTheSetupIsLaidOutOnce(t *testing.T) {
	dir := t.TempDir()
	existing := awssim.Existing{Account: sharedAccount, Region: "us-east-1", Type: vpcType, ID: "vpc-0existing", Properties: awssim.Object{"cidrBlock": "10.0.0.0/16"}}
	setup := testSetup()
	setup.Existing = []awssim.Existing{existing}
	first := open(t, dir, setup)
	c := newClient(t, first, sharedAccount)
	require.NoError(t, c.delete(vpcType, "x", resourceOf{id: "vpc-0existing"}))
	setup.HostedZones = dnsSetup().HostedZones
	second := open(t, dir, setup)
	require.Empty(t, second.Resources(awssim.Filter{Type: vpcType}), "what a program deleted stays so")
	require.Len(t, second.Resources(awssim.Filter{Type: zoneType}), 3, "what the setup has new is added")
}

func TestAnInconsistentSetupIsRefused(t *testing.T) {
	setup := testSetup()
	setup.Existing = []awssim.Existing{
		{Account: sharedAccount, Region: "us-east-1", Type: subnetType, ID: "subnet-0", Properties: awssim.Object{"cidrBlock": "10.0.0.0/24", "vpcId": "vpc-0"}},
		{Account: sharedAccount, Region: "us-east-1", Type: vpcType, ID: "vpc-1", Properties: awssim.Object{"cidr": "10.0.0.0/24"}},
	}
	_, err := awssim.New(setup)
	require.ErrorContains(t, err, "lay out "+subnetType+" subnet-0 in account "+sharedAccount)
	require.ErrorContains(t, err, "InvalidVpcID.NotFound")
	require.ErrorContains(t, err, `cidr: no such property`)
}

func TestFaultsOnDemand(t *testing.T) {
	for sentence, test := range map[string]struct {
		fault awssim.Fault
		want  string // "": no error
		vpcs  int
	}{
		"throttling that retries outlast":    {awssim.Fault{Action: "ec2:CreateVpc", Kind: awssim.Throttling, Times: 24}, "", 1},
		"throttling that outlasts retries":   {awssim.Fault{Action: "ec2:CreateVpc", Kind: awssim.Throttling, Times: 25}, "ThrottlingException", 0},
		"denial of a later call":             {awssim.Fault{Action: "ec2:CreateTags", Kind: awssim.Denial}, "AccessDenied", 0},
		"a timeout":                          {awssim.Fault{Action: "ec2:*", Kind: awssim.Timeout}, "context deadline exceeded", 0},
		"a lost response":                    {awssim.Fault{Action: "ec2:CreateVpc", Kind: awssim.LostResponse}, "connection reset by peer", 1},
		"a fault of a call that is not made": {awssim.Fault{Action: "ec2:CreateVpc", Kind: awssim.Denial, Nth: 2}, "", 1},
	} {
		t.Run(sentence, func(t *testing.T) {
			simulator, err := awssim.New(testSetup())
			require.NoError(t, err)
			simulator.Inject(test.fault)
			_, err = newClient(t, simulator, sharedAccount).tryCreate(vpcType, "v", properties{"cidrBlock": "10.0.0.0/16", "tags": properties{"app": "portico"}})
			if test.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, test.want)
			}
			require.Len(t, simulator.Resources(awssim.Filter{Type: vpcType}), test.vpcs)
		})
	}
}

func TestAFaultOfEachResourceIsCountedForEach(t *testing.T) {
	simulator, err := awssim.New(testSetup())
	require.NoError(t, err)
	simulator.Inject(awssim.Fault{Action: "ec2:CreateVpc", Kind: awssim.Denial, Each: true})
	c := newClient(t, simulator, sharedAccount)
	for _, name := range []string{"one", "two"} {
		_, err := c.tryCreate(vpcType, name, properties{"cidrBlock": "10.0.0.0/16"})
		require.ErrorContains(t, err, "AccessDenied", name)
		_, err = c.tryCreate(vpcType, name, properties{"cidrBlock": "10.0.0.0/16"})
		require.NoError(t, err, name)
	}
}

func TestCallsAreRecordedAndHeldToTheRole(t *testing.T) {
	setup := testSetup()
	setup.Accounts[1].Roles[0].Policies = []json.RawMessage{json.RawMessage(`{"Version":"2012-10-17","Statement":{
	  "Effect":"Allow","Action":["ec2:CreateVpc","ec2:Describe*","ec2:ModifyVpcAttribute"],"Resource":"*"}}`)}
	simulator, err := awssim.New(setup)
	require.NoError(t, err)
	var heard []string
	simulator.OnCall(func(call awssim.Call) { heard = append(heard, call.Action) })
	_, err = newClient(t, simulator, providerAccount).tryCreate(vpcType, "v", properties{"cidrBlock": "10.0.0.0/16", "tags": properties{"app": "portico"}})
	require.ErrorContains(t, err, "assumed-role/portico/")
	require.ErrorContains(t, err, "is not authorized to perform: ec2:CreateTags on resource: arn:aws:ec2:us-east-1:"+providerAccount+":vpc/* because no identity-based policy allows")
	var made []string
	for _, call := range simulator.Calls() {
		require.Equal(t, providerAccount, call.Account)
		require.True(t, strings.HasPrefix(call.Caller, "arn:aws:sts::"+providerAccount))
		made = append(made, call.Action)
	}
	require.Equal(t, []string{"ec2:CreateVpc", "ec2:ModifyVpcAttribute", "ec2:DescribeVpcs", "ec2:CreateTags"}, made)
	require.Equal(t, made, heard)
}

// existingVPC is a network that an owner made long ago, with an endpoint whose
// private DNS is on.
func existingVPC() []awssim.Existing {
	at := func(typ, id string, p awssim.Object) awssim.Existing {
		return awssim.Existing{Account: sharedAccount, Region: "us-east-1", Type: typ, ID: id, Properties: p}
	}
	return []awssim.Existing{
		at(vpcType, "vpc-0theirs", awssim.Object{"cidrBlock": "10.7.0.0/16", "enableDnsHostnames": true}),
		at(subnetType, "subnet-0a", awssim.Object{"vpcId": "vpc-0theirs", "cidrBlock": "10.7.0.0/24", "availabilityZone": "us-east-1a"}),
		at(subnetType, "subnet-0b", awssim.Object{"vpcId": "vpc-0theirs", "cidrBlock": "10.7.1.0/24", "availabilityZone": "us-east-1b"}),
		at(endpointType, "vpce-0logs", awssim.Object{"vpcId": "vpc-0theirs", "serviceName": "com.amazonaws.us-east-1.logs", "vpcEndpointType": "Interface",
			"subnetIds": []any{"subnet-0a", "subnet-0b"}, "privateDnsEnabled": true}),
	}
}

func TestExistingNetworksAreFoundAndInTheWay(t *testing.T) {
	setup := testSetup()
	setup.Existing = existingVPC()
	simulator, err := awssim.New(setup)
	require.NoError(t, err)
	c := newClient(t, simulator, sharedAccount)
	subnet, err := c.invoke("aws:ec2/getSubnet:getSubnet", properties{"id": "subnet-0a"})
	require.NoError(t, err)
	require.Equal(t, "us-east-1a", subnet["availabilityZone"])
	require.EqualValues(t, 256-5-1, subnet["availableIpAddressCount"], "the endpoint has one")
	_, err = c.tryCreate(endpointType, "logs", properties{"vpcId": "vpc-0theirs", "serviceName": "com.amazonaws.us-east-1.logs", "vpcEndpointType": "Interface",
		"subnetIds": []string{"subnet-0a"}, "privateDnsEnabled": true})
	require.ErrorContains(t, err, "conflicting DNS domain for com.amazonaws.us-east-1.logs in the VPC vpc-0theirs: endpoint vpce-0logs")
	require.ErrorContains(t, c.delete(vpcType, "theirs", resourceOf{id: "vpc-0theirs"}), "DependencyViolation")
}

// TestThousandRecordsTakeNoTime guards against rules that look at everything
// for each resource: a stack of 50 domains must not wait for the simulator.
func TestThousandRecordsTakeNoTime(t *testing.T) {
	simulator, err := awssim.Open(t.TempDir(), dnsSetup())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, simulator.Close()) })
	c := newClient(t, simulator, sharedAccount)
	began := time.Now()
	for i := range 1000 {
		c.create(recordType, fmt.Sprint(i), properties{"zoneId": "ZPUBLIC", "name": fmt.Sprint("r", i), "type": "A", "ttl": 60, "records": []string{"10.0.0.1"}})
	}
	require.Less(t, time.Since(began), 20*time.Second)
}

func TestASetupIsHeldToWhatIsSimulated(t *testing.T) {
	setup := testSetup()
	setup.Home.Account = "1111"
	setup.Quotas = map[string]int{"VPCs": 3}
	_, err := awssim.New(setup)
	require.ErrorContains(t, err, `account ID "1111" has not 12 digits`)
	require.ErrorContains(t, err, `no quota "VPCs" is simulated; there are `)
}

func TestOwnersHadTheirQuotasRaised(t *testing.T) {
	setup := testSetup()
	setup.Quotas = map[string]int{"VPCs per Region": 1}
	for i := range 3 {
		setup.Existing = append(setup.Existing, awssim.Existing{Account: sharedAccount, Region: "us-east-1", Type: vpcType,
			ID: fmt.Sprint("vpc-", i), Properties: awssim.Object{"cidrBlock": "10.0.0.0/16"}})
	}
	simulator, err := awssim.New(setup)
	require.NoError(t, err)
	_, err = newClient(t, simulator, sharedAccount).tryCreate(vpcType, "v", properties{"cidrBlock": "10.0.0.0/16"})
	require.ErrorContains(t, err, "VpcLimitExceeded")
}
