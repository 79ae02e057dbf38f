package review

import (
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// drawMapping draws a mapping file of up to most rows and reads it.
func drawMapping(t *rapid.T, label string, most int) *mapping.Mapping {
	hosts := rapid.SampledFrom([]string{
		"a.private.example.com", "b.private.example.com", "c.sales.example.com", "*.shops.example.com", "d.shops.example.com"})
	paths := rapid.SampledFrom([]string{"", "/v1", "/v1/x", "/v2"})
	verbs := rapid.SampledFrom([]string{"ANY", "[GET]", "[GET, POST]", "[DELETE, PUT]", "[PATCH]"})
	apis := rapid.IntRange(0, 5)
	text := "APIS:\n"
	taken := map[string]bool{}
	for range rapid.IntRange(1, most).Draw(t, label+" rows") {
		url := hosts.Draw(t, "host") + paths.Draw(t, "path")
		if taken[url] {
			continue
		}
		taken[url] = true
		api := apis.Draw(t, "api")
		text += fmt.Sprintf("  - CUSTOM_DOMAIN_URL: %q\n    PRIVATE_API_URL: https://api%dx.execute-api.us-east-1.amazonaws.com/%s\n"+
			"    VERBS: %s\n    ACCOUNT: \"%012d\"\n    RETIRED: %v\n    TIMEOUT: %d\n",
			url, api, rapid.SampledFrom([]string{"dev", "prod", "dev/x"}).Draw(t, "stage"), verbs.Draw(t, "verbs"),
			111111111111+api%3, rapid.IntRange(0, 5).Draw(t, "retired") == 0, rapid.IntRange(1, 3).Draw(t, "timeout"))
	}
	m, err := mapping.Parse("mapping.yaml", []byte(text))
	require.NoError(t, err, text)
	return m
}

var drawnStacks = []Stack{
	{Name: "dev-a", Account: "111111111111", Redeploy: RedeployAutomatic},
	{Name: "dev-b", Account: "111111111112", Redeploy: RedeployByHand},
}

func drawReview(t *rapid.T) *Review {
	state := func(label string) State {
		return State{Revision: label, Mapping: drawMapping(t, label, 12), Stacks: drawnStacks}
	}
	r, err := Compare(Request{Environment: "dev", Base: state("base"), Head: state("head")})
	require.NoError(t, err)
	return r
}

func TestAMappingDoesNotDifferFromItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		state := State{Revision: "main", Mapping: drawMapping(t, "both", 12), Stacks: drawnStacks}
		r, err := Compare(Request{Environment: "dev", Base: state, Head: state})
		require.NoError(t, err)
		require.True(t, r.Empty(), "%+v", r)
		text, err := r.Markdown(Style{MaxBytes: MaxComment})
		require.NoError(t, err)
		require.Equal(t, 2, strings.Count(text, "\n"), "the marker and one line")
	})
}

// What a review says of rows, applied to the base, is the head.
func TestRowChangesLeadFromBaseToHead(t *testing.T) {
	type fact struct {
		host, api string
		methods   string
	}
	facts := func(rows []mapping.Row) map[fact]bool {
		live := map[fact]bool{}
		for _, row := range rows {
			if !row.Retired {
				live[fact{row.URL(), fmt.Sprint(row.API, row.Account), fmt.Sprint(verbsOf(&row))}] = true
			}
		}
		return live
	}
	rapid.Check(t, func(t *rapid.T) {
		r := drawReview(t)
		state := facts(r.Base.Mapping.Rows)
		for _, c := range r.Rows {
			if c.Before != nil {
				for f := range facts([]mapping.Row{*c.Before}) {
					delete(state, f)
				}
			}
		}
		for _, c := range r.Rows {
			if c.After == nil {
				continue
			}
			for f := range facts([]mapping.Row{*c.After}) {
				state[f] = true
			}
			if c.Before != nil {
				verbs := append(slices.Clone(c.Widened), without(verbsOf(c.Before), c.Narrowed)...)
				slices.Sort(verbs)
				require.Equal(t, fmt.Sprint(verbsOf(c.After)), fmt.Sprint(verbs))
			}
		}
		require.Equal(t, facts(r.Head.Mapping.Rows), state)
	})
}

func TestHostsComeAndGo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawReview(t)
		base, err := topology.Derive(r.Base.Mapping, topology.Options{})
		require.NoError(t, err)
		head, err := topology.Derive(r.Head.Mapping, topology.Options{})
		require.NoError(t, err)
		hosts := append(without(base.Hosts, r.HostsRemoved), r.HostsAdded...)
		slices.Sort(hosts)
		require.Equal(t, fmt.Sprint(head.Hosts), fmt.Sprint(hosts))
	})
}

func TestTheCommentKeepsToItsLength(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawReview(t)
		// Frames alone take some 3,000 bytes.
		limit := rapid.IntRange(5000, 30000).Draw(t, "limit")
		whole, err := r.Markdown(Style{Whole: "portico preview"})
		require.NoError(t, err)
		cut, err := r.Markdown(Style{MaxBytes: limit, Whole: "portico preview"})
		require.NoError(t, err)
		again, err := r.Markdown(Style{MaxBytes: limit, Whole: "portico preview"})
		require.NoError(t, err)
		require.Equal(t, cut, again)
		require.LessOrEqual(t, len(cut), limit)
		require.True(t, strings.HasPrefix(cut, Marker("dev")+"\n"))
		if !r.Empty() {
			require.Contains(t, cut, "\n### Portico, environment")
		}
		if len(whole) < limit/2 {
			require.Equal(t, whole, cut)
		}
	})
}

