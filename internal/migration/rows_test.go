package migration_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

type served = outputs.ServedRow

// aRow is a row "host/base" that leads to "api/stage/path" of the API's account.
func aRow(address, target string, methods ...mapping.Method) served {
	host, base, _ := strings.Cut(address, "/")
	if base != "" {
		base = "/" + base
	}
	api, rest, _ := strings.Cut(target, "/")
	return served{
		Host: mapping.Host(host), BasePath: mapping.BasePath(base), URL: "https://" + api + ".execute-api.us-east-1.amazonaws.com/" + rest,
		Methods: methods, Account: mapping.AccountID("account-" + api[:1]),
	}
}

// sharedServing is a shared stack whose proxy serves rows.
func sharedServing(rows ...served) *outputs.Shared {
	shared := sharedStack(nil)
	shared.Served = &outputs.Served{Rows: rows}
	return shared
}

func targetsOf(after *outputs.Served) map[string]string {
	targets := map[string]string{}
	for _, row := range after.Rows {
		targets[row.Address()] = strings.TrimPrefix(strings.Replace(row.URL, ".execute-api.us-east-1.amazonaws.com", "", 1), "https://")
	}
	return targets
}

func awaitedOf(after *outputs.Served) []string {
	var awaited []string
	for _, row := range after.Awaited {
		awaited = append(awaited, row.Address())
	}
	return awaited
}

