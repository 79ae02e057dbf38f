package nginxconf

import (
	"fmt"
	"strings"
)

// routingMaps are the maps that lead from a request to its route; they are the
// same whatever the routes, but for the depths of base paths.
func routingMaps(depths []int) []Map {
	routing := []Map{
		{
			Comment: []string{
				"The path as it was sent, or nothing where it must not be forwarded: with dot",
				"segments in any encoding, control characters or a fragment, or where the target",
				"names another host than Host. $request_uri has already lost the scheme and host",
				"of a target in absolute form.",
			},
			Source:   expression("$portico_two_hosts$request_uri"),
			Variable: "$portico_path",
			Default:  expression(""),
			Entries: []MapEntry{
				// A shortcut to the second of the others.
				pattern(`^(`+ordinaryPath+`)(?<portico_query>\?[^#]*+)?+$`, expression("$1")),
				patternFold(refusedTarget(), expression("")),
				pattern(`^(/[^?#]*)(?<portico_query>\?.*)?$`, expression("$1")),
				pattern(`^(?<portico_query>\?.*)$`, expression("/")),
			},
		},
		{
			Comment: []string{
				"A fragment's sign, which no path may hold, where a target in absolute form names",
				"another host than Host does. NGINX takes the target's for $host, in lower case and",
				"without port and trailing dot. nginx.conf finds targets without a host.",
			},
			Source:   expression("$host\n$http_host"),
			Variable: "$portico_two_hosts",
			Default:  expression("#"),
			Entries: []MapEntry{
				pattern(`^([^\n]*+)\n(?:(?i:\1)\.?(?::[0-9]*)?)?$`, expression("")),
			},
		},
		{
			Comment:  []string{"The only wildcard host that covers a host: a wildcard stands for one label."},
			Source:   expression("$host"),
			Variable: "$portico_wildcard",
			Default:  expression(""),
			Entries: []MapEntry{
				pattern(`^[^.]+(\..+)$`, expression("*$1")),
			},
		},
		candidates(depths),
	}
	for _, depth := range depths {
		if depth == 0 {
			continue
		}
		routing = append(routing, baseMaps(depth)...)
	}
	return append(routing, decisionMaps()...)
}

// sentPath is the path by which a row is found. Reading the first variable sets
// the second.
const sentPath = "$portico_path$portico_refused_path"

// encodedUnreserved is the regular expression of a percent-encoded unreserved
// character, which is the character itself (RFC 3986, section 6.2.2.2).
const encodedUnreserved = `%(?:2[DdEe]|3[0-9]|4[1-9A-Fa-f]|5[0-9AaFf]|6[1-9A-Fa-f]|7[0-9AaEe])`

// baseMaps find the beginning of the path. $uri is decoded, and its segments are
// the raw path's only where no slash in them is encoded and none is empty; dot
// segments were refused before.
func baseMaps(depth int) []Map {
	raw := strings.TrimPrefix(rawVariable(depth), "$")
	decoded := fmt.Sprintf("$portico_decoded_%d", depth)
	return []Map{
		{
			Comment: []string{
				"The first " + countSegments(depth) + " of the path, unreserved characters decoded; nothing where",
				"it has fewer, or holds there what no base path does.",
			},
			Source:   expression(sentPath),
			Variable: baseVariable(depth),
			Default:  expression(""),
			Entries: []MapEntry{
				pattern(fmt.Sprintf(`^(?<%s>(?:/[^/%%]*+){%d})(?:/|$)`, raw, depth), expression(rawVariable(depth))),
				pattern(fmt.Sprintf(`^(?<%s>(?:/(?:[0-9A-Za-z._~-]|%s)++){%d})(?:/|$)`, raw, encodedUnreserved, depth), expression(decoded)),
			},
		},
		{
			Source:   expression("$uri"),
			Variable: decoded,
			Default:  expression(""),
			Entries: []MapEntry{
				pattern(fmt.Sprintf(`^((?:/[^/]*){%d})`, depth), expression("$1")),
			},
		},
	}
}

