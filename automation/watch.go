package automation

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// watch follows the engine's events during one run.
type watch struct {
	stack string
	// asks reports that the program registers nothing: what it would delete is no
	// concern of the run.
	asks  bool
	begin time.Time
	send  func(Event)

	counts map[apitype.OpType]int
	// outputs are the stack's, also those that it would have after a preview; nil
	// until the engine has reported them.
	outputs  map[string]any
	problems []string
	// certificates are those that the run waits for.
	certificates awaitedCertificates
	// onError is called with each error that becomes a problem, if it isn't nil.
	onError func(apitype.DiagnosticEvent)
	// done holds the URNs of the resources that the engine has dealt with.
	done map[string]bool
	// running are the resources under way, in the order of start.
	running []running
	// refused holds the URNs of the resources about which AWS has answered with
	// an error.
	refused map[string]bool
	// publications are the deployments that the run creates, or would.
	publications publications
	// deletedDomains are the names of the custom domains that the run deletes, or
	// would, by their ARNs.
	deletedDomains map[string]string
	// unanswered are the creates that failed otherwise.
	unanswered []pendingCreate
	// noted are the notes that were sent.
	noted []string
}

// running is a resource under way.
type running struct {
	urn   string
	since time.Time
}

// stackType is the type of the resource that represents the stack itself and
// has its outputs.
const stackType = string(resource.RootStackType)

// answered is in every error that AWS itself answered with, by the AWS SDK for
// Go: "operation error EC2: CreateVpc, …, api error VpcLimitExceeded: …".
const answered = "api error "

// workingEvery is how often a run under way is reported.
const workingEvery = time.Second

// follow runs the operation and reads its events until both have ended.
func (w *watch) follow(run func(chan<- events.EngineEvent) error) error {
	stream := make(chan events.EngineEvent)
	end := make(chan error, 1)
	go func() { end <- run(stream) }()
	tick := time.NewTicker(workingEvery)
	defer tick.Stop()
	for {
		select {
		case event, open := <-stream:
			if !open {
				stream = nil // the error is still to come
				continue
			}
			w.read(event.EngineEvent)
		case err := <-end:
			// A run that never reached the engine ends without closing the
			// stream; any other has delivered its last event by now.
			return err
		case <-tick.C:
			w.send(Event{Stack: w.stack, Kind: Working, Elapsed: time.Since(w.begin), Done: len(w.done), Waiting: w.waiting()})
		}
	}
}

func (w *watch) read(e apitype.EngineEvent) {
	switch {
	case e.ResourcePreEvent != nil:
		w.running = append(w.running, running{e.ResourcePreEvent.Metadata.URN, time.Now()})
		w.certificates.read(e.ResourcePreEvent.Metadata)
		w.publications.read(e.ResourcePreEvent.Metadata)
		if arn, name, deleted := deletedDomain(e.ResourcePreEvent.Metadata); deleted {
			if w.deletedDomains == nil {
				w.deletedDomains = map[string]string{}
			}
			w.deletedDomains[arn] = name
		}
	case e.ResOutputsEvent != nil:
		w.finish(e.ResOutputsEvent.Metadata.URN)
		w.certificates.read(e.ResOutputsEvent.Metadata)
		if m := e.ResOutputsEvent.Metadata; m.Type == stackType && m.New != nil {
			w.outputs = make(map[string]any, len(m.New.Outputs))
			maps.Copy(w.outputs, m.New.Outputs)
		}
	case e.ResOpFailedEvent != nil:
		w.finish(e.ResOpFailedEvent.Metadata.URN)
		w.fail(*e.ResOpFailedEvent)
	case e.SummaryEvent != nil:
		w.counts = e.SummaryEvent.ResourceChanges
	case e.DiagnosticEvent != nil:
		w.diagnose(*e.DiagnosticEvent)
	}
}

func (w *watch) finish(urn string) {
	if i := slices.IndexFunc(w.running, func(r running) bool { return r.urn == urn }); i >= 0 {
		w.running = slices.Delete(w.running, i, i+1)
		w.done[urn] = true
	}
}

// fail notes a create whose outcome is unknown. The engine reports the error
// before it reports the failure.
func (w *watch) fail(e apitype.ResOpFailedEvent) {
	if create := createOf(e); create != nil && !w.refused[e.Metadata.URN] {
		w.unanswered = append(w.unanswered, create)
	}
}

// note reports a message of the driver's own.
func (w *watch) note(text string) {
	w.send(Event{Stack: w.stack, Kind: Note, Elapsed: time.Since(w.begin), Text: text})
}

func (w *watch) waiting() []Awaited {
	var awaited []Awaited
	for _, r := range w.running {
		if name := resourceName(r.urn); name != "" {
			awaited = append(awaited, Awaited{string(resource.URN(r.urn).Type()), name, time.Since(r.since)})
		}
	}
	return awaited
}

func (w *watch) diagnose(d apitype.DiagnosticEvent) {
	text := findingsOf(strings.TrimSpace(plain(d.Message)))
	w.certificates.note(text)
	if text == "" || d.Ephemeral || w.asks && strings.Contains(text, "because it is protected") {
		return
	}
	if name := resourceName(d.URN); name != "" {
		text = name + ": " + text
	}
	kind := Note
	if d.Severity == "error" {
		kind = Problem
		if cause := causeOf(text); cause != "" {
			if awaited := w.certificates.of(d.URN); awaited != "" {
				text += "\n" + awaited
			}
			text += "\n  cause: " + cause
		}
		w.problems = append(w.problems, text)
		if w.onError != nil {
			w.onError(d)
		}
		if strings.Contains(text, answered) {
			w.refused[d.URN] = true
		}
	}
	if kind == Note && slices.Contains(w.noted, text) {
		return // components ask again what was asked before they were made
	}
	w.noted = append(w.noted, text)
	w.send(Event{Stack: w.stack, Kind: kind, Elapsed: time.Since(w.begin), Text: indented([]string{text})})
}

// plain takes out the engine's colour directives, such as "<{%reset%}>".
func plain(text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "<{%")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		_, after, closed := strings.Cut(rest, "%}>")
		if !closed {
			return b.String()
		}
		text = after
	}
}

// resourceName is the last part of a URN, the name that the program gave the
// resource; empty for the stack itself and for the engine's own messages.
func resourceName(urn string) string {
	if urn == "" || strings.Contains(urn, "::pulumi:pulumi:Stack::") {
		return ""
	}
	return urn[strings.LastIndex(urn, "::")+2:]
}
