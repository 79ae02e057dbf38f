package automation

import (
	"fmt"
	"math"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// Report is how each stack of an environment fared, in the order in which
// the stacks were run; those that ran side by side are ordered by name.
type Report struct {
	// Stacks are the results, one for each stack of the environment.
	Stacks []Result
	// Ahead are further phases, a sentence for each, in their order: after
	// Preview those that an Up would have; after Up those that it leaves for the
	// next, since the owners of APIs have to deploy stages first.
	Ahead []string
	// Commands are left to the APIs' owners after Destroy: with them they deploy the
	// stages of the stacks that may not (portico:redeploy: false). Until then
	// Portico's statements are in effect. Default: none is left.
	Commands []string
}

// Result is how one stack fared.
type Result struct {
	// Name is the stack's name.
	Name string
	// Account is the 12-digit AWS account number, where it is known.
	Account string
	// Phases are the runs that make up the stack's, in their order; Changes and
	// Seconds are their sums. Nil where the stack was not run.
	Phases []Phase
	// Resources is how many resources the stack holds after the run, or would
	// hold after the previewed one, by the engine's count: the stack itself and
	// its AWS providers are among them.
	Resources int
	// Changes are the operations on the stack's resources.
	Changes Changes
	// Seconds is the wall time of the runs; waits between phases don't count.
	Seconds float64
	// Outputs are the stack's outputs after Up; other operations leave it nil.
	Outputs auto.OutputMap
	// Skipped is why the stack was not run, although it had to; else empty.
	Skipped string
	// Unchanged reports that the stack was not run, since nothing has changed since its
	// last run.
	Unchanged bool
	// Err is why the run failed; nil where it did not.
	Err error

	// reported are the outputs of the stack's last successful run, after Up; nil
	// where there was none.
	reported map[string]any
	// previewed are the outputs that the stack would have, after Preview.
	previewed map[string]any
	// ahead are the phases that Up has left.
	ahead []string
	// waits is what AWS lets go of in a while, if that alone failed the run, and
	// advice what to do if it doesn't.
	waits, advice []string
}

// Phase is one run of a stack in an operation.
type Phase struct {
	// What says what the phase does, as the end of a sentence that begins with
	// the stack: "moves orders.example.com"; empty for the pass over all stacks.
	What string
	// Changes are the operations of this run.
	Changes Changes
	// Seconds is the wall time of this run.
	Seconds float64
}

// and is the result with that of the stack's next phase.
func (r Result) and(next Result) Result {
	switch {
	case len(next.Phases) == 0:
		next.Changes = r.Changes
	case len(r.Phases) > 0:
		next.Changes = r.Changes.and(next.Changes)
	}
	next.Phases = append(r.Phases, next.Phases...)
	next.Seconds = math.Round((r.Seconds+next.Seconds)*1000) / 1000 // to the millisecond, as each is
	return next
}

// and adds the changes of two runs. A resource that both leave as it is counts
// once.
func (c Changes) and(next Changes) Changes {
	return Changes{
		Create: c.Create + next.Create, Update: c.Update + next.Update,
		Replace: c.Replace + next.Replace, Delete: c.Delete + next.Delete,
		Same: min(c.Same, next.Same),
	}
}

// Changes counts a run's operations on resources, by kind.
type Changes struct {
	// Create counts the resources that were created.
	Create int `json:"create"`
	// Update counts the resources that were changed in place.
	Update int `json:"update"`
	// Replace counts the resources of which a new one took the place.
	Replace int `json:"replace"`
	// Delete counts the resources that were deleted.
	Delete int `json:"delete"`
	// Same counts the resources that were left as they are, those that the
	// program only reads included.
	Same int `json:"same"`
}

// String is such as "12 created, 1 replaced, 30 unchanged".
func (c Changes) String() string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{
		{c.Create, "created"}, {c.Update, "updated"}, {c.Replace, "replaced"},
		{c.Delete, "deleted"}, {c.Same, "unchanged"},
	} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	if len(parts) == 0 {
		return "nothing to do"
	}
	return strings.Join(parts, ", ")
}

// any reports whether there were changes.
func (c Changes) any() bool { return c.Create+c.Update+c.Replace+c.Delete > 0 }

// remaining is how many resources there are when the changes are done.
func (c Changes) remaining() int { return c.Create + c.Update + c.Replace + c.Same }

// changesOf sorts the engine's counts into ours. The engine names the halves of
// a replacement beside the replacement itself; it is one change.
func changesOf(counts map[apitype.OpType]int) Changes {
	var c Changes
	for op, n := range counts {
		switch op {
		case apitype.OpCreate, apitype.OpImport:
			c.Create += n
		case apitype.OpUpdate:
			c.Update += n
		case apitype.OpReplace, apitype.OpReadReplacement, apitype.OpImportReplacement:
			c.Replace += n
		case apitype.OpDelete:
			c.Delete += n
		case apitype.OpSame, apitype.OpRead, apitype.OpRefresh:
			c.Same += n
		case apitype.OpCreateReplacement, apitype.OpDeleteReplaced, apitype.OpDiscardReplaced,
			apitype.OpRemovePendingReplace, apitype.OpReadDiscard:
		}
	}
	return c
}
