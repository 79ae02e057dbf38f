package automation

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
)

const (
	// releaseEvery is how long a run waits before it tries again to delete what AWS
	// has not let go of. The AWS provider itself tries for 20 minutes each time.
	releaseEvery = time.Minute
	// releaseAtMost is how long it goes on so, from the first refusal. Reports say 10
	// to 40 minutes of certificates that a custom domain used.
	releaseAtMost = time.Hour
)

// hold recognizes an error that AWS answers with for a while and then no more. $1 is
// the resource's name, $2 its ID.
type hold struct {
	pattern *regexp.Regexp
	// waits says what is waited for, and advice what to do if it doesn't come.
	waits, advice string
}

var holds = []hold{
	// certificateCrossServicePropagationTimeout in internal/service/acm/certificate.go
	// of the AWS provider: API Gateway can take more than 15 minutes.
	{
		regexp.MustCompile(`(?:^|\* )(\S+): (?:.* )?deleting ACM Certificate.*ResourceInUseException: Certificate (\S+)`),
		"ACM counts certificate $1 as in use",
		"aws acm describe-certificate --certificate-arn $2 --query Certificate.InUseBy names what uses it: delete that, or have it use another certificate; if it names nothing, run this again later",
	},
	// DeleteDomainNameAccessAssociation answers 202: its deletion goes on.
	{
		regexp.MustCompile(`(?:^|\* )(\S+): (?:.* )?deleting API Gateway Domain Name.*(?:BadRequest|Conflict)Exception.*access association`),
		"API Gateway deletes an access association of custom domain $1",
		"aws apigateway get-domain-name-access-associations --resource-owner OTHER_ACCOUNTS names those that are left: their accounts have to delete them",
	},
	// waitDomainNameUpdated in internal/service/apigateway/domain_name.go waits a
	// constant 15 minutes, and has no timeout to set.
	{
		regexp.MustCompile(`(?:^|\* )(\S+): (?:.* )?waiting for API Gateway Domain Name \((\S+)\) update: timeout`),
		"API Gateway updates custom domain $1",
		"aws apigateway get-domain-name --domain-name $2 says in domainNameStatusMessage what is wrong",
	},
}

// held is what a failed run waits for, if time alone is missing: each problem is one
// that passes. Otherwise both are empty.
func held(problems []string) (waits, advice []string) {
	for _, problem := range problems {
		line := strings.Join(strings.Fields(problem), " ")
		if ended.MatchString(line) {
			continue
		}
		found := false
		for _, h := range holds {
			if match := h.pattern.FindStringSubmatchIndex(line); match != nil {
				waits = append(waits, string(h.pattern.ExpandString(nil, h.waits, line, match)))
				advice = append(advice, string(h.pattern.ExpandString(nil, h.advice, line, match)))
				found = true
				break
			}
		}
		if !found {
			return nil, nil
		}
	}
	return waits, advice
}

// ended is what the engine adds to the errors of a run's resources: its own last word,
// which names no problem.
var ended = regexp.MustCompile(`^(?:update|destroy|preview) failed$`)

// stack runs the operation on one stack and reports how it went. Where AWS takes its
// time to let go of what the run deletes, it waits and runs the operation again.
func (r *run) stack(ctx context.Context, s Stack) Result {
	result := r.once(ctx, s)
	if len(result.waits) == 0 {
		return result
	}
	since := r.now()
	until := since.Add(releaseAtMost)
	next := r.phase("again, to delete what AWS had not let go of")
	for len(result.waits) > 0 {
		waits := strings.Join(result.waits, "; ")
		if !r.now().Before(until) {
			return r.fail(result, &stackError{fmt.Sprintf("%v\n  since %s: %s: %s", result.Err, clock(since), waits, strings.Join(result.advice, "; ")), result.Err})
		}
		r.send(Event{Stack: s.Name, Kind: Note, Text: fmt.Sprintf("since %s: %s: trying again in %s, until %s", clock(since), waits, releaseEvery, clock(until))})
		if err := r.sleep(ctx, releaseEvery); err != nil {
			return r.fail(result, &stackError{fmt.Sprintf("interrupted while %s: the next run goes on from there", waits), err})
		}
		result = result.and(next.once(ctx, s))
	}
	return result
}

func (r *run) now() time.Time {
	if r.Now != nil {
		return r.Now()
	}
	return time.Now()
}

// clock is a time of day as messages have it.
func clock(at time.Time) string { return at.UTC().Format("15:04 MST") }
