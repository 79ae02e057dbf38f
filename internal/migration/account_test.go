package migration_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

func TestWhatAnAccountAdmits(t *testing.T) {
	hosts := func(retained ...mapping.Host) []mapping.Host { return retained }
	for sentence, test := range map[string]struct {
		wants    mapping.FrontDoor
		before   state
		admitted []mapping.FrontDoor
		retained []mapping.Host
		awaited  bool
	}{
		"a new host": {wants: alb, admitted: list(alb), awaited: true},
		"one that waits for the account, through both": {
			wants: alb, before: state{Current: nginx, Target: alb, Pending: outputs.PendingProvider},
			admitted: list(nginx, alb), retained: hosts(host), awaited: true,
		},
		"one that is associated, through the one that it leaves too": {
			wants: native, before: state{Current: alb, Target: native, Retains: list(native), Pending: outputs.PendingAssociation},
			admitted: list(alb, native), retained: hosts(host), awaited: true,
		},
		"one whose clients may use the earlier answer": {
			wants: native, before: state{Current: native, Retains: list(nginx), Pending: outputs.PendingClients},
			admitted: list(nginx, native), retained: hosts(host), awaited: true,
		},
		"a settled one":                {wants: native, before: state{Current: native}, admitted: list(native), awaited: true},
		"one of nginx":                 {wants: nginx, before: state{Current: nginx}, admitted: list(nginx)},
		"one of nginx that is new":     {wants: nginx, admitted: list(nginx)},
		"one that comes back to nginx": {wants: nginx, before: state{Current: alb, Target: nginx, Pending: outputs.PendingProvider}, admitted: list(nginx, alb), retained: hosts(host), awaited: true},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := migration.New(wants(test.wants), sharedStack(map[mapping.Host]state{host: test.before}), nil)
			require.Equal(t, test.admitted, s.Admitted(host))
			require.Equal(t, test.retained, s.Retained())
			if test.before.Current != "" || test.wants != nginx {
				require.Equal(t, test.awaited, s.Awaited(host))
			}
		})
	}
	require.False(t, migration.New(wants(nginx), sharedStack(nil), nil).Awaited(host))
	shared := sharedStack(nil)
	delete(shared.Endpoints, alb)
	require.Empty(t, migration.New(wants(alb), shared, nil).Admitted(host), "a policy can't name an endpoint that doesn't exist")
}

func TestAdviceAfterAnUpdateOfAnAccount(t *testing.T) {
	provider := []string{"a.x.example.com", "a.x.example.com/v1"}
	pending := state{Current: nginx, Pending: outputs.PendingProvider}
	for sentence, test := range map[string]struct {
		wants  mapping.FrontDoor
		before state
		rows   []string // nil: provider
		want   []migration.Advice
	}{
		"a new host gets its name":                            {wants: native, before: state{Pending: outputs.PendingProvider}, want: []migration.Advice{migration.RunToMove}},
		"one that moves to alb too":                           {wants: alb, before: pending, want: []migration.Advice{migration.RunToMove}},
		"one that moves to native is associated first":        {wants: native, before: pending, want: []migration.Advice{migration.RunToAssociate}},
		"and moves when the association is provisioned":       {wants: native, before: state{Current: nginx, Retains: list(native), Pending: outputs.PendingAssociation}, want: []migration.Advice{migration.RunWhenProvisioned}},
		"which doesn't count for another front door":          {wants: alb, before: state{Current: nginx, Retains: list(native), Pending: outputs.PendingAssociation}, want: []migration.Advice{migration.RunToMove}},
		"back to native while it is retained it moves":        {wants: native, before: state{Current: nginx, Retains: list(native), Pending: outputs.PendingClients}, want: []migration.Advice{migration.RunToMove}},
		"then the earlier front door is removed":              {wants: native, before: state{Current: native, Retains: list(nginx), Pending: outputs.PendingClients}, want: []migration.Advice{migration.RunToRemove}},
		"a settled host is left alone":                        {wants: native, before: state{Current: native}},
		"so is one of which a row is missing":                 {wants: native, before: pending, rows: provider[:1]},
		"and one of nginx that the shared stack doesn't name": {wants: nginx},
	} {
		t.Run(sentence, func(t *testing.T) {
			if test.rows == nil {
				test.rows = provider
			}
			wanted := migration.WantedBy([]mapping.Row{row(test.wants, host, ""), row(test.wants, host, "/v1")})
			shared := sharedStack(nil)
			if test.wants != nginx {
				shared = sharedStack(map[mapping.Host]state{host: test.before})
			}
			own := []migration.Provider{account("dev-orders", test.wants, test.rows...)}
			var want []migration.Advised
			for _, advice := range test.want {
				want = append(want, migration.Advised{Advice: advice, Names: []string{string(host)}})
			}
			require.Equal(t, want, migration.New(wanted, shared, own).Advice())

			delete(shared.Endpoints, test.wants)
			want = nil
			if test.wants != nginx {
				want = []migration.Advised{{Advice: migration.RunForEndpoint, Names: []string{string(test.wants)}}}
			}
			require.Equal(t, want, migration.New(wanted, shared, own).Advice())
		})
	}
}
