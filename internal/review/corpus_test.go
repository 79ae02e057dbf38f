package review_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/portico-iac/portico/internal/cost"
	"github.com/portico-iac/portico/internal/review"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

var update = flag.Bool("update", false, "write the comments of testdata as they come out")

// stacks are the environment's in every case of the corpus.
var stacks = []review.Stack{
	{App: "portico", Environment: "dev", Name: "dev-catalog", Account: "444444444444", Redeploy: review.RedeployByHand,
		SuppliedOnly: true, Supplied: []topology.Certificate{{Names: []mapping.Host{"catalog.private.example.com", "*.shops.example.com"}}}},
	{App: "portico", Environment: "dev", Name: "dev-orders", Account: "orders", Redeploy: review.RedeployAutomatic,
		AdditionalVPCEndpointIDs: []string{"vpce-0aaaaaaaaaaaaaaaa"}},
	{App: "portico", Environment: "dev", Name: "dev-payments", Account: "333333333333", APIs: []mapping.APIID{"listed0api"},
		NativeEndpointIDs: []string{"vpce-0bbbbbbbbbbbbbbbb"}},
}

// size is the environment's in every case of the corpus.
var size = cost.Settings{Zones: 2, Tasks: 2, CPUUnits: 512, MemoryMiB: 1024, FlowLogs: true, RetentionDays: 30}

// Each file of testdata is a change and its comment: base.yaml and head.yaml
// are the mapping before and after, comment.md is what a reviewer reads. The
// text in front says what the case is about. Without base.yaml the file is new.
func TestComments(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			require.NoError(t, err)
			require.NotEmpty(t, archive.Comment, "say what the case is about")
			got := comment(t, archive)
			if *update {
				archive.Files = append(without(archive, "comment.md"), txtar.File{Name: "comment.md", Data: []byte(got)})
				require.NoError(t, os.WriteFile(file, txtar.Format(archive), 0o644))
			}
			want, ok := member(archive, "comment.md")
			require.True(t, ok, "run the test with -update")
			require.Equal(t, string(want), got)
			require.NoError(t, wellFormed(got))
		})
	}
}

func comment(t *testing.T, archive *txtar.Archive) string {
	t.Helper()
	style := review.Style{
		Links: "https://github.com/example/apis/blob/0123abc", Path: "mapping.yaml",
		MaxBytes: review.MaxComment, Whole: "portico preview --env dev --markdown --max-bytes 0",
	}
	headText, ok := member(archive, "head.yaml")
	require.True(t, ok)
	_, forgotten := member(archive, "no providers")
	head := review.State{Revision: "the working tree", Stacks: stacks, ReadsProviders: !forgotten, Size: size}
	base := review.State{Revision: "main", Stacks: stacks, Size: size, Absent: "has no mapping file of the environment"}
	if hostRecords, ok := member(archive, "records"); ok {
		require.Equal(t, "host\n", string(hostRecords))
		head.Options, base.Options = topology.Options{DNS: topology.DNS{HostRecords: true}}, topology.Options{DNS: topology.DNS{HostRecords: true}}
	}
	var err error
	head.Mapping, err = mapping.Parse("mapping.yaml", headText)
	if err != nil {
		return review.MistakesMarkdown("dev", review.Mistakes(err), style)
	}
	if text, ok := member(archive, "base.yaml"); ok {
		if base.Mapping, err = mapping.Parse("mapping.yaml", text); err != nil {
			base.Absent = "has a mapping with mistakes"
		}
	}
	request := review.Request{Environment: "dev", Base: base, Head: head}
	if endpoint, ok := member(archive, "endpoint"); ok {
		request.Endpoints = map[mapping.FrontDoor]string{mapping.FrontDoorNGINX: strings.TrimSpace(string(endpoint))}
	}
	compared, err := review.Compare(request)
	if err != nil {
		return review.MistakesMarkdown("dev", review.Mistakes(err), style)
	}
	text, err := compared.Markdown(style)
	require.NoError(t, err)
	return text
}

func member(archive *txtar.Archive, name string) ([]byte, bool) {
	for _, f := range archive.Files {
		if f.Name == name {
			return f.Data, true
		}
	}
	return nil, false
}

func without(archive *txtar.Archive, name string) []txtar.File {
	var rest []txtar.File
	for _, f := range archive.Files {
		if f.Name != name {
			rest = append(rest, f)
		}
	}
	return rest
}

// wellFormed holds a comment to what GitHub renders: the marker alone in the
// first line, tables with as many cells in each row as in their heading, code
// blocks and folded parts that end.
func wellFormed(text string) error {
	lines := strings.Split(text, "\n")
	if !strings.HasPrefix(lines[0], "<!-- portico-preview ") || !strings.HasSuffix(lines[0], " -->") {
		return errors.New("the first line is not the marker")
	}
	cells, fenced, folded := 0, false, 0
	for _, line := range lines[1:] {
		switch {
		case strings.HasPrefix(line, "```"):
			fenced = !fenced
		case fenced:
			continue
		case strings.HasPrefix(line, "<details>"):
			folded++
		case line == "</details>":
			folded--
		case strings.HasPrefix(line, "|"):
			n := strings.Count(line, "|")
			if cells != 0 && n != cells {
				return errors.New("a row of another width than its table: " + line)
			}
			cells = n
			continue
		}
		cells = 0
	}
	if fenced || folded != 0 {
		return errors.New("a code block or folded part does not end")
	}
	return nil
}
