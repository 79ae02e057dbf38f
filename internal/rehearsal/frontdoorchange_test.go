package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/rehearsal/live"
	"github.com/portico-iac/portico/mapping"
)

// movingRows are three hosts of two accounts, each with its front door.
func movingRows(a, b, c mapping.FrontDoor) string {
	return fmt.Sprintf(`
APIS:
  - {CUSTOM_DOMAIN_URL: a.moving.example.com, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev", VERBS: [GET], ACCOUNT: "222222222222", FRONT_DOOR: %s}
  - {CUSTOM_DOMAIN_URL: b.moving.example.com, PRIVATE_API_URL: "https://bbbbbbbbbb.execute-api.us-east-1.amazonaws.com/dev", VERBS: [GET], ACCOUNT: "333333333333", FRONT_DOOR: %s}
  - {CUSTOM_DOMAIN_URL: c.moving.example.com, PRIVATE_API_URL: "https://cccccccccc.execute-api.us-east-1.amazonaws.com/dev", VERBS: [GET], ACCOUNT: "333333333333", FRONT_DOOR: %s}
`, a, b, c)
}

// TestHostsChangeTheirFrontDoorsAndLoseNoRequest has three hosts change places
// between the front doors, in every direction in the end, while clients call them
// and the data path follows every single step that the accounts take. Its slow
// variant has the real engine take them, by `portico up`.
func TestHostsChangeTheirFrontDoorsAndLoseNoRequest(t *testing.T) {
	const nginx, alb, native = mapping.FrontDoorNGINX, mapping.FrontDoorALB, mapping.FrontDoorNative
	m := newFrontDoorChange(t, movingRows(nginx, alb, native))
	m.up(movingRows(nginx, alb, native))
	m.follow()
	m.requireArriving(nginx, alb, native)
	m.up(movingRows(alb, native, nginx))
	m.requireArriving(alb, native, nginx)
	if slow() {
		m.up(movingRows(nginx, alb, native))
		m.requireArriving(nginx, alb, native)
	}
	m.end()
}

// slow reports whether tests that take minutes are to run.
func slow() bool { return os.Getenv("PORTICO_SLOW") == "1" }

// slowly skips a test whose subject a longer mixed one holds as well, so that
// make test stays short.
func slowly(t *testing.T) {
	t.Helper()
	if !slow() {
		t.Skip("takes many updates: run make test-slow, which sets PORTICO_SLOW=1")
	}
}

// pace is how many seconds of the simulated accounts a real one is.
const pace = 100

// callEvery is how often a host is called.
const callEvery = 25 * time.Millisecond

// simulated is how long a time in the accounts is for the test.
func simulated(d time.Duration) time.Duration { return d / pace }

// answerKept is how long clients call the address that a name had: an alias's
// time to live.
const answerKept = 60 * time.Second

// frontDoorChange is an environment whose hosts change their front doors.
type frontDoorChange struct {
	t        *testing.T
	dir      string
	accounts *awssim.Simulator
	// programs runs the stacks' programs; the slow tests' engine does, in env.
	programs *inProcess
	env      map[string]string
	// config is the shared stack's, beside what every rehearsal has.
	config  map[string]any
	cancel  context.CancelFunc
	running sync.WaitGroup
	ended   sync.Once

	// follower keeps the path as the accounts are; nil: no client calls yet.
	*follower
	client  live.Interface
	callers workloads

	counting sync.Mutex
	total    int
	failures []string
	// last is the endpoint through which each host's last request came.
	last map[string]string
	// targets are the APIs and stages ("aaaaaaaaaa/dev") that may answer a host; nil:
	// the API that is named for the host.
	targets map[string][]string
	// hosts are the mapping's, which are called.
	hosts []string
	// vpcs are the VPCs of the hosts' clients; nil: the environment's own.
	vpcs map[string]string
	// settings replace those of accounts' stacks.
	settings map[mapping.AccountID]map[string]any
	// logged receives the lines that the tasks write; nil: nothing does.
	logged func(task live.Task, line string)
}

// newFrontDoorChange is an environment of which the document has all hosts and APIs.
func newFrontDoorChange(t *testing.T, document string) *frontDoorChange {
	t.Helper()
	m := &frontDoorChange{t: t, dir: t.TempDir(), last: map[string]string{}}
	for _, row := range parse(t, document).Rows {
		if !slices.Contains(m.hosts, string(row.Host)) {
			m.hosts = append(m.hosts, string(row.Host))
		}
	}
	w, err := initialState{mapping: parse(t, document), shared: sharedAccount, region: "us-east-1"}.setup()
	require.NoError(t, err)
	m.accounts, err = awssim.New(w)
	require.NoError(t, err)
	server, err := m.accounts.Serve(context.Background())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, errors.Join(server.Close(), m.accounts.Close())) })
	require.NoError(t, os.MkdirAll(backendDir(m.dir), 0o755))
	m.env = engineEnv(m.dir, server.DebugProviders(), "us-east-1")
	m.programs = newInProcess(m.accounts, filepath.Join(m.dir, "project"), "dev")
	return m
}

