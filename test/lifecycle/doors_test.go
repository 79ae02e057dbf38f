package lifecycle

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
)

// doorsMapping has a row of each front door; those of nginx and alb share an
// API.
const doorsMapping = `ACCOUNTS:
  orders: {ID: "222222222222", ROLE_ARN: "arn:aws:iam::222222222222:role/portico"}
APIS:
  - CUSTOM_DOMAIN_URL: proxied.internal.example.com
    PRIVATE_API_URL: https://owned00001.execute-api.us-east-1.amazonaws.com/dev
    VERBS: [GET, POST]
    ACCOUNT: orders
  - CUSTOM_DOMAIN_URL: balanced.internal.example.com/v1
    PRIVATE_API_URL: https://owned00001.execute-api.us-east-1.amazonaws.com/dev
    ACCOUNT: orders
    FRONT_DOOR: alb
  - CUSTOM_DOMAIN_URL: direct.internal.example.com
    PRIVATE_API_URL: https://empty00001.execute-api.us-east-1.amazonaws.com/dev
    VERBS: [GET]
    ACCOUNT: orders
    FRONT_DOOR: native
`

const (
	// validating has the custom domains' certificates validated in the shared
	// account's public zone.
	validating = `  portico:certificates: {zones: [{name: example.com, roleArn: "arn:aws:iam::111111111111:role/dns"}]}`
)

// doorsEstate is an environment of doorsMapping that nobody has brought up yet.
func doorsEstate(t *testing.T) *estate {
	t.Helper()
	world := policyWorld()
	world.Accounts[0].Roles = append(world.Accounts[0].Roles, awssim.Role{Name: "dns", Trusts: []string{sharedAccount}})
	files := smallProject()
	files["mapping.yaml"] = doorsMapping
	files["Pulumi.dev.yaml"] = sharedSettings + "  portico:providers: [organization/portico-provider/dev-orders]\n"
	files["accounts/provider/Pulumi.dev-orders.yaml"] = providerSettings(ordersAccount, redeploy, validating)
	e := begin(t, files, world)
	e.env.Settle = 0
	return e
}

// domain is the custom domain of that name, or nil.
func (e *estate) domain(name string) *awssim.CustomDomain {
	for _, domain := range e.Domains(region) {
		if domain.Name == name {
			return &domain
		}
	}
	return nil
}

// TestFrontDoorsOfAnAccount takes a provider account's side of the front doors
// through what happens to it.
func TestFrontDoorsOfAnAccount(t *testing.T) {
	t.Parallel()
	e := doorsEstate(t)
	e.up()
	l := &lives{e, e.env.Providers[0]}

	t.Run("the rows get their domains, certificates, mappings and shares", func(t *testing.T) {
		balanced, direct := e.domain("balanced.internal.example.com"), e.domain("direct.internal.example.com")
		require.NotNil(t, balanced)
		require.NotNil(t, direct)
		require.Equal(t, "REGIONAL", string(balanced.Type))
		require.Equal(t, "PRIVATE", string(direct.Type))
		require.Equal(t, []awssim.BasePathMapping{{BasePath: "v1", APIID: ownedAPI, Stage: "dev"}}, balanced.Mappings)
		require.Equal(t, []awssim.BasePathMapping{{APIID: emptyAPI, Stage: "dev"}}, direct.Mappings)
		require.Len(t, direct.AssociatedEndpoints, 1)
		require.Contains(t, direct.Policy, direct.AssociatedEndpoints[0])
		require.Equal(t, []string{"*.internal.example.com"}, direct.CertificateNames)
	})
	t.Run("the owner's statement stays first, and the rest is Portico's for both ways", func(t *testing.T) {
		names := sids(t, l.api(ownedAPI).Stages["dev"].Policy)
		require.Equal(t, "Ours", names[0])
		require.Contains(t, strings.Join(names, " "), "PorticoALBAllow")
		require.Contains(t, strings.Join(sids(t, l.api(emptyAPI).Stages["dev"].Policy), " "), "PorticoNativeAllow")
	})
	t.Run("and a second update has nothing to do", func(t *testing.T) { e.settled() })
	t.Run("what the owner adds is kept", func(t *testing.T) {
		require.NoError(t, l.owner(ownedAPI).SavePolicy(with(t, l.api(ownedAPI).SavedPolicy, "Added")))
		changes, _ := l.deploy()
		require.Equal(t, map[string]int{"update": 1, "replace": 1}, changes)
		require.Equal(t, []string{"Ours", "Added"}, sids(t, l.api(ownedAPI).Stages["dev"].Policy)[:2])
		e.settled()
	})
	t.Run("a row that leads to another stage takes its domain along", func(t *testing.T) {
		before := e.domain("balanced.internal.example.com")
		l.rewrite(strings.Replace(doorsMapping, "amazonaws.com/dev\n    ACCOUNT: orders\n    FRONT_DOOR: alb", "amazonaws.com/prod\n    ACCOUNT: orders\n    FRONT_DOOR: alb", 1), redeploy, validating)
		e.up()
		after := e.domain("balanced.internal.example.com")
		require.Equal(t, before.ARN, after.ARN)
		require.Equal(t, []awssim.BasePathMapping{{BasePath: "v1", APIID: ownedAPI, Stage: "prod"}}, after.Mappings)
		require.Contains(t, strings.Join(sids(t, l.api(ownedAPI).Stages["prod"].Policy), " "), "PorticoALBAllow")
		e.settled()
	})
	t.Run("a retired row's domain goes, and what it was granted", func(t *testing.T) {
		l.rewrite(strings.Replace(doorsMapping, "    FRONT_DOOR: alb", "    FRONT_DOOR: alb\n    RETIRED: true", 1), redeploy, validating)
		e.up()
		require.Nil(t, e.domain("balanced.internal.example.com"))
		names := sids(t, l.api(ownedAPI).Stages["dev"].Policy)
		require.Equal(t, []string{"Ours", "Added"}, names[:2])
		require.NotContains(t, strings.Join(names, " "), "PorticoALBAllow")
		e.settled()
	})
	t.Run("so does the domain of a row that is taken out", func(t *testing.T) {
		proxied, _, _ := strings.Cut(doorsMapping, "  - CUSTOM_DOMAIN_URL: balanced")
		l.rewrite(proxied, redeploy)
		e.up()
		require.Empty(t, e.Domains(region))
		require.Empty(t, e.Resources(awssim.Filter{Account: ordersAccount, Type: "aws:acm/certificate:Certificate"}))
		require.Empty(t, e.Resources(awssim.Filter{Account: ordersAccount, Type: "aws:ram/resourceShare:ResourceShare"}))
		e.settled()
	})
}

