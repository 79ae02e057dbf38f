package mapping_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/portico-iac/portico/mapping"
)

func api(t require.TestingT, url string) mapping.PrivateAPI {
	api, err := mapping.ParsePrivateAPI(url)
	require.NoError(t, err)
	return api
}

// TestNewGivesBackWhatParseRead makes every mapping of the corpus again, of its
// own rows.
func TestNewGivesBackWhatParseRead(t *testing.T) {
	made := 0
	for name, c := range readCorpus(t) {
		parsed, err := mapping.Parse("mapping.yaml", c.input)
		if err != nil {
			continue
		}
		made++
		again, err := mapping.New(parsed.Rows, parsed.Accounts...)
		require.NoError(t, err, name)
		require.Equal(t, parsed.Rows, again.Rows, name)
		require.Equal(t, parsed.Digest, again.Digest, name)
		require.Empty(t, again.Source)
		require.NoError(t, checkGrammars(again), name)
	}
	require.Greater(t, made, 30)
}

func TestNewCompletesRows(t *testing.T) {
	given := []mapping.Row{{
		Host: "API.private.Example.com.", BasePath: "/v1/", CORS: true, Index: 7,
		API:     mapping.PrivateAPI{ID: "a1b2c3d4e5", Region: "eusc-de-east-1", Stage: "prod"},
		Methods: []mapping.Method{"POST", "GET", "POST"},
	}}
	m, err := mapping.New(given)
	require.NoError(t, err)
	require.Equal(t, []mapping.Row{{
		Host: "api.private.example.com", BasePath: "/v1", CORS: true,
		API:     api(t, "https://a1b2c3d4e5.execute-api.eusc-de-east-1.amazonaws.eu/prod"),
		Methods: []mapping.Method{"GET", "OPTIONS", "POST"},
		Timeout: mapping.DefaultTimeout, FrontDoor: mapping.FrontDoorNGINX, AccessMode: mapping.AccessModeBasic,
	}}, m.Rows)
	require.Equal(t, []mapping.Method{"POST", "GET", "POST"}, given[0].Methods, "what was given stays")
	require.Equal(t, "APIS[0]", m.Rows[0].Position())
	again, err := mapping.Parse("canonical.json", m.Canonical())
	require.NoError(t, err)
	require.Equal(t, m.Digest, again.Digest)
}