var leftOut = regexp.MustCompile(`(?m)^> \*\*(\d+) rows left out\*\*`)

func TestEveryRowIsShownOrCounted(t *testing.T) {
	const rows = 3000
	r := largeReview(t, rows)
	comment, err := r.Markdown(Style{MaxBytes: MaxComment, Whole: "portico preview"})
	require.NoError(t, err)
	require.LessOrEqual(t, len(comment), MaxComment)
	note := leftOut.FindStringSubmatch(comment)
	require.NotNil(t, note, "the rows left out are not counted")
	shown := len(regexp.MustCompile(`(?m)^\| added \| .host`).FindAllString(comment, -1))
	require.Positive(t, shown)
	require.Equal(t, fmt.Sprint(rows-shown), note[1])
	for _, heading := range []string{"Hosts and rows", "Who redeploys", "Resource policies", "Certificates", "Private hosted zones", "Limits used"} {
		require.Contains(t, comment, "\n#### "+heading+"\n", "a section is gone")
	}
}

func TestFreeTextComesBackAsItself(t *testing.T) {
	inert := regexp.MustCompile(`^<code>([ \-,()/'0-9A-Za-z]|&#[0-9]+;|[^\x00-\x7f])*</code>$`)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("ab1 |`*_<>&[]()\\#@:/!~-.é☃\"'{}$^=+"))).Draw(t, "text")
		shown := verbatim(text)
		require.Regexp(t, inert, shown)
		require.Equal(t, text, html.UnescapeString(strings.TrimSuffix(strings.TrimPrefix(shown, "<code>"), "</code>")))
	})
}

func TestDiffsLeadFromOneTextToTheOther(t *testing.T) {
	line := rapid.StringOfN(rapid.RuneFrom([]rune("ab")), 1, 1, -1)
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SliceOfN(line, 0, 12).Draw(t, "a"), rapid.SliceOfN(line, 0, 12).Draw(t, "b")
		var before, after []string
		kept := 0
		for _, l := range editScript(a, b) {
			if l[0] != '+' {
				before = append(before, l[1:])
			}
			if l[0] != '-' {
				after = append(after, l[1:])
			}
			if l[0] == ' ' {
				kept++
			}
		}
		require.Equal(t, fmt.Sprint(a), fmt.Sprint(before))
		require.Equal(t, fmt.Sprint(b), fmt.Sprint(after))
		require.Equal(t, kept == len(a) && kept == len(b), slices.Equal(a, b))
		if slices.Equal(a, b) {
			require.Empty(t, diffLines(strings.Join(a, "\n"), strings.Join(b, "\n")))
		}
	})
}

// TestMovesLeadFromBaseToHead draws mappings of hosts with any front door, and
// takes the moves from one to the other.
func TestMovesLeadFromBaseToHead(t *testing.T) {
	draw := func(t *rapid.T, label string) (State, map[mapping.Host]mapping.FrontDoor) {
		text, frontDoors := "APIS:\n", map[mapping.Host]mapping.FrontDoor{}
		for i := range 5 {
			frontDoor := rapid.SampledFrom([]mapping.FrontDoor{"", mapping.FrontDoorNGINX, mapping.FrontDoorALB, mapping.FrontDoorNative}).Draw(t, label)
			if i == 0 && frontDoor == "" {
				frontDoor = mapping.FrontDoorNGINX
			}
			if frontDoor == "" {
				continue
			}
			host := mapping.Host(fmt.Sprintf("h%d.private.example.com", i))
			frontDoors[host] = frontDoor
			text += fmt.Sprintf("  - {CUSTOM_DOMAIN_URL: %s, PRIVATE_API_URL: 'https://api%dx.execute-api.us-east-1.amazonaws.com/dev', ACCOUNT: \"%012d\", FRONT_DOOR: %s}\n",
				host, i, 111111111111+i%3, frontDoor)
		}
		m, err := mapping.Parse("mapping.yaml", []byte(text))
		require.NoError(t, err, text)
		return State{Revision: label, Mapping: m, Stacks: drawnStacks, ReadsProviders: true}, frontDoors
	}
	rapid.Check(t, func(t *rapid.T) {
		base, before := draw(t, "base")
		head, after := draw(t, "head")
		r, err := Compare(Request{Environment: "dev", Base: base, Head: head})
		require.NoError(t, err)
		for _, m := range r.Moves {
			require.Equal(t, before[m.Host], m.From)
			require.Equal(t, after[m.Host], m.To)
			require.Equal(t, m.Stack != nil && m.To != "" && m.To != mapping.FrontDoorNGINX, m.Domain != nil, "%+v", m)
			before[m.Host] = m.To
		}
		for _, host := range slices.Concat(r.HostsAdded, r.HostsRemoved) {
			before[host] = after[host]
		}
		for host, frontDoor := range before {
			require.Equal(t, after[host], frontDoor, host)
		}
		text, err := r.Markdown(Style{MaxBytes: MaxComment})
		require.NoError(t, err)
		require.Equal(t, len(r.Moves) > 0, strings.Contains(text, "#### Front doors\n"))
	})
}
