package awssim

import (
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// writeContext writes a build context: file contents by name.
func writeContext(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o644))
	}
	return root
}

func (e *estate) build(name string, changes Object) (*Resource, error) {
	e.t.Helper()
	inputs := Object{"imageName": proxyImage + ":1", "build": map[string]any{"context": e.context, "platform": "linux/arm64"},
		"registry": map[string]any{"server": "https://" + testAccount + ".dkr.ecr.us-east-1.amazonaws.com", "username": "AWS",
			"password": registryPassword(testAccount, testRegion)}}
	maps.Copy(inputs, changes)
	return e.create(dockerImageType, name, inputs)
}

func TestImageIsBuiltAndPushed(t *testing.T) {
	e := newEstate(t)
	e.part(repositoryType, "proxy", Object{"imageTagMutability": "IMMUTABLE"})
	e.context = writeContext(t, map[string]string{"nginx.conf": "events {}\n", "conf/routes.conf": "# routes\n", "Dockerfile": `# syntax note
ARG BASE_IMAGE=public.ecr.aws/nginx/nginx-unprivileged:1.30
FROM ${BASE_IMAGE}
WORKDIR /srv
COPY nginx.conf conf/* \
     /etc/proxy/
COPY --chmod=755 conf ./below
ENV PROXY_HOME=/etc/proxy MODE="a b"
USER 101
EXPOSE 8443
STOPSIGNAL SIGQUIT
ENTRYPOINT ["sh", "/etc/proxy/entrypoint.sh"]
`})
	built, err := e.build("image", Object{"build": map[string]any{"context": e.context, "platform": "linux/arm64",
		"args": map[string]any{"BASE_IMAGE": "nginx:1.30"}}})
	require.NoError(t, err)
	require.Regexp(t, `^`+proxyImage+`@sha256:[0-9a-f]{64}$`, built.Properties.Text("repoDigest"))

	want := ContainerImage{Base: "nginx:1.30", Platform: "linux/arm64", User: "101", WorkingDirectory: "/srv", StopSignal: "SIGQUIT",
		Entrypoint: []string{"sh", "/etc/proxy/entrypoint.sh"}, Command: []string{},
		Environment: map[string]string{"PROXY_HOME": "/etc/proxy", "MODE": "a b"}, Files: []ImageFile{
			{"/etc/proxy/nginx.conf", 0o644, []byte("events {}\n")},
			{"/etc/proxy/routes.conf", 0o644, []byte("# routes\n")},
			{"/srv/below/routes.conf", 0o755, []byte("# routes\n")},
		}}
	for _, reference := range []string{built.Properties.Text("repoDigest"), proxyImage + ":1"} {
		image, err := e.Image(reference)
		require.NoError(t, err)
		require.Equal(t, want, image)
	}

	require.ErrorContains(t, e.delete(e.created["proxy"]), "still contains images")
	require.NoError(t, e.delete(built), "deleting the resource leaves the image")
	_, err = e.Image(proxyImage + ":1")
	require.NoError(t, err)

	_, err = e.build("same", Object{"build": map[string]any{"context": e.context, "platform": "linux/arm64"}})
	require.ErrorContains(t, err, "cannot be overwritten because the repository is immutable")
}

