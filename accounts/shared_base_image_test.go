package accounts

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf"
	"github.com/portico-iac/portico/internal/outputs"
)

var (
	oldDigest = "sha256:" + strings.Repeat("1", 64)
	newDigest = "sha256:" + strings.Repeat("2", 64)
)

const lookUpToken = "docker:index/getRegistryImage:getRegistryImage"

// baseRun is a run of the shared stack's program, of which the base of its image is
// looked at.
type baseRun struct {
	settings settingsText
	// refresh runs portico up --refresh-image's program.
	refresh bool
	// before is what the last run reported; nil: there was none.
	before *outputs.BaseImage
	// leadsTo is the registry's answer; empty: it refuses.
	leadsTo string
}

// baseResult is what came of it.
type baseResult struct {
	// from is what the Dockerfile builds on.
	from    string
	record  outputs.BaseImage
	notices []string
	asked   bool
	err     error
}

func (r baseRun) run(t *testing.T) baseResult {
	t.Helper()
	m := &monitor{publicZones: publicZones, registryDigest: r.leadsTo}
	if r.before != nil {
		encoded, err := outputs.Encode(r.before)
		require.NoError(t, err)
		m.shared = map[string]any{"contract": outputs.Contract, "baseImage": encoded, "hosts": []any{}}
	}
	settings := minimalShared + r.settings
	dir := project(t, "dev", settings, twoRows)
	program := SharedIn
	if r.refresh {
		program = SharedRefreshedIn
	}
	log := &infos{}
	var exported map[string]any
	var result baseResult
	result.err = run(t, m, func(ctx *pulumi.Context) error {
		log.Log, ctx.Log = ctx.Log, log
		if err := program(dir)(ctx); err != nil {
			return err
		}
		pulumi.Map(ctx.GetCurrentExportMap()).ToMapOutput().ApplyT(func(all map[string]any) int {
			exported = all
			return 0
		})
		return nil
	}, "dev", settings.config(t))
	result.asked = slices.Contains(m.invokes, lookUpToken)
	if result.err != nil {
		require.Empty(t, m.of("docker:index/image:Image"), "nothing is built")
		return result
	}
	dockerfile, err := os.ReadFile(filepath.Join(dir, ".portico", "dev", "image", "Dockerfile"))
	require.NoError(t, err)
	for line := range strings.Lines(string(dockerfile)) {
		if base, found := strings.CutPrefix(line, "ARG BASE_IMAGE="); found {
			result.from = strings.TrimSpace(base)
		}
	}
	decoded, err := outputs.DecodeShared(map[string]any{"contract": outputs.Contract, "baseImage": exported["baseImage"]})
	require.NoError(t, err)
	result.record = *decoded.BaseImage
	for _, line := range log.lines {
		if strings.Contains(line, "base image") || strings.Contains(line, "is built on") {
			result.notices = append(result.notices, line)
		}
	}
	return result
}

func ago(days int) string {
	return time.Now().Add(-time.Duration(days)*24*time.Hour - time.Minute).UTC().Format(time.RFC3339)
}

