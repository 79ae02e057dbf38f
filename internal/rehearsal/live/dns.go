package live

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/miekg/dns"
)

// aliasTTL is the time to live, in seconds, with which Route 53 answers for an
// alias record to a load balancer.
const aliasTTL = 60

// aliasDepth bounds chains of alias records.
const aliasDepth = 8

// Resolver answers as the VPC's resolver does: from the most specific private
// hosted zone whose name the question ends with, and from public names where
// no zone does. A name that the zone lacks is not asked for elsewhere.
type Resolver struct {
	zones  map[string]*zoneIndex
	public map[string][]netip.Addr
	// negative keeps answers without records of the resolver of vpcID; nil: none.
	negative *negativeAnswers
	vpcID    string
}

// zoneIndex finds a zone's records by name.
type zoneIndex struct {
	name    string
	records map[string][]Record
	// names are all that exist: owners of records, and every name between
	// them and the zone's (RFC 4592, section 2.2.2).
	names map[string]bool
}

// NewResolver makes a resolver over private hosted zones and public names.
func NewResolver(zones []Zone, public map[string][]netip.Addr) *Resolver {
	r := &Resolver{zones: make(map[string]*zoneIndex, len(zones)), public: public}
	for _, zone := range zones {
		// Route 53 refuses a second zone of the same name for a VPC; should
		// there be one, its records count too rather than vanish.
		index, ok := r.zones[zone.Name]
		if !ok {
			index = &zoneIndex{name: zone.Name, records: make(map[string][]Record), names: map[string]bool{zone.Name: true}}
			r.zones[zone.Name] = index
		}
		for _, record := range zone.Records {
			index.add(record)
		}
	}
	return r
}

func (z *zoneIndex) add(record Record) {
	z.records[record.Name] = append(z.records[record.Name], record)
	for name := record.Name; name != z.name && !z.names[name]; {
		z.names[name] = true
		_, parent, ok := strings.Cut(name, ".")
		if !ok {
			return
		}
		name = parent
	}
}

// find returns the records of a name, those of the covering wildcard where the
// name doesn't exist (RFC 4592), and whether the name exists or is covered.
func (z *zoneIndex) find(name string) ([]Record, bool) {
	if z.names[name] {
		return z.records[name], true
	}
	wildcard := "*." + z.closestEncloser(name)
	return z.records[wildcard], z.names[wildcard]
}

// closestEncloser is the longest existing ancestor of a name in the zone.
func (z *zoneIndex) closestEncloser(name string) string {
	for name != z.name && !z.names[name] {
		_, parent, ok := strings.Cut(name, ".")
		if !ok {
			return z.name
		}
		name = parent
	}
	return name
}

// zoneOf is the most specific zone that answers for a name; nil: none does.
func (r *Resolver) zoneOf(name string) *zoneIndex {
	for {
		if zone, ok := r.zones[name]; ok {
			return zone
		}
		_, parent, ok := strings.Cut(name, ".")
		if !ok {
			return nil
		}
		name = parent
	}
}

// addresses resolves a name to IPv4 addresses, following alias and CNAME
// records.
func (r *Resolver) addresses(name string, depth int) []netip.Addr {
	if depth == 0 {
		return nil
	}
	zone := r.zoneOf(name)
	if zone == nil {
		return r.public[name]
	}
	var found []netip.Addr
	records, _ := zone.find(name)
	for _, record := range records {
		switch {
		case record.Type == "A" && record.AliasTarget != "":
			found = append(found, r.addresses(record.AliasTarget, depth-1)...)
		case record.Type == "A":
			for _, value := range record.Values {
				if addr, err := netip.ParseAddr(value); err == nil {
					found = append(found, addr)
				}
			}
		case record.Type == "CNAME":
			for _, value := range record.Values {
				found = append(found, r.addresses(canonicalName(value), depth-1)...)
			}
		}
	}
	return found
}

// resolvers are those of every VPC as the environment describes them.
type resolvers struct {
	// own is that of the environment's VPC.
	own    *Resolver
	others map[string]*Resolver
	public map[string][]netip.Addr
}

func newResolvers(environment *Environment, negative *negativeAnswers) *resolvers {
	zones := map[string][]Zone{environment.VPCID: nil}
	for _, zone := range environment.Zones {
		for _, vpc := range zone.VPCIDs {
			zones[vpc] = append(zones[vpc], zone)
		}
	}
	all := &resolvers{others: make(map[string]*Resolver), public: environment.PublicNames}
	for vpc, asked := range zones {
		resolver := NewResolver(asked, environment.PublicNames)
		resolver.negative, resolver.vpcID = negative, vpc
		all.others[vpc] = resolver
	}
	all.own = all.others[environment.VPCID]
	return all
}

// of is a VPC's; one that no zone is associated with knows public names alone.
func (r *resolvers) of(vpcID string) *Resolver {
	if known, ok := r.others[vpcID]; ok {
		return known
	}
	return NewResolver(nil, r.public)
}

// ServeDNS answers one question.
func (r *Resolver) ServeDNS(w dns.ResponseWriter, request *dns.Msg) {
	reply := r.reply(request)
	if w.LocalAddr().Network() == "udp" {
		size := dns.MinMsgSize
		if options := request.IsEdns0(); options != nil {
			size = int(options.UDPSize())
			reply.SetEdns0(options.UDPSize(), false)
		}
		reply.Truncate(size)
	}
	// Writing fails when the client is gone, so the error has no receiver.
	_ = w.WriteMsg(reply)
}

