package rehearsal

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/mapping"
)

// smallMapping has two APIs of one account.
const smallMapping = `
APIS:
  - {CUSTOM_DOMAIN_URL: a.private.example.com, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev", VERBS: [GET, POST], ACCOUNT: "222222222222"}
  - {CUSTOM_DOMAIN_URL: b.private.example.com/base, PRIVATE_API_URL: "https://bbbbbbbbbb.execute-api.us-east-1.amazonaws.com/v1/deep", VERBS: [GET], ACCOUNT: "222222222222"}
`

// strictRow is a row of an API in STRICT mode.
const strictRow = `  - {CUSTOM_DOMAIN_URL: strict.private.example.com, PRIVATE_API_URL: "https://cccccccccc.execute-api.us-east-1.amazonaws.com/prod", VERBS: [GET], ACCOUNT: "222222222222", ENDPOINT_ACCESS_MODE: STRICT}
`

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// probesOf are a report's probes by name.
func probesOf(report *Report) map[string][]Probe {
	found := make(map[string][]Probe)
	for _, probe := range report.Probes {
		found[probe.Name] = append(found[probe.Name], probe)
	}
	return found
}

// TestANetworkLoadBalancerServesToo has an API in STRICT mode beside others.
func TestANetworkLoadBalancerServesToo(t *testing.T) {
	report := rehearseQuickly(t, Options{
		Mapping: writeFile(t, "mapping.yaml", smallMapping+strictRow),
		Config:  map[string]any{"portico:loadBalancer": map[string]any{"type": "NLB"}},
	})
	requireOK(t, report)
	require.True(t, slices.ContainsFunc(report.Probes, func(probe Probe) bool {
		return probe.Name == "allowed verb" && strings.HasPrefix(probe.URL, "https://strict.private.example.com")
	}))
}

// TestAnAPIWhoseModeTheMappingDoesNotKnowIsNoticed has an owner set STRICT.
func TestAnAPIWhoseModeTheMappingDoesNotKnowIsNoticed(t *testing.T) {
	slowly(t)
	known := writeFile(t, "mapping.yaml", smallMapping+strictRow)
	m, err := mapping.Load(known)
	require.NoError(t, err)
	setup, err := initialState{mapping: m, shared: sharedAccount, region: "us-east-1"}.setup()
	require.NoError(t, err)
	described, err := json.Marshal(setup)
	require.NoError(t, err)
	report := rehearseQuickly(t, Options{
		Mapping: writeFile(t, "mapping.yaml", strings.ReplaceAll(smallMapping+strictRow, ", ENDPOINT_ACCESS_MODE: STRICT", "")),
		Setup:   writeFile(t, "setup.json", string(described)),
	})
	require.False(t, report.OK)
	for _, probe := range probesOf(report)["allowed verb"] {
		require.Equal(t, !strings.HasPrefix(probe.URL, "https://strict."), probe.OK, probe)
	}
}

// Regions opened lately, and partitions with another DNS suffix.
func TestEveryRegionThatValidatesRehearses(t *testing.T) {
	for region, suffix := range map[string]string{"mx-central-1": "amazonaws.com", "eusc-de-east-1": "amazonaws.eu", "us-isof-south-1": "csp.hci.ic.gov"} {
		t.Run(region, func(t *testing.T) {
			if region != "eusc-de-east-1" { // the one whose partition has suffixes of its own
				slowly(t)
			}
			elsewhere := strings.ReplaceAll(smallMapping, "us-east-1.amazonaws.com", region+"."+suffix)
			report := rehearseQuickly(t, Options{Mapping: writeFile(t, "mapping.yaml", elsewhere)})
			requireOK(t, report)
			require.NotEmpty(t, probesOf(report)["allowed verb"])
		})
	}
}

