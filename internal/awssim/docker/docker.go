package docker

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"

	"github.com/portico-iac/portico/internal/awssim/ecr"
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// Service is the provider "docker" with a daemon that builds without
// running anything and pushes to the simulated registries.
func Service() engine.Service {
	return engine.Service{Functions: []*engine.Function{registryImage()}, Types: []*engine.Type{{
		Token: view.DockerImageType, Title: "Docker image", Args: docker.ImageArgs{}, State: docker.Image{},
		ID: "{imageName}", Upserts: engine.Always,
		Properties: engine.Properties{
			"build." + ContextDigest: {engine.ByProvider},
			"build.platform":         {engine.Pattern(`linux/(amd64|arm64)`, "a platform that Fargate runs: linux/amd64 or linux/arm64")},
			"imageName":              {engine.Parsed(ecr.ParseReference)},
		},

		Look: ReadyToBuild,
		// pulumi-docker's Update answers a preview with the inputs alone, so
		// that what is made from repoDigest is shown as changing too.
		PreviewsAnew: true,
		// Its Read looks at nothing and hands back what it was given, the inputs
		// too (pulumi-docker v4, provider.go).
		ReadsNothing: true,
		OnCreate:     buildAndPush,
		OnUpdate:     buildAndPush,
	}}}
}

// registryImage asks a registry which digest an image has, with the credentials of the
// provider's registryAuth alone, which is not simulated: so only public registries
// answer. A digest in the name decides, not the tag.
//
// Source: internal/provider/data_source_docker_registry_image.go of
// kreuzwerker/terraform-provider-docker.
func registryImage() *engine.Function {
	return &engine.Function{
		Token: "docker:index/getRegistryImage:getRegistryImage", Args: docker.LookupRegistryImageArgs{}, Result: docker.LookupRegistryImageResult{},
		Run: func(op *engine.Op) (engine.Object, error) {
			name := op.Inputs.Text("name")
			digest, err := ecr.PublicDigest(op, name)
			if err != nil {
				return nil, op.Fail("Got error when attempting to fetch image version %s from registry: %w", name, err)
			}
			return engine.Object{"id": digest, "name": name, "sha256Digest": digest, "insecureSkipVerify": op.Inputs["insecureSkipVerify"]}, nil
		},
	}
}

// ContextDigest is the input in which the provider notes what it found in the
// build context, so that a changed file is a changed input.
const ContextDigest = "contextDigest"

// ReadyToBuild looks at the build context, in previews too: like the real
// provider it fails when a file is missing, and notes the context's digest.
func ReadyToBuild(s *engine.Simulator, inputs engine.Object) []engine.Problem {
	settings := inputs.Object("build")
	if settings == nil || engine.ContainsUnknown(settings["context"]) || engine.ContainsUnknown(settings["dockerfile"]) {
		return nil
	}
	dockerfile, files, err := readContext(s, settings)
	if err != nil {
		return []engine.Problem{{Property: "build", Reason: err.Error()}}
	}
	digest := sha256.New()
	fmt.Fprintf(digest, "%d %s", len(dockerfile), dockerfile)
	for _, f := range files {
		fmt.Fprintf(digest, "%s %o %d %s", f.Path, f.Mode, len(f.Data), f.Data)
	}
	settings[ContextDigest] = hex.EncodeToString(digest.Sum(nil))
	return nil
}

// buildDirectory is where relative build contexts begin; "" is here.
type buildDirectory string

// BuildIn says where relative paths of build contexts begin. The engine starts
// the real provider in the project's directory; a simulator that it attaches to
// was started elsewhere.
func BuildIn(s *engine.Simulator, dir string) {
	engine.ChangeFact(s, func(buildDirectory) buildDirectory { return buildDirectory(dir) })
}

// readContext reads the Dockerfile and the files beside it.
func readContext(s *engine.Simulator, settings engine.Object) (dockerfile string, files []ecr.ImageFile, err error) {
	within := func(path string) string {
		if filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(string(engine.Fact[buildDirectory](s)), path)
	}
	root := within(cmp.Or(settings.Text("context"), "."))
	name := filepath.Join(root, "Dockerfile")
	if given := settings.Text("dockerfile"); given != "" {
		name = within(given)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return "", nil, fmt.Errorf("open dockerfile: %w", err)
	}
	if _, err := os.Stat(filepath.Join(root, ".dockerignore")); err == nil {
		return "", nil, fmt.Errorf("read build context %s: .dockerignore is not simulated", root)
	}
	files, err = filesOf(root)
	return string(text), files, err
}

func filesOf(root string) ([]ecr.ImageFile, error) {
	var files []ecr.ImageFile
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is neither a file nor a directory; nothing else is simulated", name)
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, name)
		files = append(files, ecr.ImageFile{Path: filepath.ToSlash(relative), Mode: info.Mode().Perm(), Data: data, Modified: info.ModTime()})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read build context: %w", err)
	}
	return files, nil
}