func TestWhichRowsAreHeld(t *testing.T) {
	type rows = []served
	type targets = map[string]string
	const h, v1, wild, exact = "h.x.com", "h.x.com/v1", "*.x.com", "a.x.com"
	for sentence, test := range map[string]struct {
		serves, wants rows
		after         targets
		awaited       []string
	}{
		"a row that stays": {rows{aRow(h, "a/dev")}, rows{aRow(h, "a/dev")}, targets{h: "a/dev"}, nil},
		"another API":      {rows{aRow(h, "a/dev")}, rows{aRow(h, "b/dev")}, targets{h: "a/dev"}, []string{h}},
		"another stage":    {rows{aRow(h, "a/dev")}, rows{aRow(h, "a/prod")}, targets{h: "a/dev"}, []string{h}},
		"another path":     {rows{aRow(h, "a/dev")}, rows{aRow(h, "a/dev/v2")}, targets{h: "a/dev"}, []string{h}},
		"other verbs alone switch at once": {
			rows{aRow(h, "a/dev", "GET", "POST")}, rows{aRow(h, "a/dev", "GET", "PUT")}, targets{h: "a/dev"}, nil,
		},
		"another API with no verb in common has no request to lose": {
			rows{aRow(h, "a/dev", "GET")}, rows{aRow(h, "b/dev", "POST")}, targets{h: "b/dev"}, nil,
		},
		"other rows switch at once": {
			rows{aRow(h, "a/dev"), aRow("i.x.com", "a/dev", "GET")}, rows{aRow(h, "b/dev"), aRow("i.x.com", "a/dev"), aRow("j.x.com", "b/dev")},
			targets{h: "a/dev", "i.x.com": "a/dev", "j.x.com": "b/dev"}, []string{h},
		},
		"a host that comes, and one that goes": {rows{aRow(h, "a/dev")}, rows{aRow(exact, "b/dev")}, targets{exact: "b/dev"}, nil},
		"a base path that takes requests from a wider row": {
			rows{aRow(h, "a/dev")}, rows{aRow(h, "a/dev"), aRow(v1, "b/dev")}, targets{h: "a/dev"}, []string{v1},
		},
		"a base path that goes gives its requests to a row that is admitted": {
			rows{aRow(h, "a/dev"), aRow(v1, "b/dev")}, rows{aRow(h, "a/dev")}, targets{h: "a/dev"}, nil,
		},
		"it stays while the wider row is held": {
			rows{aRow(h, "a/dev"), aRow(v1, "b/dev")}, rows{aRow(h, "b/prod")}, targets{h: "a/dev", v1: "b/dev"}, []string{h},
		},
		"also with other verbs, since the held row has no answer of either mapping": {
			rows{aRow(h, "a/dev", "GET"), aRow(v1, "b/dev", "POST")}, rows{aRow(h, "b/prod", "GET")}, targets{h: "a/dev", v1: "b/dev"}, []string{h},
		},
		"two base paths that exchange their APIs are admitted already": {
			rows{aRow(v1, "a/dev"), aRow("h.x.com/v2", "b/dev")}, rows{aRow(v1, "b/dev"), aRow("h.x.com/v2", "a/dev")},
			targets{v1: "b/dev", "h.x.com/v2": "a/dev"}, nil,
		},
		"unless by other verbs": {
			rows{aRow(v1, "a/dev", "GET", "POST"), aRow("h.x.com/v2", "b/dev", "GET")}, rows{aRow(v1, "b/dev", "GET", "POST"), aRow("h.x.com/v2", "a/dev", "GET")},
			targets{v1: "a/dev", "h.x.com/v2": "a/dev"}, []string{v1},
		},
		"a split of a row into base paths": {
			rows{aRow(h, "a/dev")}, rows{aRow(v1, "a/dev/v1"), aRow("h.x.com/v2", "b/dev")},
			targets{h: "a/dev"}, []string{v1, "h.x.com/v2"},
		},
		"a wildcard that becomes an exact host": {
			rows{aRow(wild, "a/dev")}, rows{aRow(exact, "a/dev")}, targets{wild: "a/dev"}, []string{exact},
		},
		"a host that comes below a wildcard": {
			rows{aRow(wild, "a/dev")}, rows{aRow(wild, "a/dev"), aRow(exact, "b/dev")}, targets{wild: "a/dev"}, []string{exact},
		},
		"an exact host that becomes a wildcard": {
			rows{aRow(exact, "a/dev")}, rows{aRow(wild, "a/dev")}, targets{exact: "a/dev", wild: "a/dev"}, nil,
		},
		"an exact host that goes, whose wildcard is served": {
			rows{aRow(exact, "a/dev"), aRow(wild, "b/dev")}, rows{aRow(wild, "b/dev")}, targets{wild: "b/dev"}, nil,
		},
		"and one whose wildcard is held": {
			rows{aRow(exact, "a/dev"), aRow(wild, "b/dev")}, rows{aRow(wild, "a/dev")}, targets{exact: "a/dev", wild: "b/dev"}, []string{wild},
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := migration.New(nil, sharedServing(test.serves...), nil)
			after := s.Rows(test.wants)
			require.Equal(t, test.after, targetsOf(after))
			require.Equal(t, test.awaited, awaitedOf(after))
		})
	}
	t.Run("where nothing is known of what is served, nothing is held", func(t *testing.T) {
		after := migration.New(nil, sharedStack(nil), nil).Rows(rows{aRow(h, "b/dev")})
		require.Equal(t, targets{h: "b/dev"}, targetsOf(after))
		require.Empty(t, after.Awaited)
	})
}

