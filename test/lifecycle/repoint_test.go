package lifecycle

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// repointed is a mapping of the moving host, as the row's path and API say, and
// of one that stays with an API.
func repointed(stays string, rows ...string) string {
	var b strings.Builder
	b.WriteString("ACCOUNTS:\n  orders: {ID: \"222222222222\", ROLE_ARN: \"arn:aws:iam::222222222222:role/portico\"}\nAPIS:\n")
	for _, row := range append(rows, stayHostRow+stays) {
		address, api, _ := strings.Cut(row, " ")
		api, more, _ := strings.Cut(api, " ")
		fmt.Fprintf(&b, "  - {CUSTOM_DOMAIN_URL: %s, PRIVATE_API_URL: 'https://%s.execute-api.us-east-1.amazonaws.com/dev', ACCOUNT: orders%s}\n", address, api, more)
	}
	return b.String()
}

const stayHostRow = string(stayHost) + " "

// TestAHostIsGivenAnotherAPI brings the stacks up one by one while a host of
// nginx is given another API, and looks at what both policies make of it: the
// shared stack's update changes the API that its requests reach.
func TestAHostIsGivenAnotherAPI(t *testing.T) {
	slowly(t)
	t.Parallel()
	const host = string(movingHost)
	files := smallProject()
	files["mapping.yaml"] = repointed(emptyAPI, host+" "+ownedAPI)
	e := newEnvironment(t, files, policySetup())
	e.env.Settle = 0
	e.up()
	shared, account := &lives{e, e.env.Shared}, &lives{e, e.env.Providers[0]}
	admitted := func() []string {
		var by []string
		for _, api := range []string{ownedAPI, emptyAPI} {
			for _, s := range statements(t, account.api(api).Stages["dev"].Policy) {
				if s["Effect"] == "Allow" && strings.Contains(fmt.Sprint(s["Condition"]), host) {
					by = append(by, api)
					break
				}
			}
		}
		return by
	}
	rewrite := func(stays string, rows ...string) {
		write(t, e.project, map[string]string{"mapping.yaml": repointed(stays, rows...)})
	}
	both := []string{ownedAPI, emptyAPI}
	require.Equal(t, []string{ownedAPI}, admitted())

	t.Run("from an API without other rows, whose policy is retained: the account's stack comes first", func(t *testing.T) {
		rewrite(emptyAPI, host+" "+emptyAPI)
		account.deploy()
		require.Equal(t, both, admitted())
		shared.deploy()
		require.Equal(t, both, admitted())
		e.requireNoChanges()
	})
	t.Run("from an API with other rows neither order does", func(t *testing.T) {
		rewrite(emptyAPI, host+" "+ownedAPI)
		account.deploy()
		require.Equal(t, []string{ownedAPI}, admitted(), "before the shared stack's update requests reach the other one")
		rewrite(emptyAPI, host+" "+emptyAPI)
		e.up()
	})
	t.Run("but by a row that has the host admitted beforehand", func(t *testing.T) {
		rewrite(emptyAPI, host+" "+emptyAPI, host+"/changing "+ownedAPI)
		e.up()
		require.Equal(t, both, admitted())

		rewrite(emptyAPI, host+" "+ownedAPI, host+"/changing "+emptyAPI)
		shared.deploy()
		require.Equal(t, both, admitted())
		account.deploy()
		require.Equal(t, both, admitted())

		rewrite(emptyAPI, host+" "+ownedAPI, host+"/changing "+emptyAPI+" , RETIRED: true")
		e.up()
		require.Equal(t, []string{ownedAPI}, admitted())
		e.requireNoChanges()
	})
}