// reply is the answer to a message with one question, of whatever size.
func (r *Resolver) reply(request *dns.Msg) *dns.Msg {
	reply := new(dns.Msg).SetReply(request)
	reply.RecursionAvailable = true
	if len(request.Question) != 1 || request.Question[0].Qclass != dns.ClassINET {
		reply.Rcode = dns.RcodeNotImplemented
	} else if question := request.Question[0]; !r.negative.find(r.vpcID, question, reply) {
		r.answer(reply, question)
		r.negative.keep(r.vpcID, question, reply)
	}
	return reply
}

func (r *Resolver) answer(reply *dns.Msg, question dns.Question) {
	name := canonicalName(question.Name)
	zone := r.zoneOf(name)
	if zone == nil {
		addresses, ok := r.public[name]
		if !ok {
			reply.Rcode = dns.RcodeNameError
			return
		}
		reply.Answer = addressRecords(question, aliasTTL, addresses)
		return
	}
	records, exists := zone.find(name)
	if !exists {
		reply.Rcode = dns.RcodeNameError
	}
	for _, record := range records {
		reply.Answer = append(reply.Answer, r.records(question, record)...)
	}
	if len(reply.Answer) == 0 {
		reply.Ns = []dns.RR{zone.soa()}
	}
}

// records are a record set's resource records of the question's type.
func (r *Resolver) records(question dns.Question, record Record) []dns.RR {
	if record.AliasTarget != "" {
		if record.Type != dns.TypeToString[question.Qtype] {
			return nil
		}
		return addressRecords(question, aliasTTL, r.addresses(record.AliasTarget, aliasDepth))
	}
	if record.Type != dns.TypeToString[question.Qtype] && record.Type != "CNAME" {
		return nil
	}
	var answers []dns.RR
	for _, value := range record.Values {
		rr, err := dns.NewRR(fmt.Sprintf("%s %d IN %s %s", question.Name, record.TTL, record.Type, value))
		if err != nil || rr == nil {
			continue
		}
		answers = append(answers, rr)
		if record.Type == "CNAME" && question.Qtype == dns.TypeA {
			target := dns.Question{Name: dns.Fqdn(value), Qtype: dns.TypeA, Qclass: dns.ClassINET}
			answers = append(answers, addressRecords(target, record.TTL, r.addresses(canonicalName(value), aliasDepth))...)
		}
	}
	return answers
}

func addressRecords(question dns.Question, ttl uint32, addresses []netip.Addr) []dns.RR {
	if question.Qtype != dns.TypeA {
		return nil
	}
	header := dns.RR_Header{Name: question.Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: ttl}
	var answers []dns.RR
	for _, address := range addresses {
		answers = append(answers, &dns.A{Hdr: header, A: address.AsSlice()})
	}
	return answers
}

// soa is the zone's start of authority, with the values of a new Route 53 zone;
// the last is how long resolvers may remember that a name doesn't exist.
func (z *zoneIndex) soa() dns.RR {
	name := dns.Fqdn(z.name)
	return &dns.SOA{
		Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: 900},
		Ns:  "ns-0.awsdns-00.com.", Mbox: "awsdns-hostmaster.amazon.com.",
		Serial: 1, Refresh: 7200, Retry: 900, Expire: 1209600, Minttl: 86400,
	}
}

// canonicalName is a DNS name as the environment writes names.
func canonicalName(name string) string {
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

// dnsServer serves a resolver on one loopback port, over UDP and TCP.
type dnsServer struct {
	address string
	servers []*dns.Server
}

// listenAttempts bounds the search for a port that is free for both UDP and
// TCP.
const listenAttempts = 16

func startDNS(handler dns.Handler) (*dnsServer, error) {
	var errs []error
	for range listenAttempts {
		packets, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("listen for DNS questions: %w", err)
		}
		address := packets.LocalAddr().String()
		stream, err := net.Listen("tcp", address)
		if err != nil {
			packets.Close()
			errs = append(errs, err)
			continue
		}
		return serveDNS(handler, packets, stream)
	}
	return nil, fmt.Errorf("find a port that is free for UDP and TCP: %w", errors.Join(errs...))
}

func serveDNS(handler dns.Handler, packets net.PacketConn, stream net.Listener) (*dnsServer, error) {
	s := &dnsServer{address: packets.LocalAddr().String()}
	for _, server := range []*dns.Server{
		{PacketConn: packets, Handler: handler},
		{Listener: stream, Handler: handler},
	} {
		// Two: the start's, and the end's after it, which is not received.
		started := make(chan error, 2)
		server.NotifyStartedFunc = func() { started <- nil }
		go func() { started <- server.ActivateAndServe() }()
		if err := <-started; err != nil {
			return nil, errors.Join(fmt.Errorf("serve DNS at %s: %w", s.address, err), s.close())
		}
		s.servers = append(s.servers, server)
	}
	return s, nil
}

func (s *dnsServer) close() error {
	var errs []error
	for _, server := range s.servers {
		errs = append(errs, server.Shutdown())
	}
	return errors.Join(errs...)
}
