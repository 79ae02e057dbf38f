package resourcepolicy

import (
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// InputError says that values of a Request can't be carried into a policy.
type InputError struct {
	APIID    string
	Problems []string // sorted
}

func (e *InputError) Error() string {
	return fmt.Sprintf("write resource policy of API %s: %s", e.APIID, strings.Join(e.Problems, "; "))
}

// The grammars of what goes into a policy. None admits "*", "?" or "$", which
// mean something in a policy, but for the leading "*." of a host: StringEquals
// compares that literally.
var (
	partitionGrammar = regexp.MustCompile(`^aws(-[a-z0-9]+)*$`)
	regionGrammar    = regexp.MustCompile(`^[a-z]+(-[a-z0-9]+)+$`)
	accountGrammar   = regexp.MustCompile(`^[0-9]{12}$`)
	apiGrammar       = regexp.MustCompile(`^[a-z0-9]+$`)
	endpointGrammar  = regexp.MustCompile(`^vpce-[0-9a-z-]+$`)
	hostGrammar      = regexp.MustCompile(`^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*$`)
	stageGrammar     = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	// A path's characters are RFC 3986's pchar without "*" and "$".
	pathGrammar = regexp.MustCompile(`^(/([A-Za-z0-9._~!&'()+,;=:@-]|%[0-9A-Fa-f]{2})+)*$`)
)

func (r *Request) check() error {
	var problems []string
	require := func(grammar *regexp.Regexp, what, value, example string) {
		if !grammar.MatchString(value) {
			problems = append(problems, fmt.Sprintf("%s %q: expected something like %s", what, value, example))
		}
	}
	require(partitionGrammar, "partition", r.Partition, "aws")
	require(regionGrammar, "region", r.Region, "us-east-1")
	require(accountGrammar, "account", r.AccountID, "111111111111")
	require(apiGrammar, "API ID", r.APIID, "a1b2c3d4e5")
	require(endpointGrammar, "VPC endpoint ID", r.VPCEndpointID, "vpce-0123456789abcdef0")
	for _, id := range r.AdditionalVPCEndpointIDs {
		require(endpointGrammar, "additional VPC endpoint ID", id, "vpce-0123456789abcdef0")
	}
	if r.Form != DenyNotResource && r.Form != DenyVerbs {
		problems = append(problems, fmt.Sprintf("deny form %q: expected %q or %q", r.Form, DenyNotResource, DenyVerbs))
	}
	if r.MaxSize < 0 {
		problems = append(problems, fmt.Sprintf("maximum size %d: expected a number of characters", r.MaxSize))
	}
	for i, g := range r.Grants {
		name := g.name(i)
		require(hostGrammar, name+": host", g.Host, "orders.example.com or *.example.com")
		require(stageGrammar, name+": stage", g.Stage, "prod")
		require(pathGrammar, name+": path", g.Path, "/orders, without * ? $ or a slash at the end")
		problems = append(problems, g.methodProblems(name)...)
	}
	if len(problems) == 0 {
		return nil
	}
	sort.Strings(problems)
	return &InputError{APIID: r.APIID, Problems: slices.Compact(problems)}
}

func (g Grant) methodProblems(name string) []string {
	if g.Methods != nil && len(g.Methods) == 0 {
		return []string{name + ": no methods: nil stands for all of them"}
	}
	var problems []string
	for _, m := range g.Methods {
		if !slices.Contains(methods, m) {
			problems = append(problems, fmt.Sprintf("%s: method %q: expected one of %s", name, m, strings.Join(methods, ", ")))
		}
	}
	return problems
}

// name is what messages call the grant with that index.
func (g Grant) name(index int) string {
	if g.Source != "" {
		return g.Source
	}
	return fmt.Sprintf("row %d (%s)", index, g.Host)
}
