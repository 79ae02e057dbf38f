package live

import (
	"sync"
	"time"

	"github.com/miekg/dns"
)

// negativeAnswers are the answers without records that a VPC's resolver keeps, so that
// a name which comes into being isn't found for a while (RFC 2308, section 5).
type negativeAnswers struct {
	now func() time.Time

	mu   sync.Mutex
	kept map[negativeKey]negativeAnswer
}

type negativeKey struct {
	vpcID, name string
	kind        uint16
}

type negativeAnswer struct {
	rcode     int
	authority []dns.RR
	until     time.Time
}

// newNegativeAnswers keeps answers by a clock; without one none is kept.
func newNegativeAnswers(now func() time.Time) *negativeAnswers {
	if now == nil {
		return nil
	}
	return &negativeAnswers{now: now, kept: map[negativeKey]negativeAnswer{}}
}

// find gives a reply the answer that is kept, if one is.
func (n *negativeAnswers) find(vpcID string, question dns.Question, reply *dns.Msg) bool {
	if n == nil {
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	answer, found := n.kept[negativeKey{vpcID, canonicalName(question.Name), question.Qtype}]
	if !found || !n.now().Before(answer.until) {
		return false
	}
	reply.Rcode, reply.Ns = answer.rcode, answer.authority
	return true
}

// keep keeps an answer without records for as long as its zone's start of authority
// says: the less of the record's own time to live and its last value.
func (n *negativeAnswers) keep(vpcID string, question dns.Question, reply *dns.Msg) {
	if n == nil || len(reply.Answer) > 0 || len(reply.Ns) == 0 {
		return
	}
	soa, ok := reply.Ns[0].(*dns.SOA)
	if !ok {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	lasts := time.Duration(min(soa.Hdr.Ttl, soa.Minttl)) * time.Second
	n.kept[negativeKey{vpcID, canonicalName(question.Name), question.Qtype}] = negativeAnswer{reply.Rcode, reply.Ns, n.now().Add(lasts)}
}
