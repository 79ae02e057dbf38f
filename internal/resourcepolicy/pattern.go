package resourcepolicy

import "strings"

// extent is how much of a row's requests something is about.
type extent int

const (
	none extent = iota
	some
	every
)

// Matches reports whether a text matches a pattern in which "*" stands for any
// run of characters, slashes and the empty run included, and "?" for one.
func Matches(pattern, text string) bool {
	states := walk(pattern, text)
	return states[len(pattern)]
}

// walk is which positions of a pattern can be reached by a text.
func walk(pattern, text string) []bool {
	plain := strings.IndexAny(pattern, "*?")
	if plain < 0 {
		plain = len(pattern)
	}
	same := 0
	for same < min(plain, len(text)) && pattern[same] == text[same] {
		same++
	}
	states := make([]bool, len(pattern)+1)
	if same < min(plain, len(text)) {
		return states // no position can be reached
	}
	states[same] = true
	states = skipStars(pattern, states)
	for i := same; i < len(text); i++ {
		next := make([]bool, len(pattern)+1)
		for at, reached := range states[:len(pattern)] {
			switch {
			case !reached:
			case pattern[at] == '*':
				next[at] = true
			case pattern[at] == '?' || pattern[at] == text[i]:
				next[at+1] = true
			}
		}
		states = skipStars(pattern, next)
	}
	return states
}

// skipStars reaches what is behind a star by the empty run.
func skipStars(pattern string, states []bool) []bool {
	for at := range pattern {
		if states[at] && pattern[at] == '*' {
			states[at+1] = true
		}
	}
	return states
}

// extentOf is how much of what a tree matches a pattern matches too. The tree is
// a text, or one that ends in the only "*" in it.
func extentOf(pattern, tree string) extent {
	root, isTree := strings.CutSuffix(tree, "*")
	states := walk(pattern, root)
	if !isTree {
		if states[len(pattern)] {
			return every
		}
		return none
	}
	found := none
	for at, reached := range states {
		switch rest := pattern[at:]; {
		case !reached:
		case rest != "" && strings.Trim(rest, "*") == "":
			return every
		default:
			found = some
		}
	}
	return found
}

// matchesARN compares two ARNs part by part, so that a wildcard doesn't reach
// over a colon of the first five.
func matchesARN(pattern, arn string) bool {
	const parts = 6
	patterns, texts := strings.SplitN(pattern, ":", parts), strings.SplitN(arn, ":", parts)
	if len(patterns) != parts || len(texts) != parts {
		return false
	}
	for i := range texts {
		if !Matches(patterns[i], texts[i]) {
			return false
		}
	}
	return true
}
