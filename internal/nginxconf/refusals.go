package nginxconf

// refusalMaps are what is refused besides routes, and what the proxy's own errors say
// beside their status.
func refusalMaps() []Map {
	const asked = "$portico_row$portico_options|$http_origin"
	return []Map{
		{
			Comment: []string{
				"Whether a body may exceed its buffer, and so be kept in a file: limits.conf bounds",
				"how many are. nginx.conf finds at once that most requests' do not.",
			},
			Source:   expression("$content_length$http_transfer_encoding"),
			Variable: "$portico_body",
			Default:  expression("1"),
			Entries:  []MapEntry{literal("", expression("")), pattern(`^(?:[0-9]{1,4}|[1-5][0-9]{4})$`, expression(""))},
		},
		{
			Comment: []string{
				"Nothing. An error_page that reads it finds the row, by the request's $uri, before",
				"NGINX turns to the page and changes $uri.",
			},
			Source:   expression("$portico_row"),
			Variable: "$portico_row_is_known",
			Default:  expression(""),
		},
		{
			Comment: []string{
				"Headers by which a page of another origin can read an error, also one that sends",
				"credentials, on rows with CORS. Reading $portico_row sets the row's options.",
			},
			Source:   expression(asked),
			Variable: "$portico_allow_origin",
			Default:  expression(""),
			Entries: []MapEntry{
				pattern(`^1cors[^|]*\|([!-~]+)$`, expression("$1")),
				pattern(`^1cors[^|]*\|$`, expression("*")),
			},
		},
		{
			Source:   expression(asked),
			Variable: "$portico_allow_credentials",
			Default:  expression(""),
			Entries:  []MapEntry{pattern(`^1cors[^|]*\|[!-~]+$`, expression("true"))},
		},
		{
			Source:   expression(asked),
			Variable: "$portico_vary",
			Default:  expression(""),
			Entries:  []MapEntry{pattern(`^1cors`, expression("Origin"))},
		},
		{
			Comment: []string{
				"Why there is no answer of the API. The time that connecting took, TLS included,",
				"is a dash where it failed; of several attempts the last one counts.",
			},
			Source:   expression("$upstream_connect_time"),
			Variable: "$portico_bad_gateway",
			Default:  expression("The API could not be reached"),
			Entries:  []MapEntry{pattern(`^.*[0-9]$`, expression("The API was reached, but its answer was malformed or broke off"))},
		},
	}
}