// A tag is looked up when that is asked for, once, and what it led to stays until the
// next time.
func TestTheBaseIsWhatItsTagLedToWhenItWasLookedUp(t *testing.T) {
	const base = nginxconf.DefaultBaseImage
	const refresh = "  portico:image: {refresh: today}\n"
	old := outputs.BaseImage{Reference: base, Digest: oldDigest, Since: ago(3), Refresh: "yesterday"}
	today := outputs.BaseImage{Reference: base, Digest: oldDigest, Since: ago(3), Refresh: "today"}
	other := outputs.BaseImage{Reference: "nginx:1.29", Digest: oldDigest, Since: ago(3), Refresh: "today"}
	byTag := outputs.BaseImage{Reference: base, Since: ago(3)}
	pinned := "nginx:1.30@" + oldDigest
	for sentence, test := range map[string]struct {
		baseRun
		from, digest, refreshed string
		asked, since            bool // since: the time of the last run stays
		notices                 []string
	}{
		"a tag of which nothing is asked":        {baseRun{}, base, "", "", false, false, []string{"is named by its tag"}},
		"a tag again":                            {baseRun{before: &byTag}, base, "", "", false, true, []string{"is named by its tag"}},
		"a tag that is looked up":                {baseRun{refresh: true, leadsTo: newDigest}, base + "@" + newDigest, newDigest, "", true, false, []string{"leads to " + newDigest + " now"}},
		"a tag that is looked up after a while":  {baseRun{refresh: true, leadsTo: newDigest, before: &byTag}, base + "@" + newDigest, newDigest, "", true, false, []string{"leads to " + newDigest + " now"}},
		"a tag that was looked up":               {baseRun{leadsTo: newDigest, before: &old}, base + "@" + oldDigest, oldDigest, "yesterday", false, true, nil},
		"a tag that leads elsewhere since":       {baseRun{refresh: true, leadsTo: newDigest, before: &old}, base + "@" + newDigest, newDigest, "yesterday", true, false, []string{"leads to " + newDigest + " now"}},
		"a tag that leads where it led":          {baseRun{refresh: true, leadsTo: oldDigest, before: &old}, base + "@" + oldDigest, oldDigest, "yesterday", true, true, []string{"as before: no task is replaced"}},
		"a setting that asks":                    {baseRun{settings: refresh, leadsTo: newDigest, before: &old}, base + "@" + newDigest, newDigest, "today", true, false, []string{"leads to " + newDigest + " now"}},
		"a setting that has asked":               {baseRun{settings: refresh, leadsTo: newDigest, before: &today}, base + "@" + oldDigest, oldDigest, "today", false, true, nil},
		"a setting that has asked about another": {baseRun{settings: refresh, leadsTo: newDigest, before: &other}, base + "@" + newDigest, newDigest, "today", true, false, []string{"leads to " + newDigest + " now"}},
		"another tag":                            {baseRun{leadsTo: newDigest, before: &other}, base, "", "today", false, false, []string{"is named by its tag"}},
		"a digest in the settings":               {baseRun{settings: settingsText("  portico:image: {base: \"" + pinned + "\"}\n"), before: &old}, pinned, "", "yesterday", false, false, nil},
		"a digest that is the newest of its tag": {baseRun{settings: settingsText("  portico:image: {base: \"" + pinned + "\"}\n"), refresh: true, leadsTo: oldDigest}, pinned, "", "", true, false, []string{"as before: no task is replaced"}},
	} {
		t.Run(sentence, func(t *testing.T) {
			got := test.run(t)
			require.NoError(t, got.err)
			require.Equal(t, test.from, got.from)
			require.Equal(t, test.digest, got.record.Digest)
			require.Equal(t, test.refreshed, got.record.Refresh)
			require.Equal(t, test.asked, got.asked)
			require.Equal(t, strings.Split(test.from, "@")[0], strings.Split(got.record.Reference, "@")[0])
			if test.since {
				require.Equal(t, test.before.Since, got.record.Since)
			} else {
				since, err := time.Parse(time.RFC3339, got.record.Since)
				require.NoError(t, err)
				require.WithinDuration(t, time.Now(), since, time.Minute)
			}
			require.Len(t, got.notices, len(test.notices), got.notices)
			for i, want := range test.notices {
				require.Contains(t, got.notices[i], want)
			}
		})
	}
}

// A base that can't be looked up, or whose digest the settings have, stops the run that
// asks for it: nothing is half patched in silence.
func TestABaseThatCanNotBeRefreshedIsAnError(t *testing.T) {
	image := func(text string) settingsText { return settingsText("  portico:image: {" + text + "}\n") }
	for sentence, test := range map[string]struct {
		settings settingsText
		leadsTo  string
		want     string
	}{
		"the registry refuses":     {"", "", "write portico:image.base: " + nginxconf.DefaultBaseImage + "@sha256:..."},
		"it answers no digest":     {"", "latest", `answers "latest", which is no digest`},
		"the digest is an old one": {image("base: \"nginx:1.30@" + oldDigest + "\""), newDigest, "write portico:image.base: nginx:1.30@" + newDigest},
		"there is no tag":          {image("base: \"nginx@" + oldDigest + "\""), newDigest, "no tag to look up"},
		"the image is prebuilt":    {image("uri: \"registry.example.com/proxy:1\""), newDigest, "portico:image.uri names a prebuilt one"},
	} {
		t.Run(sentence, func(t *testing.T) {
			got := baseRun{settings: test.settings, refresh: true, leadsTo: test.leadsTo}.run(t)
			require.ErrorContains(t, got.err, test.want)
		})
	}
}

