package rehearsal

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/portico-iac/portico/internal/rehearsal/edits"
	"github.com/portico-iac/portico/internal/rehearsal/live"
	"github.com/portico-iac/portico/mapping"
)

// judgedLoad calls the hosts of two mappings, and judges each answer.
type judgedLoad struct {
	edited  *edited
	path    *live.Path
	client  live.Interface
	cancel  context.CancelFunc
	running sync.WaitGroup

	// turn is held by requests, and by what they must not span: the passing of time, and
	// another edit.
	turn     sync.RWMutex
	since    time.Duration
	edit     edits.Edit
	moment   edits.Moment
	allowed  []edits.Request
	requests []edits.Request

	counting   sync.Mutex
	total      int
	violations []string
	step       string
	seen       map[string]bool
}

func newLoad(e *edited) *judgedLoad { return &judgedLoad{edited: e, seen: map[string]bool{}} }

// judge has the answers be judged by an edit from now on.
func (l *judgedLoad) judge(edit edits.Edit, moment edits.Moment) {
	l.turn.Lock()
	defer l.turn.Unlock()
	l.edit, l.moment, l.requests, l.allowed = edit, moment, edit.Requests(), nil
	for _, r := range l.requests {
		if edit.Allowed(r) {
			l.allowed = append(l.allowed, r)
		}
	}
}

// tick has time pass.
func (l *judgedLoad) tick(d time.Duration) {
	l.turn.Lock()
	defer l.turn.Unlock()
	l.since += d
	l.edited.effects.pass(d)
}

// doing says what is being done, for reports.
func (l *judgedLoad) doing(step string) {
	l.counting.Lock()
	defer l.counting.Unlock()
	l.step = step
}

// steadyClients is how many clients call all the time.
const steadyClients = 4

// begin has clients call until end.
func (l *judgedLoad) begin(path *live.Path, client live.Interface) {
	l.path, l.client = path, client
	var ctx context.Context
	ctx, l.cancel = context.WithCancel(context.Background())
	for i := range steadyClients {
		l.running.Go(func() { l.call(ctx, rand.New(rand.NewPCG(uint64(i), 1))) })
	}
}

func (l *judgedLoad) end() {
	if l.cancel != nil {
		l.cancel()
		l.running.Wait()
	}
}

// resolved is an address that a client holds.
type resolved struct {
	address netip.Addr
	err     error
	since   time.Duration
}

// call calls as a client that holds addresses for their time to live. Nine of ten
// requests are such as may never be refused.
func (l *judgedLoad) call(ctx context.Context, random *rand.Rand) {
	held := map[string]resolved{}
	ticker := time.NewTicker(callEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		l.turn.RLock()
		if r, ok := l.choose(random); ok {
			host := string(r.Host)
			known, is := held[host]
			if !is || known.err != nil || l.since-known.since >= answerKept {
				known = l.resolve(host)
				held[host] = known
			}
			l.ask(r, known)
		}
		l.turn.RUnlock()
	}
}

func (l *judgedLoad) choose(random *rand.Rand) (edits.Request, bool) {
	from := l.allowed
	if len(from) == 0 || random.IntN(10) == 0 {
		from = l.requests
	}
	if len(from) == 0 {
		return edits.Request{}, false
	}
	return from[random.IntN(len(from))], true
}

func (l *judgedLoad) resolve(host string) resolved {
	addresses, err := l.path.Resolve(context.Background(), host)
	if err != nil {
		return resolved{err: err, since: l.since}
	}
	return resolved{address: addresses[0], since: l.since}
}

// ask sends one request and judges the answer.
func (l *judgedLoad) ask(r edits.Request, to resolved) {
	answer := edits.Answer{}
	if to.err != nil {
		answer.Refusal = to.err.Error()
	} else {
		got, err := call(context.Background(), l.path, l.client, netip.AddrPortFrom(to.address, httpsPort), string(r.Host),
			request{method: string(r.Method), target: r.Path, host: string(r.Host), fields: []string{credentials}})
		switch {
		case err != nil:
			answer.Refusal = err.Error()
		case got.arrival == nil:
			answer.Refusal = got.String() + ": " + got.reason()
			if got.code == http.StatusBadGateway {
				answer.Refusal += "; the proxy's last words: " + l.path.TaskLog()
			}
		default:
			answer.Place = placeOf(got.arrival)
		}
	}
	err := l.edit.Judge(r, answer, l.moment)
	l.counting.Lock()
	defer l.counting.Unlock()
	l.total++
	if err != nil {
		l.add(err)
	}
}

// add adds a violation, once for a step; counting is held.
func (l *judgedLoad) add(err error) {
	text := l.step + ": " + err.Error()
	if !l.seen[text] {
		l.seen[text] = true
		l.violations = append(l.violations, text)
	}
}

func (l *judgedLoad) fail(err error) {
	l.counting.Lock()
	defer l.counting.Unlock()
	l.add(err)
}

// anew asks requests as new clients do, which resolve the names now.
func (l *judgedLoad) anew(requests func() []edits.Request) {
	if l.path == nil {
		return
	}
	l.turn.RLock()
	defer l.turn.RUnlock()
	all := requests()
	next := make(chan edits.Request)
	var clients sync.WaitGroup
	for range steadyClients {
		clients.Go(func() {
			for r := range next {
				l.ask(r, l.resolve(string(r.Host)))
			}
		})
	}
	for _, r := range all {
		next <- r
	}
	close(next)
	clients.Wait()
}

// someRequests is how many new clients call after each step.
const someRequests = 4

// callSome has some new clients call with requests that may not be refused.
func (l *judgedLoad) callSome() {
	l.anew(func() []edits.Request {
		var some []edits.Request
		for range min(someRequests, len(l.allowed)) {
			some = append(some, l.allowed[rand.IntN(len(l.allowed))])
		}
		return some
	})
}

// callAllowed has new clients call with all requests that may not be refused.
func (l *judgedLoad) callAllowed() { l.anew(func() []edits.Request { return l.allowed }) }

// callAll has new clients call with all requests.
func (l *judgedLoad) callAll() { l.anew(func() []edits.Request { return l.requests }) }

// found are the violations since the last time, and how many requests there were.
func (l *judgedLoad) found() (violations []string, total int) {
	l.counting.Lock()
	defer l.counting.Unlock()
	violations, total = l.violations, l.total
	l.violations, l.total = nil, 0
	clear(l.seen)
	return violations, total
}

func placeOf(a *live.Arrival) *edits.Place {
	return &edits.Place{API: mapping.APIID(a.API), Stage: mapping.Stage(a.Stage), Path: a.Path}
}
