package mapping

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Refusal is one reason for which a front door can't carry a row. Errors of a
// mapping that break such a rule wrap one.
type Refusal struct { //nolint:errname // users read of refusals, and the mistake that wraps one is the error
	// Row is the row, at the front door that refuses it.
	Row Row
	// Field is the key of the mapping file whose value is in the way, such as
	// "AUTH" or "CUSTOM_DOMAIN_URL".
	Field string
	// FrontDoor is the front door that refuses the row.
	FrontDoor FrontDoor
	// Reason says what the front door can't do.
	Reason string
	// Fix says what to write instead. It names the front doors that carry the
	// row, or why none does.
	Fix string
}

// Error is "file:line:column: APIS[3].AUTH: reason: fix", on one line.
func (r *Refusal) Error() string {
	return r.Row.Position() + "." + r.Field + ": " + r.Reason + ": " + r.Fix
}

// With is the row at another front door. Check tells what the front door
// refuses of it.
func (r Row) With(frontDoor FrontDoor) Row {
	r.FrontDoor = frontDoor
	return r
}

// Check judges rows at the front doors that they have: each by itself, and
// beside the rows before it with the same host, and with the same API. A rule between rows is reported at the later one, so that the rows
// without a refusal fit together. Retired rows are checked on their own.
//
// The refusals are in the order of rows, those of one row by field. The rows of
// a Mapping have none; rows that With moved to another front door may.
func Check(rows []Row) []Refusal {
	c := newFrontDoorCheck()
	var all []Refusal
	for i := range rows {
		refused := append(c.row(&rows[i]), c.amongRows(&rows[i])...)
		slices.SortFunc(refused, func(a, b Refusal) int {
			return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Reason, b.Reason))
		})
		all = append(all, refused...)
	}
	return all
}

// frontDoorCheck remembers the rows that it has judged, each in constant time.
type frontDoorCheck struct {
	hosts  firsts[Host, Row]
	stages firsts[stageKey, Row]
	apis   firsts[apiKey, Row]
}

func newFrontDoorCheck() *frontDoorCheck {
	return &frontDoorCheck{firsts[Host, Row]{}, firsts[stageKey, Row]{}, firsts[apiKey, Row]{}}
}

// stageKey identifies a stage of an API, and the host whose rows its policy can't tell
// apart; none: it can't tell any.
type stageKey struct {
	apiKey
	stage Stage
	host  Host
}

// row checks the row on its own.
func (c *frontDoorCheck) row(r *Row) []Refusal {
	refused := r.refusals(r.FrontDoor)
	if len(refused) == 0 {
		return nil
	}
	advise := r.otherFrontDoors()
	for i := range refused {
		refused[i].Fix = advise(refused[i].Fix)
	}
	return refused
}

// otherFrontDoors puts the front doors that carry the row beside what to write
// for its own, or says why none does.
func (r *Row) otherFrontDoors() func(fix string) string {
	var carry, reasons []string
	for _, frontDoor := range frontDoors {
		if frontDoor == r.FrontDoor {
			continue
		}
		if refused := r.refusals(frontDoor); len(refused) > 0 {
			reasons = append(reasons, refused[0].Reason)
		} else {
			carry = append(carry, string(frontDoor))
		}
	}
	if len(carry) > 0 {
		return func(fix string) string { return "write FRONT_DOOR: " + join(carry, " or ") + ", or " + fix }
	}
	none := "; no other front door carries this row: " + strings.Join(reasons, "; ")
	return func(fix string) string { return fix + none }
}

// amongRows holds the row to the rows before it.
func (c *frontDoorCheck) amongRows(r *Row) []Refusal {
	if r.Retired {
		return nil
	}
	return slices.Concat(c.sameHost(r), c.sameStage(r), c.sameAPI(r))
}

// sameHost holds the rows of one host to what a host has once: a front door,
// and where that is a custom domain, an account and a region.
func (c *frontDoorCheck) sameHost(r *Row) []Refusal {
	first := c.hosts.add(r.Host, r)
	switch {
	case first == nil:
		return nil
	case first.FrontDoor != r.FrontDoor:
		return []Refusal{r.refusal(r.FrontDoor, "FRONT_DOOR",
			fmt.Sprintf("the row of %s %s has the front door %s, this one %s; a host's name leads to one", r.Host, first.onLine(), first.FrontDoor, r.FrontDoor),
			"write the same FRONT_DOOR in every row of the host")}
	case r.FrontDoor == FrontDoorNGINX:
		return nil
	}
	return r.sameDomain(first)
}

