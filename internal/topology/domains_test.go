package topology_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

const (
	orders = mapping.AccountID("222222222222")
	shop   = mapping.AccountID("333333333333")
)

// owned is a row of a front door, an account and an API.
func owned(frontDoor mapping.FrontDoor, account mapping.AccountID, api mapping.APIID, host mapping.Host, base mapping.BasePath) mapping.Row {
	r := behind(frontDoor, host, base)
	r.Account, r.API.ID = account, api
	return r
}

func TestDomainsForAnAccount(t *testing.T) {
	validated := owned(native, orders, "o2", "p.x.example.com", "/v1")
	validated.PublicZone = "example.com"
	retired := owned(alb, orders, "o9", "gone.x.example.com", "")
	retired.Retired = true
	m := of(
		owned(native, orders, "o2", "p.x.example.com", "/v2"), validated, owned(native, orders, "o1", "p.x.example.com", ""),
		owned(alb, orders, "o1", "a.x.example.com", ""), owned(nginx, orders, "o1", "n.x.example.com", ""), retired,
		owned(alb, shop, "s1", "s.x.example.com", ""), owned(native, "", "u1", "u.x.example.com", ""),
	)
	api := func(id mapping.APIID) mapping.PrivateAPI {
		return mapping.PrivateAPI{ID: id, Region: "us-east-1", Partition: "aws", Stage: "dev"}
	}
	top := derive(t, m, topology.Options{})
	require.Empty(t, cmp.Diff([]topology.Domain{
		{Host: "a.x.example.com", FrontDoor: alb, Account: orders, Region: "us-east-1", Paths: []topology.DomainPath{{API: api("o1"), Row: 3}}},
		{Host: "p.x.example.com", FrontDoor: native, Account: orders, Region: "us-east-1", PublicZone: "example.com", Paths: []topology.DomainPath{
			{API: api("o1"), Row: 2}, {BasePath: "v1", API: api("o2"), Row: 1}, {BasePath: "v2", API: api("o2"), Row: 0},
		}},
	}, topology.DomainsOf(top.Domains, orders, nil)))
	require.Len(t, topology.DomainsOf(top.Domains, shop, nil), 1)
	require.Len(t, topology.DomainsOf(top.Domains, shop, []mapping.APIID{"u1"}), 2, "an API of no named account is the listing stack's")
	require.Len(t, topology.DomainsOf(top.Domains, shop, []mapping.APIID{"o1"}), 1, "listing doesn't take another account's domain")
	require.Empty(t, topology.DomainsOf(top.Domains, "", nil))
}

func TestADomainStaysWhileItsHostIsServedByIt(t *testing.T) {
	const host = "a.x.example.com"
	frontDoorsAt := func(wants mapping.FrontDoor, p outputs.HostState) (got []mapping.FrontDoor) {
		m := of(owned(wants, orders, "o1", host, ""))
		for _, d := range topology.DomainsOf(deriveAt(t, m, topology.Options{}, migration.Plan{host: p}).Domains, orders, nil) {
			got = append(got, d.FrontDoor)
		}
		return got
	}
	is := func(frontDoors ...mapping.FrontDoor) []mapping.FrontDoor { return frontDoors }
	require.Equal(t, is(alb), frontDoorsAt(alb, outputs.HostState{Current: nginx, Pending: outputs.PendingProvider}), "before its name moves there")
	require.Equal(t, is(alb, native), frontDoorsAt(native, outputs.HostState{Current: alb, Pending: outputs.PendingProvider}))
	require.Equal(t, is(alb, native), frontDoorsAt(native, outputs.HostState{Current: native, Retains: is(alb)}))
	require.Equal(t, is(native), frontDoorsAt(native, outputs.HostState{Current: native}))
	require.Equal(t, is(alb), frontDoorsAt(nginx, outputs.HostState{Current: alb, Pending: outputs.PendingProvider}))
	require.Empty(t, frontDoorsAt(nginx, outputs.HostState{Current: nginx}))
}

// TestAHostChangesOneThingAtATime: what its earlier front door can't carry must
// wait until the host has left that.
func TestAHostChangesOneThingAtATime(t *testing.T) {
	const host = "a.x.example.com"
	leaving := migration.Plan{host: {Current: native, Pending: outputs.PendingProvider}}
	root := owned(nginx, orders, "o1", host, "")
	below := root
	below.API.Path = "/orders"
	elsewhere := owned(nginx, orders, "o2", host, "/v1")
	elsewhere.API.Region = "eu-west-1"
	slow := root
	slow.Timeout *= 2
	for sentence, test := range map[string]struct {
		rows []mapping.Row
		want string
	}{
		"the same rows":      {[]mapping.Row{root, owned(nginx, orders, "o2", host, "/v1")}, ""},
		"a timeout":          {[]mapping.Row{slow}, ""},
		"a deeper base path": {[]mapping.Row{root, owned(nginx, orders, "o1", host, "/v1/orders")}, "map.yaml:11:5: APIS[1] (a.x.example.com/v1/orders)"},
		"a path":             {[]mapping.Row{below}, "can't put"},
		"another account":    {[]mapping.Row{root, owned(nginx, shop, "s1", host, "/v1")}, "its rows are of two accounts"},
		"another region":     {[]mapping.Row{root, elsewhere}, "two regions, us-east-1 and eu-west-1"},
	} {
		t.Run(sentence, func(t *testing.T) {
			m := of(test.rows...)
			_, err := topology.Derive(m, topology.Options{})
			require.NoError(t, err, "the proxy carries it")
			_, err = topology.DeriveAt(m, topology.Options{}, leaving)
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			var conflict *topology.ConflictError
			require.ErrorAs(t, err, &conflict)
			require.ErrorContains(t, err, "host a.x.example.com is still served by native")
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, "change FRONT_DOOR alone")
		})
	}
}

func TestAnAccountsOwnQuotaOfDomains(t *testing.T) {
	var rows []mapping.Row
	for i := range 3 {
		rows = append(rows, owned(native, orders, "o1", mapping.Host(fmt.Sprintf("h%d.x.example.com", i)), ""))
	}
	m := of(append(rows, owned(alb, orders, "o1", "a.x.example.com", ""))...)
	top := derive(t, m, topology.Options{})
	check := func(quotas topology.Quotas) error {
		return topology.CheckDomainQuotas(m, topology.DomainsOf(top.Domains, orders, nil), quotas)
	}
	require.NoError(t, check(topology.Quotas{PrivateDomains: 3, RegionalDomains: 1}))
	err := check(topology.Quotas{PrivateDomains: 2})
	require.ErrorContains(t, err, "private custom domains of the account: 3 needed, 2 allowed: 2 rows fit")
	require.ErrorContains(t, err, "APIS[2] (h2.x.example.com)")
	require.ErrorContains(t, check(topology.Quotas{PrivateDomains: -1}), "PrivateDomains is -1")
}