// TestAnAwaitedRowIsServedOnceItsAccountAdmitsIt: a report counts that is about this
// wait, by the row's account, through the endpoint that exists.
func TestAnAwaitedRowIsServedOnceItsAccountAdmitsIt(t *testing.T) {
	const h = "h.x.com"
	wants := []served{aRow(h, "b/dev")}
	shared := sharedServing(aRow(h, "a/dev"))
	shared.Served = migration.New(nil, shared, nil).Rows(wants)
	require.Equal(t, 1, shared.Served.Awaited[0].Number)
	require.True(t, shared.Served.Rows[0].Former)

	report := func(change func(*outputs.Provider)) migration.Provider {
		reported := &outputs.Provider{AccountID: "account-b", Admits: outputs.Numbers{h: 1}, ProvisionedFor: endpoints()}
		change(reported)
		return migration.Provider{Stack: "dev-b", Outputs: reported}
	}
	for sentence, test := range map[string]struct {
		change func(*outputs.Provider)
		serves string
	}{
		"reported":                           {func(*outputs.Provider) {}, "b/dev"},
		"of an earlier wait":                 {func(p *outputs.Provider) { p.Admits[h] = 0 }, "a/dev"},
		"by another account":                 {func(p *outputs.Provider) { p.AccountID = "account-a" }, "a/dev"},
		"for an endpoint that was replaced":  {func(p *outputs.Provider) { p.ProvisionedFor = map[mapping.FrontDoor]string{nginx: "vpce-0"} }, "a/dev"},
		"not reported, but still undeployed": {func(p *outputs.Provider) { p.Admits, p.Undeployed = nil, []string{h} }, "a/dev"},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := migration.New(nil, shared, []migration.Provider{report(test.change)})
			after := s.Rows(wants)
			require.Equal(t, map[string]string{h: test.serves}, targetsOf(after))
			if test.serves == "b/dev" {
				require.Equal(t, migration.Run{Switches: []mapping.Host{h}}, s.NextRun())
				require.Empty(t, after.Awaited)
				require.Equal(t, 1, after.Count, "numbers are not used twice")
			} else {
				require.True(t, s.NextRun().Empty())
				require.Equal(t, shared.Served.Awaited, after.Awaited, "the wait goes on under its number")
			}
		})
	}
	t.Run("a change of mind is another wait", func(t *testing.T) {
		s := migration.New(nil, shared, []migration.Provider{report(func(*outputs.Provider) {})})
		after := s.Rows([]served{aRow(h, "b/prod")})
		require.Equal(t, map[string]string{h: "a/dev"}, targetsOf(after))
		require.Equal(t, 2, after.Awaited[0].Number)
	})
}

// TestWhatTheMappingRefusedIsNotAdmitted: the proxy still serves a row that the mapping
// hasn't, and whose account may have narrowed its policy: it doesn't show that the target
// is admitted.
func TestWhatTheMappingRefusedIsNotAdmitted(t *testing.T) {
	const h = "h.x.com"
	shared := sharedServing(aRow(h, "a/dev"), aRow(h+"/v2", "a/prod"))
	shared.Served = migration.New(nil, shared, nil).Rows([]served{aRow(h+"/v1/p", "b/dev")})
	require.Equal(t, map[string]string{h: "a/dev", h + "/v2": "a/prod"}, targetsOf(shared.Served), "the host's rows are held")

	after := migration.New(nil, shared, nil).Rows([]served{aRow(h+"/v1", "a/dev"), aRow(h+"/v1/p", "a/prod")})
	require.Contains(t, awaitedOf(after), h+"/v1/p")
	require.Equal(t, "a/dev", targetsOf(after)[h])
}

// rowsEnvironment is an abstract environment: what its proxy serves, and what the
// policies of two accounts admit.
type rowsEnvironment struct {
	t       *rapid.T
	shared  *outputs.Shared
	mapping []served
	// before are the rows that were served when the mapping was edited.
	before []served
	// refused are the requests that no policy admitted then.
	refused  map[request]bool
	accounts []*rowsAccount
	// again counts the runs of the shared stack after an up's first.
	again int
}

type rowsAccount struct {
	id     mapping.AccountID
	byHand bool
	fails  bool
	last   *outputs.Provider
	// saved is what the policies admit once deployed, deployed what they do.
	saved, deployed []served
}

func drawRows(t *rapid.T) []served {
	addresses := []string{"*.x.com", "*.x.com/v1", "a.x.com", "a.x.com/v1", "a.x.com/v1/p", "a.x.com/v2", "b.y.com", "b.y.com/v1"}
	var rows []served
	for _, address := range addresses {
		if rapid.Bool().Draw(t, address) {
			target := rapid.SampledFrom([]string{"a/dev", "a/prod", "b/dev", "b/dev/p"}).Draw(t, "target")
			methods := rapid.SampledFrom([][]mapping.Method{nil, {"GET"}, {"GET", "POST"}, {"POST"}}).Draw(t, "methods")
			rows = append(rows, aRow(address, target, methods...))
		}
	}
	return rows
}