func TestAnOldBaseIsANotice(t *testing.T) {
	const base = nginxconf.DefaultBaseImage
	pinned := "nginx:1.30@" + oldDigest
	for sentence, test := range map[string]struct {
		settings string
		before   outputs.BaseImage
		want     string // empty: no notice
	}{
		"29 days":               {"", outputs.BaseImage{Reference: base, Digest: oldDigest, Since: ago(29)}, ""},
		"30 days":               {"", outputs.BaseImage{Reference: base, Digest: oldDigest, Since: ago(30)}, "30 days ago (portico:image.baseAgeDays: 30): what was published about its packages since is not in it: look for a newer one with portico up --refresh-image"},
		"a digest of 30 days":   {"base: \"" + pinned + "\"", outputs.BaseImage{Reference: pinned, Since: ago(30)}, "30 days ago (portico:image.baseAgeDays: 30): what was published about its packages since is not in it: look for a newer one, and write its digest in portico:image.base"},
		"two of two days":       {"baseAgeDays: 2", outputs.BaseImage{Reference: base, Digest: oldDigest, Since: ago(2)}, "2 days ago (portico:image.baseAgeDays: 2)"},
		"400 days and no bound": {"baseAgeDays: 0", outputs.BaseImage{Reference: base, Digest: oldDigest, Since: ago(400)}, ""},
		"another base":          {"", outputs.BaseImage{Reference: "nginx:1.29", Digest: oldDigest, Since: ago(400)}, ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			run := baseRun{before: &test.before}
			if test.settings != "" {
				run.settings = settingsText("  portico:image: {" + test.settings + "}\n")
			}
			got := run.run(t)
			require.NoError(t, got.err)
			old := slices.DeleteFunc(got.notices, func(line string) bool { return strings.Contains(line, "is named by its tag") })
			if test.want == "" {
				require.Empty(t, old)
				return
			}
			require.Len(t, old, 1)
			require.Contains(t, old[0], test.want)
		})
	}
}

// Of an image that was built before, Amazon ECR says since when it has it. Nothing is
// known of other registries, or where the question is denied.
func TestAnOldPrebuiltImageIsANotice(t *testing.T) {
	const repository = "111111111111.dkr.ecr.us-east-1.amazonaws.com/proxy"
	byDigest := repository + "@" + newDigest
	const tag, old = "names the image by its tag", "was pushed on"
	for sentence, test := range map[string]struct {
		uri, more, denied string
		days              int
		want              []string
	}{
		"29 days":               {uri: byDigest, days: 29},
		"30 days":               {uri: byDigest, days: 30, want: []string{old}},
		"a tag of 30 days":      {uri: repository + ":1", days: 30, want: []string{tag + ", which Amazon ECS looks up when a deployment starts: a new image under the tag reaches no running task, and no update sees it: write portico:image.uri: " + repository + ":1@" + oldDigest, old}},
		"a tag":                 {uri: repository + ":1", want: []string{tag}},
		"400 days and no bound": {uri: byDigest, days: 400, more: ", baseAgeDays: 0"},
		"a question denied":     {uri: repository + ":1", days: 400, denied: "aws:ecr/getImage:getImage", want: []string{"write portico:image.uri: " + repository + ":1@sha256:..."}},
		"another registry":      {uri: "registry.example.com/proxy:1", days: 400, want: []string{"write portico:image.uri: registry.example.com/proxy:1@sha256:..."}},
	} {
		t.Run(sentence, func(t *testing.T) {
			m := &monitor{publicZones: publicZones, denied: test.denied, pushed: time.Now().Add(-time.Duration(test.days)*24*time.Hour - time.Minute)}
			settings := minimalShared + settingsText("  portico:image: {uri: \""+test.uri+"\""+test.more+"}\n")
			program, log := SharedIn(project(t, "dev", settings, twoRows)), &infos{}
			require.NoError(t, run(t, m, func(ctx *pulumi.Context) error {
				log.Log, ctx.Log = ctx.Log, log
				return program(ctx)
			}, "dev", settings.config(t)))
			told := slices.DeleteFunc(log.lines, func(line string) bool { return !strings.Contains(line, tag) && !strings.Contains(line, old) })
			require.Len(t, told, len(test.want), told)
			for i, want := range test.want {
				require.Contains(t, told[i], want)
			}
		})
	}
}
