package automation

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/internal/settings"
)

// previewFirst previews the shared stack and asks the provider stacks' Questions,
// before Up runs any stack. The results are nil where nothing is in the way.
//
// The provider stacks themselves are not previewed: they read outputs of the shared
// stack, which is to be updated first.
func (r *run) previewFirst(ctx context.Context) []Result {
	if !r.PreviewFirst {
		return nil
	}
	shared := r.with(preview).stack(ctx, r.reading(r.Shared))
	results := append([]Result{shared}, r.ask(ctx, r.sameDigests(known(shared.previewed)))...)
	if failures(results) == 0 {
		return nil
	}
	r.skipOthers(results, "up would fail, and nothing was run")
	return onlyOnce(results)
}

// ask asks the Questions of the provider stacks, but for those that have been answered
// in a run for the same. The results have errors where something is in the way, and
// nothing else.
func (r *run) ask(ctx context.Context, answered map[string]bool) []Result {
	results := make([]Result, len(r.Providers))
	var stacks []Stack
	var at []int
	for i, s := range r.Providers {
		results[i] = Result{Name: s.Name, Account: s.Account}
		if s.Questions != nil && !answered[s.Name] {
			s.Program, s.asked = askedBy(s.Questions)
			stacks, at = append(stacks, s), append(at, i)
		}
	}
	for i, result := range r.with(asking).sideBySide(ctx, stacks) {
		results[at[i]].Err = result.Err
	}
	return results
}

// askedBy is a program, and a function that reports whether it has run without an
// error: protected resources would fail the preview of a program that has none.
func askedBy(questions pulumi.RunFunc) (pulumi.RunFunc, func() bool) {
	var ended atomic.Bool
	return func(ctx *pulumi.Context) error {
		err := questions(ctx)
		ended.Store(err == nil)
		return err
	}, ended.Load
}

// skipOthers skips the stacks whose results have no error.
func (r *run) skipOthers(results []Result, reason string) {
	for i, result := range results {
		if result.Err == nil {
			results[i] = r.skip(Stack{Name: result.Name, Account: result.Account}, reason)
		}
	}
}

// wasDeployed reports, after the shared stack's preview, whether the provider stacks
// find its outputs.
func (r *run) wasDeployed(ctx context.Context, shared Result) bool {
	if shared.Err == nil && shared.Changes.Create == 0 {
		return true
	}
	if shared.Err == nil && shared.Resources == shared.Changes.Create {
		return false
	}
	// A first update that stopped half-way has left resources, and no outputs.
	workspace, err := r.workspace(ctx, r.Shared)
	if err != nil {
		return false
	}
	stack, err := r.existing(ctx, r.Shared, workspace)
	return err == nil && stack.lastOutputs(ctx) != nil
}

// programError matches how the engine begins the error of a program, and how the
// Go SDK lists several errors.
var programError = regexp.MustCompile(`^an unhandled error occurred: (?:waiting for RPCs: )?(?:\d+ errors? occurred:\n)?`)

// findingsOf takes an error that a program returned apart: its lines are findings,
// sorted, each once. Other texts stay as they are.
func findingsOf(text string) string {
	rest := programError.ReplaceAllString(text, "")
	if rest == text {
		return text
	}
	var lines []string
	for line := range strings.Lines(rest) {
		if line = strings.TrimPrefix(strings.TrimSpace(line), "* "); line != "" {
			lines = append(lines, line)
		}
	}
	slices.SortFunc(lines, settings.CompareReported)
	return strings.Join(slices.Compact(lines), "\n")
}

// onlyOnce takes findings out of a stack's error that an earlier stack's has, such as
// a zone of a third account that is to validate both stacks' certificates.
func onlyOnce(results []Result) []Result {
	first := map[string]string{} // the stack of each finding
	for i, result := range results {
		failed := new(stackError)
		if !errors.As(result.Err, &failed) {
			continue
		}
		var kept, before []string
		for line := range strings.SplitSeq(failed.text, "\n") {
			line = strings.TrimSpace(line)
			if earlier, reported := first[line]; reported {
				before = append(before, earlier)
				continue
			}
			first[line] = result.Name
			kept = append(kept, line)
		}
		if len(before) > 0 {
			slices.Sort(before)
			stacks := strings.Join(slices.Compact(before), ", ")
			if len(kept) == 0 {
				kept = append(kept, "the same as "+stacks)
			} else {
				kept = append(kept, "and what "+stacks+" has too")
			}
			results[i].Err = &stackError{indented(kept), failed.err}
		}
	}
	return results
}
