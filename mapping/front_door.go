package mapping

import (
	"fmt"
	"slices"
	"strings"
)

const (
	// maxALBHostPattern is the length of an Application Load Balancer's host
	// header condition.
	maxALBHostPattern = 128
	// maxMappingPath is the length of the path of a custom domain's API mapping
	// (API Gateway developer guide, API mappings for REST APIs, restrictions).
	maxMappingPath = 300
)

// reservedPaths are the root paths of custom domains that API Gateway answers
// itself (API Gateway developer guide, known issues).
var reservedPaths = []string{"ping", "sping"}

// refusal is something about a row that a front door can't carry.
type refusal struct {
	// field is the key of the value that stands in the way.
	field string
	mistake
}

// Refusals are the reasons for which the front door can't carry the row, as far
// as the row alone tells; none: it can. Rules between rows, such as that rows
// of one host share a front door, are Parse's to check.
func (r Row) Refusals(door FrontDoor) []string {
	var reasons []string
	for _, refusal := range r.refusals(door) {
		reasons = append(reasons, refusal.message)
	}
	return reasons
}

func (r *Row) refusals(door FrontDoor) []refusal {
	switch door {
	case FrontDoorNGINX:
		return r.refusalsOfProxy()
	case FrontDoorALB, FrontDoorNative:
		return slices.Concat(r.refusalsOfDomain(door), r.refusalsOf(door))
	default:
		return nil
	}
}

func (r *Row) refusalsOfProxy() []refusal {
	if r.Auth != AuthIAM {
		return nil
	}
	return []refusal{{"AUTH", mistake{
		"nginx can't carry signed requests, as its proxy rewrites Host and path, which Signature Version 4 covers",
		"delete AUTH if callers needn't sign",
	}}}
}

// refusalsOfDomain are those of API Gateway's custom domains, which alb and
// native have in common: a custom domain leads host and base path to a stage as
// it is.
func (r *Row) refusalsOfDomain(door FrontDoor) []refusal {
	var refused []refusal
	refuse := func(field, message, fix string) {
		refused = append(refused, refusal{field, mistake{message, fix}})
	}
	if r.Host.IsWildcard() {
		refuse("CUSTOM_DOMAIN_URL", fmt.Sprintf("%s has no wildcard hosts, as its custom domains are of one name each", door),
			"write a row for each host")
	}
	segments := r.BasePath.Segments()
	switch {
	case len(segments) > 1:
		refuse("CUSTOM_DOMAIN_URL", fmt.Sprintf("the base path has %d segments; %s routes by one, as a custom domain's base path mapping does", len(segments), door),
			"write a base path of one segment")
	case len(segments) == 1 && slices.Contains(reservedPaths, segments[0]):
		refuse("CUSTOM_DOMAIN_URL", fmt.Sprintf("%s can't lead /%s to an API, as API Gateway answers that path of a custom domain itself", door, segments[0]),
			"write another base path")
	case strings.Contains(string(r.BasePath), "~"):
		refuse("CUSTOM_DOMAIN_URL", fmt.Sprintf("%s can't carry \"~\" in a base path, as a custom domain's base path mapping has no such character", door),
			"write a base path without it")
	case len(r.BasePath)-1 > maxMappingPath:
		refuse("CUSTOM_DOMAIN_URL", fmt.Sprintf("the base path is %d characters long; %s carries %d, as a custom domain's base path mapping does", len(r.BasePath)-1, door, maxMappingPath),
			"write a shorter base path")
	}
	if r.API.Path != "" {
		refuse("PRIVATE_API_URL", fmt.Sprintf("%s can't put %s in front of a request's path, as a custom domain leads to a stage as it is", door, quote(string(r.API.Path))),
			"write the URL up to its stage")
	}
	return refused
}

// refusalsOf are those of one of the front doors with custom domains.
func (r *Row) refusalsOf(door FrontDoor) []refusal {
	var refused []refusal
	refuse := func(field, message, fix string) {
		refused = append(refused, refusal{field, mistake{message, fix}})
	}
	switch door {
	case FrontDoorALB:
		if len(r.Host) > maxALBHostPattern {
			refuse("CUSTOM_DOMAIN_URL", fmt.Sprintf("the host is %d characters long; alb carries %d, as a rule of an Application Load Balancer matches no more", len(r.Host), maxALBHostPattern),
				"write a shorter host")
		}
		if r.AccessMode == AccessModeStrict {
			refuse("ENDPOINT_ACCESS_MODE", "alb can't reach an API in STRICT mode, as a load balancer sends its targets no server name and goes through a REGIONAL custom domain",
				"set the API's endpoint access mode to BASIC")
		}
		if r.Stream {
			refuse("STREAM", "alb has no settings for streams, as its load balancer closes a connection that is idle for longer than the longest TIMEOUT",
				"delete STREAM")
		}
	case FrontDoorNative:
		if r.Timeout != DefaultTimeout {
			refuse("TIMEOUT", "native has no timeout of its own, as nothing stands between callers and API Gateway",
				"delete TIMEOUT, so that API Gateway's integration timeout holds")
		}
		if r.Stream {
			refuse("STREAM", "native has no settings for streams, as nothing stands between callers and API Gateway, and carries them without",
				"delete STREAM")
		}
	}
	return refused
}

