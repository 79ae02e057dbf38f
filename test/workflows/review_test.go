package workflows

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

const baseRevision = "${{ github.event.pull_request.base.sha }}"

// checkouts are the revisions that a job checks out, by directory; "." is where
// its programs and scripts come from.
func (j job) checkouts() map[string]string {
	revisions := map[string]string{}
	for _, s := range j.Steps {
		if strings.HasPrefix(s.Uses, "actions/checkout@") {
			dir := s.With["path"]
			if dir == "" {
				dir = "."
			}
			revisions[dir] = s.With["ref"]
		}
	}
	return revisions
}

// The bot posts what review wrote, so a pull request must not choose the program
// that writes it: the base's program reads the pull request's files as data.
func TestTheCommentIsMadeByReviewedCode(t *testing.T) {
	jobs := workflows(t)["review.yml"].Jobs
	require.Equal(t, map[string]string{".": baseRevision, "head": ""}, jobs["review"].checkouts())
	require.Equal(t, map[string]string{".": baseRevision}, jobs["comment"].checkouts())
	for _, s := range jobs["review"].Steps {
		require.Empty(t, s.With["working-directory"])
		require.NotContains(t, s.Uses, "head", "an action of the pull request's")
	}
}

// The jobs of a run find its artifacts by name, whichever of them wrote it: code of
// the pull request in the same run could leave the comment before review does.
func TestNoJobBesideAPostedArtifactRunsThePullRequestsCode(t *testing.T) {
	posted := 0
	for file, w := range workflows(t) {
		downloads := false
		for _, j := range w.Jobs {
			for _, s := range j.Steps {
				downloads = downloads || strings.HasPrefix(s.Uses, "actions/download-artifact@")
			}
		}
		if !downloads {
			continue
		}
		posted++
		for name, j := range w.Jobs {
			require.Empty(t, j.Uses, "%s %s: a called workflow's jobs are of the same run", file, name)
			require.Equal(t, baseRevision, j.checkouts()["."], "%s %s", file, name)
			for _, s := range j.Steps {
				require.NotContains(t, s.Uses, "./", "%s %s: an action that an earlier step may have written", file, name)
			}
		}
	}
	require.Equal(t, 1, posted)
}

// A pull request's jobs share a cache, which a commit that is not there any more
// may have written: no job that has reviewed code or secrets reads it.
func TestCachesOfPullRequestsReachNoReviewedJob(t *testing.T) {
	all := workflows(t)
	jobs := map[string]job{
		"review":  all["review.yml"].Jobs["review"],
		"comment": all["review.yml"].Jobs["comment"],
		"stacks":  all["preview.yml"].Jobs["stacks"],
	}
	for name, j := range jobs {
		require.NotEmpty(t, j.Steps, name)
		for _, s := range j.Steps {
			require.NotContains(t, s.Uses, "actions/cache", name)
			if strings.HasPrefix(s.Uses, "actions/setup-go@") || s.Uses == "./.github/actions/setup" {
				require.Equal(t, "false", s.With["cache"], name)
			}
		}
	}
	data, err := os.ReadFile(root + "/.github/actions/setup/action.yml")
	require.NoError(t, err)
	var setup struct{ Runs struct{ Steps []step } }
	require.NoError(t, yaml.Unmarshal(data, &setup))
	cached := 0
	for _, s := range setup.Runs.Steps {
		if strings.HasPrefix(s.Uses, "actions/cache@") {
			require.Equal(t, "inputs.cache == 'true'", s.If)
			cached++
		}
		if strings.HasPrefix(s.Uses, "actions/setup-go@") {
			require.Equal(t, "${{ inputs.cache }}", s.With["cache"])
			cached++
		}
	}
	require.Equal(t, 2, cached)
}

// An artifact's files take the names that its maker chose.
func TestTheArtifactIsUnpackedIntoAnEmptyDirectory(t *testing.T) {
	var to string
	for _, s := range workflows(t)["review.yml"].Jobs["comment"].Steps {
		if strings.HasPrefix(s.Uses, "actions/download-artifact@") {
			to = s.With["path"]
		}
	}
	require.Equal(t, "${{ runner.temp }}/artifact", to)
}

// The page is uploaded by the base's job, before the comment that links it, and under
// a name that is not the comment's: whoever downloads the comment gets nothing else.
func TestThePageIsUploadedBeforeTheCommentThatLinksIt(t *testing.T) {
	var names []string
	for _, s := range workflows(t)["review.yml"].Jobs["review"].Steps {
		if strings.HasPrefix(s.Uses, "actions/upload-artifact@") {
			names = append(names, s.With["name"])
		}
		if strings.HasPrefix(s.Run, ".github/scripts/link-page ") {
			names = append(names, "link")
			require.Equal(t, map[string]string{"PAGE": "${{ steps.page.outputs.artifact-url }}"}, s.Env)
		}
	}
	require.Equal(t, []string{"page-${{ matrix.environment }}", "link", "comment-${{ matrix.environment }}"}, names)
	for name, j := range workflows(t)["review.yml"].Jobs {
		for _, s := range j.Steps {
			if strings.HasPrefix(s.Uses, "actions/download-artifact@") {
				require.Equal(t, "comment-${{ matrix.environment }}", s.With["name"], name)
			}
		}
	}
}
