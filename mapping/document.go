package mapping

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// maxFile bounds a mapping file's bytes: more than 300,000 rows fit.
const maxFile = 64 << 20

// maxIndicators bounds what makes YAML's values: the tree of a file takes some
// hundred bytes for each, so that 64 MiB of "[],[],…" would fill the memory. A
// row has about eight; a file of rows reaches maxFile first.
const maxIndicators = 3_000_000

// maxAliased bounds how many values a file may have by way of aliases beyond
// those that are written in it.
const maxAliased = 1_000_000

// Load reads the mapping file at the path, or the mapping directory. The error is
// Errors where a file has mistakes, and otherwise says why it could not be read.
func Load(path string) (*Mapping, error) {
	if IsDirectory(path) {
		return loadDirectory(path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read mapping: %w", err)
	}
	defer f.Close()
	return Read(path, f)
}

// Read is Parse of what r holds. It reads one byte more than a mapping may have
// and no more, so that neither a huge file nor a device without an end fills the
// memory.
func Read(source string, r io.Reader) (*Mapping, error) {
	var b bytes.Buffer
	if f, ok := r.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && info.Size() <= maxFile {
			b.Grow(int(info.Size()) + bytes.MinRead)
		}
	}
	if _, err := b.ReadFrom(io.LimitReader(r, maxFile+1)); err != nil {
		return nil, fmt.Errorf("read mapping: %w", err)
	}
	return Parse(source, b.Bytes())
}

// Parse reads a mapping file's content; source names the file in messages and
// in the mapping. The error is Errors, with every mistake of the file.
func Parse(source string, data []byte) (*Mapping, error) {
	r := &reader{source: source}
	m := &Mapping{Source: source}
	if root := r.document(data); root != nil {
		readTop(r, root, mappingFields, m)
		r.relate(m)
	}
	if len(r.errs) > 0 {
		return nil, r.errs.sort()
	}
	m.Digest = m.digest()
	return m, nil
}

// document turns the file into the tree of its only document. It gives nil
// where it reported a mistake that leaves nothing to read on with.
func (r *reader) document(data []byte) *yaml.Node {
	if len(data) > maxFile {
		r.reportAt(1, 1, "", wrong("the file is larger than 64 MiB", "divide the rows among several environments with a mapping each"))
		return nil
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	r.data = data
	if line, column, err := checkText(data); err != nil {
		r.reportAt(line, column, "", err)
		return nil
	}
	if countIndicators(data) > maxIndicators {
		r.reportAt(1, 1, "", wrong(fmt.Sprintf("the file holds more than %d YAML values", maxIndicators), "divide the rows among several environments with a mapping each"))
		return nil
	}
	first, err := decodeOnly(bytes.NewReader(data))
	if err != nil {
		line, column, m := syntaxError(err, data)
		r.reportAt(line, column, "", m)
		return nil
	}
	if first == nil || isNull(first) {
		r.reportAt(1, 1, "", wrong("the file is empty", "write APIS: and a row for each custom domain"))
		return nil
	}
	if at, err := checkAliases(first); err != nil {
		r.reportAt(at.Line, at.Column, "", err)
		return nil
	}
	return first
}

// checkText refuses what is not text before the YAML parser, whose messages
// have no position for it: bytes that aren't UTF-8, control characters, and
// the line separators that editors and YAML count differently.
func checkText(data []byte) (line, column int, err *mistake) {
	line, column = 1, 1
	for i := 0; i < len(data); {
		c := data[i]
		switch {
		case c == '\n', c == '\r' && (i+1 == len(data) || data[i+1] != '\n'):
			line, column = line+1, 1
			i++
			continue
		case c == '\r':
			i++
			continue
		case c >= 0x20 && c < 0x7f || c == '\t':
			i++
			column++
			continue
		}
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return line, column, wrong(fmt.Sprintf("byte 0x%02x is not UTF-8", c), "save the file as UTF-8")
		case unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == '\ufeff' || r == '\ufffe' || r == '\uffff':
			return line, column, wrong("character "+characterName(r)+" doesn't print", "delete it")
		}
		i += size
		column++
	}
	return 0, 0, nil
}

// countIndicators counts the characters that begin a value or stand between
// two: a file has at most twice as many values, and one.
func countIndicators(data []byte) int {
	count := 0
	for i, c := range data {
		switch c {
		case '[', '{', ',':
			count++
		case ':', '-', '?':
			if i+1 == len(data) || data[i+1] <= ' ' || data[i+1] == '[' || data[i+1] == '{' || data[i+1] == '"' {
				count++
			}
		}
	}
	return count
}

// checkAliases refuses aliases that contain themselves, and those that stand
// for so much that reading the file would take forever. An alias leads back
// in the file only, so one walk in the file's order meets every target before
// or while it is counted, and needs no recursion through aliases.
func checkAliases(root *yaml.Node) (*yaml.Node, *mistake) {
	sizes := map[*yaml.Node]int{}
	aliased := 0
	var bad *yaml.Node
	var why *mistake
	var count func(n *yaml.Node) int
	count = func(n *yaml.Node) int {
		if n.Kind == yaml.AliasNode {
			size, known := sizes[n.Alias]
			aliased += size
			switch {
			case bad != nil:
			case !known:
				bad, why = n, wrong(fmt.Sprintf("alias %s is part of what it stands for", quote("*"+n.Value)), "write the value itself")
			case aliased > maxAliased:
				bad, why = n, wrong(fmt.Sprintf("the file's aliases stand for more than %d values", maxAliased), "write the values themselves")
			}
			return size
		}
		size := 1
		for _, child := range n.Content {
			size = min(size+count(child), maxAliased+1)
		}
		if n.Anchor != "" {
			sizes[n] = size
		}
		return size
	}
	count(root)
	return bad, why
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }
