package review

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// What a diagram's lines are made of; Mermaid's flowchart syntax
// (https://mermaid.js.org/syntax/flowchart.html) has all of these.
var (
	mermaidHost     = regexp.MustCompile(`^  (host\d+)\(\["[a-zA-Z0-9*._~/-]+"\]\)$`)
	mermaidAccount  = regexp.MustCompile(`^  subgraph account\d+\["account [A-Za-z0-9_ -]+"\]$`)
	mermaidEndpoint = regexp.MustCompile(`^    (api\d+)\["[a-zA-Z0-9._~/-]+"\]$`)
	mermaidEdge     = regexp.MustCompile(`^  (host\d+) (?:==>|-->|-\.->)\|"[A-Za-z+ -]+"\| (api\d+)$`)
	mermaidMore     = regexp.MustCompile(`^  more\["and \d+ rows more"\]$`)
)

// parseMermaid holds a diagram to the grammar above and to the order that
// Mermaid needs: nodes before the edges that name them, subgraphs that end.
func parseMermaid(text string) (edges int, err error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if lines[0] != "flowchart LR" {
		return 0, fmt.Errorf("begins with %q", lines[0])
	}
	nodes := map[string]bool{}
	inside := false
	for _, line := range lines[1:] {
		switch {
		case mermaidHost.MatchString(line) && !inside:
			nodes[mermaidHost.FindStringSubmatch(line)[1]] = true
		case mermaidAccount.MatchString(line) && !inside:
			inside = true
		case mermaidEndpoint.MatchString(line) && inside:
			nodes[mermaidEndpoint.FindStringSubmatch(line)[1]] = true
		case line == "  end" && inside:
			inside = false
		case mermaidEdge.MatchString(line) && !inside:
			m := mermaidEdge.FindStringSubmatch(line)
			if !nodes[m[1]] || !nodes[m[2]] {
				return 0, fmt.Errorf("%q names a node that is not there", line)
			}
			edges++
		case mermaidMore.MatchString(line) && !inside:
		default:
			return 0, fmt.Errorf("%q is nothing that a diagram has here", line)
		}
	}
	if inside {
		return 0, fmt.Errorf("a subgraph does not end")
	}
	return edges, nil
}

func TestDiagramsAreMermaid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawReview(t)
		text := r.Mermaid()
		drawn := 0
		for _, c := range r.Rows {
			if c.Kind != RowForgotten {
				drawn++
			}
		}
		if drawn == 0 {
			require.Empty(t, text)
			return
		}
		edges, err := parseMermaid(text)
		require.NoError(t, err, text)
		require.GreaterOrEqual(t, edges, drawn)
	})
}

func TestLargeDiagramsAreCutAndCountTheRest(t *testing.T) {
	r := largeReview(t, 100)
	text := r.Mermaid()
	edges, err := parseMermaid(text)
	require.NoError(t, err, text)
	require.Equal(t, maxDiagramRows, edges)
	require.Contains(t, text, `more["and 60 rows more"]`)
}
