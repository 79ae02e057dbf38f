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

// teamsOf is a mapping directory of that many teams, with the rows of each.
func teamsOf(teams, rows int) (names []string, files map[string][]byte) {
	files = map[string][]byte{}
	var portico bytes.Buffer
	portico.WriteString("TEAMS:\n")
	for i := range teams {
		fmt.Fprintf(&portico, "  team-%d: {ACCOUNTS: [\"%012d\"], HOSTS: [\"*.team%d.private.example.com\", shop.private.example.com/team%d]}\n", i, 222200000000+i, i, i)
		var b bytes.Buffer
		b.WriteString("APIS:\n")
		for j := range rows {
			fmt.Fprintf(&b, "  - CUSTOM_DOMAIN_URL: api%d.team%d.private.example.com/v%d\n", j/2, i, j)
			fmt.Fprintf(&b, "    PRIVATE_API_URL: https://a%04d%04d0.execute-api.us-east-1.amazonaws.com/dev\n", i, j)
			fmt.Fprintf(&b, "    VERBS: [GET, POST]\n    ACCOUNT: \"%012d\"\n", 222200000000+i)
		}
		name := fmt.Sprintf("team-%d.yaml", i)
		names, files[name] = append(names, name), b.Bytes()
	}
	files[DirectoryFile] = portico.Bytes()
	return append(names, DirectoryFile), files
}

func BenchmarkParseDirectory(b *testing.B) {
	for _, teams := range []int{20, 200, 2_000} {
		b.Run(fmt.Sprintf("teams=%d", teams), func(b *testing.B) {
			names, files := teamsOf(teams, 50)
			for b.Loop() {
				_, err := ParseDirectory("teams", names, func(name string) ([]byte, error) { return files[name], nil })
				require.NoError(b, err)
			}
		})
	}
}
