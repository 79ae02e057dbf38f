package mapping

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// reader turns the YAML tree into a mapping and collects the mistakes.
type reader struct {
	// source is the file's name.
	source string
	// data is the file's text, of which lineStarts are the lines' offsets once
	// they are asked for.
	data       []byte
	lineStarts []int
	errs       Errors
	// accounts are the entries of ACCOUNTS by name; an entry with mistakes of
	// its own is there with an empty ID, so that rows may name it.
	accounts map[string]AccountID
	rows     []row
	// team is the one whose file is read; nil for a file that is no team's.
	team *Team
	// suggestions counts comparisons with names of ACCOUNTS; see unknownAccount.
	suggestions int
}

// value is a node and the path that leads to it.
type value struct {
	*yaml.Node
	path string
}

func (v value) item(i int) value {
	return value{resolve(v.Content[i]), v.path + "[" + strconv.Itoa(i) + "]"}
}

// plainKey are the keys that are in a path as they are written.
var plainKey = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func (v value) child(key string, n *yaml.Node) value {
	switch {
	case !plainKey.MatchString(key):
		return value{n, v.path + "[" + quote(key) + "]"}
	case v.path == "":
		return value{n, key}
	default:
		return value{n, v.path + "." + key}
	}
}

func (r *reader) reportAt(line, column int, path string, m *mistake) {
	r.errs = append(r.errs, &Error{Team: r.teamName(), File: r.source, Line: max(line, 1), Column: max(column, 1), Path: path, Message: m.message, Fix: m.fix})
}

// refuse reports a mistake at a field of a row, or at the row where the field is
// absent.
func (r *reader) refuse(w *row, key string, m *mistake) *Error {
	v := w.at(key)
	e := &Error{Team: w.Team, File: w.Pos.File, Line: v.Line, Column: v.Column, Path: v.path, Message: m.message, Fix: m.fix, row: w.Index}
	r.errs = append(r.errs, e)
	return e
}

// report reports a mistake in a value. Where the value holds characters that
// don't show or look like others, they are what is wrong.
func (r *reader) report(at value, m *mistake) {
	if at.Kind == yaml.ScalarNode {
		if odd := m.characters(at.Value); len(odd) > 0 {
			for _, o := range odd {
				line, column := r.place(at.Node, o.at)
				r.reportAt(line, column, at.path, o.mistakeIn(at.Value))
			}
			return
		}
		if offset, named := m.withCharacter(at.Value); named != m {
			line, column := r.place(at.Node, offset)
			r.reportAt(line, column, at.path, named)
			return
		}
	}
	r.reportAt(at.Line, at.Column, at.path, m)
}

// resolve follows an alias. The value keeps the alias's own place in the file:
// that is where a reader looks for the mistake.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind != yaml.AliasNode {
		return n
	}
	target := *n.Alias
	target.Line, target.Column = n.Line, n.Column
	return &target
}

// kindName is what a value is called in messages.
func kindName(n *yaml.Node) string {
	if n.Kind == yaml.MappingNode {
		return "a map"
	}
	if n.Kind == yaml.SequenceNode {
		return "a list"
	}
	switch tag := n.ShortTag(); tag {
	case "!!str":
		return "text"
	case "!!null":
		return "empty"
	case "!!bool":
		return "a boolean"
	case "!!int", "!!float":
		return "a number"
	case "!!timestamp":
		return "a date"
	default:
		return "tagged " + quote(tag)
	}
}

// pair is an entry of a map.
type pair struct{ key, value *yaml.Node }

// pairs are the entries of a map; what a merge key (<<) brings in comes after
// the map's own, which win over it.
func (r *reader) pairs(v value) []pair {
	pairs := make([]pair, 0, len(v.Content)/2)
	var merged []value
	for i := 0; i+1 < len(v.Content); i += 2 {
		key, val := resolve(v.Content[i]), resolve(v.Content[i+1])
		if key.Kind == yaml.ScalarNode && key.ShortTag() == "!!merge" {
			merged = append(merged, v.child("<<", val))
			continue
		}
		pairs = append(pairs, pair{key, val})
	}
	if len(merged) > 0 {
		pairs = r.merge(pairs, merged)
	}
	return pairs
}