// write writes the projects of a mapping.
func (m *frontDoorChange) write(document string) project {
	m.t.Helper()
	p := project{dir: filepath.Join(m.dir, "project"), environment: "dev"}
	initial := initialState{mapping: parse(m.t, document), shared: sharedAccount, region: "us-east-1"}
	require.NoError(m.t, p.write(initial, []byte(document), m.config, m.settings))
	return p
}

// up brings the environment to a mapping, in the slow tests as `portico up` does.
func (m *frontDoorChange) up(document string) {
	m.t.Helper()
	if !slow() {
		m.upByPrograms(document)
		return
	}
	_, err := m.byEngine(document).Up(m.t.Context())
	require.NoError(m.t, err)
}

// upByPrograms brings the environment to a mapping by the stacks' programs, as often
// as hosts that change their front door need.
func (m *frontDoorChange) upByPrograms(document string) {
	m.t.Helper()
	p := m.write(document)
	environment, err := automation.Discover(p.dir, "dev", automation.Programs{Shared: accounts.SharedIn, Provider: accounts.ProviderIn})
	require.NoError(m.t, err)
	m.accounts.BuildIn(p.dir)
	m.programs.settle(m.t, environment, func(d time.Duration) error { return m.sleep(m.t.Context(), d) })
}

// byEngine is the environment with a mapping, driven by Pulumi's engine.
func (m *frontDoorChange) byEngine(document string) *automation.Environment {
	m.t.Helper()
	p := m.write(document)
	environment, err := automation.Discover(p.dir, "dev", automation.Programs{Shared: accounts.SharedIn, Provider: accounts.ProviderIn})
	require.NoError(m.t, err)
	m.accounts.BuildIn(p.dir)
	environment.Command, environment.Env, environment.Progress = cli(m.t), m.env, automation.Lines(testLog{m.t})
	environment.Sleep = m.sleep
	return environment
}

// follow makes the environment live, keeps it as the accounts are, and begins
// calling.
func (m *frontDoorChange) follow() {
	require.NoError(m.t, m.accounts.Pass(provisioning(m.accounts, "us-east-1")))
	environment, clients, err := environmentOf(m.accounts, string(sharedAccount), "us-east-1")
	require.NoError(m.t, err)
	m.client, m.callers = clients[environment.VPCID], clients
	path, err := live.Start(m.t.Context(), *environment, live.Options{Dir: m.t.TempDir(), Now: m.accounts.Now, Logged: m.logged})
	require.NoError(m.t, err)
	m.follower = &follower{
		simulator: m.accounts, shared: string(sharedAccount), region: "us-east-1", path: path, pace: 1.0 / pace, environment: environment, clients: clients,
		failed: func(err error) { m.count("", "", err) },
	}
	ctx, cancel := context.WithCancel(context.Background())
	following, stop := context.WithCancel(context.Background())
	wait := m.follower.follow(following)
	m.cancel = func() { cancel(); stop(); wait() }
	m.t.Cleanup(func() {
		m.end()
		ctx, cancel := context.WithTimeout(context.Background(), stopGrace)
		defer cancel()
		require.NoError(m.t, m.path.Close(ctx))
	})
	// Before the next step, new clients call every host.
	m.afterEachStep(func() {
		m.update(following)
		for _, host := range m.hosts {
			m.callAnew(host)
		}
	})
	for _, host := range m.hosts {
		m.running.Go(func() { m.call(ctx, host) })
	}
}

// afterEachStep calls a function after each change of the accounts, before the next.
func (m *frontDoorChange) afterEachStep(f func()) {
	m.programs.changed = f
	onChange(m.accounts, f)
}

// onChange calls a function after each API call of the engine's that changes
// something; nil: no more.
func onChange(simulator *awssim.Simulator, f func()) {
	if f == nil {
		simulator.OnCall(nil)
		return
	}
	simulator.OnCall(func(call awssim.Call) {
		if changes(call.Action) {
			f()
		}
	})
}

// sleep waits as long as the accounts' time takes to pass. Most of a long wait
// passes at once.
func (m *frontDoorChange) sleep(ctx context.Context, d time.Duration) error {
	longest := 2 * time.Second
	if m.follower == nil {
		longest = 0 // no client calls yet
	}
	if rest := d - pace*longest; rest > 0 {
		if err := m.accounts.Pass(rest); err != nil {
			return err
		}
	}
	if m.follower != nil {
		m.update(ctx)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(min(simulated(d), longest)):
		return nil
	}
}

