package main

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/automation"
)

const secondRow = `  - CUSTOM_DOMAIN_URL: bills.private.example.com
    PRIVATE_API_URL: https://b1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod
    ACCOUNT: "222222222222"
`

// The page of files alone has what the comment has.
func TestAPreviewsPageHasWhatTheCommentHas(t *testing.T) {
	e := newRepository(t)
	e.write("mapping.yaml", reviewedMapping+secondRow)
	e.commit("base")
	e.write("mapping.yaml", strings.Replace(reviewedMapping, "[GET]", "[GET, POST]", 1))
	e.write("Pulumi.dev.yaml", "config:\n  portico:mapping: mapping.yaml\n  portico:task: {min: 4}\n  other:key: {secure: AAAA}\n")
	path := filepath.Join(t.TempDir(), "page.html")
	got := e.preview("--html", path)
	require.Equal(t, e.preview().out, got.out, "the comment is the same")
	p := readPage(t, path)
	require.Len(t, p.data.Rows, 2)
	row, gone := p.data.Rows[0], p.data.Rows[1]
	require.Equal(t, []string{"changed", "orders.private.example.com", "+POST"}, []string{row.Change, row.Host, row.Differs})
	require.Equal(t, []string{"removed", "bills.private.example.com"}, []string{gone.Change, gone.Host})
	require.Equal(t, "private.example.com", row.Zone)
	require.Contains(t, p.text("findings"), "No row is left", "the warning about the row that was taken out")
	require.Contains(t, p.text("changes"), "portico:task.min")
	require.Contains(t, p.text("changes"), "a secret")
	require.NotContains(t, p.text("main"), "AAAA")
	require.Contains(t, p.text("policies"), "vpce-00000000000000000 stands for the VPC endpoint")
	require.Contains(t, p.text("policies"), `+        "arn:aws:execute-api:us-east-1:222222222222:a1b2c3d4e5/prod/POST`)
	require.Contains(t, p.text("cost"), "Fargate tasks")
	require.Contains(t, p.text("cost"), "4", "as many tasks as the settings have")
	require.Contains(t, p.text("limits"), "private hosted zones")
}

func TestAPreviewsPageHasTheMappingsMistakes(t *testing.T) {
	e := newRepository(t)
	e.commit("base")
	e.write("mapping.yaml", strings.Replace(reviewedMapping, "[GET]", "[GETT]", 1))
	path := filepath.Join(t.TempDir(), "page.html")
	got := e.preview("--html", path)
	require.Equal(t, 1, got.code)
	p := readPage(t, path)
	require.Contains(t, p.text("main"), "1 mistake to correct")
	require.Contains(t, p.text("findings"), "mapping.yaml:4 APIS[0].VERBS")
	require.Contains(t, p.text("findings"), "GETT")
}

// Page and comment name the teams of a mapping directory.
func TestAPreviewNamesTheTeamsOfRows(t *testing.T) {
	e := newRepository(t)
	e.write("Pulumi.dev.yaml", "config:\n  portico:mapping: teams\n")
	e.write("teams/portico.yaml", "TEAMS:\n  orders: {ACCOUNTS: [\"222222222222\"], HOSTS: ['*.orders.example.com']}\n")
	row := strings.ReplaceAll(reviewedMapping, "orders.private.example.com", "a.orders.example.com")
	e.write("teams/orders.yaml", row)
	e.commit("base")
	require.NotContains(t, e.preview().out, "| team |")
	e.write("teams/orders.yaml", strings.Replace(row, "[GET]", "[GET, POST]", 1))
	path := filepath.Join(t.TempDir(), "page.html")
	got := e.preview("--html", path)
	require.Contains(t, got.out, "|  | custom domain | team | leads to | verbs | else |\n|---|---|---|---|---|---|\n| changed | `a.orders.example.com` | `orders` |")
	require.Equal(t, "orders", readPage(t, path).data.Rows[0].Team)
	// Each line is one of a team's file.
	const links = "https://github.com/o/r/blob/abc"
	const file = links + "/platform%20%28aws%29/teams/orders.yaml#L"
	require.Contains(t, e.preview("--links", links).out, "| changed | [`a.orders.example.com`]("+file+"2) | `orders` |")

	e.write("teams/orders.yaml", strings.ReplaceAll(row, "a.orders", "a.shop"))
	got = e.preview("--html", path)
	require.Equal(t, 1, got.code)
	require.Contains(t, got.out, "| `orders.yaml:2` |")
	require.Contains(t, got.out, "| team orders&#58; a.shop.example.com is none of the team's hosts |")
	require.Contains(t, readPage(t, path).text("findings"), "teams/orders.yaml:2 APIS[0].CUSTOM_DOMAIN_URL, team orders")
	require.Contains(t, e.preview("--links", links).out, "| [`orders.yaml:2`]("+file+"2) |")
}

func TestAPageHasWhatTheEnginesPreviewSays(t *testing.T) {
	e := newRepository(t)
	e.commit("base")
	e.write("mapping.yaml", reviewedMapping+secondRow)
	found, err := compare(t.Context(), environmentOptions{name: "dev", dir: e.dir}, reviewOptions{base: "HEAD"})
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "page.html")
	report := &automation.Report{Ahead: []string{"hosts move"}, Stacks: []automation.Result{
		{Name: "dev", Account: "111111111111", Resources: 70, Changes: automation.Changes{Create: 3}},
		{Name: "dev-orders", Err: errors.New("the account refuses <b>")},
	}}
	require.NoError(t, found.writePage(path, environmentOptions{name: "dev", dir: e.dir}, report))
	changes := readPage(t, path).text("changes")
	for _, part := range []string{"3 created", "the account refuses <b>", "hosts move", "Who redeploys"} {
		require.Contains(t, changes, part)
	}
	require.Contains(t, readPage(t, path).text("main"), "The preview of 1 of 2 stacks failed")
}

func TestPreviewsFlagsBelongToWhatTheyAreFor(t *testing.T) {
	e := newRepository(t)
	e.commit("base")
	page := filepath.Join(t.TempDir(), "page.html")
	for _, args := range [][]string{{"--base", "main"}, {"--links", "https://example.com", "--html", page}, {"--html", t.TempDir()}} {
		got := portico(t, "", append([]string{"preview", "--env", "dev", "--dir", e.dir}, args...)...)
		require.Equal(t, 2, got.code, args)
	}
}
