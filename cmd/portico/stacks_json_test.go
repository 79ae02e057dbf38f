package main

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/automation"
)

func TestTheReportOfAnEnvironmentAsJSON(t *testing.T) {
	var out bytes.Buffer
	c := &cli{streams: streams{out: &out}}
	require.NoError(t, c.writeJSON(stacksReportOf(&automation.Report{
		Stacks: []automation.Result{
			{
				Name: "dev", Account: "111111111111", Resources: 42, Seconds: 12.5, Changes: automation.Changes{Create: 2, Same: 40},
				Phases: []automation.Phase{
					{Changes: automation.Changes{Create: 2, Same: 40}, Seconds: 8},
					{What: "removes the earlier front door of a.example.com", Changes: automation.Changes{Same: 42}, Seconds: 4.5},
				},
			},
			{Name: "dev-orders", Account: "222222222222", Resources: 7, Unchanged: true},
			{Name: "dev-payments", Err: errors.New("access denied")},
			{Name: "dev-shop", Skipped: "the stack does not exist"},
		},
		Ahead: []string{"dev again: moves a.example.com"},
	})))
	none := `{"create": 0, "update": 0, "replace": 0, "delete": 0, "same": 0}`
	require.JSONEq(t, `{"ok": false, "ahead": ["dev again: moves a.example.com"], "stacks": [
		{"name": "dev", "account": "111111111111", "resources": 42, "seconds": 12.5, "changes": {"create": 2, "update": 0, "replace": 0, "delete": 0, "same": 40}, "phases": [
			{"changes": {"create": 2, "update": 0, "replace": 0, "delete": 0, "same": 40}, "seconds": 8},
			{"what": "removes the earlier front door of a.example.com", "changes": {"create": 0, "update": 0, "replace": 0, "delete": 0, "same": 42}, "seconds": 4.5}]},
		{"name": "dev-orders", "account": "222222222222", "resources": 7, "seconds": 0, "changes": `+none+`, "unchanged": true},
		{"name": "dev-payments", "account": "", "resources": 0, "seconds": 0, "changes": `+none+`, "error": "access denied"},
		{"name": "dev-shop", "account": "", "resources": 0, "seconds": 0, "changes": `+none+`, "skipped": "the stack does not exist"}]}`, out.String())
}
