package accounts

import (
	"cmp"
	"fmt"
	"time"

	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/aws"
	"github.com/portico-iac/portico/internal/nginxconf"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

// The base of the proxy's image is what portico:image.base names. A tag leads to
// another image some day, and each machine that builds keeps the one that it has
// pulled, so a tag is looked up when that is asked for, and the stack's outputs hold
// the digest from then on: docs/design/image.md.

// dockerProvider is the provider that builds images and asks registries, made once.
func (s *sharedStack) dockerProvider() (pulumi.ProviderResource, error) {
	if s.docker != nil {
		return s.docker, nil
	}
	made, err := docker.NewProvider(s.ctx, "docker", &docker.ProviderArgs{})
	if err != nil {
		return nil, fmt.Errorf("configure Docker provider: %w", err)
	}
	s.docker = made
	return made, nil
}

// buildsImage reports whether the stack builds the proxy's image.
func (s *sharedStack) buildsImage() bool {
	return s.config.Image.URI == "" && s.deploys(mapping.FrontDoorNGINX)
}

// chooseBase decides on the image that the proxy's is built on, and looks its tag up
// where that is asked for. An error says why it can't be, and what to do.
func (s *sharedStack) chooseBase() error {
	if !s.buildsImage() {
		if s.refreshImage && s.config.Image.URI != "" {
			return fmt.Errorf("the image can't be built on a newer base: portico:image.uri names a prebuilt one, %s: push one that is built anew, and name it there", s.config.Image.URI)
		}
		return nil
	}
	named := cmp.Or(s.config.Image.Base, nginxconf.DefaultBaseImage)
	base, err := aws.ParseImage(named)
	if err != nil {
		return fmt.Errorf("read portico:image.base: %w", err)
	}
	record := outputs.BaseImage{Reference: named, Refresh: s.config.Image.Refresh}
	before := s.reports.own.BaseImage
	if before == nil {
		before = new(outputs.BaseImage)
	}
	switch {
	case base.Digest != "":
		if err := s.refusePinned(base); err != nil {
			return err
		}
	case s.refreshImage, record.Refresh != "" && record.Refresh != before.Refresh, record.Refresh != "" && named != before.Reference:
		if record.Digest, err = s.lookUp(base); err != nil {
			return err
		}
		s.lookedUp = true
	case named == before.Reference:
		record.Digest = before.Digest
	}
	record.Refresh = cmp.Or(record.Refresh, before.Refresh)
	record.Since = s.now().UTC().Format(time.RFC3339)
	if record.Reference == before.Reference && record.Digest == before.Digest && before.Since != "" {
		record.Since = before.Since
	}
	s.base = &record
	return nil
}

// refusePinned refuses to refresh a base whose digest the settings have, and says what
// its tag leads to, which is what the settings are to have. That the digest is the
// newest of its tag is no error.
func (s *sharedStack) refusePinned(base aws.Image) error {
	if !s.refreshImage {
		return nil
	}
	const why = "the image can't be built on a newer base: portico:image.base has a digest"
	if base.Tag == "" {
		return fmt.Errorf("%s and no tag to look up: write the new digest there", why)
	}
	digest, err := s.lookUp(base)
	switch {
	case err != nil:
		return fmt.Errorf("%s: write the new one there (%w)", why, err)
	case digest == base.Digest:
		s.lookedUp = true
		return nil
	}
	return fmt.Errorf("%s, and its tag leads to another one: write portico:image.base: %s@%s", why, base.Tagged(), digest)
}

func (s *sharedStack) lookUp(base aws.Image) (string, error) {
	provider, err := s.dockerProvider()
	if err != nil {
		return "", err
	}
	digest, err := components.LookUpDigest(s.ctx, base.String(), provider)
	if err != nil {
		return "", fmt.Errorf("%w: look it up with `docker buildx imagetools inspect %s`, and write portico:image.base: %[2]s@sha256:...", err, base.Tagged())
	}
	return digest, nil
}

// baseReference is the base as the Dockerfile names it.
func (s *sharedStack) baseReference() string {
	if s.base.Digest == "" {
		return s.base.Reference
	}
	return s.base.Reference + "@" + s.base.Digest
}

// baseNotices say what a look-up has found, that a tag decides on the base, and that the
// base is old.
func (s *sharedStack) baseNotices() []string {
	if s.base == nil {
		return nil
	}
	var lines []string
	before := s.reports.own.BaseImage
	base, _ := aws.ParseImage(s.base.Reference) // chooseBase has read it
	asBefore := base.Digest != "" || before != nil && before.Reference == s.base.Reference && before.Digest == s.base.Digest
	switch {
	case s.lookedUp && asBefore:
		lines = append(lines, fmt.Sprintf("the base image %s leads to %s as before: no task is replaced for it", base.Tagged(), cmp.Or(base.Digest, s.base.Digest)))
	case s.lookedUp:
		lines = append(lines, fmt.Sprintf("the base image %s leads to %s now: the proxy's image is built on that from this update on, and its tasks are replaced", s.base.Reference, s.base.Digest))
	case s.base.Digest == "" && base.Digest == "":
		lines = append(lines, fmt.Sprintf("the base image %s is named by its tag: which image a build takes depends on the day and on the machine, and a newer one under the tag reaches no task: "+
			"look it up with portico up --refresh-image, or write portico:image.base with the digest, %[1]s@sha256:...", s.base.Reference))
	}
	since, err := time.Parse(time.RFC3339, s.base.Since)
	if days := s.daysSince(since); err == nil && s.isOld(days) {
		how := "look for a newer one with portico up --refresh-image"
		if base.Digest != "" {
			how = "look for a newer one, and write its digest in portico:image.base"
		}
		lines = append(lines, fmt.Sprintf("the proxy's image is built on %s since %s, %d days ago (portico:image.baseAgeDays: %d): what was published about its packages since is not in it: %s",
			s.baseReference(), since.Format(time.DateOnly), days, *s.config.Image.BaseAgeDays, how))
	}
	return lines
}

// exportBase exports what the image is built on, once the tasks run it. A preview
// exports what they will.
func (s *sharedStack) exportBase(service *components.Service) error {
	if s.base == nil || service == nil {
		return nil
	}
	encoded, err := outputs.Encode(s.base)
	if err != nil {
		return err
	}
	if s.ctx.DryRun() {
		s.ctx.Export("baseImage", pulumi.Any(encoded))
		return nil
	}
	s.ctx.Export("baseImage", service.TaskDefinitionARN.ApplyT(func(string) any { return encoded }))
	return nil
}