// call calls a host again and again, at the address that its name had at most
// answerKept ago.
func (m *frontDoorChange) call(ctx context.Context, host string) {
	ticker := time.NewTicker(callEvery)
	defer ticker.Stop()
	var address netip.Addr
	var asked time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if !m.called(host) {
			continue
		}
		if time.Since(asked) >= simulated(answerKept) {
			asked = time.Now()
			addresses, err := m.resolve(host)
			if err != nil {
				m.count(host, "", err)
				continue
			}
			address = addresses[0]
		}
		endpoint, err := m.get(address, host)
		if m.called(host) {
			m.count(host, endpoint, err)
		}
	}
}

// called reports whether a host is: it has a target.
func (m *frontDoorChange) called(host string) bool {
	m.counting.Lock()
	defer m.counting.Unlock()
	return m.targets == nil || m.targets[host] != nil
}

// callAnew calls a host as a client does that asks for its name now.
func (m *frontDoorChange) callAnew(host string) {
	if !m.called(host) {
		return
	}
	addresses, err := m.resolve(host)
	endpoint := ""
	if err == nil {
		endpoint, err = m.get(addresses[0], host)
	}
	m.count(host, endpoint, err)
}

// resolve asks the resolver of the VPC from which a host is called.
func (m *frontDoorChange) resolve(host string) ([]netip.Addr, error) {
	if vpc, other := m.vpcs[host]; other {
		return m.path.ResolveFrom(vpc, host)
	}
	return m.path.Resolve(context.Background(), host)
}

// get sends one request, and returns the endpoint through which it came.
func (m *frontDoorChange) get(address netip.Addr, host string) (string, error) {
	client := m.client
	if vpc, other := m.vpcs[host]; other {
		client = m.callers[vpc]
	}
	answer, err := call(context.Background(), m.path, client, netip.AddrPortFrom(address, httpsPort), host,
		request{method: http.MethodGet, target: "/pets/1", host: host, fields: []string{credentials}})
	if err != nil {
		return "", err
	}
	if answer.arrival == nil || !m.mayAnswer(host, answer.arrival) || answer.arrival.Path != "/pets/1" {
		return "", fmt.Errorf("%s answers %s: %s", address, answer, answer.body)
	}
	return answer.arrival.SourceVPCE, nil
}

func (m *frontDoorChange) mayAnswer(host string, arrival *live.Arrival) bool {
	m.counting.Lock()
	defer m.counting.Unlock()
	if m.targets == nil {
		return arrival.API == strings.Repeat(host[:1], 10)
	}
	return slices.Contains(m.targets[host], arrival.API+"/"+arrival.Stage)
}

func (m *frontDoorChange) count(host, endpoint string, err error) {
	m.counting.Lock()
	defer m.counting.Unlock()
	m.total++
	if err != nil {
		m.failures = append(m.failures, fmt.Sprintf("%s: %s: %v", time.Now().Format("05.000"), host, err))
		return
	}
	m.last[host] = endpoint
}

// requireArriving waits until requests come by the front doors that the rows
// want.
func (m *frontDoorChange) requireArriving(a, b, c mapping.FrontDoor) {
	m.t.Helper()
	environment, _ := m.now()
	frontDoors := findFrontDoors(environment, m.client)
	wanted := map[string]string{
		"a.moving.example.com": frontDoors[a].endpoint.ID, "b.moving.example.com": frontDoors[b].endpoint.ID, "c.moving.example.com": frontDoors[c].endpoint.ID,
	}
	require.Eventually(m.t, func() bool {
		m.counting.Lock()
		defer m.counting.Unlock()
		for host, endpoint := range wanted {
			if endpoint == "" || m.last[host] != endpoint {
				return false
			}
		}
		return true
	}, 10*time.Second, 20*time.Millisecond, "want %v", wanted)
	m.requireNoFailure()
}

func (m *frontDoorChange) requireNoFailure() {
	m.t.Helper()
	m.counting.Lock()
	defer m.counting.Unlock()
	require.Empty(m.t, m.failures[:min(len(m.failures), 10)], "%d of %d requests failed", len(m.failures), m.total)
}

// end stops calling.
func (m *frontDoorChange) end() {
	m.t.Helper()
	m.ended.Do(func() {
		m.cancel()
		m.running.Wait()
		m.t.Logf("%d requests, %d failed", m.total, len(m.failures))
		m.requireNoFailure()
	})
}
