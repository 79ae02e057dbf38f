package migration_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

const (
	nginx  = mapping.FrontDoorNGINX
	alb    = mapping.FrontDoorALB
	native = mapping.FrontDoorNative

	host = mapping.Host("a.x.example.com")
)

var all = []mapping.FrontDoor{nginx, alb, native}

type state = outputs.HostState

func row(frontDoor mapping.FrontDoor, host mapping.Host, base mapping.BasePath) mapping.Row {
	return mapping.Row{Host: host, BasePath: base, FrontDoor: frontDoor}
}

// wants is what a mapping wants that has one row of a host.
func wants(frontDoor mapping.FrontDoor) migration.Wanted {
	return migration.WantedBy([]mapping.Row{row(frontDoor, host, "")})
}

func list(frontDoors ...mapping.FrontDoor) []mapping.FrontDoor { return frontDoors }

func endpoints() map[mapping.FrontDoor]string {
	return map[mapping.FrontDoor]string{nginx: "vpce-n", alb: "vpce-a", native: "vpce-p"}
}

// sharedStack reports hosts in given states.
func sharedStack(states map[mapping.Host]state) *outputs.Shared {
	shared := &outputs.Shared{Contract: outputs.Contract, Endpoints: endpoints(), FrontDoors: map[mapping.Host]state{}}
	for host, at := range states {
		if at.Current != "" {
			shared.Hosts = append(shared.Hosts, host)
		}
		if !at.Equal(state{Current: nginx}) {
			shared.FrontDoors[host] = at
		}
	}
	return shared
}

// account is a provider stack that has provisioned rows for a front door.
func account(stack string, frontDoor mapping.FrontDoor, rows ...string) migration.Provider {
	return migration.Provider{Stack: stack, Outputs: &outputs.Provider{
		Contract: outputs.Contract, Provisioned: map[mapping.FrontDoor][]string{frontDoor: rows}, ProvisionedFor: endpoints(),
	}}
}

func TestEachStep(t *testing.T) {
	pendingProvider := func(current, target mapping.FrontDoor) state {
		return state{Current: current, Target: target, Pending: outputs.PendingProvider, Rows: []string{string(host)}}
	}
	associating := func(current mapping.FrontDoor) state {
		return state{Current: current, Target: native, Retains: list(native), Pending: outputs.PendingAssociation, Rows: []string{string(host)}}
	}
	moved := func(current, earlier mapping.FrontDoor) state {
		return state{Current: current, Retains: list(earlier), Pending: outputs.PendingClients}
	}
	for sentence, test := range map[string]struct {
		wants       mapping.FrontDoor
		before      state
		provisioned mapping.FrontDoor // empty: none
		after       state
		step        migration.Step
	}{
		"a new host of nginx waits for no account": {nginx, state{}, "", state{Current: nginx}, migration.Create},
		"a new host of another front door has no name before its account has provisioned it": {
			native, state{}, "", pendingProvider("", native), migration.Await,
		},
		"a new host of another front door gets its name once its account has provisioned it": {
			native, state{}, native, state{Current: native}, migration.Create,
		},
		"provisioned for another front door doesn't count": {native, state{}, alb, pendingProvider("", native), migration.Await},
		"a host that waited without a name takes the proxy at once": {
			nginx, pendingProvider("", native), "", state{Current: nginx}, migration.Create,
		},
		"a host of nginx stays until the account has provisioned it": {
			alb, state{Current: nginx}, "", pendingProvider(nginx, alb), migration.Await,
		},
		"then the name moves, and the earlier front door is retained": {
			alb, state{Current: nginx}, alb, moved(alb, nginx), migration.Move,
		},
		"to native the domain is associated first": {native, state{Current: nginx}, native, associating(nginx), migration.Associate},
		"and the name moves in the next run":       {native, associating(nginx), native, moved(native, nginx), migration.Move},
		"an association that is no longer wanted is removed": {
			nginx, associating(nginx), "", state{Current: nginx}, migration.Remove,
		},
		"so is that of an account which has it no longer": {
			native, associating(alb), "", pendingProvider(alb, native), migration.Await,
		},
		"and that of a host which wants another front door instead": {
			alb, associating(nginx), alb, moved(alb, nginx), migration.Move,
		},
		"back to a native association that is retained the name moves at once": {
			native, moved(nginx, native), native, moved(native, nginx), migration.Move,
		},
		"the next run removes the earlier front door": {alb, moved(alb, nginx), "", state{Current: alb}, migration.Remove},
		"a settled host stays, whatever its account reports": {
			alb, state{Current: alb}, "", state{Current: alb}, migration.None,
		},
		"back to the proxy too the account has to admit it": {
			nginx, state{Current: alb}, "", pendingProvider(alb, nginx), migration.Await,
		},
		"a change of mind moves back, and retains what it leaves": {
			nginx, moved(alb, nginx), nginx, moved(nginx, alb), migration.Move,
		},
		"and before anything has moved nothing is left to do": {
			nginx, pendingProvider(nginx, alb), "", state{Current: nginx}, migration.None,
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := migration.New(wants(test.wants), sharedStack(map[mapping.Host]state{host: test.before}),
				[]migration.Provider{account("dev-orders", test.provisioned, string(host))})
			change := s.Next(host)
			require.Empty(t, cmp.Diff(migration.Change{Step: test.step, Before: test.before, After: test.after}, change), change.Step.String())
			require.Empty(t, cmp.Diff(migration.Plan{host: test.after}, s.Plan()))
		})
	}
}

