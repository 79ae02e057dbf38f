package mapping

import (
	"iter"

	"github.com/agnivade/levenshtein"
)

// longestSuggestion bounds the words that are compared: no key is that long,
// and comparing is quadratic in the length.
const longestSuggestion = 64

// nearest gives the candidate that the word was probably meant to be, or "":
// at most two letters or a third of them may differ, and never all.
func nearest[S ~string](word string, candidates iter.Seq[S]) string {
	if len(word) > longestSuggestion {
		return ""
	}
	best, bestDistance := "", min(max(len(word)/3, 2)+1, len(word))
	for candidate := range candidates {
		c := string(candidate)
		if len(c) > longestSuggestion || len(c)-len(word) >= bestDistance || len(word)-len(c) >= bestDistance {
			continue
		}
		if distance := levenshtein.ComputeDistance(word, c); distance < bestDistance {
			best, bestDistance = c, distance
		}
	}
	return best
}
