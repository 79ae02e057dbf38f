package engine

import "maps"

// Fork is a copy of the accounts as they are, in memory. What happens in one
// does not show in the other.
func (s *Simulator) Fork() *Simulator {
	s.mu.Lock()
	defer s.mu.Unlock()
	copied := newStore()
	for sc, resources := range s.store.resources {
		copied.resources[sc] = maps.Clone(resources) // resources are never changed in place
	}
	maps.Copy(copied.births, s.store.births)
	maps.Copy(copied.seeded, s.store.seeded)
	copied.passed = s.store.passed
	return &Simulator{Catalog: s.Catalog, Setup: s.Setup, store: copied, facts: maps.Clone(s.facts)}
}