// sameDomain refuses a custom domain in two accounts or regions: API Gateway
// maps its paths to APIs beside it only.
func (r *Row) sameDomain(first *Row) []Refusal {
	var refused []Refusal
	advise := r.orFrontDoor(FrontDoorNGINX)
	if first.API.Region != r.API.Region {
		refused = append(refused, r.refusal(r.FrontDoor, "PRIVATE_API_URL",
			fmt.Sprintf("the row of %s %s has its API in region %s, this one in %s; %s carries a host in one region", r.Host, first.onLine(), first.API.Region, r.API.Region, r.FrontDoor),
			advise("give the API another host")))
	}
	if first.Account != r.Account {
		refused = append(refused, r.refusal(r.FrontDoor, "ACCOUNT",
			fmt.Sprintf("the row of %s %s is of %s, this one of %s; %s carries a host in one account", r.Host, first.onLine(), accountOrNone(first.Account), accountOrNone(r.Account), r.FrontDoor),
			advise("give the API another host")))
	}
	return refused
}

func accountOrNone(account AccountID) string {
	if account == "" {
		return "no named account"
	}
	return "account " + string(account)
}

// sameStage refuses rows that differ by verbs, and that the policy of their stage can't
// tell apart: it sees neither the host of a request that came by alb, nor the base path of
// one that came by alb or native.
func (c *frontDoorCheck) sameStage(r *Row) []Refusal {
	key, blind := stageKey{apiKey{r.API.Region, r.API.ID}, r.API.Stage, ""}, "behind alb nothing tells an API its hosts apart"
	remedies := []FrontDoor{FrontDoorNGINX, FrontDoorNative}
	switch r.FrontDoor {
	case FrontDoorALB:
	case FrontDoorNative:
		key.host, blind = r.Host, "behind native nothing tells an API a host's base paths apart"
		remedies = []FrontDoor{FrontDoorNGINX}
	default:
		return nil
	}
	first := c.stages.add(key, r)
	if first == nil || slices.Equal(first.Methods, r.Methods) {
		return nil
	}
	return []Refusal{r.refusal(r.FrontDoor, "VERBS",
		fmt.Sprintf("the row of stage %s of API %s %s allows %s, this one %s; %s",
			r.API.Stage, r.API.ID, first.onLine(), verbs(first.Methods), verbs(r.Methods), blind),
		r.orFrontDoor(remedies...)("write the same VERBS in both rows"))}
}

func verbs(methods []Method) string {
	if methods == nil {
		return "every verb"
	}
	return join(methods, ", ")
}

// sameAPI refuses two endpoint access modes for one API, which has one mode for
// all of its callers. The proxy alone acts on it.
func (c *frontDoorCheck) sameAPI(r *Row) []Refusal {
	if r.FrontDoor != FrontDoorNGINX {
		return nil
	}
	first := c.apis.add(apiKey{r.API.Region, r.API.ID}, r)
	if first == nil || first.accessMode() == r.accessMode() {
		return nil
	}
	return []Refusal{r.refusal(FrontDoorNGINX, "ENDPOINT_ACCESS_MODE",
		fmt.Sprintf("the row of API %s %s has the endpoint access mode %s, this one %s; an API has one", r.API.ID, first.onLine(), first.accessMode(), r.accessMode()),
		"write the same ENDPOINT_ACCESS_MODE in every row of the API")}
}

func (r *Row) accessMode() AccessMode { return cmp.Or(r.AccessMode, AccessModeBasic) }

// orFrontDoor puts those of the front doors that carry the row beside a fix.
func (r *Row) orFrontDoor(frontDoors ...FrontDoor) func(fix string) string {
	var carry []FrontDoor
	for _, frontDoor := range frontDoors {
		if len(r.refusals(frontDoor)) == 0 {
			carry = append(carry, frontDoor)
		}
	}
	if len(carry) == 0 {
		return func(fix string) string { return fix }
	}
	return func(fix string) string {
		return fix + ", or FRONT_DOOR: " + join(carry, " or ") + " in every row of the host"
	}
}

// onLine tells a reader of the mapping where the row is: "on line 3", "on line 3
// of orders.yaml" in a mapping directory, or "at APIS[0]" for a row that no file
// holds.
func (r *Row) onLine() string { return r.onLineAt(r.Pos.Line, r.Path()) }

// onLineAt is onLine for the place of one of the row's values.
func (r *Row) onLineAt(line int, path string) string {
	if line == 0 {
		return "at " + path
	}
	return "on " + r.lineAt(line, path)
}

// lineAt is onLineAt without its preposition: "line 3".
func (r *Row) lineAt(line int, path string) string {
	switch {
	case line == 0:
		return path
	case r.Team != "":
		return "line " + strconv.Itoa(line) + " of " + filepath.Base(r.Pos.File)
	default:
		return "line " + strconv.Itoa(line)
	}
}