// checkFrontDoor refuses what the row's front door cannot do, and names the
// front doors that can.
func (r *reader) checkFrontDoor(w *row) {
	refused := w.refusals(w.FrontDoor)
	if len(refused) == 0 {
		return
	}
	advice := w.otherDoors()
	for _, refusal := range refused {
		r.report(w.at(refusal.field), wrong(refusal.message, advice(refusal.fix)))
	}
}

// otherDoors puts the front doors that carry the row beside what to write for
// its own, or says why none does.
func (w *row) otherDoors() func(fix string) string {
	var carry, reasons []string
	for _, door := range frontDoors {
		if door == w.FrontDoor {
			continue
		}
		if refused := w.refusals(door); len(refused) > 0 {
			reasons = append(reasons, refused[0].message)
		} else {
			carry = append(carry, string(door))
		}
	}
	if len(carry) > 0 {
		return func(fix string) string { return "write FRONT_DOOR: " + join(carry, " or ") + ", or " + fix }
	}
	none := "; no other front door carries this row: " + strings.Join(reasons, "; ")
	return func(fix string) string { return fix + none }
}

// stageKey identifies a stage of an API.
type stageKey struct {
	apiKey
	stage Stage
}

// checkHost holds the rows of one host to what a host has once: a front door,
// and where that is a custom domain, an account and a region.
func (r *reader) checkHost(w *row, hosts firsts[Host]) {
	if w.Retired || w.misread {
		return
	}
	first := hosts.add(w.Host, w)
	switch {
	case first == nil:
	case first.FrontDoor != w.FrontDoor:
		r.report(w.at("FRONT_DOOR"), wrong(
			fmt.Sprintf("the row of %s on line %d has the front door %s, this one %s; a host's name leads to one", w.Host, first.Pos.Line, first.FrontDoor, w.FrontDoor),
			"write the same FRONT_DOOR in every row of the host"))
	case w.FrontDoor != FrontDoorNGINX:
		r.checkDomain(w, first)
	}
}

// checkDomain refuses a custom domain in two accounts or regions: API Gateway
// maps its paths to APIs beside it only.
func (r *reader) checkDomain(w, first *row) {
	advice := w.doorBeside(FrontDoorNGINX)
	if first.API.Region != w.API.Region {
		r.report(w.at("PRIVATE_API_URL"), wrong(
			fmt.Sprintf("the row of %s on line %d has its API in region %s, this one in %s; %s carries a host in one region", w.Host, first.Pos.Line, first.API.Region, w.API.Region, w.FrontDoor),
			advice("give the API another host")))
	}
	if first.Account != w.Account {
		r.report(w.at("ACCOUNT"), wrong(
			fmt.Sprintf("the row of %s on line %d is of %s, this one of %s; %s carries a host in one account", w.Host, first.Pos.Line, accountOrNone(first.Account), accountOrNone(w.Account), w.FrontDoor),
			advice("give the API another host")))
	}
}

func accountOrNone(account AccountID) string {
	if account == "" {
		return "no named account"
	}
	return "account " + string(account)
}

// checkVerbs refuses rows of alb that differ by verbs alone: the policy of their
// stage can't tell which of the hosts a request came for.
func (r *reader) checkVerbs(w *row, stages firsts[stageKey]) {
	if w.Retired || w.misread || w.FrontDoor != FrontDoorALB {
		return
	}
	first := stages.add(stageKey{apiKey{w.API.Region, w.API.ID}, w.API.Stage}, w)
	if first == nil || slices.Equal(first.Methods, w.Methods) {
		return
	}
	r.report(w.at("VERBS"), wrong(
		fmt.Sprintf("the row of stage %s of API %s on line %d allows %s, this one %s; behind alb nothing tells an API its hosts apart",
			w.API.Stage, w.API.ID, first.Pos.Line, verbs(first.Methods), verbs(w.Methods)),
		w.doorBeside(FrontDoorNGINX, FrontDoorNative)("write the same VERBS in both rows")))
}

func verbs(methods []Method) string {
	if methods == nil {
		return "every verb"
	}
	return join(methods, ", ")
}

// doorBeside puts those of the front doors that carry the row beside a fix.
func (w *row) doorBeside(doors ...FrontDoor) func(fix string) string {
	var carry []FrontDoor
	for _, door := range doors {
		if len(w.refusals(door)) == 0 {
			carry = append(carry, door)
		}
	}
	if len(carry) == 0 {
		return func(fix string) string { return fix }
	}
	return func(fix string) string {
		return fix + ", or FRONT_DOOR: " + join(carry, " or ") + " in every row of the host"
	}
}
