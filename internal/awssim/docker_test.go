package awssim

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim/docker"
	"github.com/portico-iac/portico/internal/awssim/ecr"
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
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

func (e *environment) build(name string, changes engine.Object) (*engine.Resource, error) {
	e.t.Helper()
	inputs := engine.Object{"imageName": proxyImage + ":1", "build": map[string]any{"context": e.context, "platform": "linux/arm64"},
		"registry": map[string]any{"server": "https://" + testAccount + ".dkr.ecr.us-east-1.amazonaws.com", "username": "AWS",
			"password": ecr.RegistryPassword(testAccount, testRegion)}}
	maps.Copy(inputs, changes)
	return e.create(view.DockerImageType, name, inputs)
}

func TestImageIsBuiltAndPushed(t *testing.T) {
	e := newEnvironment(t)
	e.part(view.RepositoryType, "proxy", engine.Object{"imageTagMutability": "IMMUTABLE"})
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
	built, err := e.build("image", engine.Object{"build": map[string]any{"context": e.context, "platform": "linux/arm64",
		"args": map[string]any{"BASE_IMAGE": "nginx:1.30"}}})
	require.NoError(t, err)
	require.Regexp(t, `^`+proxyImage+`@sha256:[0-9a-f]{64}$`, built.Properties.Text("repoDigest"))

	want := ecr.ContainerImage{Base: "nginx:1.30", Platform: "linux/arm64", User: "101", WorkingDirectory: "/srv", StopSignal: "SIGQUIT",
		Entrypoint: []string{"sh", "/etc/proxy/entrypoint.sh"}, Command: []string{},
		Environment: map[string]string{"PROXY_HOME": "/etc/proxy", "MODE": "a b"}, Files: []ecr.ImageFile{
			{Path: "/etc/proxy/nginx.conf", Mode: 0o644, Data: []byte("events {}\n")},
			{Path: "/etc/proxy/routes.conf", Mode: 0o644, Data: []byte("# routes\n")},
			{Path: "/srv/below/routes.conf", Mode: 0o755, Data: []byte("# routes\n")},
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

	_, err = e.build("same", engine.Object{"build": map[string]any{"context": e.context, "platform": "linux/arm64"}})
	require.ErrorContains(t, err, "cannot be overwritten because the repository is immutable")
}

// TestTheSameContentHasAnotherDigestElsewhere builds one context twice, as two
// machines do, and as going back to an earlier mapping does.
func TestTheSameContentHasAnotherDigestElsewhere(t *testing.T) {
	for mutability, want := range map[string]string{"MUTABLE": "", "IMMUTABLE": "cannot be overwritten because the repository is immutable"} {
		t.Run(mutability, func(t *testing.T) {
			e := newEnvironment(t)
			e.part(view.RepositoryType, "proxy", engine.Object{"imageTagMutability": mutability})
			pushed := e.Now()
			first, err := e.build("image", nil)
			require.NoError(t, err)
			same, err := e.build("again", nil)
			require.NoError(t, err, "the same digest under the same tag")
			require.Equal(t, first.Properties["repoDigest"], same.Properties["repoDigest"])

			require.NoError(t, e.Pass(time.Hour))
			_, err = e.build("an hour later", nil)
			require.NoError(t, err)
			answer, err := e.caller.Invoke("aws:ecr/getImage:getImage", engine.Object{"repositoryName": "proxy", "imageTag": "1"})
			require.NoError(t, err)
			require.Equal(t, "proxy@"+answer.Text("imageDigest"), strings.TrimPrefix(first.Properties.Text("repoDigest"), testAccount+".dkr.ecr.us-east-1.amazonaws.com/"))
			require.WithinDuration(t, pushed, time.Unix(int64(answer.Number("imagePushedAt")), 0), time.Minute, "the image was there an hour later")

			require.NoError(t, os.Chtimes(filepath.Join(e.context, "nginx.conf"), time.Time{}, time.Now().Add(time.Hour)))
			later, err := e.build("later", nil)
			if want != "" {
				require.ErrorContains(t, err, want)
				return
			}
			require.NoError(t, err)
			require.NotEqual(t, first.Properties["repoDigest"], later.Properties["repoDigest"])
			for _, reference := range []string{first.Properties.Text("repoDigest"), later.Properties.Text("repoDigest"), proxyImage + ":1"} {
				_, err := e.Image(reference)
				require.NoError(t, err, "tasks that run the earlier one by its digest can still be started")
			}
		})
	}
}

func TestImageIsRefused(t *testing.T) {
	registry := func(changes map[string]any) engine.Object {
		r := map[string]any{"server": proxyImage, "username": "AWS", "password": ecr.RegistryPassword(testAccount, testRegion)}
		maps.Copy(r, changes)
		return engine.Object{"registry": r}
	}
	for sentence, test := range map[string]struct {
		files   map[string]string
		changes engine.Object
		want    string
	}{
		"there is no Dockerfile":               {map[string]string{"Other": "FROM a"}, nil, "open dockerfile"},
		"an instruction is unknown":            {map[string]string{"Dockerfile": "FROM a\nCOPPY x /"}, nil, "dockerfile:2: unknown instruction: COPPY"},
		"a source of COPY is missing":          {map[string]string{"Dockerfile": "FROM a\nCOPY routes.conf /etc/"}, nil, "not found in the build context"},
		"COPY leaves the context":              {map[string]string{"Dockerfile": "FROM a\nCOPY ../x /etc/"}, nil, "outside the build context"},
		"several sources and no directory":     {map[string]string{"Dockerfile": "FROM a\nCOPY a b /etc", "a": "", "b": ""}, nil, "must be a directory"},
		"there is no FROM":                     {map[string]string{"Dockerfile": "ARG A=1\nUSER 101"}, nil, "a FROM comes first"},
		"the base image has no name":           {map[string]string{"Dockerfile": "FROM ${NOTHING}"}, nil, "not a repository's name"},
		"the registry's password is another's": {nil, registry(map[string]any{"password": ecr.RegistryPassword("222222222222", testRegion)}), "denied"},
		"the credentials are for another host": {nil, registry(map[string]any{"server": "222222222222.dkr.ecr.us-east-1.amazonaws.com"}), "no basic auth credentials"},
		"there are no credentials":             {nil, engine.Object{"registry": nil}, "no basic auth credentials"},
		"the repository does not exist":        {nil, engine.Object{"imageName": testAccount + ".dkr.ecr.us-east-1.amazonaws.com/other:1"}, "does not exist in the registry"},
		"the platform is none of Fargate's":    {nil, engine.Object{"build": map[string]any{"platform": "linux/riscv64"}}, "linux/amd64 or linux/arm64"},
		"the reference is malformed":           {nil, engine.Object{"imageName": "Proxy:1"}, "not a repository's name"},
	} {
		t.Run(sentence, func(t *testing.T) {
			e := newEnvironment(t)
			e.part(view.RepositoryType, "proxy", engine.Object{})
			if test.files != nil {
				e.context = writeContext(t, test.files)
			}
			_, err := e.build("image", test.changes)
			require.ErrorContains(t, err, test.want)
			require.Empty(t, e.Resources(engine.Filter{Type: view.ImageType}))
		})
	}
}

func TestContextDigestFollowsContentAndMode(t *testing.T) {
	root := writeContext(t, map[string]string{"Dockerfile": "FROM a", "nginx.conf": "events {}"})
	digest := func() string {
		inputs := engine.Object{"build": map[string]any{"context": root}}
		require.Empty(t, docker.ReadyToBuild(&engine.Simulator{}, inputs))
		return inputs.Object("build").Text(docker.ContextDigest)
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
	state := engine.Object{"imageName": "a:1", "repoDigest": "a@sha256:0", "baseImageName": "a:1"}
	spec := simulated().Types[view.DockerImageType]
	foreseen := spec.Foreseen(state, engine.Object{"imageName": "a:2"})
	require.Equal(t, "a:2", foreseen["imageName"])
	require.Equal(t, engine.Unknown{}, foreseen["repoDigest"])
}

func TestImageReferences(t *testing.T) {
	digest := ecr.SHA256Digest([]byte("x"))
	for text, want := range map[string]ecr.Reference{
		"nginx":                             {Host: "", Name: "nginx", Tag: "latest", Digest: ""},
		"nginx:1.30":                        {Host: "", Name: "nginx", Tag: "1.30", Digest: ""},
		"localhost:5000/team/proxy:a_b":     {Host: "localhost:5000", Name: "team/proxy", Tag: "a_b", Digest: ""},
		"public.ecr.aws/nginx/nginx:stable": {Host: "public.ecr.aws", Name: "nginx/nginx", Tag: "stable", Digest: ""},
		"team/proxy@" + digest:              {Host: "", Name: "team/proxy", Tag: "", Digest: digest},
		proxyImage + ":v1@" + digest:        {Host: testAccount + ".dkr.ecr.us-east-1.amazonaws.com", Name: "proxy", Tag: "v1", Digest: digest},
	} {
		got, err := ecr.ParseReference(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "Nginx", "nginx:", "nginx@sha256:12", "a//b", "a b", "nginx:-x", "-a"} {
		_, err := ecr.ParseReference(text)
		require.Error(t, err, text)
	}
}

// TestATagLeadsToAnotherImageForRegistriesOnly moves a base's tag. The machine that has
// built on it goes on to build on the image that it has pulled; the registry answers
// with the other one.
func TestATagLeadsToAnotherImageForRegistriesOnly(t *testing.T) {
	const base = "public.ecr.aws/nginx/nginx-unprivileged:1.30"
	e := newEnvironment(t)
	e.part(view.RepositoryType, "proxy", engine.Object{})
	lookUp := func(name string) (string, error) {
		answer, err := e.caller.Invoke("docker:index/getRegistryImage:getRegistryImage", engine.Object{"name": name})
		return answer.Text("sha256Digest"), err
	}
	build := func(resource, from string) string {
		e.context = writeContext(t, map[string]string{"Dockerfile": "FROM " + from + "\nCOPY Dockerfile /\n"})
		require.NoError(t, os.Chtimes(filepath.Join(e.context, "Dockerfile"), time.Time{}, time.Unix(0, 0)))
		built, err := e.build(resource, nil)
		require.NoError(t, err)
		return built.Properties.Text("repoDigest")
	}
	_, err := lookUp(base)
	require.ErrorContains(t, err, "fetch image version")

	e.PublishImage(PublicImage{Reference: base})
	old, err := lookUp(base)
	require.NoError(t, err)
	require.Regexp(t, `^sha256:[0-9a-f]{64}$`, old)
	first := build("first", base)

	e.PublishImage(PublicImage{Reference: base, ContainerImage: ContainerImage{User: "101"}})
	patched, err := lookUp(base)
	require.NoError(t, err)
	require.NotEqual(t, old, patched)
	same, err := lookUp(base + "@" + old)
	require.NoError(t, err)
	require.Equal(t, old, same, "the former image is there by its digest")
	require.Equal(t, first, build("again", base), "the machine has the former one")
	require.NotEqual(t, build("old", base+"@"+old), build("patched", base+"@"+patched))
	for digest, user := range map[string]string{old: "", patched: "101"} {
		image, err := e.Image(base + "@" + digest)
		require.NoError(t, err)
		require.Equal(t, user, image.User)
	}
}
