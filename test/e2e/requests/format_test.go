package requests

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// scenario is a case of the corpus.
type scenario struct {
	file string
	line int
	name string
	// version is the beginning of the versions of NGINX that the case is about;
	// empty: all.
	version string
	// steps are what the client does, in order.
	steps    []step
	arrivals []arrival
	// upstream is what the endpoint answers; nil: the usual.
	upstream []byte
}

// step is either bytes to send or an answer to read.
type step struct {
	send   []byte
	slowly bool
	answer *answer
}

// message is the part that arrivals and answers share.
type message struct {
	// headers are the lines "Name: value" that have to be there, absent the
	// names of those that must not.
	headers []string
	absent  []string
	body    []byte
	// hasBody is set where the case says something about the body.
	hasBody bool
}

type arrival struct {
	line string
	message
}

type answer struct {
	// statuses are the accepted ones; none where the proxy closes the
	// connection without an answer.
	statuses []int
	closes   bool
	message
}

var statusLine = regexp.MustCompile(`^(\d{3}(?:\|\d{3})*)?( ?close)?$`)

// parseFile reads a family's scenarios.
func parseFile(name string) ([]*scenario, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	p := parser{file: filepath.Base(name)}
	for i, line := range strings.Split(string(data), "\n") {
		p.line = i + 1
		if err := p.parseLine(line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", p.file, p.line, err)
		}
	}
	return p.scenarios, nil
}

type parser struct {
	file      string
	line      int
	scenarios []*scenario
}

func (p *parser) parseLine(line string) error {
	if line == "" || strings.HasPrefix(line, "# ") || line == "#" {
		return nil
	}
	if sentence, ok := strings.CutPrefix(line, "== "); ok {
		p.scenarios = append(p.scenarios, &scenario{file: p.file, line: p.line, name: sentence})
		return nil
	}
	if len(p.scenarios) == 0 {
		return fmt.Errorf("%q is before the first case", line)
	}
	s := p.scenarios[len(p.scenarios)-1]
	tag, rest := line[:1], line[1:]
	mode := " "
	if rest != "" {
		mode, rest = rest[:1], strings.TrimPrefix(rest[1:], " ")
		if mode == " " {
			rest = line[2:]
		}
	}
	text, err := unescape(rest)
	if err != nil {
		return err
	}
	switch tag + mode {
	case "> ":
		s.addSend(append(text, "\r\n"...), false)
	case ">|":
		s.addSend(text, false)
	case ">.":
		s.addSend(text, true)
	case "@ ":
		s.upstream = append(append(s.upstream, text...), "\r\n"...)
	case "@|":
		s.upstream = append(s.upstream, text...)
	case "? ":
		s.version = string(text)
	case "= ":
		return s.addArrivalLine(string(text))
	case "< ":
		return s.addAnswerLine(string(text))
	case "=|":
		return addBody(lastArrival(s), text)
	case "<|":
		return addBody(s.lastAnswer(), text)
	default:
		return fmt.Errorf("%q begins with none of ==, ?, >, =, <, @", line)
	}
	return nil
}

func (s *scenario) addSend(text []byte, slowly bool) {
	if n := len(s.steps); n > 0 && s.steps[n-1].answer == nil && s.steps[n-1].slowly == slowly {
		s.steps[n-1].send = append(s.steps[n-1].send, text...)
		return
	}
	s.steps = append(s.steps, step{send: text, slowly: slowly})
}

func (s *scenario) addArrivalLine(text string) error {
	if strings.HasSuffix(text, " HTTP/1.1") {
		s.arrivals = append(s.arrivals, arrival{line: text})
		return nil
	}
	return addHeader(lastArrival(s), text)
}

func lastArrival(s *scenario) *message {
	if len(s.arrivals) == 0 {
		return nil
	}
	return &s.arrivals[len(s.arrivals)-1].message
}

func (s *scenario) addAnswerLine(text string) error {
	match := statusLine.FindStringSubmatch(text)
	if match == nil {
		return addHeader(s.lastAnswer(), text)
	}
	a := &answer{closes: match[2] != ""}
	for _, text := range strings.FieldsFunc(match[1], func(r rune) bool { return r == '|' }) {
		status, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		a.statuses = append(a.statuses, status)
	}
	s.steps = append(s.steps, step{answer: a})
	return nil
}

func (s *scenario) lastAnswer() *message {
	if n := len(s.steps); n > 0 && s.steps[n-1].answer != nil {
		return &s.steps[n-1].answer.message
	}
	return nil
}

func addHeader(m *message, text string) error {
	if m == nil {
		return fmt.Errorf("header %q belongs to no message", text)
	}
	if name, ok := strings.CutPrefix(text, "!"); ok {
		m.absent = append(m.absent, name)
		return nil
	}
	if !strings.Contains(text, ":") {
		return fmt.Errorf("%q is no header", text)
	}
	m.headers = append(m.headers, text)
	return nil
}

func addBody(m *message, text []byte) error {
	if m == nil {
		return fmt.Errorf("body %q belongs to no message", text)
	}
	m.body, m.hasBody = append(m.body, text...), true
	return nil
}

var escape = regexp.MustCompile(`\\(?:x[0-9a-fA-F]{2}|\((?s:[^()]*)\*[0-9]+\)|.|$)`)

// unescape gives the bytes that a line's text means.
func unescape(text string) ([]byte, error) {
	var failure error
	out := escape.ReplaceAllFunc([]byte(text), func(e []byte) []byte {
		switch {
		case e[len(e)-1] == ')':
			text, count, _ := bytes.Cut(e[2:len(e)-1], []byte("*"))
			n, err := strconv.Atoi(string(count))
			if err != nil {
				failure = fmt.Errorf("%s: %w", e, err)
			}
			return bytes.Repeat(text, n)
		case string(e) == `\0`:
			return []byte{0}
		}
		c, err := strconv.Unquote(`"` + string(e) + `"`)
		if err != nil {
			failure = fmt.Errorf("%q is no escape: %w", e, err)
		}
		return []byte(c)
	})
	return out, failure
}
