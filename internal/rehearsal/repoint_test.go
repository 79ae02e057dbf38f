package rehearsal

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/mapping"
)

// apiOwners are the accounts that own the APIs of these tests.
var apiOwners = map[string]string{
	"aaaaaaaaaa": "222222222222", "eeeeeeeeee": "222222222222", "bbbbbbbbbb": "333333333333", "cccccccccc": "333333333333",
}

// repointedRows is a mapping with a row for each argument: "a aaaaaaaaaa/dev".
func repointedRows(rows ...string) string {
	var b strings.Builder
	b.WriteString("APIS:\n")
	for _, row := range rows {
		host, target, _ := strings.Cut(row, " ")
		fmt.Fprintf(&b, "  - {CUSTOM_DOMAIN_URL: %s.moving.example.com, PRIVATE_API_URL: 'https://%s', VERBS: [GET], ACCOUNT: %q}\n",
			host, strings.Replace(target, "/", ".execute-api.us-east-1.amazonaws.com/", 1), apiOwners[target[:10]])
	}
	return b.String()
}

// newRepointed is an environment with the APIs of all rows, of which the first are
// brought up and called.
func newRepointed(t *testing.T, up func(*frontDoorChange, string), first []string, later ...[]string) *frontDoorChange {
	t.Helper()
	var all []string
	for i, row := range slices.Concat(append(later, first)...) {
		_, target, _ := strings.Cut(row, " ")
		all = append(all, fmt.Sprintf("host-%d %s", i, target))
	}
	m := newFrontDoorChange(t, repointedRows(all...))
	m.hosts = nil
	for _, row := range first {
		host, _, _ := strings.Cut(row, " ")
		m.hosts = append(m.hosts, host+".moving.example.com")
	}
	up(m, repointedRows(first...))
	m.leads(first...)
	m.follow()
	m.requireAnswers()
	return m
}

// leads says which targets may answer each host.
func (m *frontDoorChange) leads(rows ...string) {
	m.counting.Lock()
	defer m.counting.Unlock()
	m.targets = map[string][]string{}
	for _, row := range rows {
		host, target, _ := strings.Cut(row, " ")
		m.targets[host+".moving.example.com"] = append(m.targets[host+".moving.example.com"], target)
	}
}

// change brings the environment from one set of rows to another while both may
// answer, and demands that in the end the latter alone do.
func (m *frontDoorChange) change(up func(*frontDoorChange, string), from, to []string) {
	m.t.Helper()
	m.leads(slices.Concat(from, to)...)
	up(m, repointedRows(to...))
	m.update(m.t.Context())
	m.leads(to...)
	m.requireAnswers()
}

// upByEngine brings the environment to a mapping, as `portico up` does.
func (m *frontDoorChange) upByEngine(document string) {
	m.t.Helper()
	_, err := m.byEngine(document).Up(m.t.Context())
	require.NoError(m.t, err)
}

// requireAnswers waits for a further request of each host, of which none has failed.
func (m *frontDoorChange) requireAnswers() {
	m.t.Helper()
	m.counting.Lock()
	clear(m.last)
	m.counting.Unlock()
	require.Eventually(m.t, func() bool {
		m.counting.Lock()
		defer m.counting.Unlock()
		return len(m.last) == len(m.targets)
	}, stopGrace, callEvery)
	m.requireNoFailure()
}

// TestARowIsGivenAnotherTargetAndNoRequestIsRefused gives rows another API of their
// account, an API of another account, and another stage, at once, while clients call
// them. Its slow variant has the real engine do it, by `portico up`.
func TestARowIsGivenAnotherTargetAndNoRequestIsRefused(t *testing.T) {
	first := []string{"a aaaaaaaaaa/dev", "b bbbbbbbbbb/dev", "c cccccccccc/dev"}
	second := []string{"a eeeeeeeeee/dev", "b aaaaaaaaaa/dev", "c cccccccccc/prod"}
	m := newRepointed(t, (*frontDoorChange).up, first, second)
	m.change((*frontDoorChange).up, first, second)
	require.NotContains(t, m.policyOf("bbbbbbbbbb", "dev"), "b.moving.example.com", "the API without rows has lost the statements")
	require.NotContains(t, m.policyOf("aaaaaaaaaa", "dev"), "a.moving.example.com", "the former target is taken out")
	require.NotContains(t, m.policyOf("cccccccccc", "dev"), "cccccccccc/dev/", "of the former stage too")
	if slow() {
		require.Empty(t, m.preview(repointedRows(second...)), "nothing is left to do")
	}
	m.end()
}

// TestARowWhoseOwnerDeploysByHandWaitsForTheOwner: one up admits the new target, and
// the one after the owner's deployment leads the requests there.
func TestARowWhoseOwnerDeploysByHandWaitsForTheOwner(t *testing.T) {
	slowly(t)
	first, second := []string{"c cccccccccc/dev"}, []string{"c bbbbbbbbbb/dev"}
	m := newRepointed(t, (*frontDoorChange).upByEngine, first, append(second, "x aaaaaaaaaa/dev"))
	m.settings = map[mapping.AccountID]map[string]any{"333333333333": {"portico:redeploy": false, "portico:createStages": false}}
	report, err := m.byEngine(repointedRows(second...)).Up(t.Context())
	require.NoError(t, err)
	require.Len(t, report.Ahead, 1)
	require.Contains(t, report.Ahead[0], "when the commands of output redeployCommands of dev-333333333333 were run: leads the requests to new targets of c.moving.example.com")
	m.requireAnswers()
	owner, err := m.accounts.OwnerOf("us-east-1", "bbbbbbbbbb")
	require.NoError(t, err)
	require.NoError(t, owner.Deploy("dev"))
	m.update(t.Context())
	m.change((*frontDoorChange).upByEngine, first, second)
	m.end()
}

// TestAnAccountThatFailsKeepsItsRowsWhereTheyAre has the stack of an account fail
// while it is to admit a row, and the next up go on from there.
func TestAnAccountThatFailsKeepsItsRowsWhereTheyAre(t *testing.T) {
	slowly(t)
	first, second := []string{"b bbbbbbbbbb/dev"}, []string{"b cccccccccc/dev"}
	m := newRepointed(t, (*frontDoorChange).upByEngine, first, second)
	m.accounts.Inject(awssim.Fault{Action: "apigateway:POST", Kind: awssim.Denial})
	_, err := m.byEngine(repointedRows(second...)).Up(m.t.Context())
	require.Error(t, err)
	m.requireAnswers()

	m.change((*frontDoorChange).upByEngine, first, second)
	m.end()
}

func (m *frontDoorChange) policyOf(api, stage string) string {
	return m.accounts.RESTAPIs("us-east-1")[api].Stages[stage].Policy
}

// preview are the stacks that a preview would change, and the phases that it names.
func (m *frontDoorChange) preview(document string) []string {
	m.t.Helper()
	report, err := m.byEngine(document).Preview(m.t.Context())
	require.NoError(m.t, err)
	todo := slices.Clone(report.Ahead)
	for _, s := range report.Stacks {
		if c := s.Changes; c.Create+c.Update+c.Replace+c.Delete > 0 {
			todo = append(todo, s.Name+": "+c.String())
		}
	}
	return todo
}
