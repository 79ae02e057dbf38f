package load

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Report is what became of requests, in the order of their ends.
type Report struct {
	Answers []Answer
}

// Of are the answers to one method.
func (r Report) Of(method string) Report {
	return r.filter(func(a Answer) bool { return a.Method == method })
}

// Failed are the answers that are not OK, nor among the tolerated.
func (r Report) Failed(tolerated ...Outcome) []Answer {
	return r.filter(func(a Answer) bool { return a.Outcome != OK && !slices.Contains(tolerated, a.Outcome) }).Answers
}

// Between are the answers to requests sent in that time.
func (r Report) Between(begin, end time.Time) Report {
	return r.filter(func(a Answer) bool { return !a.Sent.Before(begin) && a.Sent.Before(end) })
}

func (r Report) filter(keep func(Answer) bool) Report {
	var kept []Answer
	for _, a := range r.Answers {
		if keep(a) {
			kept = append(kept, a)
		}
	}
	return Report{Answers: kept}
}

// Outcomes counts the answers by what became of them.
func (r Report) Outcomes() map[Outcome]int {
	counts := make(map[Outcome]int)
	for _, a := range r.Answers {
		counts[a.Outcome]++
	}
	return counts
}

// Quantile is the time within which the fraction q, from 0 to 1, of the
// requests were answered; 0 when there are none.
func (r Report) Quantile(q float64) time.Duration {
	if len(r.Answers) == 0 {
		return 0
	}
	took := make([]time.Duration, len(r.Answers))
	for i, a := range r.Answers {
		took[i] = a.Took
	}
	slices.Sort(took)
	return took[min(int(q*float64(len(took))), len(took)-1)]
}

// String has the counts and the times in one line.
func (r Report) String() string {
	var parts []string
	counts := r.Outcomes()
	for _, outcome := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d %s", counts[outcome], outcome))
	}
	return fmt.Sprintf("%d requests: %s; p50 %v, p99 %v, longest %v", len(r.Answers), strings.Join(parts, ", "),
		r.Quantile(0.5).Round(time.Microsecond), r.Quantile(0.99).Round(time.Microsecond), r.Quantile(1).Round(time.Microsecond))
}
