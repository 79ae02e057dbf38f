package mapping

import (
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// field is a key of one of the file's maps. One table of fields drives the
// reader, its suggestions for misspelt keys, and the JSON schema.
type field[T any] struct {
	key      string
	required bool
	// doc is the field's description in the JSON schema.
	doc string
	// schema is the JSON schema of the value, as far as one can say it; nil for a
	// key that belongs in another file, which read refuses.
	schema schema
	// read reads the value into the target, or reports why it can't.
	read func(r *reader, v value, into *T)
}

// readFields reads a map by the table of its fields, in the table's order, and
// gives the fields' nodes in the same order: nil for a key that is absent. The
// value of a misspelt key is read as that of the key that was probably meant,
// so that one run reports its mistakes too.
func readFields[T any](r *reader, v value, fields []field[T], into *T) []*yaml.Node {
	nodes := make([]*yaml.Node, len(fields))
	lines := make([]int, len(fields))
	var misspelt []pair
	for _, p := range r.pairs(v) {
		if p.key.Kind != yaml.ScalarNode {
			r.report(value{p.key, v.path}, wrong("a key is "+kindName(p.key), "write one of "+keys(fields)))
			continue
		}
		i := slices.IndexFunc(fields, func(f field[T]) bool { return f.key == p.key.Value })
		switch {
		case i < 0:
			misspelt = append(misspelt, p)
		case nodes[i] != nil:
			r.report(v.child(p.key.Value, p.key), duplicateKey(lines[i]))
		default:
			nodes[i], lines[i] = p.value, p.key.Line
		}
	}
	for _, p := range misspelt {
		i, err := unknownKey(p.key.Value, fields)
		r.report(v.child(p.key.Value, p.key), err)
		if i >= 0 && nodes[i] == nil {
			nodes[i] = p.value
		}
	}
	for i, f := range fields {
		if nodes[i] != nil {
			f.read(r, v.child(f.key, nodes[i]), into)
		} else if f.required {
			r.report(v, wrong(f.key+" is missing", "add it"))
		}
	}
	return nodes
}

// unknownKey gives the field that a misspelt key probably means, or -1.
func unknownKey[T any](key string, fields []field[T]) (int, *mistake) {
	near := nearest(strings.ToUpper(key), func(yield func(string) bool) {
		for _, f := range fields {
			if !yield(f.key) {
				return
			}
		}
	})
	if near == "" {
		return -1, wrong("unknown key", "write one of "+keys(fields))
	}
	return slices.IndexFunc(fields, func(f field[T]) bool { return f.key == near }), wrong("unknown key", "write "+near)
}

func duplicateKey(line int) *mistake {
	return wrong("the key is on line "+strconv.Itoa(line)+" already", "delete one of the two")
}

func keys[T any](fields []field[T]) string {
	var names []string
	for _, f := range fields {
		if f.schema != nil {
			names = append(names, f.key)
		}
	}
	return strings.Join(names, ", ")
}
