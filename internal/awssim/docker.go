package awssim

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
)

// dockerService is the provider "docker" with a daemon that builds without
// running anything and pushes to the simulated registries.
func dockerService() service {
	return service{types: []*typeSpec{{
		token: dockerImageType, title: "Docker image", args: docker.ImageArgs{}, state: docker.Image{},
		id: "{imageName}", upserts: always,
		rules: map[string][]rule{
			"imageName":      {validReference},
			"build.platform": {pattern(`linux/(amd64|arm64)`, "a platform that Fargate runs: linux/amd64 or linux/arm64")},
		},
		look: readyToBuild,
		// pulumi-docker's Update answers a preview with the inputs alone, so
		// that what is made from repoDigest is shown as changing too.
		previewsAnew: true,
		// Its Read looks at nothing and hands back what it was given, the inputs
		// too (pulumi-docker v4, provider.go).
		readsNothing: true,
		onCreate:     buildAndPush,
		onUpdate:     buildAndPush,
	}}}
}

func validReference(v any) string {
	text, _ := v.(string)
	if _, err := parseImageReference(text); err != nil {
		return err.Error()
	}
	return ""
}

// contextDigest is the input in which the provider notes what it found in the
// build context, so that a changed file is a changed input.
const contextDigest = "contextDigest"

// readyToBuild looks at the build context, in previews too: like the real
// provider it fails when a file is missing, and notes the context's digest.
func readyToBuild(s *Simulator, inputs Object) []problem {
	settings := inputs.Object("build")
	if settings == nil || containsUnknown(settings["context"]) || containsUnknown(settings["dockerfile"]) {
		return nil
	}
	dockerfile, files, err := s.readContext(settings)
	if err != nil {
		return []problem{{"build", err.Error()}}
	}
	digest := sha256.New()
	fmt.Fprintf(digest, "%d %s", len(dockerfile), dockerfile)
	for _, f := range files {
		fmt.Fprintf(digest, "%s %o %d %s", f.Path, f.Mode, len(f.Data), f.Data)
	}
	settings[contextDigest] = hex.EncodeToString(digest.Sum(nil))
	return nil
}

// buildDirectory is where relative build contexts begin; "" is here.
type buildDirectory string

// BuildIn says where relative paths of build contexts begin. The engine starts
// the real provider in the project's directory; a simulator that it attaches to
// was started elsewhere.
func (s *Simulator) BuildIn(dir string) {
	changeFact(s, func(buildDirectory) buildDirectory { return buildDirectory(dir) })
}

// readContext reads the Dockerfile and the files beside it.
func (s *Simulator) readContext(settings Object) (dockerfile string, files []ImageFile, err error) {
	within := func(path string) string {
		if filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(string(factOf[buildDirectory](s)), path)
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

func filesOf(root string) ([]ImageFile, error) {
	var files []ImageFile
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
		files = append(files, ImageFile{filepath.ToSlash(relative), info.Mode().Perm(), data})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read build context: %w", err)
	}
	return files, nil
}

func buildAndPush(c *call) error {
	settings := c.inputs.Object("build")
	dockerfile, files, err := c.simulator.readContext(settings)
	if err != nil {
		return c.fail("%w", err)
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
		return c.fail("build image: %w", err)
	}
	ref, err := parseImageReference(c.inputs.Text("imageName"))
	if err != nil {
		return c.fail("%w", err)
	}
	c.showBuild(settings, image, ref)
	if c.inputs.Flag("skipPush") {
		return nil
	}
	return c.push(image, ref)
}

// showBuild sets the outputs that the resource has; the others of its inputs
// are not among them.
func (c *call) showBuild(settings Object, image ContainerImage, ref imageReference) {
	c.outputs = Object{
		"baseImageName": c.inputs.Text("imageName"), "imageName": c.inputs.Text("imageName"),
		"context": settings.Text("context"), "dockerfile": settings.Text("dockerfile"), "platform": image.Platform,
		"registryServer": c.inputs.Object("registry").Text("server"),
		"repoDigest":     strings.TrimPrefix(ref.host+"/"+ref.name+"@"+image.digest(), "/"),
	}
}

// push uploads an image to a private registry with the credentials given.
func (c *call) push(image ContainerImage, ref imageReference) error {
	account, region, private := registryOf(ref.host)
	if !private {
		return c.fail("push %s: no registry %q is simulated but the accounts' own", ref.name, ref.host)
	}
	if err := c.logIn(ref, account, region); err != nil {
		return err
	}
	registry := c.in(account, region)
	repository := registry.find(repositoryType, ref.name)
	if repository == nil {
		return c.fail("push %s: name unknown: The repository with name '%s' does not exist in the registry with id '%s'", ref.name, ref.name, account)
	}
	pushed := Resource{Account: account, Region: region, Type: imageType, ID: ref.name + "@" + image.digest(), Properties: image.stored()}
	tags := []string{ref.tag}
	for _, other := range registry.all(imageType) {
		if other.Properties.Text("repository") != ref.name {
			continue
		}
		had := other.Properties.Texts("tags")
		if other.ID == pushed.ID {
			tags = slices.Compact(slices.Sorted(slices.Values(append(had, ref.tag))))
			continue
		}
		if !slices.Contains(had, ref.tag) {
			continue
		}
		if repository.Properties.Text("imageTagMutability") == "IMMUTABLE" {
			return c.fail("push %s: tag invalid: The image tag '%s' already exists in the '%s' repository and cannot be overwritten because the repository is immutable",
				ref.name, ref.tag, ref.name)
		}
		untagged := other.clone()
		untagged.Properties["tags"] = list(slices.DeleteFunc(had, func(tag string) bool { return tag == ref.tag })...)
		c.put(untagged)
	}
	pushed.Properties["repository"], pushed.Properties["digest"], pushed.Properties["tags"] = ref.name, image.digest(), list(tags...)
	c.put(pushed)
	return nil
}

func (c *call) logIn(ref imageReference, account, region string) error {
	registry := c.inputs.Object("registry")
	server := registry.Text("server")
	if parsed, err := url.Parse(server); err == nil && parsed.Host != "" {
		server = parsed.Host
	}
	server, _, _ = strings.Cut(server, "/")
	switch {
	case registry == nil || server != ref.host:
		return c.fail("push %s: no basic auth credentials for %s (they are for %q)", ref.name, ref.host, server)
	case registry.Text("username") != "AWS" || registry.Text("password") != registryPassword(account, region):
		return c.fail("push %s: denied: Your authorization token has expired. Reauthenticate and try again. (%s)", ref.name, ref.host)
	}
	return nil
}