// request is a request, and what follows the base path of the row that answers it.
type request struct {
	host   mapping.Host
	path   string
	method mapping.Method
}

func requests() []request {
	var all []request
	for _, host := range []mapping.Host{"a.x.com", "other.x.com", "b.y.com"} {
		for _, path := range []string{"/", "/v1", "/v1/p", "/v1/p/q", "/v2/q", "/w"} {
			for _, method := range []mapping.Method{"GET", "POST", "PUT"} {
				all = append(all, request{host, path, method})
			}
		}
	}
	return all
}

// answer is the row that answers a request, and the URL that it leads to; nil: it is
// refused.
func answer(rows []served, r request) (*served, string) {
	host := r.host
	if !slices.ContainsFunc(rows, func(row served) bool { return row.Host == host }) {
		host = host.Wildcard()
	}
	var found *served
	for i, row := range rows {
		below := r.path == string(row.BasePath) || strings.HasPrefix(r.path, string(row.BasePath)+"/")
		if row.Host == host && below && (found == nil || len(row.BasePath) > len(found.BasePath)) {
			found = &rows[i]
		}
	}
	if found == nil || found.Methods != nil && !slices.Contains(found.Methods, r.method) {
		return nil, ""
	}
	return found, found.URL + strings.TrimPrefix(r.path, string(found.BasePath))
}

// admitted reports whether an account's deployed policy lets a request in: what lies
// below an allowed path is allowed.
func (e *rowsEnvironment) admitted(host mapping.Host, url string, method mapping.Method) bool {
	return slices.ContainsFunc(e.accounts, func(a *rowsAccount) bool {
		return slices.ContainsFunc(a.deployed, func(row served) bool {
			return row.Host == host && (url == row.URL || strings.HasPrefix(url, row.URL+"/")) && (row.Methods == nil || slices.Contains(row.Methods, method))
		})
	})
}

// check holds every request to the three rules.
func (e *rowsEnvironment) check(moment string) {
	for _, r := range requests() {
		_, old := answer(e.before, r)
		_, wanted := answer(e.mapping, r)
		row, now := answer(e.shared.Served.Rows, r)
		refused := row == nil || !e.admitted(row.Host, now, r.method)
		if old != "" && !e.refused[r] && wanted != "" && (refused || now != old && now != wanted) {
			e.t.Fatalf("%s: %s %s%s is led to %q (refused: %v), before to %q, then to %q", moment, r.method, r.host, r.path, now, refused, old, wanted)
		}
		if !refused && now != old && now != wanted {
			e.t.Fatalf("%s: %s %s%s is led to %q, which neither mapping says", moment, r.method, r.host, r.path, now)
		}
	}
}

func (e *rowsEnvironment) providers() []migration.Provider {
	var providers []migration.Provider
	for _, a := range e.accounts {
		providers = append(providers, migration.Provider{Stack: "dev-" + string(a.id), Outputs: a.last})
	}
	return providers
}

func (e *rowsEnvironment) runShared(moment string) {
	state := migration.New(nil, e.shared, e.providers())
	next := *e.shared
	next.Served = state.Rows(e.mapping)
	e.shared = reread(e.t, &next, outputs.DecodeShared)
	e.check(moment)
}

func (e *rowsEnvironment) runAccount(a *rowsAccount, moment string) {
	if a.fails {
		return
	}
	state := migration.New(nil, e.shared, nil)
	own := func(row served) bool { return row.Account == a.id }
	admission := state.Admission(e.mapping, own, false)
	saved := slices.Clone(admission.Served)
	for _, row := range e.mapping {
		if own(row) {
			saved = append(saved, row)
		}
	}
	next := &outputs.Provider{Contract: outputs.Contract, AccountID: a.id, Widens: admission.Widens, ProvisionedFor: endpoints()}
	if a.byHand && !slices.EqualFunc(a.saved, saved, served.Same) {
		next.Undeployed = slices.Sorted(maps.Keys(admission.Waiting))
	} else {
		next.Admits = admission.Waiting
	}
	a.saved = saved
	if !a.byHand {
		a.deployed = saved
	}
	a.last = reread(e.t, next, outputs.DecodeProvider)
	e.check(moment)
}

