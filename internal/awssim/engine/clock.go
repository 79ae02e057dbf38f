package engine

import (
	"time"
)

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

// Now is the time at which the operation is made.
func (op *Op) Now() time.Time { return op.Simulator.store.now().Add(op.change.Passed) }

// Pass is for operations that the provider waits for.
func (op *Op) Pass(d time.Duration) { op.change.Passed += d }

// PassInVain is for operations that the provider waits for and then gives up: the
// time passes, and nothing else happens.
func (op *Op) PassInVain(d time.Duration) error {
	return op.Simulator.store.commit(&change{Passed: d})
}

// Stamp writes a time as Properties and Hidden hold it.
func Stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// Stamped is the time at a property; the zero time if there is none.
func Stamped(o Object, name string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, o.Text(name))
	if err != nil {
		return time.Time{}
	}
	return t
}
