package docker

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"

	"github.com/portico-iac/portico/internal/awssim/ecr"
)

// buildInput is what an image is built from.
type buildInput struct {
	dockerfile string
	context    []ecr.ImageFile // paths relative to the context, sorted
	args       map[string]string
	platform   string
	target     string // the stage to build; "" is the last
}

// builder goes through a Dockerfile's instructions, which BuildKit has parsed,
// without running anything: what a RUN would change in the image is not in its
// files.
type builder struct {
	buildInput
	lex    *shell.Lex
	global map[string]string // ARGs before the first FROM
	args   map[string]string // ARGs and ENVs of the stage
	stages map[string]ecr.ContainerImage
	image  ecr.ContainerImage // of the stage
}

// build is the image of a Dockerfile's stage.
func build(in buildInput) (ecr.ContainerImage, error) {
	parsed, err := parser.Parse(strings.NewReader(in.dockerfile))
	if err != nil {
		return ecr.ContainerImage{}, located(err)
	}
	if !slices.ContainsFunc(parsed.AST.Children, func(n *parser.Node) bool { return strings.EqualFold(n.Value, "from") }) {
		return ecr.ContainerImage{}, errors.New("dockerfile: no build stage in it: a FROM comes first")
	}
	stages, metaArgs, err := instructions.Parse(parsed.AST, nil)
	if err != nil {
		return ecr.ContainerImage{}, located(err)
	}
	b := &builder{buildInput: in, lex: shell.NewLex(parsed.EscapeToken), global: map[string]string{}, stages: map[string]ecr.ContainerImage{}}
	for _, arg := range metaArgs {
		b.args = b.global
		if err := b.step(&arg); err != nil {
			return ecr.ContainerImage{}, err
		}
	}
	for i, stage := range stages {
		if err := b.stage(stage); err != nil {
			return ecr.ContainerImage{}, err
		}
		b.stages[fmt.Sprint(i)] = b.image
		if stage.Name != "" {
			b.stages[stage.Name] = b.image
		}
	}
	if in.target == "" {
		return b.image, nil
	}
	image, ok := b.stages[in.target]
	if !ok {
		return ecr.ContainerImage{}, fmt.Errorf("dockerfile: target stage %q could not be found", in.target)
	}
	return image, nil
}

// located is BuildKit's error with the line in front.
func located(err error) error {
	var at *parser.LocationError
	if errors.As(err, &at) && len(at.Locations) > 0 && len(at.Locations[0]) > 0 {
		return fmt.Errorf("dockerfile:%d: %w", at.Locations[0][0].Start.Line, errors.Unwrap(at))
	}
	return fmt.Errorf("dockerfile: %w", err)
}

func (b *builder) stage(stage instructions.Stage) error {
	b.args = b.global
	base, err := b.expand(stage.BaseName)
	if err != nil {
		return located(err)
	}
	earlier, ok := b.stages[base]
	if ok {
		b.image = earlier
		b.image.Environment, b.image.Files = maps.Clone(earlier.Environment), slices.Clone(earlier.Files)
	} else {
		if _, err := ecr.ParseReference(base); err != nil && base != "scratch" {
			return fmt.Errorf("dockerfile:%d: FROM: %w", stage.Location[0].Start.Line, err)
		}
		b.image = ecr.ContainerImage{Base: base, Platform: b.platform, Environment: map[string]string{}, WorkingDirectory: "/"}
	}
	b.args = map[string]string{}
	for _, command := range stage.Commands {
		if err := b.step(command); err != nil {
			return fmt.Errorf("dockerfile:%d: %s: %w", command.Location()[0].Start.Line, strings.ToUpper(command.Name()), err)
		}
	}
	return nil
}

// expand replaces the variables of a word.
func (b *builder) expand(word string) (string, error) {
	var values []string
	for name, value := range b.args {
		values = append(values, name+"="+value)
	}
	expanded, _, err := b.lex.ProcessWord(word, shell.EnvsFromSlice(values))
	return expanded, err
}

