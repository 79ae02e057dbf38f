package awssim

import "time"

// Now is the time in the simulated accounts: the real one and all that was
// passed over since the accounts began. Nothing here takes the time that it
// takes in AWS; what is to be ready later says when.
func (s *Simulator) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store.now()
}

// Pass lets time go by in the simulated accounts, without waiting for it.
func (s *Simulator) Pass(d time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store.commit(&change{Passed: d})
}

func (s *store) now() time.Time { return time.Now().Add(s.passed).UTC() }

// now is the time at which the operation is made.
func (c *call) now() time.Time { return c.simulator.store.now().Add(c.change.Passed) }

// pass is for operations that the provider waits for.
func (c *call) pass(d time.Duration) { c.change.Passed += d }

// stamp writes a time as Properties and Hidden hold it.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// stamped is the time at a property; the zero time if there is none.
func stamped(o Object, name string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, o.Text(name))
	if err != nil {
		return time.Time{}
	}
	return t
}

func now() string { return time.Now().UTC().Format(time.RFC3339) }
