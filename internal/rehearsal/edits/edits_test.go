package edits_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/rehearsal/edits"
	"github.com/portico-iac/portico/mapping"
)

// rows are a mapping's: "host/base api/stage/path VERBS".
func rows(t *testing.T, texts ...string) []mapping.Row {
	t.Helper()
	var all []mapping.Row
	for _, text := range texts {
		fields := strings.Fields(text)
		host, base, _ := strings.Cut(fields[0], "/")
		api, err := mapping.ParsePrivateAPI("https://" + strings.Replace(fields[1], "/", ".execute-api.us-east-1.amazonaws.com/", 1))
		require.NoError(t, err)
		row := mapping.Row{Host: mapping.Host(host), API: api, FrontDoor: mapping.FrontDoorNGINX, Retired: len(fields) > 2 && fields[2] == "retired"}
		if base != "" {
			row.BasePath = mapping.BasePath("/" + base)
		}
		if len(fields) > 2 && !row.Retired {
			for verb := range strings.SplitSeq(fields[2], ",") {
				row.Methods = append(row.Methods, mapping.Method(verb))
			}
		}
		all = append(all, row)
	}
	return all
}

func TestWhereRowsLeadARequest(t *testing.T) {
	mapped := rows(t,
		"*.x.com aaaa000000/dev", "*.x.com/v1 bbbb000000/dev GET", "a.x.com/v1 aaaa000000/prod/p", "a.x.com/v1/w cccc000000/dev GET,POST",
		"gone.x.com aaaa000000/dev retired",
	)
	for sentence, test := range map[string]struct{ request, want string }{
		"the row of the host":                       {"GET a.x.com/v1", "aaaa000000/prod/p"},
		"and what is below its base path":           {"GET a.x.com/v1/q", "aaaa000000/prod/p/q"},
		"at a segment's end":                        {"GET a.x.com/v12", ""},
		"the longest base path":                     {"GET a.x.com/v1/w/q", "cccc000000/dev/q"},
		"by its own verbs":                          {"PUT a.x.com/v1/w/q", ""},
		"a host with rows has no wildcard's":        {"GET a.x.com/", ""},
		"one without has":                           {"GET o.x.com/", "aaaa000000/dev/"},
		"the longest base path of a wildcard":       {"GET o.x.com/v1", "bbbb000000/dev/"},
		"by its verbs, not those of the wider row":  {"POST o.x.com/v1", ""},
		"retired rows are none":                     {"GET gone.x.com/q", "aaaa000000/dev/q"},
		"a wildcard is of one label":                {"GET b.a.x.com/", ""},
		"an API's path comes before the rest of it": {"GET a.x.com/v1/a/b", "aaaa000000/prod/p/a/b"},
	} {
		t.Run(sentence, func(t *testing.T) {
			place := edits.Lead(mapped, requestOf(test.request))
			got := ""
			if place != nil {
				got = place.String()
			}
			require.Equal(t, test.want, got)
		})
	}
}

func requestOf(text string) edits.Request {
	method, rest, _ := strings.Cut(text, " ")
	host, path, _ := strings.Cut(rest, "/")
	return edits.Request{Host: mapping.Host(host), Path: "/" + path, Method: mapping.Method(method)}
}

func TestTheThreeRules(t *testing.T) {
	edit := edits.Edit{
		Before: rows(t, "same.x.com aaaa000000/dev", "moved.x.com aaaa000000/dev", "narrowed.x.com aaaa000000/dev GET,PUT", "removed.x.com aaaa000000/dev"),
		After:  rows(t, "same.x.com aaaa000000/dev", "moved.x.com bbbb000000/dev", "narrowed.x.com aaaa000000/dev GET", "added.x.com bbbb000000/dev"),
	}
	const a, b, c, refused = "aaaa000000/dev/", "bbbb000000/dev/", "cccc000000/dev/", ""
	type answers map[string]bool // by the place that answers, whether it may
	for sentence, test := range map[string]struct {
		request       string
		during, ended answers
	}{
		"1: both lead to one place":     {"GET same.x.com/", answers{a: true, b: false, refused: false}, answers{a: true, b: false, refused: false}},
		"2: both lead to two":           {"GET moved.x.com/", answers{a: true, b: true, c: false, refused: false}, answers{a: false, b: true, refused: false}},
		"3: the one before allows it":   {"PUT narrowed.x.com/", answers{a: true, refused: true, b: false}, answers{a: false, refused: true}},
		"3: and a host":                 {"GET removed.x.com/", answers{a: true, refused: true, b: false}, answers{a: false, refused: true}},
		"3: the one after allows it":    {"GET added.x.com/", answers{b: true, refused: true, a: false}, answers{b: true, refused: false, a: false}},
		"neither allows it":             {"POST narrowed.x.com/", answers{refused: true, a: false}, answers{refused: true, a: false}},
		"neither has the host":          {"GET none.x.com/", answers{refused: true, a: false, b: false}, answers{refused: true, a: false}},
		"another path is another place": {"GET same.x.com/q", answers{a: false, a + "q": true}, answers{a: false, a + "q": true}},
	} {
		t.Run(sentence, func(t *testing.T) {
			for moment, want := range map[edits.Moment]answers{edits.During: test.during, edits.Ended: test.ended} {
				for place, ok := range want {
					answer := edits.Answer{Refusal: "403 Forbidden"}
					if place != refused {
						api, path, _ := strings.Cut(place, "/dev")
						answer.Place = &edits.Place{API: mapping.APIID(api), Stage: "dev", Path: path}
					}
					err := edit.Judge(requestOf(test.request), answer, moment)
					require.Equal(t, ok, err == nil, "%v at %v: %v", answer, moment, err)
				}
			}
		})
	}
	err := edit.Judge(requestOf("GET moved.x.com/"), edits.Answer{Refusal: "403 Forbidden"}, edits.During)
	require.EqualError(t, err, "GET moved.x.com/ is refused: 403 Forbidden: the mapping before leads it to aaaa000000/dev/, the one after to bbbb000000/dev/")
}

func TestWhichRequestsAreMade(t *testing.T) {
	edit := edits.Edit{Before: rows(t, "a.x.com/v1 aaaa000000/dev GET"), After: rows(t, "*.x.com aaaa000000/dev PUT", "a.x.com aaaa000000/dev")}
	all := edit.Requests()
	require.Len(t, all, 2*2*3)
	require.Contains(t, all, requestOf("PATCH other.x.com/v1/q"))
	require.Contains(t, all, requestOf("PUT a.x.com/w"))
	require.True(t, edit.Allowed(requestOf("GET a.x.com/v1/q")))
	require.False(t, edit.Allowed(requestOf("GET a.x.com/w")), "the mapping before has no such base path")
	require.False(t, edit.Allowed(requestOf("PUT a.x.com/v1")))
}
