package lifecycle

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/mapping"
)

// fullMapping has a host of nginx, and others of one more front door.
func fullMapping(frontDoor mapping.FrontDoor, names ...string) string {
	var b strings.Builder
	b.WriteString("ACCOUNTS:\n  orders: {ID: \"222222222222\", ROLE_ARN: \"arn:aws:iam::222222222222:role/portico\"}\nAPIS:\n")
	row := func(name, api string, frontDoor mapping.FrontDoor) {
		fmt.Fprintf(&b, "  - {CUSTOM_DOMAIN_URL: %s.internal.example.com, PRIVATE_API_URL: 'https://%s.execute-api.us-east-1.amazonaws.com/dev', ACCOUNT: orders, FRONT_DOOR: %s}\n", name, api, frontDoor)
	}
	row("stays", emptyAPI, mapping.FrontDoorNGINX)
	for _, name := range names {
		row(name, ownedAPI, frontDoor)
	}
	return b.String()
}

// hostsOfRules are the first labels of the hosts that listener rules match.
func (e *simulatedEnvironment) hostsOfRules() []string {
	var names []string
	for _, rule := range e.Resources(awssim.Filter{Account: sharedAccount, Type: "aws:lb/listenerRule:ListenerRule"}) {
		for _, condition := range rule.Properties.Objects("conditions") {
			name, _, _ := strings.Cut(condition.Object("hostHeader").Texts("values")[0], ".")
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// TestHostsOfALBTakeTheQuotaOfRulesToItsEnd has as many hosts as the preview
// lets through. A placeholder rule exists until their accounts have provisioned the rows, and goes after
// their own rules have come; so do hosts that others take the place of.
func TestHostsOfALBTakeTheQuotaOfRulesToItsEnd(t *testing.T) {
	slowly(t)
	t.Parallel()
	files := movingProject(mapping.FrontDoorALB)
	files["mapping.yaml"] = fullMapping(mapping.FrontDoorALB, "a", "b")
	files["Pulumi.dev.yaml"] += "  portico:quotas: {rulesPerLoadBalancer: 3}\n"
	setup := movingSetup()
	setup.Quotas = map[string]int{"Rules per Application Load Balancer": 3}
	e := newEnvironment(t, files, setup)
	e.env.Settle = 0
	up := func(names ...string) {
		t.Helper()
		write(t, e.project, map[string]string{"mapping.yaml": fullMapping(mapping.FrontDoorALB, names...)})
		e.up()
		require.Equal(t, names, e.hostsOfRules())
		e.requireNoChanges()
	}
	up("a", "b")
	up("b", "c")
	up("d", "e")

	write(t, e.project, map[string]string{"mapping.yaml": fullMapping(mapping.FrontDoorALB, "d", "e", "f")})
	_, err := e.env.Preview(t.Context())
	require.ErrorContains(t, err, "listener rules of the load balancer, one for each host of alb and one to spare: 4 needed, 3 allowed: 2 rows fit")
	_, err = e.env.Up(t.Context())
	require.ErrorContains(t, err, "4 needed, 3 allowed")
	require.Equal(t, []string{"d", "e"}, e.hostsOfRules())

	// An account that is brought up first has the new host's side ready when the
	// old one still has its rule: what is to spare takes it.
	write(t, e.project, map[string]string{"mapping.yaml": fullMapping(mapping.FrontDoorALB, "e", "g")})
	(&lives{e, e.env.Providers[0]}).deploy()
	up("e", "g")
}

// TestAnExchangeAtAQuotaOfDomainsTakesTwoUpdates has one host take the place of
// another where there is no room for both. AWS is asked for the new one first.
func TestAnExchangeAtAQuotaOfDomainsTakesTwoUpdates(t *testing.T) {
	slowly(t)
	for sentence, test := range map[string]struct {
		frontDoor mapping.FrontDoor
		quota     string
		// atOnce is set where an update takes the old one down before it makes
		// the new one, for which it has to wait.
		atOnce bool
	}{
		"of REGIONAL domains": {mapping.FrontDoorALB, "Public custom domain names per account per Region", false},
		"of PRIVATE domains":  {mapping.FrontDoorNative, "Private custom domain names per account per Region", false},
		"and not of associations": {
			mapping.FrontDoorNative, "Domain name access associations with private custom domain names per account per Region", true,
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			files := movingProject(test.frontDoor)
			files["mapping.yaml"] = fullMapping(test.frontDoor, "a")
			setup := movingSetup()
			setup.Quotas = map[string]int{test.quota: 1}
			e := newEnvironment(t, files, setup)
			e.env.Settle = 0
			e.up()
			require.NotNil(t, e.domain("a.internal.example.com"))

			write(t, e.project, map[string]string{"mapping.yaml": fullMapping(test.frontDoor, "b")})
			_, err := e.env.Up(t.Context())
			if !test.atOnce {
				require.ErrorContains(t, err, "the quota of 1 is reached")
				write(t, e.project, map[string]string{"mapping.yaml": fullMapping(test.frontDoor)})
				e.up()
				require.Empty(t, e.Domains(region))
				write(t, e.project, map[string]string{"mapping.yaml": fullMapping(test.frontDoor, "b")})
				_, err = e.env.Up(t.Context())
			}
			require.NoError(t, err, "%s", e.log)
			require.Nil(t, e.domain("a.internal.example.com"))
			require.NotNil(t, e.domain("b.internal.example.com"))
			e.requireNoChanges()
		})
	}
}
