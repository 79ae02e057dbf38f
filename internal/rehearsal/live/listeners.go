package live

import "sync"

// listeners are the load balancers' listeners as they are now, by where they answer.
type listeners struct {
	mu  sync.RWMutex
	all map[place]*listener
}

func newListeners() *listeners { return &listeners{all: make(map[place]*listener)} }

func (s *listeners) set(at place, l *listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all[at] = l
}

// now is the listener to whose rules and targets a request is held that comes by a
// connection which another one accepted. Rules are evaluated and targets selected for each
// request (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/introduction.html),
// and one that is deregistering is sent no more
// (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html).
// A listener that is gone serves its open connections as it was.
func (s *listeners) now(at place, accepted *listener) *listener {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if l := s.all[at]; l != nil {
		return l
	}
	return accepted
}

// keep forgets the listeners at other than the given places.
func (s *listeners) keep(places map[place]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for at := range s.all {
		if !places[at] {
			delete(s.all, at)
		}
	}
}
