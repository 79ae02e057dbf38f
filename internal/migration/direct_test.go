package migration_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

// mapped is a row of a mapping, as aRow, at a front door.
func mapped(t *testing.T, frontDoor mapping.FrontDoor, row served) mapping.Row {
	t.Helper()
	is, err := row.Row()
	require.NoError(t, err)
	is.FrontDoor = frontDoor
	return is
}

func TestWhichRowsWouldLoseRequests(t *testing.T) {
	const a, wild = "a.x.com", "*.x.com"
	const to, other = "aaaa000000/dev", "bbbb000000/dev"
	type states = map[mapping.Host]outputs.HostState
	row := func(frontDoor mapping.FrontDoor, address, target string, methods ...mapping.Method) mapping.Row {
		return mapped(t, frontDoor, aRow(address, target, methods...))
	}
	for sentence, test := range map[string]struct {
		direct, serves []served
		states         states
		wants          []mapping.Row
		losses         []migration.Loss
	}{
		"the same row":                  {[]served{aRow(a, to)}, nil, states{a: {Current: alb}}, []mapping.Row{row(alb, a, to)}, nil},
		"other verbs":                   {[]served{aRow(a, to)}, nil, states{a: {Current: alb}}, []mapping.Row{row(alb, a, to, "GET")}, nil},
		"another API":                   {[]served{aRow(a, to)}, nil, states{a: {Current: alb}}, []mapping.Row{row(alb, a, other)}, []migration.Loss{migration.Retargeted}},
		"another stage":                 {[]served{aRow(a, to)}, nil, states{a: {Current: native}}, []mapping.Row{row(native, a, "aaaa000000/prod")}, []migration.Loss{migration.Retargeted}},
		"with no verb in common":        {[]served{aRow(a, to, "GET")}, nil, states{a: {Current: native}}, []mapping.Row{row(native, a, other, "PUT")}, nil},
		"another API and front door":    {[]served{aRow(a, to)}, nil, states{a: {Current: alb}}, []mapping.Row{row(nginx, a, other)}, []migration.Loss{migration.Retargeted}},
		"another front door":            {[]served{aRow(a, to)}, nil, states{a: {Current: alb}}, []mapping.Row{row(native, a, to)}, nil},
		"a base path under a wider row": {[]served{aRow(a, to)}, nil, states{a: {Current: alb}}, []mapping.Row{row(alb, a, to), row(alb, a+"/v1", other)}, []migration.Loss{migration.Retargeted}},
		"a base path beside":            {[]served{aRow(a+"/v1", to)}, nil, states{a: {Current: alb}}, []mapping.Row{row(alb, a+"/v1", to), row(alb, a+"/v2", other)}, nil},
		"a host that goes":              {[]served{aRow(a, to)}, nil, states{a: {Current: alb}}, []mapping.Row{row(nginx, "b.x.com", to)}, nil},
		"a host that goes below a wildcard": {
			[]served{aRow(a, to)}, nil, states{a: {Current: alb}}, []mapping.Row{row(nginx, wild, to)}, []migration.Loss{migration.LeftToWildcard},
		},
		"a host that comes":                      {nil, []served{aRow("b.x.com", to)}, states{"b.x.com": {Current: nginx}}, []mapping.Row{row(nginx, "b.x.com", to), row(alb, a, to)}, nil},
		"a host that comes below a wildcard":     {nil, []served{aRow(wild, to)}, states{wild: {Current: nginx}}, []mapping.Row{row(nginx, wild, to), row(alb, a, to)}, []migration.Loss{migration.TakenFromWildcard}},
		"to nginx, which holds rows":             {nil, []served{aRow(wild, to)}, states{wild: {Current: nginx}}, []mapping.Row{row(nginx, wild, to), row(nginx, a, other)}, nil},
		"one that came together with a wildcard": {nil, []served{aRow(wild, to)}, states{wild: {Current: nginx}, a: {Target: alb, Pending: outputs.PendingProvider, Rows: []string{a}}}, []mapping.Row{row(nginx, wild, to), row(alb, a, to)}, nil},
		"from nginx, with another API":           {nil, []served{aRow(a, to)}, states{a: {Current: nginx}}, []mapping.Row{row(alb, a, other)}, nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			shared := sharedStack(test.states)
			shared.Served = &outputs.Served{Rows: test.serves}
			if test.direct != nil {
				shared.Direct = &outputs.Served{Rows: test.direct}
			}
			s := migration.New(migration.WantedBy(test.wants), shared, nil)
			var losses []migration.Loss
			for _, conflict := range s.Conflicts(test.wants) {
				losses = append(losses, conflict.Loss)
				require.NotNil(t, conflict.Row)
				require.NotEqual(t, nginx, conflict.FrontDoor)
			}
			require.Equal(t, test.losses, losses)
		})
	}
}

func TestDirectRowsAreThoseOfServedHosts(t *testing.T) {
	rows := []mapping.Row{
		mapped(t, native, aRow("b.x.com", "aaaa000000/dev")), mapped(t, alb, aRow("a.x.com", "aaaa000000/dev")),
		mapped(t, alb, aRow("coming.x.com", "aaaa000000/dev")), mapped(t, alb, aRow("new.x.com", "aaaa000000/dev")), mapped(t, nginx, aRow("leaving.x.com", "aaaa000000/dev")),
	}
	direct := migration.DirectRows(rows, migration.Plan{
		"a.x.com": {Current: alb}, "b.x.com": {Current: native}, "coming.x.com": {Current: nginx, Target: alb}, "new.x.com": {Target: alb}, "leaving.x.com": {Current: alb, Target: nginx},
	})
	var hosts []mapping.Host
	for _, row := range direct.Rows {
		hosts = append(hosts, row.Host)
	}
	require.Equal(t, []mapping.Host{"a.x.com", "b.x.com", "leaving.x.com"}, hosts)
	require.Nil(t, migration.DirectRows(rows, migration.Plan{}))
}