// TestEachUpdateSaysHowFarItIs brings the stacks up one after another, as plain
// pulumi up does.
func TestEachUpdateSaysHowFarItIs(t *testing.T) {
	t.Parallel()
	e := doorsEstate(t)
	shared, provider := &lives{e, e.env.Shared}, &lives{e, e.env.Providers[0]}
	decode := func(value any) (rows map[string][]string) {
		data, err := json.Marshal(value)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(data, &rows))
		return rows
	}
	shared.deploy()
	require.Empty(t, e.Domains(region))

	_, outputs := provider.deploy()
	require.Equal(t, map[string][]string{"alb": {"balanced.internal.example.com/v1"}, "native": {"direct.internal.example.com"}}, decode(outputs["ready"].Value))
	require.Equal(t, []any{}, outputs["keeps"].Value)
	require.Equal(t, map[string]any{"direct.internal.example.com": e.domain("direct.internal.example.com").ARN}, outputs["domainNameArns"].Value)
	require.Contains(t, outputs["resourceShareArn"].Value, "arn:aws:ram:us-east-1:222222222222:resource-share/")
	require.Empty(t, e.domain("direct.internal.example.com").AssociatedEndpoints)

	_, outputs = shared.deploy()
	hosts, _ := outputs["hosts"].Value.([]any)
	require.Len(t, hosts, 3)
	require.Len(t, e.domain("direct.internal.example.com").AssociatedEndpoints, 1)
	changes, _ := provider.deploy()
	require.Empty(t, changes)

	t.Run("a host that changes to alb is admitted by both ways until the earlier one is down", func(t *testing.T) {
		admits := func() []string {
			var doors []string
			for _, sid := range sids(t, provider.api(ownedAPI).Stages["dev"].Policy) {
				if strings.Contains(sid, "Allow") {
					doors = append(doors, strings.TrimRight(sid, "0123456789"))
				}
			}
			return slices.Compact(doors)
		}
		provider.rewrite(strings.Replace(doorsMapping, "    VERBS: [GET, POST]\n    ACCOUNT: orders\n", "    ACCOUNT: orders\n    FRONT_DOOR: alb\n", 1), redeploy, validating)
		shared.deploy()
		_, outputs := provider.deploy()
		require.Equal(t, []any{"proxied.internal.example.com"}, outputs["keeps"].Value)
		require.Contains(t, decode(outputs["ready"].Value)["alb"], "proxied.internal.example.com")
		require.ElementsMatch(t, []string{"PorticoAllow", "PorticoALBAllow"}, admits())

		shared.deploy() // moves the name
		_, outputs = provider.deploy()
		require.Equal(t, []any{"proxied.internal.example.com"}, outputs["keeps"].Value)
		require.ElementsMatch(t, []string{"PorticoAllow", "PorticoALBAllow"}, admits())

		shared.deploy() // takes the earlier way down
		_, outputs = provider.deploy()
		require.Equal(t, []any{}, outputs["keeps"].Value)
		require.Equal(t, []string{"PorticoALBAllow"}, admits())
	})
}