// TestTheProbesNoticeWhatOwnersDeploy brings an environment up once, and probes
// copies of its accounts in which an API's owner has changed a policy.
func TestTheProbesNoticeWhatOwnersDeploy(t *testing.T) {
	o := Options{Mapping: writeFile(t, "mapping.yaml", smallMapping), StateDir: t.TempDir()}
	requireOK(t, rehearseQuickly(t, o))
	t.Run("one policy that admits every caller; another's is only saved, which has no effect", func(t *testing.T) {
		var methods []string
		for _, probe := range failed(probed(t, o, func(s *awssim.Simulator) error {
			if err := allowEveryCaller(s, "aaaaaaaaaa", "dev"); err != nil {
				return err
			}
			owner, err := s.OwnerOf("us-east-1", "bbbbbbbbbb")
			if err != nil {
				return err
			}
			return owner.SavePolicy(openPolicy)
		})) {
			require.Equal(t, "forbidden verb at the endpoint", probe.Name)
			require.Contains(t, probe.URL, "/dev/")
			require.Equal(t, "200 OK", probe.Got)
			methods = append(methods, probe.Method)
		}
		require.Equal(t, []string{"PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"}, methods, "each that the row doesn't have")
	})
	t.Run("a denial of POST on a row of GET and POST: the probe says whose statement it is", func(t *testing.T) {
		wrong := failed(probed(t, o, denyPosts))
		require.Len(t, wrong, 1)
		require.Equal(t, "allowed verb", wrong[0].Name)
		require.Equal(t, "POST", wrong[0].Method)
		require.Equal(t, "403 Forbidden", wrong[0].Got)
		require.Equal(t, "the API's resource policy denies it by the owner's NoPosts", wrong[0].Detail)
	})
}

// denyPosts adds a statement of the owner's to the policy of the first API.
func denyPosts(simulator *awssim.Simulator) error {
	var policy map[string]any
	if err := json.Unmarshal([]byte(simulator.RESTAPIs("us-east-1")["aaaaaaaaaa"].SavedPolicy), &policy); err != nil {
		return err
	}
	policy["Statement"] = append(policy["Statement"].([]any), map[string]any{
		"Sid": "NoPosts", "Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/dev/POST/*",
	})
	text, err := json.Marshal(policy)
	if err != nil {
		return err
	}
	owner, err := simulator.OwnerOf("us-east-1", "aaaaaaaaaa")
	if err != nil {
		return err
	}
	if err := owner.SavePolicy(string(text)); err != nil {
		return err
	}
	return owner.Deploy("dev")
}

// failed are the probes of a report that did not get what they want.
func failed(report *Report) []Probe {
	return slices.DeleteFunc(slices.Clone(report.Probes), func(probe Probe) bool { return probe.OK })
}

const (
	existingVPC  = "vpc-0123456789abcdef0"
	otherGateway = "vpce-0fedcba9876543210"
	wrongGroup   = "sg-0123456789abcdef0"
)

