package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portico-iac/portico/mapping"
)

// Timeout is how long a diagnosis of one host may take, unless it is given more.
const Timeout = 10 * time.Second

// Doctor diagnoses the hosts of an environment. It asks each question once.
type Doctor struct {
	environment Environment
	accounts    Accounts
	now         func() time.Time
	asked       map[string]answer
}

// answer is what was read.
type answer struct {
	value any
	err   error
}

// New is a doctor for an environment. now is the present; nil: the clock's.
func New(environment Environment, accounts Accounts, now func() time.Time) *Doctor {
	if now == nil {
		now = time.Now
	}
	return &Doctor{environment: environment, accounts: accounts, now: now, asked: map[string]answer{}}
}

// Diagnose follows the path of requests for a host. A context that ends makes
// the rest unread.
func (d *Doctor) Diagnose(ctx context.Context, host string) *Report {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	w := &walk{Doctor: d, ctx: ctx, host: host, report: &Report{Host: host, Causes: []Cause{}, Unread: []Unread{}}}
	w.run()
	w.report.OK = len(w.report.Causes) == 0
	return w.report
}

// walk is one diagnosis.
type walk struct {
	*Doctor
	ctx    context.Context
	host   string
	report *Report

	rows      []mapping.Row
	frontDoor mapping.FrontDoor
}

func (w *walk) run() {
	if !w.findRows() {
		return
	}
	// What follows needs what comes before only where there is nothing else to
	// go by, so that all that is wrong is named in one run.
	target := w.name()
	switch w.frontDoor {
	case mapping.FrontDoorNative:
		w.leadsToEndpoint(target)
	default:
		w.balancer(target)
	}
	endpoint := w.endpoint()
	for _, row := range w.rows {
		w.row(row, endpoint)
	}
}

// findRows finds the rows of the host and the front door that serves them.
func (w *walk) findRows() bool {
	w.rows = w.environment.rows(w.host)
	if len(w.rows) == 0 && w.retired() {
		w.cause(StepMapping, "", w.host, "the rows of this host are RETIRED: it isn't served",
			"have its clients call another host, or take RETIRED away and "+w.runUp())
		return false
	}
	if len(w.rows) == 0 {
		w.cause(StepMapping, "", w.host, "no row of the mapping has this host",
			"compare it with CUSTOM_DOMAIN_URL in the mapping; the proxy answers such requests with 404")
		return false
	}
	w.frontDoor = w.environment.frontDoor(w.rows[0])
	if w.frontDoor != "" && slices.Contains(w.environment.Shared.Hosts, w.rows[0].Host) {
		return true
	}
	problem := "the row is not deployed: the shared stack reports no name for the host"
	if state := w.environment.Shared.FrontDoors[w.rows[0].Host]; state.Pending != "" {
		problem = fmt.Sprintf("the host has no name yet: it waits for %s (%s)", state.Pending, state.Wanted())
	}
	w.cause(StepMapping, "", w.host, problem, w.runUp())
	return false
}

// retired reports whether the mapping has the host, in rows that are RETIRED alone.
func (w *walk) retired() bool {
	return slices.ContainsFunc(w.environment.Mapping.Rows, func(row mapping.Row) bool { return string(row.Host) == w.host && row.Retired })
}

func (w *walk) runUp() string { return "run portico up --env " + w.environment.Name }

func (w *walk) cause(step Step, account, resource, problem, fix string) {
	w.report.Causes = append(w.report.Causes, Cause{Step: step, Account: account, Resource: resource, Problem: problem, Fix: fix})
}

// deployed is what to do about something that portico up makes.
func (w *walk) deployed() string {
	return "find out who removed or changed it (CloudTrail); portico refresh and then portico up --env " + w.environment.Name + " create it anew"
}

// unread notes what could not be looked at, once.
func (w *walk) unread(step Step, why string) {
	if one := (Unread{step, why}); !slices.Contains(w.report.Unread, one) {
		w.report.Unread = append(w.report.Unread, one)
	}
}

func (w *walk) shared() string { return string(w.environment.Shared.AccountID) }

// ask asks an account's reader, once for each key. ok is false where there is no
// answer, which is then noted as unread.
func ask[T any](w *walk, step Step, account, key string, question func(context.Context, Reader) (T, error)) (value T, ok bool) {
	key = account + "/" + key
	known, asked := w.asked[key]
	if !asked && w.ctx.Err() != nil {
		w.unread(step, noTime)
		return value, false
	}
	if !asked {
		reader, err := w.accounts(account)
		if err == nil {
			known.value, err = question(w.ctx, reader)
		}
		known.err = err
		if w.ctx.Err() == nil {
			w.asked[key] = known
		}
	}
	if known.err != nil {
		w.unread(step, w.why(known.err))
		return value, false
	}
	return known.value.(T), true
}

const noTime = "there was no time left: --timeout gives the doctor more"

// why is a sentence about an error: a denial in our words, others in AWS's. What the
// doctor waited for to the end is named. AWS's SDK has time limits of its own, as for
// credentials: an error by one of those says nothing about the doctor's.
func (w *walk) why(err error) string {
	if denied := new(DeniedError); errors.As(err, &denied) {
		return denied.Error()
	}
	if errors.Is(err, context.DeadlineExceeded) && w.ctx.Err() != nil {
		return fmt.Sprintf("%s (%v)", noTime, err)
	}
	return err.Error()
}
