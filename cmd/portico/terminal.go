package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/mattn/go-isatty"
	"golang.org/x/term"
)

// screen is how an output shows tables. Its zero value is that of files and pipes:
// lines as long as they are, without colours, which grep and awk read.
type screen struct {
	// columns is the width of the terminal; 0: lines may have any length.
	columns int
	colours bool
}

// screenOf is the screen of an output. A terminal has colours unless NO_COLOR is set
// to something (https://no-color.org), or the terminal says that it has none.
func screenOf(w io.Writer) screen {
	file, ok := w.(*os.File)
	if !ok || !isatty.IsTerminal(file.Fd()) {
		return screen{}
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		columns = 0
	}
	return screen{columns: columns, colours: os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

// liveTerminal is the width of a terminal whose lines may be written over: not where a
// build server, which sets CI, keeps a log.
func liveTerminal(w io.Writer) (columns int, live bool) {
	file, ok := w.(*os.File)
	if !ok || !isatty.IsTerminal(file.Fd()) || os.Getenv("CI") != "" || os.Getenv("TERM") == "dumb" {
		return 0, false
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	return columns, err == nil
}

// outcome is a cell that says how something went.
type outcome struct {
	text string
	good bool
}

func (o outcome) String() string { return o.text }

// listing is a table without lines.
type listing struct {
	header table.Row
	rows   []table.Row
}

func newTable(header table.Row) *listing { return &listing{header: header} }

func (l *listing) AppendRow(row table.Row) { l.rows = append(l.rows, row) }

func (l *listing) empty() bool { return len(l.rows) == 0 }

const (
	// between are the blanks between two columns.
	between = 2
	// narrowest is the width below which no column is wrapped, so that words stay
	// readable on a screen that is too narrow for the table.
	narrowest = 8
)

// text is the table on a screen. Where it is too wide, its widest columns are wrapped.
func (l *listing) text(s screen) string {
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft = ""
	style.Box.PaddingRight = strings.Repeat(" ", between)
	t := table.NewWriter()
	if s.colours {
		style.Color.Header = text.Colors{text.Bold}
	}
	t.SetStyle(style)
	var columns []table.ColumnConfig
	for i, width := range l.fitted(s.columns) {
		columns = append(columns, table.ColumnConfig{Number: i + 1, WidthMax: width, WidthMaxEnforcer: text.WrapSoft})
	}
	t.SetColumnConfigs(columns)
	t.AppendHeader(l.header)
	for _, row := range l.rows {
		t.AppendRow(s.coloured(row))
	}
	var b strings.Builder
	for line := range strings.Lines(t.Render()) {
		b.WriteString(trimmed(line) + "\n")
	}
	return b.String()
}

// trimmed is a line without the blanks at its end, which may stand in the header's
// colour.
func trimmed(line string) string {
	line, coloured := strings.CutSuffix(strings.TrimRight(line, " \n"), text.EscapeReset)
	line = strings.TrimRight(line, " ")
	if coloured {
		line += text.EscapeReset
	}
	return line
}

func (s screen) coloured(row table.Row) table.Row {
	row = slices.Clone(row)
	for i, cell := range row {
		o, is := cell.(outcome)
		switch {
		case !is || !s.colours:
		case o.good:
			row[i] = text.FgGreen.Sprint(o)
		default:
			row[i] = text.FgRed.Sprint(o)
		}
	}
	return row
}

// fitted are the columns' widths with which the table fits, none where it fits as it
// is: as many columns as possible keep theirs, and the others share what is left.
func (l *listing) fitted(columns int) []int {
	widths := make([]int, len(l.header))
	for _, row := range append([]table.Row{l.header}, l.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], text.LongestLineLen(fmt.Sprint(cell)))
		}
	}
	left := columns - between*(len(widths)-1)
	total := 0
	for _, width := range widths {
		total += width
	}
	if columns == 0 || total <= left {
		return nil
	}
	// From the narrowest on, each column takes its width or an equal share.
	order := make([]int, len(widths))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return widths[a] - widths[b] })
	for n, i := range order {
		share := max(left/(len(order)-n), narrowest)
		widths[i] = min(widths[i], share)
		left -= widths[i]
	}
	return widths
}