func TestAHostIsProvisionedWithAllOfItsRows(t *testing.T) {
	retired := row(native, host, "/old")
	retired.Retired = true
	wanted := migration.WantedBy([]mapping.Row{row(native, host, "/v1"), retired, row(native, host, "")})
	require.Equal(t, migration.Wanted{host: {FrontDoor: native, Rows: []string{"a.x.example.com", "a.x.example.com/v1"}}}, wanted)
	step := func(providers ...migration.Provider) migration.Step {
		return migration.New(wanted, sharedStack(nil), providers).Next(host).Step
	}
	require.Equal(t, migration.Await, step(account("dev-orders", native, "a.x.example.com")))
	require.Equal(t, migration.Await, step(account("dev-orders", native, "a.x.example.com/v1")))
	require.Equal(t, migration.Create, step(account("dev-orders", native, "a.x.example.com", "a.x.example.com/v1")), "retired rows aren't waited for")
	require.Equal(t, migration.Create, step(account("dev-orders", native, "a.x.example.com"), account("dev-payments", native, "a.x.example.com/v1")))
}

// TestOneOfTwoRowsStartsNoRun is of a driver that knows only what the stacks
// report: no run of the shared stack is for a host of which one row of two is
// provisioned.
func TestOneOfTwoRowsStartsNoRun(t *testing.T) {
	wanted := migration.WantedBy([]mapping.Row{row(native, host, "/v1"), row(native, host, "/v2")})
	shared := sharedStack(map[mapping.Host]state{host: {Current: nginx}})
	half, whole := account("dev-orders", native, "a.x.example.com/v1"), account("dev-orders", native, "a.x.example.com/v1", "a.x.example.com/v2")
	plan := migration.New(wanted, shared, []migration.Provider{half}).Plan()
	require.Equal(t, outputs.PendingProvider, plan[host].Pending)

	shared.FrontDoors = plan.FrontDoors()
	next := func(provider migration.Provider) migration.Run {
		return migration.New(migration.ReportedBy(shared.FrontDoors), shared, []migration.Provider{provider}).NextRun()
	}
	require.Equal(t, migration.Run{}, next(half))
	require.True(t, next(half).Empty())
	require.Equal(t, migration.Run{Associates: []mapping.Host{host}}, next(whole))
}

func TestProvisionedForAnEndpointThatIsGoneDoesntCount(t *testing.T) {
	for sentence, provisionedFor := range map[string]map[mapping.FrontDoor]string{
		"replaced since": {alb: "vpce-of-before"}, "not said": nil,
	} {
		t.Run(sentence, func(t *testing.T) {
			provider := account("dev-orders", alb, string(host))
			provider.Outputs.ProvisionedFor = provisionedFor
			s := migration.New(wants(alb), sharedStack(map[mapping.Host]state{host: {Current: nginx}}), []migration.Provider{provider})
			require.Equal(t, migration.Await, s.Next(host).Step)
		})
	}
	shared := sharedStack(map[mapping.Host]state{host: {Current: nginx}})
	delete(shared.Endpoints, alb)
	s := migration.New(wants(alb), shared, []migration.Provider{account("dev-orders", alb, string(host))})
	require.Equal(t, migration.Await, s.Next(host).Step, "the shared stack has no endpoint for it")
}

func TestHostsWithoutRowsAreNotPlanned(t *testing.T) {
	retired := row(alb, "b.x.example.com", "")
	retired.Retired = true
	s := migration.New(migration.WantedBy([]mapping.Row{retired}), sharedStack(map[mapping.Host]state{host: {Current: nginx}, "b.x.example.com": {Current: alb}}), nil)
	require.Empty(t, s.Plan())
	require.True(t, s.NextRun().Empty())
}

func TestAnEnvironmentThatWasNeverBroughtUp(t *testing.T) {
	s := migration.New(wants(native), nil, []migration.Provider{{Stack: "dev-orders"}})
	require.Equal(t, migration.Await, s.Next(host).Step)
	require.Equal(t, []string{"dev-orders"}, s.Absent())
	require.Empty(t, s.Held())
	require.Empty(t, s.Outdated(s.Plan()))
}

