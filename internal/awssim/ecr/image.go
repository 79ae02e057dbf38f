package ecr

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"time"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// ContainerImage is an image of a registry: its configuration, and the files
// that its build laid over the base image's.
type ContainerImage struct {
	Base     string `json:",omitempty"` // reference of the image it was built from
	Platform string `json:",omitempty"` // "linux/arm64"; empty: every platform's

	User             string            `json:",omitempty"`
	WorkingDirectory string            `json:",omitempty"`
	StopSignal       string            `json:",omitempty"`
	Entrypoint       []string          `json:",omitempty"`
	Command          []string          `json:",omitempty"`
	Environment      map[string]string `json:",omitempty"`
	Files            []ImageFile       `json:",omitempty"` // sorted by path

	// BaseDigest is what the base's reference led to when the image was built.
	BaseDigest string `json:"-"`
}

// ImageFile is a file of an image or of a build context.
type ImageFile struct {
	Path string // absolute in an image, relative to the root in a context
	Mode fs.FileMode
	Data []byte

	// Modified is the file's time while an image is built: layers keep it, and so
	// the image's digest depends on it. Stored images don't show it.
	Modified time.Time `json:"-"`
}

// PublicImages are the images that registries hold and no program pushed. Of several
// with one tag, the tag leads to the last.
type PublicImages []PublicImage

// PublicImage is an image that a registry holds and no program pushed.
type PublicImage struct {
	// Reference names it as task definitions do: with host and with tag or
	// digest, "public.ecr.aws/team/proxy:1.0".
	Reference string
	ContainerImage
}

// digest is the image's digest: that of its reference, or its content's.
func (p PublicImage) digest() string {
	if ref, err := ParseReference(p.Reference); err == nil && ref.Digest != "" {
		return ref.Digest
	}
	return p.Digest()
}

// PublishImage lets a public registry hold an image beside those that it holds. The
// reference's tag leads to it from now on; the image that the tag led to has its digest
// still.
func PublishImage(s *engine.Simulator, image PublicImage) {
	engine.ChangeFact(s, func(all PublicImages) PublicImages { return append(slices.Clone(all), image) })
}

// findPublic is the image that a reference leads to in the public registries. A digest
// beside a tag decides, as for Docker.
func findPublic(op *engine.Op, wanted Reference) (PublicImage, bool) {
	for _, public := range slices.Backward(engine.Fact[PublicImages](op.Simulator)) {
		ref, err := ParseReference(public.Reference)
		if err != nil || ref.Host != wanted.Host || ref.Name != wanted.Name {
			continue
		}
		if wanted.Digest == "" && ref.Tag == wanted.Tag || wanted.Digest != "" && public.digest() == wanted.Digest {
			return public, true
		}
	}
	return PublicImage{}, false
}

// PublicDigest is what a public registry answers an anonymous question for an image's
// digest.
func PublicDigest(op *engine.Op, reference string) (string, error) {
	ref, err := ParseReference(reference)
	if err != nil {
		return "", err
	}
	public, found := findPublic(op, ref)
	if !found {
		return "", fmt.Errorf("%s:%s is not found, or asks for credentials", ref.Name, ref.Tag)
	}
	return public.digest(), nil
}

// Digest is the digest of an image that was just built: that of its configuration
// and its layers, which hold the files' times and the base's own layers. The same
// content built elsewhere has another one.
//
// Sources: https://github.com/moby/buildkit/issues/6348,
// https://github.com/moby/moby/issues/43124.
func (m ContainerImage) Digest() string {
	times := make([]int64, len(m.Files))
	for i, f := range m.Files {
		times[i] = f.Modified.Unix() // tar archives have no fractions
	}
	data, err := json.Marshal(struct {
		ContainerImage
		Times []int64
		Base  string
	}{m, times, m.BaseDigest})
	if err != nil {
		panic(err) // nothing in it is without JSON form
	}
	return SHA256Digest(data)
}

// Image is the image that a reference leads to, whatever account's registry
// holds it.
func Image(s *engine.Simulator, reference string) (ContainerImage, error) {
	var image ContainerImage
	var err error
	s.Look("", "", func(op *engine.Op) { image, err = FindImage(op, reference) })
	return image, err
}

