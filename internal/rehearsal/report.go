package rehearsal

import (
	"fmt"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/doctor"
)

// Report is what a rehearsal found. Its JSON form is a contract: fields are
// added, never renamed or removed.
type Report struct {
	// OK reports that every stack was deployed, every probe found what it wanted,
	// and the doctor, if it was asked, found nothing wrong.
	OK     bool    `json:"ok"`
	Stacks []Stack `json:"stacks"`
	Probes []Probe `json:"probes"`
	// Rows counts the mapping's rows, and ProbedRows those that were probed:
	// fewer where the mapping is too large to probe them all.
	Rows       int `json:"rows"`
	ProbedRows int `json:"probedRows"`
	// Fault is the name of the fault that was injected; empty: none was.
	Fault string `json:"fault,omitempty"`
	// Alarms is what the alarms did while requests met the fault; nil: none was injected,
	// or the environment has no proxy.
	Alarms *Observation `json:"alarms,omitempty"`
	// Doctor is what the doctor says of each probed host about which it found
	// something wrong, or could not read everything; nil: it was not asked.
	Doctor []*doctor.Report `json:"doctor,omitzero"`
	// Deployed is what the stacks were to deploy, and the policies that came of it.
	Deployed *Deployed `json:"-"`
}

// Stack is the result of a stack's deployment.
type Stack struct {
	Name string `json:"name"`
	// Account is the 12-digit account number.
	Account string `json:"account"`
	// Resources is how many resources the stack holds, by the engine's count.
	Resources int                `json:"resources"`
	Changes   automation.Changes `json:"changes"`
	// Seconds is the wall time of the deployment.
	Seconds float64 `json:"seconds"`
	// Unchanged reports that the stack was not run, since nothing has changed since its
	// last deployment.
	Unchanged bool `json:"unchanged,omitempty"`
	// Error is why the stack was not deployed; empty where it was.
	Error string `json:"error,omitempty"`
}

// Probe is one question to the data path and its answer.
type Probe struct {
	// Name is what the probe shows: "allowed verb".
	Name string `json:"name"`
	// Method is the HTTP verb; empty where no request is sent.
	Method string `json:"method"`
	URL    string `json:"url"`
	Want   string `json:"want"`
	Got    string `json:"got"`
	OK     bool   `json:"ok"`
	// Detail says more where the answer isn't the wanted one.
	Detail string `json:"detail"`
	// Row is the row that the probe is about, by its place in the mapping from 1; 0:
	// it is about none.
	Row int `json:"-"`
}

// String is the probe on one line.
func (probe Probe) String() string {
	result := "ok"
	if !probe.OK {
		result = "NOT OK"
	}
	line := fmt.Sprintf("%s: %s %s: want %s, got %s", result, probe.Name, probe.URL, probe.Want, probe.Got)
	if probe.Detail != "" {
		line += " (" + probe.Detail + ")"
	}
	return line
}

// stacksOf are a deployment's results as a report states them.
func stacksOf(deployed *automation.Report) []Stack {
	var stacks []Stack
	for _, result := range deployed.Stacks {
		stack := Stack{
			Name: result.Name, Account: result.Account, Resources: result.Resources,
			Changes: result.Changes, Seconds: result.Seconds, Unchanged: result.Unchanged, Error: result.Skipped,
		}
		if result.Err != nil {
			stack.Error = result.Err.Error()
		}
		stacks = append(stacks, stack)
	}
	return stacks
}

// setOK sets OK from the stacks and the probes.
func (r *Report) setOK() {
	r.OK = len(r.Stacks) > 0 && len(r.Probes) > 0 && !r.diagnosed()
	for _, stack := range r.Stacks {
		r.OK = r.OK && stack.Error == ""
	}
	for _, probe := range r.Probes {
		r.OK = r.OK && probe.OK
	}
}
