package rehearsal

import (
	"maps"
	"net/netip"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/internal/awssim"
)

// inboundConfig has corporate DNS servers ask at some addresses; none: AWS chooses.
func inboundConfig(addresses ...string) map[string]any {
	inbound := map[string]any{"allowedCidrs": []string{"10.100.0.0/24"}}
	if len(addresses) > 0 {
		inbound["addresses"] = addresses
	}
	return map[string]any{"portico:dns": map[string]any{"resolverInbound": inbound}}
}

// inboundAddresses are the output of the shared stack.
func (p *inProcess) inboundAddresses(t *testing.T) (addresses []string) {
	t.Helper()
	outputs := p.stacks["organization/"+sharedProject+"/"+p.environment].outputs
	for _, address := range outputs[resource.PropertyKey("resolverInboundAddresses")].ArrayValue() {
		addresses = append(addresses, address.StringValue())
	}
	return addresses
}

// takenAddress is that of the other endpoint of existingSetup, the first of its subnet.
const takenAddress = "10.9.1.4"

// configure writes the shared stack's settings anew.
func (p *inProcess) configure(t *testing.T, config map[string]any) {
	t.Helper()
	initial := initialState{mapping: parse(t, smallMapping), shared: sharedAccount, region: "us-east-1"}
	require.NoError(t, project{dir: p.dir, environment: p.environment}.write(initial, []byte(smallMapping), config, nil))
}

// TestDNSServersOutsideAskTheVPCsResolver: those of the named ranges, at the addresses of
// the output, by UDP and TCP; nobody else. The VPC whose resolver answers is the one with
// which the private zones are associated.
func TestDNSServersOutsideAskTheVPCsResolver(t *testing.T) {
	for name, config := range map[string]map[string]any{"AWS's choice": inboundConfig(), "chosen": inboundConfig("10.0.0.20", "10.0.32.20")} {
		t.Run(name, func(t *testing.T) {
			run := begin(t, Options{Mapping: writeFile(t, "small.yaml", smallMapping), Config: config}, nil)
			run.bringUp(t)
			addresses := run.inboundAddresses(t)
			require.Len(t, addresses, 2)
			if name == "chosen" {
				require.Equal(t, []string{"10.0.0.20", "10.0.32.20"}, addresses)
			}
			zones := run.simulator.Resources(awssim.Filter{Type: "aws:route53/zone:Zone", Account: string(sharedAccount)})
			for _, address := range addresses {
				vpc, err := run.simulator.AskedVPC(string(sharedAccount), "us-east-1", netip.MustParseAddr("10.100.0.53"), netip.MustParseAddr(address))
				require.NoError(t, err)
				private := 0
				for _, zone := range zones {
					for _, associated := range zone.Properties.Objects("vpcs") {
						require.Equal(t, vpc, associated.Text("vpcId"))
						private++
					}
				}
				require.Positive(t, private)
				for _, other := range []string{"10.100.1.53", "10.0.0.99"} {
					_, err = run.simulator.AskedVPC(string(sharedAccount), "us-east-1", netip.MustParseAddr(other), netip.MustParseAddr(address))
					require.ErrorContains(t, err, "don't admit "+other)
				}
			}
		})
	}
}

// TestChosenInboundAddressesAreCheckedBeforeAnythingIsMade: in a VPC that is new, and in one
// that exists.
func TestChosenInboundAddressesAreCheckedBeforeAnythingIsMade(t *testing.T) {
	for name, test := range map[string]struct {
		config   map[string]any
		existing bool
		want     []string
	}{
		"a public subnet's, another's subnet, one that AWS keeps": {inboundConfig("10.0.128.20", "10.0.0.20", "10.0.0.21", "10.0.32.3"), false, []string{
			"portico:dns.resolverInbound.addresses[0]: 10.0.128.20 is in none of the subnets that the environment uses: write an address of one of 10.0.0.0/19, 10.0.32.0/19",
			"addresses[2]: 10.0.0.21 is in 10.0.0.0/19 as another is",
			"addresses[3]: 10.0.32.3 is one of the first four or the last of 10.0.32.0/19",
		}},
		"one that AWS keeps, and the execute-api endpoint's": {inboundConfig("10.0.0.3", "10.0.32.16"), false, []string{
			"10.0.0.3 is one of the first four or the last of 10.0.0.0/19", "10.0.32.16 is the one of an execute-api endpoint",
		}},
		"one that is taken": {func() map[string]any {
			config := existingNetwork()
			maps.Copy(config, inboundConfig(takenAddress, "10.9.2.20"))
			return config
		}(), true, []string{"use address " + takenAddress + " of account 111111111111 for the inbound endpoint of Route 53 Resolver: network interface eni-", "has it", "write another address of the subnet (portico:dns.resolverInbound.addresses)"}},
	} {
		t.Run(name, func(t *testing.T) {
			options := Options{Mapping: writeFile(t, "small.yaml", smallMapping), Config: test.config}
			if test.existing {
				options.Setup = existingSetup(t, smallMapping)
			}
			run := begin(t, options, nil)
			_, err := run.try(t, sharedProject, run.environment, run.dir, accounts.SharedIn(run.dir))
			for _, want := range test.want {
				require.ErrorContains(t, err, want)
			}
			require.Empty(t, run.simulator.Resources(awssim.Filter{Type: "aws:lb/loadBalancer:LoadBalancer"}))
		})
	}
}

// TestOtherInboundAddressesComeInPlace: the endpoint stays, and so does the other address.
func TestOtherInboundAddressesComeInPlace(t *testing.T) {
	run := begin(t, Options{Mapping: writeFile(t, "small.yaml", smallMapping), Config: inboundConfig("10.0.0.20", "10.0.32.20")}, nil)
	run.bringUp(t)
	endpoint := func() awssim.Resource {
		all := run.simulator.Resources(awssim.Filter{Type: "aws:route53/resolverEndpoint:ResolverEndpoint"})
		require.Len(t, all, 1)
		return all[0]
	}
	before := endpoint()
	run.configure(t, inboundConfig("10.0.0.20", "10.0.32.21"))
	run.bringUp(t)
	require.Equal(t, before.ID, endpoint().ID)
	require.Equal(t, []string{"10.0.0.20", "10.0.32.21"}, run.inboundAddresses(t))
	run.configure(t, map[string]any{})
	run.bringUp(t)
	require.Empty(t, run.simulator.Resources(awssim.Filter{Type: "aws:route53/resolverEndpoint:ResolverEndpoint"}))
}
