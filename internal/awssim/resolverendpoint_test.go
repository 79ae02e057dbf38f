package awssim

import (
	"maps"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// inboundOf creates a VPC with two subnets and a group, and the inputs of an inbound
// endpoint in them.
func inboundOf(l *lab) (engine.Object, *engine.Resource) {
	vpc := l.must(view.VPCType, "vpc", engine.Object{"cidrBlock": "10.0.0.0/16"})
	var addresses []any
	for i, cidr := range []string{"10.0.0.0/24", "10.0.1.0/24"} {
		subnet := l.must(view.SubnetType, "subnet"+cidr, engine.Object{"vpcId": vpc.ID, "cidrBlock": cidr, "availabilityZone": testRegion + string("ab"[i])})
		addresses = append(addresses, map[string]any{"subnetId": subnet.ID})
	}
	group := l.must(view.SecurityGroupType, "dns", engine.Object{"vpcId": vpc.ID})
	return engine.Object{"direction": "INBOUND", "ipAddresses": addresses, "securityGroupIds": engine.List(group.ID)}, group
}

func ipsOf(r *engine.Resource) []string {
	var ips []string
	for _, address := range r.Properties.Objects("ipAddresses") {
		ips = append(ips, address.Text("ip"))
	}
	slices.Sort(ips)
	return ips
}

// TestAnInboundEndpointIsHeldToRoute53Resolver: what its creation is refused with.
func TestAnInboundEndpointIsHeldToRoute53Resolver(t *testing.T) {
	at := func(i int, ip string) func(*lab, engine.Object) {
		return func(_ *lab, inputs engine.Object) { inputs["ipAddresses"].([]any)[i].(map[string]any)["ip"] = ip }
	}
	for sentence, test := range map[string]struct {
		change func(l *lab, inputs engine.Object)
		want   string
	}{
		"an outbound one":              {func(_ *lab, o engine.Object) { o["direction"] = "OUTBOUND" }, "is not one of INBOUND"},
		"one address":                  {func(_ *lab, o engine.Object) { o["ipAddresses"] = o["ipAddresses"].([]any)[:1] }, "has 1 elements; AWS takes 2 to 10"},
		"no security group":            {func(_ *lab, o engine.Object) { o["securityGroupIds"] = []any{} }, "is required"},
		"an address of another subnet": {at(0, "10.0.1.9"), "does not fall within the subnet's address range"},
		"an address that AWS keeps":    {at(0, "10.0.0.2"), "reserved"},
		"a text that is no address":    {at(0, "10.0.0.300"), "IPv4 field has value >255"},
		"a name of digits":             {func(_ *lab, o engine.Object) { o["name"] = "12345" }, "digits alone"},
		"a subnet that isn't there": {func(_ *lab, o engine.Object) {
			o["ipAddresses"].([]any)[0] = map[string]any{"subnetId": "subnet-0123456789abcdef0"}
		}, "InvalidParameterException"},
		"a group of another VPC": {func(l *lab, o engine.Object) {
			other := l.must(view.VPCType, "other", engine.Object{"cidrBlock": "10.9.0.0/16"})
			o["securityGroupIds"] = engine.List(l.must(view.SecurityGroupType, "other", engine.Object{"vpcId": other.ID}).ID)
		}, "InvalidRequestException"},
		"a subnet of another VPC": {func(l *lab, o engine.Object) {
			other := l.must(view.VPCType, "other", engine.Object{"cidrBlock": "10.9.0.0/16"})
			o["ipAddresses"].([]any)[1] = map[string]any{"subnetId": l.must(view.SubnetType, "other", engine.Object{"vpcId": other.ID, "cidrBlock": "10.9.0.0/24"}).ID}
		}, "InvalidRequestException"},
		"an address that is taken": {func(l *lab, o engine.Object) {
			taken := maps.Clone(o)
			taken["ipAddresses"] = []any{map[string]any{"subnetId": o.Objects("ipAddresses")[0].Text("subnetId"), "ip": "10.0.0.77"}, o["ipAddresses"].([]any)[1]}
			l.must(view.ResolverEndpointType, "first", taken)
			o["ipAddresses"].([]any)[0].(map[string]any)["ip"] = "10.0.0.77"
		}, "in use"},
		"a fifth of the region": {func(l *lab, o engine.Object) {
			for _, name := range []string{"one", "two", "three", "four"} {
				l.must(view.ResolverEndpointType, name, o.Clone())
			}
		}, "LimitExceededException"},
	} {
		t.Run(sentence, func(t *testing.T) {
			l := newLab(t, &Setup{})
			inputs, _ := inboundOf(l)
			test.change(l, inputs)
			_, err := l.create(view.ResolverEndpointType, "refused", inputs)
			require.ErrorContains(t, err, test.want)
		})
	}
}

// TestAnInboundEndpointKeepsTheAddressesThatItHas in updates: it gets further ones before it
// loses others, and no address that another keeps.
func TestAnInboundEndpointKeepsTheAddressesThatItHas(t *testing.T) {
	l := newLab(t, &Setup{})
	inputs, group := inboundOf(l)
	endpoint := l.must(view.ResolverEndpointType, "inbound", inputs)
	first := ipsOf(endpoint)
	require.Len(t, first, 2)
	subnets := endpoint.Properties.Objects("ipAddresses")

	tagged, err := l.update(endpoint, engine.Object{"tags": map[string]any{"owner": "dns"}})
	require.NoError(t, err)
	require.Equal(t, first, ipsOf(tagged))

	chosen := []any{subnets[0], map[string]any{"subnetId": subnets[1].Text("subnetId"), "ip": "10.0.1.77"}}
	moved, err := l.update(tagged, engine.Object{"ipAddresses": chosen})
	require.NoError(t, err)
	require.Equal(t, []string{first[0], "10.0.1.77"}, ipsOf(moved))
	require.Len(t, l.Resources(engine.Filter{Type: view.NetworkInterfaceType}), 2)

	var many []any
	for _, ip := range []string{"10.0.0.71", "10.0.0.72", "10.0.0.73", "10.0.0.74", "10.0.0.75"} {
		many = append(many, map[string]any{"subnetId": subnets[0].Text("subnetId"), "ip": ip})
	}
	_, err = l.update(moved, engine.Object{"ipAddresses": many})
	require.ErrorContains(t, err, "7 exceed the quota of 6", "the two that go are there until the others are")

	require.ErrorContains(t, l.delete(group), "DependencyViolation")
	require.NoError(t, l.delete(moved))
	require.Empty(t, l.Resources(engine.Filter{Type: view.NetworkInterfaceType}))
	require.NoError(t, l.delete(group))
}

// TestAnInboundEndpointAnswersWhomItsGroupAdmitsByBothProtocols has a DNS server ask.
func TestAnInboundEndpointAnswersWhomItsGroupAdmitsByBothProtocols(t *testing.T) {
	l := newLab(t, &Setup{})
	inputs, group := inboundOf(l)
	endpoint := l.must(view.ResolverEndpointType, "inbound", inputs)
	server, to := netip.MustParseAddr("10.100.0.10"), netip.MustParseAddr(ipsOf(endpoint)[0])
	ask := func(to netip.Addr) (string, error) { return l.AskedVPC(testAccount, testRegion, server, to) }
	_, err := ask(to)
	require.ErrorContains(t, err, "to udp port 53")
	for i, protocol := range []string{"udp", "tcp"} {
		l.must(view.IngressRuleType, protocol, engine.Object{"securityGroupId": group.ID, "cidrIpv4": "10.100.0.0/24", "ipProtocol": protocol, "fromPort": 53.0, "toPort": 53.0})
		if vpc, err := ask(to); i == 1 {
			require.NoError(t, err)
			require.Equal(t, endpoint.Properties["hostVpcId"], vpc)
		} else {
			require.ErrorContains(t, err, "to tcp port 53")
		}
	}
	_, err = ask(netip.MustParseAddr("10.0.0.200"))
	require.ErrorContains(t, err, "no inbound endpoint has the address")
}