func TestImageIsRefused(t *testing.T) {
	registry := func(changes map[string]any) Object {
		r := map[string]any{"server": proxyImage, "username": "AWS", "password": registryPassword(testAccount, testRegion)}
		maps.Copy(r, changes)
		return Object{"registry": r}
	}
	for sentence, test := range map[string]struct {
		files   map[string]string
		changes Object
		want    string
	}{
		"there is no Dockerfile":               {map[string]string{"Other": "FROM a"}, nil, "open dockerfile"},
		"an instruction is unknown":            {map[string]string{"Dockerfile": "FROM a\nCOPPY x /"}, nil, "dockerfile:2: unknown instruction: COPPY"},
		"a source of COPY is missing":          {map[string]string{"Dockerfile": "FROM a\nCOPY routes.conf /etc/"}, nil, "not found in the build context"},
		"COPY leaves the context":              {map[string]string{"Dockerfile": "FROM a\nCOPY ../x /etc/"}, nil, "outside the build context"},
		"several sources and no directory":     {map[string]string{"Dockerfile": "FROM a\nCOPY a b /etc", "a": "", "b": ""}, nil, "must be a directory"},
		"there is no FROM":                     {map[string]string{"Dockerfile": "ARG A=1\nUSER 101"}, nil, "a FROM comes first"},
		"the base image has no name":           {map[string]string{"Dockerfile": "FROM ${NOTHING}"}, nil, "not a repository's name"},
		"the registry's password is another's": {nil, registry(map[string]any{"password": registryPassword("222222222222", testRegion)}), "denied"},
		"the credentials are for another host": {nil, registry(map[string]any{"server": "222222222222.dkr.ecr.us-east-1.amazonaws.com"}), "no basic auth credentials"},
		"there are no credentials":             {nil, Object{"registry": nil}, "no basic auth credentials"},
		"the repository does not exist":        {nil, Object{"imageName": testAccount + ".dkr.ecr.us-east-1.amazonaws.com/other:1"}, "does not exist in the registry"},
		"the platform is none of Fargate's":    {nil, Object{"build": map[string]any{"platform": "linux/riscv64"}}, "linux/amd64 or linux/arm64"},
		"the reference is malformed":           {nil, Object{"imageName": "Proxy:1"}, "not a repository's name"},
	} {
		t.Run(sentence, func(t *testing.T) {
			e := newEstate(t)
			e.part(repositoryType, "proxy", Object{})
			if test.files != nil {
				e.context = writeContext(t, test.files)
			}
			_, err := e.build("image", test.changes)
			require.ErrorContains(t, err, test.want)
			require.Empty(t, e.Resources(Filter{Type: imageType}))
		})
	}
}

func TestContextDigestFollowsContentAndMode(t *testing.T) {
	root := writeContext(t, map[string]string{"Dockerfile": "FROM a", "nginx.conf": "events {}"})
	digest := func() string {
		inputs := Object{"build": map[string]any{"context": root}}
		require.Empty(t, readyToBuild(&Simulator{}, inputs))
		return inputs.Object("build").Text(contextDigest)
	}
	first := digest()
	require.Equal(t, first, digest())
	require.NoError(t, os.Chmod(filepath.Join(root, "nginx.conf"), 0o755))
	second := digest()
	require.NotEqual(t, first, second)
	require.NoError(t, os.WriteFile(filepath.Join(root, "nginx.conf"), []byte("events {} "), 0o755))
	require.NotEqual(t, second, digest())
}

func TestPreviewOfAnImagesUpdateDoesNotKnowItsDigest(t *testing.T) {
	state := Object{"imageName": "a:1", "repoDigest": "a@sha256:0", "baseImageName": "a:1"}
	spec := simulated().types[dockerImageType]
	foreseen := spec.foreseen(state, Object{"imageName": "a:2"})
	require.Equal(t, "a:2", foreseen["imageName"])
	require.Equal(t, unknown{}, foreseen["repoDigest"])
}

func TestImageReferences(t *testing.T) {
	digest := sha256Digest([]byte("x"))
	for text, want := range map[string]imageReference{
		"nginx":                             {"", "nginx", "latest", ""},
		"nginx:1.30":                        {"", "nginx", "1.30", ""},
		"localhost:5000/team/proxy:a_b":     {"localhost:5000", "team/proxy", "a_b", ""},
		"public.ecr.aws/nginx/nginx:stable": {"public.ecr.aws", "nginx/nginx", "stable", ""},
		"team/proxy@" + digest:              {"", "team/proxy", "", digest},
		proxyImage + ":v1@" + digest:        {testAccount + ".dkr.ecr.us-east-1.amazonaws.com", "proxy", "v1", digest},
	} {
		got, err := parseImageReference(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "Nginx", "nginx:", "nginx@sha256:12", "a//b", "a b", "nginx:-x", "-a"} {
		_, err := parseImageReference(text)
		require.Error(t, err, text)
	}
}