func TestMistakesOfRowsWithoutAFile(t *testing.T) {
	orders := api(t, "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod")
	forged := orders
	forged.DNSSuffix = "amazonaws.com/evil"
	divided := orders
	divided.Stage = "prod/v2"
	row := func(change func(*mapping.Row)) mapping.Row {
		r := mapping.Row{Host: "a.private.example.com", API: orders, Account: "222222222222"}
		change(&r)
		return r
	}
	_, err := mapping.New([]mapping.Row{
		{Host: "a.private.example.com", API: orders, Account: "222222222222"},
		{Host: "a.private.example.com", API: orders, Account: "222222222222"},
		{},
		row(func(r *mapping.Row) { r.Host, r.API = "b.private.example.com/x", forged }),
		row(func(r *mapping.Row) { r.Host, r.BasePath, r.API = "c.private.example.com", "x", divided }),
		row(func(r *mapping.Row) {
			r.Host, r.Methods, r.Timeout = "d.private.example.com", []mapping.Method{"GOT", "GET", "X"}, 1500*time.Millisecond
		}),
		row(func(r *mapping.Row) {
			r.Host, r.Methods, r.Timeout = "e.private.example.com", []mapping.Method{}, time.Hour
		}),
		row(func(r *mapping.Row) {
			r.Host, r.Auth, r.FrontDoor, r.AccessMode = "f.private.example.com", "basic", "door", "LAX"
		}),
		row(func(r *mapping.Row) { r.Host, r.Account = "g.private.example.com", "333333333333" }),
		row(func(r *mapping.Row) {
			r.Host, r.Account, r.PublicZone = "h.private.example.com", "orders", "example.org"
		}),
		row(func(r *mapping.Row) { r.Host, r.Auth = "i.private.example.com", mapping.AuthIAM }),
		row(func(r *mapping.Row) {
			r.Host, r.Description, r.Owner = "j.private.example.com", "a\nb", strings.Repeat("x", 257)
		}),
	},
		mapping.Account{Name: "1", ID: "1", RoleARN: "role"},
		mapping.Account{Name: "orders", ID: "222222222222", RoleARN: "arn:aws:iam::333333333333:role/portico"},
		mapping.Account{Name: "orders", ID: "444444444444"},
		mapping.Account{Name: "sales", ID: "222222222222"})
	var mistakes mapping.Errors
	require.ErrorAs(t, err, &mistakes)
	require.Equal(t, strings.TrimSpace(`
ACCOUNTS.1: "1" is no name for an account: write a letter, then up to 62 letters, digits, "_" or "-"
ACCOUNTS.1.ID: "1" is not an account number: write its 12 digits, in quotes
ACCOUNTS.1.ROLE_ARN: "role" is not the ARN of an IAM role: write arn:aws:iam::{account}:role/{name}
ACCOUNTS.orders: the name is given already: delete one of the two
ACCOUNTS.orders.ROLE_ARN: the role is of account 333333333333, ID says 222222222222: write a role of the account, or correct ID
ACCOUNTS.sales: account 222222222222 is named orders already: delete one of the two names
APIS[1].CUSTOM_DOMAIN_URL: a.private.example.com is at APIS[0].CUSTOM_DOMAIN_URL already: delete one of the two rows, or give one another base path
APIS[2].CUSTOM_DOMAIN_URL: the host is missing: write a host such as api.example.com
APIS[2].PRIVATE_API_URL: API is missing: add it
APIS[3].CUSTOM_DOMAIN_URL: host "b.private.example.com/x" is more than a name: take Host and BasePath from ParseCustomDomain
APIS[3].PRIVATE_API_URL: API {ID:a1b2c3d4e5 Region:us-east-1 Partition:aws DNSSuffix:amazonaws.com/evil Stage:prod Path:} has the address of {ID:a1b2c3d4e5 Region:us-east-1 Partition:aws DNSSuffix:amazonaws.com Stage:evil Path:/prod}: take API from ParsePrivateAPI
APIS[4].CUSTOM_DOMAIN_URL: base path "x" doesn't begin with "/": take Host and BasePath from ParseCustomDomain
APIS[4].PRIVATE_API_URL: API {ID:a1b2c3d4e5 Region:us-east-1 Partition:aws DNSSuffix:amazonaws.com Stage:prod/v2 Path:} has the address of {ID:a1b2c3d4e5 Region:us-east-1 Partition:aws DNSSuffix:amazonaws.com Stage:prod Path:/v2}: take API from ParsePrivateAPI
APIS[5].TIMEOUT: 1.5s is not a whole number of seconds from 1 to 300: give 1 to 300 seconds
APIS[5].VERBS[0]: unknown verb "GOT": write GET
APIS[5].VERBS[2]: unknown verb "X": write any of DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, or "*" alone for all of them
APIS[6].TIMEOUT: 1h0m0s is not a whole number of seconds from 1 to 300: give 1 to 300 seconds
APIS[6].VERBS: is an empty list, which would allow nothing: give the methods, or nil to allow every one
APIS[7].AUTH: "basic" is unknown: write iam
APIS[7].ENDPOINT_ACCESS_MODE: "LAX" is unknown: write BASIC or STRICT
APIS[7].FRONT_DOOR: "door" is unknown: write nginx or alb or native
APIS[8].ACCOUNT: API a1b2c3d4e5 belongs to account 222222222222 at APIS[0].PRIVATE_API_URL and to 333333333333 here: write the account that owns the API in both rows
APIS[9].ACCOUNT: "orders" is not an account number: write its 12 digits, in quotes
APIS[9].ROUTE53_PUBLIC_DOMAIN: zone "example.org" doesn't hold "private.example.com", whose certificate it shall validate: write private.example.com or a public zone above it
APIS[10].AUTH: nginx can't carry signed requests, as its proxy rewrites Host and path, which Signature Version 4 covers: write FRONT_DOOR: alb or native, or delete AUTH if callers needn't sign
APIS[11].DESCRIPTION: "a\nb" holds U+000A LINE FEED, which ends a line: write one line
APIS[11].OWNER: the text is 257 characters long; 256 fit a report: write less
`), mistakes.Error())
	for _, mistake := range mistakes {
		require.Zero(t, mistake.Line)
	}

	_, err = mapping.New(nil)
	require.EqualError(t, err, "APIS: is an empty list, which leaves nothing to serve: give a row with Host and API")
}

