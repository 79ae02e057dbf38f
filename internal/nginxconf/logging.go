package nginxconf

// plainHost is a character of a host that the log takes as it is.
const plainHost = `[0-9a-z.:\[\]_-]`

// logMaps keep a line of the access log text and short, whatever callers and
// APIs send: UTF-8, and at most 4,096 bytes with its line feed, which a pipe
// takes in one piece (PIPE_BUF, pipe(7)). Of the line's other fields the route
// is the longest, with 765 bytes; quotes and backslashes double. nginx.conf sets
// the first two for ordinary requests.
func logMaps() []Map {
	return []Map{
		{
			Comment:  []string{"What callers and APIs sent: the beginning, up to a byte that is not plain."},
			Source:   expression("$host"),
			Variable: "$portico_log_host",
			Default:  expression(""),
			Entries:  []MapEntry{pattern(`^(?<portico_plain>`+plainHost+`{1,253})`, expression("$portico_plain"))},
		},
		{
			Source:   expression("$http_x_amzn_trace_id"),
			Variable: "$portico_log_trace",
			Default:  expression(""),
			Entries:  []MapEntry{pattern(`^(?<portico_trace>[ -~]{0,256}+)`, expression("$portico_trace"))},
		},
		{
			Comment:  []string{"The status as a number of JSON, which has no zeros in front: an API may answer 000."},
			Source:   expression("$status"),
			Variable: "$portico_log_status",
			Default:  expression("$status"),
			Entries:  []MapEntry{pattern(`^0{1,2}(?<portico_status>[0-9]+)$`, expression("$portico_status"))},
		},
		{
			Source:   expression("$upstream_http_x_amzn_requestid"),
			Variable: "$portico_log_request",
			Default:  expression(""),
			Entries: []MapEntry{
				// The first is what the second finds, for a fifth of the time.
				pattern(`^(?<portico_api_request>[ -~]*+)(?<!(?s:.{65}))`, expression("$portico_api_request")),
				pattern(`^(?<portico_api_request>[ -~]{0,64}+)`, expression("$portico_api_request")),
			},
		},
	}
}
