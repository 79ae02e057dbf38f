package rehearsal

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/automation"
)

// sharedID is the API to which both environments lead.
const sharedID = "aaaaaaaaaa"

// sharedAPI is two environments of one shared-services account, dev and prod, that
// lead to the same API of an account, a stage each. Clients in the VPC of each call
// its hosts.
type sharedAPI struct {
	*frontDoorChange

	// programs run the environments' stacks, rows are their mappings, by name.
	runs map[string]*inProcess
	rows map[string][]string
}

// newSharedAPI brings both environments up and begins calling. The further rows are
// for later, and name APIs that have to exist.
func newSharedAPI(t *testing.T, dev, prod []string, later ...string) *sharedAPI {
	t.Helper()
	var all []string
	for i, row := range slices.Concat(dev, prod, later) {
		_, target, _ := strings.Cut(row, " ")
		all = append(all, fmt.Sprintf("host-%d %s", i, target))
	}
	s := &sharedAPI{frontDoorChange: newFrontDoorChange(t, repointedRows(all...)), rows: map[string][]string{}}
	s.config = map[string]any{"portico:certificates": map[string]any{"sharedRecords": true}}
	s.runs = map[string]*inProcess{"dev": s.programs, "prod": newInProcess(s.accounts, filepath.Join(s.dir, "prod"), "prod")}
	s.bring("dev", dev...)
	s.bring("prod", prod...)

	s.hosts, s.vpcs = nil, map[string]string{}
	for name, rows := range s.rows {
		for _, row := range rows {
			host, _, _ := strings.Cut(row, " ")
			s.hosts = append(s.hosts, host+".moving.example.com")
			s.vpcs[host+".moving.example.com"] = s.vpcOf(name)
		}
	}
	s.leads(slices.Concat(dev, prod)...)
	s.follow()
	s.requireAnswers()
	return s
}

// described is one of the environments, with its projects as its rows are now.
func (s *sharedAPI) described(name string) *automation.Environment {
	s.t.Helper()
	document := repointedRows(s.rows[name]...)
	p := project{dir: s.runs[name].dir, environment: name}
	initial := initialState{mapping: parse(s.t, document), shared: sharedAccount, region: "us-east-1"}
	require.NoError(s.t, p.write(initial, []byte(document), s.config, s.settings))
	environment, err := automation.Discover(p.dir, name, automation.Programs{
		Shared: accounts.SharedIn, Provider: accounts.ProviderIn, ProviderRetired: accounts.ProviderRetiredIn,
	})
	require.NoError(s.t, err)
	s.accounts.BuildIn(p.dir)
	return environment
}

// bring brings one of the environments to some rows.
func (s *sharedAPI) bring(name string, rows ...string) []Stack {
	s.t.Helper()
	s.rows[name] = rows
	return s.runs[name].settle(s.t, s.described(name), func(d time.Duration) error { return s.sleep(s.t.Context(), d) })
}

// destroy destroys one of the environments, in the order in which automation does.
func (s *sharedAPI) destroy(name string) {
	s.t.Helper()
	environment := s.described(name)
	for _, stack := range environment.Providers {
		s.runs[name].bring(s.t, providerProject, stack.Name, stack.Dir, stack.Retired)
		s.runs[name].bring(s.t, providerProject, stack.Name, stack.Dir, nothing)
	}
	s.runs[name].bring(s.t, sharedProject, name, environment.Shared.Dir, nothing)
}

// vpcOf is an environment's VPC.
func (s *sharedAPI) vpcOf(name string) string {
	return s.runs[name].stacks["organization/"+sharedProject+"/"+name].outputs["vpcId"].StringValue()
}

// rehearse makes all probes of an environment, and counts those that don't pass as
// failures.
func (s *sharedAPI) rehearse(name string) {
	environment, clients := s.now()
	own := *environment
	own.VPCID = s.vpcOf(name)
	m := parse(s.t, repointedRows(s.rows[name]...))
	p := newProber(s.path, &own, clients, m)
	p.resolve = func(_ context.Context, host string) ([]netip.Addr, error) { return s.path.ResolveFrom(own.VPCID, host) }
	for _, probe := range ask(context.Background(), p.checks(m.Rows)) {
		if !probe.OK {
			s.count(name, "", fmt.Errorf("rehearsal: %s", probe))
		}
	}
}

// while does something to one environment, and rehearses the other each time that
// the policy of their API changes.
func (s *sharedAPI) while(f func(), other string) {
	s.t.Helper()
	var policy string
	rehearsals := 0
	s.afterEachStep(func() {
		s.update(context.Background())
		for _, host := range s.hosts {
			s.callAnew(host)
		}
		api := s.accounts.RESTAPIs("us-east-1")[sharedID]
		now := api.SavedPolicy + api.Stages["dev"].Policy + api.Stages["prod"].Policy
		if now != policy {
			policy = now
			s.rehearse(other)
			rehearsals++
		}
	})
	f()
	s.afterEachStep(nil)
	require.Greater(s.t, rehearsals, 1)
	s.requireNoFailure()
}

// afterEachStep is the one of both environments.
func (s *sharedAPI) afterEachStep(f func()) {
	s.frontDoorChange.afterEachStep(f)
	s.runs["prod"].changed = f
}

// sidsOf are how the Sids of the API's statements begin that are an environment's.
func (s *sharedAPI) sidsOf(stage string) map[string]bool {
	found := map[string]bool{}
	policy := s.policyOf(sharedID, stage)
	for _, name := range []string{"dev", "prod"} {
		found[name] = strings.Contains(policy, `"Portico`+name)
	}
	return found
}

// TestTwoEnvironmentsOfOneAPIPassARehearsalEachWhileTheOtherChanges updates either of
// two environments that share an API, and destroys one, while clients call the hosts
// of both; whenever the API's policy changes, the other environment is rehearsed.
func TestTwoEnvironmentsOfOneAPIPassARehearsalEachWhileTheOtherChanges(t *testing.T) {
	dev, prod := []string{"a aaaaaaaaaa/dev", "b bbbbbbbbbb/dev"}, []string{"p aaaaaaaaaa/prod"}
	s := newSharedAPI(t, dev, prod, "x aaaaaaaaaa/prod", "x bbbbbbbbbb/prod")
	s.rehearse("dev")
	s.rehearse("prod")
	s.requireNoFailure()

	changed := []string{"a bbbbbbbbbb/dev", "b aaaaaaaaaa/dev"}
	s.leads(slices.Concat(dev, changed, prod)...)
	s.while(func() { s.bring("dev", changed...) }, "prod")
	s.leads(slices.Concat(changed, prod)...)
	s.rehearse("dev")

	s.while(func() { s.bring("prod", "p aaaaaaaaaa/prod", "q aaaaaaaaaa/prod") }, "dev")
	s.rehearse("prod")
	require.Equal(t, map[string]bool{"dev": true, "prod": true}, s.sidsOf("prod"))

	s.leads(prod...)
	s.while(func() { s.destroy("dev") }, "prod")
	require.Equal(t, map[string]bool{"dev": false, "prod": true}, s.sidsOf("dev"), "taken back, and deployed")
	s.rehearse("prod")
	for _, stack := range s.bring("prod", s.rows["prod"]...) {
		if stack.Name == "prod-222222222222" {
			// What prod wrote last had dev's statements. The stage's deployment is not about them.
			require.Equal(t, automation.Changes{Update: 1}, stack.Changes)
		}
	}
	for _, stack := range s.bring("prod", s.rows["prod"]...) {
		require.Equal(t, automation.Changes{}, stack.Changes, stack.Name)
	}
	s.end()
}
