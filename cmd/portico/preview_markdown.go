package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-iac/portico/internal/aws"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/review"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/mapping"
)

// reviewOptions are the flags of preview --markdown.
type reviewOptions struct {
	markdown bool
	html     string
	base     string
	outputs  string
	links    string
	maxBytes int
}

// The flags that mean nothing to the engine's preview: those of a comparison, and
// those of the comment.
var (
	comparisonOnly = []string{"base", "outputs"}
	commentOnly    = []string{"links", "max-bytes"}
)

// withReview gives preview the flag --markdown, which asks for no engine, no
// credentials and no Docker: what it prints comes from the files alone. --html writes
// the same comparison as a page, and adds what the engine's preview says unless
// --markdown asks for none.
func (c *cli) withReview(cmd *cobra.Command, env *environmentOptions) {
	var o reviewOptions
	cmd.Long = `Show what up would do to an environment.

With --markdown, print the comment that a reviewer of a change wants, from the
mapping, its base revision and the stacks' settings alone: no credentials, no
Docker and no Pulumi state are needed.

With --html, write a page: the path of each row's requests as a picture, what
changes since the base revision, policies before and after, limits and cost, and
what the engine's preview would do to each stack. With --markdown beside it no
engine is asked.`
	f := cmd.Flags()
	f.BoolVar(&o.markdown, "markdown", false, "print a pull request's comment instead of running the engine's preview")
	f.StringVar(&o.html, "html", "", htmlUsage)
	f.StringVar(&o.base, "base", "HEAD", "with --markdown or --html: the `REVISION` to compare with, as git names it")
	f.StringVar(&o.outputs, "outputs", "", "with --markdown or --html: the `FILE` that pulumi stack output --json wrote for the shared stack")
	f.StringVar(&o.links, "links", "", "with --markdown: the `URL` that links to the mapping's lines begin with, such as https://github.com/OWNER/NAME/blob/SHA")
	f.IntVar(&o.maxBytes, "max-bytes", review.MaxComment, "with --markdown: the comment's greatest length in `BYTES`; 0 for any")
	engine := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkHTML(o.html); err != nil {
			return err
		}
		if o.markdown {
			return c.action(func(ctx context.Context) error { return c.review(ctx, *env, o) })(cmd, args)
		}
		for _, name := range commentOnly {
			if cmd.Flags().Changed(name) {
				return usagef("--%s is for --markdown", name)
			}
		}
		if o.html != "" {
			return c.action(func(ctx context.Context) error { return c.previewPage(ctx, *env, o) })(cmd, args)
		}
		for _, name := range comparisonOnly {
			if cmd.Flags().Changed(name) {
				return usagef("--%s is for --markdown and --html", name)
			}
		}
		return engine(cmd, args)
	}
}

// comparison is an environment's files, compared with those of a base revision.
type comparison struct {
	// review is nil if mistakes keep the files from being compared.
	review   *review.Review
	mistakes []review.Mistake
	// reported is what the command reports beside the comment.
	reported error
	style    review.Style
}

// compare compares the working tree with the base revision.
func compare(ctx context.Context, env environmentOptions, o reviewOptions) (*comparison, error) {
	if o.maxBytes < 0 {
		return nil, usagef("--max-bytes %d: expected 0 or more", o.maxBytes)
	}
	endpoints, err := endpointsOf(o.outputs)
	if err != nil {
		return nil, err
	}
	repository := git{ctx, env.dir}
	head, path, err := described(workingTree(env.dir), env.name, env.dir, written)
	found := &comparison{style: review.Style{
		Links: o.links, Path: repository.pathInRepository(path), MaxBytes: o.maxBytes,
		Directory: path != "" && mapping.IsDirectory(filepath.Join(env.dir, path)),
		Whole:     fmt.Sprintf("portico preview --env %s --markdown --base %s --max-bytes 0", env.name, o.base),
	}}
	switch {
	case errors.As(err, new(settings.Errors)):
		// They are not in the file that the comment's links lead to, so that
		// the log has them with their places.
		found.mistakes, found.reported = reviewMistakes(err, repository), err
		return found, nil
	case err != nil && len(path) == 0:
		return nil, err
	case err != nil:
		found.mistakes, found.reported = review.Mistakes(err), errReported
		return found, nil
	}
	files, err := repository.commit(o.base)
	if err != nil {
		return nil, err
	}
	// What is wrong with the base is told in the comment: a change that
	// corrects it must be reviewable. base.Absent says it.
	base, _, _ := described(files, env.name, env.dir, written)
	found.review, err = review.Compare(review.Request{Environment: env.name, Base: base, Head: head, Endpoints: endpoints})
	if err != nil {
		found.mistakes, found.reported = review.Mistakes(err), errReported
	}
	return found, nil
}

// review writes the comment, and the page if there is to be one.
func (c *cli) review(ctx context.Context, env environmentOptions, o reviewOptions) error {
	found, err := compare(ctx, env, o)
	if err != nil {
		return err
	}
	if err := found.writePage(o.html, env, nil); err != nil {
		return err
	}
	text := review.MistakesMarkdown(env.name, found.mistakes, found.style)
	if found.review != nil {
		if text, err = found.review.Markdown(found.style); err != nil {
			return err
		}
	}
	return cmp.Or(c.writeText(text), found.reported)
}

// reviewMistakes takes an error of described apart. A mistake in a settings file
// has its place in its path: the comment's lines are the mapping's.
func reviewMistakes(err error, repository git) []review.Mistake {
	if !errors.As(err, new(settings.Errors)) {
		var one *settings.Error
		if !errors.As(err, &one) {
			return review.Mistakes(err)
		}
		place := one.Position
		if inside, err := filepath.Rel(repository.dir, place.File); err == nil {
			place.File = repository.pathInRepository(inside)
		}
		return []review.Mistake{{Path: strings.TrimSuffix(place.String()+" "+one.Key, " "), Message: one.Problem, Fix: one.Fix}}
	}
	var list []review.Mistake
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range several.Unwrap() {
			list = append(list, reviewMistakes(e, repository)...)
		}
	}
	return list
}

func (c *cli) writeText(text string) error {
	if _, err := io.WriteString(c.out, text); err != nil {
		return fmt.Errorf("write the comment: %w", err)
	}
	return nil
}

// endpointsOf reads the VPC endpoints' IDs by front door from the shared stack's
// outputs; there are none without a file.
func endpointsOf(path string) (map[mapping.FrontDoor]string, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the shared stack's outputs: %w", err)
	}
	var values map[string]any
	if err := json.Unmarshal(data, &values); err != nil {
		return nil, fmt.Errorf("read the shared stack's outputs: %s: %w", path, err)
	}
	shared, err := outputs.DecodeShared(values)
	if err != nil {
		return nil, fmt.Errorf("read the shared stack's outputs: %s: %w: write the file with `pulumi stack output --json`, of a stack that this version of Portico brought up", path, err)
	}
	if !aws.IsResourceID("vpce", shared.VPCEndpointID) {
		return nil, fmt.Errorf("read the shared stack's outputs: %s has vpcEndpointId %q: expected an endpoint's ID, as `pulumi stack output --json` prints it", path, shared.VPCEndpointID)
	}
	for _, frontDoor := range slices.Sorted(maps.Keys(shared.Endpoints)) {
		if id := shared.Endpoints[frontDoor]; !aws.IsResourceID("vpce", id) {
			return nil, fmt.Errorf("read the shared stack's outputs: %s has %q as endpoints.%s: expected an endpoint's ID", path, id, frontDoor)
		}
	}
	return shared.Endpoints, nil
}