// candidates lists what may answer, the longest base path first: a line for
// each depth, with the request's base path, the same as it was sent, and the
// route that was found under it, with spaces between them.
func candidates(depths []int) Map {
	lines := make([]string, 0, len(depths))
	for _, depth := range depths {
		lines = append(lines, baseVariable(depth)+" "+rawVariable(depth)+" "+foundVariable(depth))
	}
	return Map{
		Comment: []string{
			"What may answer, the longest base path first: a line for each number of",
			"segments, with the path's beginning, the same as sent, and the route found there.",
		},
		Source:   expression("$portico_host_rows"),
		Variable: "$portico_candidates",
		Default:  expression(" $portico_host_rows"),
		Entries: []MapEntry{
			pattern(`^(?<portico_path_host>[^ ]+)$`, expression(strings.Join(lines, "\n"))),
		},
	}
}

// rowPattern takes the first candidate whose base path is the request's, this
// time with regard to case, and cuts the path, which is the last line, behind
// it. Neither spaces nor line feeds nor the separator can be where they would
// mislead it: NGINX refuses the former two in a request line, and the parts of
// a candidate that the client chose each end at a space.
const rowPattern = `(?m)^(?<portico_base>[^ \n]*) (?<portico_raw>[^ \n]*) \k<portico_base>\|` +
	`(?<portico_api>[^|\n]*)\|(?<portico_stage>[^|\n]*)\|(?<portico_verbs>[^|\n]*)\|(?<portico_place>[^|\n]*)\|(?<portico_options>[^|\n]*)\|(?<portico_row_wildcard>[^|\n]*)\n` +
	`(?:.*\n)*\k<portico_raw>(?<portico_rest>.*)\z`

// ordinaryPath is the regular expression of most paths: of letters, digits and
// "._~-" only, with no segment that begins with a dot and none that is empty,
// which refusedTarget never matches.
const ordinaryPath = `(?=/)(?:/[0-9A-Za-z_~-][0-9A-Za-z._~-]*+)*+/?+`

// ordinaryPattern decides most requests at once, in place of a dozen maps: those
// whose path is an ordinary one, on a host whose only row takes every path and the
// verb. Its groups are the variables of maps, which are not looked up then; so the
// maps come behind the server block. It empties the subject, so that requestPattern
// finds nothing more.
//
// Most quantifiers are possessive, so that a request that is not ordinary costs
// one look. A bounded quantifier costs five times as much a character, so a look
// behind and a look ahead bound verb and trace ID: what is longer is left to the
// maps.
const ordinaryPattern = `^(?<portico_verb>[A-Z_-]++)(?<!(?s:.{33}))  (?<portico_seen>\|)(?<portico_api>[^|]*+)\|(?<portico_stage>[^|]*+)\|` +
	`(?<portico_verbs>\*|(?:[A-Z]++, )*?\k<portico_verb>(?![A-Z])[^|]*+)\|(?<portico_location>[^|]*+)\|(?<portico_options>[^|]*+)\|` +
	`(?|\n(?<portico_row_host>(?<portico_log_host>[^\n]*+))|(?<portico_row_host>\*[^\n]*+)\n(?<portico_log_host>` + plainHost + `{0,253}+)[^\n]*+)` +
	`\n\k<portico_verb> (?<portico_rest>` + ordinaryPath + `)(?<portico_query>\?[^ #]*+)?+ HTTP/(?<portico_row>1)[^\n]*+` +
	bodyPattern + tracePattern + `(?<portico_request>)`

// requestPattern takes from most other requests what the log says of them, and that
// the target names no host: it begins with a slash.
const requestPattern = `^(?<portico_verb>[A-Z_-]++)(?<!(?s:.{33})) (?<portico_path_host>[^\n]*+)(?<portico_seen>\n)` +
	`(?<portico_log_host>\k<portico_path_host>(?=\n)|` + plainHost + `{0,253}+)[^\n]*+` +
	`\n\k<portico_verb> /[^\n]*+` + bodyPattern + tracePattern + `(?<portico_two_hosts>)`

// bodyPattern is the line of a body that fits its buffer.
const bodyPattern = `\n(?<portico_body>)(?:[1-5]?[0-9]{1,4})?+`

// tracePattern is the last line: of a trace ID that needs no escapes.
const tracePattern = `\n(?!(?s:.{257}))(?<portico_log_trace>[#-\[\]-~]*+)\z`

