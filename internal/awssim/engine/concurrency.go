package engine

import (
	"sync"
)

// concurrency counts creations under way. It has a lock of its own, since
// operations wait for the simulator's.
type concurrency struct {
	mu     sync.Mutex
	now    map[scope]int
	atMost map[scope]int
}

// creating counts a creation from when it arrives until its answer leaves.
func (s *Simulator) creating(op *Op) (done func()) {
	sc := op.scopeOf(op.Token)
	s.concurrency.change(sc, 1)
	return func() { s.concurrency.change(sc, -1) }
}

func (n *concurrency) change(sc scope, by int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.now == nil {
		n.now, n.atMost = map[scope]int{}, map[scope]int{}
	}
	n.now[sc] += by
	n.atMost[sc] = max(n.atMost[sc], n.now[sc])
}

// MostAtOnce is the greatest number of resources of a type whose creation was
// under way at a time in an account and region. API Gateway takes one
// CreateDeployment in five seconds from an account and throttles the others,
// so a program that deploys many APIs is to do it one by one. Creations here
// take no time: to be certain of an overlap, let [Simulator.OnCall]'s function
// hold back the answer.
func (s *Simulator) MostAtOnce(account, region, token string) int {
	s.concurrency.mu.Lock()
	defer s.concurrency.mu.Unlock()
	return s.concurrency.atMost[scope{account, region, token}]
}