// TestHostsOfOwnersWhoDeployByHand: a name that clients use doesn't move to a
// stage that was not deployed; a new host has no clients.
func TestHostsOfOwnersWhoDeployByHand(t *testing.T) {
	const other = mapping.Host("b.x.example.com")
	byHand := func(commands []string, changed bool) migration.Provider {
		provider := account("dev-orders", alb, string(host), string(other))
		provider.Outputs.RedeployCommands, provider.Changed = commands, changed
		return provider
	}
	commands := []string{"aws apigateway create-deployment"}
	wanted := migration.WantedBy([]mapping.Row{row(alb, host, ""), row(alb, other, "")})
	used := map[mapping.Host]state{host: {Current: nginx, Target: alb, Pending: outputs.PendingProvider, Rows: []string{string(host)}}}
	fresh := map[mapping.Host]state{host: {Target: alb, Pending: outputs.PendingProvider, Rows: []string{string(host)}}}
	for sentence, test := range map[string]struct {
		before   map[mapping.Host]state
		provider migration.Provider
		want     migration.Held
	}{
		"a name that clients use is held":                 {used, byHand(commands, true), migration.Held{Hosts: []mapping.Host{host}, Stacks: []string{"dev-orders"}}},
		"the name of a new host is not":                   {fresh, byHand(commands, true), migration.Held{}},
		"nor where this operation changed nothing":        {used, byHand(commands, false), migration.Held{}},
		"nor where the stack deploys its stages":          {used, byHand(nil, true), migration.Held{}},
		"nor before all rows of the host are provisioned": {used, migration.Provider{Stack: "dev-orders", Outputs: &outputs.Provider{RedeployCommands: commands}, Changed: true}, migration.Held{}},
	} {
		t.Run(sentence, func(t *testing.T) {
			delete(test.before, other)
			require.Equal(t, test.want, migration.New(wanted, sharedStack(test.before), []migration.Provider{test.provider}).Held())
		})
	}
	t.Run("an association is made all the same, and the name held after it", func(t *testing.T) {
		provider := account("dev-orders", native, string(host))
		provider.Outputs.RedeployCommands, provider.Changed = commands, true
		before := map[mapping.Host]state{host: {Current: nginx}}
		for _, held := range []int{0, 1} {
			s := migration.New(wants(native), sharedStack(before), []migration.Provider{provider})
			require.Len(t, s.Held().Hosts, held)
			before = s.Plan()
		}
	})
}

func TestOutdatedAreStacksThatAdmitWhatHostsHaveLeft(t *testing.T) {
	retaining := func(stack string, hosts ...mapping.Host) migration.Provider {
		return migration.Provider{Stack: stack, Outputs: &outputs.Provider{Retains: hosts}}
	}
	s := migration.New(nil, nil, []migration.Provider{
		retaining("dev-shop", "moving.example.com", "arrived.example.com"), retaining("dev-moving", "moving.example.com"),
		{Stack: "dev-new"}, retaining("dev-none"), retaining("dev-gone", "gone.example.com"), retaining("dev-proxied", "proxied.example.com"),
	})
	require.Equal(t, []string{"dev-shop", "dev-gone", "dev-proxied"}, s.Outdated(migration.Plan{
		"moving.example.com":  {Current: alb, Retains: list(nginx), Pending: outputs.PendingClients},
		"arrived.example.com": {Current: alb}, "proxied.example.com": {Current: nginx},
	}))
}

func TestWaits(t *testing.T) {
	pace := migration.Pace{Settle: 90 * time.Second, Provision: 20 * time.Minute}
	states := map[mapping.Host]state{
		"clients.example.com":      {Current: alb, Retains: list(nginx), Pending: outputs.PendingClients},
		"associated.example.com":   {Current: nginx, Target: native, Retains: list(native), Pending: outputs.PendingAssociation, Rows: []string{"associated.example.com"}},
		"unassociated.example.com": {Current: nginx, Target: native, Pending: outputs.PendingProvider, Rows: []string{"unassociated.example.com"}},
		"deployed.example.com":     {Current: nginx, Target: alb, Pending: outputs.PendingProvider, Rows: []string{"deployed.example.com"}},
		"waiting.example.com":      {Current: nginx, Target: alb, Pending: outputs.PendingProvider, Rows: []string{"waiting.example.com"}},
		"new.example.com":          {Target: alb, Pending: outputs.PendingProvider, Rows: []string{"new.example.com"}},
		"settled.example.com":      {Current: native},
	}
	shared := sharedStack(states)
	providers := []migration.Provider{
		account("dev-a", native, "associated.example.com", "unassociated.example.com"), account("dev-b", alb, "deployed.example.com", "new.example.com"),
	}
	s := migration.New(migration.ReportedBy(shared.FrontDoors), shared, providers)
	require.Equal(t, migration.Run{
		Associates: []mapping.Host{"unassociated.example.com"}, Creates: []mapping.Host{"new.example.com"},
		Moves: []mapping.Host{"associated.example.com", "deployed.example.com"}, Removes: []mapping.Host{"clients.example.com"},
	}, s.NextRun())
	require.Equal(t, []migration.Wait{
		{migration.ForClients, []mapping.Host{"clients.example.com"}, 90 * time.Second},
		{migration.ForAssociation, []mapping.Host{"associated.example.com"}, 20 * time.Minute},
		{migration.ForDeployment, []mapping.Host{"deployed.example.com", "new.example.com"}, 90 * time.Second},
	}, s.Waits(pace))

	require.Equal(t, []migration.Wait{
		{migration.ForClients, []mapping.Host{"clients.example.com"}, 90 * time.Second},
		{migration.ForAssociation, []mapping.Host{"associated.example.com"}, 20 * time.Minute},
	}, s.Reported().WaitsLeft(pace), "what an interrupted operation left")
	lost := migration.New(migration.ReportedBy(shared.FrontDoors), shared, nil)
	require.Len(t, lost.Waits(pace), 1, "an association that the next run drops is not waited for")
}