// FindImage is the image that a reference leads to.
func FindImage(op *engine.Op, reference string) (ContainerImage, error) {
	ref, err := ParseReference(reference)
	if err != nil {
		return ContainerImage{}, err
	}
	if public, found := findPublic(op, ref); found {
		return public.ContainerImage, nil
	}
	account, region, private := RegistryOf(ref.Host)
	if !private {
		return ContainerImage{}, fmt.Errorf("find image %s: not found in registry %s", reference, ref.Host)
	}
	for _, r := range op.In(account, region).Having(view.ImageType, "repository", ref.Name) {
		if ref.leadsTo(r) {
			return imageOf(r), nil
		}
	}
	return ContainerImage{}, fmt.Errorf("find image %s: not found in repository %s of account %s", reference, ref.Name, account)
}

// describeImage answers which image of a repository has a tag or a digest. A repository
// of another account needs a policy of its own that admits the caller; policies of
// repositories are not simulated.
func describeImage(op *engine.Op) (engine.Object, error) {
	in := op.Inputs
	repository, registry := in.Text("repositoryName"), in.Text("registryId")
	if registry != "" && registry != op.Account {
		return nil, op.Refuse("AccessDeniedException", "User: %s is not authorized to perform: ecr:DescribeImages on resource: arn:aws:ecr:%s:%s:repository/%s because no resource-based policy allows the ecr:DescribeImages action",
			op.Caller, op.Region, registry, repository)
	}
	if op.Find(view.RepositoryType, repository) == nil && len(op.Having(view.ImageType, "repository", repository)) == 0 {
		return nil, op.Refuse("RepositoryNotFoundException", "The repository with name '%s' does not exist in the registry with id '%s'", repository, op.Account)
	}
	wanted := Reference{Tag: in.Text("imageTag"), Digest: in.Text("imageDigest")}
	for _, r := range op.Having(view.ImageType, "repository", repository) {
		if wanted.leadsTo(r) {
			digest := r.Properties.Text("digest")
			return engine.Object{"id": digest, "imageDigest": digest, "imageTag": in["imageTag"], "imageTags": engine.List(r.Properties.Texts("tags")...),
				"imageUri": "", "imagePushedAt": float64(r.Properties.Number("pushedAt")), "imageSizeInBytes": 1.0, "registryId": op.Account, "repositoryName": repository}, nil
		}
	}
	return nil, op.Refuse("ImageNotFoundException", "The image with imageId {imageDigest:'%s', imageTag:'%s'} does not exist within the repository with name '%s' in the registry with id '%s'",
		wanted.Digest, wanted.Tag, repository, op.Account)
}

func (r Reference) leadsTo(image *engine.Resource) bool {
	if r.Digest != "" {
		return image.Properties.Text("digest") == r.Digest
	}
	return slices.Contains(image.Properties.Texts("tags"), r.Tag)
}

// Stored is the image as the properties of a resource.
func (m ContainerImage) Stored() engine.Object {
	environment := map[string]any{}
	for name, value := range m.Environment {
		environment[name] = value
	}
	files := make([]any, len(m.Files))
	for i, f := range m.Files {
		files[i] = map[string]any{
			"path": f.Path, "mode": strconv.FormatUint(uint64(f.Mode), 8), "data": base64.StdEncoding.EncodeToString(f.Data),
		}
	}
	return engine.Object{
		"base": m.Base, "platform": m.Platform, "user": m.User, "workingDirectory": m.WorkingDirectory,
		"stopSignal": m.StopSignal, "entrypoint": engine.List(m.Entrypoint...), "command": engine.List(m.Command...),
		"environment": environment, "files": files,
	}
}

// imageOf is the inverse of stored.
func imageOf(r *engine.Resource) ContainerImage {
	p := r.Properties
	m := ContainerImage{
		Base: p.Text("base"), Platform: p.Text("platform"), User: p.Text("user"), WorkingDirectory: p.Text("workingDirectory"),
		StopSignal: p.Text("stopSignal"), Entrypoint: p.Texts("entrypoint"), Command: p.Texts("command"), Environment: map[string]string{},
	}
	environment := p.Object("environment")
	for name := range environment {
		m.Environment[name] = environment.Text(name)
	}
	for _, f := range p.Objects("files") {
		mode, _ := strconv.ParseUint(f.Text("mode"), 8, 32)        // written by stored
		data, _ := base64.StdEncoding.DecodeString(f.Text("data")) // likewise
		m.Files = append(m.Files, ImageFile{Path: f.Text("path"), Mode: fs.FileMode(mode), Data: data})
	}
	return m
}
