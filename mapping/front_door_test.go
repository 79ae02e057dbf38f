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
		parse := func(door mapping.FrontDoor) (*mapping.Mapping, error) {
			return mapping.Parse("mapping.yaml", []byte("APIS: ["+text+", FRONT_DOOR: "+string(door)+"}]"))
		}
		carries := map[mapping.FrontDoor]*mapping.Mapping{}
		refuses := map[mapping.FrontDoor]mapping.Errors{}
		for _, door := range frontDoors {
			m, err := parse(door)
			if err == nil {
				carries[door] = m
				continue
			}
			var mistakes mapping.Errors
			require.ErrorAs(t, err, &mistakes)
			refuses[door] = mistakes
		}
		for _, m := range carries {
			for _, door := range frontDoors {
				var want []string
				for _, mistake := range refuses[door] {
					want = append(want, mistake.Message)
				}
				got := m.Rows[0].Refusals(door)
				slices.Sort(want)
				slices.Sort(got)
				require.Equal(t, want, got, "%s of %s", door, text)
			}
		}
		for door, mistakes := range refuses {
			for _, mistake := range mistakes {
				for _, other := range frontDoors {
					_, can := carries[other]
					advice, _, _ := strings.Cut(mistake.Fix, ",")
					require.Equal(t, can, strings.HasPrefix(advice, "write FRONT_DOOR: ") && strings.Contains(advice, string(other)),
						"%s instead of %s: %v", other, door, mistake)
				}
			}
		}
	})
}

func TestRefusalsOfARowThatNobodyRead(t *testing.T) {
	row := mapping.Row{Host: "a.b.example.com", Timeout: time.Second, Auth: mapping.AuthIAM}
	require.Empty(t, row.Refusals(mapping.FrontDoorALB))
	require.Len(t, row.Refusals(mapping.FrontDoorNGINX), 1)
	require.Len(t, row.Refusals(mapping.FrontDoorNative), 1)
	require.Empty(t, row.Refusals("unknown"))
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
