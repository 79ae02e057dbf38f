package nginxconf

// logMaps keep a line of the access log text and short, whatever callers and
// APIs send: UTF-8, and at most 4,096 bytes with its line feed, which a pipe
// takes in one piece (PIPE_BUF, pipe(7)). Of the line's other fields the route
// is the longest, with 765 bytes; quotes and backslashes double.
func logMaps() []Map {
	return []Map{
		{
			Comment:  []string{"The host, which is plain where it is a row's own, and else its beginning that is."},
			Source:   expression("$portico_row$portico_row_wildcard"),
			Variable: "$portico_log_host",
			Default:  expression("$portico_plain_host"),
			Entries:  []MapEntry{literal("1", expression("$host"))},
		},
		{
			Source:   expression("$host"),
			Variable: "$portico_plain_host",
			Default:  expression(""),
			Entries:  []MapEntry{pattern(`^(?<portico_plain>[0-9a-z.:\[\]_-]{1,253})`, expression("$portico_plain"))},
		},
		{
			Comment: []string{
				"What callers and APIs sent: the beginning, up to a byte that is not plain. Reading",
				"this map's variable sets the request's ID too.",
			},
			Source:   expression("$http_x_amzn_trace_id\n$upstream_http_x_amzn_requestid"),
			Variable: "$portico_log_trace",
			Default:  expression(""),
			Entries: []MapEntry{pattern(
				`^(?<portico_trace>[ -~]{0,256}+)[^\n]*+\n(?<portico_log_request>[ -~]{0,64}+)`, expression("$portico_trace"))},
		},
	}
}
