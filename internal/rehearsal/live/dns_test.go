package live

import (
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/require"
)

func TestResolver(t *testing.T) {
	lb := netip.MustParseAddr("10.0.0.5")
	resolver := NewResolver([]Zone{
		{Name: "example.com", Records: []Record{
			{Name: "*.example.com", Type: "A", AliasTarget: "lb.aws"},
			{Name: "deep.leaf.example.com", Type: "TXT", TTL: 30, Values: []string{`"here"`}},
			{Name: "cname.example.com", Type: "CNAME", TTL: 60, Values: []string{"fixed.example.com"}},
			{Name: "fixed.example.com", Type: "A", TTL: 300, Values: []string{"10.0.0.9"}},
		}},
		{Name: "narrow.example.com", Records: []Record{
			{Name: "only.narrow.example.com", Type: "A", AliasTarget: "lb.aws"},
		}},
	}, map[string][]netip.Addr{"lb.aws": {lb}})
	server, err := startDNS(resolver)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.close()) })

	for sentence, c := range map[string]struct {
		name      string
		kind      uint16
		rcode     int
		addresses []string
	}{
		"an alias answers with the load balancer's addresses":         {"api.example.com.", dns.TypeA, dns.RcodeSuccess, []string{"10.0.0.5"}},
		"names are compared without case":                             {"API.Example.COM.", dns.TypeA, dns.RcodeSuccess, []string{"10.0.0.5"}},
		"a wildcard covers several labels":                            {"a.b.example.com.", dns.TypeA, dns.RcodeSuccess, []string{"10.0.0.5"}},
		"a wildcard does not cover its zone's name":                   {"example.com.", dns.TypeA, dns.RcodeSuccess, nil},
		"a wildcard does not cover a name with records of other type": {"deep.leaf.example.com.", dns.TypeA, dns.RcodeSuccess, nil},
		"a wildcard does not cover a name between":                    {"leaf.example.com.", dns.TypeA, dns.RcodeSuccess, nil},
		"a wildcard does not cover names below an existing one":       {"x.leaf.example.com.", dns.TypeA, dns.RcodeNameError, nil},
		"an alias has no other type":                                  {"api.example.com.", dns.TypeAAAA, dns.RcodeSuccess, nil},
		"a CNAME is followed":                                         {"cname.example.com.", dns.TypeA, dns.RcodeSuccess, []string{"10.0.0.9"}},
		"the most specific zone answers":                              {"only.narrow.example.com.", dns.TypeA, dns.RcodeSuccess, []string{"10.0.0.5"}},
		"the most specific zone hides the wider one's wildcard":       {"other.narrow.example.com.", dns.TypeA, dns.RcodeNameError, nil},
		"a public name needs no zone":                                 {"lb.aws.", dns.TypeA, dns.RcodeSuccess, []string{"10.0.0.5"}},
		"a name of no zone doesn't exist":                             {"example.org.", dns.TypeA, dns.RcodeNameError, nil},
	} {
		for _, network := range []string{"udp", "tcp"} {
			t.Run(sentence+" over "+network, func(t *testing.T) {
				reply, _, err := (&dns.Client{Net: network}).Exchange(new(dns.Msg).SetQuestion(c.name, c.kind), server.address)
				require.NoError(t, err)
				require.Equal(t, dns.RcodeToString[c.rcode], dns.RcodeToString[reply.Rcode])
				var addresses []string
				for _, rr := range reply.Answer {
					if a, ok := rr.(*dns.A); ok {
						addresses = append(addresses, a.A.String())
					}
				}
				require.Equal(t, c.addresses, addresses)
			})
		}
	}
}

// TestAnEmptyZoneHidesNamesAndTheAnswerIsKept has a zone come into being below another
// one that answers for the name, and get its record too late.
func TestAnEmptyZoneHidesNamesAndTheAnswerIsKept(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	negative := newNegativeAnswers(func() time.Time { return now })
	wide := Zone{Name: "example.com", VPCIDs: []string{"vpc-1", "vpc-2"}, Records: []Record{{Name: "*.example.com", Type: "A", AliasTarget: "lb.aws"}}}
	narrow := Zone{Name: "a.example.com", VPCIDs: []string{"vpc-1", "vpc-2"}}
	ask := func(vpcID, name string, zones ...Zone) string {
		environment := &Environment{VPCID: "vpc-1", Zones: zones, PublicNames: map[string][]netip.Addr{"lb.aws": {netip.MustParseAddr("10.0.0.5")}}}
		reply := newResolvers(environment, negative).of(vpcID).reply(new(dns.Msg).SetQuestion(name, dns.TypeA))
		if len(reply.Answer) > 0 {
			return "found"
		}
		return dns.RcodeToString[reply.Rcode]
	}
	require.Equal(t, "found", ask("vpc-1", "a.example.com.", wide))
	require.Equal(t, "NOERROR", ask("vpc-1", "a.example.com.", wide, narrow), "the zone's own name, without a record")
	require.Equal(t, "NXDOMAIN", ask("vpc-1", "x.a.example.com.", wide, narrow))

	narrow.Records = []Record{{Name: "a.example.com", Type: "A", AliasTarget: "lb.aws"}, {Name: "*.a.example.com", Type: "A", AliasTarget: "lb.aws"}}
	now = now.Add(899 * time.Second)
	require.Equal(t, "NOERROR", ask("vpc-1", "A.example.com.", wide, narrow))
	require.Equal(t, "NXDOMAIN", ask("vpc-1", "x.a.example.com.", wide, narrow))
	require.Equal(t, "found", ask("vpc-1", "y.a.example.com.", wide, narrow), "no client has asked for it before")
	require.Equal(t, "found", ask("vpc-2", "a.example.com.", wide, narrow), "nor in this VPC")
	now = now.Add(time.Second)
	require.Equal(t, "found", ask("vpc-1", "a.example.com.", wide, narrow))
	require.Equal(t, "found", ask("vpc-1", "x.a.example.com.", wide, narrow))
}