// requestSubject is what both patterns match, a line each: the verb and what the
// map of hosts says (the row behind a space, or the host), the host, the request
// line, what says how long the body is, the trace ID. In front is what an earlier
// look found, with which neither matches: NGINX looks again when it has turned to a
// page for an error, and would forget what the maps found since. An "if" looks at
// the subject as it is, while a map would fold the case of a copy first, byte by
// byte.
const requestSubject = "$portico_seen$request_method $portico_host_rows\n$host\n$request\n$content_length$http_transfer_encoding\n$http_x_amzn_trace_id"

// decisionMaps decide where a request goes whose candidates are known.
func decisionMaps() []Map {
	return []Map{
		{
			Comment: []string{
				"Whether a row answers. Reading this sets the row's $portico_base, _api, _stage,",
				"_verbs, _place, _options and _row_wildcard too, and $portico_rest, the path behind",
				"the base. Ordinary requests don't come here: nginx.conf finds all of it at once.",
			},
			Source:   expression("$portico_candidates\n" + sentPath),
			Variable: "$portico_row",
			Default:  expression(""),
			Entries:  []MapEntry{pattern(rowPattern, expression("1"))},
		},
		{
			Comment: []string{
				"The row's host, which the resource policies compare with Referer; nothing where",
				"no row answers.",
			},
			Source:   expression("$portico_row$portico_row_wildcard"),
			Variable: "$portico_row_host",
			Default:  expression("$portico_row_wildcard"),
			Entries:  []MapEntry{literal("", expression("")), literal("1", expression("$host"))},
		},
		{
			Comment: []string{
				"The verb; nothing for one of more than 32 characters, which no row names and no",
				"log needs. $request_method would say GET once NGINX has turned to a page for an",
				"error.",
			},
			Source:   expression("$request"),
			Variable: "$portico_verb",
			Default:  expression(""),
			Entries:  []MapEntry{pattern(`^([A-Z_-]{1,32}) `, expression("$1"))},
		},
		{
			Comment: []string{
				"Where a request goes that the default location doesn't forward; nothing for one",
				"that it does.",
			},
			Source:   expression("$portico_path"),
			Variable: "$portico_location",
			Default:  expression("$portico_location_of_row"),
			Entries:  []MapEntry{literal("", expression("//400"))},
		},
		{
			Source:   expression("$portico_row"),
			Variable: "$portico_location_of_row",
			Default:  expression("$portico_location_without_row"),
			Entries:  []MapEntry{literal("1", expression("$portico_location_of_verb"))},
		},
		{
			Comment:  []string{"Load balancers check health by address; a named host's /healthz is its API's."},
			Source:   expression("$portico_host_rows $portico_path"),
			Variable: "$portico_location_without_row",
			Default:  expression("//404"),
			Entries:  []MapEntry{pattern(`^ /healthz$`, expression("//healthz"))},
		},
		{
			Source:   expression("$portico_verb $portico_verbs"),
			Variable: "$portico_location_of_verb",
			Default:  expression("//405"),
			Entries: []MapEntry{
				pattern(`^(?:[^ ]* \*|([^ ]+) (?:.*, )?\1(?:,.*)?)$`, expression("$portico_location_of_place")),
			},
		},
		{
			Comment:  []string{"What the row says, but for rows that have a narrower one below them."},
			Source:   expression("$portico_place"),
			Variable: "$portico_location_of_place",
			Default:  expression("//400"),
			Entries: []MapEntry{
				literal("", expression("")),
				pattern(`^//`, expression("$portico_place")),
				pattern(`^\?(?<portico_narrower>[0-9]+)(?<portico_place_of_wider>.*)$`, expression("$portico_location_of_wider")),
			},
		},
		{
			Comment:  []string{"Headers of refusals. Reading $portico_row first sets what the row says."},
			Source:   expression("$portico_row$portico_verbs"),
			Variable: "$portico_allow",
			Default:  expression(""),
			Entries: []MapEntry{
				literal("1*", quoted(strings.Join(allMethods, ", "))),
				pattern(`^1(.+)$`, expression("$1")),
			},
		},
	}
}
