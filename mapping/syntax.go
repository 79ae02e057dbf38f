package mapping

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// secondDocumentError says where a second document begins.
type secondDocumentError struct{ line, column int }

func (e secondDocumentError) Error() string { return "second document" }

// decodeOnly gives the root of the file's only document, nil for no document.
func decodeOnly(file io.Reader) (root *yaml.Node, err error) {
	// yaml.v3 recovers from its own panics only; what else its scanner trips
	// over in a hostile file is the file's mistake and not the program's end.
	defer func() {
		if p := recover(); p != nil {
			root, err = nil, fmt.Errorf("yaml: %v", p)
		}
	}()
	decoder := yaml.NewDecoder(file)
	var first, second yaml.Node
	switch err := decoder.Decode(&first); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, err
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		return nil, secondDocumentError{second.Line, second.Column}
	case !errors.Is(err, io.EOF):
		return nil, err
	}
	return first.Content[0], nil
}

var (
	yamlLine = regexp.MustCompile(`^yaml: (?:line ([0-9]+): )?(?s:(.*))$`)
	// parserProblem are the messages for which yaml.v3 tells, if anything, the
	// line before the one where the surrounding collection begins.
	parserProblem = regexp.MustCompile(`^(?:unknown anchor|found (?:undefined tag|incompatible|duplicate)|` +
		`did not find expected (?:<|node content|'-' indicator|key|',' or))`)
)

// lineReader hands out a line at a time. A YAML parser that fails has asked
// for the line of the problem and hardly more.
type lineReader struct {
	rest  []byte
	lines int
}

func (l *lineReader) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		return 0, io.EOF
	}
	end := bytes.IndexByte(l.rest, '\n') + 1
	if end == 0 {
		end = len(l.rest)
	}
	n := copy(p, l.rest[:end])
	if n == end {
		l.lines++
	}
	l.rest = l.rest[n:]
	return n, nil
}

// syntaxError gives the place and meaning of an error of yaml.v3, which knows
// a line at best.
func syntaxError(err error, data []byte) (line, column int, m *mistake) {
	var second secondDocumentError
	if errors.As(err, &second) {
		return second.line, second.column, wrong("a second document begins here", "write one document; delete \"---\" and what follows, or move it to another file")
	}
	parts := yamlLine.FindStringSubmatch(err.Error())
	line, message := 1, err.Error()
	if parts != nil {
		message = parts[2]
		if n, err := strconv.Atoi(parts[1]); err == nil {
			line = n
		}
	}
	if parserProblem.MatchString(message) {
		again := &lineReader{rest: data}
		if _, err := decodeOnly(again); err != nil {
			line = again.lines
		}
	}
	line = min(line, bytes.Count(data, []byte("\n"))+1)
	fix := "correct the YAML there or just above"
	switch {
	case strings.Contains(message, "cannot start any token"):
		fix = "indent with spaces instead of tabs, and quote values that begin with \"%\", \"@\" or \"`\""
	case strings.Contains(message, "unknown anchor"), strings.Contains(message, "alphabetic or numeric"):
		fix = "quote values that begin with \"*\" or \"&\", which mean alias and anchor"
	case strings.Contains(message, "mapping values are not allowed"):
		fix = "quote values that hold \": \", and indent keys of one row alike"
	case strings.Contains(message, "unexpected end of stream"):
		fix = "close the quote that begins there"
	case strings.Contains(message, "exceeded max depth"):
		fix = "write ACCOUNTS: and APIS:, whose values are at most three levels deep"
	}
	if at, column, odd, found := oddNear(data, line); found {
		problem := odd.mistakeIn("")
		return at, column, wrong("the file is not YAML ("+strings.ReplaceAll(message, "\n", " ")+"), where the line"+strings.TrimPrefix(problem.message, `""`), problem.fix)
	}
	return line, 1, wrong("the file is not YAML ("+strings.ReplaceAll(message, "\n", " ")+")", fix)
}