func buildAndPush(op *engine.Op) error {
	settings := op.Inputs.Object("build")
	dockerfile, files, err := readContext(op.Simulator, settings)
	if err != nil {
		return op.Fail("%w", err)
	}
	platform := settings.Text("platform")
	if platform == "" {
		platform = "linux/" + runtime.GOARCH
	}
	args := map[string]string{}
	for name := range settings.Object("args") {
		args[name] = settings.Object("args").Text(name)
	}
	image, err := build(buildInput{dockerfile, files, args, platform, settings.Text("target")})
	if err != nil {
		return op.Fail("build image: %w", err)
	}
	image.BaseDigest = baseDigest(op, image.Base)
	ref, err := ecr.ParseReference(op.Inputs.Text("imageName"))
	if err != nil {
		return op.Fail("%w", err)
	}
	showBuild(op, settings, image, ref)
	if op.Inputs.Flag("skipPush") {
		return nil
	}
	return push(op, image, ref)
}

// pulledImages are what references lead to on the machine that builds, which keeps
// what it has pulled.
type pulledImages map[string]string

// baseDigest is the image that a build starts from. A reference without a digest is
// looked for on the machine first, and in its registry only where it is not there: a
// tag that has moved since is not seen.
//
// Source: builder/builder-next/adapters/containerimage/pull.go of moby/moby, resolve
// mode default.
func baseDigest(op *engine.Op, base string) string {
	pulled := engine.Fact[pulledImages](op.Simulator)
	if digest, found := pulled[base]; found {
		return digest
	}
	digest := base
	if ref, err := ecr.ParseReference(base); err == nil && ref.Digest != "" {
		return ref.Digest
	}
	if public, err := ecr.PublicDigest(op, base); err == nil {
		digest = public
	} else if image, err := ecr.FindImage(op, base); err == nil {
		digest = image.Digest()
	}
	pulled = maps.Clone(pulled)
	if pulled == nil {
		pulled = pulledImages{}
	}
	pulled[base] = digest
	engine.SetFact(op, pulled)
	return digest
}

// showBuild sets the outputs that the resource has; the others of its inputs
// are not among them.
func showBuild(op *engine.Op, settings engine.Object, image ecr.ContainerImage, ref ecr.Reference) {
	op.Outputs = engine.Object{
		"baseImageName": op.Inputs.Text("imageName"), "imageName": op.Inputs.Text("imageName"),
		"context": settings.Text("context"), "dockerfile": settings.Text("dockerfile"), "platform": image.Platform,
		"registryServer": op.Inputs.Object("registry").Text("server"),
		"repoDigest":     strings.TrimPrefix(ref.Host+"/"+ref.Name+"@"+image.Digest(), "/"),
	}
}

// push uploads an image to a private registry with the credentials given.
func push(op *engine.Op, image ecr.ContainerImage, ref ecr.Reference) error {
	account, region, private := ecr.RegistryOf(ref.Host)
	if !private {
		return op.Fail("push %s: no registry %q is simulated but the accounts' own", ref.Name, ref.Host)
	}
	if err := logIn(op, ref, account, region); err != nil {
		return err
	}
	registry := op.In(account, region)
	repository := registry.Find(view.RepositoryType, ref.Name)
	if repository == nil {
		return op.Fail("push %s: name unknown: The repository with name '%s' does not exist in the registry with id '%s'", ref.Name, ref.Name, account)
	}
	if err := ecr.AuthorizePush(op, repository); err != nil {
		return err
	}
	pushed := engine.Resource{Account: account, Region: region, Type: view.ImageType, ID: ref.Name + "@" + image.Digest(), Properties: image.Stored()}
	tags := []string{ref.Tag}
	for _, other := range registry.All(view.ImageType) {
		if other.Properties.Text("repository") != ref.Name {
			continue
		}
		had := other.Properties.Texts("tags")
		if other.ID == pushed.ID {
			tags = slices.Compact(slices.Sorted(slices.Values(append(had, ref.Tag))))
			continue
		}
		if !slices.Contains(had, ref.Tag) {
			continue
		}
		if repository.Properties.Text("imageTagMutability") == "IMMUTABLE" {
			return op.Fail("push %s: tag invalid: The image tag '%s' already exists in the '%s' repository and cannot be overwritten because the repository is immutable",
				ref.Name, ref.Tag, ref.Name)
		}
		untagged := other.Clone()
		untagged.Properties["tags"] = engine.List(slices.DeleteFunc(had, func(tag string) bool { return tag == ref.Tag })...)
		op.Put(untagged)
	}
	pushed.Properties["pushedAt"] = float64(op.Now().Unix())
	if had := registry.Find(view.ImageType, pushed.ID); had != nil {
		pushed.Properties["pushedAt"] = had.Properties["pushedAt"]
	}
	pushed.Properties["repository"], pushed.Properties["digest"], pushed.Properties["tags"] = ref.Name, image.Digest(), engine.List(tags...)
	op.Put(pushed)
	return nil
}

func logIn(op *engine.Op, ref ecr.Reference, account, region string) error {
	registry := op.Inputs.Object("registry")
	server := registry.Text("server")
	if parsed, err := url.Parse(server); err == nil && parsed.Host != "" {
		server = parsed.Host
	}
	server, _, _ = strings.Cut(server, "/")
	switch {
	case registry == nil || server != ref.Host:
		return op.Fail("push %s: no basic auth credentials for %s (they are for %q)", ref.Name, ref.Host, server)
	case registry.Text("username") != "AWS" || registry.Text("password") != ecr.RegistryPassword(account, region):
		return op.Fail("push %s: denied: Your authorization token has expired. Reauthenticate and try again. (%s)", ref.Name, ref.Host)
	}
	return nil
}
