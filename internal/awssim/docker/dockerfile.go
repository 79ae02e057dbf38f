package docker

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

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

// builder goes through a Dockerfile's instructions without running anything:
// what a RUN would change in the image is not in its files.
// https://docs.docker.com/reference/dockerfile/
type builder struct {
	buildInput
	global  map[string]string // ARGs before the first FROM
	args    map[string]string // ARGs and ENVs of the stage
	stages  map[string]ecr.ContainerImage
	names   []string // of stages, in order
	current *ecr.ContainerImage
	name    string
}

// build is the image of a Dockerfile's stage.
func build(in buildInput) (ecr.ContainerImage, error) {
	b := &builder{buildInput: in, global: map[string]string{}, stages: map[string]ecr.ContainerImage{}}
	steps, err := parseDockerfile(in.dockerfile)
	if err != nil {
		return ecr.ContainerImage{}, err
	}
	for _, i := range steps {
		if err := b.step(i); err != nil {
			return ecr.ContainerImage{}, fmt.Errorf("dockerfile:%d: %s: %w", i.line, i.keyword, err)
		}
	}
	if b.current == nil {
		return ecr.ContainerImage{}, fmt.Errorf("dockerfile: no build stage in it: a FROM is missing")
	}
	b.endStage()
	if in.target == "" {
		return *b.current, nil
	}
	image, ok := b.stages[in.target]
	if !ok {
		return ecr.ContainerImage{}, fmt.Errorf("dockerfile: target stage %q could not be found", in.target)
	}
	return image, nil
}

type instruction struct {
	line    int
	keyword string
	flags   map[string]string
	rest    string
}

var continued = regexp.MustCompile(`\\[ \t]*$`)

// parseDockerfile splits a Dockerfile into instructions. Here-documents and
// escape directives are refused, since nothing that is simulated has them.
func parseDockerfile(text string) ([]instruction, error) {
	var all []instruction
	var pending string
	start := 0
	for number, line := range strings.Split(text, "\n") {
		line = strings.TrimSuffix(line, "\r")
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "# escape=") {
			return nil, fmt.Errorf("dockerfile:%d: the escape directive is not simulated", number+1)
		}
		if strings.HasPrefix(trimmed, "#") || (trimmed == "" && pending == "") {
			continue
		}
		if pending == "" {
			start = number + 1
		}
		if cut := continued.ReplaceAllString(line, ""); cut != line {
			pending += cut + " "
			continue
		}
		i, err := parseInstruction(start, strings.TrimSpace(pending+line))
		if err != nil {
			return nil, err
		}
		all, pending = append(all, i), ""
	}
	if strings.TrimSpace(pending) != "" {
		return nil, fmt.Errorf("dockerfile:%d: the file ends within an instruction", start)
	}
	return all, nil
}

func parseInstruction(line int, text string) (instruction, error) {
	keyword, rest, _ := strings.Cut(text, " ")
	i := instruction{line: line, keyword: strings.ToUpper(keyword), flags: map[string]string{}, rest: strings.TrimSpace(rest)}
	if !slices.Contains(instructions, i.keyword) {
		return i, fmt.Errorf("dockerfile:%d: unknown instruction: %s", line, keyword)
	}
	if i.rest == "" {
		return i, fmt.Errorf("dockerfile:%d: %s requires at least one argument", line, i.keyword)
	}
	if strings.Contains(i.rest, "<<") && i.keyword != "RUN" {
		return i, fmt.Errorf("dockerfile:%d: here-documents are not simulated", line)
	}
	for strings.HasPrefix(i.rest, "--") && i.keyword != "RUN" && i.keyword != "HEALTHCHECK" {
		flag, rest, _ := strings.Cut(i.rest[2:], " ")
		name, value, _ := strings.Cut(flag, "=")
		i.flags[name], i.rest = value, strings.TrimSpace(rest)
	}
	return i, nil
}

