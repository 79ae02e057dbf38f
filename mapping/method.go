package mapping

import (
	"fmt"
	"slices"
	"strings"
)

// AllMethods are the verbs that API Gateway knows, sorted. A policy or a
// method of an API can name these and no others.
var AllMethods = []Method{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}

// isEvery reports whether a word of VERBS stands for every verb.
func isEvery(word string) bool { return word == "*" || strings.EqualFold(word, "ANY") }

// parseMethod reads one verb, in upper or lower case.
func parseMethod(word string) (Method, *mistake) {
	method := Method(strings.ToUpper(word))
	if slices.Contains(AllMethods, method) {
		return method, nil
	}
	message := fmt.Sprintf("unknown verb %s", quote(word))
	if near := nearest(string(method), slices.Values(AllMethods)); near != "" {
		return "", wrong(message, "write "+near)
	}
	return "", wrong(message, "write any of DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, or \"*\" alone for all of them")
}
