package resourcepolicy

import (
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/portico-iac/portico/internal/aws"
)

// InputError says that values of a Request can't be carried into a policy.
type InputError struct {
	APIID    string
	Problems []string // sorted
}

func (e *InputError) Error() string {
	return fmt.Sprintf("write resource policy of API %s: %s", e.APIID, strings.Join(e.Problems, "; "))
}

const domainLabels = `[a-z0-9-]+(?:\.[a-z0-9-]+)*`

// The grammars of what goes into a policy. None admits "*", "?" or "$", which
// mean something in a policy, but for the leading "*." of a host: StringEquals
// compares that literally.
var (
	hostGrammar = regexp.MustCompile(`^(\*\.)?` + domainLabels + `$`)
	// A custom domain of API Gateway's is no wildcard here, and its ARN none in
	// a policy.
	domainGrammar = regexp.MustCompile(`^` + domainLabels + `$`)
	stageGrammar  = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	// A path's characters are RFC 3986's pchar without "*" and "$".
	pathGrammar = regexp.MustCompile(`^(/([A-Za-z0-9._~!&'()+,;=:@-]|%[0-9A-Fa-f]{2})+)*$`)
)

func isEndpointID(text string) bool { return aws.IsResourceID("vpce", text) }

// problems collects what is wrong with a request.
type problems []string

func (p *problems) add(format string, values ...any) { *p = append(*p, fmt.Sprintf(format, values...)) }

func (p *problems) require(grammar *regexp.Regexp, what, value, example string) {
	p.expect(grammar.MatchString(value), what, value, example)
}

func (p *problems) expect(ok bool, what, value, example string) {
	if !ok {
		p.add("%s %q: expected something like %s", what, value, example)
	}
}

func (r *Request) check() error {
	var p problems
	p.expect(aws.IsPartition(r.Partition), "partition", r.Partition, "aws")
	p.expect(aws.IsRegion(r.Region), "region", r.Region, "us-east-1")
	p.expect(aws.IsAccountID(r.AccountID), "account", r.AccountID, "111111111111")
	p.expect(aws.IsRESTAPIID(r.APIID), "API ID", r.APIID, "a1b2c3d4e5")
	r.checkEndpoints(&p)
	if r.Form != DenyNotResource && r.Form != DenyVerbs {
		p.add("deny form %q: expected %q or %q", r.Form, DenyNotResource, DenyVerbs)
	}
	if r.MaxSize < 0 {
		p.add("maximum size %d: expected a number of characters", r.MaxSize)
	}
	for i, g := range r.Grants {
		g.check(&p, g.name(i))
		p.require(hostGrammar, g.name(i)+": host", g.Host, "orders.example.com or *.example.com")
	}
	for i, g := range slices.Concat(r.ALBGrants, r.NativeGrants) {
		g.check(&p, g.name(i))
		p.require(domainGrammar, g.name(i)+": host", g.Host, "orders.example.com, without a wildcard")
	}
	for i, g := range r.NativeGrants {
		r.checkDomain(&p, g, g.name(i))
	}
	if len(p) == 0 {
		return nil
	}
	sort.Strings(p)
	return &InputError{APIID: r.APIID, Problems: slices.Compact(p)}
}

// checkEndpoints demands an endpoint where there are grants for one, and that
// none is of two front doors: a policy could not tell their requests apart.
func (r *Request) checkEndpoints(p *problems) {
	const example = "vpce-0123456789abcdef0"
	if r.VPCEndpointID != "" || len(r.Grants) > 0 {
		p.expect(isEndpointID(r.VPCEndpointID), "VPC endpoint ID", r.VPCEndpointID, example)
	}
	if r.ALBEndpointID != "" || len(r.ALBGrants) > 0 {
		p.expect(isEndpointID(r.ALBEndpointID), "VPC endpoint ID of front door alb", r.ALBEndpointID, example)
	}
	if len(r.NativeGrants) > 0 && len(r.NativeEndpointIDs) == 0 {
		p.add("VPC endpoint IDs of front door native: there is none, and rows need one: expected something like %s", example)
	}
	for _, id := range r.NativeEndpointIDs {
		p.expect(isEndpointID(id), "VPC endpoint ID of front door native", id, example)
	}
	for _, id := range r.AdditionalVPCEndpointIDs {
		p.expect(isEndpointID(id), "additional VPC endpoint ID", id, example)
	}
	seen := map[string]bool{}
	for _, ids := range [][]string{{r.VPCEndpointID}, {r.ALBEndpointID}, r.NativeEndpointIDs} {
		for _, id := range ids {
			if id != "" && seen[id] {
				p.add("VPC endpoint ID %q: it is given for two front doors: each has an endpoint of its own", id)
			}
		}
		for _, id := range ids {
			seen[id] = true
		}
	}
}

// check refuses what is wrong with a grant of any front door, but for its
// host.
func (g Grant) check(p *problems, name string) {
	p.require(stageGrammar, name+": stage", g.Stage, "prod")
	p.require(pathGrammar, name+": path", g.Path, "/orders, without * ? $ or a slash at the end")
	*p = append(*p, g.methodProblems(name)...)
}

// checkDomain demands the ARN of the grant's own host, in the API's account and
// region: a base path can be mapped to no other's API.
func (r *Request) checkDomain(p *problems, g Grant, name string) {
	d, err := aws.ParseDomainARN(g.DomainARN)
	if err != nil || d.Partition != r.Partition || d.Region != r.Region || d.AccountID != r.AccountID || d.Name != g.Host {
		p.add("%s: domain ARN %q: expected that of the PRIVATE custom domain, something like arn:%s:execute-api:%s:%s:/domainnames/%s+a1b2c3d4e5",
			name, g.DomainARN, r.Partition, r.Region, r.AccountID, g.Host)
	}
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
