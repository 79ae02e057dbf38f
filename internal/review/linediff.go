package review

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// prettyJSON lays a JSON document out for reading, one member to a line.
func prettyJSON(document []byte) (string, error) {
	if len(document) == 0 {
		return "", nil
	}
	var b bytes.Buffer
	if err := json.Indent(&b, document, "", "  "); err != nil {
		return "", fmt.Errorf("lay out a resource policy: %w", err)
	}
	return b.String() + "\n", nil
}

// PolicyLines are the lines of a policy after a change and of the one before it, each
// after " ", "-" or "+"; either is JSON, or empty. Nothing is left out.
func PolicyLines(before, after []byte) ([]string, error) {
	old, err := prettyJSON(before)
	if err != nil {
		return nil, err
	}
	now, err := prettyJSON(after)
	if err != nil {
		return nil, err
	}
	return editScript(splitLines(old), splitLines(now)), nil
}

// contextLines is how many unchanged lines stand around a change.
const contextLines = 3

// diffLines are the lines of a unified diff, without headers: " ", "-" or "+"
// in front of each, and "@@" where unchanged lines are left out.
func diffLines(before, after string) []string {
	all := editScript(splitLines(before), splitLines(after))
	var lines []string
	skipped := false
	for i, line := range all {
		if !nearChange(all, i) {
			skipped = true
			continue
		}
		if skipped {
			lines = append(lines, "@@")
			skipped = false
		}
		lines = append(lines, line)
	}
	if skipped && len(lines) > 0 {
		lines = append(lines, "@@")
	}
	return lines
}

func nearChange(lines []string, i int) bool {
	for _, line := range lines[max(0, i-contextLines):min(len(lines), i+contextLines+1)] {
		if line[0] != ' ' {
			return true
		}
	}
	return false
}

func splitLines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// editScript turns a into b by their longest common subsequence. The policies
// that it is for have some hundred lines, so that the table stays small.
func editScript(a, b []string) []string {
	// common[i][j] is the length of the longest common subsequence of a[i:]
	// and b[j:].
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var script []string
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			script = append(script, " "+a[i])
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || common[i+1][j] >= common[i][j+1]):
			script = append(script, "-"+a[i])
			i++
		default:
			script = append(script, "+"+b[j])
			j++
		}
	}
	return script
}