// TestNewMakesTheMistakesOfTheFile gives New and Parse the same values, good and
// bad, and the same lines: both refuse the same for the same reasons.
func TestNewMakesTheMistakesOfTheFile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		one := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
		given := make([]mapping.Row, rapid.IntRange(1, 5).Draw(t, "rows"))
		lines := make([]string, len(given))
		for i := range given {
			r := mapping.Row{
				Pos:      mapping.Position{File: "mapping.yaml", Line: i + 2, Column: 1},
				Host:     mapping.Host(one("host", "a.b.example.com", "A.b.example.com", "*.b.example.com", "c.example.com", "b.com", "a_b.example.com", "a.b.com.amazonaws.com")),
				BasePath: mapping.BasePath(one("base path", "", "/v1", "/v1/", "/v1/orders", "/ping", "/a%2fb", "/..")),
				API: mapping.PrivateAPI{
					ID: mapping.APIID(one("API", "a1", "a2", "A_")), Region: one("region", "us-east-1", "eu-west-1", "cn-north-1"),
					Stage: mapping.Stage(one("stage", "dev", "prod", "$default")), Path: mapping.APIPath(one("path", "", "/orders", "/{id}")),
				},
				Account:    mapping.AccountID(one("account", "", "222222222222", "333333333333", "12")),
				Auth:       mapping.Auth(one("auth", "", "", "iam", "basic")),
				FrontDoor:  mapping.FrontDoor(one("front door", "", "nginx", "alb", "native", "door")),
				PublicZone: mapping.Zone(one("zone", "", "", "b.example.com", "example.com", "com", "example.org")),
				Retired:    rapid.IntRange(0, 4).Draw(t, "retired") == 0,
				CORS:       rapid.Bool().Draw(t, "CORS"),
				Stream:     rapid.IntRange(0, 4).Draw(t, "stream") == 0,
				NoRewrite:  rapid.Bool().Draw(t, "no rewrite"),
				AccessMode: mapping.AccessMode(one("mode", "", "", "BASIC", "STRICT", "LAX")),
			}
			r.API.DNSSuffix = map[bool]string{true: "amazonaws.com.cn", false: "amazonaws.com"}[r.API.Region == "cn-north-1"]
			if rapid.Bool().Draw(t, "has verbs") {
				r.Methods = []mapping.Method{mapping.Method(one("verb", "GET", "put", "GOT")), "HEAD"}
			}
			given[i], lines[i] = r, line(t, r)
		}
		want, parsed := mapping.Parse("mapping.yaml", []byte("APIS: [\n"+strings.Join(lines, ",\n")+"\n]"))
		m, made := mapping.New(given)
		require.Equal(t, reasons(t, parsed), reasons(t, made))
		if parsed == nil {
			require.Equal(t, want.Digest, m.Digest)
			require.NoError(t, checkGrammars(m))
		}
	})
}

// line spells a row as it is given, as JSON on one line.
func line(t require.TestingT, r mapping.Row) string {
	fields := map[string]any{"CUSTOM_DOMAIN_URL": r.URL(), "PRIVATE_API_URL": r.API.URL(), "RETIRED": r.Retired, "CORS": r.CORS, "STREAM": r.Stream, "REWRITE": !r.NoRewrite}
	for key, text := range map[string]string{
		"ACCOUNT": string(r.Account), "AUTH": string(r.Auth), "FRONT_DOOR": string(r.FrontDoor), "ROUTE53_PUBLIC_DOMAIN": string(r.PublicZone), "ENDPOINT_ACCESS_MODE": string(r.AccessMode),
	} {
		if text != "" {
			fields[key] = text
		}
	}
	if r.Methods != nil {
		fields["VERBS"] = r.Methods
	}
	text, err := json.Marshal(fields)
	require.NoError(t, err)
	return string(text)
}

