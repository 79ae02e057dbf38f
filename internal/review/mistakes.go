package review

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// Mistake is something that keeps an environment from being made of a mapping.
type Mistake struct {
	// File is empty, and Line and Column are 0, where the mistake has no place.
	File         string
	Line, Column int
	// Path leads to the value: "APIS[3].VERBS".
	Path    string
	Message string
	Fix     string
	// Team is the team in whose file the mistake is; empty: in none's.
	Team string
}

// Mistakes takes an error of mapping.Load or of Compare apart: one entry for
// each mistake of a mapping, broken limit or contradiction, in the error's
// order.
func Mistakes(err error) []Mistake {
	var mistakes mapping.Errors
	if errors.As(err, &mistakes) {
		list := make([]Mistake, len(mistakes))
		for i, m := range mistakes {
			list[i] = Mistake{m.File, m.Line, m.Column, m.Path, m.Message, m.Fix, m.Team}
		}
		return list
	}
	// errors.As would find the first of them only.
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var list []Mistake
		for _, e := range joined.Unwrap() {
			list = append(list, Mistakes(e)...)
		}
		return list
	}
	return []Mistake{derivationMistake(err)}
}

func derivationMistake(err error) Mistake {
	var limit *topology.LimitError
	if errors.As(err, &limit) {
		m := atRow(limit.Rows)
		m.Message = fmt.Sprintf("%s: %d needed, %d allowed; the first %d rows fit", limit.Limit, limit.Need, limit.Max, limit.Fitting)
		m.Fix = limit.Remedy
		return m
	}
	var conflict *topology.ConflictError
	if errors.As(err, &conflict) {
		m := atRow(conflict.Rows)
		m.Message, m.Fix = conflict.Problem, conflict.Remedy
		return m
	}
	var uncovered *topology.UncoveredError
	if errors.As(err, &uncovered) {
		m := atRow([]topology.RowRef{uncovered.Row})
		m.Path += ".CUSTOM_DOMAIN_URL"
		m.Message, m.Fix = uncovered.Problem(), uncovered.Remedy()
		return m
	}
	return Mistake{Message: err.Error()}
}

// atRow is the place of the last row: with conflicts that is the one that came
// second.
func atRow(rows []topology.RowRef) Mistake {
	if len(rows) == 0 {
		return Mistake{}
	}
	row := rows[len(rows)-1]
	return Mistake{
		File: cmp.Or(row.Position.File, row.Source), Line: row.Position.Line, Column: row.Position.Column, Path: row.Path,
	}
}

// MistakesMarkdown is the comment about an environment that can't be made.
func MistakesMarkdown(environment string, mistakes []Mistake, style Style) string {
	heading := fmt.Sprintf("%s\n### Portico, environment %s\n\n**%s** to correct before anything can be previewed.\n",
		Marker(environment), verbatim(environment), count(len(mistakes), "mistake"))
	table := &section{
		head:   "\n" + tableRow("line", "at", "what is wrong", "what to write instead") + "|--:|---|---|---|\n",
		things: "mistakes", rank: 1,
	}
	for _, m := range mistakes {
		table.items = append(table.items, tableRow(mistakeLine(m, style), valueOrEmpty(m.Path), sentence(m.problem()), sentence(m.Fix)))
	}
	return assemble([]*section{single(heading), table}, style.MaxBytes, "`"+style.Whole+"` prints all.")
}

func mistakeLine(m Mistake, style Style) string {
	shown := fmt.Sprint(m.Line)
	if style.Directory {
		shown = named(filepath.Base(m.File) + ":" + shown)
	}
	switch {
	case m.Line == 0:
		return ""
	case style.Links == "":
		return shown
	}
	return fmt.Sprintf("[%s](%s)", shown, lineLink(style, m.File, m.Line))
}

// problem is what is wrong, with the team whose file it is wrong in.
func (m Mistake) problem() string {
	if m.Team == "" {
		return m.Message
	}
	return "team " + m.Team + ": " + m.Message
}

func valueOrEmpty(path string) string {
	if path == "" {
		return ""
	}
	return verbatim(path)
}