// step does one instruction. Those that are not here change nothing that readers
// see of an image.
func (b *builder) step(command instructions.Command) error {
	if c, ok := command.(instructions.SupportsSingleWordExpansion); ok {
		if err := c.Expand(b.expand); err != nil {
			return err
		}
	}
	switch c := command.(type) {
	case *instructions.ArgCommand:
		b.arg(c)
	case *instructions.EnvCommand:
		for _, pair := range c.Env {
			b.image.Environment[pair.Key], b.args[pair.Key] = pair.Value, pair.Value
		}
	case *instructions.CopyCommand:
		return b.copy(c.SourcesAndDest, c.From, c.Chmod)
	case *instructions.AddCommand:
		return b.copy(c.SourcesAndDest, "", c.Chmod)
	case *instructions.UserCommand:
		b.image.User = c.User
	case *instructions.StopSignalCommand:
		b.image.StopSignal = c.Signal
	case *instructions.WorkdirCommand:
		b.image.WorkingDirectory = b.absolute(c.Path)
	case *instructions.EntrypointCommand:
		b.image.Entrypoint, b.image.Command = commandLine(c.ShellDependantCmdLine), nil
	case *instructions.CmdCommand:
		b.image.Command = commandLine(c.ShellDependantCmdLine)
	}
	return nil
}

func (b *builder) arg(c *instructions.ArgCommand) {
	for _, arg := range c.Args {
		inherited, isGlobal := b.global[arg.Key]
		given, isGiven := b.buildInput.args[arg.Key]
		switch {
		case isGiven:
			b.args[arg.Key] = given
		case arg.Value != nil:
			b.args[arg.Key] = *arg.Value
		case isGlobal:
			b.args[arg.Key] = inherited
		}
	}
}

// commandLine is a command in its JSON form, or by way of a shell.
func commandLine(c instructions.ShellDependantCmdLine) []string {
	if c.PrependShell {
		return append([]string{"/bin/sh", "-c"}, c.CmdLine...)
	}
	return c.CmdLine
}

// copy lays files of the context, or of an earlier stage, into the image.
func (b *builder) copy(c instructions.SourcesAndDest, from, chmod string) error {
	if len(c.SourceContents) > 0 {
		return errors.New("here-documents are not simulated")
	}
	files := b.context
	if from != "" {
		stage, known := b.stages[from]
		if !known {
			return fmt.Errorf("--from=%s: no earlier stage has that name; copying from other images is not simulated", from)
		}
		files = stage.Files
	}
	if len(c.SourcePaths) > 1 && !strings.HasSuffix(c.DestPath, "/") {
		return errors.New("with more than one source file, the destination must be a directory and end with a /")
	}
	for _, source := range c.SourcePaths {
		if err := b.lay(files, source, c.DestPath, chmod); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) lay(files []ecr.ImageFile, source, destination, chmod string) error {
	clean := strings.Trim(path.Clean(source), "/")
	if strings.HasPrefix(clean, "..") {
		return fmt.Errorf("forbidden path outside the build context: %s", source)
	}
	target, found := b.absolute(destination), false
	for _, file := range files {
		name := strings.TrimPrefix(file.Path, "/")
		var to string
		switch matched, err := path.Match(clean, name); {
		case err != nil:
			return fmt.Errorf("%q: %w", source, err)
		case matched && strings.HasSuffix(destination, "/"):
			to = path.Join(target, path.Base(name))
		case matched:
			to = target
		case clean == "." || strings.HasPrefix(name, clean+"/"):
			to = path.Join(target, strings.TrimPrefix(name, clean+"/"))
		default:
			continue
		}
		found = true
		if chmod != "" {
			if _, err := fmt.Sscanf(chmod, "%o", &file.Mode); err != nil {
				return fmt.Errorf("--chmod=%s is not an octal mode", chmod)
			}
		}
		file.Path = to
		b.put(file)
	}
	if !found {
		return fmt.Errorf("failed to calculate checksum: %q: not found in the build context", "/"+clean)
	}
	return nil
}

// put adds a file to the image in place of one of the same path.
func (b *builder) put(file ecr.ImageFile) {
	b.image.Files = slices.DeleteFunc(b.image.Files, func(f ecr.ImageFile) bool { return f.Path == file.Path })
	b.image.Files = append(b.image.Files, file)
	slices.SortFunc(b.image.Files, func(a, b ecr.ImageFile) int { return strings.Compare(a.Path, b.Path) })
}

func (b *builder) absolute(name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join("/", b.image.WorkingDirectory, name)
}