// up is what package automation does. It counts the runs of the shared stack after the
// first.
func (e *rowsEnvironment) up() (runs int) {
	e.runShared("the first run")
	for _, a := range e.accounts {
		e.runAccount(a, "the widening of "+string(a.id))
	}
	e.again = 0
	_, err := migration.GoOn(context.Background(), e, migration.Pace{})
	require.NoError(e.t, err)
	return e.again
}

// State is the state by what the stacks have reported.
func (e *rowsEnvironment) State() (*migration.State, error) {
	return migration.New(nil, e.shared, e.providers()), nil
}

// Wait takes no time.
func (e *rowsEnvironment) Wait([]migration.Wait) error { return nil }

// RunShared is the switch.
func (e *rowsEnvironment) RunShared(next migration.Run) bool {
	e.again++
	require.Less(e.t, e.again, 5, "it ends")
	before := e.shared.Served.Rows
	e.runShared("the switch")
	require.Equal(e.t, next.Switches, changedHosts(before, e.shared.Served.Rows), "what was announced is what the run does")
	return true
}

// RunProviders narrows.
func (e *rowsEnvironment) RunProviders(stacks []string, _ migration.Reasons) {
	for _, a := range e.accounts {
		if slices.Contains(stacks, "dev-"+string(a.id)) {
			e.runAccount(a, "the narrowing of "+string(a.id))
		}
	}
}

func changedHosts(before, after []served) []mapping.Host {
	var hosts []mapping.Host
	differs := func(rows []served, row served) bool {
		return !slices.ContainsFunc(rows, func(other served) bool { return other.Same(row) })
	}
	for _, row := range before {
		if differs(after, row) {
			hosts = append(hosts, row.Host)
		}
	}
	for _, row := range after {
		if differs(before, row) {
			hosts = append(hosts, row.Host)
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// TestNoEditCostsARequest takes an abstract environment from mapping to mapping, with
// accounts that fail and owners who deploy late, and holds every request at each moment
// to the three rules.
func TestNoEditCostsARequest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := &rowsEnvironment{t: t, shared: sharedServing(), accounts: []*rowsAccount{{id: "account-a"}, {id: "account-b"}}}
		e.mapping = drawRows(t)
		e.up()
		for i := range rapid.IntRange(1, 4).Draw(t, "edits") {
			for _, a := range e.accounts {
				a.deployed = a.saved // owners deploy between two edits
				a.fails = rapid.IntRange(0, 3).Draw(t, fmt.Sprint("fails ", i)) == 0
				a.byHand = rapid.IntRange(0, 3).Draw(t, fmt.Sprint("by hand ", i)) == 0
			}
			e.edit(drawRows(t))
			e.up()
		}
		for _, a := range e.accounts {
			a.fails, a.byHand, a.deployed = false, false, a.saved
		}
		e.edit(e.mapping)
		e.up()
		require.Empty(t, migration.Unsettled(e.shared.Served))
		require.Equal(t, len(e.mapping), len(e.shared.Served.Rows))
		for _, a := range e.accounts {
			require.Empty(t, a.last.Widens)
		}
		require.Zero(t, e.up(), "nothing is left")
	})
}

// edit gives the environment another mapping. What an account has never admitted, the
// mapping before hasn't allowed either.
func (e *rowsEnvironment) edit(rows []served) {
	e.before, e.mapping, e.refused = e.shared.Served.Rows, rows, map[request]bool{}
	for _, r := range requests() {
		if row, url := answer(e.before, r); row != nil && !e.admitted(row.Host, url, r.method) {
			e.refused[r] = true
		}
	}
}
