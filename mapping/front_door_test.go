package mapping_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/portico-iac/portico/mapping"
)

var frontDoors = []mapping.FrontDoor{mapping.FrontDoorNGINX, mapping.FrontDoorALB, mapping.FrontDoorNative}

// drawRow draws a row as people write it, of parts that some front door doesn't
// carry; the front door isn't in it.
func drawRow(t *rapid.T) string {
	one := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
	host := one("host", "api.private.example.com", `*.private.example.com`, strings.Repeat("a", 60)+"."+strings.Repeat("b", 60)+".example.com")
	base := one("base path", "", "/v1", "/v1/orders", "/ping", "/sping", "/~v1", "/"+strings.Repeat("p", 301))
	return fmt.Sprintf("{CUSTOM_DOMAIN_URL: '%s%s', PRIVATE_API_URL: 'https://a1.execute-api.us-east-1.amazonaws.com/dev%s'%s%s",
		host, base, one("path", "", "/orders"), one("timeout", "", ", TIMEOUT: 30", ", TIMEOUT: 31"), one("auth", "", ", AUTH: iam"))
}

// TestRefusalsDecideWhatParseAccepts holds what `explain --recommend` says of a
// row to what happens to it: a front door that refuses nothing accepts the row,
// and one that refuses something refuses it in the same words, with advice that
// helps where it names a front door.
func TestRefusalsDecideWhatParseAccepts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawRow(t)
		parse := func(frontDoor mapping.FrontDoor) (*mapping.Mapping, error) {
			return mapping.Parse("mapping.yaml", []byte("APIS: ["+text+", FRONT_DOOR: "+string(frontDoor)+"}]"))
		}
		carries := map[mapping.FrontDoor]*mapping.Mapping{}
		refuses := map[mapping.FrontDoor]mapping.Errors{}
		for _, frontDoor := range frontDoors {
			m, err := parse(frontDoor)
			if err == nil {
				carries[frontDoor] = m
				continue
			}
			var mistakes mapping.Errors
			require.ErrorAs(t, err, &mistakes)
			refuses[frontDoor] = mistakes
		}
		for _, m := range carries {
			for _, frontDoor := range frontDoors {
				var want []string
				for _, mistake := range refuses[frontDoor] {
					want = append(want, mistake.Message)
				}
				var got []string
				for _, refusal := range mapping.Check([]mapping.Row{m.Rows[0].With(frontDoor)}) {
					require.Equal(t, frontDoor, refusal.FrontDoor)
					require.Equal(t, m.Rows[0].With(frontDoor), refusal.Row)
					got = append(got, refusal.Reason)
				}
				slices.Sort(want)
				slices.Sort(got)
				require.Equal(t, want, got, "%s of %s", frontDoor, text)
			}
		}
		for frontDoor, mistakes := range refuses {
			for _, mistake := range mistakes {
				for _, other := range frontDoors {
					_, can := carries[other]
					advice, _, _ := strings.Cut(mistake.Fix, ",")
					require.Equal(t, can, strings.HasPrefix(advice, "write FRONT_DOOR: ") && strings.Contains(advice, string(other)),
						"%s instead of %s: %v", other, frontDoor, mistake)
				}
			}
		}
	})
}

func TestRefusalsOfARowOfNoFile(t *testing.T) {
	row := mapping.Row{Host: "a.b.example.com", Timeout: time.Second, Auth: mapping.AuthIAM}
	check := func(frontDoor mapping.FrontDoor) []mapping.Refusal {
		return mapping.Check([]mapping.Row{row.With(frontDoor)})
	}
	require.Empty(t, check(mapping.FrontDoorALB))
	require.Len(t, check(mapping.FrontDoorNative), 1)
	require.Empty(t, check("unknown"))
	refused := check(mapping.FrontDoorNGINX)
	require.Equal(t, []mapping.Refusal{{
		Row: row.With(mapping.FrontDoorNGINX), Field: "AUTH", FrontDoor: mapping.FrontDoorNGINX,
		Reason: "nginx can't carry signed requests, as its proxy rewrites Host and path, which Signature Version 4 covers",
		Fix:    "write FRONT_DOOR: alb, or delete AUTH if callers needn't sign",
	}}, refused)
	require.EqualError(t, &refused[0], "APIS[0].AUTH: "+refused[0].Reason+": "+refused[0].Fix)
	require.Empty(t, row.FrontDoor, "With gives a copy")
}

