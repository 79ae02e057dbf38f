package nginxconf

// logMaps keep a line of the access log text and short, whatever callers and
// APIs send: UTF-8, and at most 4,096 bytes with its line feed, which a pipe
// takes in one piece (PIPE_BUF, pipe(7)). Of the line's other fields the route
// is the longest, with 765 bytes; quotes and backslashes double.
func logMaps() []Map {
	return []Map{{
		Comment: []string{
			"What the log shows of what callers and APIs sent: the beginning, up to a byte",
			"that is not plain. Reading this map's variable sets the others.",
		},
		Source:   expression("$host\n$portico_verb\n$http_x_amzn_trace_id\n$upstream_http_x_amzn_requestid"),
		Variable: "$portico_log_host",
		Default:  expression(""),
		Entries: []MapEntry{pattern(
			`^(?<portico_plain_host>[0-9a-z.:\[\]_-]{0,253})[^\n]*\n(?<portico_log_verb>[A-Z_-]{0,32})[^\n]*\n`+
				`(?<portico_log_trace>[ -~]{0,256})[^\n]*\n(?<portico_log_request>[ -~]{0,64})`,
			expression("$portico_plain_host"))},
	}}
}