func TestTheForecastHasEachRunAndItsWaits(t *testing.T) {
	pace := migration.Pace{Settle: time.Minute, Provision: time.Hour}
	shared := sharedStack(map[mapping.Host]state{
		host:              {Current: nginx, Target: native, Pending: outputs.PendingProvider, Rows: []string{string(host)}},
		"b.x.example.com": {Current: nginx, Target: alb, Pending: outputs.PendingProvider, Rows: []string{"b.x.example.com"}},
		"c.x.example.com": {Target: native, Pending: outputs.PendingProvider, Rows: []string{"c.x.example.com"}},
	})
	a, b, c := []mapping.Host{host}, []mapping.Host{"b.x.example.com"}, mapping.Host("c.x.example.com")
	require.Equal(t, []migration.Phase{
		{
			Run:            migration.Run{Associates: a, Moves: b, Creates: []mapping.Host{c}},
			AfterProviders: true, Waits: []migration.Wait{{migration.ForDeployment, append(b, c), time.Minute}},
		},
		{
			Run:   migration.Run{Moves: a, Removes: b},
			Waits: []migration.Wait{{migration.ForClients, b, time.Minute}, {migration.ForAssociation, a, time.Hour}},
		},
		{Run: migration.Run{Removes: a}, Waits: []migration.Wait{{migration.ForClients, a, time.Minute}}},
	}, migration.New(migration.ReportedBy(shared.FrontDoors), shared, nil).Forecast(pace))
	require.Empty(t, migration.New(migration.Wanted{}, sharedStack(map[mapping.Host]state{host: {Current: nginx}}), nil).Forecast(pace))
}

func TestOwners(t *testing.T) {
	orders, payments := account("dev-orders", native, "a.x.example.com/v1"), account("dev-payments", alb, "b.x.example.com")
	orders.Outputs.AccountID, payments.Outputs.AccountID = "222222222222", "333333333333"
	s := migration.New(nil, sharedStack(nil), []migration.Provider{orders, payments})
	require.EqualValues(t, "222222222222", s.Owner(native, "a.x.example.com"))
	require.EqualValues(t, "333333333333", s.Owner(alb, "b.x.example.com"))
	require.Empty(t, s.Owner(alb, "a.x.example.com"))
}

// What a stack says of another account's row moves nothing; it still says who has
// the host's custom domain, unless the rows' own account says that too.
func TestARowIsProvisionedByItsOwnAccount(t *testing.T) {
	named := row(alb, host, "")
	named.Account = "222222222222"
	wanted := migration.WantedBy([]mapping.Row{named})
	own, other := account("own", alb, string(host)), account("other", alb, string(host))
	own.Outputs.AccountID, other.Outputs.AccountID = "222222222222", "333333333333"
	for sentence, test := range map[string]struct {
		providers []migration.Provider
		step      migration.Step
		owner     mapping.AccountID
	}{
		"another account's stack alone":        {[]migration.Provider{other}, migration.Await, "333333333333"},
		"the account's own stack":              {[]migration.Provider{own}, migration.Create, "222222222222"},
		"its own after another's":              {[]migration.Provider{other, own}, migration.Create, "222222222222"},
		"its own before another's":             {[]migration.Provider{own, other}, migration.Create, "222222222222"},
		"a stack that doesn't say whose it is": {[]migration.Provider{account("unnamed", alb, string(host))}, migration.Await, ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			state := migration.New(wanted, sharedStack(nil), test.providers)
			require.Equal(t, test.step, state.Next(host).Step)
			require.Equal(t, test.owner, state.Owner(alb, host))
		})
	}
}
