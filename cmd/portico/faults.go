package main

import (
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/portico-iac/portico/internal/rehearsal/faults"
)

// listedFault is a fault as --fault list --json has it.
type listedFault struct {
	Name      string `json:"name"`
	FrontDoor string `json:"frontDoor"`
	Breaks    string `json:"breaks"`
	Cause     string `json:"cause"`
}

// listFaults lists the faults that a rehearsal can inject.
func (c *cli) listFaults(asJSON bool) error {
	var listed []listedFault
	t := newTable(table.Row{"FAULT", "FRONT DOOR", "FIRST CAUSE", "IT ..."})
	for _, f := range faults.All() {
		listed = append(listed, listedFault{f.Name, string(f.FrontDoor), f.Breaks, string(f.Cause)})
		t.AppendRow(table.Row{f.Name, f.FrontDoor, orDash(string(f.Cause)), f.Breaks})
	}
	if asJSON {
		return c.writeJSON(listed)
	}
	if _, err := io.WriteString(c.out, t.text(c.screen)); err != nil {
		return fmt.Errorf("list the faults: %w", err)
	}
	return nil
}
