package lifecycle

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/nginxconf"
)

// proxyImage is the image that the proxy's tasks run now, as their task definition names
// it, and the image itself.
func (e *simulatedEnvironment) proxyImage() (reference string, image awssim.ContainerImage) {
	e.t.Helper()
	services, err := e.Services(sharedAccount, region)
	require.NoError(e.t, err)
	require.Len(e.t, services, 1)
	reference = services[0].Containers[0].Image
	require.Regexp(e.t, `^111111111111\.dkr\.ecr\.us-east-1\.amazonaws\.com/[a-z0-9-]+@sha256:[0-9a-f]{64}$`, reference, "tasks run an image by its digest")
	image, err = e.Image(reference)
	require.NoError(e.t, err)
	return reference, image
}

// imageTag is the tag under which the image of the last run was pushed.
func (e *simulatedEnvironment) imageTag() string {
	e.t.Helper()
	for _, r := range e.state(e.env.Shared).Resources {
		if r.Type == "docker:index/image:Image" {
			name := r.Inputs["imageName"].(string)
			return name[strings.LastIndexByte(name, ':')+1:]
		}
	}
	require.Fail(e.t, "no image is built")
	return ""
}

// TestTheTasksGetANewBaseWhenThatIsAskedFor moves the tag of the base image. What was
// deployed stays until a refresh, which the settings or the command line ask for; from
// then on every run builds on the same. The slow variant asks in each way, and again.
func TestTheTasksGetANewBaseWhenThatIsAskedFor(t *testing.T) {
	t.Parallel()
	setup := ordersSetup()
	const base = nginxconf.DefaultBaseImage
	setup.Images = []awssim.PublicImage{{Reference: base}}
	e := newEnvironment(t, smallProject(), setup)
	publish := func(patch string) string {
		patched := awssim.PublicImage{Reference: base, ContainerImage: awssim.ContainerImage{Environment: map[string]string{"PATCH": patch}}}
		e.PublishImage(patched)
		return base + "@" + patched.Digest()
	}
	refreshed := *e.env
	refreshed.Shared.Program = accounts.SharedRefreshedIn(e.project)
	refresh := func() *automation.Report {
		report, err := refreshed.Up(t.Context())
		require.NoError(t, err)
		return report
	}
	e.up()
	first, image := e.proxyImage()
	require.Equal(t, base, image.Base)

	patched := publish("1")
	e.requireNoChanges()
	refresh()
	second, image := e.proxyImage()
	require.NotEqual(t, first, second, "the tasks are replaced")
	require.Equal(t, patched, image.Base)
	_, err := e.Image(first)
	require.NoError(t, err, "ECS can still roll back to the former")

	// Runs that don't ask build on the same, wherever the tag leads.
	if !slow() {
		publish("2")
		e.requireNoChanges()
		return
	}
	again := publish("2")
	e.requireNoChanges()
	refresh()
	third, image := e.proxyImage()
	require.NotEqual(t, second, third)
	require.Equal(t, again, image.Base)
	preview, err := refreshed.Preview(t.Context())
	require.NoError(t, err)
	require.Equal(t, automation.Changes{Same: preview.Stacks[0].Changes.Same}, preview.Stacks[0].Changes, "there is nothing newer")
	require.Contains(t, e.log.String(), "leads to "+strings.TrimPrefix(again, base+"@")+" as before: no task is replaced")

	// The same for plain Pulumi, by a setting.
	byASetting := publish("3")
	write(t, e.project, map[string]string{"Pulumi.dev.yaml": sharedSettings + "  portico:image: {refresh: CVE-2026-1234}\n"})
	e.up()
	_, image = e.proxyImage()
	require.Equal(t, byASetting, image.Base)
	publish("4")
	e.requireNoChanges()

	// A digest in the settings decides, and a refresh doesn't change it.
	write(t, e.project, map[string]string{"Pulumi.dev.yaml": sharedSettings + "  portico:image: {base: \"" + patched + "\"}\n"})
	e.up()
	fourth, image := e.proxyImage()
	require.Equal(t, patched, image.Base)
	_, err = refreshed.Up(t.Context())
	require.ErrorContains(t, err, "portico:image.base has a digest, and its tag leads to another one: write portico:image.base: "+base+"@sha256:")
	unchanged, _ := e.proxyImage()
	require.Equal(t, fourth, unchanged)
	e.requireNoChanges()
}

// TestARefreshThatTheRegistryRefusesChangesNothing has no registry with the base.
func TestARefreshThatTheRegistryRefusesChangesNothing(t *testing.T) {
	slowly(t)
	t.Parallel()
	e := newEnvironment(t, smallProject(), ordersSetup())
	e.up()
	before := e.things()
	e.env.Shared.Program = accounts.SharedRefreshedIn(e.project)
	_, err := e.env.Up(t.Context())
	require.ErrorContains(t, err, "docker buildx imagetools inspect "+nginxconf.DefaultBaseImage)
	require.ElementsMatch(t, before, e.things())
}

// TestGoingBackToAnEarlierMapping deploys one mapping, another, and the first again. The
// image of the first is built anew, with another digest under the same tag, which an
// immutable tag would refuse.
func TestGoingBackToAnEarlierMapping(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t, smallProject(), ordersSetup())
	e.up()
	first, image := e.proxyImage()
	firstTag, firstFiles := e.imageTag(), image.Files

	write(t, e.project, map[string]string{"mapping.yaml": strings.Replace(smallMapping, "[GET, POST]", "[GET]", 1)})
	e.up()
	second, _ := e.proxyImage()
	require.NotEqual(t, firstTag, e.imageTag())

	write(t, e.project, map[string]string{"mapping.yaml": smallMapping})
	e.up()
	third, image := e.proxyImage()
	require.Equal(t, firstTag, e.imageTag())
	require.Equal(t, firstFiles, image.Files)
	require.NotEqual(t, first, third, "seconds have passed, and layers keep the files' times")
	for _, reference := range []string{first, second, third} {
		_, err := e.Image(reference)
		require.NoError(t, err, "ECS can start tasks of each of them")
	}
	tagged, err := e.Image(third[:strings.IndexByte(third, '@')] + ":" + firstTag)
	require.NoError(t, err)
	require.Equal(t, image, tagged)
	e.requireNoChanges()
}
