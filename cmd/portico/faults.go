package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/portico-iac/portico/internal/rehearsal"
	"github.com/portico-iac/portico/internal/rehearsal/faults"
)

// listedFault is a fault as --fault list --json has it.
type listedFault struct {
	Name      string `json:"name"`
	FrontDoor string `json:"frontDoor"`
	Breaks    string `json:"breaks"`
	// Cause is the first cause that the doctor names; empty: none, and Unseen says why.
	Cause  string `json:"cause"`
	Unseen string `json:"unseen,omitempty"`
	// Alarms are what the fault has to raise.
	Alarms []string `json:"alarms"`
}

// listFaults lists the faults that a rehearsal can inject.
func (c *cli) listFaults(asJSON bool) error {
	var listed []listedFault
	t := newTable(table.Row{"FAULT", "FRONT DOOR", "FIRST CAUSE", "ALARMS", "IT ..."})
	for _, f := range faults.All() {
		listed = append(listed, listedFault{f.Name, string(f.FrontDoor), f.Breaks, string(f.Cause), f.Unseen, append([]string{}, f.Alarms...)})
		t.AppendRow(table.Row{f.Name, f.FrontDoor, orDash(string(f.Cause)), orDash(strings.Join(f.Alarms, ", ")), f.Breaks})
	}
	if asJSON {
		return c.writeJSON(listed)
	}
	if _, err := io.WriteString(c.out, t.text(c.screen)); err != nil {
		return fmt.Errorf("list the faults: %w", err)
	}
	return nil
}

// alarmsText says which alarms a fault raised after how long, and what the log showed.
func alarmsText(o *rehearsal.Observation) string {
	text := fmt.Sprintf("alarms, in %d simulated minutes after the fault:\n", o.Minutes)
	for _, alarm := range o.Raised {
		when := fmt.Sprintf("after %d minutes", alarm.Minutes)
		if alarm.Minutes < 0 {
			const day = 24 * 60
			when = fmt.Sprintf("%d days before", (day/2-alarm.Minutes)/day)
		}
		text += fmt.Sprintf("  %s: %s\n", alarm.Name, when)
	}
	if len(o.Raised) == 0 {
		text += "  none\n"
	}
	if !o.AsExpected() {
		expected := "none"
		if len(o.Expected) > 0 {
			expected = strings.Join(o.Expected, ", ")
		}
		text += fmt.Sprintf("  expected in an environment with default settings: %s\n", expected)
	}
	log := "no line"
	if len(o.Log) > 0 {
		log = strings.Join(o.Log, ", ")
	}
	return text + fmt.Sprintf("  %d of %d requests were answered; the log received %s\n", o.Answered, o.Requests, log)
}
