package accounts

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

// An environment may have hundreds of accounts, and each stack that is read costs a key.
func TestOnlyStacksThatMayAdmitAWaitingRowAreRead(t *testing.T) {
	stacks := []*accountStack{{"orders", "222222222222"}, {"billing", "333333333333"}, {"unknown", ""}}
	row := func(account string, number int, former bool) outputs.ServedRow {
		return outputs.ServedRow{Host: "a.example.com", Account: mapping.AccountID(account), Number: number, Former: former}
	}
	for sentence, test := range map[string]struct {
		served *outputs.Served
		want   []string
	}{
		"nothing is reported":                      {nil, nil},
		"no row waits":                             {&outputs.Served{Rows: []outputs.ServedRow{row("222222222222", 0, false)}}, nil},
		"a row waits for its account":              {&outputs.Served{Rows: []outputs.ServedRow{row("222222222222", 3, false), row("333333333333", 0, false)}}, []string{"orders", "unknown"}},
		"a row gives way to one of another":        {&outputs.Served{Rows: []outputs.ServedRow{row("222222222222", 0, true)}, Awaited: []outputs.ServedRow{row("333333333333", 3, false)}}, []string{"orders", "billing", "unknown"}},
		"a row is served though the mapping's not": {&outputs.Served{Rows: []outputs.ServedRow{row("333333333333", 0, true)}}, []string{"billing", "unknown"}},
		"a waiting row names no account":           {&outputs.Served{Awaited: []outputs.ServedRow{row("", 3, false)}}, []string{"orders", "billing", "unknown"}},
	} {
		var got []string
		for _, stack := range awaitedStacks(test.served, stacks) {
			got = append(got, stack.name)
		}
		require.Equal(t, test.want, got, sentence)
	}
}
