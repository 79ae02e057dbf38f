package nginxconf

import (
	"fmt"
	"strconv"
)

// plainHost is a character of a host that the log takes as it is.
const plainHost = `[0-9a-z.:\[\]_-]`

// logMaps keep a line of the access log text and short, whatever callers and
// APIs send: UTF-8, and at most 4,096 bytes with its line feed, which a pipe
// takes in one piece (PIPE_BUF, pipe(7)). Of the line's other fields the route
// is the longest, with 765 bytes; quotes and backslashes double. For most requests
// nginx.conf finds host and trace ID without the maps.
func logMaps() []Map {
	return []Map{
		{
			Comment:  []string{"What callers and APIs sent: the beginning, up to a byte that is not plain."},
			Source:   expression("$host"),
			Variable: "$portico_log_host",
			Default:  expression(""),
			Entries:  []MapEntry{pattern(`^(`+plainHost+`{1,253})`, expression("$1"))},
		},
		traceMap(),
		{
			Comment: []string{
				"W3C's name of the caller's span, 00-TRACE-SPAN-FLAGS. Lines of requests without it have no field.",
			},
			Source:   expression("$http_traceparent"),
			Variable: "$portico_log_traceparent",
			Default:  expression(""),
			Entries: []MapEntry{
				pattern(`^([0-9a-f-]++)$(?<!(?s:.{56}))`, expression(`,"traceparent":"$1"`)),
				pattern(`^([0-9a-f-]{1,55})`, expression(`,"traceparent":"$1"`)),
			},
		},
		statusMap(),
		{
			Comment:  []string{"Without spaces, quotes and backslashes, which no request ID of API Gateway has."},
			Source:   expression("$upstream_http_x_amzn_requestid"),
			Variable: "$portico_log_request",
			Default:  expression(""),
			Entries: []MapEntry{
				// The first is what the second finds, for a fifth of the time.
				pattern(`^([#-\[\]-~]*+)(?<!(?s:.{65}))`, expression("$1")),
				pattern(`^([#-\[\]-~]{0,64}+)`, expression("$1")),
			},
		},
	}
}

// statusMap writes a status as a number of JSON, which has no zeros in front: an
// API may answer 000. An expression would cost each request as much as a map.
func statusMap() Map {
	m := Map{
		Comment:  []string{"The status as a number of JSON, which has no zeros in front."},
		Source:   expression("$status"),
		Variable: "$portico_log_status",
		Default:  expression("$status"),
	}
	for status := range 100 {
		m.Entries = append(m.Entries, literal(fmt.Sprintf("%03d", status), expression(strconv.Itoa(status))))
	}
	return m
}

// mostEscapes is how many quotes and backslashes of a trace ID are written: each
// number of them takes an entry.
const mostEscapes = 4

// traceMap writes a trace ID as JSON does. NGINX can escape whole lines of a log,
// but that takes as long as all else of a line.
func traceMap() Map {
	m := Map{
		Comment:  []string{fmt.Sprintf("With up to %d quotes and backslashes, which are escaped.", mostEscapes)},
		Source:   expression("$http_x_amzn_trace_id"),
		Variable: "$portico_log_trace",
		Default:  expression(""),
	}
	for escapes := mostEscapes; escapes >= 0; escapes-- {
		length := 256 / (escapes + 1)
		match, value := fmt.Sprintf(`^([ !#-\[\]-~]{0,%d}+)`, length), "$1"
		for n := 1; n <= escapes; n++ {
			match += fmt.Sprintf(`(["\\])([ !#-\[\]-~]{0,%d}+)`, length)
			value += fmt.Sprintf(`\$%d$%d`, 2*n, 2*n+1)
		}
		m.Entries = append(m.Entries, pattern(match, expression(value)))
	}
	return m
}
