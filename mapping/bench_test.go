package mapping

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// rowsOf writes a mapping of the given number of rows under 50 parent domains
// and 100 accounts, of the shape that people write.
func rowsOf(rows int) []byte {
	var b bytes.Buffer
	b.WriteString("ACCOUNTS:\n")
	for i := range 100 {
		fmt.Fprintf(&b, "  team-%d: {ID: \"%012d\"}\n", i, 222200000000+i)
	}
	b.WriteString("APIS:\n")
	for i := range rows {
		fmt.Fprintf(&b, "  - CUSTOM_DOMAIN_URL: api%d.domain%d.private.example.com/v%d\n", i/2, i%50, i)
		fmt.Fprintf(&b, "    PRIVATE_API_URL: https://a%08d0.execute-api.us-east-1.amazonaws.com/dev/orders\n", i)
		fmt.Fprintf(&b, "    VERBS: [GET, POST]\n    ACCOUNT: team-%d\n    OWNER: team-%d@example.com\n", i%100, i%100)
	}
	return b.Bytes()
}

func BenchmarkParse(b *testing.B) {
	for _, rows := range []int{10, 1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			data := rowsOf(rows)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				_, err := Parse("mapping.yaml", data)
				require.NoError(b, err)
			}
		})
	}
}

// BenchmarkParseMistakes is a file whose every row has mistakes that call for
// suggestions.
func BenchmarkParseMistakes(b *testing.B) {
	for _, rows := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			data := bytes.ReplaceAll(rowsOf(rows), []byte("VERBS"), []byte("VERSB"))
			data = bytes.ReplaceAll(data, []byte("ACCOUNT: team"), []byte("ACCOUNT: taem"))
			for b.Loop() {
				_, err := Parse("mapping.yaml", data)
				require.Len(b, err, 2*rows)
			}
		})
	}
}
