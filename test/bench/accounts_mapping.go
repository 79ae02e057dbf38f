package bench

import (
	"bytes"
	"fmt"
)

// AccountsMapping is a mapping file of so many accounts with so many rows each, five to
// an API. verbs are those of the first row. The same values give the same bytes.
func AccountsMapping(accounts, rows int, verbs string) []byte {
	var b bytes.Buffer
	b.WriteString("ACCOUNTS:\n")
	for a := range accounts {
		fmt.Fprintf(&b, "  team%03d: {ID: \"%d\"}\n", a, 200000000000+a)
	}
	b.WriteString("APIS:\n")
	for a := range accounts {
		for i := range rows {
			fmt.Fprintf(&b, "  - CUSTOM_DOMAIN_URL: api%d-%d.team%02d.private.example.com\n", a, i, a%50)
			fmt.Fprintf(&b, "    PRIVATE_API_URL: https://t%03da%05d.execute-api.us-east-1.amazonaws.com/prod/r%d\n", a, i/rowsPerAPI, i%rowsPerAPI)
			if a == 0 && i == 0 {
				fmt.Fprintf(&b, "    VERBS: %s\n", verbs)
			}
			fmt.Fprintf(&b, "    ACCOUNT: team%03d\n", a)
		}
	}
	return b.Bytes()
}
