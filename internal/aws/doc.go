// Package aws is AWS's vocabulary as Portico uses it: partitions, regions,
// account numbers, ARNs, IDs of EC2 resources, and references to container images,
// each with one grammar that every other package asks; and the quotas of an account
// for which AWS has raised none. It calls nothing, and imports neither AWS's SDK nor
// another package of Portico.
package aws

import "strconv"

// GrammarError says why a text isn't what it should be.
type GrammarError struct {
	// Text is what was read: the value, or the part of it that is wrong.
	Text string
	// Problem is the end of a sentence that begins with Text: "is not an account
	// number".
	Problem string
}

// Error is the text in quotes and the problem.
func (e *GrammarError) Error() string { return strconv.Quote(e.Text) + " " + e.Problem }
