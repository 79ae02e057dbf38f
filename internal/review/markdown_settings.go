package review

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/portico-iac/portico/mapping"
)

func (r *Review) settingsSection() *section {
	s := &section{
		head: "\n#### Settings\n\nSecrets are never shown.\n\n" +
			tableRow("stack", "setting", "before", "after") + "|---|---|---|---|\n",
		things: "settings", rank: 1,
	}
	for _, c := range r.Settings {
		before, after := settingCells(c, verbatim)
		s.items = append(s.items, tableRow(c.place(verbatim), named(c.Key), before, after))
	}
	return s
}

// place names the stack or the project whose file has the setting. literal writes
// what is of no grammar, here and below: verbatim in Markdown.
func (c SettingsChange) place(literal func(string) string) string {
	switch {
	case c.Stack != "":
		return literal(c.Stack)
	case c.Project == ".":
		return "the shared account's project"
	}
	return "project " + literal(c.Project)
}

// settingCells are the values before and after, with their kinds where the texts
// alone look the same.
func settingCells(c SettingsChange, literal func(string) string) (before, after string) {
	hidden := c.Before != nil && c.Before.Kind == secretKind || c.After != nil && c.After.Kind == secretKind
	before, after = settingCell(c.Before, hidden, literal), settingCell(c.After, hidden, literal)
	if c.Before == nil || c.After == nil || before != after {
		return before, after
	}
	switch {
	case c.Before.Kind != c.After.Kind:
		return before + " (" + c.Before.Kind + ")", after + " (" + c.After.Kind + ")"
	case hidden:
		return before, "another secret, or the same encrypted anew"
	}
	return before, "another value that looks the same here"
}

const secretKind = "secret"

// maxSetting is how many characters of a value are shown.
const maxSetting = 300

// settingCell shows a value. A value that was or becomes a secret is hidden on
// both sides.
func settingCell(v *SettingsValue, hidden bool, literal func(string) string) string {
	switch {
	case v == nil:
		return "not set"
	case v.Kind == secretKind:
		return "a secret"
	case hidden:
		return "a value in plain text, not shown"
	case v.Text == "":
		return "nothing"
	}
	if n := utf8.RuneCountInString(v.Text); n > maxSetting {
		return fmt.Sprintf("%s … (%d characters)", literal(string([]rune(v.Text)[:maxSetting])), n)
	}
	return literal(v.Text)
}

func (r *Review) accountSection() *section {
	s := &section{
		head:   "\n#### Accounts\n\n" + tableRow("", "name", "number", "role") + "|---|---|---|---|\n",
		things: "accounts", rank: 1,
	}
	for _, c := range r.Accounts {
		s.items = append(s.items, tableRow(c.kind(), code(c.Name), change(numberOf(c.Before), numberOf(c.After)), change(roleOf(c.Before), roleOf(c.After))))
	}
	return s
}

func (c AccountChange) kind() string {
	switch {
	case c.Before == nil:
		return "added"
	case c.After == nil:
		return "removed"
	}
	return "changed"
}

func numberOf(account *mapping.Account) string {
	if account == nil {
		return ""
	}
	return string(account.ID)
}

// change is a value before and after; empty: there is none.
func change(before, after string) string {
	switch {
	case before == after:
		return fieldValue(after, false)
	case before == "":
		return code(after)
	case after == "":
		return "~~" + code(before) + "~~"
	}
	return "~~" + code(before) + "~~ → " + code(after)
}

// otherContents are the files that differ in more than their form.
func (r *Review) otherContents() []FileChange {
	return slices.DeleteFunc(slices.Clone(r.Files), func(c FileChange) bool { return c.Form })
}

func (r *Review) filesSection() *section {
	s := &section{head: "\n#### Other files\n\n", things: "files", rank: 1}
	for _, c := range r.Files {
		s.items = append(s.items, fmt.Sprintf("- %s: %s.\n", named(c.Path), c.what(named)))
	}
	return s
}

func (c FileChange) what(literal func(string) string) string {
	switch {
	case c.Form:
		return "other comments, order or spelling; each value is the same"
	case c.LeadsTo != "":
		return "a symbolic link to " + literal(c.LeadsTo)
	}
	return "other contents"
}
