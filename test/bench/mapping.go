package bench

import (
	"bytes"
	"fmt"
)

// rowsPerAPI and accountCount shape a mapping like those of large companies: an
// API serves a handful of names, and an account owns many APIs.
const (
	rowsPerAPI   = 5
	accountCount = 20
)

// Mapping is a mapping file with so many rows, spread over so many parent
// domains. Every fourth row has a base path of its own host; verbs are limited
// in two rows of three. The same numbers give the same bytes.
func Mapping(rows, domains int) []byte {
	var b bytes.Buffer
	b.WriteString("ACCOUNTS:\n")
	for a := range accountCount {
		fmt.Fprintf(&b, "  team%02d: {ID: \"%d\"}\n", a, 200000000000+a)
	}
	b.WriteString("APIS:\n")
	for i := range rows {
		api := i / rowsPerAPI
		host := fmt.Sprintf("api%d.team%02d.private.example.com", i, i%domains)
		if i%4 == 3 {
			host = fmt.Sprintf("api%d.team%02d.private.example.com/v%d", i-3, (i-3)%domains, i%9)
		}
		fmt.Fprintf(&b, "  - CUSTOM_DOMAIN_URL: %s\n", host)
		fmt.Fprintf(&b, "    PRIVATE_API_URL: https://a%09d.execute-api.us-east-1.amazonaws.com/prod/r%d\n", api, i%rowsPerAPI)
		switch i % 3 {
		case 0:
			b.WriteString("    VERBS: [GET, POST]\n")
		case 1:
			b.WriteString("    VERBS: \"GET,HEAD,OPTIONS\"\n")
		}
		fmt.Fprintf(&b, "    ACCOUNT: team%02d\n", api%accountCount)
	}
	return b.Bytes()
}

// StrictMapping is a mapping file with so many APIs in endpoint access mode STRICT, a
// row each.
func StrictMapping(apis int) []byte {
	var b bytes.Buffer
	b.WriteString("ACCOUNTS:\n  team: {ID: \"200000000000\"}\nAPIS:\n")
	for i := range apis {
		fmt.Fprintf(&b, "  - {CUSTOM_DOMAIN_URL: strict%d.private.example.com, ACCOUNT: team, ENDPOINT_ACCESS_MODE: STRICT,\n", i)
		fmt.Fprintf(&b, "     PRIVATE_API_URL: \"https://a%09d.execute-api.us-east-1.amazonaws.com/prod\"}\n", i)
	}
	return b.Bytes()
}