// merge adds the entries that merge keys bring in: maps, or lists of maps,
// of which the first that has a key wins.
func (r *reader) merge(pairs []pair, merged []value) []pair {
	own := map[string]bool{}
	for _, p := range pairs {
		own[p.key.Value] = true
	}
	for _, m := range merged {
		maps := []value{m}
		if m.Kind == yaml.SequenceNode {
			maps = maps[:0]
			for i := range m.Content {
				maps = append(maps, m.item(i))
			}
		}
		for _, from := range maps {
			if from.Kind != yaml.MappingNode {
				r.report(from, wrong("is "+kindName(from.Node)+", which can't be merged", "write an alias of a map"))
				continue
			}
			for _, p := range r.pairs(from) {
				if !own[p.key.Value] {
					own[p.key.Value] = true
					pairs = append(pairs, p)
				}
			}
		}
	}
	return pairs
}

// trap are the words that YAML 1.1 takes for booleans and YAML 1.2 for text.
var trap = regexp.MustCompile(`^(?:y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF)$`)

func isTrap(n *yaml.Node) bool { return n.Style == 0 && len(n.Value) <= 3 && trap.MatchString(n.Value) }

// text reads a value that must be a string.
func (r *reader) text(v value) (string, bool) {
	switch name := kindName(v.Node); {
	case name == "empty":
		r.report(v, wrong("has no value", "write one, or delete the key"))
	case name == "text" && isTrap(v.Node):
		r.report(v, wrong(v.Value+" is a boolean to other readers of YAML", "quote it: "+strconv.Quote(v.Value)))
	case name == "text":
		return v.Value, true
	case v.Kind == yaml.ScalarNode && strings.HasPrefix(name, "a "):
		r.report(v, wrong("is "+name+" where text belongs", "quote it: "+quote(v.Value)))
	case v.Kind == yaml.ScalarNode:
		r.report(v, wrong("is "+name, "delete the tag"))
	default:
		r.report(v, wrong("is "+name+" where text belongs", "write one value"))
	}
	return "", false
}

// boolean reads true or false.
func (r *reader) boolean(v value) bool {
	switch {
	case v.Kind == yaml.ScalarNode && v.ShortTag() == "!!bool":
		return strings.EqualFold(v.Value, "true")
	case isNull(v.Node):
		r.report(v, wrong("has no value", "write true or false, or delete the key"))
	case v.Kind == yaml.ScalarNode:
		r.report(v, wrong(quote(v.Value)+" is not a boolean", "write true or false, without quotes"))
	default:
		r.report(v, wrong("is "+kindName(v.Node)+" where a boolean belongs", "write true or false"))
	}
	return false
}

var wholeNumber = regexp.MustCompile(`^[1-9][0-9]{0,8}$`)

// seconds reads a whole number between 1 and limit.
func (r *reader) seconds(v value, limit int) (int, bool) {
	fix := fmt.Sprintf("write a whole number of seconds from 1 to %d", limit)
	switch {
	case isNull(v.Node):
		r.report(v, wrong("has no value", fix+", or delete the key"))
	case v.Kind != yaml.ScalarNode:
		r.report(v, wrong("is "+kindName(v.Node)+" where a number belongs", fix))
	case v.ShortTag() == "!!int" && wholeNumber.MatchString(v.Value):
		if n, err := strconv.Atoi(v.Value); err == nil && n <= limit {
			return n, true
		}
		r.report(v, wrong(fmt.Sprintf("%s is more than %d seconds", v.Value, limit), fix))
	case v.ShortTag() == "!!str" && wholeNumber.MatchString(v.Value):
		r.report(v, wrong(quote(v.Value)+" is text", "write "+v.Value+" without quotes"))
	default:
		r.report(v, wrong(quote(v.Value)+" is not a timeout", fix))
	}
	return 0, false
}
