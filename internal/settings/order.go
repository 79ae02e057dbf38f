package settings

import (
	"cmp"
	"regexp"
	"strconv"
)

// reportedPlace matches how a reported mistake begins that has a place in a file: the
// file, with its line and column as far as they are known.
var reportedPlace = regexp.MustCompile(`^(?:([^\s:][^:]*):([0-9]+)(?::([0-9]+))?|([^\s:][^:]*\.ya?ml)): `)

// CompareReported orders reported mistakes, one line each, as their readers mend
// them: by file, by line and column as numbers, then by text, whose numbers count as
// numbers too, so that "APIS[9]" comes before "APIS[10]". What has no place comes
// after what has one.
func CompareReported(a, b string) int {
	fileA, lineA, columnA, placedA := placeReported(a)
	fileB, lineB, columnB, placedB := placeReported(b)
	switch {
	case placedA && placedB:
		return cmp.Or(cmp.Compare(fileA, fileB), cmp.Compare(lineA, lineB), cmp.Compare(columnA, columnB), compareKeys(a, b), cmp.Compare(a, b))
	case placedA:
		return -1
	case placedB:
		return 1
	}
	return cmp.Or(compareKeys(a, b), cmp.Compare(a, b))
}

// placeReported is the place that a reported mistake begins with.
func placeReported(text string) (file string, line, column int, placed bool) {
	found := reportedPlace.FindStringSubmatch(text)
	if found == nil {
		return "", 0, 0, false
	}
	line, _ = strconv.Atoi(found[2])   // without one: 0
	column, _ = strconv.Atoi(found[3]) // likewise
	return found[1] + found[4], line, column, true
}

// compare orders mistakes by file, line and column, then by key and text.
func (e *Error) compare(other *Error) int {
	return cmp.Or(
		cmp.Compare(e.File, other.File), cmp.Compare(e.Line, other.Line), cmp.Compare(e.Column, other.Column),
		compareKeys(e.Key, other.Key), cmp.Compare(e.Problem, other.Problem), cmp.Compare(e.Fix, other.Fix),
	)
}