// TestMistakesOfFrontDoorsAreRefusals holds Parse to Check: what front doors
// refuse of a file's rows is the same, and the error leads to the refusal.
func TestMistakesOfFrontDoorsAreRefusals(t *testing.T) {
	const rows = `APIS:
- {CUSTOM_DOMAIN_URL: a.b.example.com, PRIVATE_API_URL: "https://a1.execute-api.us-east-1.amazonaws.com/dev", ACCOUNT: "222222222222", VERBS: GET%[1]s}
- {CUSTOM_DOMAIN_URL: a.b.example.com/v1, PRIVATE_API_URL: "https://a2.execute-api.eu-west-1.amazonaws.com/dev/x", ACCOUNT: "333333333333"%[1]s}
- {CUSTOM_DOMAIN_URL: "*.c.example.com", PRIVATE_API_URL: "https://a1.execute-api.us-east-1.amazonaws.com/dev", ACCOUNT: "222222222222", VERBS: PUT%[1]s}
- {CUSTOM_DOMAIN_URL: "*.d.example.com", PRIVATE_API_URL: "https://a3.execute-api.us-east-1.amazonaws.com/dev", RETIRED: true%[1]s}
`
	m, err := mapping.Parse("mapping.yaml", []byte(fmt.Sprintf(rows, "")))
	require.NoError(t, err)
	require.Empty(t, mapping.Check(m.Rows))
	for frontDoor, fields := range map[mapping.FrontDoor][]string{
		mapping.FrontDoorALB:    {"1 ACCOUNT", "1 PRIVATE_API_URL", "1 PRIVATE_API_URL", "2 CUSTOM_DOMAIN_URL", "2 VERBS", "3 CUSTOM_DOMAIN_URL"},
		mapping.FrontDoorNative: {"1 ACCOUNT", "1 PRIVATE_API_URL", "1 PRIVATE_API_URL", "2 CUSTOM_DOMAIN_URL", "3 CUSTOM_DOMAIN_URL"},
	} {
		moved := make([]mapping.Row, len(m.Rows))
		for i, row := range m.Rows {
			moved[i] = row.With(frontDoor)
		}
		refused := mapping.Check(moved)
		var got []string
		want := map[string]bool{}
		for _, r := range refused {
			got = append(got, fmt.Sprintf("%d %s", r.Row.Index, r.Field))
			want[fmt.Sprintf("%d %s: %s: %s", r.Row.Index, r.Field, r.Reason, r.Fix)] = true
		}
		require.Equal(t, fields, got)

		_, err := mapping.Parse("mapping.yaml", []byte(fmt.Sprintf(rows, ", FRONT_DOOR: "+string(frontDoor))))
		var mistakes mapping.Errors
		require.ErrorAs(t, err, &mistakes)
		reported := map[string]bool{}
		for _, mistake := range mistakes {
			var refusal *mapping.Refusal
			require.ErrorAs(t, mistake, &refusal)
			require.Equal(t, frontDoor, refusal.FrontDoor)
			require.Equal(t, mistake.Message, refusal.Reason)
			reported[fmt.Sprintf("%d %s: %s: %s", refusal.Row.Index, refusal.Field, mistake.Message, mistake.Fix)] = true
		}
		require.Equal(t, want, reported)
	}
}

// TestRulesBetweenRowsHoldInAnyOrder: what one order of the file's rows
// refuses, every order refuses.
func TestRulesBetweenRowsHoldInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rows []string
		for i := range rapid.IntRange(2, 5).Draw(t, "rows") {
			rows = append(rows, fmt.Sprintf(`{CUSTOM_DOMAIN_URL: %s.example.com/v%d, PRIVATE_API_URL: "https://a%d.execute-api.%s.amazonaws.com/dev", VERBS: %s, FRONT_DOOR: %s, RETIRED: %t}`,
				rapid.SampledFrom([]string{"a.b", "a.c"}).Draw(t, "host"), i, rapid.IntRange(1, 2).Draw(t, "api"),
				rapid.SampledFrom([]string{"us-east-1", "us-east-1", "eu-west-1"}).Draw(t, "region"),
				rapid.SampledFrom([]string{"GET", "POST"}).Draw(t, "verbs"), rapid.SampledFrom(frontDoors).Draw(t, "door"),
				rapid.IntRange(0, 3).Draw(t, "retired") == 0))
		}
		accepts := func(rows []string) bool {
			_, err := mapping.Parse("mapping.yaml", []byte("APIS: ["+strings.Join(rows, ", ")+"]"))
			return err == nil
		}
		require.Equal(t, accepts(rows), accepts(rapid.Permutation(rows).Draw(t, "order")))
	})
}

// Rows of native may leave the mode unsaid, or contradict each other about it;
// at nginx they can't.
func TestModesOfOneAPIMatterToTheProxyAlone(t *testing.T) {
	m, err := mapping.Parse("mapping.yaml", []byte(`APIS:
- {CUSTOM_DOMAIN_URL: a.b.example.com, PRIVATE_API_URL: "https://a1.execute-api.us-east-1.amazonaws.com/dev", FRONT_DOOR: native, ENDPOINT_ACCESS_MODE: STRICT}
- {CUSTOM_DOMAIN_URL: b.b.example.com, PRIVATE_API_URL: "https://a1.execute-api.us-east-1.amazonaws.com/dev", FRONT_DOOR: native}
`))
	require.NoError(t, err)
	refused := mapping.Check([]mapping.Row{m.Rows[0].With(mapping.FrontDoorNGINX), m.Rows[1].With(mapping.FrontDoorNGINX)})
	require.Len(t, refused, 1)
	require.Equal(t, "mapping.yaml:3:3: APIS[1].ENDPOINT_ACCESS_MODE: the row of API a1 on line 2 has the endpoint access mode STRICT, this one BASIC; an API has one: "+
		"write the same ENDPOINT_ACCESS_MODE in every row of the API", refused[0].Error())
}
