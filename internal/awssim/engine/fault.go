package engine

import (
	"context"
	"path"
)

// Call is one AWS API call that an operation of the provider makes.
type Call struct {
	Account, Region string
	Caller          string // principal ARN
	Action          string // as IAM names it: "ec2:CreateVpc"
	Type            string // Pulumi's type or function token
}

// Calls is every API call since the simulator began, in order. It is not kept
// in the state directory.
func (s *Simulator) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}

// OnCall has f called after each API call took effect and before the engine
// hears of it: the place where a crash hurts most. The simulator is not locked
// meanwhile.
func (s *Simulator) OnCall(f func(Call)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = f
}

// Fault makes API calls fail.
type Fault struct {
	Action string // "ec2:CreateVpc", or with * for any characters: "ec2:*"
	Kind   FaultKind
	Nth    int // the first matching call that fails, from 1; 0 is 1
	Times  int // how many fail in a row; 0 is 1
	// Each counts the calls of each resource by themselves, so that each has
	// its failures; otherwise a resource that is tried again may take them all.
	Each bool
}

// FaultKind is the way in which a call fails.
type FaultKind int

const (
	// Throttling is retried by the provider, as by the real one, 25 times:
	// only with more Times than that does the operation fail.
	Throttling FaultKind = iota
	// Denial answers AccessDenied; nothing happens.
	Denial
	// Timeout gets no answer, and nothing happens.
	Timeout
	// LostResponse takes effect, but the answer is lost.
	LostResponse
)

// attempts is how often the real provider tries a throttled call.
const attempts = 25

// Heal removes all faults.
func (s *Simulator) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

type fault struct {
	Fault
	seen map[string]int // matching calls, by the URN of the resource; all by "" without Each
}

// Inject adds a fault.
func (s *Simulator) Inject(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.Nth, f.Times = max(f.Nth, 1), max(f.Times, 1)
	s.faults = append(s.faults, &fault{f, map[string]int{}})
}

// strikes counts a call and reports whether the fault hits it.
func (f *fault) strikes(op *Op, action string) bool {
	if ok, _ := path.Match(f.Action, action); !ok {
		return false
	}
	var counted string
	if f.Each {
		counted = op.origin
	}
	f.seen[counted]++
	return f.seen[counted] >= f.Nth && f.seen[counted] < f.Nth+f.Times
}

// request records an API call of the operation, and fails if a fault hits it
// or the caller may not make it.
func (op *Op) request(name string) error {
	s, action := op.Simulator, actionOf(name)
	record := Call{op.Account, op.Region, op.Caller, action, op.Token}
	for attempt := 1; ; attempt++ {
		s.calls, op.made = append(s.calls, record), append(op.made, record)
		if attempt == 1 {
			if err := op.authorizeAll(name); err != nil {
				return err
			}
		}
		struck := op.struckBy(action)
		if struck == nil {
			return nil
		}
		switch struck.Kind {
		case Denial:
			return op.Refuse("AccessDenied", "User: %s is not authorized to perform: %s", op.Caller, action)
		case Timeout:
			return op.Fail("request send failed: %w", context.DeadlineExceeded)
		case LostResponse:
			op.lost = true
			return nil
		case Throttling:
			if attempt >= attempts {
				return op.Refuse("ThrottlingException", "Rate exceeded (%d attempts)", attempts)
			}
		}
	}
}

func (op *Op) struckBy(action string) *fault {
	for _, f := range op.Simulator.faults {
		if f.strikes(op, action) {
			return f
		}
	}
	return nil
}