// instructions is what a Dockerfile may say. Those that step leaves alone change
// nothing that readers see of an image.
var instructions = []string{"ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER",
	"RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}

func (b *builder) step(i instruction) error {
	switch {
	case i.keyword == "FROM":
		return b.from(i)
	case i.keyword == "ARG":
		return b.arg(i)
	case b.current == nil:
		return fmt.Errorf("no build stage in current context: a FROM comes first")
	}
	switch i.keyword {
	case "COPY", "ADD":
		return b.copy(i)
	case "ENV":
		return b.env(i)
	case "USER":
		return b.set(&b.current.User, i.rest)
	case "STOPSIGNAL":
		return b.set(&b.current.StopSignal, i.rest)
	case "WORKDIR":
		dir, err := b.expand(i.rest)
		b.current.WorkingDirectory = b.absolute(dir)
		return err
	case "ENTRYPOINT":
		b.current.Entrypoint, b.current.Command = execForm(i.rest), nil
	case "CMD":
		b.current.Command = execForm(i.rest)
	}
	return nil
}

func (b *builder) arg(i instruction) error {
	name, value, hasDefault := strings.Cut(i.rest, "=")
	value, err := b.expand(strings.Trim(value, `"'`))
	if err != nil {
		return err
	}
	if given, ok := b.buildInput.args[name]; ok {
		value, hasDefault = given, true
	}
	if b.current == nil {
		b.global[name] = value
		return nil
	}
	if inherited, ok := b.global[name]; ok && !hasDefault {
		value = inherited
	}
	b.args[name] = value
	return nil
}

func (b *builder) from(i instruction) error {
	words := strings.Fields(i.rest)
	if len(words) != 1 && (len(words) != 3 || !strings.EqualFold(words[1], "as")) {
		return fmt.Errorf("want FROM image, or FROM image AS name")
	}
	b.endStage()
	b.args = b.global
	base, err := b.expand(words[0])
	if err != nil {
		return err
	}
	b.name = ""
	if len(words) == 3 {
		b.name = words[2]
	}
	image := ecr.ContainerImage{Base: base, Platform: b.platform, Environment: map[string]string{}, WorkingDirectory: "/"}
	if earlier, ok := b.stages[base]; ok {
		image = earlier
		image.Environment, image.Files = maps.Clone(earlier.Environment), slices.Clone(earlier.Files)
	} else if _, err := ecr.ParseReference(base); err != nil && base != "scratch" {
		return err
	}
	b.current, b.args = &image, map[string]string{}
	b.names = append(b.names, b.name)
	return nil
}

func (b *builder) endStage() {
	if b.current == nil {
		return
	}
	if b.name != "" {
		b.stages[b.name] = *b.current
	}
	b.stages[fmt.Sprint(len(b.names)-1)] = *b.current
}

func (b *builder) env(i instruction) error {
	if name, value, ok := strings.Cut(i.rest, " "); ok && !strings.Contains(name, "=") { // the old form: ENV name value
		return b.setEnv(name, strings.TrimSpace(value))
	}
	for _, pair := range envPair.FindAllStringSubmatch(i.rest, -1) {
		if err := b.setEnv(pair[1], strings.Trim(pair[2], `"'`)); err != nil {
			return err
		}
	}
	return nil
}

var envPair = regexp.MustCompile(`([A-Za-z_][A-Za-z0-9_]*)=("[^"]*"|'[^']*'|\S*)`)

func (b *builder) setEnv(name, value string) error {
	value, err := b.expand(value)
	b.current.Environment[name], b.args[name] = value, value
	return err
}

func (b *builder) set(field *string, value string) (err error) {
	*field, err = b.expand(value)
	return err
}

// execForm is a command in its JSON form, or by way of a shell.
func execForm(text string) []string {
	var words []string
	if json.Unmarshal([]byte(text), &words) == nil {
		return words
	}
	return []string{"/bin/sh", "-c", text}
}

var variable = regexp.MustCompile(`\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?:(:[-+])([^}]*))?\})`)

// expand replaces variables as Dockerfiles do: $name, ${name}, ${name:-word},
// ${name:+word}.
func (b *builder) expand(text string) (string, error) {
	scope := b.args
	if scope == nil {
		scope = b.global
	}
	expanded := variable.ReplaceAllStringFunc(text, func(match string) string {
		parts := variable.FindStringSubmatch(match)
		value := scope[parts[1]+parts[2]]
		switch {
		case parts[3] == ":-" && value == "":
			return parts[4]
		case parts[3] == ":+" && value != "":
			return parts[4]
		case parts[3] == ":+":
			return ""
		}
		return value
	})
	if strings.Contains(variable.ReplaceAllString(text, ""), "${") {
		return "", fmt.Errorf("%q: unsupported variable substitution", text)
	}
	return expanded, nil
}

// copy lays files of the context, or of an earlier stage, into the image.
func (b *builder) copy(i instruction) error {
	words := execWords(i.rest)
	for n := range words {
		var err error
		if words[n], err = b.expand(words[n]); err != nil {
			return err
		}
	}
	if len(words) < 2 {
		return fmt.Errorf("requires at least two arguments, a source and the destination")
	}
	sources, destination := words[:len(words)-1], words[len(words)-1]
	files := b.context
	if from, ok := i.flags["from"]; ok {
		stage, known := b.stages[from]
		if !known {
			return fmt.Errorf("--from=%s: no earlier stage has that name; copying from other images is not simulated", from)
		}
		files = stage.Files
	}
	if len(sources) > 1 && !strings.HasSuffix(destination, "/") {
		return fmt.Errorf("when using %s with more than one source file, the destination must be a directory and end with a /", i.keyword)
	}
	for _, source := range sources {
		if err := b.lay(files, source, destination, i.flags["chmod"]); err != nil {
			return err
		}
	}
	return nil
}

func execWords(text string) []string {
	var words []string
	if strings.HasPrefix(text, "[") && json.Unmarshal([]byte(text), &words) == nil {
		return words
	}
	return strings.Fields(text)
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
		put(b.current, file)
	}
	if !found {
		return fmt.Errorf("failed to calculate checksum: %q: not found in the build context", "/"+clean)
	}
	return nil
}

// put adds a file to the image in place of one of the same path.
func put(m *ecr.ContainerImage, file ecr.ImageFile) {
	m.Files = slices.DeleteFunc(m.Files, func(f ecr.ImageFile) bool { return f.Path == file.Path })
	m.Files = append(m.Files, file)
	slices.SortFunc(m.Files, func(a, b ecr.ImageFile) int { return strings.Compare(a.Path, b.Path) })
}

func (b *builder) absolute(name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join("/", b.current.WorkingDirectory, name)
}