// existingSetup is the initial state that a mapping needs, and in the shared
// account a VPC with two subnets, an execute-api endpoint of another owner that
// the whole VPC may use, and a load balancer's security group that lets out
// port 80 only.
func existingSetup(t *testing.T, document string) string {
	t.Helper()
	initial := initialState{mapping: parse(t, document), shared: sharedAccount, region: "us-east-1"}
	w, err := initial.setup()
	require.NoError(t, err)
	add := func(token, id string, properties awssim.Object) {
		w.Existing = append(w.Existing, awssim.Existing{
			Account: string(sharedAccount), Region: "us-east-1", Type: token, ID: id, Properties: properties,
		})
	}
	add("aws:ec2/vpc:Vpc", existingVPC, awssim.Object{"cidrBlock": "10.9.0.0/16", "enableDnsSupport": true, "enableDnsHostnames": true})
	add("aws:ec2/subnet:Subnet", "subnet-0aaaaaaaaaaaaaaaa", awssim.Object{"vpcId": existingVPC, "cidrBlock": "10.9.1.0/24", "availabilityZone": "us-east-1a"})
	add("aws:ec2/subnet:Subnet", "subnet-0bbbbbbbbbbbbbbbb", awssim.Object{"vpcId": existingVPC, "cidrBlock": "10.9.2.0/24", "availabilityZone": "us-east-1b"})
	add("aws:ec2/securityGroup:SecurityGroup", "sg-0aaaaaaaaaaaaaaaa", awssim.Object{"vpcId": existingVPC, "name": "allow-vpc"})
	add("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "sgr-0aaaaaaaaaaaaaaaa", awssim.Object{
		"securityGroupId": "sg-0aaaaaaaaaaaaaaaa", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "10.9.0.0/16",
	})
	add("aws:ec2/vpcEndpoint:VpcEndpoint", otherGateway, awssim.Object{
		"vpcId": existingVPC, "serviceName": "com.amazonaws.us-east-1.execute-api", "vpcEndpointType": "Interface",
		"subnetIds": []any{"subnet-0aaaaaaaaaaaaaaaa"}, "securityGroupIds": []any{"sg-0aaaaaaaaaaaaaaaa"},
	})
	add("aws:ec2/securityGroup:SecurityGroup", wrongGroup, awssim.Object{"vpcId": existingVPC, "name": "load-balancer"})
	add("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "sgr-0bbbbbbbbbbbbbbbb", awssim.Object{
		"securityGroupId": wrongGroup, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "10.9.0.0/16",
	})
	add("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "sgr-0cccccccccccccccc", awssim.Object{
		"securityGroupId": wrongGroup, "ipProtocol": "tcp", "fromPort": 80, "toPort": 80, "cidrIpv4": "0.0.0.0/0",
	})
	data, err := json.Marshal(w)
	require.NoError(t, err)
	return writeFile(t, "setup.json", string(data))
}

func existingNetwork() map[string]any {
	return map[string]any{"portico:network": map[string]any{
		"create": false, "vpcId": existingVPC, "subnetIds": []string{"subnet-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb"},
	}}
}

// TestD25_AnotherEndpointOfTheVPCIsNotMistakenForOurs deploys into a VPC whose
// first execute-api endpoint has another owner.
func TestD25_AnotherEndpointOfTheVPCIsNotMistakenForOurs(t *testing.T) {
	report := rehearseQuickly(t, Options{
		Mapping: writeFile(t, "mapping.yaml", smallMapping),
		Setup:   existingSetup(t, smallMapping),
		Config:  existingNetwork(),
	})
	requireOK(t, report)
	probes := probesOf(report)
	require.Len(t, probes["caller at another endpoint"], 2)
	// A caller that bypasses the proxy (D32) is stopped before the policy is
	// evaluated.
	require.Len(t, probes["caller round the proxy"], 2)
	for _, probe := range probes["caller round the proxy"] {
		require.NotContains(t, probe.URL, otherGateway)
		require.Equal(t, "no connection", probe.Got)
	}
}

// TestD05_ALoadBalancerThatReachesNoTargetIsNoticed gives the load balancer a
// security group that lets out port 80 while the targets listen on another.
func TestD05_ALoadBalancerThatReachesNoTargetIsNoticed(t *testing.T) {
	config := existingNetwork()
	config["portico:securityGroups"] = map[string]any{"loadBalancerId": wrongGroup}
	report := rehearse(t, Options{
		Mapping: writeFile(t, "mapping.yaml", smallMapping),
		Setup:   existingSetup(t, smallMapping),
		Config:  config,
	})
	require.False(t, report.OK)
	var reasons []string
	for _, stack := range report.Stacks {
		reasons = append(reasons, stack.Error)
	}
	for _, probe := range report.Probes {
		if !probe.OK {
			reasons = append(reasons, probe.Detail)
		}
	}
	require.Contains(t, strings.Join(reasons, "\n"), wrongGroup)
}