// reasons are what is wrong in which line, and what to write instead.
func reasons(t require.TestingT, err error) []string {
	if err == nil {
		return nil
	}
	var mistakes mapping.Errors
	require.ErrorAs(t, err, &mistakes)
	var all []string
	for _, m := range mistakes {
		all = append(all, fmt.Sprintf("%s:%d: %s: %s", m.File, m.Line, m.Message, m.Fix))
	}
	slices.Sort(all)
	return all
}

// TestNoHostileByteGetsThroughNew is TestNoHostileByteGetsThrough for mappings
// that are made in code.
func TestNoHostileByteGetsThroughNew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		row := mapping.Row{
			Host: "api.private.example.com", BasePath: "/v1", Account: "222222222222", PublicZone: "example.com",
			API:     mapping.PrivateAPI{ID: "a1", Region: "us-east-1", Partition: "aws", DNSSuffix: "amazonaws.com", Stage: "dev", Path: "/orders"},
			Methods: []mapping.Method{"GET"}, FrontDoor: mapping.FrontDoorNGINX, Description: "text", Owner: "text",
		}
		account := mapping.Account{Name: "orders", ID: "333333333333", RoleARN: "arn:aws:iam::333333333333:role/path/name"}
		inject := func(text string) string {
			at := rapid.IntRange(0, len(text)).Draw(t, "at")
			return text[:at] + rapid.SampledFrom(hostile).Draw(t, "piece") + text[at:]
		}
		targets := []func(){
			func() { row.Host = mapping.Host(inject(string(row.Host))) },
			func() { row.BasePath = mapping.BasePath(inject(string(row.BasePath))) },
			func() { row.Account = mapping.AccountID(inject(string(row.Account))) },
			func() { row.PublicZone = mapping.Zone(inject(string(row.PublicZone))) },
			func() { row.API.ID = mapping.APIID(inject(string(row.API.ID))) },
			func() { row.API.Region = inject(row.API.Region) },
			func() { row.API.Partition = inject(row.API.Partition) },
			func() { row.API.DNSSuffix = inject(row.API.DNSSuffix) },
			func() { row.API.Stage = mapping.Stage(inject(string(row.API.Stage))) },
			func() { row.API.Path = mapping.APIPath(inject(string(row.API.Path))) },
			func() { row.Methods[0] = mapping.Method(inject(string(row.Methods[0]))) },
			func() { row.FrontDoor = mapping.FrontDoor(inject(string(row.FrontDoor))) },
			func() { row.AccessMode = mapping.AccessMode(inject("STRICT")) },
			func() { row.Auth = mapping.Auth(inject("iam")) },
			func() { row.Description = inject(row.Description) },
			func() { row.Owner = inject(row.Owner) },
			func() { account.Name = inject(account.Name) },
			func() { account.ID = mapping.AccountID(inject(string(account.ID))) },
			func() { account.RoleARN = inject(account.RoleARN) },
		}
		targets[rapid.IntRange(0, len(targets)-1).Draw(t, "target")]()
		if m, err := mapping.New([]mapping.Row{row}, account); err == nil {
			require.NoError(t, checkGrammars(m))
		}
	})
}

func TestErrorsHaveTypes(t *testing.T) {
	_, err := mapping.Load("absent.yaml")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NotErrorAs(t, err, new(mapping.Errors), "no mistake of a file that could not be read")

	_, _, err = mapping.ParseCustomDomain("http://api.example.com")
	var mistake *mapping.Error
	require.ErrorAs(t, err, &mistake)
	require.Equal(t, "write https:// or the bare host", mistake.Fix)
	require.EqualError(t, err, mistake.Message+": "+mistake.Fix)
	_, err = mapping.ParsePrivateAPI("https://api.example.com/dev")
	require.ErrorAs(t, err, &mistake)

	_, err = mapping.New([]mapping.Row{{}})
	require.ErrorAs(t, err, new(mapping.Errors))
	require.ErrorAs(t, err, &mistake)
	require.Equal(t, "APIS[0].CUSTOM_DOMAIN_URL", mistake.Path)
	require.NotErrorAs(t, err, new(*mapping.Refusal), "a grammar is no front door's refusal")
}
