package mapping

import (
	"iter"

	"github.com/agnivade/levenshtein"
)

// longestSuggestion bounds the words that are compared: nobody misspells a
// key of 64 characters, and comparing is quadratic in the length.
const longestSuggestion = 64

// nearest gives the candidate that the word was probably meant to be, or "":
// at most a third of its letters may differ.
func nearest[S ~string](word string, candidates iter.Seq[S]) string {
	if len(word) > longestSuggestion {
		return ""
	}
	best, bestDistance := "", max(len(word)/3, 1)+1
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
